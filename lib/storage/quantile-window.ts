import { BLOCK_HEADER_CELLS } from "./exponential-block.ts";
import { ExponentialBuckets } from "./exponential-buckets.ts";
import { defaultPages, type PageFactory } from "./pages.ts";
import type { WindowClock } from "./window-clock.ts";

/**
 * The schema of quantiles. Its buckets grow by 2^(1/64), that is by 1.09 %, and the number told for a bucket is at most
 * 0.542 % from any number in it: (2^(1/64) − 1) ÷ (2^(1/64) + 1). The next coarser one would be off by 1.1 %.
 */
export const QUANTILE_SCHEMA = 6;

/**
 * How many buckets the observations of one sign may span. Six orders of magnitude take 64 · log2(10^6) = 1,275.6 and
 * thus at most 1,277. Over more than that the resolution halves: up to twelve orders are told to within 1.1 %, up to
 * twenty-four to within 2.2 %, and so on.
 */
export const QUANTILE_MAX_LENGTH = 1280;

/** What an age bucket takes at most, when six orders of magnitude of both signs are observed: 20.6 KB. */
export const AGE_BUCKET_MAX_BYTES = 8 * (BLOCK_HEADER_CELLS + 2 * QUANTILE_MAX_LENGTH);

/** What was observed in one epoch. */
interface AgeBucket {
  epoch: number;
  /** Which of the window's it is, as long as it is one of them. */
  readonly slot: number;
  readonly buckets: ExponentialBuckets;
}

/**
 * Hears where the numbers of an age bucket lie: when its epoch begins, and when they move. Without a block it has none
 * any more.
 *
 * @param isNew whether its first number is being counted
 */
export type BlockListener = (slot: number, isNew: boolean, block?: Float64Array) => void;

/** Where the age buckets of a window come together to be read. One serves all windows, for reading is never interrupted. */
let merged: ExponentialBuckets | undefined;

/**
 * The latest observations of one series, and their quantiles.
 *
 * The value told for a quantile is off by at most 0.55 % while the observations in the window span at most six orders
 * of magnitude, of either sign or both, and zero; see {@link QUANTILE_MAX_LENGTH} for more. (Below 2.2e-308 doubles are
 * coarser themselves.) The least and the greatest observation are told exactly.
 *
 * An observation is written into the current age bucket only; a reader merges those that are live. Age buckets are made
 * when they are first needed. Each takes 8 bytes for every bucket between its least and its greatest observation and
 * some to spare: 3 to 6 KB for the durations of a service, {@link AGE_BUCKET_MAX_BYTES} at most.
 */
export class QuantileWindow {
  readonly #clock: WindowClock;
  readonly #pages: PageFactory;
  #ageBuckets: AgeBucket[] = [];
  /** The epoch that `#current` belongs to; −1 if there is none. */
  #epoch = -1;
  #current: ExponentialBuckets | undefined;
  readonly #onBlock: BlockListener | undefined;

  /** @param clock the one that all windows of the metric share */
  constructor(clock: WindowClock, pages: PageFactory = defaultPages(), onBlock?: BlockListener) {
    this.#clock = clock;
    this.#pages = pages;
    this.#onBlock = onBlock;
  }

  /** @param value finite; the caller has made sure of that */
  observe(value: number): void {
    if (this.#clock.epoch !== this.#epoch) this.#beginEpoch();
    // There is one, since the epoch is that of the clock.
    (this.#current as ExponentialBuckets).observe(value);
  }

  #beginEpoch(): void {
    this.#clock.use();
    const { epoch } = this.#clock;
    let ageBucket = this.#ageBuckets.find((candidate) => !this.#clock.isLive(candidate.epoch));
    if (ageBucket === undefined) {
      const slot = this.#freeSlot();
      const onBlock = this.#onBlock && ((block: Float64Array) => this.#onBlock?.(slot, false, block));
      const options = { schema: QUANTILE_SCHEMA, maxLength: QUANTILE_MAX_LENGTH, pages: this.#pages };
      ageBucket = { epoch, slot, buckets: new ExponentialBuckets({ ...options, ...(onBlock && { onBlock }) }) };
      this.#ageBuckets.push(ageBucket);
    } else {
      ageBucket.epoch = epoch;
      ageBucket.buckets.reset();
    }
    this.#onBlock?.(ageBucket.slot, true, ageBucket.buckets.block);
    this.#epoch = epoch;
    this.#current = ageBucket.buckets;
  }

  #freeSlot(): number {
    let slot = 0;
    while (this.#ageBuckets.some((one) => one.slot === slot)) slot++;
    return slot;
  }

  /** Adds what is counted in the block of another window, as if all of it had been observed now. */
  mergeBlock(block: Float64Array): void {
    if (this.#clock.epoch !== this.#epoch) this.#beginEpoch();
    (this.#current as ExponentialBuckets).mergeBlock(block);
  }

  /**
   * Fills in the value of each quantile: that of the `ceil(q · n)`-th least of the n observations in the window, and the
   * least for 0. `NaN` when there are none.
   *
   * The clock should have been advanced before.
   *
   * @param qs each of 0…1, best in increasing order
   * @param from where in `into` the first value goes
   */
  quantiles(qs: readonly number[], into: Float64Array, from = 0): void {
    this.#forgetExpired();
    if (this.#ageBuckets.length === 0) into.fill(Number.NaN, from, from + qs.length);
    else this.#all().quantiles(qs, into, from);
  }

  /** All of the observations in the window, of which there are some; to be read at once. */
  #all(): ExponentialBuckets {
    const [first] = this.#ageBuckets;
    if (first !== undefined && this.#ageBuckets.length === 1) return first.buckets;
    merged ??= new ExponentialBuckets({ schema: QUANTILE_SCHEMA, maxLength: QUANTILE_MAX_LENGTH });
    merged.reset();
    this.mergeInto(merged);
    return merged;
  }

  /** Adds the observations in the window to those of others. */
  mergeInto(target: ExponentialBuckets): void {
    this.#forgetExpired();
    for (const { buckets } of this.#ageBuckets) target.merge(buckets);
  }

  /** The observations in the window as one block, to be read at once; undefined if there are none. */
  get block(): Float64Array | undefined {
    this.#forgetExpired();
    return this.#ageBuckets.length === 0 ? undefined : this.#all().block;
  }

  /** Calls back with the block of each age bucket that is live. */
  forEachBlock(visit: (block: Float64Array) => void): void {
    this.#forgetExpired();
    for (const { buckets } of this.#ageBuckets) visit(buckets.block);
  }

  /** Forgets all observations. */
  reset(): void {
    for (const ageBucket of this.#ageBuckets) this.#drop(ageBucket);
    this.#ageBuckets = [];
    this.#epoch = -1;
    this.#current = undefined;
  }

  /** What the counts take. */
  get bytes(): number {
    return this.#ageBuckets.reduce((sum, { buckets }) => sum + buckets.bytes, 0);
  }

  /** Lets the memory of expired age buckets go. A series in steady use has none, for it writes into them again. */
  #forgetExpired(): void {
    if (this.#ageBuckets.every(({ epoch }) => this.#clock.isLive(epoch))) return;
    const isLive = ({ epoch }: AgeBucket) => this.#clock.isLive(epoch);
    for (const ageBucket of this.#ageBuckets) if (!isLive(ageBucket)) this.#drop(ageBucket);
    this.#ageBuckets = this.#ageBuckets.filter(isLive);
    if (!this.#clock.isLive(this.#epoch)) this.#current = undefined;
  }

  #drop({ slot, buckets }: AgeBucket): void {
    this.#onBlock?.(slot, false);
    buckets.release();
  }
}
