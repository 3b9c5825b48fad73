import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { writeShortestDigits } from "../../lib/formats/shortest-digits.ts";
import { Random } from "../judges/random.ts";
import { testNumbers } from "./test-numbers.ts";

const out = new Uint8Array(32);

/** The digits, or `undefined` where it is not sure of them. */
function shortest(value: number): string | undefined {
  const end = writeShortestDigits(out, 0, value);
  return end < 0 ? undefined : String.fromCharCode(...out.subarray(0, end));
}

describe("writeShortestDigits", () => {
  it("is right wherever it is sure", () => {
    const wrong: string[] = [];
    let sure = 0;
    for (const value of testNumbers(new Random(11), 120_000)) {
      if (value < 1e-6 || value >= 2 ** 52 || Number.isInteger(value)) continue;
      const text = shortest(value);
      if (text === undefined) continue;
      sure++;
      if (text !== String(value)) wrong.push(`${value} as ${text}`);
    }
    assert.deepEqual(wrong, []);
    assert.ok(sure > 50_000, `sure of ${sure} values only`);
  });

  it("is sure of nearly all sums of durations", () => {
    const random = new Random(12);
    let unsure = 0;
    for (let sum = random.next(); sum < 2500; sum += random.next() * 0.05) {
      if (shortest(sum) === undefined) unsure++;
    }
    // Of 100,000; about one in a million is too close to call.
    assert.ok(unsure <= 5, `unsure of ${unsure} values`);
  });

  it("leaves powers of two to others", () => {
    assert.deepEqual([0.5, 2 ** -7, 2 ** -19].map(shortest), [undefined, undefined, undefined]);
  });

  it("leaves exact ties to others", () => {
    // 1125899906842624.75 lies right between two decimals of 17 digits, and none of 16 reads back to it.
    assert.equal(shortest(2 ** 50 + 0.75), undefined);
  });

  it("finds the one short decimal among long ones", () => {
    assert.equal(shortest(1520879607.789), "1520879607.789");
    assert.equal(shortest(0.00001234567), "0.00001234567");
    assert.equal(shortest(999_999_999.999_999_9), "999999999.9999999");
    assert.equal(shortest(4503599627370495.5), "4503599627370495.5");
  });
});
