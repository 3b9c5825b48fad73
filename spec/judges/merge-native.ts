import type { NativeBucket, NativeHistogram } from "../../lib/model/family.ts";
import { coarserKey, exponentialKeys } from "../../lib/storage/exponential-keys.ts";
import { NativeExemplars, type TimedExemplar } from "../../lib/storage/native-exemplars.ts";

/** How many exemplars are left of all, as many as a series has by default. */
const MOST_EXEMPLARS = 10;

/**
 * One native histogram of several, which count different observations: those of threads, or of processes. Nothing is
 * lost but resolution: the coarsest schema of all is that of the result, and the widest zero bucket. Where that ends
 * inside a populated bucket of another, it takes in all of it, for a bucket can't be split. They are left as they are.
 *
 * @param histograms at least one
 * @see https://prometheus.io/docs/specs/native_histograms/#merging-of-native-histograms
 */
export function mergeNative(histograms: readonly NativeHistogram[]): NativeHistogram {
  const schema = Math.min(...histograms.map((one) => one.schema));
  const { zeroThreshold, zeroKey } = commonZero(histograms, schema);
  const positive = new Map<number, number>();
  const negative = new Map<number, number>();
  let zeroCount = 0;
  const add = (side: Map<number, number>, key: number, count: number) => {
    if (key <= zeroKey) zeroCount += count;
    else side.set(key, (side.get(key) ?? 0) + count);
  };
  const exemplars = new NativeExemplars(MOST_EXEMPLARS);
  for (const one of histograms) {
    const halvings = one.schema - schema;
    zeroCount += one.zeroCount;
    for (const { key, count } of one.positive) add(positive, coarserKey(key, halvings), count);
    for (const { key, count } of one.negative) add(negative, coarserKey(key, halvings), count);
    for (const exemplar of one.exemplars ?? []) exemplars.add(exemplar as TimedExemplar);
  }
  const { kept } = exemplars;
  return {
    schema,
    zeroThreshold,
    zeroCount,
    positive: sorted(positive),
    negative: sorted(negative),
    ...(kept.length > 0 && { exemplars: kept }),
  };
}

/** The zero threshold of all, and the key of the last bucket that lies in the zero bucket as a whole. */
function commonZero(
  histograms: readonly NativeHistogram[],
  schema: number,
): { readonly zeroThreshold: number; readonly zeroKey: number } {
  const widest = Math.max(...histograms.map((one) => one.zeroThreshold));
  if (widest === 0) return { zeroThreshold: 0, zeroKey: Number.NEGATIVE_INFINITY };
  const keys = exponentialKeys(schema);
  const key = keys.keyOf(widest);
  const bound = keys.upperBound(key);
  // Of those that are as wide, what lies in that bucket lies beyond the threshold.
  const isDivided = histograms.some(
    (one) =>
      one.zeroThreshold < widest &&
      [...one.positive, ...one.negative].some((bucket) => coarserKey(bucket.key, one.schema - schema) === key),
  );
  if (isDivided) return { zeroThreshold: bound, zeroKey: key };
  return { zeroThreshold: widest, zeroKey: bound <= widest ? key : key - 1 };
}

function sorted(side: ReadonlyMap<number, number>): NativeBucket[] {
  return [...side].sort(([a], [b]) => a - b).map(([key, count]) => ({ key, count }));
}
