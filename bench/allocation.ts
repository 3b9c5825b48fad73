// Bytes that an operation leaves for the garbage collector, once V8 has optimized it. Each figure is from processes of its own,
// with a young generation large enough that nothing is collected while it is counted.
import type { Case, LoneCase, Settings, Target } from "./case.ts";
import type { Client, Labels } from "./client.ts";
import { type ContenderName, ours, rival } from "./contenders.ts";
import { pollute } from "./pollute.ts";
import { requestLoop, requestMetrics } from "./request.ts";
import { durations, labelColumns, labelNames, randomOrder } from "./traffic.ts";

// What was handed over last. Written in turn, so that V8 can't tell that nobody reads it.
const handedOver: unknown[] = new Array(16).fill(undefined);
let at = 0;

/**
 * Takes what a caller hands over and does nothing with it: the literals, and the doubles, which V8 boxes for any call that it
 * does not inline.
 */
class CallerOnly {
  labels(): this {
    return this;
  }

  inc(labels?: Labels | number, amount?: number): void {
    take(labels, amount);
  }

  dec(labels?: Labels | number, amount?: number): void {
    take(labels, amount);
  }

  set(labels: Labels | number, value?: number): void {
    take(labels, value);
  }

  observe(labels: Labels | number, value?: number): void {
    take(labels, value);
  }

  startTimer(labels?: Labels): () => void {
    take(labels, undefined);
    return stop;
  }
}

function take(labels: Labels | number | undefined, amount: number | undefined): void {
  handedOver[at++ & 15] = labels;
  handedOver[at++ & 15] = amount;
}

function stop(): void {}

class NoRegistry {
  metrics(): Promise<string> {
    return Promise.resolve("");
  }
}

const callerOnly = {
  Registry: NoRegistry,
  Counter: CallerOnly,
  Gauge: CallerOnly,
  Histogram: CallerOnly,
  Summary: CallerOnly,
} as unknown as Client;

const names = labelNames.slice(0, 3);
const help = "Allocates?";

/** The loops that are measured, by the operation in the case's name. */
const operations = {
  "kept-inc": ({ Registry, Counter }: Client) => {
    const kept = new Counter({ name: "a_total", help, labelNames: names, registers: [new Registry()] }).labels(
      "GET",
      "/",
      "200",
    );
    return (times: number) => {
      for (let i = 0; i < times; i++) kept.inc();
    };
  },
  "kept-set": ({ Registry, Gauge }: Client) => {
    const kept = new Gauge({ name: "a", help, labelNames: names, registers: [new Registry()] }).labels(
      "GET",
      "/",
      "200",
    );
    return (times: number) => {
      for (let i = 0; i < times; i++) kept.set(i);
    };
  },
  "kept-observe": ({ Registry, Histogram }: Client) => {
    const kept = new Histogram({ name: "a_seconds", help, labelNames: names, registers: [new Registry()] }).labels(
      "GET",
      "/",
      "200",
    );
    const values = durations();
    return (times: number) => {
      for (let i = 0; i < times; i++) kept.observe(values[i & 8191] as number);
    };
  },
  "summary-observe": ({ Registry, Summary }: Client) => {
    const options = {
      name: "a_seconds",
      help,
      labelNames: names,
      registers: [new Registry()],
      maxAgeSeconds: 600,
      ageBuckets: 5,
    };
    const kept = new Summary(options).labels("GET", "/", "200");
    const values = durations();
    return (times: number) => {
      for (let i = 0; i < times; i++) kept.observe(values[i & 8191] as number);
    };
  },
  "inc-literal": ({ Registry, Counter }: Client) => {
    const counter = new Counter({ name: "a_total", help, labelNames: names, registers: [new Registry()] });
    const { method, route, status } = labelColumns(1000);
    const order = randomOrder(1000);
    return (times: number) => {
      for (let n = 0; n < times; n++) {
        const i = order[n & 0xffff] as number;
        counter.inc({ method: method[i] as string, route: route[i] as string, status: status[i] as string });
      }
    };
  },
  "labels-inc": ({ Registry, Counter }: Client) => {
    const counter = new Counter({ name: "a_total", help, labelNames: names, registers: [new Registry()] });
    const { method, route, status } = labelColumns(1000);
    const order = randomOrder(1000);
    return (times: number) => {
      for (let n = 0; n < times; n++) {
        const i = order[n & 0xffff] as number;
        counter.labels(method[i] as string, route[i] as string, status[i] as string).inc();
      }
    };
  },
  "observe-literal": ({ Registry, Histogram }: Client) => {
    const histogram = new Histogram({ name: "a_seconds", help, labelNames: names, registers: [new Registry()] });
    const { method, route, status } = labelColumns(1000);
    const order = randomOrder(1000);
    const values = durations();
    return (times: number) => {
      for (let n = 0; n < times; n++) {
        const i = order[n & 0xffff] as number;
        const labels = { method: method[i] as string, route: route[i] as string, status: status[i] as string };
        histogram.observe(labels, values[n & 8191] as number);
      }
    };
  },
  startTimer: ({ Registry, Histogram }: Client) => {
    const histogram = new Histogram({ name: "a_seconds", help, labelNames: names, registers: [new Registry()] });
    const { method, route, status } = labelColumns(1000);
    const order = randomOrder(1000);
    return (times: number) => {
      for (let n = 0; n < times; n++) {
        const i = order[n & 0xffff] as number;
        const end = histogram.startTimer({
          method: method[i] as string,
          route: route[i] as string,
          status: status[i] as string,
        });
        end();
      }
    };
  },
  "six-calls": (client: Client) => {
    const { registry: _, ...metrics } = requestMetrics(client);
    return requestLoop(metrics);
  },
} satisfies Record<string, (client: Client) => (times: number) => void>;

function bytesPerRun(loop: (times: number) => void, times: number): number {
  (globalThis.gc as () => void)();
  // Once, so that what this function itself needs exists before it is counted.
  process.memoryUsage();
  const before = process.memoryUsage().heapUsed;
  loop(times);
  const bytes = process.memoryUsage().heapUsed - before;
  return bytes / times;
}

function allocationCase(
  operation: keyof typeof operations,
  title: string,
  contenders: readonly ContenderName[],
  target: Target,
  { quick }: Settings,
): LoneCase {
  return {
    type: "lone",
    name: `allocation/${operation}`,
    title: `allocated by ${title}`,
    unit: "bytes",
    contenders: [...contenders, "limit"],
    processes: 1,
    nodeOptions: ["min", "max"].map((end) => `--${end}-semi-space-size=${quick ? 32 : 256}`),
    limitTitle: "what the caller hands over",
    targets: [target],
    async measure({ client: library }, name) {
      const client = name === "limit" ? callerOnly : library;
      await pollute(library, 500);
      const loop = operations[operation](client);
      for (let n = 0; n < 20; n++) loop(quick ? 2_000 : 20_000);
      const figures: number[] = [];
      for (let round = 0; round < 5; round++) figures.push(bytesPerRun(loop, quick ? 10_000 : 100_000));
      return figures;
    },
  };
}

export function cases(settings: Settings): readonly Case[] {
  const both: readonly ContenderName[] = [ours, rival];
  // A byte for what the measuring itself leaves.
  const nothing: Target = { type: "at most", value: 0.5 };
  const nothingMore: Target = { type: "beyond", of: "limit", by: 0.5 };
  return [
    allocationCase("kept-inc", "kept series inc()", both, nothing, settings),
    allocationCase("kept-set", "kept series set()", both, nothing, settings),
    allocationCase("kept-observe", "kept series observe(), 11 bounds", both, nothing, settings),
    allocationCase("summary-observe", "summary.observe(), 5 age buckets", both, nothing, settings),
    allocationCase("inc-literal", "inc({3 labels})", both, nothingMore, settings),
    allocationCase("labels-inc", "labels(a, b, c).inc()", both, nothingMore, settings),
    allocationCase("observe-literal", "observe({3 labels}, v)", both, nothingMore, settings),
    // It may cost its one object.
    allocationCase(
      "startTimer",
      "startTimer({3 labels}) and its end",
      both,
      { type: "beyond", of: "limit", by: 64.5 },
      settings,
    ),
    allocationCase("six-calls", "one HTTP request's six metric calls", both, nothingMore, settings),
  ];
}
