// A block: exponential buckets as numbers that say themselves what they count. First stands what is needed to read it, then
// the counts of the positive buckets, and then those of the negative ones.
import type { NativeBucket, NativeHistogram } from "../model/family.ts";
import { COARSEST_SCHEMA, coarserKey, exponentialKeys, FINEST_SCHEMA } from "./exponential-keys.ts";
import { coarser, type KeyRange, lengthOf, NO_KEYS } from "./key-range.ts";
import { ordinaryPages, type PageFactory } from "./pages.ts";

// The cells that each block begins with.
export const SCHEMA = 0;
export const ZERO_THRESHOLD = 1;
export const ZERO_COUNT = 2;
/** The least number counted; `Infinity` if there is none. */
export const MIN = 3;
/** The greatest number counted; `-Infinity` if there is none. */
export const MAX = 4;
/** The key of the first bucket of a sign, and in the next cell how many buckets it has. */
export const POSITIVE = 5;
export const NEGATIVE = 7;
export type Sign = typeof POSITIVE | typeof NEGATIVE;
/** What a block takes besides its counts. */
export const BLOCK_HEADER_CELLS = 9;

/** No double has an exponent farther from zero. */
const LARGEST_EXPONENT = 1100;
/** More than what a range of keys is padded by. */
const MOST_PADDING = 1000;

/** Less than any key. */
const NO_ZERO_KEY = -(2 ** 30);

/** Where the counts of one sign lie in a block. */
export interface Side {
  /** The key of the first. */
  readonly firstKey: number;
  readonly length: number;
  /** The cell of the first. */
  readonly start: number;
}

/**
 * Whether a block that came from elsewhere can be merged: whether it is as long as it says, and has no bucket that no
 * double falls into, which would cost as much memory as somebody likes.
 */
export function isBlock(block: Float64Array): boolean {
  const [schema = Number.NaN, zeroThreshold = -1] = block;
  if (!Number.isInteger(schema) || schema < COARSEST_SCHEMA || schema > FINEST_SCHEMA) return false;
  if (!(zeroThreshold >= 0 && zeroThreshold < Infinity)) return false;
  if (Number.isNaN(block[MIN]) || Number.isNaN(block[MAX])) return false;
  const mostKeys = Math.ceil(LARGEST_EXPONENT * 2 ** schema) + MOST_PADDING;
  let cells = BLOCK_HEADER_CELLS;
  for (const sign of [POSITIVE, NEGATIVE] as const) {
    const first = block[sign] as number;
    const length = block[sign + 1] as number;
    if (!Number.isInteger(first) || !Number.isInteger(length) || length < 0) return false;
    if (length > 0 && (Math.abs(first) > mostKeys || Math.abs(first + length) > mostKeys)) return false;
    cells += length;
  }
  if (cells !== block.length || !isCount(block[ZERO_COUNT])) return false;
  return block.subarray(BLOCK_HEADER_CELLS).every(isCount);
}

/** Blocks count whole observations. */
function isCount(value: number | undefined): boolean {
  return value !== undefined && Number.isInteger(value) && value >= 0;
}

/**
 * Counts that were made elsewhere, as a block without least and greatest number. Where they span more buckets of one sign
 * than may be, the resolution is halved.
 *
 * @param maxLength at least 132
 */
export function blockOf(counts: Omit<NativeHistogram, "exemplars">, maxLength: number): Float64Array {
  const sides = [counts.positive, counts.negative] as const;
  let schema = counts.schema;
  let ranges = sides.map(rangeOf);
  while (ranges.some((range) => lengthOf(range) > maxLength)) {
    schema--;
    ranges = ranges.map((range) => coarser(range, 1));
  }
  const [positive, negative] = ranges as [KeyRange, KeyRange];
  const block = emptyBlock(ordinaryPages, schema, counts.zeroThreshold, positive, negative);
  block[ZERO_COUNT] = counts.zeroCount;
  for (const [i, sign] of ([POSITIVE, NEGATIVE] as const).entries()) {
    const { firstKey, start } = sideOf(block, sign);
    for (const { key, count } of sides[i] as readonly NativeBucket[]) {
      const cell = start + coarserKey(key, counts.schema - schema) - firstKey;
      block[cell] = (block[cell] as number) + count;
    }
  }
  return block;
}

function rangeOf(buckets: readonly NativeBucket[]): KeyRange {
  const [first] = buckets;
  const last = buckets.at(-1);
  return first === undefined || last === undefined ? NO_KEYS : { first: first.key, last: last.key };
}

/** A block with room for some keys, which has counted nothing. */
export function emptyBlock(
  pages: PageFactory,
  schema: number,
  zeroThreshold: number,
  positive: KeyRange,
  negative: KeyRange,
): Float64Array {
  const block = pages(BLOCK_HEADER_CELLS + lengthOf(positive) + lengthOf(negative));
  block[SCHEMA] = schema;
  block[ZERO_THRESHOLD] = zeroThreshold;
  block[MIN] = Number.POSITIVE_INFINITY;
  block[MAX] = Number.NEGATIVE_INFINITY;
  block[POSITIVE] = positive.first;
  block[POSITIVE + 1] = lengthOf(positive);
  block[NEGATIVE] = negative.first;
  block[NEGATIVE + 1] = lengthOf(negative);
  return block;
}

/** How many cells a block has, by its first {@link BLOCK_HEADER_CELLS}. */
export function blockCells(header: Float64Array): number {
  return BLOCK_HEADER_CELLS + integerAt(header, POSITIVE + 1) + integerAt(header, NEGATIVE + 1);
}

/**
 * An integer of a block, as the engine's own kind of integer and no longer as a double, which an object keeps in a box of
 * its own: counting took half as long again with those.
 */
export function integerAt(block: Float64Array, cell: number): number {
  return (block[cell] as number) | 0;
}

/** Where the counts of a sign lie. */
export function sideOf(block: Float64Array, sign: Sign): Side {
  const start = sign === POSITIVE ? BLOCK_HEADER_CELLS : BLOCK_HEADER_CELLS + integerAt(block, POSITIVE + 1);
  return { firstKey: integerAt(block, sign), length: integerAt(block, sign + 1), start };
}

/** Calls back for each populated bucket of a sign, in the order of their keys: from zero outwards. */
export function forEachBucket(block: Float64Array, sign: Sign, visit: (key: number, count: number) => void): void {
  const { firstKey, length, start } = sideOf(block, sign);
  for (let i = 0; i < length; i++) {
    const count = block[start + i] as number;
    if (count !== 0) visit(firstKey + i, count);
  }
}

/** The keys from the first to the last populated bucket, as they are when the resolution is halved so many times. */
export function usedKeys(block: Float64Array, sign: Sign, halvings: number): KeyRange {
  const { firstKey, length, start } = sideOf(block, sign);
  let low = 0;
  let high = length - 1;
  while (low <= high && block[start + low] === 0) low++;
  while (low <= high && block[start + high] === 0) high--;
  return low > high ? NO_KEYS : coarser({ first: firstKey + low, last: firstKey + high }, halvings);
}

/** Whether all of some keys lie in a side. */
export function holds(side: Side, keys: KeyRange): boolean {
  return lengthOf(keys) === 0 || (keys.first >= side.firstKey && keys.last < side.firstKey + side.length);
}

/**
 * The zero threshold wanted, or where it lies inside a populated bucket, the bound of that: a bucket can't be split.
 * Only blocks with a lesser threshold matter, for what others have in that bucket lies beyond the threshold.
 */
export function undividing(wanted: number, schema: number, blocks: readonly Float64Array[]): number {
  const narrower = blocks.filter((block) => (block[ZERO_THRESHOLD] as number) < wanted);
  if (narrower.length === 0) return wanted;
  const keys = exponentialKeys(schema);
  const key = keys.keyOf(wanted);
  const isDivided = narrower.some((block) => {
    const halvings = integerAt(block, SCHEMA) - schema;
    let isPopulated = false;
    for (const sign of [POSITIVE, NEGATIVE] as const) {
      forEachBucket(block, sign, (finerKey) => {
        isPopulated ||= coarserKey(finerKey, halvings) === key;
      });
    }
    return isPopulated;
  });
  return isDivided ? keys.upperBound(key) : wanted;
}

/** Adds the counts of a block to those of another, where all its populated buckets have their place. */
export function addBlock(block: Float64Array, other: Float64Array): void {
  (block[ZERO_COUNT] as number) += other[ZERO_COUNT] as number;
  block[MIN] = Math.min(block[MIN] as number, other[MIN] as number);
  block[MAX] = Math.max(block[MAX] as number, other[MAX] as number);
  const halvings = integerAt(other, SCHEMA) - integerAt(block, SCHEMA);
  const zeroKey = lastZeroKey(block);
  for (const sign of [POSITIVE, NEGATIVE] as const) {
    const { first, last } = usedKeys(other, sign, 0);
    const from = cellOfKeyZero(other, sign);
    const to = cellOfKeyZero(block, sign);
    // Empty buckets are added like others: to skip them would be a branch that is mispredicted half the time.
    if (halvings === 0 && first > zeroKey) {
      for (let key = first; key <= last; key++) (block[to + key] as number) += other[from + key] as number;
      continue;
    }
    for (let finerKey = first; finerKey <= last; finerKey++) {
      const key = coarserKey(finerKey, halvings);
      (block[key <= zeroKey ? ZERO_COUNT : to + key] as number) += other[from + finerKey] as number;
    }
  }
}

/** Where the count of key 0 lies or would lie: the cell of any key, less the key. */
function cellOfKeyZero(block: Float64Array, sign: Sign): number {
  const { firstKey, start } = sideOf(block, sign);
  return start - firstKey;
}

/** The key of the last bucket that lies in the zero bucket as a whole. */
function lastZeroKey(block: Float64Array): number {
  const zeroThreshold = block[ZERO_THRESHOLD] as number;
  if (zeroThreshold === 0) return NO_ZERO_KEY;
  const keys = exponentialKeys(integerAt(block, SCHEMA));
  const key = keys.keyOf(zeroThreshold);
  return keys.upperBound(key) <= zeroThreshold ? key : key - 1;
}
