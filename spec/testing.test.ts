import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, Gauge, Histogram, StateSet, Summary } from "../lib/core.ts";
// biome-ignore lint/suspicious/noShadowRestrictedNames: it is the name that users import
import { delta, valueOf } from "../lib/testing.ts";

function requests(): Counter<"method" | "code"> {
  return new Counter({ name: "requests_total", help: "R.", labelNames: ["method", "code"], registers: [] });
}

function wait(): Histogram<"queue"> {
  return new Histogram({ name: "wait_seconds", help: "W.", labelNames: ["queue"], buckets: [0.5, 1], registers: [] });
}

describe("valueOf", () => {
  it("tells the value of a metric without labels", async () => {
    const counter = new Counter({ name: "c", help: "C.", registers: [] });
    counter.inc(3);
    assert.equal(await valueOf(counter), 3);
  });

  it("tells the value of the series that has exactly these labels", async () => {
    const counter = requests();
    counter.inc({ method: "GET", code: 200 }, 3);
    counter.inc({ method: "GET", code: "" }, 4);
    assert.equal(await valueOf(counter, { method: "GET", code: 200 }), 3);
    assert.equal(await valueOf(counter, { code: "200", method: "GET" }), 3);
    assert.equal(await valueOf(counter, { method: "GET" }), 4);
    assert.equal(await valueOf(counter, { method: "GET", code: undefined }), 4);
    assert.equal(await valueOf(counter, { method: "GET", code: "" }), 4);
  });

  it("is undefined where there is no such series", async () => {
    const counter = requests();
    counter.inc({ method: "GET", code: 200 });
    for (const labels of [
      {},
      { method: "GET" },
      { method: "POST", code: 200 },
      { method: "GET", code: 200, constructor: "x" },
      { method: "GET", toString: "x" },
    ]) {
      assert.equal(await valueOf(counter, labels as Record<string, string>), undefined);
    }
    assert.equal(await valueOf(counter, { method: "GET", code: 200 }, "requests_total_sum"), undefined);
  });

  it("tells the samples of histograms and summaries by their names, bounds and quantiles", async () => {
    const histogram = wait();
    histogram.observe({ queue: "mail" }, 0.7);
    const labels = { queue: "mail" };
    assert.equal(await valueOf(histogram, labels, "wait_seconds_sum"), 0.7);
    assert.equal(await valueOf(histogram, labels, "wait_seconds_count"), 1);
    assert.equal(await valueOf(histogram, { ...labels, le: 0.5 }, "wait_seconds_bucket"), 0);
    assert.equal(await valueOf(histogram, { ...labels, le: 1 }, "wait_seconds_bucket"), 1);
    assert.equal(await valueOf(histogram, { ...labels, le: "+Inf" }, "wait_seconds_bucket"), 1);
    assert.equal(await valueOf(histogram, { ...labels, le: Number.POSITIVE_INFINITY }, "wait_seconds_bucket"), 1);
    const summary = new Summary({ name: "s", help: "S.", percentiles: [0.5], registers: [] });
    summary.observe(2);
    assert.equal(await valueOf(summary, { quantile: 0.5 }), 2);
    assert.equal(await valueOf(summary, {}, "s_sum"), 2);
  });

  it("tells whether a state is on", async () => {
    const set = new StateSet({ name: "phase", help: "P.", states: ["ready", "draining"], registers: [] });
    set.switchTo("ready");
    assert.equal(await valueOf(set, { phase: "ready" }), 1);
    assert.equal(await valueOf(set, { phase: "draining" }), 0);
  });

  it("calls collect first", async () => {
    const gauge = new Gauge({
      name: "g",
      help: "G.",
      registers: [],
      collect() {
        this.set(7);
      },
    });
    assert.equal(await valueOf(gauge), 7);
  });
});

describe("delta", () => {
  it("tells by how much a sample changed, from nothing on", async () => {
    const counter = requests();
    const labels = { method: "GET", code: 200 };
    assert.equal(await delta(counter, () => counter.inc(labels, 2), labels), 2);
    assert.equal(await delta(counter, () => counter.inc(labels, 3), labels), 3);
    assert.equal(await delta(counter, () => counter.inc({ method: "POST", code: 200 }), labels), 0);
    assert.equal(await delta(counter, () => counter.remove(labels), labels), -5);
  });

  it("waits for what is asynchronous", async () => {
    const histogram = wait();
    const run = async () => {
      await new Promise(setImmediate);
      histogram.observe({ queue: "mail" }, 0.5);
    };
    assert.equal(await delta(histogram, run, { queue: "mail" }, "wait_seconds_count"), 1);
  });

  it("passes on the error of what it ran", async () => {
    const error = new Error("sour");
    await assert.rejects(
      delta(requests(), () => Promise.reject(error)),
      error,
    );
  });
});
