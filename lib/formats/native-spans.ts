import type { NativeBucket } from "../model/family.ts";

/** Buckets whose keys follow each other. */
export interface BucketSpan {
  /** The key of its first bucket for the first span; for the others how many buckets lie between it and the one before. */
  readonly offset: number;
  readonly length: number;
}

/** The buckets of one sign as the formats carry them. */
export interface SpannedBuckets {
  readonly spans: readonly BucketSpan[];
  /** The counts of all buckets of the spans, one after the other; not cumulative. */
  readonly counts: readonly number[];
}

/** So many empty buckets are written as such; a longer gap takes another span, which costs about as much. */
const LONGEST_GAP = 2;

/**
 * Groups buckets as the reference implementation does.
 *
 * @param buckets in increasing order of key
 * @see https://prometheus.io/docs/specs/native_histograms/#buckets
 */
export function spanBuckets(buckets: readonly NativeBucket[]): SpannedBuckets {
  const spans: { offset: number; length: number }[] = [];
  const counts: number[] = [];
  let next = 0;
  for (const { key, count } of buckets) {
    const gap = key - next;
    const last = spans.at(-1);
    if (last === undefined || gap > LONGEST_GAP) {
      spans.push({ offset: gap, length: 1 });
    } else {
      for (let i = 0; i < gap; i++) counts.push(0);
      last.length += gap + 1;
    }
    counts.push(count);
    next = key + 1;
  }
  return { spans, counts };
}
