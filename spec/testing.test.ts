import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, Gauge, Histogram, Registry, StateSet, Summary } from "../lib/core.ts";
// biome-ignore lint/suspicious/noShadowRestrictedNames: it is the name that users import
import { collectAndCompare, delta, lint, valueOf } from "../lib/testing.ts";

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

describe("collectAndCompare", () => {
  it("is content when everything is as expected, in whatever order", async () => {
    const counter = requests();
    counter.inc({ method: "GET", code: 200 }, 3);
    counter.inc({ method: "PO\\ST", code: 500 });
    await collectAndCompare(
      counter,
      `
        # A comment.
        # TYPE requests_total counter
        # HELP requests_total R.

        requests_total{code="500", method="PO\\\\ST"} 1
        requests_total{method="GET",code="200"} 3.0
      `,
    );
    await collectAndCompare(requests(), "");
  });

  it("looks at a registry whole, or at some of its families", async () => {
    const registry = new Registry();
    new Gauge({ name: "a", help: "A.", registers: [registry] }).set(1);
    new Gauge({ name: "b", help: "B.", registers: [registry] }).set(2);
    const a = "# HELP a A.\n# TYPE a gauge\na 1\n";
    await collectAndCompare(registry, `${a}# HELP b B.\n# TYPE b gauge\nb 2\n`);
    await collectAndCompare(registry, a, ["a"]);
    await collectAndCompare(registry, `${a}c 3\n`, ["a"]);
    await assert.rejects(collectAndCompare(registry, a), {
      name: "AssertionError",
      message: 'The exposition is not as expected:\n- expected\n+ exposed\n\n+ Gauge "b", 1 series',
    });
  });

  it("tells each sample that differs", async () => {
    const histogram = wait();
    histogram.observe({ queue: "mail" }, 0.7);
    const expected = `
      # HELP wait_seconds Wait.
      # TYPE wait_seconds histogram
      wait_seconds_bucket{queue="mail",le="0.5"} 1
      wait_seconds_bucket{queue="mail",le="1"} 1
      wait_seconds_bucket{queue="mail",le="+Inf"} 1
      wait_seconds_sum{queue="mail"} 0.7
      wait_seconds_count{queue="mail"} 1
      wait_seconds_count{queue="jobs"} 1
      # TYPE other untyped
      other 1
    `;
    const error = await collectAndCompare(histogram, expected).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof assert.AssertionError);
    assert.equal(
      error.message,
      `The exposition is not as expected:
- expected
+ exposed

- # HELP wait_seconds Wait.
+ # HELP wait_seconds W.
- wait_seconds_bucket{le="0.5",queue="mail"} 1
+ wait_seconds_bucket{le="0.5",queue="mail"} 0
- wait_seconds_count{queue="jobs"} 1
- Unknown "other", 1 series`,
    );
    assert.equal(error.expected, expected);
    assert.match(String(error.actual), /^# HELP wait_seconds W\.\n/);
  });

  it("passes on what the collector throws, and tells what is wrong with the expectation", async () => {
    const error = new Error("sour");
    const collector = {
      collect() {
        throw error;
      },
    };
    await assert.rejects(collectAndCompare(collector, ""), error);
    await assert.rejects(collectAndCompare(requests(), "a x"), {
      name: "ParseError",
      message: 'Line 1, column 3: expected a value, but found "x".',
    });
  });

  it("leaves the metric in the registries that it is in, and in no other", async () => {
    const registry = new Registry();
    const gauge = new Gauge({ name: "a", help: "A.", registers: [registry] });
    await collectAndCompare(gauge, "# HELP a A.\n# TYPE a gauge\na 0\n");
    assert.deepEqual(registry.getMetricsAsArray(), [gauge]);
  });
});

describe("lint, of the helpers for tests", () => {
  it("looks at a metric or a registry", async () => {
    const registry = new Registry();
    const gauge = new Gauge({ name: "wait_minutes", help: "W.", registers: [registry] });
    const expected = [
      { rule: "unit", metric: "wait_minutes", text: 'use base unit "seconds" instead of "minutes"', line: 1 },
    ];
    assert.deepEqual(await lint(gauge), expected);
    assert.deepEqual(await lint(registry), expected);
    assert.deepEqual(await lint(new Registry()), []);
  });
});
