import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SpannedBuckets } from "../../lib/formats/native-spans.ts";
import { NEGATIVE, POSITIVE } from "../../lib/storage/exponential-block.ts";
import { nativeRow } from "../judges/native-rows.ts";
import { Random } from "../judges/random.ts";

const buckets = (counts: Readonly<Record<number, number>>) =>
  Object.entries(counts)
    .map(([key, count]) => ({ key: Number(key), count }))
    .sort((a, b) => a.key - b.key);

/** What was taken in, as text: the spans, and the counts. */
function shown({ spans, spanCount, counts, length }: SpannedBuckets): string {
  const pairs = Array.from({ length: spanCount }, (_, i) => `${spans[2 * i]}:${spans[2 * i + 1]}`);
  return `${pairs.join(" ")} | ${counts.slice(0, length).join(" ")}`;
}

/** The grouping, bucket by bucket. */
function naively(given: ReturnType<typeof buckets>): string {
  const spans: { offset: number; counts: number[] }[] = [];
  let next = 0;
  for (const { key, count } of given) {
    const gap = key - next;
    if (spans.length === 0 || gap > 2) spans.push({ offset: gap, counts: [count] });
    else spans.at(-1)?.counts.push(...new Array(gap).fill(0), count);
    next = key + 1;
  }
  const pairs = spans.map(({ offset, counts }) => `${offset}:${counts.length}`);
  return `${pairs.join(" ")} | ${spans.flatMap(({ counts }) => counts).join(" ")}`;
}

const block = (positive: ReturnType<typeof buckets>, negative: ReturnType<typeof buckets>, padding: number) =>
  nativeRow({ schema: 0, zeroThreshold: 0, zeroCount: 0, positive, negative }, padding).block;

describe("SpannedBuckets", () => {
  it("fills gaps of two and opens another span for wider ones", () => {
    const cases: readonly (readonly [Readonly<Record<number, number>>, spans: string, counts: readonly number[]])[] = [
      [{}, "", []],
      [{ 7: 4 }, "7:1", [4]],
      [{ 0: 1 }, "0:1", [1]],
      [{ 1: 1, 2: 5 }, "1:2", [1, 5]],
      [{ [-2]: 3, [-1]: 5, 2: 1, 4: 3, 5: 2 }, "-2:8", [3, 5, 0, 0, 1, 0, 3, 2]],
      [{ 0: 1, 3: 2, 7: 3 }, "0:4 3:1", [1, 0, 0, 2, 3]],
      [{ [-1000]: 1, 1000: 2 }, "-1000:1 1999:1", [1, 2]],
    ];
    for (const [given, spans, counts] of cases) {
      const expected = `${spans} | ${counts.join(" ")}`;
      assert.equal(shown(new SpannedBuckets().take(buckets(given))), expected);
      for (const padding of [0, 1, 2, 3, 20]) {
        const side = new SpannedBuckets().takeSide(block(buckets(given), [], padding), POSITIVE);
        assert.equal(shown(side), expected, `padding ${padding}`);
      }
    }
  });

  it("gives the memory of very many back with the next", () => {
    const spanned = new SpannedBuckets();
    for (const [length, room] of [
      [1, 256],
      [100, 600],
      [40_000, 120_000],
      [30_000, 120_000],
      [10, 256],
    ] as const) {
      const many = Array.from({ length }, (_, i) => ({ key: 3 * i, count: 1 + i }));
      assert.equal(shown(spanned.take(many)), naively(many));
      assert.deepEqual([spanned.counts.length, spanned.spans.length], [room, 2 * room]);
    }
  });

  it("groups the buckets of either sign as they would be one by one, whatever it had before", () => {
    const random = new Random(1);
    const spanned = new SpannedBuckets();
    for (let round = 0; round < 100; round++) {
      const side = () => {
        let key = random.between(-50, 50);
        return Array.from({ length: random.below(round % 50 === 0 ? 2000 : 30) }, () => {
          key += random.between(1, random.pick([1, 3, 6, 500]));
          return { key, count: random.pick([1, 2, 1000, 2 ** 53]) };
        });
      };
      const [positive, negative] = [side(), side()];
      const both = block(positive, negative, random.below(5));
      assert.equal(shown(spanned.take(positive)), naively(positive));
      assert.equal(shown(spanned.takeSide(both, POSITIVE)), naively(positive));
      assert.equal(shown(spanned.takeSide(both, NEGATIVE)), naively(negative));
    }
  });
});
