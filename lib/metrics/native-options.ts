// How a histogram's native buckets are declared.
import { COARSEST_SCHEMA, FINEST_SCHEMA } from "../storage/exponential-keys.ts";
import type { NativeSettings } from "../storage/native-buckets.ts";

/** Exponential buckets, which need no bounds to be declared. */
export interface NativeOptions {
  /**
   * How much larger than the one before a bucket is at most, above 1. The buckets grow by the largest of the factors
   * 2^(2^-schema) that is not above it, or by the smallest there is.
   * @default 1.1, which comes to schema 3: 9 % a bucket, and quantiles off by 4.3 % at most
   */
  readonly factor?: number;
  /** The resolution itself in place of a factor: an integer from -4 (buckets grow by 65,536) to 8 (by 0.27 %). */
  readonly schema?: number;
  /**
   * Observations up to this magnitude are counted as zero, in the unit of the metric.
   * @default 2^-128, about 2.94e-39
   */
  readonly zeroThreshold?: number;
  /**
   * How many populated buckets a series may have; with more, the zero bucket widens or the resolution halves. 0 for any
   * number.
   * @default 160
   */
  readonly maxBuckets?: number;
  /**
   * How old a series is at least, in seconds, when it begins anew for want of buckets, at its first resolution. The server
   * sees a counter reset. 0 for never.
   * @default 0
   */
  readonly minResetSeconds?: number;
  /**
   * How wide the zero bucket may get to save buckets, in the unit of the metric. 0 for no wider than it is.
   * @default 0
   */
  readonly maxZeroThreshold?: number;
  /**
   * How many exemplars a series keeps, spread over its values, where the histogram has `enableExemplars`. 0 for none.
   * @default 10
   */
  readonly exemplars?: number;
}

/** The reference's default: 2^-128. */
const DEFAULT_ZERO_THRESHOLD = 2 ** -128;
const DEFAULT_FACTOR = 1.1;
const DEFAULT_MAX_BUCKETS = 160;
const DEFAULT_EXEMPLARS = 10;

/**
 * The declaration in full; nothing where a histogram has no native buckets.
 *
 * @throws {TypeError} when a thing is of the wrong kind
 * @throws {RangeError} when a number is out of its range, or factor and schema are both given
 */
export function checkNative(owner: string, given: unknown): NativeSettings | undefined {
  if (given === undefined || given === false) return undefined;
  if (given !== true && (typeof given !== "object" || given === null || Array.isArray(given))) {
    throw new TypeError(`${owner}: native must be true or an object of options.`);
  }
  const { factor, schema, ...rest } = (given === true ? {} : given) as NativeOptions;
  const {
    zeroThreshold = DEFAULT_ZERO_THRESHOLD,
    maxBuckets = DEFAULT_MAX_BUCKETS,
    minResetSeconds = 0,
    maxZeroThreshold = 0,
    exemplars = DEFAULT_EXEMPLARS,
  } = rest;
  for (const [name, value] of Object.entries({ zeroThreshold, minResetSeconds, maxZeroThreshold })) {
    if (!(isNumber(owner, name, value) && value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`${owner}: native.${name} must be zero or a positive number, but got ${value}.`);
    }
  }
  for (const [name, value] of Object.entries({ maxBuckets, exemplars })) {
    if (!(isNumber(owner, name, value) && Number.isInteger(value) && value >= 0)) {
      throw new RangeError(`${owner}: native.${name} must be a whole number, but got ${value}.`);
    }
  }
  return Object.freeze({
    schema: checkSchema(owner, factor, schema),
    zeroThreshold,
    maxBuckets,
    minResetSeconds,
    maxZeroThreshold,
    exemplars,
  });
}

function checkSchema(owner: string, factor: unknown, schema: unknown): number {
  if (schema === undefined) {
    const grow = factor ?? DEFAULT_FACTOR;
    if (!(isNumber(owner, "factor", grow) && grow > 1 && grow < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`${owner}: native.factor must be greater than 1, but got ${grow}.`);
    }
    return schemaFor(grow);
  }
  if (factor !== undefined) throw new RangeError(`${owner}: give native.factor or native.schema, not both.`);
  if (
    !(isNumber(owner, "schema", schema) && Number.isInteger(schema)) ||
    schema < COARSEST_SCHEMA ||
    schema > FINEST_SCHEMA
  ) {
    throw new RangeError(
      `${owner}: native.schema must be an integer from ${COARSEST_SCHEMA} to ${FINEST_SCHEMA}, but got ${schema}.`,
    );
  }
  return schema + 0;
}

function isNumber(owner: string, name: string, value: unknown): value is number {
  if (typeof value !== "number") {
    throw new TypeError(
      `${owner}: native.${name} must be a number, but got ${value === null ? "null" : typeof value}.`,
    );
  }
  return true;
}

/**
 * The coarsest schema whose buckets grow by no more than a factor. The growth of each schema is the square root of that
 * of the one before, which is exact where it is a power of two, as a logarithm may not be.
 */
function schemaFor(factor: number): number {
  let growth = 2 ** (2 ** -COARSEST_SCHEMA);
  let schema = COARSEST_SCHEMA;
  while (growth > factor && schema < FINEST_SCHEMA) {
    growth = Math.sqrt(growth);
    schema++;
  }
  return schema;
}
