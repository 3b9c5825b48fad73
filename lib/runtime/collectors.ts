// The runtime's metrics, by the collectors that can be chosen. Where Prometheus and prom-client have names for what is
// measured, those are the names, help texts aside. OpenTelemetry's come beside them or in their stead. What neither
// Prometheus nor prom-client names has OpenTelemetry's name in any case, so that it is there only once.
import { GcWatch, gcKinds } from "./gc-watch.ts";
import type { Instruments } from "./instruments.ts";
import type { LoopProbe } from "./loop-probe.ts";
import type { Reading } from "./reading.ts";
import { SlidingWindow, type WindowStatistics } from "./sliding-window.ts";
import { attempt, type RuntimeSources } from "./sources.ts";
import { UtilizationWindow } from "./utilization-window.ts";

/** What a collector is set up with. */
export interface Setup {
  readonly instruments: Instruments;
  readonly sources: RuntimeSources;
  /** Whether the names of Prometheus and prom-client are wanted. */
  readonly prometheus: boolean;
  /** Whether OpenTelemetry's names are wanted. */
  readonly openTelemetry: boolean;
  readonly gcDurationBuckets: readonly number[] | undefined;
  /** The one probe of the event loop, made when it is first asked for. */
  readonly probe: () => LoopProbe;
}

/** How far back the figures reach that tell of the last while. */
export const WINDOW_MS = 60_000;
/** In how many steps they move on. */
const WINDOW_PARTS = 6;

/** prom-client's. */
const GC_BUCKETS = [0.001, 0.01, 0.1, 1, 2, 5];
/** Those of OpenTelemetry's semantic conventions. */
const V8JS_GC_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const DELAY_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const seconds = (time: number | undefined, perSecond: number) => time && time / perSecond;

/** Sets up a collector's metrics. */
type Collect = (setup: Setup) => void;

/** All collectors, by the names that prom-client has for those that it has. */
export const collectors = {
  processCpuTotal({ instruments, prometheus, openTelemetry }) {
    const user = ({ usage }: Reading) => seconds(usage()?.userCPUTime, 1e6);
    const system = ({ usage }: Reading) => seconds(usage()?.systemCPUTime, 1e6);
    if (prometheus) {
      instruments.counter({ name: "process_cpu_user_seconds_total", help: "CPU time spent in user mode." }, user);
      instruments.counter({ name: "process_cpu_system_seconds_total", help: "CPU time spent in the system." }, system);
      instruments.counter(
        { name: "process_cpu_seconds_total", help: "CPU time spent in user mode and in the system." },
        ({ usage }) => {
          const used = usage();
          return used && (used.userCPUTime + used.systemCPUTime) / 1e6;
        },
      );
    }
    if (openTelemetry) {
      instruments.counters(
        { name: "process_cpu_time_seconds_total", help: "CPU time spent, by mode." },
        "cpu_mode",
        (reading, tell) => {
          tell("user", user(reading));
          tell("system", system(reading));
        },
      );
    }
  },

  processStartTime({ instruments, sources, prometheus, openTelemetry }) {
    if (prometheus) {
      // Once and for all, or it would move whenever the wall clock is set.
      const started = attempt(() => Math.round(sources.now() - sources.uptimeSeconds() * 1000) / 1000);
      instruments.gauge(
        { name: "process_start_time_seconds", help: "When the process began, in Unix time.", aggregator: "min" },
        () => started,
      );
    }
    if (openTelemetry) {
      instruments.gauge(
        { name: "process_uptime_seconds", help: "How long the process has been running.", aggregator: "max" },
        () => attempt(sources.uptimeSeconds),
      );
    }
  },

  osMemoryHeap({ instruments, prometheus, openTelemetry }) {
    const resident = (reading: Reading) => reading.status().residentBytes ?? reading.memory()?.rss;
    const virtual = (reading: Reading) => reading.status().virtualBytes;
    if (prometheus) {
      instruments.gauge({ name: "process_resident_memory_bytes", help: "Resident memory." }, resident);
      instruments.gauge({ name: "process_virtual_memory_bytes", help: "Virtual memory." }, virtual);
      instruments.gauge(
        {
          name: "process_virtual_memory_max_bytes",
          help: "The most virtual memory that the process may have, where that is limited.",
        },
        (reading) => reading.limits().addressSpaceBytes,
      );
      instruments.gauge(
        { name: "process_heap_bytes", help: "The data segment: all memory that is private and writable." },
        (reading) => reading.status().dataBytes,
      );
    }
    if (openTelemetry) {
      instruments.gauge({ name: "process_memory_usage_bytes", help: "Resident memory." }, resident);
      instruments.gauge({ name: "process_memory_virtual_bytes", help: "Virtual memory." }, virtual);
    }
  },

  processOpenFileDescriptors({ instruments, prometheus, openTelemetry }) {
    const open = (reading: Reading) => reading.openFds();
    const help = "File descriptors that are open.";
    if (prometheus) instruments.gauge({ name: "process_open_fds", help }, open);
    if (openTelemetry) instruments.gauge({ name: "process_unix_file_descriptor_count", help }, open);
  },

  processMaxFileDescriptors({ instruments, prometheus }) {
    if (!prometheus) return;
    instruments.gauge(
      { name: "process_max_fds", help: "The most file descriptors that may be open." },
      (reading) => reading.limits().openFiles,
    );
  },

  processThreads({ instruments, prometheus, openTelemetry }) {
    const threads = (reading: Reading) => reading.status().threads;
    const help = "Threads of the process, those of V8 and libuv included.";
    if (prometheus) instruments.gauge({ name: "process_threads", help }, threads);
    if (openTelemetry) instruments.gauge({ name: "process_thread_count", help }, threads);
  },

  processContextSwitches({ instruments, sources }) {
    // Windows does not count them, and libuv makes that 0.
    if (sources.platform === "win32") return;
    instruments.counters(
      {
        name: "process_context_switches_total",
        help: "How often a thread of the process gave its processor away, or had it taken away.",
      },
      "process_context_switch_type",
      ({ usage }, tell) => {
        tell("voluntary", usage()?.voluntaryContextSwitches);
        tell("involuntary", usage()?.involuntaryContextSwitches);
      },
    );
  },

  processPageFaults({ instruments, sources }) {
    // Windows counts both kinds as one.
    if (sources.platform === "win32") return;
    instruments.counters(
      {
        name: "process_paging_faults_total",
        help: "Page faults: major ones had to read from a disk, minor ones had not.",
      },
      "system_paging_fault_type",
      ({ usage }, tell) => {
        tell("minor", usage()?.minorPageFault);
        tell("major", usage()?.majorPageFault);
      },
    );
  },

  processDiskIo({ instruments, sources }) {
    // Elsewhere operations are counted, and not blocks.
    if (sources.platform !== "linux") return;
    const bytes = (blocks: number | undefined) => blocks && blocks * 512;
    instruments.counters(
      { name: "process_disk_io_bytes_total", help: "Bytes that were read from and written to disks." },
      "disk_io_direction",
      ({ usage }, tell) => {
        tell("read", bytes(usage()?.fsRead));
        tell("write", bytes(usage()?.fsWrite));
      },
    );
  },

  processNetwork({ instruments, prometheus, openTelemetry }) {
    if (prometheus) {
      instruments.counter(
        {
          name: "process_network_receive_bytes_total",
          help: "Bytes received over the network interfaces that the process can see.",
        },
        (reading) => reading.network()?.received,
      );
      instruments.counter(
        {
          name: "process_network_transmit_bytes_total",
          help: "Bytes sent over the network interfaces that the process can see.",
        },
        (reading) => reading.network()?.transmitted,
      );
    }
    if (openTelemetry) {
      instruments.counters(
        {
          name: "process_network_io_bytes_total",
          help: "Bytes received and sent over the network interfaces that the process can see.",
        },
        "network_io_direction",
        (reading, tell) => {
          tell("receive", reading.network()?.received);
          tell("transmit", reading.network()?.transmitted);
        },
      );
    }
  },

  processCgroupLimits({ instruments }) {
    instruments.gauge(
      {
        name: "process_cgroup_memory_limit_bytes",
        help: "The memory that the container may have, where that is limited.",
        aggregator: "max",
      },
      (reading) => reading.cgroup().memoryBytes,
    );
    instruments.gauge(
      {
        name: "process_cgroup_cpu_limit_cores",
        help: "How many processors' time the container may use, where that is limited.",
        aggregator: "max",
      },
      (reading) => reading.cgroup().cpuCores,
    );
    instruments.gauge(
      {
        name: "process_cgroup_pids_limit",
        help: "How many processes and threads the container may have, where that is limited.",
        aggregator: "max",
      },
      (reading) => reading.cgroup().pids,
    );
  },

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
    let statistics: WindowStatistics | undefined;
    instruments.onUpdate(() => {
      statistics = window.read(sources.monotonicNow());
    });
    if (prometheus) {
      instruments.gauge(
        {
          name: "nodejs_eventloop_lag_seconds",
          help: "How late the event loop was at the last look at it.",
          aggregator: "average",
        },
        () => loop.lastSeconds,
      );
    }
    const { min, max, average } = { min: "min", max: "max", average: "average" } as const;
    for (const [part, aggregator, what, read] of [
      ["min", min, "The shortest delay", ({ min }: WindowStatistics) => min],
      ["max", max, "The longest delay", ({ max }: WindowStatistics) => max],
      ["mean", average, "The mean delay", ({ mean }: WindowStatistics) => mean],
      ["stddev", average, "The standard deviation of the delays", ({ stddev }: WindowStatistics) => stddev],
      ["p50", average, "The median delay", (all: WindowStatistics) => all.quantile(0.5)],
      ["p90", average, "The 0.9 quantile of the delays", (all: WindowStatistics) => all.quantile(0.9)],
      ["p99", average, "The 0.99 quantile of the delays", (all: WindowStatistics) => all.quantile(0.99)],
    ] as const) {
      const help = `${what} of the event loop in the last minute.`;
      const value = () => statistics && read(statistics);
      if (prometheus) instruments.gauge({ name: `nodejs_eventloop_lag_${part}_seconds`, help, aggregator }, value);
      if (openTelemetry) instruments.gauge({ name: `nodejs_eventloop_delay_${part}_seconds`, help, aggregator }, value);
    }
  },

  eventLoopUtilization({ instruments, sources }) {
    const window = new UtilizationWindow(WINDOW_MS, WINDOW_PARTS);
    const before = attempt(sources.loopTimes);
    if (before !== undefined) window.note(before, sources.monotonicNow());
    const measured = (reading: Reading) => {
      const times = reading.loopTimes();
      // Where the time that the loop waits is not told, it is 0 for ever.
      return times !== undefined && times.idle > 0 ? times : undefined;
    };
    instruments.counters(
      {
        name: "nodejs_eventloop_time_seconds_total",
        help: "How long the event loop has worked, and how long it has waited for something to do.",
      },
      "nodejs_eventloop_state",
      (reading, tell) => {
        const times = measured(reading);
        tell("active", seconds(times?.active, 1e3));
        tell("idle", seconds(times?.idle, 1e3));
      },
    );
    instruments.gauge(
      {
        name: "nodejs_eventloop_utilization_ratio",
        help: "Which share of the last minute the event loop has worked.",
        aggregator: "average",
      },
      (reading) => {
        const times = measured(reading);
        if (times === undefined) return undefined;
        window.note(times, sources.monotonicNow());
        return window.ratio(times);
      },
    );
  },

  eventLoopIterations({ instruments }) {
    instruments.counter(
      { name: "nodejs_eventloop_iterations_total", help: "How often the event loop has turned." },
      (reading) => reading.loopCounts()?.loopCount,
    );
    instruments.counter(
      { name: "nodejs_eventloop_events_total", help: "Events that the event loop has got from the system." },
      (reading) => reading.loopCounts()?.events,
    );
    instruments.counter(
      {
        name: "nodejs_eventloop_events_waiting_total",
        help: "Events that were there already when the event loop asked for them.",
      },
      (reading) => reading.loopCounts()?.eventsWaiting,
    );
  },

  processResources({ instruments, prometheus, openTelemetry }) {
    const resources = (reading: Reading) => reading.activeResources();
    const help = "What keeps the event loop alive, by the type of the resource.";
    if (prometheus) {
      instruments.gauges({ name: "nodejs_active_resources", help }, "type", tellCounts(resources));
      instruments.gauge(
        { name: "nodejs_active_resources_total", help: "How many resources keep the event loop alive." },
        (reading) => total(resources(reading)),
      );
    }
    if (openTelemetry) {
      instruments.gauges({ name: "v8js_resource_active", help }, "v8js_resource_type", tellCounts(resources));
    }
  },

  processHandles({ instruments, prometheus }) {
    if (!prometheus) return;
    const handles = (reading: Reading) => reading.activeHandles();
    instruments.gauges(
      { name: "nodejs_active_handles", help: "Handles of libuv that are active, by the class of their object." },
      "type",
      tellCounts(handles),
    );
    instruments.gauge(
      { name: "nodejs_active_handles_total", help: "How many handles of libuv are active." },
      (reading) => total(handles(reading)),
    );
  },

  processRequests({ instruments, prometheus }) {
    if (!prometheus) return;
    const requests = (reading: Reading) => reading.activeRequests();
    instruments.gauges(
      { name: "nodejs_active_requests", help: "Requests to libuv that are under way, by the class of their object." },
      "type",
      tellCounts(requests),
    );
    instruments.gauge(
      { name: "nodejs_active_requests_total", help: "How many requests to libuv are under way." },
      (reading) => total(requests(reading)),
    );
  },

  heapSizeAndUsed({ instruments, prometheus }) {
    if (!prometheus) return;
    for (const [name, help, read] of [
      ["nodejs_heap_size_total_bytes", "The size of V8's heap.", (all: Reading) => all.heap()?.total_heap_size],
      ["nodejs_heap_size_used_bytes", "What is used of V8's heap.", (all: Reading) => all.heap()?.used_heap_size],
      ["nodejs_heap_size_limit_bytes", "How large V8's heap may get.", (all: Reading) => all.heap()?.heap_size_limit],
      [
        "nodejs_external_memory_bytes",
        "Memory outside V8's heap that belongs to objects in it.",
        (all: Reading) => all.heap()?.external_memory,
      ],
      [
        "nodejs_array_buffers_bytes",
        "Memory of array buffers, those of Node.js's buffers included.",
        (all: Reading) => all.memory()?.arrayBuffers,
      ],
    ] as const) {
      instruments.gauge({ name, help }, read);
    }
  },

  heapSpacesSizeAndUsed({ instruments, prometheus, openTelemetry }) {
    for (const [part, v8js, help, read] of [
      ["total", "space_size", "The size of each space of V8's heap.", "space_size"],
      ["used", "used", "What is used of each space of V8's heap.", "space_used_size"],
      ["available", "space_available_size", "What is free in each space of V8's heap.", "space_available_size"],
      ["", "space_physical_size", "The memory that each space of V8's heap occupies.", "physical_space_size"],
    ] as const) {
      const tellSpaces = ({ heapSpaces }: Reading, tell: (name: string, bytes: number) => void) => {
        for (const space of heapSpaces() ?? []) tell(space.space_name, space[read]);
      };
      if (prometheus && part !== "") {
        const name = `nodejs_heap_space_size_${part}_bytes`;
        // As prom-client has them: "new" for "new_space".
        instruments.gauges({ name, help }, "space", tellSpaces, shortName);
      }
      if (openTelemetry) {
        instruments.gauges({ name: `v8js_memory_heap_${v8js}_bytes`, help }, "v8js_heap_space_name", tellSpaces);
      }
    }
  },

  version({ instruments, sources, prometheus }) {
    const [, major, minor, patch] = /^v(\d+)\.(\d+)\.(\d+)/.exec(sources.version) ?? [];
    if (!prometheus || major === undefined || minor === undefined || patch === undefined) return;
    const facts = { version: sources.version, major, minor, patch };
    instruments.info({ name: "nodejs_version_info", help: "The version of Node.js.", aggregator: "first" }, facts);
  },

  gc({ instruments, sources, prometheus, openTelemetry, gcDurationBuckets }) {
    if (!sources.observesGc) return;
    const help = "How long garbage collections took, by their kind: major, minor, incremental or weakcb.";
    const declare = (name: string, label: string, buckets: readonly number[]) => {
      const histogram = instruments.histograms({ name, help }, label, gcKinds, gcDurationBuckets ?? buckets);
      const series = new Map(gcKinds.map((kind) => [kind, histogram.labels({ [label]: kind })]));
      return (kind: string, duration: number) => series.get(kind)?.observe(duration);
    };
    const listeners = [
      ...(prometheus ? [declare("nodejs_gc_duration_seconds", "kind", GC_BUCKETS)] : []),
      ...(openTelemetry ? [declare("v8js_gc_duration_seconds", "v8js_gc_type", V8JS_GC_BUCKETS)] : []),
    ];
    const watch = new GcWatch(sources, (kind, duration) => {
      for (const listener of listeners) listener(kind, duration);
    });
    instruments.own(watch);
  },
} satisfies Readonly<Record<string, Collect>>;

/** The name of a collector. */
export type CollectorName = keyof typeof collectors;

function shortName(space: string): string {
  return space.endsWith("_space") ? space.slice(0, -"_space".length) : space;
}

type Counts = ReadonlyMap<string, number> | undefined;

function tellCounts(countsOf: (reading: Reading) => Counts) {
  return (reading: Reading, tell: (name: string, count: number) => void) => {
    for (const [name, count] of countsOf(reading) ?? []) tell(name, count);
  };
}

function total(counts: Counts): number | undefined {
  let sum = 0;
  for (const count of counts?.values() ?? []) sum += count;
  return counts && sum;
}
