import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { MetricFamily, MetricType } from "../../lib/model/family.ts";
import { checkDescriptor, checkFamily } from "../../lib/registry/check-family.ts";

const labels = { a: "x" };

/** A valid family of each type, with all that a series may have. */
const families: Readonly<Record<MetricType, MetricFamily>> = {
  counter: {
    name: "m",
    type: "counter",
    help: "M.",
    unit: "seconds",
    series: [{ labels, value: 3, createdMs: 1_000, timestampMs: 2_000 }],
  },
  gauge: { name: "m", type: "gauge", help: "M.", series: [{ labels, value: Number.NaN }] },
  unknown: { name: "m", type: "unknown", help: "M.", series: [{ labels, value: -1 }] },
  info: { name: "m", type: "info", help: "M.", series: [{ labels, value: 1 }] },
  stateset: { name: "m", type: "stateset", help: "M.", series: [{ labels, states: { on: true, off: false } }] },
  summary: {
    name: "m",
    type: "summary",
    help: "M.",
    series: [
      {
        labels,
        count: 2,
        sum: -3,
        quantiles: [
          { quantile: 0, value: Number.NaN },
          { quantile: 1, value: 4 },
        ],
        createdMs: 1_000,
      },
    ],
  },
  histogram: {
    name: "m",
    type: "histogram",
    help: "M.",
    series: [
      {
        labels,
        count: 3,
        sum: 4,
        buckets: [
          { bound: Number.NEGATIVE_INFINITY, count: 0 },
          { bound: 1, count: 2 },
          { bound: Number.POSITIVE_INFINITY, count: 3 },
        ],
        createdMs: 1_000,
      },
    ],
  },
  gaugehistogram: {
    name: "m",
    type: "gaugehistogram",
    help: "M.",
    series: [{ labels, count: 3, sum: 4, buckets: [{ bound: 1, count: 2 }] }],
  },
};

const types = Object.keys(families) as MetricType[];

/** A family of the type whose one series has these properties as well. */
function withSeries(type: MetricType, properties: object): unknown {
  return { ...families[type], series: [{ ...families[type].series[0], ...properties }] };
}

type Refusal = readonly [given: unknown, error: Error];

function refuses(cases: readonly Refusal[]): void {
  for (const [given, error] of cases) assert.throws(() => checkFamily(given), error);
}

describe("checkFamily", () => {
  for (const type of types) {
    it(`takes a ${type} as it is, and makes a copy`, () => {
      const checked = checkFamily(families[type]);
      assert.deepEqual(checked, families[type]);
      assert.notEqual(checked.series[0], families[type].series[0]);
      assert.notEqual(checked.series[0]?.labels, labels);
    });
  }

  it("takes series from anything that can be iterated, and families without any", () => {
    const { series } = families.gauge;
    assert.deepEqual(checkFamily({ ...families.gauge, series: new Set<unknown>(series) }), families.gauge);
    assert.deepEqual(checkFamily({ ...families.gauge, series: [] }), { ...families.gauge, series: [] });
  });

  it("takes names of any text, and an empty help", () => {
    const family = {
      name: "http.requests",
      type: "counter",
      help: "",
      series: [{ labels: { "http.route": "/", "": "" }, value: 1 }],
    };
    assert.deepEqual(checkFamily(family), { ...family, series: [{ labels: { "http.route": "/" }, value: 1 }] });
  });

  it("reads labels as instruments do: texts, numbers and booleans, and absent ones left out", () => {
    const given = withSeries("gauge", { labels: { a: 1, b: true, c: "\ud800", d: null, e: undefined, f: "" } });
    assert.deepEqual(checkFamily(given).series[0]?.labels, { a: "1", b: "true", c: "\ufffd" });
    assert.deepEqual(checkFamily({ ...families.gauge, series: [{ value: 1 }] }).series, [{ labels: {}, value: 1 }]);
  });

  it("takes the sum of a histogram and sum and count of a summary to be optional", () => {
    const histogram = { ...families.histogram, series: [{ labels, count: 0, buckets: [] }] };
    const summary = { ...families.summary, series: [{ labels, quantiles: [] }] };
    assert.deepEqual(checkFamily(histogram), histogram);
    assert.deepEqual(checkFamily(summary), summary);
  });

  it("leaves out what it does not know", () => {
    const given = { ...(withSeries("gauge", { labels, color: "red", createdMs: 5 }) as object), extra: 1 };
    assert.deepEqual(checkFamily(given), families.gauge);
  });

  it("refuses what is no family", () => {
    refuses([
      [null, new TypeError("expected a metric family, but got null.")],
      [7, new TypeError("expected a metric family, but got 7.")],
      ["depth 3", new TypeError('expected a metric family, but got "depth 3".')],
      ["x".repeat(200), new TypeError(`expected a metric family, but got "${"x".repeat(79)}….`)],
      [{}, new TypeError("undefined is no metric name.")],
      [{ ...families.gauge, name: "" }, new TypeError('"" is no metric name.')],
      [{ ...families.gauge, name: "\ud800" }, new TypeError('"\\ud800" is no metric name.')],
      [{ ...families.gauge, name: Symbol("m") }, new TypeError("Symbol(m) is no metric name.")],
      [{ ...families.gauge, type: "guage" }, new TypeError('metric "m" has the unknown type "guage".')],
      [{ ...families.gauge, type: undefined }, new TypeError('metric "m" has the unknown type undefined.')],
      [{ ...families.gauge, help: undefined }, new TypeError('Gauge "m" needs a help text, but has undefined.')],
      [{ ...families.gauge, help: ["M."] }, new TypeError('Gauge "m" needs a help text, but has [object Array].')],
      [{ ...families.gauge, unit: 7 }, new TypeError('Gauge "m" has the unit 7, which is no text.')],
      [{ ...families.gauge, unit: "" }, new TypeError('Gauge "m" has the unit "", which is no text.')],
      [{ ...families.gauge, series: undefined }, new TypeError('Gauge "m" has no list of series.')],
      [{ ...families.gauge, series: {} }, new TypeError('Gauge "m" has no list of series.')],
      [{ ...families.gauge, series: [null] }, new TypeError('Gauge "m" has null for a series.')],
      [{ ...families.gauge, series: "x" }, new TypeError('Gauge "m" has "x" for a series.')],
    ]);
  });

  it("refuses labels that no series can have", () => {
    refuses([
      [withSeries("gauge", { labels: "a" }), new TypeError('Gauge "m" has "a" for labels.')],
      [withSeries("gauge", { labels: ["a"] }), new TypeError('Gauge "m" has [object Array] for labels.')],
      [
        withSeries("gauge", { labels: { a: { b: 1 } } }),
        new TypeError('Label "a" must be a string, number or boolean, but got an object.'),
      ],
      [
        withSeries("gauge", { labels: { __name__: "x" } }),
        new RangeError(
          'Gauge "m" can\'t have the label "__name__": names that begin with "__" are reserved by Prometheus.',
        ),
      ],
      [withSeries("gauge", { labels: { "": "x" } }), new RangeError("Label name is empty.")],
      [
        withSeries("histogram", { labels: { le: "1" } }),
        new RangeError('Histogram "m" can\'t have the label "le": it names the bucket bounds.'),
      ],
      [
        withSeries("summary", { labels: { quantile: "1" } }),
        new RangeError('Summary "m" can\'t have the label "quantile": it names the quantiles.'),
      ],
      [
        withSeries("stateset", { labels: { m: "1" } }),
        new RangeError('State set "m" can\'t have the label "m": it names the states.'),
      ],
    ]);
  });

  it("refuses two series of the same labels, also where one names an absent label", () => {
    const twice = [
      { labels: { a: "x", b: "" }, value: 1 },
      { labels: { a: "x" }, value: 2 },
    ];
    refuses([
      [{ ...families.gauge, series: twice }, new RangeError('Gauge "m" has the labels {a="x"} twice.')],
      [
        { ...families.gauge, series: [{ labels: {}, value: 1 }, { value: 1 }] },
        new RangeError('Gauge "m" has the labels {} twice.'),
      ],
    ]);
  });

  it("refuses timestamps that are none", () => {
    const cases: readonly [time: unknown, shown: string][] = [
      [Number.NaN, "NaN"],
      [Number.POSITIVE_INFINITY, "Infinity"],
      ["2000", '"2000"'],
      [null, "null"],
      [new Date(0), "[object Date]"],
    ];
    for (const [time, shown] of cases) {
      refuses([
        [
          withSeries("gauge", { timestampMs: time }),
          new TypeError(`Gauge "m" has a series with the timestamp ${shown}.`),
        ],
        [
          withSeries("counter", { createdMs: time }),
          new TypeError(`Counter "m" has a series with the created timestamp ${shown}.`),
        ],
      ]);
    }
  });

  it("refuses values that are no numbers, and counters that are negative or NaN", () => {
    for (const type of ["counter", "gauge", "unknown"] as const) {
      const owner = type[0]?.toUpperCase() + type.slice(1);
      refuses([
        [withSeries(type, { value: "3" }), new TypeError(`${owner} "m" has "3" for a value.`)],
        [withSeries(type, { value: undefined }), new TypeError(`${owner} "m" has undefined for a value.`)],
        [withSeries(type, { value: 3n }), new TypeError(`${owner} "m" has 3 for a value.`)],
      ]);
    }
    refuses([
      [
        withSeries("counter", { value: -1 }),
        new RangeError('Counter "m" has -1 for a value, which can\'t be negative or NaN.'),
      ],
      [
        withSeries("counter", { value: Number.NaN }),
        new RangeError('Counter "m" has NaN for a value, which can\'t be negative or NaN.'),
      ],
    ]);
  });

  it("refuses an info whose value is not 1", () => {
    for (const value of [0, 2, "1", undefined]) {
      const shown = typeof value === "string" ? '"1"' : value;
      refuses([
        [withSeries("info", { value }), new RangeError(`Info "m" has ${shown} for a value; that of an info is 1.`)],
      ]);
    }
  });

  it("refuses states that are none, or neither on nor off", () => {
    refuses([
      [withSeries("stateset", { states: undefined }), new TypeError('State set "m" has undefined for states.')],
      [withSeries("stateset", { states: { on: 1 } }), new TypeError('State set "m" has 1 for the state "on".')],
      [withSeries("stateset", { states: ["on"] }), new TypeError('State set "m" has "on" for the state "0".')],
      [
        withSeries("stateset", { states: { "": true } }),
        new RangeError('State set "m" has the state "", which is no text.'),
      ],
      [
        withSeries("stateset", { states: { "\ud800": true } }),
        new RangeError('State set "m" has the state "\\ud800", which is no text.'),
      ],
    ]);
  });

  it("refuses quantiles that are no ranks, or do not increase", () => {
    const quantiles = (...ranks: unknown[]) =>
      withSeries("summary", { quantiles: ranks.map((quantile) => ({ quantile, value: 1 })) });
    const error = (shown: string) =>
      new RangeError(`Summary "m" has the quantile ${shown}; quantiles increase within 0…1.`);
    refuses([
      [quantiles(0.5, 0.5), error("0.5")],
      [quantiles(0.9, 0.5), error("0.5")],
      [quantiles(-0.1), error("-0.1")],
      [quantiles(1.1), error("1.1")],
      [quantiles(Number.NaN), error("NaN")],
      [quantiles("0.5"), error('"0.5"')],
      [withSeries("summary", { quantiles: undefined }), new TypeError('Summary "m" has no list of quantiles.')],
      [withSeries("summary", { quantiles: [null] }), new TypeError('Summary "m" has null for a quantile.')],
      [
        withSeries("summary", { quantiles: [{ quantile: 0.5, value: "1" }] }),
        new TypeError('Summary "m" has "1" for a quantile\'s value.'),
      ],
      [
        withSeries("summary", { count: -1 }),
        new RangeError('Summary "m" has -1 for its count, which can\'t be negative or NaN.'),
      ],
      [withSeries("summary", { sum: "1" }), new TypeError('Summary "m" has "1" for its sum.')],
    ]);
  });

  for (const [type, owner] of [
    ["histogram", 'Histogram "m"'],
    ["gaugehistogram", 'Gauge histogram "m"'],
  ] as const) {
    it(`refuses buckets of a ${type} that do not increase, or do not add up`, () => {
      const buckets = (...pairs: [bound: unknown, count: unknown][]) =>
        withSeries(type, { count: 3, buckets: pairs.map(([bound, count]) => ({ bound, count })) });
      const bound = (shown: string, index: number) =>
        new RangeError(`${owner} has the bound ${shown} at index ${index}; bounds must increase.`);
      refuses([
        [buckets([1, 1], [1, 2]), bound("1", 1)],
        [buckets([2, 1], [1, 2]), bound("1", 1)],
        [buckets([Number.NaN, 1]), bound("NaN", 0)],
        [buckets(["1", 1]), bound('"1"', 0)],
        [
          buckets([1, 2], [2, 1]),
          new RangeError(`${owner} has 1 in the bucket 2, less than in the one before: counts are cumulative.`),
        ],
        [buckets([1, 4]), new RangeError(`${owner} has the count 3, but 4 in its last bucket.`)],
        [buckets([Number.POSITIVE_INFINITY, 2]), new RangeError(`${owner} has the count 3, but 2 in its last bucket.`)],
        [buckets([1, -1]), new RangeError(`${owner} has -1 for a bucket, which can't be negative or NaN.`)],
        [buckets([1, "1"]), new TypeError(`${owner} has "1" for a bucket.`)],
        [withSeries(type, { buckets: undefined }), new TypeError(`${owner} has no list of buckets.`)],
        [withSeries(type, { buckets: [7] }), new TypeError(`${owner} has 7 for a bucket.`)],
        [withSeries(type, { count: undefined }), new TypeError(`${owner} has undefined for its count.`)],
        [withSeries(type, { sum: null }), new TypeError(`${owner} has null for its sum.`)],
      ]);
    });
  }
});

describe("checkDescriptor", () => {
  it("copies what is said of a family, and nothing else", () => {
    assert.deepEqual(checkDescriptor(families.counter), { name: "m", type: "counter", help: "M.", unit: "seconds" });
    assert.deepEqual(checkDescriptor({ name: "m", type: "gauge", help: "M.", unit: undefined }), {
      name: "m",
      type: "gauge",
      help: "M.",
    });
  });

  it("takes a series at several times, one after the other", () => {
    const at = (...times: readonly (number | undefined)[]) => ({
      name: "m",
      type: "gauge",
      help: "M.",
      series: times.map((timestampMs) => ({ labels: {}, value: 1, ...(timestampMs !== undefined && { timestampMs }) })),
    });
    assert.deepEqual(checkFamily(at(1, 2, 5)), at(1, 2, 5));
    for (const times of [
      [1, 1],
      [2, 1],
      [1, undefined],
      [undefined, 1],
      [undefined, undefined],
    ]) {
      assert.throws(() => checkFamily(at(...times)), new RangeError('Gauge "m" has the labels {} twice.'));
    }
  });
});
