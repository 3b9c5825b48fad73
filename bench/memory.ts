// What series cost in memory. Each figure is from a process of its own.
import { type Case, type LoneCase, type Settings, sizeName, type Target } from "./case.ts";
import type { StreamingRegistry } from "./client.ts";
import { type Contender, type ContenderName, libraries, ours, rival } from "./contenders.ts";
import { fill } from "./states.ts";
import { labelColumns, labelNames, likeSliced } from "./traffic.ts";

/** What must not be garbage when it is measured, though nothing reads it any more. */
const alive: unknown[] = [];

/** Bytes that are in use once all garbage is gone, buffers included. */
export function liveBytes(): number {
  const collect = globalThis.gc as () => void;
  // What a finalizer of the first collection lets go, the second one frees.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

interface SeriesOptions {
  readonly metric: "counter" | "histogram";
  readonly size: number;
  /** Whether the caller has the label strings anyway, or each call brings new ones. */
  readonly strings: "shared" | "fresh";
  /** Whether the caller keeps a series object of ours for each. */
  readonly kept?: boolean;
  readonly scraped: boolean;
  readonly contenders?: readonly ContenderName[];
  readonly targets?: readonly Target[];
}

async function bytesPerSeries(
  contender: Contender,
  { metric, size, strings, kept = false, scraped }: SeriesOptions,
): Promise<number> {
  const { client } = contender;
  const columns = labelColumns(size);
  const keeping: unknown[] = new Array(size).fill(undefined);
  const textOf = strings === "shared" ? (text: string) => text : likeSliced;
  const labelsAt = (i: number) => ({
    method: textOf(columns.method[i] as string),
    route: textOf(columns.route[i] as string),
    status: textOf(columns.status[i] as string),
  });
  // Code and tables that a client makes once are no cost of a series.
  await contender.scrape(fill(contender, metric === "counter" ? "integers" : "histograms", 100).registry);
  const before = liveBytes();

  const registry = new client.Registry();
  alive.push(registry, keeping, columns);
  const options = {
    name: `served_${metric}`,
    help: "Served.",
    labelNames: labelNames.slice(0, 3),
    registers: [registry],
  };
  if (metric === "counter") {
    const counter = new client.Counter(options);
    for (let i = 0; i < size; i++) {
      const labels = labelsAt(i);
      // Only ours keeps series; a peer's own objects for it would come on top of this.
      if (kept && contender.name === ours) keeping[i] = counter.labels(labels);
      counter.inc(labels);
    }
  } else {
    const histogram = new client.Histogram(options);
    for (let i = 0; i < size; i++) histogram.observe(labelsAt(i), i / size);
  }
  const length = scraped ? await contender.scrape(registry) : undefined;
  const bytes = (liveBytes() - before) / size;
  if (length !== undefined && length < size * 20) throw new Error(`${contender.name} exposes less than it was given.`);
  return bytes;
}

function seriesCase(operation: string, title: string, options: SeriesOptions): LoneCase {
  const { size, contenders = libraries, targets = [] } = options;
  return {
    type: "lone",
    name: `memory/${operation}/${sizeName(size)}`,
    title,
    unit: "bytes",
    contenders,
    processes: 1,
    targets,
    async measure(contender) {
      return [await bytesPerSeries(contender, options)];
    },
  };
}

/** What a scrape holds in memory beyond what lay there before, looked at again and again while it is read. */
function scrapeCase(size: number): LoneCase {
  return {
    type: "lone",
    name: `memory/during-scrape/${sizeName(size)}`,
    title: `extra memory while a scrape of ${size.toLocaleString("en-US")} counters is read`,
    unit: "bytes",
    contenders: [ours, rival],
    processes: 1,
    targets: [{ type: "at most", value: 1e6 }],
    async measure(contender) {
      const { registry } = fill(contender, "integers", size);
      const length = await contender.scrape(registry);
      const before = liveBytes();
      if (!contender.streams) {
        const text = await registry.metrics();
        const held = liveBytes() - before;
        if (text.length !== length) throw new Error("Two scrapes of the same state differ in length.");
        return [held];
      }
      let held = 0;
      let read = 0;
      let next = 0;
      for await (const chunk of (registry as StreamingRegistry).stream()) {
        if (read >= next) {
          held = Math.max(held, liveBytes() - before);
          next += length / 8;
        }
        read += chunk.length;
      }
      if (read !== length) throw new Error("Two scrapes of the same state differ in length.");
      return [held];
    },
  };
}

export function cases({ quick, full }: Settings): readonly Case[] {
  const million = quick ? 5_000 : 1_000_000;
  const some = quick ? 2_000 : 200_000;
  const k100 = quick ? 2_000 : 100_000;
  const share = (times: number): Target => ({ type: "within", of: rival, times });
  const counter = { metric: "counter", size: some, strings: "shared", scraped: true } as const;
  const beforeScrapes = [
    seriesCase("counter-before-scrape", "memory a counter series with 3 labels, before the first scrape", {
      ...counter,
      scraped: false,
    }),
    seriesCase("histogram-before-scrape", "memory a histogram series with 11 bounds, before the first scrape", {
      ...counter,
      metric: "histogram",
      size: k100,
      contenders: libraries.slice(0, 3),
      scraped: false,
    }),
  ];
  return [
    seriesCase("counter", "memory a counter series with 3 labels, after a scrape", {
      ...counter,
      size: million,
      contenders: [ours, rival],
      targets: [share(0.35)],
    }),
    seriesCase("counter-kept", "memory a counter series with 3 labels and its kept object, after a scrape", {
      ...counter,
      kept: true,
      contenders: [ours, rival],
      targets: [share(0.5)],
    }),
    seriesCase("counter-fresh-strings", "memory a counter series with 3 labels, strings not shared, after a scrape", {
      ...counter,
      strings: "fresh",
      contenders: libraries.slice(0, 3),
    }),
    seriesCase("histogram", "memory a histogram series with 11 bounds, after a scrape", {
      ...counter,
      metric: "histogram",
      size: k100,
      contenders: libraries.slice(0, 3),
      targets: [share(0.3)],
    }),
    ...(quick || full ? beforeScrapes : []),
    scrapeCase(million),
  ];
}
