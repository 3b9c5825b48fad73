import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { forEachBucket, NEGATIVE, POSITIVE } from "../../lib/storage/exponential-block.ts";
import { ExponentialBuckets, type ExponentialBucketsOptions } from "../../lib/storage/exponential-buckets.ts";
import { exponentialKeys } from "../../lib/storage/exponential-keys.ts";
import { Random } from "../judges/random.ts";
import { assertQuantiles, shapes, someQuantiles } from "./quantile-judge.ts";

/** What buckets have counted, as plain data. */
interface Counts {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly positive: readonly (readonly [key: number, count: number])[];
  readonly negative: readonly (readonly [key: number, count: number])[];
}

function countsOf(buckets: ExponentialBuckets): Counts {
  const positive: [number, number][] = [];
  const negative: [number, number][] = [];
  forEachBucket(buckets.block, POSITIVE, (key, count) => void positive.push([key, count]));
  forEachBucket(buckets.block, NEGATIVE, (key, count) => void negative.push([key, count]));
  const { schema, zeroThreshold, zeroCount } = buckets;
  return { schema, zeroThreshold, zeroCount, positive, negative };
}

/** The judge: the same counts, in two maps that take any key. */
function slowCounts(values: readonly number[], schema: number, zeroThreshold = 0): Counts {
  const keys = exponentialKeys(schema);
  const positive = new Map<number, number>();
  const negative = new Map<number, number>();
  let zeroCount = 0;
  for (const value of values) {
    if (Math.abs(value) <= zeroThreshold) {
      zeroCount++;
      continue;
    }
    const side = value > 0 ? positive : negative;
    const key = keys.keyOf(Math.abs(value));
    side.set(key, (side.get(key) ?? 0) + 1);
  }
  const sorted = (side: Map<number, number>) => [...side].sort(([a], [b]) => a - b);
  return { schema, zeroThreshold, zeroCount, positive: sorted(positive), negative: sorted(negative) };
}

function counting(values: readonly number[], options: ExponentialBucketsOptions): ExponentialBuckets {
  const buckets = new ExponentialBuckets(options);
  for (const value of values) buckets.observe(value);
  return buckets;
}

/** Numbers of both signs and zero, over some orders of magnitude. */
function someNumbers(random: Random, count: number, orders: number): number[] {
  return Array.from({ length: count }, () => random.pick([-1, 0, 1, 1]) * 10 ** (orders * (random.next() - 0.5)));
}

/** A factory that remembers what it made. */
function recordingPages(): { pages: (cells: number) => Float64Array; made: Float64Array[] } {
  const made: Float64Array[] = [];
  const pages = (cells: number) => {
    const page = new Float64Array(cells);
    made.push(page);
    return page;
  };
  return { pages, made };
}

describe("ExponentialBuckets", () => {
  it("counts as two maps from key to count would", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(seed);
      const schema = random.between(-4, 8);
      const zeroThreshold = random.pick([0, 0, 2 ** -10, 0.1]);
      const values = someNumbers(random, 400, random.pick([1, 6, 40]));
      const buckets = counting(values, { schema, zeroThreshold });
      assert.deepEqual(countsOf(buckets), slowCounts(values, schema, zeroThreshold), `seed ${seed}`);
      assert.equal(buckets.count, values.length);
      assert.equal(buckets.min, Math.min(...values));
      assert.equal(buckets.max, Math.max(...values));
    }
  });

  it("counts every finite number, the least and the greatest too", () => {
    const values = [0, -0, Number.MIN_VALUE, -Number.MIN_VALUE, 2 ** -1022, 1, -1, Number.MAX_VALUE, -Number.MAX_VALUE];
    for (const schema of [-4, 0, 8]) {
      assert.deepEqual(countsOf(counting(values, { schema })), slowCounts(values, schema));
    }
  });

  it("tells when a bucket counts that was empty, and how many do", () => {
    const random = new Random(1);
    const seen = new Set<string>();
    const buckets = new ExponentialBuckets({ schema: 2, zeroThreshold: 0.01 });
    for (const value of someNumbers(random, 500, 5)) {
      const isZero = Math.abs(value) <= 0.01;
      const bucket = `${Math.sign(value)} ${isZero ? "" : exponentialKeys(2).keyOf(Math.abs(value))}`;
      assert.equal(buckets.observe(value), !isZero && !seen.has(bucket), String(value));
      if (!isZero) seen.add(bucket);
      assert.equal(buckets.populated, seen.size);
    }
  });

  it("replaces its block as a whole, and leaves the counts of the one before as they were", () => {
    const { pages, made } = recordingPages();
    const buckets = counting([1, 1, -2], { schema: 6, pages });
    for (const change of [
      () => buckets.observe(1e6),
      () => buckets.reduce(),
      () => buckets.widenZero(1.5),
      () => buckets.merge(counting([1e9], { schema: 6 })),
      () => buckets.reset(),
    ]) {
      const { block } = buckets;
      // From the layout on; the least and the greatest number stand before it.
      const before = block.slice(5);
      change();
      assert.deepEqual(block.slice(5), before, String(change));
      assert.notEqual(buckets.block, block, String(change));
      assert.equal(made.at(-1), buckets.block);
    }
  });

  it("asks for no memory while numbers fall into the buckets it has", () => {
    const { pages, made } = recordingPages();
    const buckets = new ExponentialBuckets({ schema: 6, pages });
    const random = new Random(2);
    const value = () => 10 ** random.next();
    for (let i = 0; i < 5_000; i++) buckets.observe(value());
    const { length } = made;
    assert.ok(length < 20, `${length} blocks`);
    for (let i = 0; i < 5_000; i++) buckets.observe(value());
    buckets.reset();
    for (let i = 0; i < 5_000; i++) buckets.observe(value());
    assert.equal(made.length, length);
    assert.equal(buckets.bytes, buckets.block.byteLength);
  });

  it("asks for memory seldom though each number is greater than all before", () => {
    for (const maxLength of [Number.POSITIVE_INFINITY, 1280]) {
      const { pages, made } = recordingPages();
      const buckets = new ExponentialBuckets({ schema: 6, maxLength, pages });
      for (let i = 0; i < 1_000; i++) buckets.observe(1.01 ** i);
      assert.ok(buckets.populated > 900 && made.length < 50, `${made.length} blocks for ${buckets.populated} buckets`);
    }
  });

  it("keeps all in its block: a copy of that, merged, gives the same counts", () => {
    const original = counting(someNumbers(new Random(3), 300, 8), { schema: 5, zeroThreshold: 0.001 });
    const copy = new ExponentialBuckets({ schema: 8 });
    copy.mergeBlock(original.block.slice());
    assert.deepEqual(countsOf(copy), countsOf(original));
    assert.deepEqual([copy.min, copy.max], [original.min, original.max]);
  });

  it("forgets all at a reset, and begins with the schema and zero threshold it was made with", () => {
    for (const spoil of [
      () => {},
      (buckets: ExponentialBuckets) => buckets.reduce(),
      (buckets: ExponentialBuckets) => buckets.widenZero(0.5),
    ]) {
      const buckets = counting([1, 2, 0, -3], { schema: 4, zeroThreshold: 0.25 });
      spoil(buckets);
      buckets.reset();
      assert.deepEqual(countsOf(buckets), slowCounts([], 4, 0.25));
      assert.deepEqual(
        [buckets.count, buckets.min, buckets.max],
        [0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
      );
      buckets.observe(7);
      assert.deepEqual(countsOf(buckets), slowCounts([7], 4, 0.25));
    }
  });

  describe("reduce", () => {
    it("leaves what would have been counted at half of the resolution", () => {
      const values = someNumbers(new Random(4), 500, 12);
      const buckets = counting(values, { schema: 8 });
      for (let schema = 7; schema >= -4; schema--) {
        buckets.reduce();
        assert.deepEqual(countsOf(buckets), slowCounts(values, schema));
      }
      buckets.reduce();
      assert.deepEqual(countsOf(buckets), slowCounts(values, -4));
    });

    it("leaves a zero threshold alone, even one inside a bucket", () => {
      const values = [0.01, 0.011, 0.02];
      const buckets = counting(values, { schema: 8, zeroThreshold: 0.01 });
      buckets.reduce();
      buckets.reduce();
      assert.deepEqual(countsOf(buckets), slowCounts(values, 6, 0.01));
    });
  });

  describe("maxLength", () => {
    it("halves the resolution once the buckets of one sign span more", () => {
      // At schema 6 ten powers of two span 640 buckets and one more that ends at the first.
      const buckets = counting([1, -1, -(2 ** 5)], { schema: 6, maxLength: 640 });
      buckets.observe(2 ** 10 * 0.98);
      assert.equal(buckets.schema, 6);
      buckets.observe(2 ** 10);
      assert.equal(buckets.schema, 5);
      buckets.observe(-(2 ** 10));
      assert.deepEqual(countsOf(buckets), slowCounts([1, -1, -(2 ** 5), 2 ** 10 * 0.98, 2 ** 10, -(2 ** 10)], 5));
    });

    it("bounds the memory, whatever is observed and merged", () => {
      for (let seed = 0; seed < 40; seed++) {
        const random = new Random(seed);
        const maxLength = random.pick([132, 160, 1280]);
        const buckets = new ExponentialBuckets({ schema: random.between(-4, 8), maxLength });
        const values: number[] = [];
        for (let i = 0; i < 30; i++) {
          const more = Array.from({ length: 10 }, () => random.double());
          values.push(...more);
          if (random.chance(0.5)) buckets.merge(counting(more, { schema: random.between(-4, 8), maxLength: 5_000 }));
          else for (const value of more) buckets.observe(value);
          assert.ok(buckets.bytes <= 8 * (9 + 2 * maxLength), `seed ${seed}: ${buckets.bytes} bytes`);
        }
        assert.deepEqual(countsOf(buckets), slowCounts(values, buckets.schema), `seed ${seed}`);
      }
    });

    it("holds all finite numbers in the fewest buckets allowed", () => {
      const values = [Number.MIN_VALUE, Number.MAX_VALUE, -Number.MIN_VALUE, -Number.MAX_VALUE];
      assert.deepEqual(countsOf(counting(values, { schema: 8, maxLength: 132 })), slowCounts(values, -4));
    });

    it("is refused where it is less than that", () => {
      for (const maxLength of [131, 0, Number.NaN]) {
        assert.throws(() => new ExponentialBuckets({ schema: 0, maxLength }), {
          name: "RangeError",
          message: `maxLength must be at least 132, but got ${maxLength}.`,
        });
      }
    });
  });

  describe("merge", () => {
    it("equals counting in one place, at the coarser of both schemas", () => {
      for (let seed = 0; seed < 80; seed++) {
        const random = new Random(seed);
        const zeroThreshold = random.pick([0, 2 ** -20]);
        const parts = Array.from({ length: random.between(1, 6) }, () => ({
          schema: random.between(-4, 8),
          values: someNumbers(random, random.below(200), random.pick([1, 6, 20])).map(
            (v) => v * 10 ** random.between(-3, 3),
          ),
        }));
        const merged = new ExponentialBuckets({ schema: 8, zeroThreshold });
        for (const { schema, values } of parts) {
          const part = counting(values, { schema, zeroThreshold });
          const before = part.block.slice();
          merged.merge(part);
          assert.deepEqual(part.block, before);
        }
        const all = parts.flatMap(({ values }) => values);
        const schema = Math.min(...parts.map((part) => part.schema));
        assert.deepEqual(countsOf(merged), slowCounts(all, schema, zeroThreshold), `seed ${seed}`);
        assert.deepEqual([merged.min, merged.max], [Math.min(...all), Math.max(...all)]);
      }
    });

    it("takes the wider of two zero buckets, and counts as zero what lies in it", () => {
      const narrow = counting([0, 0.1, 0.25, 0.3, -0.2, 5], { schema: 0 });
      const wide = counting([0.2, 0.25, 3], { schema: 0, zeroThreshold: 0.25 });
      for (const [one, other] of [
        [narrow, wide],
        [wide, narrow],
      ] as const) {
        const merged = new ExponentialBuckets({ schema: 0 });
        merged.merge(one);
        merged.merge(other);
        const all = [0, 0.1, 0.25, 0.3, -0.2, 5, 0.2, 0.25, 3];
        assert.deepEqual(countsOf(merged), slowCounts(all, 0, 0.25));
      }
    });

    it("widens the zero bucket further where it would cut through a populated bucket", () => {
      // 0.3 lies in the bucket (0.25, 0.5], where the other has counted 0.26.
      const merged = counting([0.26, 0.7, -2], { schema: 0 });
      merged.merge(counting([0.1, 0.6, 0.7], { schema: 0, zeroThreshold: 0.3 }));
      assert.deepEqual(countsOf(merged), slowCounts([0.26, 0.7, -2, 0.1, 0.6, 0.7], 0, 0.5));
      // It does so for negative numbers as well.
      const mirrored = counting([-0.26], { schema: 0 });
      mirrored.merge(counting([0.1], { schema: 0, zeroThreshold: 0.3 }));
      assert.deepEqual(countsOf(mirrored), slowCounts([-0.26, 0.1], 0, 0.5));
    });

    it("leaves a zero bucket that cuts through nobody else's bucket, though it does through one of its own", () => {
      const merged = counting([2], { schema: 0 });
      merged.merge(counting([0.1, 0.4], { schema: 0, zeroThreshold: 0.3 }));
      assert.deepEqual(countsOf(merged), slowCounts([2, 0.1, 0.4], 0, 0.3));
    });

    it("loses no number where schemas and zero thresholds all differ, in whatever order", () => {
      for (let seed = 0; seed < 60; seed++) {
        const random = new Random(seed);
        const merged = new ExponentialBuckets({ schema: 8, maxLength: random.pick([132, 2_000]) });
        let count = 0;
        let threshold = 0;
        for (let i = 0; i < 5; i++) {
          const zeroThreshold = random.pick([0, 1e-3, 0.01, 0.3, 2 ** -4]);
          const values = someNumbers(random, 100, 6);
          merged.merge(counting(values, { schema: random.between(-4, 8), zeroThreshold }));
          count += values.length;
          threshold = Math.max(threshold, zeroThreshold);
          assert.equal(merged.count, count);
          assert.ok(merged.zeroThreshold >= threshold);
          // What is beyond the zero bucket is in buckets that end beyond it.
          const keys = exponentialKeys(merged.schema);
          const check = (key: number) => assert.ok(keys.upperBound(key) > merged.zeroThreshold, `seed ${seed}`);
          forEachBucket(merged.block, POSITIVE, check);
          forEachBucket(merged.block, NEGATIVE, check);
        }
      }
    });
  });

  describe("widenZero", () => {
    it("counts as zero what is up to the threshold", () => {
      const values = [0, 0.4, -0.5, 0.6, -0.7, 3];
      const buckets = counting(values, { schema: 3 });
      buckets.widenZero(0.5);
      assert.deepEqual(countsOf(buckets), slowCounts(values, 3, 0.5));
      buckets.observe(-0.45);
      buckets.widenZero(0.25);
      assert.deepEqual(countsOf(buckets), slowCounts([...values, -0.45], 3, 0.5));
    });

    it("takes the whole of a populated bucket that the threshold lies in", () => {
      const buckets = counting([0.9, 1.1, 1.9], { schema: 0 });
      buckets.widenZero(1.5);
      assert.deepEqual(countsOf(buckets), slowCounts([0.9, 1.1, 1.9], 0, 2));
    });
  });

  it("has what client_golang's way of limiting native buckets needs", () => {
    const maxBuckets = 20;
    const maxZeroThreshold = 0.01;
    for (let seed = 0; seed < 20; seed++) {
      const random = new Random(seed);
      const buckets = new ExponentialBuckets({ schema: 8, zeroThreshold: 1e-6 });
      // The judge has the steps in their order too, but on the numbers themselves.
      const values: number[] = [];
      let judge = slowCounts([], 8, 1e-6);
      for (const value of someNumbers(random, 300, 8)) {
        if (buckets.observe(value) && buckets.populated > maxBuckets) {
          const nearest = nearestBound(countsOf(buckets));
          if (nearest <= maxZeroThreshold) buckets.widenZero(nearest);
          else buckets.reduce();
        }
        values.push(value);
        const wasPopulated = judge.positive.length + judge.negative.length;
        judge = slowCounts(values, judge.schema, judge.zeroThreshold);
        const populated = judge.positive.length + judge.negative.length;
        if (populated > wasPopulated && populated > maxBuckets) {
          const nearest = nearestBound(judge);
          judge =
            nearest <= maxZeroThreshold
              ? slowCounts(values, judge.schema, nearest)
              : slowCounts(values, Math.max(-4, judge.schema - 1), judge.zeroThreshold);
        }
        assert.deepEqual(countsOf(buckets), judge, `seed ${seed}`);
      }
    }
  });

  describe("quantiles", () => {
    for (const [shape, draw] of Object.entries(shapes)) {
      it(`are told to within 0.55 % at schema 6 where observations are ${shape}`, () => {
        for (const count of [1, 2, 3, 10, 100, 20_000]) {
          const random = new Random(count);
          const values = Array.from({ length: Math.min(count, shape.startsWith("sorted") ? 1_000 : count) }, (_, i) =>
            draw(random, i),
          );
          const told = new Float64Array(someQuantiles.length);
          counting(values, { schema: 6, maxLength: 1280 }).quantiles(someQuantiles, told);
          assertQuantiles(values, someQuantiles, told, 0.0055);
        }
      });
    }

    it("are as near as the schema allows, at each", () => {
      for (let schema = -4; schema <= 8; schema++) {
        const base = 2 ** (2 ** -schema);
        const values = someNumbers(new Random(schema + 100), 1_000, 20);
        const told = new Float64Array(someQuantiles.length);
        counting(values, { schema }).quantiles(someQuantiles, told);
        assertQuantiles(values, someQuantiles, told, (base - 1) / (base + 1) + 1e-12);
      }
    });

    it("are exact where all observations are equal, and at both ends", () => {
      const constant = counting(Array(50).fill(0.1), { schema: 6 });
      assert.deepEqual(
        someQuantiles.map((q) => constant.quantile(q)),
        someQuantiles.map(() => 0.1),
      );
      const values = someNumbers(new Random(8), 100, 6);
      const buckets = counting(values, { schema: 0 });
      assert.deepEqual([buckets.quantile(0), buckets.quantile(1)], [Math.min(...values), Math.max(...values)]);
    });

    it("lie between the least and the greatest observation, and increase", () => {
      const random = new Random(9);
      const qs = Array.from({ length: 101 }, (_, i) => i / 100);
      for (let schema = -4; schema <= 8; schema++) {
        const values = someNumbers(random, 50, 3);
        const told = new Float64Array(qs.length);
        counting(values, { schema }).quantiles(qs, told);
        assert.deepEqual(told, told.slice().sort());
        assert.ok((told[0] as number) >= Math.min(...values) && (told[100] as number) <= Math.max(...values));
      }
    });

    it("are told alike in any order, and where they are wanted", () => {
      const buckets = counting(someNumbers(new Random(10), 500, 4), { schema: 6 });
      const qs = [0.9, 0.1, 0.5, 0.5, 0.99, 0];
      const into = new Float64Array(qs.length + 2).fill(-1);
      buckets.quantiles(qs, into, 1);
      assert.deepEqual([...into], [-1, ...qs.map((q) => buckets.quantile(q)), -1]);
    });

    it("count ranks by the decimals that were written, not by their rounding", () => {
      // 0.55 · 100 is a little more than 55 in doubles, and 0.07 · 100 more than 7.
      const buckets = counting(
        Array.from({ length: 100 }, (_, i) => 2 ** (i + 1)),
        { schema: 0 },
      );
      const told = [0.07, 0.55, 0.56].map((q) => Math.ceil(Math.log2(buckets.quantile(q))));
      assert.deepEqual(told, [7, 55, 56]);
    });

    it("are NaN where nothing was observed", () => {
      const buckets = new ExponentialBuckets({ schema: 6 });
      assert.deepEqual(
        [0, 0.5, 1].map((q) => buckets.quantile(q)),
        [Number.NaN, Number.NaN, Number.NaN],
      );
    });

    it("are zero for numbers in the zero bucket, and never −0", () => {
      const buckets = counting([-0, -1e-9, 1e-9, 1e-9, 5], { schema: 6, zeroThreshold: 1e-6 });
      assert.deepEqual([buckets.quantile(0.5), buckets.quantile(0.7)], [0, 0]);
      assert.deepEqual(counting([-0], { schema: 6 }).quantile(0), 0);
    });
  });
});

/** The upper bound of the populated bucket that is nearest to zero, of either sign. */
function nearestBound({ schema, positive, negative }: Counts): number {
  const keys = [...positive, ...negative].map(([key]) => key);
  return exponentialKeys(schema).upperBound(Math.min(...keys));
}

describe("ExponentialBuckets.takeBack", () => {
  it("leaves the counts as if the number had never been counted", () => {
    for (const last of [3, -3, 0, 1e-9, 1e9, -1e-300]) {
      const options = { schema: 3, zeroThreshold: 1e-6 };
      const [one, judge] = [new ExponentialBuckets(options), new ExponentialBuckets(options)];
      for (const value of [1, 3, 3, -5, 0, 1e-8]) for (const buckets of [one, judge]) buckets.observe(value);
      one.observe(last);
      one.takeBack(last);
      const counts = (buckets: ExponentialBuckets) => {
        const all: [string, number, number][] = [["zero", 0, buckets.zeroCount]];
        forEachBucket(buckets.block, POSITIVE, (key, count) => all.push(["+", key, count]));
        forEachBucket(buckets.block, NEGATIVE, (key, count) => all.push(["-", key, count]));
        return all;
      };
      assert.deepEqual(counts(one), counts(judge));
    }
  });
});
