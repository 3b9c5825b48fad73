import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { roundDecimal } from "../../lib/formats/round-decimal.ts";
import { Random } from "../judges/random.ts";

/** What it makes of some digits, the last of which stand behind the point. */
function round(digits: string, decimals: number): number {
  const low = digits.slice(15);
  return roundDecimal(Number(digits.slice(0, 15)), 10 ** low.length, Number(low), Number(`1e${decimals}`));
}

describe("roundDecimal", () => {
  it("gives the double that JavaScript reads out of the same digits, or none", () => {
    const random = new Random(3);
    let undecided = 0;
    for (let i = 0; i < 50_000; i++) {
      const digits = Array.from({ length: random.between(16, 30) }, () => random.below(10)).join("");
      const decimals = random.below(23);
      const value = round(digits, decimals);
      if (Number.isNaN(value)) undecided++;
      else assert.equal(value, Number(`${digits}e-${decimals}`), `${digits}e-${decimals}`);
    }
    assert.ok(undecided < 500, `${undecided} of 50,000 were left undecided`);
  });

  it("decides the shortest digits of any double", () => {
    const random = new Random(4);
    for (let i = 0; i < 50_000; i++) {
      const value = random.next() * 10 ** random.below(6);
      const [whole = "", decimals = ""] = value.toString().split(".");
      if (!decimals.includes("e") && whole.length + decimals.length > 15) {
        assert.equal(round(whole + decimals, decimals.length), value);
      }
    }
  });

  it("leaves the middle between two doubles undecided, and rounds what lies beside it", () => {
    const random = new Random(5);
    for (let i = 0; i < 5_000; i++) {
      const decimals = random.between(1, 9);
      // An odd number of 54 bits, divided by a power of two.
      const middle = (2n ** 53n + BigInt(random.below(2 ** 52)) * 2n + 1n) * 5n ** BigInt(decimals);
      assert.equal(round(`${middle}`, decimals), Number.NaN);
      for (const beside of [middle - 1n, middle + 1n]) {
        const value = round(`${beside}`, decimals);
        if (!Number.isNaN(value)) assert.equal(value, Number(`${beside}e-${decimals}`));
      }
    }
  });
});
