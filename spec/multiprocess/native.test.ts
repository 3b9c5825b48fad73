import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AggregatorRegistry, Counter, Histogram, type MetricJson, Registry } from "../../lib/index.ts";
import type { MetricFamily, NativeBucket, NativeHistogram } from "../../lib/model/family.ts";
import { Random } from "../judges/random.ts";
import { Processes } from "./processes.ts";

async function familyNamed(processes: Processes, name: string): Promise<MetricJson> {
  const json = await processes.exposed.getMetricsAsJSON();
  return json.find((family) => family.name === name) as MetricJson;
}

describe("Aggregation of native histograms", () => {
  it("has the buckets that observing in one place would give, whatever resolution each process came to", async () => {
    const random = new Random(5);
    const processes = new Processes();
    const options = { name: "size_bytes", help: "Sizes.", buckets: [1, 10] };
    const judge = new Histogram({
      ...options,
      native: { schema: 1, zeroThreshold: 0.5, maxBuckets: 0 },
      registers: [],
    });
    for (let i = 0; i < 4; i++) {
      const process = processes.start();
      // The coarsest schema and the widest zero bucket of all are those of the judge.
      const native = { schema: 1 + i, zeroThreshold: [0, 0.5, 0.25, 0][i] as number, maxBuckets: 0 };
      const histogram = new Histogram({ ...options, native, registers: process.registers });
      for (let n = 0; n < 100; n++) {
        const value = (random.next() - 0.2) * 10 ** random.between(-3, 4);
        // A bucket that the zero bucket would divide is taken whole, so values keep away from its bound.
        if (Math.abs(value) > 0.2 && Math.abs(value) < 0.8) continue;
        histogram.observe(value);
        judge.observe(value);
        if (n % 30 === 0) process.report();
      }
      process.report();
      if (i === 1 || i === 3) process.kill();
    }
    const [expected] = (await judge.get()).values.filter(({ metricName }) => metricName === "size_bytes_count");
    const [merged] = (await familyNamed(processes, "size_bytes")).values.filter(
      ({ metricName }) => metricName === "size_bytes_count",
    );
    assert.deepEqual(merged, expected);
  });

  it("keeps what was counted before a series began anew for want of buckets", async () => {
    const processes = new Processes();
    const process = processes.start();
    let nowMs = 0;
    const histogram = new Histogram({
      name: "size_bytes",
      help: "Sizes.",
      buckets: [],
      native: { maxBuckets: 3, minResetSeconds: 1 },
      registers: process.registers,
      clock: { now: () => 0, monotonicNow: () => nowMs },
    });
    for (const value of [1, 2, 4, 8]) histogram.observe(value);
    process.report();
    nowMs = 2_000;
    process.report();
    assert.equal(histogram.labels().value.count, 0);
    histogram.observe(16);
    process.report();
    const { values } = await familyNamed(processes, "size_bytes");
    assert.equal(values.find(({ metricName }) => metricName === "size_bytes_count")?.value, 5);
    const native = values.find(({ metricName }) => metricName === "size_bytes_count")?.native;
    assert.equal(
      native?.positive.reduce((sum, { count }) => sum + count, 0),
      5,
    );
  });

  it("exposes the latest exemplar of each sample that any process has, also of one that ended", async () => {
    const processes = new Processes();
    for (const [i, value] of [1, 5, 2].entries()) {
      const process = processes.start();
      const { registers } = process;
      const clock = { now: () => 1_000 + value, monotonicNow: () => 0 };
      const common = { enableExemplars: true, registers, clock } as const;
      new Counter({ name: "jobs_total", help: "Jobs.", ...common }).inc(1, { trace_id: `t${value}` });
      const histogram = new Histogram({ name: "size_bytes", help: "Sizes.", buckets: [10], native: true, ...common });
      histogram.observe(value, { trace_id: `t${value}` });
      process.report();
      if (i === 1) process.kill();
    }
    const jobs = await familyNamed(processes, "jobs_total");
    assert.deepEqual(jobs.values, [
      { value: 3, labels: {}, exemplar: { labelSet: { trace_id: "t5" }, value: 1, timestamp: 1.005 } },
    ]);
    const size = await familyNamed(processes, "size_bytes");
    assert.deepEqual(size.values[0]?.exemplar, { labelSet: { trace_id: "t5" }, value: 5, timestamp: 1.005 });
    const native = size.values.find(({ metricName }) => metricName === "size_bytes_count")?.native;
    assert.deepEqual(
      native?.exemplars?.map(({ labels }) => labels["trace_id"]),
      ["t1", "t2", "t5"],
    );
  });
});

/** A custom collector's histogram without bounds that has these native buckets. */
function nativeFamily(native: NativeHistogram, name = "size_bytes"): MetricFamily {
  let count = native.zeroCount;
  for (const bucket of [...native.positive, ...native.negative]) count += bucket.count;
  return { name, type: "histogram", help: "Sizes.", series: [{ labels: {}, count, sum: 0, buckets: [], native }] };
}

function nativeOf(schema: number, zero: readonly [number, number], ...positive: NativeBucket[]): NativeHistogram {
  return { schema, zeroThreshold: zero[0], zeroCount: zero[1], positive, negative: [] };
}

describe("Aggregation of native histograms of custom collectors", () => {
  /** A process whose collector returns what it is told to. */
  function collecting(processes: Processes, native: NativeHistogram) {
    const process = processes.start();
    const told = { native };
    process.registry.registerMetric({ name: "size", collect: () => [nativeFamily(told.native)] });
    process.report();
    return { process, told };
  }

  async function merged(processes: Processes): Promise<NativeHistogram | undefined> {
    const { values } = await familyNamed(processes, "size_bytes");
    return values.find(({ metricName }) => metricName === "size_bytes_count")?.native;
  }

  it("has the buckets that observing in one place would give, of living processes and of those that ended", async () => {
    const random = new Random(7);
    const processes = new Processes();
    const options = { name: "size_bytes", help: "Sizes.", buckets: [], registers: [] };
    const judge = new Histogram({ ...options, native: { schema: 1, zeroThreshold: 0.5, maxBuckets: 0 } });
    for (let i = 0; i < 4; i++) {
      const native = { schema: 7 - 2 * i, zeroThreshold: [0, 0.5, 0.25, 0][i] as number, maxBuckets: 0 };
      const own = new Histogram({ ...options, native });
      // One of them is a metric, the others' collectors return plain families.
      const process = processes.start();
      if (i === 2) process.registry.registerMetric(own);
      else
        process.registry.registerMetric({
          name: "size",
          collect: async () => [nativeFamily((await own.get()).values.at(-1)?.native as NativeHistogram)],
        });
      for (let n = 0; n < 100; n++) {
        const value = (random.next() - 0.2) * 10 ** random.between(-3, 4);
        if (Math.abs(value) > 0.2 && Math.abs(value) < 0.8) continue;
        own.observe(value);
        judge.observe(value);
        if (n % 30 === 0) await process.reporter.reportFresh(60_000);
      }
      await process.reporter.reportFresh(60_000);
      if (i === 1 || i === 3) process.kill();
    }
    assert.deepEqual(await merged(processes), (await judge.get()).values.at(-1)?.native);
    assert.deepEqual(processes.errors, []);
  });

  it("takes the coarser schema and the wider zero bucket, and gives each bucket to the one that holds it", async () => {
    const processes = new Processes();
    // At schema 1 the keys 3, 4 and 5 end at 2^1.5, 2^2 and 2^2.5; at schema 0 the keys 2 and 3 at 4 and 8.
    collecting(processes, nativeOf(1, [0, 0], { key: 3, count: 1 }, { key: 4, count: 2 }, { key: 5, count: 4 }));
    collecting(processes, nativeOf(0, [0.5, 8], { key: 3, count: 16 }));
    assert.deepEqual(await merged(processes), {
      schema: 0,
      zeroThreshold: 0.5,
      zeroCount: 8,
      positive: [
        { key: 2, count: 3 },
        { key: 3, count: 20 },
      ],
      negative: [],
    });
  });

  it("adds to what was counted before when a collector begins anew, in native buckets and counts alike", async () => {
    const processes = new Processes();
    const one = collecting(processes, nativeOf(0, [0, 1], { key: 1, count: 5 }));
    one.told.native = nativeOf(0, [0, 1], { key: 1, count: 2 });
    await one.process.reporter.reportFresh(60_000);
    assert.deepEqual(await merged(processes), nativeOf(0, [0, 2], { key: 1, count: 7 }));
    assert.match(await processes.exposition(), /^size_bytes_count 9$/m);
  });

  it("has none where one process tells of the series without", async () => {
    const processes = new Processes();
    const { told, process } = collecting(processes, nativeOf(0, [0, 1], { key: 1, count: 5 }));
    const mixed = processes.start();
    mixed.registry.registerMetric({
      name: "size",
      collect: () => [
        {
          ...nativeFamily(nativeOf(0, [0, 1])),
          series: [
            { labels: {}, count: 3, sum: 0, buckets: [] },
            { labels: { other: "1" }, count: 3, sum: 0, buckets: [], native: nativeOf(0, [0, 3]) },
          ],
        } as MetricFamily,
      ],
    });
    mixed.report();
    assert.equal(await merged(processes), undefined);
    mixed.kill();
    assert.equal(await merged(processes), undefined);
    // Nor where a process had some and has none any more.
    told.native = nativeOf(0, [0, 0]);
    process.report();
    assert.match(await processes.exposition(), /^size_bytes_count 9$/m);
  });

  it("has none where one process counts parts of observations, which blocks of buckets do not hold", async () => {
    const processes = new Processes();
    collecting(processes, nativeOf(0, [0, 1], { key: 1, count: 5 }));
    collecting(processes, nativeOf(0, [0, 0.5], { key: 1, count: 0.75 }));
    assert.equal(await merged(processes), undefined);
    assert.match(await processes.exposition(), /^size_bytes_count 7.25$/m);
  });

  it("halves the resolution of buckets that span more than can be kept", async () => {
    const processes = new Processes();
    collecting(processes, nativeOf(8, [0, 0], { key: -100_000, count: 1 }, { key: 100_000, count: 1 }));
    const native = (await merged(processes)) as NativeHistogram;
    assert.equal(native.schema, 4);
    assert.deepEqual(
      native.positive.map(({ key, count }) => [key, count]),
      [
        [-6_250, 1],
        [6_250, 1],
      ],
    );
  });

  it("leaves them out where processes are not added up", async () => {
    const processes = new Processes();
    for (const count of [1, 4]) {
      const process = processes.start();
      const family = { ...nativeFamily(nativeOf(0, [0, count])), aggregator: "max" } as MetricFamily;
      process.registry.registerMetric({ name: "size", collect: () => [family] });
      process.report();
    }
    assert.equal(await merged(processes), undefined);
    assert.match(await processes.exposition(), /^size_bytes_count 4$/m);
  });

  it("puts together what getMetricsAsJSON() gives", async () => {
    const processes = [1, 2].map((schema) => {
      const registry = new Registry();
      registry.registerMetric({ name: "size", collect: () => [nativeFamily(nativeOf(schema, [0, 3]))] });
      return registry.getMetricsAsJSON();
    });
    const [family] = await AggregatorRegistry.aggregate(await Promise.all(processes)).getMetricsAsJSON();
    assert.deepEqual(family?.values.at(-1)?.native, nativeOf(1, [0, 6]));
  });
});

describe("Aggregation of a histogram that begins anew", () => {
  it("keeps all of its former buckets, also those that count more than before", async () => {
    const processes = new Processes();
    const process = processes.start();
    let counts = [2, 3];
    process.registry.registerMetric({
      name: "size",
      collect: () => {
        const [low = 0, high = 0] = counts;
        const buckets = [
          { bound: 1, count: low },
          { bound: 2, count: low + high },
        ];
        return [
          {
            name: "size_bytes",
            type: "histogram",
            help: "Sizes.",
            series: [{ labels: {}, count: low + high, sum: 1, buckets }],
          },
        ];
      },
    });
    process.report();
    counts = [5, 1];
    process.report();
    assert.equal(
      await processes.exposition(),
      `# HELP size_bytes Sizes.
# TYPE size_bytes histogram
size_bytes_bucket{le="1"} 7
size_bytes_bucket{le="2"} 11
size_bytes_bucket{le="+Inf"} 11
size_bytes_sum 2
size_bytes_count 11
`,
    );
  });
});
