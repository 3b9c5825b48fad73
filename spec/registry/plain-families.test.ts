import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Collector,
  Counter,
  Gauge,
  Histogram,
  Info,
  type LabelSet,
  type MetricFamily,
  type MetricJson,
  type MetricOptions,
  StateSet,
  Summary,
} from "../../lib/core.ts";
import { familyJson, plainFamily } from "../../lib/registry/plain-families.ts";
import { COLUMNS, type ColumnFamily, FamilyView } from "../../lib/storage/column-family.ts";

const clock = { now: () => 1_000, monotonicNow: () => 0 };
const common = { help: "M.", labelNames: ["a"], registers: [], clock } as const satisfies Partial<MetricOptions<"a">>;

/** The family of a metric as a scrape has it, as plain data. */
function plain(metric: Collector): MetricFamily {
  const view = new FamilyView((metric as Collector & { readonly [COLUMNS]: ColumnFamily })[COLUMNS]);
  try {
    return plainFamily(view);
  } finally {
    view.close();
  }
}

const x = { a: "x" };

describe("plainFamily", () => {
  it("tells a counter's values and when it began, in the order of its series, without absent labels", () => {
    const counter = new Counter({ ...common, name: "m_seconds_total", unit: "seconds" });
    counter.inc({ a: "x" }, 3);
    counter.inc({ a: "" }, 4);
    assert.deepEqual(plain(counter), {
      name: "m_seconds_total",
      type: "counter",
      help: "M.",
      unit: "seconds",
      series: [
        { labels: x, value: 3, createdMs: 1_000 },
        { labels: {}, value: 4, createdMs: 1_000 },
      ],
    });
  });

  it("tells a gauge's values", () => {
    const gauge = new Gauge({ ...common, name: "m" });
    gauge.set({ a: "x" }, Number.NaN);
    assert.deepEqual(plain(gauge), {
      name: "m",
      type: "gauge",
      help: "M.",
      series: [{ labels: x, value: Number.NaN }],
    });
  });

  it("tells a histogram's buckets, cumulative up to +Inf", () => {
    const histogram = new Histogram({ ...common, name: "m", buckets: [1, 2] });
    for (const value of [0, 1, 2, 3]) histogram.observe({ a: "x" }, value);
    const buckets = [
      { bound: 1, count: 2 },
      { bound: 2, count: 3 },
      { bound: Number.POSITIVE_INFINITY, count: 4 },
    ];
    assert.deepEqual(plain(histogram), {
      name: "m",
      type: "histogram",
      help: "M.",
      series: [{ labels: x, count: 4, sum: 6, buckets, createdMs: 1_000 }],
    });
  });

  it("tells a summary's quantiles", () => {
    const summary = new Summary({ ...common, name: "m", percentiles: [0, 1] });
    summary.observe({ a: "x" }, 4);
    assert.deepEqual(plain(summary), {
      name: "m",
      type: "summary",
      help: "M.",
      series: [
        {
          labels: x,
          count: 1,
          sum: 4,
          quantiles: [
            { quantile: 0, value: 4 },
            { quantile: 1, value: 4 },
          ],
          createdMs: 1_000,
        },
      ],
    });
  });

  it("tells an info's facts beside its labels", () => {
    const info = new Info({ ...common, name: "m_info" });
    info.set({ a: "x" }, { version: "1" });
    assert.deepEqual(plain(info), {
      name: "m_info",
      type: "info",
      help: "M.",
      series: [{ labels: { a: "x", version: "1" }, value: 1 }],
    });
  });

  it("tells which states of a state set are on", () => {
    const set = new StateSet({ ...common, name: "m", states: ["on", "off"] });
    set.switchTo({ a: "x" }, "off");
    assert.deepEqual(plain(set), {
      name: "m",
      type: "stateset",
      help: "M.",
      series: [{ labels: x, states: { on: false, off: true } }],
    });
  });
});

describe("familyJson", () => {
  const json = (family: MetricFamily, constantLabels?: LabelSet): MetricJson["values"] => {
    const { values, ...rest } = familyJson(family, "max", constantLabels);
    assert.deepEqual(rest, { name: "m", help: "M.", type: family.type, aggregator: "max" });
    return values;
  };

  it("has one value for each series of one number", () => {
    const series = [
      { labels: x, value: 1 },
      { labels: {}, value: 2 },
    ];
    for (const type of ["counter", "gauge", "info", "unknown"] as const) {
      assert.deepEqual(json({ name: "m", type, help: "M.", series }), [
        { value: 1, labels: x },
        { value: 2, labels: {} },
      ]);
    }
  });

  it("has one value for each state, labelled by the family's name", () => {
    const series = [{ labels: x, states: { on: true, off: false } }];
    assert.deepEqual(json({ name: "m", type: "stateset", help: "M.", series }), [
      { value: 1, labels: { a: "x", m: "on" } },
      { value: 0, labels: { a: "x", m: "off" } },
    ]);
  });

  it("has a value for each quantile, and sum and count under their names", () => {
    const quantiles = [{ quantile: 0.5, value: 7 }];
    const series = [
      { labels: x, count: 2, sum: 9, quantiles },
      { labels: {}, quantiles: [] },
    ];
    assert.deepEqual(json({ name: "m", type: "summary", help: "M.", series }), [
      { value: 7, labels: { a: "x", quantile: 0.5 } },
      { metricName: "m_sum", value: 9, labels: x },
      { metricName: "m_count", value: 2, labels: x },
    ]);
  });

  it("has a value for each bucket, and sum and count under their names", () => {
    const buckets = [
      { bound: 0.5, count: 1 },
      { bound: Number.POSITIVE_INFINITY, count: 2 },
    ];
    const series = [
      { labels: x, count: 2, sum: 9, buckets },
      { labels: {}, count: 0, buckets: [] },
    ];
    const expected = (sum: string, count: string) => [
      { metricName: "m_bucket", value: 1, labels: { a: "x", le: 0.5 } },
      { metricName: "m_bucket", value: 2, labels: { a: "x", le: "+Inf" } },
      { metricName: `m_${sum}`, value: 9, labels: x },
      { metricName: `m_${count}`, value: 2, labels: x },
      { metricName: `m_${count}`, value: 0, labels: {} },
    ];
    assert.deepEqual(json({ name: "m", type: "histogram", help: "M.", series }), expected("sum", "count"));
    assert.deepEqual(json({ name: "m", type: "gaugehistogram", help: "M.", series }), expected("gsum", "gcount"));
  });

  it("adds constant labels, which a series' own labels beat", () => {
    const series = [
      { labels: { a: "own" }, value: 1 },
      { labels: {}, value: 2 },
    ];
    assert.deepEqual(json({ name: "m", type: "gauge", help: "M.", series }, { a: "constant", b: "c" }), [
      { value: 1, labels: { a: "own", b: "c" } },
      { value: 2, labels: { a: "constant", b: "c" } },
    ]);
  });

  it("copies the labels, so that whoever edits the JSON changes nothing else", () => {
    const series = [{ labels: { a: "x" }, value: 1 }];
    const [value] = json({ name: "m", type: "gauge", help: "M.", series });
    (value as { labels: Record<string, string> }).labels["a"] = "changed";
    assert.deepEqual(series, [{ labels: { a: "x" }, value: 1 }]);
  });
});
