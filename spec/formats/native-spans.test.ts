import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { spanBuckets } from "../../lib/formats/native-spans.ts";
import { Random } from "../judges/random.ts";

const buckets = (counts: Readonly<Record<number, number>>) =>
  Object.entries(counts)
    .map(([key, count]) => ({ key: Number(key), count }))
    .sort((a, b) => a.key - b.key);

describe("spanBuckets", () => {
  it("fills gaps of two and opens another span for wider ones", () => {
    const cases: readonly (readonly [Readonly<Record<number, number>>, spans: string, counts: readonly number[]])[] = [
      [{}, "", []],
      [{ 7: 4 }, "7:1", [4]],
      [{ [-2]: 3, [-1]: 5, 2: 1, 4: 3, 5: 2 }, "-2:8", [3, 5, 0, 0, 1, 0, 3, 2]],
      [{ 0: 1, 3: 2, 7: 3 }, "0:4 3:1", [1, 0, 0, 2, 3]],
      [{ [-1000]: 1, 1000: 2 }, "-1000:1 1999:1", [1, 2]],
    ];
    for (const [given, spans, counts] of cases) {
      const spanned = spanBuckets(buckets(given));
      assert.deepEqual(
        [spanned.spans.map(({ offset, length }) => `${offset}:${length}`).join(" "), spanned.counts],
        [spans, counts],
      );
    }
  });

  it("loses nothing", () => {
    const random = new Random(1);
    for (let round = 0; round < 200; round++) {
      let key = random.between(-50, 50);
      const given = Array.from({ length: random.below(30) }, () => {
        key += random.between(1, 6);
        return { key, count: random.between(1, 9) };
      });
      const { spans, counts } = spanBuckets(given);
      const read: { key: number; count: number }[] = [];
      let at = 0;
      let next = 0;
      for (const { offset, length } of spans) {
        next += offset;
        for (let i = 0; i < length; i++) read.push({ key: next++, count: counts[at++] as number });
      }
      assert.equal(at, counts.length);
      assert.deepEqual(
        read.filter(({ count }) => count > 0),
        given,
      );
    }
  });
});
