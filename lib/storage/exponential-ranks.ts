// Which values stand at which ranks among the numbers that a block has counted.
import { BLOCK_HEADER_CELLS, MAX, MIN, NEGATIVE, POSITIVE, SCHEMA, sideOf, ZERO_COUNT } from "./exponential-block.ts";
import { exponentialKeys } from "./exponential-keys.ts";

/** How many numbers a block has counted. */
export function countOf(block: Float64Array): number {
  let count = block[ZERO_COUNT] as number;
  for (let i = BLOCK_HEADER_CELLS; i < block.length; i++) count += block[i] as number;
  return count;
}

/**
 * Fills in the values at several ranks, which costs little more than at one if they increase. See
 * {@link ExponentialBuckets.quantiles}.
 */
export function rankedValues(block: Float64Array, qs: readonly number[], into: Float64Array, from: number): void {
  const keys = exponentialKeys(block[SCHEMA] as number);
  const positive = sideOf(block, POSITIVE);
  const negative = sideOf(block, NEGATIVE);
  const [min, max] = [block[MIN] as number, block[MAX] as number];
  /** The count of a bucket by its position in the order of values: negative from the last key on, zero, positive. */
  const countAt = (position: number) => {
    const { length, start } = negative;
    if (position < length) return block[start + length - 1 - position] as number;
    if (position === length) return block[ZERO_COUNT] as number;
    return block[positive.start + position - length - 1] as number;
  };
  const valueAt = (position: number) => {
    const { firstKey, length } = negative;
    if (position < length) return -keys.representative(firstKey + length - 1 - position);
    if (position === length) return 0;
    return keys.representative(positive.firstKey + position - length - 1);
  };
  const count = countOf(block);
  let position = 0;
  let passed = 0;
  for (let i = 0; i < qs.length; i++) {
    // Less a little, for a product such as 0.55 · 100 comes out above 55 and would be rounded up to the next rank.
    const rank = Math.ceil((qs[i] as number) * count * (1 - 2 * Number.EPSILON));
    if (rank <= 1 || rank >= count) {
      // Adding zero makes 0 of −0.
      into[from + i] = count === 0 ? Number.NaN : (rank <= 1 ? min : max) + 0;
      continue;
    }
    // `passed` numbers lie in the buckets before `position`; back to the beginning if those are too many already.
    if (passed >= rank) {
      position = 0;
      passed = 0;
    }
    let inBucket = countAt(position);
    while (passed + inBucket < rank) {
      passed += inBucket;
      inBucket = countAt(++position);
    }
    into[from + i] = Math.min(max, Math.max(min, valueAt(position)));
  }
}
