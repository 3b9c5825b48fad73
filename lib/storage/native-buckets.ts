import { ExponentialBuckets } from "./exponential-buckets.ts";
import { COARSEST_SCHEMA, exponentialKeys } from "./exponential-keys.ts";
import { NativeExemplars, type TimedExemplar } from "./native-exemplars.ts";
import type { NativeRow } from "./native-row.ts";
import { ordinaryPages, type PageFactory } from "./pages.ts";

/**
 * How many buckets the observations of one sign may span before the resolution halves, whatever the limits allow: what
 * all doubles take at schema 3, and nineteen orders of magnitude at schema 8. It bounds a series' memory to 134 KB a sign.
 */
export const NATIVE_MAX_LENGTH = 16_800;

const NO_EXEMPLARS: readonly TimedExemplar[] = Object.freeze([]);

/** How the native histograms of a family count, and what they do when they have too many buckets. */
export interface NativeSettings {
  /** The resolution that a series begins with, −4…8. */
  readonly schema: number;
  /** Observations up to this magnitude are counted as zero, at first. */
  readonly zeroThreshold: number;
  /** How many populated buckets a series may have, those of both signs but not the zero bucket; 0 for any number. */
  readonly maxBuckets: number;
  /** After this time a series that has too many buckets begins anew, in seconds; 0 for never. */
  readonly minResetSeconds: number;
  /** How wide the zero bucket may get to save buckets; 0 for no wider than it is. */
  readonly maxZeroThreshold: number;
  /** How many exemplars a series keeps, spread over its values. */
  readonly exemplars: number;
}

/** What a native histogram does to the rest of its series. */
export interface NativeOwner {
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
  /** The series begins anew: what else it has counted goes to zero. Called before the present observation is counted. */
  readonly onReset: (buckets: NativeBuckets) => void;
  /** The series shall begin anew at a time of that clock, without an observation. */
  readonly onSchedule: (buckets: NativeBuckets, dueMs: number) => void;
}

/** Hears of what a native histogram has that other threads are to read. */
export interface NativeListener {
  /** Where its buckets lie from now on. */
  readonly onBlock: (block: Float64Array) => void;
  /** An exemplar that is kept, and in which place. */
  readonly onExemplar: (place: number, exemplar: TimedExemplar) => void;
}

/**
 * The exponential buckets of one series, held to a number of them as the reference implementation does it.
 *
 * When an observation finds too many buckets populated, one step is taken, the first that applies: begin anew, if the
 * series is old enough; widen the zero bucket by the bucket next to it; halve the resolution. So the number may stay
 * above the limit for a while, and further observations go on. Where one of the last two was taken, and series begin
 * anew at all, this one will as soon as it is old enough, to have its resolution back.
 *
 * @see https://prometheus.io/docs/specs/native_histograms/#limit-the-bucket-count
 */
export class NativeBuckets implements NativeRow {
  readonly row: number;
  /** Made with the first that is kept: most series have none. */
  #exemplars: NativeExemplars | undefined;
  readonly #settings: NativeSettings;
  readonly #owner: NativeOwner;
  readonly #buckets: ExponentialBuckets;
  readonly #onExemplar: ((place: number, exemplar: TimedExemplar) => void) | undefined;
  /** Whether there were too many buckets still after the last step. */
  #isOver = false;
  #isScheduled = false;
  /** When the series last began, by the owner's clock. Without a time to begin anew nobody asks. */
  #startMs: number;

  constructor(
    row: number,
    settings: NativeSettings,
    owner: NativeOwner,
    pages: PageFactory = ordinaryPages,
    listener?: NativeListener,
  ) {
    this.row = row;
    this.#settings = settings;
    this.#owner = owner;
    this.#buckets = new ExponentialBuckets({
      ...settings,
      maxLength: NATIVE_MAX_LENGTH,
      pages,
      ...(listener && { onBlock: listener.onBlock }),
    });
    this.#onExemplar = listener?.onExemplar;
    this.#startMs = settings.minResetSeconds > 0 ? owner.now() : 0;
  }

  /** The counts as one block of numbers, for merging: see {@link ExponentialBuckets.block}. */
  get block(): Float64Array {
    return this.#buckets.block;
  }

  /** In increasing order of value; they change as more are kept. */
  get exemplars(): readonly TimedExemplar[] {
    return this.#exemplars?.kept ?? NO_EXEMPLARS;
  }

  /** Keeps the exemplar of an observation, in the place of another if it must. */
  keep(exemplar: TimedExemplar): void {
    this.#exemplars ??= new NativeExemplars(this.#settings.exemplars, this.#onExemplar);
    this.#exemplars.add(exemplar);
  }

  /** Adds what is counted in the block of another. */
  mergeBlock(block: Float64Array): void {
    this.#buckets.mergeBlock(block);
  }

  /**
   * Counts an observation. Where that makes the series begin anew, the owner is told first, and the observation is the
   * first one of the new series.
   *
   * @param value finite; the caller has made sure of that
   */
  observe(value: number): void {
    if (this.#buckets.observe(value) || this.#isOver) this.#limit(value);
  }

  #limit(value: number): void {
    const { maxBuckets, minResetSeconds } = this.#settings;
    const buckets = this.#buckets;
    this.#isOver = maxBuckets > 0 && buckets.populated > maxBuckets;
    if (!this.#isOver) return;
    if (minResetSeconds > 0 && !this.#isScheduled) {
      const dueMs = this.#startMs + minResetSeconds * 1000;
      if (this.#owner.now() >= dueMs) {
        buckets.takeBack(value);
        this.reset();
        buckets.observe(value);
        return;
      }
      this.#isScheduled = true;
      this.#owner.onSchedule(this, dueMs);
    }
    if (this.#widenZero() || this.#reduce()) this.#isOver = buckets.populated > maxBuckets;
    // Nothing more can be done until another bucket is populated.
    else this.#isOver = false;
  }

  /** Joins the populated bucket next to zero, of either sign, with the zero bucket, and returns whether it may be. */
  #widenZero(): boolean {
    const { maxZeroThreshold } = this.#settings;
    const buckets = this.#buckets;
    if (buckets.zeroThreshold >= maxZeroThreshold) return false;
    const threshold = exponentialKeys(buckets.schema).upperBound(buckets.leastKey);
    if (threshold > maxZeroThreshold) return false;
    buckets.widenZero(threshold);
    return true;
  }

  /** Halves the resolution, and returns whether that was possible. */
  #reduce(): boolean {
    if (this.#buckets.schema === COARSEST_SCHEMA) return false;
    this.#buckets.reduce();
    return true;
  }

  /** Begins anew, at the first resolution and zero threshold. Exemplars stay. */
  reset(): void {
    this.#owner.onReset(this);
    this.#buckets.reset();
    this.#isOver = false;
    this.#isScheduled = false;
    this.#startMs = this.#owner.now();
  }

  /** Gives the memory back. Nothing may be counted any more. */
  release(): void {
    this.#buckets.release();
  }
}
