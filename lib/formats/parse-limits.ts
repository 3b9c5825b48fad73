/** What reading an exposition may cost at most. Input that goes beyond is refused with a `ParseError`. */
export interface ParseLimits {
  /**
   * The longest line of a text, in bytes. Only one line at a time is held back for its end to come.
   * @default 1 MiB
   */
  readonly maxLineBytes?: number;
  /**
   * The largest message in protobuf, in bytes: a whole family, which is held until it is complete. Messages lie in one
   * another as deep as the format says, five at most; groups, which could nest without end, are refused.
   * @default 256 MiB
   */
  readonly maxMessageBytes?: number;
  /**
   * The most families. Their names are remembered to the end of a text, to tell when one comes back, so that a name
   * counts once more for each 1,024 characters of it.
   * @default 100,000
   */
  readonly maxFamilies?: number;
  /**
   * The most samples in one family, as text counts them, so that each bucket is one.
   * @default 10 million
   */
  readonly maxSamples?: number;
  /**
   * The most labels at one sample.
   * @default 1,000
   */
  readonly maxLabels?: number;
}

/**
 * {@link ParseLimits} with the defaults filled in.
 *
 * @throws {RangeError} when one is no number from 1 on
 */
export function parseLimits(limits: ParseLimits): Required<ParseLimits> {
  const all = {
    maxLineBytes: limits.maxLineBytes ?? 2 ** 20,
    maxMessageBytes: limits.maxMessageBytes ?? 2 ** 28,
    maxFamilies: limits.maxFamilies ?? 100_000,
    maxSamples: limits.maxSamples ?? 10_000_000,
    maxLabels: limits.maxLabels ?? 1_000,
  };
  for (const [name, value] of Object.entries(all)) {
    if (!(value >= 1)) throw new RangeError(`${name} must be at least 1, but got ${value}.`);
  }
  return all;
}
