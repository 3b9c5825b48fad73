import type {
  Bucket,
  Exemplar,
  HistogramSeries,
  LabelSet,
  NumberSeries,
  Quantile,
  StateSetSeries,
  SummarySeries,
} from "../model/family.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What a sample is to its series, but for those of a state set. */
export type SamplePart = "value" | "bucket" | "quantile" | "count" | "sum" | "created";

/** What a sample is to its series. */
export type Part = SamplePart | "state";

/** A series that is being put together from its samples. */
export class SeriesDraft {
  readonly labels: LabelSet;
  readonly labelCount: number;
  readonly timestampMs: number | undefined;
  /** The line of its first sample. */
  readonly line: number;
  value: number | undefined;
  exemplar: Exemplar | undefined;
  count: number | undefined;
  sum: number | undefined;
  /** In milliseconds. */
  created: number | undefined;
  #buckets: Bucket[] | undefined;
  #quantiles: Quantile[] | undefined;
  /** The bounds or quantiles, from when they don't come in increasing order. */
  #seen: Set<number> | undefined;
  #states: Map<string, boolean> | undefined;

  constructor(labels: LabelSet, labelCount: number, timestampMs: number | undefined, line: number) {
    this.labels = labels;
    this.labelCount = labelCount;
    this.timestampMs = timestampMs;
    this.line = line;
  }

  /** The bucket that was added last. */
  get lastBucket(): Bucket | undefined {
    return this.#buckets?.at(-1);
  }

  /** Whether some bucket has a bound below zero. Only for buckets that came in increasing order. */
  get hasNegativeBound(): boolean {
    return (this.#buckets?.[0]?.bound ?? 0) < 0;
  }

  /**
   * Adds a sample, unless there is one like it already; returns whether it did.
   *
   * @param rank the bound of a bucket, or a quantile
   */
  add(part: SamplePart, rank: number, value: number, exemplar?: Exemplar): boolean {
    switch (part) {
      case "bucket":
        return this.#addBucket(rank, value, exemplar);
      case "quantile":
        return this.#addQuantile(rank, value);
      case "value":
      case "count":
      case "sum":
      case "created":
        if (this[part] !== undefined) return false;
        this[part] = value;
        if (exemplar !== undefined) this.exemplar = exemplar;
        return true;
      default:
        return part satisfies never;
    }
  }

  #addBucket(bound: number, count: number, exemplar: Exemplar | undefined): boolean {
    this.#buckets ??= [];
    const last = this.#buckets.at(-1);
    if (last !== undefined && !(bound > last.bound)) {
      this.#seen ??= new Set(this.#buckets.map((bucket) => bucket.bound));
      if (this.#seen.has(bound)) return false;
    }
    this.#seen?.add(bound);
    this.#buckets.push(exemplar === undefined ? { bound, count } : { bound, count, exemplar });
    return true;
  }

  #addQuantile(quantile: number, value: number): boolean {
    this.#quantiles ??= [];
    const last = this.#quantiles.at(-1);
    if (last !== undefined && !(quantile > last.quantile)) {
      this.#seen ??= new Set(this.#quantiles.map((one) => one.quantile));
      if (this.#seen.has(quantile)) return false;
    }
    this.#seen?.add(quantile);
    this.#quantiles.push({ quantile, value });
    return true;
  }

  /** Adds a state, unless it is there already; returns whether it did. */
  addState(state: string, on: boolean): boolean {
    this.#states ??= new Map();
    if (this.#states.has(state)) return false;
    this.#states.set(state, on);
    return true;
  }

  /** The finished series of a counter, gauge, info or unknown; nothing if it has no value. */
  numberSeries(): NumberSeries | undefined {
    if (this.value === undefined) return undefined;
    const series = this.#finish<NumberSeries>({ labels: this.labels, value: this.value });
    if (this.exemplar !== undefined) series.exemplar = this.exemplar;
    return series;
  }

  /** The finished series of a histogram or gauge histogram; nothing if how many observations there were is not said. */
  histogramSeries(): HistogramSeries | undefined {
    const buckets = this.#buckets ?? [];
    if (this.#seen !== undefined) buckets.sort((a, b) => a.bound - b.bound);
    const last = buckets.at(-1);
    const count = this.count ?? (last?.bound === Number.POSITIVE_INFINITY ? last.count : undefined);
    if (count === undefined) return undefined;
    const { labels, sum } = this;
    // At once, for what is added to an object later takes more memory.
    return this.#finish<HistogramSeries>(
      sum === undefined ? { labels, count, buckets } : { labels, count, buckets, sum },
    );
  }

  /** The finished series of a summary. */
  summarySeries(): SummarySeries {
    const quantiles = this.#quantiles ?? [];
    if (this.#seen !== undefined) quantiles.sort((a, b) => a.quantile - b.quantile);
    const series = this.#finish<SummarySeries>({ labels: this.labels, quantiles });
    if (this.count !== undefined) series.count = this.count;
    if (this.sum !== undefined) series.sum = this.sum;
    return series;
  }

  /** The finished series of a state set. */
  stateSetSeries(): StateSetSeries {
    return this.#finish<StateSetSeries>({ labels: this.labels, states: Object.fromEntries(this.#states ?? []) });
  }

  #finish<Series extends { readonly timestampMs?: number; readonly createdMs?: number }>(
    series: Mutable<Series>,
  ): Mutable<Series> {
    if (this.timestampMs !== undefined) series.timestampMs = this.timestampMs;
    if (this.created !== undefined) series.createdMs = this.created;
    return series;
  }
}
