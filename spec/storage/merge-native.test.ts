import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { NativeHistogram } from "../../lib/model/family.ts";
import { forEachBucket, NEGATIVE, POSITIVE } from "../../lib/storage/exponential-block.ts";
import { ExponentialBuckets } from "../../lib/storage/exponential-buckets.ts";
import { mergeNative } from "../judges/merge-native.ts";
import { Random } from "../judges/random.ts";

function valueOfBuckets(buckets: ExponentialBuckets): NativeHistogram {
  const positive: { key: number; count: number }[] = [];
  const negative: { key: number; count: number }[] = [];
  forEachBucket(buckets.block, POSITIVE, (key, count) => positive.push({ key, count }));
  forEachBucket(buckets.block, NEGATIVE, (key, count) => negative.push({ key, count }));
  const { schema, zeroThreshold, zeroCount } = buckets;
  return { schema, zeroThreshold, zeroCount, positive, negative };
}

const empty = { schema: 0, zeroThreshold: 0, zeroCount: 0, positive: [], negative: [] } satisfies NativeHistogram;

describe("mergeNative", () => {
  it("adds counts at the coarser schema and with the wider zero bucket", () => {
    const a: NativeHistogram = {
      schema: 1,
      zeroThreshold: 0.5,
      zeroCount: 1,
      positive: [
        { key: 1, count: 2 },
        { key: 2, count: 3 },
      ],
      negative: [{ key: 0, count: 1 }],
    };
    const b: NativeHistogram = {
      ...empty,
      zeroCount: 2,
      positive: [
        { key: -3, count: 4 },
        { key: 1, count: 5 },
      ],
    };
    assert.deepEqual(mergeNative([a, b]), {
      schema: 0,
      zeroThreshold: 0.5,
      zeroCount: 7,
      positive: [{ key: 1, count: 10 }],
      negative: [{ key: 0, count: 1 }],
    });
    assert.deepEqual(mergeNative([a]), a);
  });

  it("raises the zero threshold to the end of a populated bucket that it would divide", () => {
    const wide = { ...empty, zeroThreshold: 0.3, positive: [{ key: -1, count: 1 }] };
    const narrow = { ...empty, positive: [{ key: -1, count: 2 }] };
    assert.deepEqual(mergeNative([wide, narrow]), { ...empty, zeroThreshold: 0.5, zeroCount: 3 });
    assert.deepEqual(mergeNative([wide, empty]), wide);
  });

  it("keeps exemplars of all, spread over the values", () => {
    const at = (value: number) => ({ labels: { id: `${value}` }, value, timestampMs: 1 });
    const [a, b] = [[1, 2, 3, 4, 5, 6].map(at), [10, 20, 30, 40, 50, 60].map(at)];
    const { exemplars = [] } = mergeNative([
      { ...empty, exemplars: a },
      { ...empty, exemplars: b },
    ]);
    assert.equal(exemplars.length, 10);
    assert.deepEqual(
      exemplars,
      exemplars.toSorted((x, y) => x.value - y.value),
    );
  });

  it("comes to what counting everything in one place and merging blocks come to", () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new Random(seed);
      const parts = Array.from({ length: random.between(1, 4) }, () => {
        const buckets = new ExponentialBuckets({
          schema: random.between(-4, 8),
          zeroThreshold: random.pick([0, 0, 1e-3, 0.3, 1]),
        });
        for (let i = random.below(60); i > 0; i--) {
          buckets.observe(random.pick([-1, 0, 1, 1]) * 10 ** (6 * (random.next() - 0.5)));
        }
        return buckets;
      });
      const merged = mergeNative(parts.map(valueOfBuckets));
      const total = parts.reduce((sum, { count }) => sum + count, 0);
      const counts = [...merged.positive, ...merged.negative].reduce((sum, { count }) => sum + count, merged.zeroCount);
      assert.equal(counts, total);
      if (parts.length > 2) continue;
      const [first, second] = parts as [ExponentialBuckets, ExponentialBuckets | undefined];
      if (second !== undefined) first.merge(second);
      assert.deepEqual(merged, valueOfBuckets(first), `seed ${seed}`);
    }
  });
});
