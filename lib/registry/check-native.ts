// Checks native histograms that custom collectors made.
import type { NativeBucket, NativeHistogram } from "../model/family.ts";
import { COARSEST_SCHEMA, exponentialKeys, FINEST_SCHEMA } from "../storage/exponential-keys.ts";
import { count, isObject, listOf, show } from "./check-values.ts";

/**
 * Checks the native buckets of a series and copies them, without empty ones and without exemplars.
 *
 * @param total how many observations the series has
 * @param sum their sum; where it is NaN, or not known, some may have been NaN, which fall into no bucket
 * @throws {TypeError | RangeError} when they can't be exposed
 */
export function checkNativeHistogram(
  owner: string,
  given: unknown,
  total: number,
  sum: number | undefined,
): NativeHistogram {
  if (!isObject<NativeHistogram>(given)) throw new TypeError(`${owner} has ${show(given)} for its native buckets.`);
  const { schema, zeroThreshold, zeroCount, positive, negative } = given;
  if (!Number.isInteger(schema) || schema < COARSEST_SCHEMA || schema > FINEST_SCHEMA) {
    throw new RangeError(
      `${owner} has the schema ${show(schema)}; that is an integer from ${COARSEST_SCHEMA} to ${FINEST_SCHEMA}.`,
    );
  }
  if (!(count(owner, "its zero threshold", zeroThreshold) < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${owner} has an infinite zero threshold.`);
  }
  const checked: NativeHistogram = {
    // Nobody shall meet a negative zero.
    schema: schema + 0,
    zeroThreshold,
    zeroCount: count(owner, "its zero count", zeroCount),
    positive: checkSide(owner, schema, positive),
    negative: checkSide(owner, schema, negative),
  };
  checkTotal(owner, checked, total, sum);
  return checked;
}

function checkSide(owner: string, schema: number, given: unknown): readonly NativeBucket[] {
  const keys = exponentialKeys(schema);
  const [least, most] = [keys.keyOf(Number.MIN_VALUE), keys.keyOf(Number.POSITIVE_INFINITY)];
  let last = Number.NEGATIVE_INFINITY;
  const buckets = listOf(owner, "native buckets", given).map((one): NativeBucket => {
    if (!isObject<NativeBucket>(one)) throw new TypeError(`${owner} has ${show(one)} for a native bucket.`);
    const { key, count: own } = one;
    if (!Number.isInteger(key) || key <= last || key < least || key > most) {
      throw new RangeError(
        `${owner} has a native bucket with the key ${show(key)}; keys are integers that increase within ${least}…${most}.`,
      );
    }
    last = key;
    return { key: key + 0, count: count(owner, "a native bucket", own) };
  });
  return buckets.filter((bucket) => bucket.count > 0);
}

/** Prometheus drops a histogram whose buckets don't add up to its count, unless that may be for rounding. */
function checkTotal(
  owner: string,
  { zeroCount, positive, negative }: NativeHistogram,
  total: number,
  sum: number | undefined,
): void {
  const counts = [zeroCount, ...positive.map((one) => one.count), ...negative.map((one) => one.count)];
  if (![total, ...counts].every(Number.isSafeInteger)) return;
  const counted = counts.reduce((all, one) => all + one, 0);
  const mayHoldNaN = sum === undefined || Number.isNaN(sum);
  if (mayHoldNaN ? counted <= total : counted === total) return;
  throw new RangeError(`${owner} has the count ${total}, but ${counted} in its native buckets.`);
}
