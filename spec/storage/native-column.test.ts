import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NATIVE_MAX_LENGTH, type NativeSettings } from "../../lib/storage/native-buckets.ts";
import { NativeColumn } from "../../lib/storage/native-column.ts";
import { nativeHistogram } from "../../lib/storage/native-row.ts";
import { NaiveNative, naiveKey, naiveUpperBound } from "../judges/naive-native.ts";
import { Random } from "../judges/random.ts";
import { FakeTime } from "./fake-time.ts";

const defaults: NativeSettings = {
  schema: 3,
  zeroThreshold: 0,
  maxBuckets: 0,
  minResetSeconds: 0,
  maxZeroThreshold: 0,
  exemplars: 10,
};

/** A family of native histograms, with the times at which its rows began anew. */
function column(settings: Partial<NativeSettings> = {}) {
  const time = new FakeTime(0);
  const resets: [row: number, ms: number][] = [];
  const natives = new NativeColumn({
    ...time,
    settings: { ...defaults, ...settings },
    rowShift: 4,
    now: time.now,
    onReset: (row) => resets.push([row, time.nowMs]),
  });
  const observe = (row: number, ...values: number[]) => {
    for (const value of values) natives.at(row)?.observe(value);
  };
  /** What a row has counted, as plain data. */
  const counted = (row: number) => {
    const buckets = natives.at(row);
    return buckets && nativeHistogram(buckets);
  };
  return { time, resets, natives, observe, counted };
}

const bucket = (key: number, count: number) => ({ key, count });

describe("NativeBuckets", () => {
  it("puts numbers into the buckets of the reference, at every bound and beside it", () => {
    for (let schema = -4; schema <= 8; schema++) {
      const { natives, observe, counted } = column({ schema });
      natives.create(0);
      const expected = new Map<number, number>();
      const keys = schema <= 0 ? [-3, -1, 0, 1, 2, 7] : [-600, -257, -256, -1, 0, 1, 2, 255, 256, 257, 900];
      for (const key of keys) {
        const bound = naiveUpperBound(key, schema);
        if (bound === 0 || bound === Number.POSITIVE_INFINITY) continue;
        for (const value of [bound, bound * (1 + 2 ** -52), bound * (1 - 2 ** -53)]) {
          observe(0, value, -value);
          const its = naiveKey(value, schema);
          expected.set(its, (expected.get(its) ?? 0) + 1);
        }
        assert.equal(naiveKey(bound, schema), key);
      }
      const sorted = [...expected].sort(([a], [b]) => a - b).map(([key, count]) => bucket(key, count));
      const { positive, negative } = counted(0) as { positive: object; negative: object };
      assert.deepEqual({ schema, positive, negative }, { schema, positive: sorted, negative: sorted });
    }
  });

  it("takes subnormals, the least and the greatest double, and counts zero and what is as good as it apart", () => {
    const { natives, observe, counted } = column({ schema: 0, zeroThreshold: 2 ** -1070 });
    natives.create(0);
    observe(0, 0, -0, 5e-324, 2 ** -1070, -(2 ** -1070), 2 ** -1069, -(2 ** -1022), Number.MAX_VALUE);
    assert.deepEqual(counted(0), {
      schema: 0,
      zeroThreshold: 2 ** -1070,
      zeroCount: 5,
      positive: [bucket(-1069, 1), bucket(1024, 1)],
      negative: [bucket(-1022, 1)],
    });
  });

  it("halves the resolution when there are too many buckets, once an observation", () => {
    const { natives, observe, counted } = column({ schema: 1, maxBuckets: 3 });
    natives.create(0);
    observe(0, 1, 2, 4);
    assert.equal(counted(0)?.schema, 1);
    observe(0, 8);
    // Still four: 1, 2, 4 and 8 lie in buckets of their own at schema 0, too.
    assert.deepEqual([counted(0)?.schema, counted(0)?.positive.length], [0, 4]);
    observe(0, 8);
    assert.deepEqual(counted(0), {
      schema: -1,
      zeroThreshold: 0,
      zeroCount: 0,
      positive: [bucket(0, 1), bucket(1, 2), bucket(2, 2)],
      negative: [],
    });
    observe(0, 8);
    assert.equal(counted(0)?.schema, -1);
  });

  it("widens the zero bucket before, as far as it may, by the bucket of either sign that is next to it", () => {
    const { natives, observe, counted } = column({ schema: 0, maxBuckets: 2, maxZeroThreshold: 0.5 });
    natives.create(0);
    observe(0, 8, -0.25, 0.25, -8);
    assert.deepEqual(counted(0), {
      schema: 0,
      zeroThreshold: 0.25,
      zeroCount: 2,
      positive: [bucket(3, 1)],
      negative: [bucket(3, 1)],
    });
    observe(0, 0.4);
    assert.deepEqual([counted(0)?.zeroThreshold, counted(0)?.zeroCount], [0.5, 3]);
    observe(0, 0.6);
    assert.deepEqual([counted(0)?.zeroThreshold, counted(0)?.schema], [0.5, -1]);
  });

  it("stays at the coarsest resolution when nothing more can be done", () => {
    const { natives, observe, counted } = column({ schema: -4, maxBuckets: 1 });
    natives.create(0);
    observe(0, 1, 1e6, 1e12, 1e6);
    assert.deepEqual(counted(0)?.positive, [bucket(0, 1), bucket(2, 2), bucket(3, 1)]);
  });

  it("begins anew where it is old enough, with the observation that was too many", () => {
    const { natives, observe, time, resets, counted } = column({ schema: 2, maxBuckets: 2, minResetSeconds: 60 });
    natives.create(0);
    observe(0, 1, 2);
    time.block(60_000);
    observe(0, 4);
    assert.deepEqual(resets, [[0, 60_000]]);
    assert.deepEqual(counted(0)?.positive, [bucket(8, 1)]);
    assert.equal(time.waiting, 0);
  });

  it("makes do with less until it is old enough, and then begins anew without an observation", () => {
    const { natives, observe, time, resets, counted } = column({ schema: 2, maxBuckets: 2, minResetSeconds: 60 });
    natives.create(0);
    time.pass(10_000);
    observe(0, 1, 2, 4, 4, 4);
    assert.deepEqual([counted(0)?.schema, resets, time.waiting, time.unrefs], [-1, [], 1, 1]);
    time.pass(49_999);
    assert.deepEqual(resets, []);
    time.pass(1);
    assert.deepEqual([resets, time.waiting], [[[0, 60_000]], 0]);
    assert.deepEqual(counted(0), { schema: 2, zeroThreshold: 0, zeroCount: 0, positive: [], negative: [] });
    // Not again before another minute is over.
    observe(0, 1, 2, 4);
    assert.deepEqual([counted(0)?.schema, time.waiting], [1, 1]);
  });

  it("keeps its memory bounded, whatever the range of the numbers", () => {
    const { natives, observe, counted } = column({ schema: 8 });
    natives.create(0);
    observe(0, 1e-300, 1e300, 5e-324, Number.MAX_VALUE);
    assert.equal(counted(0)?.schema, 3);
    assert.equal((natives.at(0)?.block.length ?? 0) <= NATIVE_MAX_LENGTH + 9, true);
  });

  it("counts what the reference counts, through resets, wider zero buckets and coarser resolutions", () => {
    for (let seed = 0; seed < 150; seed++) {
      const random = new Random(seed);
      const limits = {
        schema: random.between(-4, 8),
        zeroThreshold: random.pick([0, 2 ** -128, 1e-3, 0.3]),
        maxBuckets: random.pick([0, 1, 4, 20, 160]),
        minResetSeconds: random.pick([0, 0, 5, 30]),
        maxZeroThreshold: random.pick([0, 0.01, 1, 100]),
      };
      const { natives, observe, time, resets, counted } = column(limits);
      natives.create(3);
      const naive = new NaiveNative(limits, 0);
      const orders = random.pick([1, 4, 12]);
      for (let step = 0; step < 250; step++) {
        const passed = random.pick([0, 0, 100, 2000]);
        time.pass(passed);
        naive.tick(time.nowMs);
        const value = random.chance(0.05) ? 0 : random.pick([-1, 1, 1, 1]) * 10 ** (orders * (random.next() - 0.5));
        observe(3, value);
        naive.observe(value, time.nowMs);
        assert.deepEqual(counted(3), naive.value, `seed ${seed}, step ${step}`);
        assert.equal(resets.at(-1)?.[1] ?? 0, naive.createdMs, `seed ${seed}, step ${step}`);
      }
    }
  });
});

describe("NativeColumn", () => {
  it("has a native histogram for each row that was made, and forgets it with the row", () => {
    const { natives, observe, time, counted } = column({ schema: 2, maxBuckets: 2, minResetSeconds: 60 });
    natives.create(1);
    natives.create(17);
    observe(17, 1, 2, 4);
    assert.deepEqual([counted(0), counted(1)?.positive, counted(17)?.positive.length], [undefined, [], 3]);
    assert.equal(time.waiting, 1);
    natives.remove(17);
    natives.remove(17);
    assert.deepEqual([natives.at(17), time.waiting], [undefined, 0]);
    natives.create(17);
    assert.deepEqual(counted(17)?.positive, []);
  });

  it("lets series begin anew at a scrape whose timers are late", () => {
    const { natives, observe, time, resets } = column({ schema: 2, maxBuckets: 2, minResetSeconds: 60 });
    for (const row of [0, 1, 2]) {
      natives.create(row);
      time.block(20_000);
    }
    for (const row of [0, 1, 2]) observe(row, 1, 2, 4);
    assert.deepEqual([resets, time.waiting], [[[0, 60_000]], 2]);
    time.block(30_000);
    natives.resetDue();
    assert.deepEqual(
      [resets, time.waiting],
      [
        [
          [0, 60_000],
          [1, 90_000],
        ],
        1,
      ],
    );
    time.fireAll();
    assert.equal(resets.length, 2);
    time.pass(10_000);
    assert.deepEqual(resets.at(-1), [2, 100_000]);
  });

  it("waits longer than a timer can", () => {
    const { natives, observe, time, resets } = column({ schema: 2, maxBuckets: 2, minResetSeconds: 5e6 });
    natives.create(0);
    observe(0, 1, 2, 4);
    time.pass(4_999_999_999);
    assert.deepEqual([resets, Math.max(...time.delays)], [[], 2 ** 31 - 1]);
    time.pass(1);
    assert.deepEqual(resets, [[0, 5e9]]);
  });
});
