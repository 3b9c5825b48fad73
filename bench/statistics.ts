// Figures from repeated measurements.

/** The middle of repeated measurements, and how far they lie apart. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** @throws {RangeError} when there is nothing to take the middle of */
export function spread(samples: readonly number[]): Spread {
  if (samples.length === 0) throw new RangeError("There are no samples.");
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [below, above] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle] as number, sorted[middle] as number];
  return { median: (below + above) / 2, min: sorted[0] as number, max: sorted.at(-1) as number };
}

/**
 * How many times `dividend` is `divisor`, round by round: both were measured in the same round, so what disturbs the machine
 * disturbs both.
 *
 * @throws {RangeError} when there are not as many of one as of the other
 */
export function ratios(dividend: readonly number[], divisor: readonly number[]): number[] {
  if (dividend.length !== divisor.length) {
    throw new RangeError(`${dividend.length} samples can't be divided by ${divisor.length}.`);
  }
  return dividend.map((value, round) => value / (divisor[round] as number));
}
