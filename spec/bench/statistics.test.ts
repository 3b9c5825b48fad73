import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ratios, spread } from "../../bench/statistics.ts";

describe("spread", () => {
  it("takes the middle of an odd number of samples, whatever their order", () => {
    assert.deepEqual(spread([9, 1, 100]), { median: 9, min: 1, max: 100 });
  });

  it("takes the mean of the two in the middle of an even number", () => {
    assert.deepEqual(spread([4, 10, 2, 1]), { median: 3, min: 1, max: 10 });
  });

  it("is the sample itself when there is one", () => {
    assert.deepEqual(spread([7]), { median: 7, min: 7, max: 7 });
  });

  it("orders samples as numbers and leaves them as they lay", () => {
    const samples = [100, 20, 3];
    assert.deepEqual(spread(samples), { median: 20, min: 3, max: 100 });
    assert.deepEqual(samples, [100, 20, 3]);
  });

  it("refuses to find the middle of nothing", () => {
    assert.throws(() => spread([]), new RangeError("There are no samples."));
  });
});

describe("ratios", () => {
  it("divides what was measured in the same round", () => {
    assert.deepEqual(ratios([10, 40, 9], [2, 4, 9]), [5, 10, 1]);
  });

  it("refuses samples that have no counterpart", () => {
    assert.throws(() => ratios([1, 2], [1]), new RangeError("2 samples can't be divided by 1."));
  });
});
