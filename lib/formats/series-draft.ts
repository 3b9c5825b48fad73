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
import { makeBucket, makeHistogramSeries, makeNumberSeries } from "./series-shapes.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What a sample is to its series, but for those of a state set. */
export type SamplePart = "value" | "bucket" | "quantile" | "count" | "sum" | "created";

/** What a sample is to its series. */
export type Part = SamplePart | "state";

const NO_BUCKETS: readonly Bucket[] = [];

/** A series that is being put together from its samples. The same draft serves one series after the other. */
export class SeriesDraft {
  /** Where it stands among the series of its family. */
  place = 0;
  labels: LabelSet = {};
  labelCount = 0;
  timestampMs: number | undefined;
  /** The line of its first sample. */
  line = 0;
  value: number | undefined;
  exemplar: Exemplar | undefined;
  count: number | undefined;
  sum: number | undefined;
  /** In milliseconds. */
  created: number | undefined;
  #buckets: Bucket[] | undefined;
  /** Those of the series before. */
  #bucketsBefore: readonly Bucket[] = NO_BUCKETS;
  #quantiles: Quantile[] | undefined;
  /** The last bound or quantile. */
  #lastRank = Number.NEGATIVE_INFINITY;
  /** The bounds or quantiles, from when they don't come in increasing order. */
  #seen: Set<number> | undefined;
  #states: Map<string, boolean> | undefined;

  /** Begins a series, whatever the draft was before. */
  begin(labels: LabelSet, labelCount: number, timestampMs: number | undefined, line: number): this {
    this.labels = labels;
    this.labelCount = labelCount;
    this.timestampMs = timestampMs;
    this.line = line;
    this.value = undefined;
    this.exemplar = undefined;
    this.count = undefined;
    this.sum = undefined;
    this.created = undefined;
    if (this.#buckets !== undefined) this.#bucketsBefore = this.#buckets;
    this.#buckets = undefined;
    this.#quantiles = undefined;
    this.#lastRank = Number.NEGATIVE_INFINITY;
    this.#seen = undefined;
    this.#states = undefined;
    return this;
  }

  /** Goes on with a histogram or summary that was finished in order. */
  resume(series: HistogramSeries | SummarySeries, labelCount: number): this {
    this.begin(series.labels, labelCount, series.timestampMs, 0);
    this.count = series.count;
    this.sum = series.sum;
    // Whoever made them hands them back: nobody else has them yet.
    if ("buckets" in series) {
      this.#buckets = series.buckets as Bucket[];
      this.#lastRank = this.lastBucket?.bound ?? this.#lastRank;
    } else {
      this.#quantiles = series.quantiles as Quantile[];
      this.#lastRank = series.quantiles.at(-1)?.quantile ?? this.#lastRank;
    }
    return this;
  }

  /** Whether a histogram or summary has all that it may have, in order, so that most likely nothing more comes of it. */
  get isComplete(): boolean {
    return this.count !== undefined && this.sum !== undefined && this.#seen === undefined;
  }

  /** The bucket that was added last. */
  get lastBucket(): Bucket | undefined {
    const buckets = this.#buckets;
    return buckets === undefined ? undefined : buckets[buckets.length - 1];
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
        if (!this.#isNewRank(rank)) return false;
        this.#addBucket(rank, value, exemplar);
        return true;
      case "quantile":
        if (!this.#isNewRank(rank)) return false;
        this.#quantiles ??= [];
        this.#quantiles.push({ quantile: rank, value });
        return true;
      case "value":
        if (this.value !== undefined) return false;
        this.value = value;
        this.exemplar = exemplar;
        return true;
      case "count":
        if (this.count !== undefined) return false;
        this.count = value;
        return true;
      case "sum":
        if (this.sum !== undefined) return false;
        this.sum = value;
        return true;
      case "created":
        if (this.created !== undefined) return false;
        this.created = value;
        return true;
      default:
        return part satisfies never;
    }
  }

  #addBucket(bound: number, count: number, exemplar: Exemplar | undefined): void {
    this.#buckets ??= [];
    const buckets = this.#buckets;
    // Most series have the bounds of the one before, and can share the very numbers.
    const before = this.#bucketsBefore[buckets.length]?.bound;
    const shared = before !== undefined && Object.is(before, bound) ? before : bound;
    buckets.push(exemplar === undefined ? makeBucket(shared, count) : { bound: shared, count, exemplar });
  }

  #isNewRank(rank: number): boolean {
    if (rank > this.#lastRank && this.#seen === undefined) {
      this.#lastRank = rank;
      return true;
    }
    return this.#isNewAmongAll(rank);
  }

  #isNewAmongAll(rank: number): boolean {
    this.#seen ??= new Set([
      ...(this.#buckets ?? []).map(({ bound }) => bound),
      ...(this.#quantiles ?? []).map(({ quantile }) => quantile),
    ]);
    const isNew = !this.#seen.has(rank);
    this.#seen.add(rank);
    return isNew;
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
    const { labels, value } = this;
    const series = this.#finish<NumberSeries>(makeNumberSeries(labels, value));
    if (this.exemplar !== undefined) series.exemplar = this.exemplar;
    return series;
  }

  /** The finished series of a histogram or gauge histogram; nothing if how many observations there were is not said. */
  histogramSeries(): HistogramSeries | undefined {
    const buckets = this.#buckets ?? [];
    if (this.#seen !== undefined) buckets.sort((a, b) => a.bound - b.bound);
    const last = buckets[buckets.length - 1];
    const count = this.count ?? (last?.bound === Number.POSITIVE_INFINITY ? last.count : undefined);
    if (count === undefined) return undefined;
    const { labels, sum } = this;
    // At once, for what is added to an object later takes more memory.
    return this.#finish<HistogramSeries>(
      sum === undefined ? { labels, count, buckets } : makeHistogramSeries(labels, count, buckets, sum),
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
