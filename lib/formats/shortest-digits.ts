import { writeFollowing, writeNineDigits } from "./integer-digits.ts";

// The shortest decimal that reads back to a double, in double arithmetic alone. In three steps:
//
// 1. Scale. v · 10^d, with d such that 10^16 <= v · 10^d < 10^17, is computed exactly, as the sum of two doubles. For
//    v >= 10^-6 no d is above 22, so 10^d is a double itself, and the product of two doubles is exactly the rounded
//    product and its rounding error, which Dekker's product yields (Numerische Mathematik 18, 1971).
// 2. Round. Every decimal within half a gap between doubles of v reads back to v; scaled, half a gap is
//    g = 2^(e - 53) · 10^d for 2^e <= v < 2^(e + 1), exactly a double, and 0.55 < g < 11.2, because g is between 2^-54
//    and 2^-53 of the scaled value. If a multiple of 100 lies within g it is the only one, as 2g < 100, and it is also
//    whatever multiple of 1000, 10,000, … lies there: the answer, once its trailing zeros are cut. Otherwise the
//    nearest multiple of 10 is, if it lies within g, and otherwise the nearest integer, which always does.
// 3. Write its 17 digits, put the decimal point between them, and cut the zeros.
//
// Margin of error: the scaled value is split as upper · 10^9 + lower. All of this is exact (see below) but the last
// addition to `lower`, whose result lies below 2^30 and so is off by at most 2^-24. Distances are compared with a
// margin of 2^-20, which leaves plenty for the rounding of the comparisons themselves. Where a distance comes out closer
// to its limit than that, we say so, and the caller asks the engine. Of values below 10^8 that fill all 53 bits that is
// about one in a million; exact ties are common, up to one value in three, only among former float32s between 10 and
// 1000 and above 10^13. Powers of two are left to the engine too, as the gap below them is half as wide.

/** 2^27 + 1; multiplying by it rounds away the lower half of the bits. */
const SPLITTER = 134_217_729;

/** 10^0…10^22, the powers of ten that are doubles. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
/** The same split into two halves of at most 26 bits each, as Dekker's product needs them. */
const powerHighs = powersOfTen.map(upperHalf);
const powerLows = powersOfTen.map((power, i) => power - (powerHighs[i] as number));

function upperHalf(value: number): number {
  const product = SPLITTER * value;
  return product - (product - value);
}

/** The binary exponents of 10^-6 and of what lies below 2^53. */
const FIRST_EXPONENT = -20;
const LAST_EXPONENT = 52;
const EXPONENTS = LAST_EXPONENT - FIRST_EXPONENT + 1;

// Tables by binary exponent, from FIRST_EXPONENT up.
/** Half the gap to the next double. */
const halfGaps = new Float64Array(EXPONENTS);
/** The d of step 1 for the values below the power of ten in `nextDecades`; from there on it is one less. */
const decimalsBelow = new Int32Array(EXPONENTS);
/** The first double that belongs to the next power of ten. */
const nextDecades = new Float64Array(EXPONENTS);

for (let i = 0; i < EXPONENTS; i++) {
  const start = 2 ** (FIRST_EXPONENT + i);
  const [, decimalExponent] = start.toExponential().split("e");
  halfGaps[i] = start * 2 ** -53;
  // The first start, 2^-20, lies below 10^-6, but the values are not: they belong to the next decade, and need no 10^23.
  decimalsBelow[i] = 16 - Number(decimalExponent);
  nextDecades[i] = Number(`1e${Number(decimalExponent) + 1}`);
}

const MARGIN = 2 ** -20;

const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);
/** Which half of a double has the exponent: the second one, but on the few big-endian machines. */
const UPPER = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

const ZERO = 0x30;
const POINT = 0x2e;

/**
 * Writes the shortest digits that read back to `value`, as `String(value)` does, and returns the offset after them, or
 * -1 where it can't be sure of them. Stores to up to 24 bytes from `offset` on.
 *
 * @param value from 1e-6 to 2^52, and not an integer
 */
export function writeShortestDigits(out: Uint8Array, offset: number, value: number): number {
  double[0] = value;
  const exponent = ((halves[UPPER] as number) >> 20) - 1023 - FIRST_EXPONENT;
  // The checked range of the value keeps every index in its table.
  const isNextDecade = value >= (nextDecades[exponent] as number);
  const decimals = (decimalsBelow[exponent] as number) - (isNextDecade ? 1 : 0);
  const power = powersOfTen[decimals] as number;
  const powerHigh = powerHighs[decimals] as number;
  const powerLow = powerLows[decimals] as number;
  const unscaledHalfGap = halfGaps[exponent] as number;
  const halfGap = unscaledHalfGap * power;
  if (unscaledHalfGap * 2 ** 53 === value) return -1;

  const scaled = value * power;
  const valueHigh = upperHalf(value);
  const valueLow = value - valueHigh;
  const error = valueHigh * powerHigh - scaled + valueHigh * powerLow + valueLow * powerHigh + valueLow * powerLow;

  // Exact: upper < 10^8 makes upper · 10^9 a number of 48 bits times 2^9, and `scaled` is an integer, as it is at least
  // 2^53. Rounding may make `upper` one too large or too small.
  let upper = (scaled * 1e-9) | 0;
  let lower = scaled - upper * 1e9 + error;
  if (lower < 0) {
    lower += 1e9;
    upper--;
  }

  // Rounding by arithmetic: half the branches would be mispredicted. The factors are not exactly 1/100 and 1/10, which
  // can pick the wrong neighbour only right between two, and that is too far away, or within the margin of a tie.
  const hundreds = ((lower + 50) * 0.01) | 0;
  const toHundred = Math.abs(lower - hundreds * 100);
  let digits: number;
  if (toHundred <= halfGap + MARGIN) {
    if (toHundred >= halfGap - MARGIN) return -1;
    digits = hundreds * 100;
  } else {
    const tens = ((lower + 5) * 0.1) | 0;
    const toTen = Math.abs(lower - tens * 10);
    if (toTen <= halfGap + MARGIN) {
      if (toTen >= halfGap - MARGIN || toTen >= 5 - MARGIN) return -1;
      digits = tens * 10;
    } else {
      digits = (lower + 0.5) | 0;
      if (Math.abs(lower - digits) >= 0.5 - MARGIN) return -1;
    }
  }
  // The carry can't make 18 digits: a power of ten above the value is a whole gap away or more.
  if (digits >= 1e9) {
    digits -= 1e9;
    upper++;
  }
  return writePlaced(out, offset, upper, digits | 0, 17 - decimals);
}

/** Writes 8 + 9 digits with the decimal point after the first `integerDigits` of them, and without trailing zeros. */
function writePlaced(out: Uint8Array, offset: number, upper: number, lower: number, integerDigits: number): number {
  const start = offset + (integerDigits > 0 ? 1 : 2 - integerDigits);
  const thousands = (upper / 1000) | 0;
  const millions = (thousands / 1000) | 0;
  // Three digits for a group of two: the zero before them is overwritten below.
  writeFollowing(out, start - 1, millions);
  writeFollowing(out, start + 2, thousands - millions * 1000);
  writeFollowing(out, start + 5, upper - thousands * 1000);
  writeNineDigits(out, start + 8, lower);
  let end = start + 17;
  while (out[end - 1] === ZERO) end--;
  if (integerDigits > 0) {
    for (let i = 0; i < integerDigits; i++) out[offset + i] = out[offset + i + 1] as number;
    out[offset + integerDigits] = POINT;
  } else {
    out[offset] = ZERO;
    out[offset + 1] = POINT;
    for (let i = offset + 2; i < start; i++) out[i] = ZERO;
  }
  return end;
}
