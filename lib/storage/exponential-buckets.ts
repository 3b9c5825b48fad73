import type { NativeBucket, NativeHistogram } from "../model/family.ts";
import {
  COARSEST_SCHEMA,
  coarserKey,
  type ExponentialKeys,
  exponentialKeys,
  FINEST_SCHEMA,
} from "./exponential-keys.ts";
import { coarser, type KeyRange, lengthOf, NO_KEYS, padded, union } from "./key-range.ts";
import { ordinaryPages, type PageFactory } from "./pages.ts";

// A block: what it needs to be read by itself, and then the counts of the positive and of the negative buckets.
const SCHEMA = 0;
const ZERO_THRESHOLD = 1;
const ZERO_COUNT = 2;
const MIN = 3;
const MAX = 4;
/** Key of the first bucket, and the number of buckets, of either sign. */
const POSITIVE = 5;
const NEGATIVE = 7;
type Sign = typeof POSITIVE | typeof NEGATIVE;
/** What a block takes besides its counts. */
export const BLOCK_HEADER_CELLS = 9;

/** No double has an exponent farther from zero. */
const LARGEST_EXPONENT = 1100;
/** More than what a range of keys is padded by. */
const MOST_PADDING = 1000;

/** At the coarsest schema all finite numbers of one sign take so many buckets. */
const FEWEST_BUCKETS = 132;

/** Less than any key. */
const NO_ZERO_KEY = -(2 ** 30);

/** How exponential buckets count. */
export interface ExponentialBucketsOptions {
  /** An integer from −4 to 8: buckets grow by 2^(2^−schema). */
  readonly schema: number;
  /**
   * Numbers up to this magnitude are counted as zero.
   * @default 0
   */
  readonly zeroThreshold?: number;
  /**
   * How many buckets the observations of one sign may span, empty ones included; where they span more, the resolution
   * halves. This bounds the memory. At least 132.
   * @default unlimited
   */
  readonly maxLength?: number;
  readonly pages?: PageFactory;
  /** Called with the first block, and with each that replaces another, before that is given back. */
  readonly onBlock?: (block: Float64Array) => void;
}

/** Where the counts of one sign lie in a block. */
interface Side {
  /** The key of the first. */
  readonly firstKey: number;
  readonly length: number;
  /** The cell of the first. */
  readonly start: number;
}

/**
 * Counts numbers in buckets that grow exponentially, and ranks them.
 *
 * All of it is one block of numbers, which says itself what it counts. When a number lies outside the buckets there
 * are, or the resolution or the zero bucket changes, the block is replaced by another and never rearranged, so that a
 * thread that reads a shared block finds nothing half moved.
 *
 * Blocks merge without loss: merging equals counting everything in one place. Counting takes no longer at a fine schema
 * than at a coarse one.
 *
 * @see https://prometheus.io/docs/specs/native_histograms/
 */
export class ExponentialBuckets {
  readonly #schema: number;
  readonly #zeroThreshold: number;
  readonly #maxLength: number;
  readonly #pages: PageFactory;
  readonly #onBlock: ((block: Float64Array) => void) | undefined;
  // These are set by #adopt, which the constructor calls. After the block comes what it says, for the everyday path.
  #block!: Float64Array;
  #keys!: ExponentialKeys;
  #positive!: Side;
  #negative!: Side;

  /** @throws {RangeError} when the schema is not valid or the limit too low */
  constructor(options: ExponentialBucketsOptions) {
    const { schema, zeroThreshold = 0, maxLength = Infinity, pages = ordinaryPages, onBlock } = options;
    if (!(maxLength >= FEWEST_BUCKETS)) {
      throw new RangeError(`maxLength must be at least ${FEWEST_BUCKETS}, but got ${maxLength}.`);
    }
    this.#schema = schema;
    this.#zeroThreshold = zeroThreshold;
    this.#maxLength = maxLength;
    this.#pages = pages;
    this.#onBlock = onBlock;
    this.#adopt(emptyBlock(pages, exponentialKeys(schema).schema, zeroThreshold, NO_KEYS, NO_KEYS));
  }

  /** The schema in use, which is less than the one it began with where observations took too many buckets. */
  get schema(): number {
    return this.#keys.schema;
  }

  /** The magnitude up to which numbers are counted as zero. */
  get zeroThreshold(): number {
    return this.#block[ZERO_THRESHOLD] as number;
  }

  get zeroCount(): number {
    return this.#block[ZERO_COUNT] as number;
  }

  /** The least number counted; `Infinity` if there is none. */
  get min(): number {
    return this.#block[MIN] as number;
  }

  /** The greatest number counted; `-Infinity` if there is none. */
  get max(): number {
    return this.#block[MAX] as number;
  }

  /** How many numbers were counted. */
  get count(): number {
    const block = this.#block;
    let count = block[ZERO_COUNT] as number;
    for (let i = BLOCK_HEADER_CELLS; i < block.length; i++) count += block[i] as number;
    return count;
  }

  /** How many buckets have counted something, those of both signs but not the zero bucket. */
  get populated(): number {
    let populated = 0;
    for (let i = BLOCK_HEADER_CELLS; i < this.#block.length; i++) if (this.#block[i] !== 0) populated++;
    return populated;
  }

  /** The least key of a populated bucket, of either sign: that of the bucket nearest to zero. `Infinity` if there is none. */
  get leastKey(): number {
    const keys = [usedKeys(this.#block, POSITIVE, 0), usedKeys(this.#block, NEGATIVE, 0)];
    return Math.min(...keys.map(({ first, last }) => (first > last ? Number.POSITIVE_INFINITY : first)));
  }

  get bytes(): number {
    return this.#block.byteLength;
  }

  /**
   * The counts as they are stored, which {@link mergeBlock} understands: schema, zero threshold, zero count, least and
   * greatest number, key of the first bucket and number of buckets for each sign, the counts of the positive buckets,
   * those of the negative ones. It is the live block until that is replaced.
   */
  get block(): Float64Array {
    return this.#block;
  }

  /**
   * Counts a number.
   *
   * @param value finite; the caller has made sure of that
   * @returns whether a bucket that was empty counts now: the moment to look whether there are too many
   */
  observe(value: number): boolean {
    const block = this.#block;
    if (value < (block[MIN] as number)) block[MIN] = value;
    if (value > (block[MAX] as number)) block[MAX] = value;
    const magnitude = Math.abs(value);
    if (magnitude <= (block[ZERO_THRESHOLD] as number)) {
      (block[ZERO_COUNT] as number) += 1;
      return false;
    }
    const side = value > 0 ? this.#positive : this.#negative;
    const place = this.#keys.keyOf(magnitude) - side.firstKey;
    // Below the first bucket the difference is a huge unsigned number.
    if (place >>> 0 >= side.length) return this.#observeOutside(value);
    const cell = side.start + place;
    const count = block[cell] as number;
    block[cell] = count + 1;
    return count === 0;
  }

  /** Takes the number back that was counted last. The least and the greatest number stay what they are. */
  takeBack(value: number): void {
    const block = this.#block;
    const magnitude = Math.abs(value);
    const side = value > 0 ? this.#positive : this.#negative;
    const isZero = magnitude <= (block[ZERO_THRESHOLD] as number);
    const cell = isZero ? ZERO_COUNT : side.start + this.#keys.keyOf(magnitude) - side.firstKey;
    block[cell] = (block[cell] as number) - 1;
  }

  #observeOutside(value: number): boolean {
    const key = this.#keys.keyOf(Math.abs(value));
    const range: KeyRange = { first: key, last: key };
    const [positive, negative] = value > 0 ? [range, NO_KEYS] : [NO_KEYS, range];
    this.#replace(this.schema, this.zeroThreshold, positive, negative, [this.#block]);
    return this.observe(value);
  }

  /**
   * Forgets all numbers, and returns to the schema and the zero threshold it began with. Where those have not changed,
   * the memory is kept.
   */
  reset(): void {
    if (this.schema !== this.#schema || this.zeroThreshold !== this.#zeroThreshold) {
      this.#adopt(emptyBlock(this.#pages, this.#schema, this.#zeroThreshold, NO_KEYS, NO_KEYS));
      return;
    }
    this.#block.fill(0, BLOCK_HEADER_CELLS);
    this.#block[ZERO_COUNT] = 0;
    this.#block[MIN] = Number.POSITIVE_INFINITY;
    this.#block[MAX] = Number.NEGATIVE_INFINITY;
  }

  /** Halves the resolution: each two buckets become one. At the coarsest schema nothing happens. */
  reduce(): void {
    if (this.schema === COARSEST_SCHEMA) return;
    this.#replace(this.schema - 1, this.zeroThreshold, NO_KEYS, NO_KEYS, [this.#block]);
  }

  /**
   * Counts as zero what is up to a magnitude, so far and from now on. Where that lies inside a populated bucket, the
   * zero bucket takes all of it, for a bucket can't be split; a zero bucket that is wider already stays.
   */
  widenZero(threshold: number): void {
    if (threshold > this.zeroThreshold) this.#replace(this.schema, threshold, NO_KEYS, NO_KEYS, [this.#block]);
  }

  /** Adds what another has counted, at the coarser of both resolutions and with the wider of both zero buckets. */
  merge(other: ExponentialBuckets): void {
    this.mergeBlock(other.#block);
  }

  /** Adds what is counted in the {@link block} of another, which may lie in memory shared with its thread. */
  mergeBlock(other: Float64Array): void {
    const block = this.#block;
    const halvings = integerAt(other, SCHEMA) - this.schema;
    const isAlike = halvings >= 0 && other[ZERO_THRESHOLD] === block[ZERO_THRESHOLD];
    if (
      isAlike &&
      holds(this.#positive, usedKeys(other, POSITIVE, halvings)) &&
      holds(this.#negative, usedKeys(other, NEGATIVE, halvings))
    ) {
      add(block, other);
      return;
    }
    const threshold = Math.max(this.zeroThreshold, other[ZERO_THRESHOLD] as number);
    this.#replace(Math.min(this.schema, integerAt(other, SCHEMA)), threshold, NO_KEYS, NO_KEYS, [block, other]);
  }

  /**
   * The value at a rank, to within the width of its bucket: {@link ExponentialKeys.representative} of the bucket that
   * holds the `ceil(q · count)`-th least number. The least and the greatest number are exact.
   *
   * @param q 0…1; 0 means the least number
   * @returns `NaN` when nothing was counted
   */
  quantile(q: number): number {
    const value = new Float64Array(1);
    this.quantiles([q], value);
    return value[0] as number;
  }

  /**
   * Fills in the values at several ranks, which costs little more than at one if they increase.
   *
   * @param qs each of 0…1
   * @param from where in `into` the first value goes
   */
  quantiles(qs: readonly number[], into: Float64Array, from = 0): void {
    const { count } = this;
    let position = 0;
    let passed = 0;
    for (let i = 0; i < qs.length; i++) {
      // Less a little, for a product such as 0.55 · 100 comes out above 55 and would be rounded up to the next rank.
      const rank = Math.ceil((qs[i] as number) * count * (1 - 2 * Number.EPSILON));
      if (rank <= 1 || rank >= count) {
        // Adding zero makes 0 of −0.
        into[from + i] = count === 0 ? Number.NaN : (rank <= 1 ? this.min : this.max) + 0;
        continue;
      }
      // `passed` numbers lie in the buckets before `position`; back to the beginning if those are too many already.
      if (passed >= rank) {
        position = 0;
        passed = 0;
      }
      let inBucket = this.#countAt(position);
      while (passed + inBucket < rank) {
        passed += inBucket;
        inBucket = this.#countAt(++position);
      }
      into[from + i] = Math.min(this.max, Math.max(this.min, this.#valueAt(position)));
    }
  }

  /** Calls back for each populated bucket of the positive numbers, in the order of their keys. */
  forEachPositive(visit: (key: number, count: number) => void): void {
    forEachBucket(this.#block, this.#positive, visit);
  }

  /** Calls back for each populated bucket of the negative numbers, in the order of their keys: from zero outwards. */
  forEachNegative(visit: (key: number, count: number) => void): void {
    forEachBucket(this.#block, this.#negative, visit);
  }

  /** The count of a bucket by its position in the order of values: negative from the last key on, zero, positive. */
  #countAt(position: number): number {
    const { length, start } = this.#negative;
    if (position < length) return this.#block[start + length - 1 - position] as number;
    if (position === length) return this.#block[ZERO_COUNT] as number;
    return this.#block[this.#positive.start + position - length - 1] as number;
  }

  #valueAt(position: number): number {
    const { firstKey, length } = this.#negative;
    if (position < length) return -this.#keys.representative(firstKey + length - 1 - position);
    if (position === length) return 0;
    return this.#keys.representative(this.#positive.firstKey + position - length - 1);
  }

  #adopt(block: Float64Array): void {
    const former = this.#block as Float64Array | undefined;
    this.#block = block;
    this.#keys = exponentialKeys(integerAt(block, SCHEMA));
    this.#positive = sideOf(block, POSITIVE);
    this.#negative = sideOf(block, NEGATIVE);
    this.#onBlock?.(block);
    if (former !== undefined) this.#pages.release?.(former);
  }

  /** Gives the memory back. Nothing may be counted any more. */
  release(): void {
    this.#pages.release?.(this.#block);
  }

  /**
   * Puts a block in place that counts all of some blocks, and has room for some keys more. Its schema is the one asked
   * for, at which the keys are given, or a coarser one if that takes too many buckets.
   */
  #replace(
    atSchema: number,
    threshold: number,
    positiveKeys: KeyRange,
    negativeKeys: KeyRange,
    blocks: readonly Float64Array[],
  ): void {
    let schema = atSchema;
    let positive = positiveKeys;
    let negative = negativeKeys;
    for (const block of blocks) {
      positive = union(positive, usedKeys(block, POSITIVE, integerAt(block, SCHEMA) - schema));
      negative = union(negative, usedKeys(block, NEGATIVE, integerAt(block, SCHEMA) - schema));
    }
    while (lengthOf(positive) > this.#maxLength || lengthOf(negative) > this.#maxLength) {
      schema--;
      positive = coarser(positive, 1);
      negative = coarser(negative, 1);
    }
    const block = emptyBlock(
      this.#pages,
      schema,
      undividing(threshold, schema, blocks),
      padded(positive, this.#maxLength),
      padded(negative, this.#maxLength),
    );
    for (const source of blocks) add(block, source);
    this.#adopt(block);
  }
}

/**
 * Counts that were made elsewhere, as a {@link ExponentialBuckets.block} without least and greatest number. Where they
 * span more buckets of one sign than may be, the resolution is halved.
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

function isCount(value: number | undefined): boolean {
  return value !== undefined && value >= 0 && value < Infinity;
}

function emptyBlock(
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
function integerAt(block: Float64Array, cell: number): number {
  return (block[cell] as number) | 0;
}

function sideOf(block: Float64Array, sign: Sign): Side {
  const start = sign === POSITIVE ? BLOCK_HEADER_CELLS : BLOCK_HEADER_CELLS + integerAt(block, POSITIVE + 1);
  return { firstKey: integerAt(block, sign), length: integerAt(block, sign + 1), start };
}

function forEachBucket(block: Float64Array, side: Side, visit: (key: number, count: number) => void): void {
  for (let i = 0; i < side.length; i++) {
    const count = block[side.start + i] as number;
    if (count !== 0) visit(side.firstKey + i, count);
  }
}

/** The keys from the first to the last populated bucket, as they are when the resolution is halved so many times. */
function usedKeys(block: Float64Array, sign: Sign, halvings: number): KeyRange {
  const { firstKey, length, start } = sideOf(block, sign);
  let low = 0;
  let high = length - 1;
  while (low <= high && block[start + low] === 0) low++;
  while (low <= high && block[start + high] === 0) high--;
  return low > high ? NO_KEYS : coarser({ first: firstKey + low, last: firstKey + high }, halvings);
}

function holds(side: Side, keys: KeyRange): boolean {
  return lengthOf(keys) === 0 || (keys.first >= side.firstKey && keys.last < side.firstKey + side.length);
}

/**
 * The zero threshold wanted, or where it lies inside a populated bucket, the bound of that: a bucket can't be split.
 * Only blocks with a lesser threshold matter, for what others have in that bucket lies beyond the threshold.
 */
function undividing(wanted: number, schema: number, blocks: readonly Float64Array[]): number {
  const narrower = blocks.filter((block) => (block[ZERO_THRESHOLD] as number) < wanted);
  if (narrower.length === 0) return wanted;
  const keys = exponentialKeys(schema);
  const key = keys.keyOf(wanted);
  const isDivided = narrower.some((block) => {
    const halvings = integerAt(block, SCHEMA) - schema;
    let isPopulated = false;
    for (const sign of [POSITIVE, NEGATIVE] as const) {
      forEachBucket(block, sideOf(block, sign), (finerKey) => {
        isPopulated ||= coarserKey(finerKey, halvings) === key;
      });
    }
    return isPopulated;
  });
  return isDivided ? keys.upperBound(key) : wanted;
}

/** Adds the counts of a block to those of another, where all its populated buckets have their place. */
function add(block: Float64Array, other: Float64Array): void {
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
