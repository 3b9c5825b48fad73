// Whole numbers to decimal digits, three at a time: a table of a thousand words stays in the first-level cache, where
// one of ten thousand would drive out the rows that are being written.

/** 0…999 as they begin a number: up to three digits, the first one in the lowest byte, and in the highest their count. */
const leading = new Int32Array(1000);
/** 000…999 as they go on a number: three digits, and in the highest byte how many are left without trailing zeros. */
const following = new Int32Array(1000);

for (let group = 0; group < 1000; group++) {
  leading[group] = packed(String(group), String(group).length);
  const digits = String(group).padStart(3, "0");
  following[group] = packed(digits, digits.replace(/0+$/, "").length);
}

function packed(digits: string, count: number): number {
  return [...digits].reduce((word, digit, i) => word | (digit.charCodeAt(0) << (8 * i)), count << 24);
}

/**
 * Writes 0…999 without leading zeros and returns the offset after it. Always stores three bytes: a branch on the number
 * of digits would cost more than the stores.
 */
function writeLeading(out: Uint8Array, offset: number, group: number): number {
  // The index is in 0…999, and a typed array keeps the lowest byte of what is stored.
  const word = leading[group] as number;
  out[offset] = word;
  out[offset + 1] = word >> 8;
  out[offset + 2] = word >> 16;
  return offset + (word >> 24);
}

/**
 * Writes three digits, leading zeros included, and returns the offset after the last that is not 0; `offset` itself for
 * 000.
 *
 * @param group an integer in 0…999
 */
export function writeFollowing(out: Uint8Array, offset: number, group: number): number {
  const word = following[group] as number;
  out[offset] = word;
  out[offset + 1] = word >> 8;
  out[offset + 2] = word >> 16;
  return offset + (word >> 24);
}

/**
 * Writes an integer below a thousand million and returns the offset after it. Up to two bytes behind that are stored to
 * as well.
 *
 * @param value an integer in 0…999,999,999
 */
export function writeSmallInteger(out: Uint8Array, offset: number, value: number): number {
  if (value < 1000) return writeLeading(out, offset, value);
  const thousands = (value / 1000) | 0;
  if (thousands < 1000) {
    const end = writeLeading(out, offset, thousands);
    writeFollowing(out, end, value - thousands * 1000);
    return end + 3;
  }
  const millions = (thousands / 1000) | 0;
  const end = writeLeading(out, offset, millions);
  writeFollowing(out, end, thousands - millions * 1000);
  writeFollowing(out, end + 3, value - thousands * 1000);
  return end + 6;
}

/**
 * Writes nine digits, leading zeros included, at `offset`.
 *
 * @param value an integer in 0…999,999,999
 */
export function writeNineDigits(out: Uint8Array, offset: number, value: number): void {
  const thousands = (value / 1000) | 0;
  const millions = (thousands / 1000) | 0;
  writeFollowing(out, offset, millions);
  writeFollowing(out, offset + 3, thousands - millions * 1000);
  writeFollowing(out, offset + 6, value - thousands * 1000);
}

/**
 * Writes a whole number, such as a count, in plain digits and returns the offset after it. Up to two bytes behind that
 * are stored to as well.
 *
 * @param value an integer in 0…2^53 - 1; others come out as wrong digits
 */
export function writeInteger(out: Uint8Array, offset: number, value: number): number {
  if (value < 1e9) return writeSmallInteger(out, offset, value | 0);
  // The quotient lies below 2^24, where doubles are at most 2^-29 apart, and a true quotient that is no integer misses
  // the next one by at least 1e-9, more than half of that. So it is never rounded up to an integer.
  const billions = Math.floor(value / 1e9);
  const end = writeSmallInteger(out, offset, billions | 0);
  writeNineDigits(out, end, (value - billions * 1e9) | 0);
  return end + 9;
}
