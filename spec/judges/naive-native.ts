// The reference's algorithm of native histograms, the slow way: a table of bounds that is looked through from the start,
// and a map of counts for each sign. It shares no code with the library.

/** The bounds between 0.5 and 1, as the reference's table has them. */
function boundsTable(schema: number): number[] {
  if (schema === 0) return [0.5];
  let bounds = [0.5, 0.7071067811865475];
  let factor = Math.SQRT2;
  for (let n = 2; n <= schema; n++) {
    factor = Math.sqrt(factor);
    const finer: number[] = [];
    for (let i = 0; i < 2 ** n; i++)
      finer.push(i % 2 === 0 ? (bounds[i / 2] as number) : (finer[i - 1] as number) * factor);
    bounds = finer;
  }
  return bounds;
}

const tables = new Map<number, number[]>();

/** A fraction of 0.5…1 and the power of two it is to be multiplied by. */
function frexp(magnitude: number): { fraction: number; exponent: number } {
  let fraction = magnitude;
  let exponent = 0;
  for (; fraction >= 1; exponent++) fraction /= 2;
  for (; fraction < 0.5; exponent--) fraction *= 2;
  return { fraction, exponent };
}

/** The key of the bucket that a magnitude above zero falls into. */
export function naiveKey(magnitude: number, schema: number): number {
  if (magnitude === Number.POSITIVE_INFINITY) return naiveKey(Number.MAX_VALUE, schema) + 1;
  const { fraction, exponent } = frexp(magnitude);
  if (schema <= 0) return Math.ceil((fraction === 0.5 ? exponent - 1 : exponent) / 2 ** -schema) + 0;
  const bounds = tables.get(schema) ?? boundsTable(schema);
  tables.set(schema, bounds);
  const first = bounds.findIndex((bound) => bound >= fraction);
  return (first < 0 ? bounds.length : first) + (exponent - 1) * 2 ** schema;
}

/** The greatest magnitude of a bucket, for keys of ordinary size. */
export function naiveUpperBound(key: number, schema: number): number {
  if (schema <= 0) return 2 ** (key * 2 ** -schema);
  const bounds = boundsTable(schema);
  const fraction = bounds[((key % bounds.length) + bounds.length) % bounds.length] as number;
  return fraction * 2 ** (Math.floor(key / bounds.length) + 1);
}

export interface NaiveLimits {
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly maxBuckets: number;
  readonly minResetSeconds: number;
  readonly maxZeroThreshold: number;
}

/** A native histogram with its classic count and sum, held to a number of buckets. */
export class NaiveNative {
  readonly #limits: NaiveLimits;
  schema: number;
  zeroThreshold: number;
  zeroCount = 0;
  count = 0;
  sum = 0;
  createdMs: number;
  resetAtMs: number | undefined;
  readonly positive = new Map<number, number>();
  readonly negative = new Map<number, number>();

  constructor(limits: NaiveLimits, nowMs: number) {
    this.#limits = limits;
    this.schema = limits.schema;
    this.zeroThreshold = limits.zeroThreshold;
    this.createdMs = nowMs;
  }

  #record(value: number): void {
    this.count++;
    this.sum += value;
    if (Math.abs(value) <= this.zeroThreshold) {
      this.zeroCount++;
      return;
    }
    const side = value > 0 ? this.positive : this.negative;
    const key = naiveKey(Math.abs(value), this.schema);
    side.set(key, (side.get(key) ?? 0) + 1);
  }

  #reset(nowMs: number): void {
    this.schema = this.#limits.schema;
    this.zeroThreshold = this.#limits.zeroThreshold;
    this.zeroCount = this.count = this.sum = 0;
    this.positive.clear();
    this.negative.clear();
    this.createdMs = nowMs;
    this.resetAtMs = undefined;
  }

  /** What was scheduled happens when its time has come. */
  tick(nowMs: number): void {
    if (this.resetAtMs !== undefined && nowMs >= this.resetAtMs) this.#reset(this.resetAtMs);
  }

  observe(value: number, nowMs: number): void {
    const { maxBuckets, minResetSeconds, maxZeroThreshold } = this.#limits;
    this.#record(value);
    if (maxBuckets === 0 || this.positive.size + this.negative.size <= maxBuckets) return;
    const due = this.createdMs + minResetSeconds * 1000;
    if (minResetSeconds > 0 && this.resetAtMs === undefined && nowMs >= due) {
      this.#reset(nowMs);
      this.#record(value);
      return;
    }
    if (minResetSeconds > 0) this.resetAtMs ??= due;
    const nearest = Math.min(...this.positive.keys(), ...this.negative.keys());
    const wider = naiveUpperBound(nearest, this.schema);
    if (this.zeroThreshold < maxZeroThreshold && wider <= maxZeroThreshold) {
      this.zeroThreshold = wider;
      for (const side of [this.positive, this.negative]) {
        this.zeroCount += side.get(nearest) ?? 0;
        side.delete(nearest);
      }
    } else if (this.schema > -4) {
      this.schema--;
      for (const side of [this.positive, this.negative]) {
        const finer = [...side];
        side.clear();
        for (const [key, count] of finer) {
          const coarser = Math.ceil(key / 2) + 0;
          side.set(coarser, (side.get(coarser) ?? 0) + count);
        }
      }
    }
  }

  /** In the shape of a family's native histogram. */
  get value() {
    const { schema, zeroThreshold, zeroCount } = this;
    const sorted = (side: Map<number, number>) =>
      [...side].sort(([a], [b]) => a - b).map(([key, count]) => ({ key, count }));
    return { schema, zeroThreshold, zeroCount, positive: sorted(this.positive), negative: sorted(this.negative) };
  }
}
