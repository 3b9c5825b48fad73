import { coarserKey } from "./exponential-keys.ts";

/** Keys of exponential buckets from `first` to `last`; none if `last` is less. */
export interface KeyRange {
  readonly first: number;
  readonly last: number;
}

export const NO_KEYS: KeyRange = { first: 0, last: -1 };

export function isEmpty({ first, last }: KeyRange): boolean {
  return last < first;
}

export function lengthOf({ first, last }: KeyRange): number {
  return last - first + 1;
}

/** The least range that holds both. */
export function union(a: KeyRange, b: KeyRange): KeyRange {
  if (isEmpty(a)) return b;
  if (isEmpty(b)) return a;
  return { first: Math.min(a.first, b.first), last: Math.max(a.last, b.last) };
}

/** The same range where the resolution is halved so many times. */
export function coarser(keys: KeyRange, halvings: number): KeyRange {
  if (isEmpty(keys)) return keys;
  return { first: coarserKey(keys.first, halvings), last: coarserKey(keys.last, halvings) };
}

/** A range with room to grow on both sides, as far as its length allows. */
export function padded(keys: KeyRange, maxLength: number): KeyRange {
  if (isEmpty(keys)) return keys;
  const length = lengthOf(keys);
  const padding = Math.min(16 + (length >> 4), Math.floor((maxLength - length) / 2));
  return { first: keys.first - padding, last: keys.last + padding };
}
