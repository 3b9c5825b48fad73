import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  checkBounds,
  DEFAULT_BOUNDS,
  exponentialBuckets,
  exponentialRangeBuckets,
  linearBuckets,
} from "../../lib/metrics/bounds.ts";

/** Refusals of a function as [arguments, message], all RangeErrors. */
function refuses<Args extends readonly unknown[]>(
  call: (...args: Args) => unknown,
  cases: readonly (readonly [args: Args, message: string])[],
): void {
  for (const [args, message] of cases) assert.throws(() => call(...args), new RangeError(message));
}

describe("DEFAULT_BOUNDS", () => {
  it("are those of the other client libraries, and can't be changed", () => {
    assert.deepEqual(DEFAULT_BOUNDS, [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]);
    assert.equal(Object.isFrozen(DEFAULT_BOUNDS), true);
  });
});

describe("linearBuckets", () => {
  it("makes bounds of the same distance", () => {
    assert.deepEqual(linearBuckets(0, 5, 4), [0, 5, 10, 15]);
    assert.deepEqual(linearBuckets(-1.5, 0.5, 3), [-1.5, -1, -0.5]);
    assert.deepEqual(linearBuckets(7, 1, 1), [7]);
  });

  it("refuses what makes no increasing bounds", () => {
    refuses(linearBuckets, [
      [[0, 1, 0], "linearBuckets: count must be a whole number above zero, but got 0."],
      [[0, 1, -2], "linearBuckets: count must be a whole number above zero, but got -2."],
      [[0, 1, 1.5], "linearBuckets: count must be a whole number above zero, but got 1.5."],
      [[0, 1, Number.POSITIVE_INFINITY], "linearBuckets: count must be a whole number above zero, but got Infinity."],
      [[0, 0, 3], "linearBuckets: width must be positive, but got 0."],
      [[0, -1, 3], "linearBuckets: width must be positive, but got -1."],
      [[0, Number.NaN, 3], "linearBuckets: width must be positive, but got NaN."],
      [[0, Number.POSITIVE_INFINITY, 3], "linearBuckets: width must be positive, but got Infinity."],
      [[Number.NaN, 1, 3], "linearBuckets: start must be a finite number, but got NaN."],
      [[Number.NEGATIVE_INFINITY, 1, 3], "linearBuckets: start must be a finite number, but got -Infinity."],
    ]);
  });
});

describe("exponentialBuckets", () => {
  it("makes bounds of the same ratio", () => {
    assert.deepEqual(exponentialBuckets(1, 2, 4), [1, 2, 4, 8]);
    assert.deepEqual(exponentialBuckets(0.5, 1.5, 3), [0.5, 0.75, 1.125]);
    assert.deepEqual(exponentialBuckets(3, 10, 1), [3]);
  });

  it("refuses what makes no increasing bounds", () => {
    refuses(exponentialBuckets, [
      [[1, 2, 0], "exponentialBuckets: count must be a whole number above zero, but got 0."],
      [[1, 2, 2.5], "exponentialBuckets: count must be a whole number above zero, but got 2.5."],
      [[0, 2, 3], "exponentialBuckets: start must be positive, but got 0."],
      [[-1, 2, 3], "exponentialBuckets: start must be positive, but got -1."],
      [[1, 1, 3], "exponentialBuckets: factor must be greater than 1, but got 1."],
      [[1, 0.5, 3], "exponentialBuckets: factor must be greater than 1, but got 0.5."],
      [[1, Number.NaN, 3], "exponentialBuckets: factor must be greater than 1, but got NaN."],
      [[1, Number.POSITIVE_INFINITY, 3], "exponentialBuckets: factor must be greater than 1, but got Infinity."],
    ]);
  });
});

describe("exponentialRangeBuckets", () => {
  it("goes from min to max in equal ratios, and ends at max exactly", () => {
    const bounds = exponentialRangeBuckets(1, 1000, 4);
    assert.equal(bounds[0], 1);
    assert.equal(bounds[3], 1000);
    for (const [i, bound] of bounds.entries()) assert.ok(Math.abs(bound / 10 ** i - 1) < 1e-12);
    assert.deepEqual(exponentialRangeBuckets(2, 8, 2), [2, 8]);
    assert.deepEqual(exponentialRangeBuckets(2, 8, 1), [2]);
  });

  it("spans all that doubles can", () => {
    const bounds = exponentialRangeBuckets(1e-300, 1e300, 5);
    assert.equal(bounds[4], 1e300);
    for (const [i, bound] of bounds.entries()) assert.ok(Math.abs(bound / 10 ** (150 * i - 300) - 1) < 1e-9);
  });

  it("refuses what makes no increasing bounds", () => {
    refuses(exponentialRangeBuckets, [
      [[1, 2, 0], "exponentialRangeBuckets: count must be a whole number above zero, but got 0."],
      [[0, 2, 3], "exponentialRangeBuckets: min must be positive, but got 0."],
      [[Number.NaN, 2, 3], "exponentialRangeBuckets: min must be positive, but got NaN."],
      [[2, 2, 3], "exponentialRangeBuckets: max must be greater than min, but got 2 after 2."],
      [[2, 1, 3], "exponentialRangeBuckets: max must be greater than min, but got 1 after 2."],
      [
        [1, Number.POSITIVE_INFINITY, 3],
        "exponentialRangeBuckets: max must be greater than min, but got Infinity after 1.",
      ],
    ]);
  });
});

describe("checkBounds", () => {
  const check = (given: unknown) => checkBounds('Histogram "h"', given);

  it("copies the bounds and leaves the caller's alone", () => {
    const given = [1, 2];
    const bounds = check(given);
    given.push(3);
    assert.deepEqual(bounds, [1, 2]);
    assert.equal(Object.isFrozen(bounds), true);
    assert.equal(Object.isFrozen(given), false);
  });

  it("strips a last Infinity, which is always there", () => {
    assert.deepEqual(check([1, 2, Number.POSITIVE_INFINITY]), [1, 2]);
  });

  it("takes negative bounds, and a negative zero for zero", () => {
    assert.deepEqual(check([-2.5, -0, 1]), [-2.5, 0, 1]);
  });

  it("refuses bounds that do not increase", () => {
    refuses(check, [
      [[[5, 1, 10]], 'Histogram "h": bounds must increase, but 1 at index 1 follows 5.'],
      [[[0.1, 0.25, 0.5, 0.5]], 'Histogram "h": bounds must increase, but 0.5 at index 3 follows 0.5.'],
      [[[-0, 0]], 'Histogram "h": bounds must increase, but 0 at index 1 follows 0.'],
    ]);
  });

  it("refuses none at all", () => {
    refuses(check, [
      [[[]], 'Histogram "h": buckets must have at least one finite bound.'],
      [[[Number.POSITIVE_INFINITY]], 'Histogram "h": buckets must have at least one finite bound.'],
    ]);
  });

  it("refuses bounds that are not finite", () => {
    refuses(check, [
      [[[1, Number.NaN]], 'Histogram "h": bounds are finite, but got NaN at index 1.'],
      [[[Number.POSITIVE_INFINITY, 1]], 'Histogram "h": bounds are finite, but got Infinity at index 0.'],
      [[[Number.NEGATIVE_INFINITY, 1]], 'Histogram "h": bounds are finite, but got -Infinity at index 0.'],
    ]);
  });

  it("refuses what is no array of numbers", () => {
    const cases: readonly [given: unknown, message: string][] = [
      [undefined, 'Histogram "h": buckets must be an array of numbers.'],
      ["1,2", 'Histogram "h": buckets must be an array of numbers.'],
      [{ 0: 1 }, 'Histogram "h": buckets must be an array of numbers.'],
      [["1"], 'Histogram "h": bounds are numbers, but got string at index 0.'],
      [[1, null], 'Histogram "h": bounds are numbers, but got object at index 1.'],
      // biome-ignore lint/suspicious/noSparseArray: the hole is the case
      [[1, , Number.POSITIVE_INFINITY], 'Histogram "h": bounds are numbers, but got undefined at index 1.'],
    ];
    for (const [given, message] of cases) assert.throws(() => check(given), new TypeError(message));
  });
});
