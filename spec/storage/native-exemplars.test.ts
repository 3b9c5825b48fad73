import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NativeExemplars, type TimedExemplar } from "../../lib/storage/native-exemplars.ts";
import { Random } from "../judges/random.ts";

const minute = 60_000;

function at(value: number, timestampMs = 0): TimedExemplar {
  return { labels: { trace_id: `${value}@${timestampMs}` }, value, timestampMs };
}

function keeping(most: number, ...exemplars: readonly TimedExemplar[]): { values: number[]; kept: NativeExemplars } {
  const kept = new NativeExemplars(most);
  for (const one of exemplars) kept.add(one);
  return { values: kept.kept.map(({ value }) => value), kept };
}

/** The rule as it is written, by making all pairs. */
function naiveAdd(kept: TimedExemplar[], exemplar: TimedExemplar, most: number): TimedExemplar[] {
  const sorted = (all: TimedExemplar[]) => all.toSorted((a, b) => a.value - b.value);
  if (kept.length < most) return sorted([...kept, exemplar]);
  const oldest = kept.toSorted((a, b) => a.timestampMs - b.timestampMs)[0] as TimedExemplar;
  if (exemplar.timestampMs - oldest.timestampMs > 5 * minute) {
    return sorted([...kept.filter((one) => one !== oldest), exemplar]);
  }
  const all = sorted([...kept, exemplar]);
  const pairs = all.slice(1).map((b, i) => ({ a: all[i] as TimedExemplar, b }));
  const closest = pairs.toSorted(
    (p, q) => Math.log(p.b.value) - Math.log(p.a.value) - (Math.log(q.b.value) - Math.log(q.a.value)),
  )[0] as { a: TimedExemplar; b: TimedExemplar };
  const { a, b } = closest;
  const gone = a === exemplar ? b : b === exemplar ? a : b.timestampMs < a.timestampMs ? b : a;
  return all.filter((one) => one !== gone);
}

describe("NativeExemplars", () => {
  it("keeps all of them in the order of their values while there is room", () => {
    assert.deepEqual(keeping(4, at(3), at(1), at(2)).values, [1, 2, 3]);
  });

  it("keeps none where there is no room at all, and the latest where there is room for one", () => {
    assert.deepEqual(keeping(0, at(1)).values, []);
    assert.deepEqual(keeping(1, at(1), at(100, 1), at(2, 2)).values, [2]);
  });

  const cases: readonly [
    does: string,
    kept: readonly TimedExemplar[],
    added: TimedExemplar,
    values: readonly number[],
  ][] = [
    [
      "breaks up the closest pair, of which the older one goes",
      [at(1), at(10, 1), at(12), at(200)],
      at(50, 2),
      [1, 10, 50, 200],
    ],
    [
      "and that is the first where the first is older",
      [at(1), at(10), at(12, 1), at(200)],
      at(50, 2),
      [1, 12, 50, 200],
    ],
    [
      "takes the place of the neighbour it is closest to",
      [at(1), at(10), at(100), at(1000)],
      at(11, 1),
      [1, 11, 100, 1000],
    ],
    ["also where that lies above", [at(1), at(10), at(100), at(1000)], at(95, 1), [1, 10, 95, 1000]],
    ["measures by ratio, not by difference", [at(1), at(2), at(1000), at(1100)], at(30, 1), [1, 2, 30, 1100]],
    ["replaces one of the same value", [at(1), at(10), at(100), at(1000)], at(100, 1), [1, 10, 100, 1000]],
    ["goes in at the ends, too", [at(1), at(10), at(11), at(100)], at(1000, 1), [1, 11, 100, 1000]],
    [
      "replaces the oldest once that is more than five minutes old",
      [at(1, 9), at(10, 9), at(11, 9), at(100)],
      at(5, 5 * minute + 1),
      [1, 5, 10, 11],
    ],
    [
      "and not when it is just that old",
      [at(1, 9), at(10, 9), at(11, 9), at(100)],
      at(30, 5 * minute),
      [1, 11, 30, 100],
    ],
    [
      "keeps values of both signs apart, and zero from all of them",
      [at(-1), at(-0.9), at(0), at(1)],
      at(2, 1),
      [-0.9, 0, 1, 2],
    ],
  ];
  for (const [does, kept, added, values] of cases) {
    it(does, () => assert.deepEqual(keeping(4, ...kept, added).values, values));
  }

  it("does what the rule says, for random values and times", () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new Random(seed);
      const most = 2 + random.below(10);
      const kept = new NativeExemplars(most);
      let naive: TimedExemplar[] = [];
      let timestampMs = 0;
      for (let i = 0; i < 60; i++) {
        timestampMs += random.below(minute);
        // Of random values no two pairs are equally close, and none has the same value twice.
        const one = at(Math.exp(10 * Math.sin(seed * 1000 + i)), timestampMs);
        kept.add(one);
        naive = naiveAdd(naive, one, most);
        assert.deepEqual(kept.kept, naive, `seed ${seed}, step ${i}`);
      }
    }
  });
});
