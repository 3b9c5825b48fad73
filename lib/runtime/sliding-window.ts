/** What a window holds, in words of statistics. */
export interface WindowStatistics {
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  readonly stddev: number;
  /** The value that a share of the observations does not exceed, off by at most 2.5 % of itself. */
  quantile(rank: number): number;
}

/** Below this all values are one, which is none. */
const LOWEST = 1e-5;
/** By how much each bucket's limit exceeds the one before. */
const GROWTH = 1.05;
/** Enough for a thousand seconds. */
const BUCKETS = 380;

/** The observations of a stretch of time. */
class Part {
  /** Which stretch: they are counted from zero. */
  epoch = -1;
  count = 0;
  sum = 0;
  squares = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  /** Observations by bucket; there are none outside of those from the first to the last one that are told here. */
  readonly buckets = new Float64Array(BUCKETS);
  first = BUCKETS;
  last = -1;

  begin(epoch: number): void {
    this.epoch = epoch;
    this.count = 0;
    this.sum = 0;
    this.squares = 0;
    this.min = Number.POSITIVE_INFINITY;
    this.max = Number.NEGATIVE_INFINITY;
    this.buckets.fill(0, this.first, this.last + 1);
    this.first = BUCKETS;
    this.last = -1;
  }

  /** Says that there are observations in these buckets. */
  reach(first: number, last: number): void {
    if (first < this.first) this.first = first;
    if (last > this.last) this.last = last;
  }

  add(other: Part): void {
    this.count += other.count;
    this.sum += other.sum;
    this.squares += other.squares;
    this.min = Math.min(this.min, other.min);
    this.max = Math.max(this.max, other.max);
    this.reach(other.first, other.last);
    for (let i = other.first; i <= other.last; i++) (this.buckets[i] as number) += other.buckets[i] as number;
  }
}

/**
 * The observations of the last while, none of them negative. The window moves on with the time that is handed in, in
 * steps of one part, and never because somebody reads it: whoever asks gets the same answer.
 */
export class SlidingWindow {
  readonly #partMs: number;
  readonly #parts: readonly Part[];
  readonly #merged = new Part();

  /** @param parts in how many steps the window moves on; an observation leaves it after `lengthMs` less up to a part */
  constructor(lengthMs: number, parts: number) {
    this.#partMs = lengthMs / parts;
    this.#parts = Array.from({ length: parts }, () => new Part());
  }

  /**
   * @param nowMs by a clock that only goes forward
   * @param times how often the value was observed
   */
  observe(value: number, nowMs: number, times = 1): void {
    const epoch = Math.floor(nowMs / this.#partMs);
    const part = this.#parts[epoch % this.#parts.length] as Part;
    if (part.epoch !== epoch) part.begin(epoch);
    part.count += times;
    part.sum += value * times;
    part.squares += value * value * times;
    part.min = Math.min(part.min, value);
    part.max = Math.max(part.max, value);
    const bucket = bucketOf(value);
    part.reach(bucket, bucket);
    (part.buckets[bucket] as number) += times;
  }

  /** What was observed in the window that ends now, or nothing if nothing was. Good until the next call. */
  read(nowMs: number): WindowStatistics | undefined {
    const epoch = Math.floor(nowMs / this.#partMs);
    const merged = this.#merged;
    merged.begin(epoch);
    for (const part of this.#parts) if (part.epoch > epoch - this.#parts.length) merged.add(part);
    const { count, sum, squares, min, max } = merged;
    if (count === 0) return undefined;
    const mean = sum / count;
    return {
      min,
      max,
      mean,
      // Rounding can leave a variance of nothing a little below it.
      stddev: Math.sqrt(Math.max(0, squares / count - mean * mean)),
      quantile(rank) {
        let left = Math.max(1, Math.ceil(rank * count));
        let bucket = merged.first;
        for (; bucket < merged.last; bucket++) {
          left -= merged.buckets[bucket] as number;
          if (left <= 0) break;
        }
        return Math.min(max, Math.max(min, middleOf(bucket)));
      },
    };
  }
}

function bucketOf(value: number): number {
  if (value <= LOWEST) return 0;
  return Math.min(BUCKETS - 1, 1 + Math.floor(Math.log(value / LOWEST) / Math.log(GROWTH)));
}

function middleOf(bucket: number): number {
  return bucket === 0 ? 0 : LOWEST * GROWTH ** (bucket - 0.5);
}
