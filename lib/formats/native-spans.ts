import type { NativeBucket } from "../model/family.ts";
import { type Sign, sideOf } from "../storage/exponential-block.ts";

/** So many empty buckets are written as such; a longer gap takes another span, which costs about as much. */
const LONGEST_GAP = 2;

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
  spans = new Int32Array(512);
  spanCount = 0;
  /** The counts of all buckets of the spans, one after the other; not cumulative. */
  counts = new Float64Array(256);
  length = 0;

  /** Takes buckets in, in place of those before. They are in the order of their keys. */
  take(buckets: readonly NativeBucket[]): this {
    let next = 0;
    let begin = 0;
    let length = 0;
    let offset = 0;
    this.spanCount = 0;
    for (const { key, count } of buckets) {
      this.#reserve(length + LONGEST_GAP + 1);
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
    this.#reserve(cells);
    const { counts } = this;
    const end = start + cells;
    let gap = firstKey;
    let length = 0;
    this.spanCount = 0;
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

  /** Makes room for so many counts, and as many spans. */
  #reserve(length: number): void {
    if (length <= this.counts.length) return;
    const counts = new Float64Array(2 * length);
    counts.set(this.counts);
    this.counts = counts;
    const spans = new Int32Array(2 * counts.length);
    spans.set(this.spans);
    this.spans = spans;
  }
}
