import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BoundSearch } from "../../lib/storage/bound-search.ts";
import { Random } from "../judges/random.ts";

/** The judge: what `le` means, one bound after the other. */
function scan(bounds: readonly number[], value: number): number {
  const index = bounds.findIndex((bound) => value <= bound);
  return index < 0 ? bounds.length : index;
}

const bits = new DataView(new ArrayBuffer(8));

/** The double next to a finite one, by its bits; -1 is towards -Infinity. */
function next(value: number, direction: 1 | -1): number {
  if (value === 0) return direction * Number.MIN_VALUE;
  bits.setFloat64(0, value);
  bits.setBigInt64(0, bits.getBigInt64(0) + (value > 0 === direction > 0 ? 1n : -1n));
  return bits.getFloat64(0);
}

const everywhere = [
  -Infinity,
  -Number.MAX_VALUE,
  -1e300,
  -1000,
  -1,
  -0.1,
  -1e-300,
  -2.2250738585072014e-308,
  -Number.MIN_VALUE,
  -0,
  0,
  Number.MIN_VALUE,
  1e-320,
  2.225073858507201e-308,
  2.2250738585072014e-308,
  1e-300,
  1e-9,
  0.1,
  0.5,
  1 - 2 ** -53,
  1,
  1 + 2 ** -52,
  1.5,
  2,
  Math.PI,
  1000,
  2 ** 31,
  2 ** 32,
  2 ** 52,
  2 ** 53,
  1e21,
  1e300,
  Number.MAX_VALUE,
  Infinity,
];

/** Compares with the judge at every bound, at its neighbours, between the bounds, and at numbers of every size. */
function check(bounds: readonly number[], more: readonly number[] = []): void {
  const search = new BoundSearch(bounds);
  const atBounds = bounds.flatMap((bound) => [next(bound, -1), bound, next(bound, 1)]);
  const between = bounds.slice(1).map((bound, i) => bound / 2 + (bounds[i] as number) / 2);
  for (const value of [...everywhere, ...atBounds, ...between, ...more]) {
    const expected = scan(bounds, value);
    // Not assert.equal for each: it is what most of the time would go to.
    if (search.indexOf(value) !== expected) {
      assert.equal(search.indexOf(value), expected, `${value} among [${bounds.join(", ")}]`);
    }
  }
}

function sorted(bounds: Iterable<number>): number[] {
  return [...new Set(Array.from(bounds, (bound) => bound + 0))].filter(Number.isFinite).sort((a, b) => a - b);
}

function count(length: number, bound: (i: number) => number): number[] {
  return sorted(Array.from({ length }, (_, i) => bound(i)));
}

/** Bounds that lie side by side, from a double on. */
function neighbours(first: number, length: number, step = 1): number[] {
  const bounds = [first];
  for (let i = 1; i < length * step; i++) {
    bounds.push(next(bounds.at(-1) as number, 1));
  }
  return bounds.filter((_, i) => i % step === 0);
}

const lists: Readonly<Record<string, readonly number[]>> = {
  "no bounds at all": [],
  "the default bounds": [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  "zero alone": [0],
  "the smallest double alone": [Number.MIN_VALUE],
  "the largest double alone": [Number.MAX_VALUE],
  "one negative bound": [-1],
  "negative bounds only": [-1000, -10, -1, -0.1, -Number.MIN_VALUE],
  "bounds on both sides of zero": [-10, -1, 0, 1, 10],
  "the smallest doubles around zero": [-Number.MIN_VALUE, 0, Number.MIN_VALUE],
  "the widest range there is": [-Number.MAX_VALUE, -Number.MIN_VALUE, 0, Number.MIN_VALUE, Number.MAX_VALUE],
  "the widest positive range": [Number.MIN_VALUE, Number.MAX_VALUE],
  "a far bound behind near ones": [1, 1 + 2 ** -52, 1 + 2 ** -51, Number.MAX_VALUE],
  "near bounds behind a tiny one": [Number.MIN_VALUE, ...neighbours(1, 50)],
  "every power of two": count(2098, (i) => 2 ** (i - 1074)),
  "adjacent doubles": neighbours(1, 200),
  "adjacent doubles across a power of two": neighbours(2 - 2 ** -45, 200),
  "adjacent doubles across a change of the high word": neighbours(1 + 2 ** -20 - 100 * 2 ** -52, 200),
  "adjacent subnormals": neighbours(Number.MIN_VALUE, 200),
  "adjacent doubles from the last subnormal on": neighbours(2.225073858507201e-308 - 50 * Number.MIN_VALUE, 100),
  "adjacent doubles across zero": [
    ...neighbours(Number.MIN_VALUE, 40)
      .map((bound) => -bound)
      .reverse(),
    0,
    ...neighbours(Number.MIN_VALUE, 40),
  ],
  "the largest doubles": neighbours(Number.MAX_VALUE - 200 * 2 ** 971, 200),
  "two hundred equal steps": count(200, (i) => (i + 1) / 100),
  "two hundred equal steps from below zero": count(200, (i) => (i - 100) / 10),
  "steps of a hair far from zero": count(200, (i) => 1e9 + i / 1000),
  "powers of ten": count(40, (i) => 10 ** (i - 20)),
};

describe("BoundSearch", () => {
  for (const [name, bounds] of Object.entries(lists)) {
    it(`finds what a linear scan finds among ${name}`, () => check(bounds));
  }

  it("finds what a linear scan finds among one to two hundred random bounds of any size", () => {
    const random = new Random(1);
    for (let round = 0; round < 400; round++) {
      const bounds = count(random.between(1, 200), () => random.double());
      check(
        bounds,
        Array.from({ length: 100 }, () => random.double()),
      );
    }
  });

  it("finds what a linear scan finds among random bounds that crowd together", () => {
    const random = new Random(2);
    for (let round = 0; round < 400; round++) {
      const middle = Math.abs(random.double()) || 1;
      const spread = middle * 2 ** -random.between(0, 52);
      const any = () => middle + (random.next() - 0.5) * spread;
      check(count(random.between(1, 60), any), Array.from({ length: 60 }, any));
    }
  });

  it("puts what is beyond the last bound into the bucket behind it", () => {
    const search = new BoundSearch([1, 2]);
    assert.deepEqual([...search.bounds], [1, 2, Infinity]);
    assert.equal(search.indexOf(next(2, 1)), 2);
    assert.equal(search.indexOf(Infinity), 2);
  });

  it("is not disturbed by a search among other bounds in between", () => {
    const [one, other] = [new BoundSearch([0.1, 1, 10]), new BoundSearch([1e-300, 5, 1e300])];
    for (const value of [0.05, 0.5, 5, 50]) {
      assert.equal(one.indexOf(value), scan([0.1, 1, 10], value));
      assert.equal(other.indexOf(value), scan([1e-300, 5, 1e300], value));
    }
  });
});
