// A program changes one import: everything that the typings of prom-client 15 declare has to be there.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import client, * as library from "../lib/index.ts";

const registryMethods = [
  "metrics",
  "clear",
  "resetMetrics",
  "registerMetric",
  "getMetricsAsJSON",
  "getMetricsAsArray",
  "removeSingleMetric",
  "setDefaultLabels",
  "getSingleMetric",
  "getSingleMetricAsString",
  "setContentType",
];

/** The classes, with their methods, and what stands in front of the dot. */
const classes: Readonly<Record<string, { readonly methods: readonly string[]; readonly statics?: readonly string[] }>> =
  {
    Registry: {
      methods: registryMethods,
      statics: ["merge", "PROMETHEUS_CONTENT_TYPE", "OPENMETRICS_CONTENT_TYPE"],
    },
    AggregatorRegistry: {
      methods: [...registryMethods, "clusterMetrics"],
      statics: ["aggregate", "setRegistries"],
    },
    Counter: { methods: ["inc", "labels", "reset", "remove", "get"] },
    Gauge: { methods: ["inc", "dec", "set", "setToCurrentTime", "startTimer", "labels", "reset", "remove", "get"] },
    Histogram: { methods: ["observe", "startTimer", "reset", "zero", "labels", "remove", "get"] },
    Summary: { methods: ["observe", "startTimer", "reset", "labels", "remove", "get"] },
    Pushgateway: { methods: ["pushAdd", "push", "delete"] },
    // These are those of @prometheus-io/client, its successor.
    ClusterRegistry: { methods: [...registryMethods, "clusterMetrics", "shutdown"], statics: ["setRegistries"] },
    WorkerRegistry: { methods: [...registryMethods, "workerMetrics", "shutdown"] },
  };

describe("The names of prom-client", () => {
  const exported = library as unknown as Readonly<Record<string, unknown>>;
  for (const [name, { methods, statics = [] }] of Object.entries(classes)) {
    it(`has the class ${name} with all its methods`, () => {
      const found = exported[name] as { readonly prototype: object } & Readonly<Record<string, unknown>>;
      assert.deepEqual(
        methods.filter((method) => typeof (found.prototype as Record<string, unknown>)[method] !== "function"),
        [],
      );
      assert.deepEqual(
        statics.filter((member) => found[member] === undefined),
        [],
      );
    });
  }

  it("has the functions and the values", () => {
    const { collectDefaultMetrics, register, validateMetricName } = library;
    for (const name of ["collectDefaultMetrics", "linearBuckets", "exponentialBuckets", "validateMetricName"]) {
      assert.equal(typeof exported[name], "function", name);
    }
    assert.ok(register instanceof library.Registry);
    assert.ok(Array.isArray(collectDefaultMetrics.metricsList));
    const text = "text/plain; version=0.0.4; charset=utf-8";
    assert.deepEqual(
      [library.contentType, library.prometheusContentType, library.openMetricsContentType],
      [text, text, "application/openmetrics-text; version=1.0.0; charset=utf-8"],
    );
    assert.deepEqual(["a_total", "a:b", "0a", "a-b", ""].map(validateMetricName), [true, true, false, false, false]);
  });

  it("is imported as a whole, too", () => {
    assert.equal(client.Counter, library.Counter);
    assert.deepEqual(Object.keys(client), Object.keys(library));
  });

  it("has nothing to wait for when a registry of several shuts down", async () => {
    assert.equal(await new library.WorkerRegistry().shutdown(), undefined);
    assert.equal(await new library.AggregatorRegistry().shutdown(), undefined);
  });
});
