import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HistogramSeries, NativeHistogram, NumberSeries } from "../../lib/model/family.ts";
import { checkFamily } from "../../lib/registry/check-family.ts";

const exemplar = { labels: { trace_id: "abc", "span.id": "漢" }, value: -1, timestampMs: 5 };

const native: NativeHistogram = {
  schema: 0,
  zeroThreshold: 0.5,
  zeroCount: 1,
  positive: [
    { key: -3, count: 1 },
    { key: 1025, count: 2 }, // that of Infinity
  ],
  negative: [{ key: 0, count: 1 }],
  exemplars: [exemplar],
};

const histogram = (series: object, type = "histogram") => ({
  name: "m",
  type,
  help: "M.",
  series: [{ labels: {}, count: 5, sum: 1, buckets: [], native, ...series }],
});
const counter = (given: unknown) => ({
  name: "m",
  type: "counter",
  help: "M.",
  series: [{ labels: {}, value: 1, exemplar: given }],
});

describe("checkFamily", () => {
  it("copies native buckets, of gauge histograms too", () => {
    for (const type of ["histogram", "gaugehistogram"]) {
      const given = structuredClone(histogram({}, type));
      const checked = checkFamily(given);
      Object.assign(given.series[0]?.native.positive[0] as object, { count: 9 });
      assert.deepEqual(checked, histogram({}, type));
    }
  });

  it("copies the exemplars of counters, buckets and native histograms", () => {
    const given = structuredClone(exemplar);
    const buckets = [{ bound: 1, count: 2, exemplar: given }];
    const family = checkFamily(histogram({ buckets, native: { ...native, exemplars: [given] } }));
    const [series] = family.series as readonly HistogramSeries[];
    const [{ exemplar: ofCounter } = {}] = checkFamily(counter(given)).series as readonly NumberSeries[];
    given.labels.trace_id = "x".repeat(500);
    given.value = Number.NaN;
    for (const one of [series?.buckets[0]?.exemplar, series?.native?.exemplars?.[0], ofCounter]) {
      assert.deepEqual(one, exemplar);
    }
    assert.deepEqual((checkFamily(counter({ labels: {}, value: 1 })).series[0] as NumberSeries).exemplar, {
      labels: {},
      value: 1,
    });
  });

  it("leaves out empty native buckets", () => {
    const positive = [{ key: -4, count: 0 }, ...native.positive];
    assert.deepEqual(checkFamily(histogram({ native: { ...native, positive } })), histogram({}));
  });

  it("takes observations of NaN, which are in no bucket, and counts of parts, which need not add up", () => {
    for (const series of [
      { count: 7, sum: Number.NaN },
      { count: 7, sum: undefined },
      { count: 5.5 },
      { native: { ...native, zeroCount: 0.5 } },
      { count: 2 ** 60 },
    ]) {
      checkFamily(histogram(series));
    }
  });

  const refused: readonly (readonly [family: object, error: Error])[] = [
    [histogram({ native: 5 }), new TypeError('Histogram "m" has 5 for its native buckets.')],
    [
      histogram({ native: { ...native, schema: 9 } }),
      new RangeError('Histogram "m" has the schema 9; that is an integer from -4 to 8.'),
    ],
    [
      histogram({ native: { ...native, schema: "0" } }),
      new RangeError('Histogram "m" has the schema "0"; that is an integer from -4 to 8.'),
    ],
    [
      histogram({ native: { ...native, zeroThreshold: -1 } }),
      new RangeError('Histogram "m" has -1 for its zero threshold, which can\'t be negative or NaN.'),
    ],
    [
      histogram({ native: { ...native, zeroThreshold: Number.POSITIVE_INFINITY } }),
      new RangeError('Histogram "m" has an infinite zero threshold.'),
    ],
    [
      histogram({ native: { ...native, zeroCount: undefined } }),
      new TypeError('Histogram "m" has undefined for its zero count.'),
    ],
    [
      histogram({ native: { ...native, negative: undefined } }),
      new TypeError('Histogram "m" has no list of native buckets.'),
    ],
    [histogram({ native: { ...native, positive: [5] } }), new TypeError('Histogram "m" has 5 for a native bucket.')],
    [
      histogram({ native: { ...native, positive: native.positive.toReversed() } }),
      new RangeError(
        'Histogram "m" has a native bucket with the key -3; keys are integers that increase within -1074…1025.',
      ),
    ],
    [
      histogram({ native: { ...native, positive: [{ key: 1026, count: 1 }] } }),
      new RangeError(
        'Histogram "m" has a native bucket with the key 1026; keys are integers that increase within -1074…1025.',
      ),
    ],
    [
      histogram({ native: { ...native, positive: [{ key: 0, count: -1 }] } }),
      new RangeError('Histogram "m" has -1 for a native bucket, which can\'t be negative or NaN.'),
    ],
    [histogram({ count: 6 }), new RangeError('Histogram "m" has the count 6, but 5 in its native buckets.')],
    [
      histogram({ count: 4, sum: Number.NaN }),
      new RangeError('Histogram "m" has the count 4, but 5 in its native buckets.'),
    ],
    [
      histogram({ native: { ...native, exemplars: [{ labels: {}, value: 1 }] } }),
      new RangeError('Histogram "m" has a native exemplar without a timestamp.'),
    ],
    [
      histogram({ native: { ...native, exemplars: 5 } }),
      new TypeError('Histogram "m" has no list of native exemplars.'),
    ],
    [counter("abc"), new TypeError('Counter "m" has "abc" for an exemplar.')],
    [counter({ labels: 5, value: 1 }), new TypeError('Counter "m" has an exemplar with 5 for labels.')],
    [counter({ labels: {}, value: "1" }), new TypeError('Counter "m" has "1" for the value of an exemplar.')],
    [
      counter({ labels: {}, value: 1, timestampMs: Number.NaN }),
      new TypeError('Counter "m" has a series with the timestamp of an exemplar NaN.'),
    ],
    [
      counter({ labels: { "": "x" }, value: 1 }),
      new RangeError('Counter "m" has an exemplar with the label name "", which is none.'),
    ],
    [
      counter({ labels: { a: "😀".repeat(128) }, value: 1 }),
      new RangeError(
        `Counter "m" has an exemplar whose labels hold more than 128 characters: ${`{a="${"😀".repeat(40)}`.slice(0, 80)}…`,
      ),
    ],
    [
      histogram({ buckets: [{ bound: 1, count: 1, exemplar: null }] }),
      new TypeError('Histogram "m" has null for an exemplar.'),
    ],
  ];
  for (const [family, error] of refused) {
    it(`refuses this: ${error.message.slice(0, 90)}`, () => assert.throws(() => checkFamily(family), error));
  }
});
