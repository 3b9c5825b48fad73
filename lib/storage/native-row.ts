import type { Exemplar, NativeBucket, NativeHistogram } from "../model/family.ts";
import { forEachBucket, NEGATIVE, POSITIVE, SCHEMA, ZERO_COUNT, ZERO_THRESHOLD } from "./exponential-block.ts";

/** The native histogram of a row where it lies: to be read at once, for it goes on counting. */
export interface NativeRow {
  /** See {@link ExponentialBuckets.block}. */
  readonly block: Float64Array;
  /** In increasing order of value. */
  readonly exemplars: readonly Exemplar[];
}

/** A copy that stays as it is. */
export function copyNative({ block, exemplars }: NativeRow): NativeRow {
  return { block: block.slice(), exemplars: [...exemplars] };
}

/** The same as plain data. */
export function nativeHistogram({ block, exemplars }: NativeRow): NativeHistogram {
  const positive: NativeBucket[] = [];
  const negative: NativeBucket[] = [];
  forEachBucket(block, POSITIVE, (key, count) => positive.push({ key, count }));
  forEachBucket(block, NEGATIVE, (key, count) => negative.push({ key, count }));
  return {
    schema: block[SCHEMA] as number,
    zeroThreshold: block[ZERO_THRESHOLD] as number,
    zeroCount: block[ZERO_COUNT] as number,
    positive,
    negative,
    ...(exemplars.length > 0 && { exemplars: [...exemplars] }),
  };
}
