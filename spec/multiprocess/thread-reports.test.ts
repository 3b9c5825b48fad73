// Processes that have worker threads, and one that puts together what they report.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter } from "../../lib/metrics/counter.ts";
import { Gauge } from "../../lib/metrics/gauge.ts";
import { Histogram } from "../../lib/metrics/histogram.ts";
import { Info } from "../../lib/metrics/info.ts";
import { Summary } from "../../lib/metrics/summary.ts";
import type { NativeHistogram } from "../../lib/model/family.ts";
import { Aggregation } from "../../lib/multiprocess/aggregation.ts";
import { Reporter } from "../../lib/multiprocess/reporter.ts";
import { Registry } from "../../lib/registry/registry.ts";
import { fakeThreads } from "./fake-threads.ts";

/** A process with threads, a second one without, and what is exposed of both. */
function processes() {
  const threads = fakeThreads();
  const other = new Registry();
  const errors: string[] = [];
  const aggregation = new Aggregation({ onError: (error) => errors.push(error.message) });
  const exposed = new Registry({ onError: (error) => errors.push(error.message) });
  exposed.registerMetric(aggregation);
  const reporters = [threads.registry, other].map((registry) => {
    const member = aggregation.join({ askForAll: () => reporter.startOver(), askForFresh: () => {} });
    const reporter = new Reporter({
      registries: () => [registry],
      send: (frame) => aggregation.receive(member, frame),
    });
    return reporter;
  });
  const lines = async () => {
    for (const reporter of reporters) reporter.report();
    const text = await exposed.metrics();
    return text.split("\n").filter((line) => !/^(#|$|tallystick_(worker|reports)_)/.test(line));
  };
  return { ...threads, other, exposed, lines, rejected: errors };
}

describe("A process with worker threads that reports to another", () => {
  it("reports what its threads count together with what it counts", async () => {
    const { registry, other, start, end, lines, rejected } = processes();
    const declare = (options: object) =>
      new Counter({ name: "hits_total", help: "Hits.", labelNames: ["route"], ...options });
    const own = declare({ registers: [registry] });
    own.inc({ route: "/" }, 1);
    declare({ registers: [other] }).inc({ route: "/" }, 1000);
    assert.deepEqual(await lines(), ['hits_total{route="/"} 1001']);
    const thread = start();
    const theirs = declare(thread.options);
    theirs.inc({ route: "/" }, 10);
    theirs.inc({ route: "/b" }, 5);
    new Gauge({ name: "open", help: "Open.", ...thread.options }).set(3);
    assert.deepEqual(await lines(), ['hits_total{route="/"} 1011', 'hits_total{route="/b"} 5', "open 3"]);
    theirs.inc({ route: "/b" });
    own.inc({ route: "/" });
    assert.deepEqual(await lines(), ['hits_total{route="/"} 1012', 'hits_total{route="/b"} 6', "open 3"]);
    end(thread);
    assert.deepEqual(await lines(), ['hits_total{route="/"} 1012', 'hits_total{route="/b"} 6']);
    assert.deepEqual(rejected, []);
  });

  it("reports histograms, quantiles, infos, scopes and default labels of its threads", async () => {
    const { registry, start, lines, rejected } = processes();
    registry.setDefaultLabels({ zone: "a" });
    const thread = start();
    for (const [registrar, more] of [
      [registry, {}],
      [thread.registry, { pages: thread.options.pages }],
    ] as const) {
      const options = { registers: [registrar.scoped({ prefix: "pool_" })], ...more };
      new Histogram({ name: "size", help: "Sizes.", buckets: [1], ...options }).observe(2);
      const wait = new Summary({ name: "wait", help: "Waits.", percentiles: [0, 1], ...options });
      for (const value of [2, 4]) wait.observe(value);
      new Info({ name: "build_info", help: "Build.", ...options }).set({ version: "1" });
    }
    const expected = [
      'pool_size_bucket{zone="a",le="1"} 0',
      'pool_size_bucket{zone="a",le="+Inf"} 2',
      'pool_size_sum{zone="a"} 4',
      'pool_size_count{zone="a"} 2',
      'pool_wait{zone="a",quantile="0"} 2',
      'pool_wait{zone="a",quantile="1"} 4',
      'pool_wait_sum{zone="a"} 12',
      'pool_wait_count{zone="a"} 4',
      'pool_build_info{version="1",zone="a"} 1',
    ];
    assert.deepEqual((await lines()).sort(), expected.sort());
    assert.deepEqual(rejected, []);
  });

  it("reports the native buckets of all its threads", async () => {
    const { registry, start, lines, exposed, rejected } = processes();
    const declare = (options: object) =>
      new Histogram({ name: "wait", help: "Wait.", buckets: [1], native: true, ...options });
    declare({ registers: [registry] }).observe(0.5);
    declare(start().options).observe(4);
    assert.deepEqual(await lines(), [
      'wait_bucket{le="1"} 1',
      'wait_bucket{le="+Inf"} 2',
      "wait_sum 4.5",
      "wait_count 2",
    ]);
    const json = await exposed.getMetricsAsJSON();
    const [count] = (json.find(({ name }) => name === "wait")?.values ?? []).filter(
      ({ metricName }) => metricName === "wait_count",
    );
    const { schema, positive } = (count as { native?: NativeHistogram }).native ?? {};
    assert.deepEqual(
      [schema, positive],
      [
        3,
        [
          { key: -8, count: 1 },
          { key: 16, count: 1 },
        ],
      ],
    );
    assert.deepEqual(rejected, []);
  });

  it("has a metric with a callback brought up to date", async () => {
    const { registry, start, lines } = processes();
    const declare = (options: object) => new Gauge({ name: "jobs", help: "Jobs.", ...options });
    declare({
      registers: [registry],
      collect(this: Gauge) {
        this.set(2);
      },
    });
    declare(start().options).set(40);
    await lines();
    await new Promise((resolve) => setImmediate(resolve));
    await lines();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(await lines(), ["jobs 42"]);
  });
});
