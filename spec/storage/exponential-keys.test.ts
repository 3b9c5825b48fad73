import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, it } from "node:test";
import { coarserKey, type ExponentialKeys, exponentialKeys } from "../../lib/storage/exponential-keys.ts";
import { Random } from "../judges/random.ts";

const schemas = [-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8] as const;

/** Fraction in [0.5, 1) and exponent, so that the number is their product as a power of two. */
function frexp(value: number): { fraction: number; exponent: number } {
  let fraction = value;
  let exponent = 0;
  while (fraction >= 1) {
    fraction /= 2;
    exponent++;
  }
  while (fraction < 0.5) {
    fraction *= 2;
    exponent--;
  }
  return { fraction, exponent };
}

/** The reference's bounds of one power of two, read off our buckets; that they are the reference's is a test below. */
function boundsOf(schema: number): number[] {
  const count = 2 ** schema;
  return Array.from({ length: count }, (_, i) => exponentialKeys(schema).upperBound(i - count));
}

/** The judge: the reference's way, by frexp and a search among the bounds. */
function slowKey(schema: number, magnitude: number): number {
  if (magnitude === Number.POSITIVE_INFINITY) return slowKey(schema, Number.MAX_VALUE) + 1;
  const { fraction, exponent } = frexp(magnitude);
  if (schema <= 0) return Math.ceil((fraction === 0.5 ? exponent - 1 : exponent) / 2 ** -schema);
  const bounds = boundsOf(schema);
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle] as number) >= fraction) high = middle;
    else low = middle + 1;
  }
  return low + (exponent - 1) * bounds.length;
}

/** The double that is so many steps further from zero. */
function neighbour(value: number, steps: number): number {
  const bits = new BigInt64Array(Float64Array.of(value).buffer);
  bits[0] = (bits[0] as bigint) + BigInt(steps);
  return new Float64Array(bits.buffer)[0] as number;
}

function scaled(fraction: number, exponent: number): number {
  // In two steps, for 2 ** -1074 times a fraction is not representable on the way.
  const half = Math.trunc(exponent / 2);
  return fraction * 2 ** half * 2 ** (exponent - half);
}

function assertKey(keys: ExponentialKeys, magnitude: number): void {
  const expected = slowKey(keys.schema, magnitude);
  // Said only when it fails: there are hundreds of thousands of them.
  if (keys.keyOf(magnitude) !== expected) {
    assert.fail(`schema ${keys.schema}: ${magnitude} has key ${keys.keyOf(magnitude)} instead of ${expected}`);
  }
}

describe("exponentialKeys", () => {
  it("has the bounds of client_golang's table, bit for bit", () => {
    const bounds = Float64Array.from(schemas.filter((schema) => schema >= 0).flatMap(boundsOf));
    assert.equal(bounds.length, 511);
    // The digest of `nativeHistogramBounds` in client_golang 1.14, schemas 0 to 8, as little-endian doubles.
    const bytes = Buffer.alloc(8 * bounds.length);
    bounds.forEach((bound, i) => void bytes.writeDoubleLE(bound, 8 * i));
    assert.equal(
      createHash("sha256").update(bytes).digest("hex"),
      "ef8c502a6c1058710589604d187fa4789ad2848af70668cf7739ab3797e768ec",
    );
  });

  for (const schema of schemas) {
    const keys = exponentialKeys(schema);

    it(`gives the reference's keys on and beside every bound of schema ${schema}`, () => {
      const fractions = schema > 0 ? boundsOf(schema) : [0.5, 0.75];
      for (const exponent of [-1073, -1060, -1022, -1021, -1020, -127, -3, -1, 0, 1, 2, 17, 128, 1000, 1024]) {
        for (const fraction of fractions) {
          const bound = scaled(fraction, exponent);
          for (const steps of [-1, 0, 1]) {
            const magnitude = neighbour(bound, steps);
            if (magnitude > 0) assertKey(keys, magnitude);
          }
        }
      }
    });

    it(`gives the reference's keys for any double at schema ${schema}`, () => {
      const random = new Random(400 + schema);
      for (let i = 0; i < 500; i++) {
        const magnitude = Math.abs(random.double());
        if (magnitude > 0) assertKey(keys, magnitude);
        assertKey(keys, neighbour(0, 1 + Math.floor(random.next() * 2 ** random.between(1, 52))));
      }
      for (const magnitude of [Number.MIN_VALUE, 2 ** -1022, Number.MAX_VALUE, Number.POSITIVE_INFINITY]) {
        assertKey(keys, magnitude);
      }
    });

    it(`ends each bucket of schema ${schema} at the last number that has its key`, () => {
      const random = new Random(500 + schema);
      // From 2^−1000 to 2^1000; in the last bucket but the one of Infinity below.
      const reach = Math.floor(1000 * 2 ** schema);
      for (let i = 0; i < 2_000; i++) {
        const key = random.between(-reach, reach);
        const bound = keys.upperBound(key);
        assert.deepEqual([keys.keyOf(bound), keys.keyOf(neighbour(bound, 1))], [key, key + 1]);
      }
    });

    it(`ends the last bucket of schema ${schema} at the greatest double, and has one more for Infinity`, () => {
      const last = 2 ** (10 + schema);
      assert.equal(keys.keyOf(Number.MAX_VALUE), last);
      assert.equal(keys.upperBound(last), Number.MAX_VALUE);
      assert.equal(keys.keyOf(Number.POSITIVE_INFINITY), last + 1);
      assert.equal(keys.upperBound(last + 1), Number.POSITIVE_INFINITY);
      assert.equal(keys.upperBound(last + 2), Number.POSITIVE_INFINITY);
    });
  }

  it("gives the greatest doubles the keys that servers expect", () => {
    const keysOf = (schema: number) =>
      [Number.MAX_VALUE, Number.POSITIVE_INFINITY].map((v) => exponentialKeys(schema).keyOf(v));
    assert.deepEqual(
      [keysOf(8), keysOf(-4)],
      [
        [262144, 262145],
        [64, 65],
      ],
    );
  });

  it("rounds the bounds of subnormal buckets to the nearest double, and to zero below half of the least", () => {
    const keys = exponentialKeys(1);
    // Two buckets for each power of two: 2^−1074, and the square root of a half of it.
    const least = -1074 * 2;
    assert.equal(keys.upperBound(least), Number.MIN_VALUE);
    assert.equal(keys.upperBound(least - 1), Number.MIN_VALUE);
    assert.equal(keys.upperBound(least - 2), 0);
    assert.equal(keys.upperBound(least - 500), 0);
    assert.equal(keys.upperBound(least + 1), Number.MIN_VALUE);
    assert.equal(keys.upperBound(least + 3), 3 * Number.MIN_VALUE);
  });

  it("gives the key of a coarser schema from that of a finer one", () => {
    const random = new Random(6);
    for (let i = 0; i < 5_000; i++) {
      const magnitude = Math.abs(random.double()) || 1;
      const fine = random.pick(schemas);
      const coarse = random.between(-4, fine);
      const key = coarserKey(exponentialKeys(fine).keyOf(magnitude), fine - coarse);
      assert.equal(key, exponentialKeys(coarse).keyOf(magnitude), `${magnitude} from schema ${fine} to ${coarse}`);
    }
  });

  it("tells of each bucket a number that is near to all in it", () => {
    const random = new Random(7);
    for (const schema of schemas) {
      const keys = exponentialKeys(schema);
      const base = 2 ** (2 ** -schema);
      const worst = (base - 1) / (base + 1);
      const reach = Math.floor(1000 * 2 ** schema);
      for (let i = 0; i < 500; i++) {
        const key = random.between(-reach, reach);
        const representative = keys.representative(key);
        for (const bound of [keys.upperBound(key - 1), keys.upperBound(key)]) {
          const error = Math.abs(representative - bound) / bound;
          // As wrong for the least as for the greatest, but for rounding: no other number would do better for both.
          assert.ok(Math.abs(error - worst) < 1e-12, `schema ${schema}, key ${key}: ${error} instead of ${worst}`);
        }
      }
    }
    assert.ok((2 ** (1 / 64) - 1) / (2 ** (1 / 64) + 1) < 0.0055);
  });

  it("tells of the buckets at both ends a number that is in them", () => {
    for (const schema of schemas) {
      const keys = exponentialKeys(schema);
      for (const value of [Number.MIN_VALUE, 3 * Number.MIN_VALUE, Number.MAX_VALUE]) {
        const key = keys.keyOf(value);
        const representative = keys.representative(key);
        assert.ok(representative > 0 && representative >= keys.upperBound(key - 1), `schema ${schema}, ${value}`);
        assert.ok(representative <= keys.upperBound(key), `schema ${schema}, ${value}`);
      }
      assert.equal(keys.representative(keys.keyOf(Number.POSITIVE_INFINITY)), Number.POSITIVE_INFINITY);
    }
  });

  it("makes the buckets of a schema once", () => {
    assert.equal(exponentialKeys(6), exponentialKeys(6));
  });

  it("refuses a schema that there is not", () => {
    for (const schema of [-5, 9, 0.5, Number.NaN]) {
      assert.throws(() => exponentialKeys(schema), {
        name: "RangeError",
        message: `A schema must be an integer from -4 to 8, but got ${schema}.`,
      });
    }
  });
});
