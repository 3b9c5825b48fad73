// Bucket bounds: the default ones, ways to make others, and the check that all pass.

/** The bounds of the other client libraries, for latencies in seconds. */
export const DEFAULT_BOUNDS: readonly number[] = Object.freeze([
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
]);

/**
 * `count` bounds, each `width` above the one before.
 *
 * @throws {RangeError} when `count` is no whole number above zero, `width` is not positive, or one is not finite
 * @example
 * linearBuckets(0, 5, 4); // [0, 5, 10, 15]
 */
export function linearBuckets(start: number, width: number, count: number): number[] {
  checkCount("linearBuckets", count);
  checkPositive("linearBuckets", "width", width);
  checkFinite("linearBuckets", "start", start);
  return Array.from({ length: count }, (_, i) => start + i * width);
}

/**
 * `count` bounds, each `factor` times the one before.
 *
 * @throws {RangeError} when `count` is no whole number above zero, `start` is not positive, or `factor` not above 1
 * @example
 * exponentialBuckets(1, 2, 4); // [1, 2, 4, 8]
 */
export function exponentialBuckets(start: number, factor: number, count: number): number[] {
  checkCount("exponentialBuckets", count);
  checkPositive("exponentialBuckets", "start", start);
  if (!(factor > 1 && factor < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`exponentialBuckets: factor must be greater than 1, but got ${factor}.`);
  }
  const bounds: number[] = [];
  for (let bound = start; bounds.length < count; bound *= factor) bounds.push(bound);
  return bounds;
}

/**
 * `count` bounds from `min` to `max`, each the same factor above the one before.
 *
 * @throws {RangeError} when `count` is no whole number above zero, `min` is not positive, or `max` not above it
 * @example
 * exponentialRangeBuckets(1, 1000, 4); // [1, 10, 100, 1000], but for rounding
 */
export function exponentialRangeBuckets(min: number, max: number, count: number): number[] {
  checkCount("exponentialRangeBuckets", count);
  checkPositive("exponentialRangeBuckets", "min", min);
  if (!(max > min && max < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`exponentialRangeBuckets: max must be greater than min, but got ${max} after ${min}.`);
  }
  if (count === 1) return [min];
  return Array.from({ length: count }, (_, i) => {
    // Between the two by ratio. The ratio itself may be more than a double holds.
    const share = i / (count - 1);
    return min ** (1 - share) * max ** share;
  });
}

function checkCount(call: string, count: number): void {
  if (!(Number.isInteger(count) && count > 0)) {
    throw new RangeError(`${call}: count must be a whole number above zero, but got ${count}.`);
  }
}

function checkPositive(call: string, what: string, value: number): void {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new RangeError(`${call}: ${what} must be positive, but got ${value}.`);
}

function checkFinite(call: string, what: string, value: number): void {
  if (!Number.isFinite(value)) throw new RangeError(`${call}: ${what} must be a finite number, but got ${value}.`);
}

/**
 * The bounds as a histogram keeps them: a copy, checked, and without a last `Infinity`, which is always there.
 *
 * @param mayBeNone whether there may be none, since other buckets do the counting
 * @throws {TypeError} when they are no array of numbers
 * @throws {RangeError} when there are none, or they do not strictly increase
 */
export function checkBounds(owner: string, given: unknown, mayBeNone = false): readonly number[] {
  if (!Array.isArray(given)) throw new TypeError(`${owner}: buckets must be an array of numbers.`);
  const bounds: unknown[] = [...given];
  if (bounds.at(-1) === Number.POSITIVE_INFINITY) bounds.pop();
  if (bounds.length === 0 && !mayBeNone) throw new RangeError(`${owner}: buckets must have at least one finite bound.`);
  let last = Number.NEGATIVE_INFINITY;
  const checked = bounds.map((bound, i) => {
    if (typeof bound !== "number")
      throw new TypeError(`${owner}: bounds are numbers, but got ${typeof bound} at index ${i}.`);
    if (!Number.isFinite(bound)) throw new RangeError(`${owner}: bounds are finite, but got ${bound} at index ${i}.`);
    if (!(bound > last))
      throw new RangeError(`${owner}: bounds must increase, but ${bound} at index ${i} follows ${last}.`);
    last = bound;
    // Nobody shall meet a negative zero in a label.
    return bound === 0 ? 0 : bound;
  });
  return Object.freeze(checked);
}
