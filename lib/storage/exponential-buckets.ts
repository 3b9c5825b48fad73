import {
  addBlock,
  BLOCK_HEADER_CELLS,
  emptyBlock,
  holds,
  integerAt,
  MAX,
  MIN,
  NEGATIVE,
  POSITIVE,
  SCHEMA,
  type Side,
  sideOf,
  undividing,
  usedKeys,
  ZERO_COUNT,
  ZERO_THRESHOLD,
} from "./exponential-block.ts";
import { COARSEST_SCHEMA, type ExponentialKeys, exponentialKeys } from "./exponential-keys.ts";
import { countOf, rankedValues } from "./exponential-ranks.ts";
import { coarser, type KeyRange, lengthOf, NO_KEYS, padded, union } from "./key-range.ts";
import { ordinaryPages, type PageFactory } from "./pages.ts";

/** At the coarsest schema all finite numbers of one sign take so many buckets. */
const FEWEST_BUCKETS = 132;

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
    return countOf(this.#block);
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
      addBlock(block, other);
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
    rankedValues(this.#block, qs, into, from);
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
    for (const source of blocks) addBlock(block, source);
    this.#adopt(block);
  }
}
