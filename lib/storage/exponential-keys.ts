// Which exponential bucket a number falls into, and where buckets end: the bucket layout of native histograms.

/** The coarsest schema; its buckets grow by 2^16. */
export const COARSEST_SCHEMA = -4;
/** The finest schema; its buckets grow by 2^(1/256), that is by 0.27 %. */
export const FINEST_SCHEMA = 8;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
/** Which of the two words holds sign, exponent and the first 20 bits of the fraction. */
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;
const LOW = 1 - HIGH;

/** Numbers a cell of the table takes; the fourth is not used, it makes a shift of what would be a multiplication. */
const CELL_SHIFT = 2;
/** What an exponent's bits exceed the exponent by. */
const EXPONENT_BIAS = 1023;
/** The exponent's bits of Infinity and NaN. */
const ALL_EXPONENT_BITS = 2047;
/** So many binary places lie between the least subnormal double and the least normal one, and two to spare. */
const SUBNORMAL_PLACES = 54;

/**
 * The buckets of one schema.
 *
 * Bucket `key` of schema n holds the magnitudes above base^(key − 1) and up to base^key, where base is 2^(2^−n): bucket
 * 0 ends at 1, and each schema halves the buckets of the one before. Keys and bounds are those of the reference
 * implementation in Go for every double, on the bounds themselves too, which a logarithm would miss.
 *
 * How a key is found without a logarithm or a search: the exponent tells in which power of two the number lies, and
 * the first bits of its fraction name a cell of that power of two, of which there are twice as many as bounds. Bounds
 * are at least 0.69·2^−n apart there and cells 0.5·2^−n wide, so a cell has at most one bound inside, and one comparison
 * with that settles it.
 *
 * There is one object a schema, given out by {@link exponentialKeys}.
 *
 * @see https://prometheus.io/docs/specs/native_histograms/#schema
 */
export class ExponentialKeys {
  readonly schema: number;
  /** How often each power of two is halved: the schema if it is above zero. */
  readonly #halvings: number;
  /** How often two powers of two, and what came of that, are joined: the schema less its sign if it is below zero. */
  readonly #joinings: number;
  /** How far right the fraction is shifted to give a cell. */
  readonly #cellShift: number;
  /** Of each cell the key that its least number has in the power of two, and the two words of the bound inside it. */
  readonly #table: Int32Array;
  /** The bounds of one power of two, from 0.5 on. */
  readonly #bounds: readonly number[];

  /** @internal */
  constructor(schema: number) {
    this.schema = schema;
    this.#halvings = Math.max(0, schema);
    this.#joinings = Math.max(0, -schema);
    this.#cellShift = 19 - this.#halvings;
    this.#bounds = boundsOf(this.#halvings);
    this.#table = cellTable(this.#bounds, 2 << this.#halvings);
  }

  /**
   * The key of the bucket that holds a magnitude.
   *
   * @param magnitude above zero; `Infinity` has the bucket after that of the greatest double
   */
  keyOf(magnitude: number): number {
    float[0] = magnitude;
    const high = words[HIGH] as number;
    const exponentBits = high >>> 20;
    // Of zero the difference is a huge unsigned number.
    if ((exponentBits - 1) >>> 0 >= ALL_EXPONENT_BITS - 1) return this.#keyOfExtreme(magnitude);
    const fraction = high & 0xfffff;
    const table = this.#table;
    const cell = (fraction >>> this.#cellShift) << CELL_SHIFT;
    const bound = table[cell + 1] as number;
    // The shift makes 1 of a difference below zero. A branch here would be mispredicted half the time.
    let key =
      ((exponentBits - EXPONENT_BIAS) << this.#halvings) + (table[cell] as number) + ((bound - fraction) >>> 31);
    if (fraction === bound && (words[LOW] as number) > (table[cell + 2] as number) >>> 0) key++;
    return this.#joinings === 0 ? key : coarserKey(key, this.#joinings);
  }

  /** The key of a subnormal, or of Infinity. */
  #keyOfExtreme(magnitude: number): number {
    if (this.schema < 0) return coarserKey(exponentialKeys(0).keyOf(magnitude), this.#joinings);
    if (magnitude > Number.MAX_VALUE) return this.keyOf(Number.MAX_VALUE) + 1;
    // Scaled up it is a normal double, and its key is so many powers of two higher.
    return this.keyOf(magnitude * 2 ** SUBNORMAL_PLACES) - (SUBNORMAL_PLACES << this.#halvings);
  }

  /**
   * The greatest magnitude of a bucket: `Number.MAX_VALUE` for the last one of finite numbers, and `Infinity` for
   * those after it.
   */
  upperBound(key: number): number {
    if (this.schema < 0) return exponentialKeys(0).upperBound(key << this.#joinings);
    const power = key >> this.#halvings;
    const fraction = this.#bounds[key & ((1 << this.#halvings) - 1)] as number;
    // The bound would be 2^1024, which is no double. The bucket ends at the greatest there is, and Infinity has the next.
    if (power === 1024 && fraction === 0.5) return Number.MAX_VALUE;
    return scaledByPowerOfTwo(2 * fraction, power);
  }

  /**
   * The number that stands for all of a bucket: the one whose greatest relative error is least, at most
   * (base − 1) ÷ (base + 1) for normal doubles. That is 0.55 % for schema 6.
   */
  representative(key: number): number {
    const high = this.upperBound(key);
    const low = Math.max(this.upperBound(key - 1), Number.MIN_VALUE);
    // Twice low times high, by their sum; written so that nothing overflows on the way.
    return high === Number.POSITIVE_INFINITY ? high : low / (0.5 + 0.5 * (low / high));
  }
}

/** The key that a bucket has where the resolution is halved so many times: buckets are joined, none is split. */
export function coarserKey(key: number, halvings: number): number {
  return ((key - 1) >> halvings) + 1;
}

const made: ExponentialKeys[] = [];

/**
 * The buckets of a schema. Their table is made at the first call, and is one for the whole process: 8 KB for schema 8,
 * 2 KB for schema 6.
 *
 * @throws {RangeError} when the schema is no integer of −4…8
 */
export function exponentialKeys(schema: number): ExponentialKeys {
  const known = made[schema - COARSEST_SCHEMA];
  if (known !== undefined) return known;
  if (!Number.isInteger(schema) || schema < COARSEST_SCHEMA || schema > FINEST_SCHEMA) {
    throw new RangeError(`A schema must be an integer from ${COARSEST_SCHEMA} to ${FINEST_SCHEMA}, but got ${schema}.`);
  }
  const keys = new ExponentialKeys(schema);
  made[schema - COARSEST_SCHEMA] = keys;
  return keys;
}

/**
 * The bounds of a power of two that is halved so many times, from 0.5 up to but without 1.
 *
 * The reference has them in a table whose numbers lie up to 4 units in the last place from the true powers, and every
 * server judges by it. This gives the same 510 numbers, bit for bit: each step keeps the bounds of the coarser schema
 * and puts one between each two, by a factor that is the square root of the factor before.
 */
function boundsOf(halvings: number): readonly number[] {
  if (halvings === 0) return [0.5];
  // One unit less than the rounded square root of a half. It is so in the table.
  if (halvings === 1) return [0.5, 0.7071067811865475];
  let factor = Math.SQRT2;
  for (let i = 2; i <= halvings; i++) factor = Math.sqrt(factor);
  return boundsOf(halvings - 1).flatMap((bound) => [bound, bound * factor]);
}

function cellTable(bounds: readonly number[], cells: number): Int32Array {
  const table = new Int32Array(cells << CELL_SHIFT);
  let key = 0;
  for (let cell = 0; cell < cells; cell++) {
    const start = 0.5 + (0.5 * cell) / cells;
    while (key < bounds.length && (bounds[key] as number) < start) key++;
    const at = cell << CELL_SHIFT;
    table[at] = key;
    // After the last bound no number of this power of two exceeds the next, which has a fraction of 1.
    float[0] = bounds[key] ?? 0;
    table[at + 1] = key < bounds.length ? (words[HIGH] as number) & 0xfffff : 0x100000;
    table[at + 2] = words[LOW] as number;
  }
  return table;
}

/** A factor of 1…2 times a power of two, rounded once where the result is subnormal. */
function scaledByPowerOfTwo(factor: number, power: number): number {
  if (power > EXPONENT_BIAS) return Number.POSITIVE_INFINITY;
  if (power >= 1 - EXPONENT_BIAS) return factor * powerOfTwo(power);
  // The first product is exact as long as it is normal; the second one rounds.
  return power + 64 < 1 - EXPONENT_BIAS ? 0 : factor * powerOfTwo(power + 64) * powerOfTwo(-64);
}

/** Put together from its bits, for `**` is not exact in every engine. */
function powerOfTwo(power: number): number {
  words[HIGH] = (power + EXPONENT_BIAS) << 20;
  words[LOW] = 0;
  return float[0] as number;
}
