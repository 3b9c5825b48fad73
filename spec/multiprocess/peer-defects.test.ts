// Defects that were measured in the cluster registries of other clients. Each test bears the name of a defect, and says
// what the others do.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, Gauge, Histogram, Summary } from "../../lib/core.ts";
import { AggregatorRegistry } from "../../lib/index.ts";
import { type FakeProcess, Processes } from "./processes.ts";

/** The samples of an exposition, without comments. */
async function samples(processes: Processes): Promise<string[]> {
  const lines = (await processes.exposition()).split("\n");
  return lines.filter((line) => line !== "" && !line.startsWith("#"));
}

describe("Aggregation duplicates a series with 7 labels or more, and confuses values that hold its separator", () => {
  const labelSets = [
    { a: "1", b: "2", c: "3", d: "4", e: "5", f: "6", g: "7" },
    { a: "x|", b: "y", c: "", d: "", e: "", f: "", g: "" },
    { a: "x", b: "|y", c: "", d: "", e: "", f: "", g: "" },
  ];

  it("has one line for each label set", async () => {
    const processes = new Processes();
    for (let i = 1; i <= 3; i++) {
      const process = processes.start();
      const labelNames = ["a", "b", "c", "d", "e", "f", "g"] as const;
      const counter = new Counter({ name: "x", help: "X.", labelNames, registers: process.registers });
      for (const labels of labelSets) counter.inc(labels, i);
      process.report();
    }
    assert.deepEqual(await samples(processes), [
      'x{a="1",b="2",c="3",d="4",e="5",f="6",g="7"} 6',
      'x{a="x|",b="y"} 6',
      'x{a="x",b="|y"} 6',
    ]);
  });

  it("nor does it when it puts together what getMetricsAsJSON() gives", async () => {
    const processes = new Processes();
    const json = await Promise.all(
      [1, 2, 3].map(async (amount) => {
        const { registry, registers } = processes.start();
        const labelNames = ["a", "b", "c", "d", "e", "f", "g"] as const;
        const counter = new Counter({ name: "x", help: "X.", labelNames, registers });
        for (const labels of labelSets) counter.inc(labels, amount);
        new Histogram({ name: "h", help: "H.", buckets: [1, 2], registers }).observe(amount);
        new Gauge({ name: "g", help: "G.", aggregator: "max", registers }).set(amount);
        new Gauge({ name: "o", help: "O.", aggregator: "omit", registers }).set(amount);
        return registry.getMetricsAsJSON();
      }),
    );
    const text = await AggregatorRegistry.aggregate(json).metrics();
    assert.deepEqual(
      text.split("\n").filter((line) => line !== "" && !line.startsWith("#")),
      [
        'x{a="1",b="2",c="3",d="4",e="5",f="6",g="7"} 6',
        'x{a="x|",b="y"} 6',
        'x{a="x",b="|y"} 6',
        'h_bucket{le="1"} 1',
        'h_bucket{le="2"} 2',
        'h_bucket{le="+Inf"} 3',
        "h_sum 6",
        "h_count 3",
        "g 3",
      ],
    );
  });
});

describe("Dead cluster worker: what it counted is gone", () => {
  it("stays, however the worker ended", async () => {
    const processes = new Processes();
    const workers = Array.from({ length: 4 }, () => {
      const process = processes.start();
      new Counter({ name: "m", help: "M.", registers: process.registers }).inc(100);
      process.report();
      return process;
    });
    assert.deepEqual(await samples(processes), ["m 400"]);
    for (const worker of workers) {
      worker.kill();
      assert.deepEqual(await samples(processes), ["m 400"]);
    }
  });
});

describe("Cluster: one busy worker, or one killed in flight, and the whole scrape fails after 5 s", () => {
  it("exposes what the busy one reported last, by the deadline at the latest", async () => {
    const processes = new Processes({ refreshMs: 20 });
    const [free, busy] = [processes.start(), processes.start()] as const;
    const counters = [free, busy].map(({ registers }) => new Counter({ name: "m", help: "M.", registers }));
    for (const [i, process] of [free, busy].entries()) {
      counters[i]?.inc(1);
      process.report();
      counters[i]?.inc(10);
    }
    busy.isBusy = true;
    assert.deepEqual(await samples(processes), ["m 12"]);
    const killed = processes.exposition();
    busy.kill();
    assert.match(await killed, /^m 12$/m);
  });
});

describe("Summaries are summed across workers, and histograms with other buckets merged into nonsense", () => {
  it("has the quantiles of all observations", async () => {
    const processes = new Processes();
    for (let i = 0; i < 4; i++) {
      const process = processes.start();
      const summary = new Summary({ name: "s", help: "S.", percentiles: [0.99], registers: process.registers });
      for (let n = 0; n < 10; n++) summary.observe(0.2);
      process.report();
    }
    const [quantile, , count] = await samples(processes);
    assert.deepEqual([quantile, count], ['s{quantile="0.99"} 0.2', "s_count 40"]);
  });

  it("refuses other buckets", async () => {
    const processes = new Processes();
    const start = (buckets: number[], value: number): FakeProcess => {
      const process = processes.start();
      new Histogram({ name: "h", help: "H.", buckets, registers: process.registers }).observe(value);
      process.report();
      return process;
    };
    start([1, 4], 1);
    start([2, 4], 2);
    assert.deepEqual(await samples(processes), [
      'h_bucket{le="1"} 1',
      'h_bucket{le="4"} 1',
      'h_bucket{le="+Inf"} 1',
      "h_sum 1",
      "h_count 1",
    ]);
    assert.equal(processes.errors.length, 1);
  });
});
