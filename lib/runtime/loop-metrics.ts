// What the event loop does, how late it is, and what keeps it alive.
import type { Collect } from "./setup.ts";
import { SlidingWindow, type WindowStatistics } from "./sliding-window.ts";
import { attempt, type LoopTimes } from "./sources.ts";
import { UtilizationWindow } from "./utilization-window.ts";

/** How far back the figures reach that tell of the last while. */
const WINDOW_MS = 60_000;
/** In how many steps they move on. */
const WINDOW_PARTS = 6;

const DELAY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export const loopCollectors = {
  eventLoopDelay({ instruments, probe }) {
    const histogram = instruments.histogram(
      { name: "nodejs_eventloop_delay_seconds", help: "How late the event loop was, at each look at it." },
      DELAY_BUCKETS,
    );
    const series = histogram.labels();
    probe().onDelay((delay, _, times) => {
      for (let i = 0; i < times; i++) series.observe(delay);
    });
  },

  eventLoopLag({ instruments, sources, prometheus, openTelemetry, probe }) {
    const window = new SlidingWindow(WINDOW_MS, WINDOW_PARTS);
    const loop = probe();
    loop.onDelay((delay, nowMs, times) => window.observe(delay, nowMs, times));
    if (prometheus) {
      instruments.gauge(
        {
          name: "nodejs_eventloop_lag_seconds",
          help: "How late the event loop was at the last look at it.",
          aggregator: "average",
        },
        () => loop.lastSeconds,
        (delay) => delay,
      );
    }
    const statistics = () => window.read(sources.monotonicNow());
    const { min, max, average } = { min: "min", max: "max", average: "average" } as const;
    for (const [part, aggregator, what, figureOf] of [
      ["min", min, "The shortest delay", ({ min }: WindowStatistics) => min],
      ["max", max, "The longest delay", ({ max }: WindowStatistics) => max],
      ["mean", average, "The mean delay", ({ mean }: WindowStatistics) => mean],
      ["stddev", average, "The standard deviation of the delays", ({ stddev }: WindowStatistics) => stddev],
      ["p50", average, "The median delay", (all: WindowStatistics) => all.quantile(0.5)],
      ["p90", average, "The 0.9 quantile of the delays", (all: WindowStatistics) => all.quantile(0.9)],
      ["p99", average, "The 0.99 quantile of the delays", (all: WindowStatistics) => all.quantile(0.99)],
    ] as const) {
      const words = [...(prometheus ? ["lag"] : []), ...(openTelemetry ? ["delay"] : [])];
      for (const word of words) {
        const declared = {
          name: `nodejs_eventloop_${word}_${part}_seconds`,
          help: `${what} of the event loop in the last minute.`,
          aggregator,
        };
        instruments.gauge(declared, statistics, figureOf);
      }
    }
  },

  eventLoopUtilization({ instruments, sources, reader: { loopTimes } }) {
    instruments.counters(
      {
        name: "nodejs_eventloop_time_seconds_total",
        help: "How long the event loop has worked, and how long it has waited for something to do.",
      },
      "nodejs_eventloop_state",
      loopTimes,
      ({ active, idle }, tell) => {
        tell("active", active / 1e3);
        tell("idle", idle / 1e3);
      },
    );
    const window = new UtilizationWindow(WINDOW_MS, WINDOW_PARTS);
    const note = (times: LoopTimes) => window.note(times, sources.monotonicNow());
    // Before the loop begins it has neither worked nor waited, which is told as well as anything.
    const before = attempt(sources.loopTimes);
    if (before !== undefined) note(before);
    instruments.gauge(
      {
        name: "nodejs_eventloop_utilization_ratio",
        help: "Which share of the last minute the event loop has worked.",
        aggregator: "average",
      },
      loopTimes,
      (times) => {
        note(times);
        return window.ratio(times);
      },
    );
  },

  eventLoopIterations({ instruments, reader: { loopCounts } }) {
    instruments.counter(
      { name: "nodejs_eventloop_iterations_total", help: "How often the event loop has turned." },
      loopCounts,
      ({ loopCount }) => loopCount,
    );
    instruments.counter(
      { name: "nodejs_eventloop_events_total", help: "Events that the event loop has got from the system." },
      loopCounts,
      ({ events }) => events,
    );
    instruments.counter(
      {
        name: "nodejs_eventloop_events_waiting_total",
        help: "Events that were there already when the event loop asked for them.",
      },
      loopCounts,
      ({ eventsWaiting }) => eventsWaiting,
    );
  },

  processResources({ instruments, reader: { activeResources }, prometheus, openTelemetry }) {
    const help = "What keeps the event loop alive, by the type of the resource.";
    if (prometheus) {
      instruments.gauges({ name: "nodejs_active_resources", help }, "type", activeResources, tellCounts);
      instruments.gauge(
        { name: "nodejs_active_resources_total", help: "How many resources keep the event loop alive." },
        activeResources,
        total,
      );
    }
    if (openTelemetry) {
      instruments.gauges({ name: "v8js_resource_active", help }, "v8js_resource_type", activeResources, tellCounts);
    }
  },

  processHandles({ instruments, reader: { activeHandles }, prometheus }) {
    if (!prometheus) return;
    instruments.gauges(
      { name: "nodejs_active_handles", help: "Handles of libuv that are active, by the class of their object." },
      "type",
      activeHandles,
      tellCounts,
    );
    instruments.gauge(
      { name: "nodejs_active_handles_total", help: "How many handles of libuv are active." },
      activeHandles,
      total,
    );
  },

  processRequests({ instruments, reader: { activeRequests }, prometheus }) {
    if (!prometheus) return;
    instruments.gauges(
      { name: "nodejs_active_requests", help: "Requests to libuv that are under way, by the class of their object." },
      "type",
      activeRequests,
      tellCounts,
    );
    instruments.gauge(
      { name: "nodejs_active_requests_total", help: "How many requests to libuv are under way." },
      activeRequests,
      total,
    );
  },
} satisfies Readonly<Record<string, Collect>>;

type Counts = ReadonlyMap<string, number>;

function tellCounts(counts: Counts, tell: (name: string, count: number) => void): void {
  for (const [name, count] of counts) tell(name, count);
}

function total(counts: Counts): number {
  let sum = 0;
  for (const count of counts.values()) sum += count;
  return sum;
}
