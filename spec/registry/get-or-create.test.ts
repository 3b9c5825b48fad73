import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AlreadyRegisteredError,
  Counter,
  Gauge,
  Histogram,
  Info,
  Registry,
  register,
  StateSet,
  Summary,
} from "../../lib/core.ts";

/** What was refused, with its message and what it carries. */
function refusal(create: () => unknown): { message: string; existing: unknown } {
  try {
    create();
  } catch (error) {
    assert.ok(error instanceof AlreadyRegisteredError);
    return { message: error.message, existing: error.existing };
  }
  return assert.fail("nothing was refused");
}

describe("getOrCreate", () => {
  it("makes the metric and registers it, here and nowhere else", async () => {
    const registry = new Registry();
    const jobs = registry.getOrCreate(Counter, { name: "jobs_total", help: "Jobs.", labelNames: ["queue"] });
    jobs.inc({ queue: "mail" });
    assert.equal(registry.getSingleMetric("jobs_total"), jobs);
    assert.equal(register.getSingleMetric("jobs_total"), undefined);
    assert.equal(
      await registry.metrics(),
      '# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total{queue="mail"} 1\n',
    );
  });

  it("gives the metric that there is when the definition agrees, of whatever kind", () => {
    const registry = new Registry();
    const common = { help: "M.", labelNames: ["a", "b"] as const, aggregator: "max" as const };
    const twice = [0, 1].map(() => [
      registry.getOrCreate(Counter, { ...common, name: "c_seconds_total", unit: "seconds" }),
      registry.getOrCreate(Gauge, { ...common, name: "g" }),
      registry.getOrCreate(Histogram, { ...common, name: "h", buckets: [1, 2, Number.POSITIVE_INFINITY] }),
      registry.getOrCreate(Summary, { ...common, name: "s", percentiles: [0.5], maxAgeSeconds: 60 }),
      registry.getOrCreate(Info, { ...common, name: "i_info" }),
      registry.getOrCreate(StateSet, { ...common, name: "t", states: ["on", "off"] }),
    ]);
    const [first = [], second = []] = twice;
    assert.equal(first.length, 6);
    for (const [i, metric] of first.entries()) assert.equal(second[i], metric);
    assert.deepEqual(registry.getMetricsAsArray(), first);
  });

  it("takes defaults that are spelled out for the same definition", () => {
    const registry = new Registry();
    const histogram = registry.getOrCreate(Histogram, { name: "h", help: "H." });
    const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
    assert.equal(registry.getOrCreate(Histogram, { name: "h", help: "H.", labelNames: [], buckets }), histogram);
  });

  it("refuses a definition that differs, says in what, and carries the metric that there is", () => {
    const registry = new Registry();
    const wait = registry.getOrCreate(Histogram, {
      name: "wait_seconds",
      help: "Waiting.",
      labelNames: ["a"],
      buckets: [1],
    });
    const same = { name: "wait_seconds", help: "Waiting.", labelNames: ["a"], buckets: [1] } as const;
    const says = (what: string) => ({
      message: `Histogram "wait_seconds" is registered already, but with ${what}.`,
      existing: wait,
    });
    assert.deepEqual(
      refusal(() => registry.getOrCreate(Histogram, { ...same, help: "Waits." })),
      says('help "Waiting." and not "Waits."'),
    );
    assert.deepEqual(
      refusal(() => registry.getOrCreate(Histogram, { ...same, labelNames: ["a", "b"] })),
      says('labelNames ["a"] and not ["a","b"]'),
    );
    assert.deepEqual(
      refusal(() => registry.getOrCreate(Histogram, { ...same, buckets: [1, 2] })),
      says("buckets [1] and not [1,2]"),
    );
    assert.deepEqual(
      refusal(() => registry.getOrCreate(Histogram, { ...same, unit: "seconds" })),
      says('unit none and not "seconds"'),
    );
    assert.deepEqual(
      refusal(() => registry.getOrCreate(Gauge, { name: "wait_seconds", help: "Waiting." })),
      {
        message: 'Gauge "wait_seconds" is registered already, but with type "histogram" and not "gauge".',
        existing: wait,
      },
    );
    assert.deepEqual(registry.getMetricsAsArray(), [wait]);
  });

  it("refuses a new metric whose name another exposes, as registering does", () => {
    const registry = new Registry();
    const existing = registry.getOrCreate(Histogram, { name: "h", help: "H." });
    assert.deepEqual(
      refusal(() => registry.getOrCreate(Counter, { name: "h_count", help: "H." })),
      {
        message: 'Counter "h_count": histogram "h" already exposes that name. Rename one, or use two registries.',
        existing,
      },
    );
  });

  it("refuses a declaration that is not valid, also where the metric exists", () => {
    const registry = new Registry();
    registry.getOrCreate(Counter, { name: "c", help: "C." });
    assert.throws(
      () => registry.getOrCreate(Counter, { name: "c", help: "" }),
      new TypeError('Counter "c" needs a help text: what does it tell?'),
    );
  });
});
