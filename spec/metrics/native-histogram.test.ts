import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  Histogram,
  type HistogramFamilySeries,
  type HistogramOptions,
  type NativeOptions,
  Registry,
} from "../../lib/core.ts";
import { NaiveNative } from "../judges/naive-native.ts";
import { Random } from "../judges/random.ts";

/** A clock whose two faces the test turns together. */
function clockAt(ms: number) {
  const clock = { ms };
  return Object.assign(clock, { now: () => 1_000_000 + clock.ms, monotonicNow: () => clock.ms });
}

function size(options: Partial<HistogramOptions<never>> = {}): Histogram<never> {
  return new Histogram({ name: "size_bytes", help: "Size.", buckets: [], registers: [], native: true, ...options });
}

async function seriesOf(histogram: Pick<Histogram, "collect">): Promise<readonly HistogramFamilySeries[]> {
  const families = await histogram.collect({ signal: new AbortController().signal });
  const [family] = families as readonly { series: readonly HistogramFamilySeries[] }[];
  return family?.series ?? [];
}

const bucket = (key: number, count: number) => ({ key, count });

describe("Histogram with native buckets", () => {
  it("counts in them without any bounds; formats without them show the bucket +Inf, sum and count", async () => {
    const registry = new Registry();
    const h = size({ registers: [registry] });
    h.observe(1);
    h.observe(1.5);
    h.labels().observe(-3);
    assert.equal(
      await registry.metrics(),
      [
        "# HELP size_bytes Size.",
        "# TYPE size_bytes histogram",
        'size_bytes_bucket{le="+Inf"} 3',
        "size_bytes_sum -0.5",
        "size_bytes_count 3",
        "",
      ].join("\n"),
    );
    const native = {
      schema: 3,
      zeroThreshold: 2 ** -128,
      zeroCount: 0,
      positive: [bucket(0, 1), bucket(5, 1)],
      negative: [bucket(13, 1)],
    };
    assert.deepEqual(h.labels().value, { count: 3, sum: -0.5, buckets: [3], native });
    const [series] = await seriesOf(h);
    assert.deepEqual([series?.count, series?.native], [3, native]);
  });

  it("counts in both kinds of buckets, those of the default bounds unless told otherwise", async () => {
    const h = size({ buckets: [1, 2], native: { schema: 0 } });
    h.observe(0);
    h.observe(2);
    assert.deepEqual(h.labels().value, {
      count: 2,
      sum: 2,
      buckets: [1, 1, 0],
      native: { schema: 0, zeroThreshold: 2 ** -128, zeroCount: 1, positive: [bucket(1, 1)], negative: [] },
    });
    assert.equal(new Histogram({ name: "h", help: "H.", registers: [], native: true }).bounds.length, 11);
    assert.deepEqual(size().bounds, []);
  });

  it("keeps a native histogram for each series, from its creation to its removal", async () => {
    const h = new Histogram({ name: "h", help: "H.", labelNames: ["a"], registers: [], buckets: [], native: true });
    h.zero({ a: "x" });
    h.observe({ a: "y" }, 1);
    const kept = h.labels("y");
    assert.deepEqual(
      (await seriesOf(h)).map(({ labels, native }) => [labels, native?.positive]),
      [
        [{ a: "x" }, []],
        [{ a: "y" }, [bucket(0, 1)]],
      ],
    );
    h.remove("y");
    const positive = () => kept.value.native?.positive;
    assert.deepEqual([kept.value.count, positive()], [0, undefined]);
    kept.observe(2);
    assert.deepEqual(positive(), [bucket(8, 1)]);
    h.reset();
    assert.deepEqual(await seriesOf(h), []);
    kept.zero();
    assert.deepEqual(positive(), []);
  });

  it("refuses what would spoil the sum, and changes nothing", () => {
    const h = size();
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      assert.throws(
        () => h.observe(value),
        new RangeError(`Histogram "size_bytes": observe(${value}) would spoil the sum for ever.`),
      );
      assert.throws(
        () => h.labels().observe(value),
        new RangeError(`Histogram "size_bytes": observe(${value}) would spoil the sum for ever.`),
      );
    }
    assert.equal(h.labels().value.count, 0);
  });

  it("begins anew as a whole: native and other buckets, sum, count and created timestamp", async () => {
    const clock = clockAt(0);
    const h = size({ buckets: [1], clock, native: { schema: 2, maxBuckets: 2, minResetSeconds: 60 } });
    for (const value of [0.5, 1, 2]) h.observe(value);
    let [series] = await seriesOf(h);
    assert.deepEqual([series?.count, series?.createdMs, series?.native?.schema], [3, 1_000_000, 1]);
    // Its timer has not fired, but the scrape comes first.
    clock.ms = 60_000;
    [series] = await seriesOf(h);
    assert.deepEqual(
      [
        series?.count,
        series?.sum,
        series?.buckets.map(({ count }) => count),
        series?.createdMs,
        series?.native?.schema,
      ],
      [0, 0, [0, 0], 1_060_000, 2],
    );
    h.observe(8);
    h.labels().observe(1);
    clock.ms = 120_000;
    h.labels().observe(2);
    [series] = await seriesOf(h);
    assert.deepEqual(
      [series?.count, series?.sum, series?.createdMs, series?.native?.positive],
      [1, 2, 1_120_000, [bucket(4, 1)]],
    );
  });

  it("counts what the reference counts, whatever is observed in whichever way", async () => {
    for (let seed = 0; seed < 25; seed++) {
      const random = new Random(seed);
      const clock = clockAt(0);
      const limits = {
        schema: random.between(-4, 8),
        zeroThreshold: random.pick([0, 1e-3]),
        maxBuckets: random.pick([0, 4, 20]),
        minResetSeconds: random.pick([0, 10]),
        maxZeroThreshold: random.pick([0, 1]),
      };
      const h = size({ clock, native: limits });
      const naive = new NaiveNative(limits, 0);
      const kept = h.labels();
      for (let step = 0; step < 120; step++) {
        clock.ms += random.pick([0, 500]);
        const value = random.pick([-1, 1, 1]) * 10 ** (6 * (random.next() - 0.5));
        random.chance(0.5) ? h.observe(value) : kept.observe(value);
        naive.observe(value, clock.ms);
        // What was scheduled happens at the scrape, and the test lets the reference do it then.
        if (random.chance(0.3)) {
          const due = naive.resetAtMs !== undefined && clock.ms >= naive.resetAtMs;
          const [series] = await seriesOf(h);
          if (due) assert.equal(series?.count, 0);
          naive.tick(clock.ms);
          assert.deepEqual([series?.native, series?.count], [naive.value, naive.count], `seed ${seed}, step ${step}`);
          if (due) naive.createdMs = clock.ms;
        }
      }
    }
  });

  it("tells its native buckets in the JSON, with the count", async () => {
    const h = size({ buckets: [1] });
    h.observe(1);
    assert.deepEqual((await h.get()).values, [
      { metricName: "size_bytes_bucket", value: 1, labels: { le: 1 } },
      { metricName: "size_bytes_bucket", value: 1, labels: { le: "+Inf" } },
      { metricName: "size_bytes_sum", value: 1, labels: {} },
      {
        metricName: "size_bytes_count",
        value: 1,
        labels: {},
        native: { schema: 3, zeroThreshold: 2 ** -128, zeroCount: 0, positive: [bucket(0, 1)], negative: [] },
      },
    ]);
  });
});

describe("The option native", () => {
  it("has the reference's defaults, and finds the schema of a factor", () => {
    assert.deepEqual(size().definition.details, {
      buckets: [],
      native: {
        schema: 3,
        zeroThreshold: 2 ** -128,
        maxBuckets: 160,
        minResetSeconds: 0,
        maxZeroThreshold: 0,
        exemplars: 10,
      },
    });
    // biome-ignore format: a table
    const schemas = [
      [1e9, -4], [65536, -4], [65535, -3], [256, -3], [16, -2], [4, -1], [2, 0], [1.5, 1], [Math.SQRT2, 1], [1.2, 2],
      [1.1, 3], [1.05, 4], [1.03, 5], [1.02, 6], [1.01, 7], [1.005, 8], [1.0000001, 8],
    ] as const;
    for (const [factor, schema] of schemas) {
      const { native } = size({ native: { factor } }).definition.details as { native: { schema: number } };
      assert.deepEqual([factor, native.schema], [factor, schema]);
    }
  });

  it("is part of the definition", () => {
    const registry = new Registry();
    const first = registry.getOrCreate(Histogram, { name: "h", help: "H.", native: { factor: 1.1 } });
    assert.equal(registry.getOrCreate(Histogram, { name: "h", help: "H.", native: true }), first);
    assert.throws(() => registry.getOrCreate(Histogram, { name: "h", help: "H." }), {
      name: "AlreadyRegisteredError",
      message:
        'Histogram "h" is registered already, but with native {"schema":3,"zeroThreshold":2.938735877055719e-39,' +
        '"maxBuckets":160,"minResetSeconds":0,"maxZeroThreshold":0,"exemplars":10} and not none.',
    });
  });

  const owner = 'Histogram "size_bytes"';
  const refused: readonly (readonly [native: unknown, error: Error])[] = [
    ["yes", new TypeError(`${owner}: native must be true or an object of options.`)],
    [null, new TypeError(`${owner}: native must be true or an object of options.`)],
    [[], new TypeError(`${owner}: native must be true or an object of options.`)],
    [{ factor: 1 }, new RangeError(`${owner}: native.factor must be greater than 1, but got 1.`)],
    [{ factor: Number.NaN }, new RangeError(`${owner}: native.factor must be greater than 1, but got NaN.`)],
    [
      { factor: Number.POSITIVE_INFINITY },
      new RangeError(`${owner}: native.factor must be greater than 1, but got Infinity.`),
    ],
    [{ factor: "2" }, new TypeError(`${owner}: native.factor must be a number, but got string.`)],
    [{ factor: 2, schema: 0 }, new RangeError(`${owner}: give native.factor or native.schema, not both.`)],
    [{ schema: 9 }, new RangeError(`${owner}: native.schema must be an integer from -4 to 8, but got 9.`)],
    [{ schema: 0.5 }, new RangeError(`${owner}: native.schema must be an integer from -4 to 8, but got 0.5.`)],
    [{ schema: null }, new TypeError(`${owner}: native.schema must be a number, but got null.`)],
    [
      { zeroThreshold: -1 },
      new RangeError(`${owner}: native.zeroThreshold must be zero or a positive number, but got -1.`),
    ],
    [
      { maxZeroThreshold: Number.POSITIVE_INFINITY },
      new RangeError(`${owner}: native.maxZeroThreshold must be zero or a positive number, but got Infinity.`),
    ],
    [
      { minResetSeconds: Number.NaN },
      new RangeError(`${owner}: native.minResetSeconds must be zero or a positive number, but got NaN.`),
    ],
    [{ minResetSeconds: "60" }, new TypeError(`${owner}: native.minResetSeconds must be a number, but got string.`)],
    [{ maxBuckets: 1.5 }, new RangeError(`${owner}: native.maxBuckets must be a whole number, but got 1.5.`)],
    [{ maxBuckets: -1 }, new RangeError(`${owner}: native.maxBuckets must be a whole number, but got -1.`)],
    [{ exemplars: -1 }, new RangeError(`${owner}: native.exemplars must be a whole number, but got -1.`)],
  ];
  for (const [native, error] of refused) {
    it(`refuses ${JSON.stringify(native)}: ${error.message.slice(owner.length + 2)}`, () => {
      assert.throws(() => size({ native: native as NativeOptions }), error);
    });
  }

  it("is needed where there are no bounds", () => {
    for (const native of [undefined, false] as const) {
      assert.throws(
        () => new Histogram({ name: "h", help: "H.", buckets: [], registers: [], ...(native === false && { native }) }),
        new RangeError('Histogram "h": buckets must have at least one finite bound.'),
      );
    }
  });
});
