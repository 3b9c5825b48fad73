import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  canonicalNumberText,
  NUMBER_BYTES,
  numberText,
  writeInteger,
  writeNumber,
  writeTimestampSeconds,
} from "../../lib/formats/numbers.ts";
import { Random } from "../judges/random.ts";
import { neighbours, testNumbers } from "./test-numbers.ts";

type Write = (out: Uint8Array, offset: number, value: number) => number;

const OFFSET = 40;
const UNTOUCHED = 7;
const memory = new Uint8Array(2 * OFFSET + NUMBER_BYTES);

/** What `write` wrote, read back as text; fails if it stored outside the room it was given. */
function written(write: Write, value: number): string {
  memory.fill(UNTOUCHED);
  const end = write(memory, OFFSET, value);
  for (let i = 0; i < memory.length; i++) {
    if (i >= OFFSET && i < OFFSET + NUMBER_BYTES) continue;
    if (memory[i] !== UNTOUCHED) assert.fail(`${value} was stored to byte ${i - OFFSET} from its offset`);
  }
  return String.fromCharCode(...memory.subarray(OFFSET, end));
}

/** The spelling of a sample value, from its definition. */
function plainSpelling(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (Math.abs(value) === Number.POSITIVE_INFINITY) return value < 0 ? "-Inf" : "+Inf";
  return value === 0 ? "0" : `${value}`;
}

/** The values and their negatives whose spelling is not as the judge's, so that all are seen and not the first only. */
function misspelt(values: Iterable<number>, spell: (value: number) => string): string[] {
  const wrong: string[] = [];
  for (const magnitude of values) {
    for (const value of [magnitude, -magnitude]) {
      const text = spell(value);
      if (text !== plainSpelling(value)) wrong.push(`${value} as ${text}`);
    }
  }
  return wrong.slice(0, 20);
}

describe("writeNumber", () => {
  it("spells the numbers of everyday metrics", () => {
    const cases: readonly (readonly [number, string])[] = [
      [0, "0"],
      [-0, "0"],
      [1, "1"],
      [-1, "-1"],
      [42, "42"],
      [999, "999"],
      [1000, "1000"],
      [1_000_000, "1000000"],
      [1_234_567_890_123, "1234567890123"],
      [0.005, "0.005"],
      [2.5, "2.5"],
      [-17.25, "-17.25"],
      [1027.004, "1027.004"],
      [0.000001, "0.000001"],
      [1e-7, "1e-7"],
      [0.1 + 0.2, "0.30000000000000004"],
      [1520879607.789, "1520879607.789"],
      [2 ** 53, "9007199254740992"],
      [1e20, "100000000000000000000"],
      [1e21, "1e+21"],
      [Number.MAX_VALUE, "1.7976931348623157e+308"],
      [Number.MIN_VALUE, "5e-324"],
      [Number.POSITIVE_INFINITY, "+Inf"],
      [Number.NEGATIVE_INFINITY, "-Inf"],
      [Number.NaN, "NaN"],
    ];
    assert.deepEqual(
      cases.map(([value]) => [value, written(writeNumber, value)]),
      cases,
    );
  });

  it("writes the longest spellings within the room it asks for", () => {
    assert.equal(written(writeNumber, -0.0000012345678901234567), "-0.0000012345678901234567");
    assert.equal(written(writeNumber, -1.2345678901234567e-308), "-1.2345678901234567e-308");
    assert.equal(written(writeNumber, -123456789012345680000), "-123456789012345680000");
  });

  it("spells every integer up to 100,000 as String does", () => {
    const integers = Array.from({ length: 100_001 }, (_, i) => i);
    assert.deepEqual(
      misspelt(integers, (value) => written(writeNumber, value)),
      [],
    );
  });

  it("spells powers of two and ten and their neighbours as String does", () => {
    const powers: number[] = [];
    for (let exponent = -1074; exponent <= 1023; exponent++) powers.push(...neighbours(2 ** exponent));
    for (let exponent = -323; exponent <= 308; exponent++) powers.push(...neighbours(Number(`1e${exponent}`)));
    assert.deepEqual(
      misspelt(powers, (value) => written(writeNumber, value)),
      [],
    );
  });

  it("spells numbers of every kind as String does", () => {
    const values = testNumbers(new Random(1), 150_000);
    assert.deepEqual(
      misspelt(values, (value) => written(writeNumber, value)),
      [],
    );
  });
});

describe("writeInteger", () => {
  it("writes counts in plain digits", () => {
    const random = new Random(2);
    const counts = [0, 9, 10, 99, 100, 999, 1000, 999_999, 1_000_000, 999_999_999, 1e9, 2 ** 31, 2 ** 32, 2 ** 53 - 1];
    for (let i = 0; i < 20_000; i++) counts.push(Math.floor(2 ** (random.next() * 53)));
    // Where a group of nine digits begins and ends.
    for (let billions = 1; billions < 9_007_199; billions += 4001) counts.push(billions * 1e9 - 1, billions * 1e9);
    assert.deepEqual(
      counts.filter((count) => written(writeInteger, count) !== String(count)),
      [],
    );
  });
});

describe("numberText", () => {
  it("spells as writeNumber does", () => {
    const special = [0, 1, 0.5, 1e21, 1e-7, Number.POSITIVE_INFINITY, Number.NaN];
    assert.deepEqual(misspelt([...special, ...testNumbers(new Random(3), 1000)], numberText), []);
  });
});

describe("canonicalNumberText", () => {
  it("spells the canonical numbers of OpenMetrics", () => {
    const cases: readonly (readonly [number, string])[] = [
      [0, "0.0"],
      [-0, "0.0"],
      [1, "1.0"],
      [-1, "-1.0"],
      [10, "10.0"],
      [0.005, "0.005"],
      [0.0001, "0.0001"],
      [0.00001, "1e-05"],
      [-0.000025, "-2.5e-05"],
      [1e-10, "1e-10"],
      [0.1 + 0.2, "0.30000000000000004"],
      [100_000, "100000.0"],
      [999_999, "999999.0"],
      [999_999.5, "999999.5"],
      [1_000_000, "1e+06"],
      [1_234_567, "1.234567e+06"],
      [1_234_567.891, "1.234567891e+06"],
      [123_456_789, "1.23456789e+08"],
      [2 ** 53, "9.007199254740992e+15"],
      [1e21, "1e+21"],
      [5e-324, "5e-324"],
      [Number.MAX_VALUE, "1.7976931348623157e+308"],
      [Number.POSITIVE_INFINITY, "+Inf"],
      [Number.NEGATIVE_INFINITY, "-Inf"],
      [Number.NaN, "NaN"],
    ];
    assert.deepEqual(
      cases.map(([value]) => [value, canonicalNumberText(value)]),
      cases,
    );
  });

  it("has the fewest digits that read back, and an exponent below 1e-4 and from 1e6 on", () => {
    const wrong: string[] = [];
    for (const value of testNumbers(new Random(4), 5000)) {
      if (value === 0) continue;
      for (const signed of [value, -value]) {
        const text = canonicalNumberText(signed);
        if (text !== canonicalSpelling(signed)) wrong.push(`${signed} as ${text}`);
      }
    }
    assert.deepEqual(wrong, []);
  });
});

/** Go's format "g" with ".0" after what looks like an integer, from the digits that the engine prints. */
function canonicalSpelling(value: number): string {
  const [plain = "", power = "0"] = String(Math.abs(value)).split("e");
  const [integer = "", fraction = ""] = plain.split(".");
  const digits = (integer + fraction).replace(/^0+/, "");
  const exponent = digits.length - fraction.length - 1 + Number(power);
  const significant = digits.replace(/0+$/, "");
  const sign = value < 0 ? "-" : "";
  const dotted = (text: string, point: number) => `${text.slice(0, point)}.${text.slice(point)}`;
  if (exponent < -4 || exponent >= 6) {
    const mantissa = significant.length === 1 ? significant : dotted(significant, 1);
    return `${sign}${mantissa}e${exponent < 0 ? "-" : "+"}${Math.abs(exponent) < 10 ? "0" : ""}${Math.abs(exponent)}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${significant}`;
  return sign + dotted(significant.padEnd(exponent + 2, "0"), exponent + 1);
}

describe("writeTimestampSeconds", () => {
  it("moves the decimal point, and cuts zeros after it", () => {
    const cases: readonly (readonly [number, string])[] = [
      [1520879607789, "1520879607.789"],
      [1520430000000, "1520430000"],
      [1600000000250, "1600000000.25"],
      [1600000000100, "1600000000.1"],
      [1600000000001, "1600000000.001"],
      [1600000000010, "1600000000.01"],
      [0, "0"],
      [-0, "0"],
      [1, "0.001"],
      [999, "0.999"],
      [1000, "1"],
      [-1, "-0.001"],
      [-1000, "-1"],
      [-1234567, "-1234.567"],
      [8.64e15, "8640000000000"],
      [-8.64e15, "-8640000000000"],
      [Number.MAX_SAFE_INTEGER, "9007199254740.991"],
      [Number.MIN_SAFE_INTEGER, "-9007199254740.991"],
    ];
    assert.deepEqual(
      cases.map(([milliseconds]) => [milliseconds, written(writeTimestampSeconds, milliseconds)]),
      cases,
    );
  });

  it("rounds off what is less than a millisecond", () => {
    assert.equal(written(writeTimestampSeconds, 1700000000000.123), "1700000000");
    assert.equal(written(writeTimestampSeconds, 1700000000000.75), "1700000000.001");
    assert.equal(written(writeTimestampSeconds, -0.25), "0");
  });

  it("keeps every millisecond of any moment", () => {
    const random = new Random(5);
    const wrong: number[] = [];
    for (let i = 0; i < 20_000; i++) {
      const magnitude = Math.floor(2 ** (random.next() * 53));
      // Right at whole seconds a rounded quotient would show first.
      const atSecond = magnitude - (magnitude % 1000);
      for (const milliseconds of [magnitude, -magnitude, atSecond, atSecond - 1, 1 - atSecond]) {
        const digits = String(Math.abs(milliseconds)).padStart(4, "0");
        const decimal = `${digits.slice(0, -3)}.${digits.slice(-3)}`.replace(/\.?0+$/, "");
        const expected = milliseconds < 0 ? `-${decimal}` : decimal;
        if (written(writeTimestampSeconds, milliseconds) !== expected) wrong.push(milliseconds);
      }
    }
    assert.deepEqual(wrong, []);
  });
});
