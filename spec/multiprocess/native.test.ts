import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, Histogram, type MetricJson } from "../../lib/core.ts";
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
