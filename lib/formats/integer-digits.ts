// Whole numbers to decimal digits, three at a time: a table of a thousand words stays in the first-level cache, where
// one of ten thousand would drive out the rows that are being written.

/**
 * Groups of three digits, 0…999 in three ways one after the other: as they begin a number, where 0 is no digit at all;
 * with leading zeros, as they go on one; and as they are a number alone. The first digit is in the lowest byte, their
 * count in the highest.
 */
const groups = new Int32Array(3000);
/** Where a number goes on, in `groups`. */
const GOING_ON = 1000;
/** Where a number may be of one group alone. */
const ALONE = 2000;
/** 000…999 as they go on a number: three digits, and in the highest byte how many are left without trailing zeros. */
const following = new Int32Array(1000);

for (let group = 0; group < 1000; group++) {
  const plain = packed(String(group), String(group).length);
  const digits = String(group).padStart(3, "0");
  groups[group] = group === 0 ? 0 : plain;
  groups[GOING_ON + group] = packed(digits, 3);
  groups[ALONE + group] = plain;
  following[group] = packed(digits, digits.replace(/0+$/, "").length);
}

function packed(digits: string, count: number): number {
  return [...digits].reduce((word, digit, i) => word | (digit.charCodeAt(0) << (8 * i)), count << 24);
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
 * Writes an integer below a thousand million and returns the offset after it. Up to two bytes behind that are stored
 * to as well.
 *
 * How many digits a number has is a matter of chance to the processor, and a branch on it would often be mispredicted,
 * which costs more than all the rest. So there is one for numbers of a million and more alone, and three bytes are
 * stored for every group.
 *
 * @param value an integer in 0…999,999,999
 */
export function writeSmallInteger(out: Uint8Array, offset: number, value: number): number {
  const thousands = (value / 1000) | 0;
  // 1000 if there are thousands, else 0: the negative number's sign, all over.
  const goesOn = (-thousands >> 31) & 1000;
  let end = offset;
  let group = thousands;
  if (thousands >= 1000) {
    const millions = (thousands / 1000) | 0;
    end = writeGroup(out, end, millions);
    group = thousands - millions * 1000 + GOING_ON;
  }
  return writeGroup(out, writeGroup(out, end, group), value - thousands * 1000 + ALONE - goesOn);
}

/**
 * The same for an integer below a thousand.
 *
 * @param value an integer in 0…999
 */
export function writeTinyInteger(out: Uint8Array, offset: number, value: number): number {
  return writeGroup(out, offset, value + ALONE);
}

/** Writes one of `groups` and returns the offset after it. */
function writeGroup(out: Uint8Array, offset: number, group: number): number {
  // The index is within the table, and a typed array keeps the lowest byte of what is stored.
  const word = groups[group] as number;
  out[offset] = word;
  out[offset + 1] = word >> 8;
  out[offset + 2] = word >> 16;
  return offset + (word >> 24);
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
