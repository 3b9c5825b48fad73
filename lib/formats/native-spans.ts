import type { NativeBucket } from "../model/family.ts";
import { type Sign, sideOf } from "../storage/exponential-block.ts";

/** So many empty buckets are written as such; a longer gap takes another span, which costs about as much. */
const LONGEST_GAP = 2;

/** Room for so many counts is there at first, and room for so many is kept; more is given back with the next. */
const FIRST_COUNTS = 256;
const MOST_KEPT = 16_384;

/**
 * The buckets of one sign of a native histogram as the formats carry them, grouped as the reference implementation does
 * it: spans of buckets whose keys follow each other, and the counts of all of those. It is memory for one after the other.
 *
 * @see https://prometheus.io/docs/specs/native_histograms/#buckets
 */
export class SpannedBuckets {
  /**
   * Two numbers a span. First its offset: the key of its first bucket for the first span, for the others how many buckets
   * lie between it and the one before. Then how many buckets it has.
   */
  spans = new Int32Array(2 * FIRST_COUNTS);
  spanCount = 0;
  /** The counts of all buckets of the spans, one after the other; not cumulative. */
  counts = new Float64Array(FIRST_COUNTS);
  length = 0;

  /** Takes buckets in, in place of those before. They are in the order of their keys. */
  take(buckets: readonly NativeBucket[]): this {
    let next = 0;
    let begin = 0;
    let length = 0;
    let offset = 0;
    this.#prepare(buckets.length * (LONGEST_GAP + 1));
    for (const { key, count } of buckets) {
      const gap = key - next;
      if (gap > LONGEST_GAP || length === 0) {
        if (length > 0) this.#add(offset, length - begin);
        offset = gap;
        begin = length;
      } else {
        for (let i = 0; i < gap; i++) this.counts[length++] = 0;
      }
      this.counts[length++] = count;
      next = key + 1;
    }
    if (length > 0) this.#add(offset, length - begin);
    this.length = length;
    return this;
  }

  /** Takes those of one sign of a block in, in place of those before. */
  takeSide(block: Float64Array, sign: Sign): this {
    const { firstKey, length: cells, start } = sideOf(block, sign);
    this.#prepare(cells);
    const { counts } = this;
    const end = start + cells;
    let gap = firstKey;
    let length = 0;
    for (let cell = start; cell < end; cell++) {
      if (block[cell] === 0) {
        gap++;
        continue;
      }
      // From here to the next long gap empty buckets are taken like others: to tell them apart would be a branch that is
      // mispredicted half the time.
      const begin = length;
      let empty = 0;
      for (; cell < end && empty <= LONGEST_GAP; cell++) {
        const count = block[cell] as number;
        counts[length++] = count;
        empty = count === 0 ? empty + 1 : 0;
      }
      length -= empty;
      this.#add(gap, length - begin);
      gap = empty;
      cell--;
    }
    this.length = length;
    return this;
  }

  #add(offset: number, buckets: number): void {
    this.spans[2 * this.spanCount] = offset;
    this.spans[2 * this.spanCount + 1] = buckets;
    this.spanCount++;
  }

  /** Begins anew, with room for so many counts and as many spans. */
  #prepare(most: number): void {
    this.spanCount = 0;
    const room = this.counts.length;
    if (most <= room && (room <= MOST_KEPT || most > MOST_KEPT)) return;
    const length = Math.max(FIRST_COUNTS, most > MOST_KEPT ? most : Math.min(2 * most, MOST_KEPT));
    this.counts = new Float64Array(length);
    this.spans = new Int32Array(2 * length);
  }
}
