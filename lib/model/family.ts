// What a scrape is made of, as plain data: a custom collector returns these, a parser produces them, and every
// exposition format can write them.
import type { Aggregator } from "./aggregator.ts";

/** The metric types of OpenMetrics 1.0; `unknown` is what text 0.0.4 calls `untyped`. */
export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "gaugehistogram"
  | "summary"
  | "info"
  | "stateset"
  | "unknown";

/** Label names to label values. An empty value is the same as no label. */
export type LabelSet = Readonly<Record<string, string>>;

/** One observation kept whole, usually with the id of the trace it happened in. */
export interface Exemplar {
  /** Names and values together hold at most 128 characters. */
  readonly labels: LabelSet;
  readonly value: number;
  /** When it was observed, in milliseconds since the epoch. */
  readonly timestampMs?: number;
}

/** What every series has, whatever its type. */
export interface SeriesBase {
  readonly labels: LabelSet;
  /** When the value was true, in milliseconds since the epoch. Leave it out unless you relay data of others. */
  readonly timestampMs?: number;
}

/** A series of a counter, a gauge, an info (its value is 1) or an unknown. */
export interface NumberSeries extends SeriesBase {
  readonly value: number;
  /** When a counter began counting, in milliseconds since the epoch. */
  readonly createdMs?: number;
  /** Only counters have one. */
  readonly exemplar?: Exemplar;
}

/** How many observations were at most `bound`. */
export interface Bucket {
  /** Inclusive upper limit, in the unit of the metric; `Infinity` for the last one. */
  readonly bound: number;
  /** Observations up to the bound, those of the smaller buckets included. */
  readonly count: number;
  readonly exemplar?: Exemplar;
}

/** A bucket of a native histogram: how many observations fell into it alone. */
export interface NativeBucket {
  /** With the growth factor 2^(2^-schema), bucket `key` ends at that factor to the power of `key`. */
  readonly key: number;
  /** Observations in this bucket only, not cumulative. */
  readonly count: number;
}

/** Exponential buckets, which need no bounds to be declared. */
export interface NativeHistogram {
  /** The resolution, from -4 to 8. */
  readonly schema: number;
  /** Observations up to this magnitude are counted as zero. */
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  /** The populated buckets of positive observations, in increasing order of key. */
  readonly positive: readonly NativeBucket[];
  /** The populated buckets of negative observations, by the key of their magnitude. */
  readonly negative: readonly NativeBucket[];
  /** Each has a timestamp. */
  readonly exemplars?: readonly Exemplar[];
}

/** A series of a histogram or a gauge histogram. */
export interface HistogramSeries extends SeriesBase {
  /** All observations; equals the count of the bucket `+Inf`. */
  readonly count: number;
  /** Absent where it means nothing: a parsed histogram with negative bounds has none. */
  readonly sum?: number;
  /** In increasing order of `bound`. A missing `+Inf` bucket is added where a format needs it. */
  readonly buckets: readonly Bucket[];
  /** Only protobuf carries it; other formats write the buckets alone. */
  readonly native?: NativeHistogram;
  readonly createdMs?: number;
}

/** The value below which a share of the observations lies. */
export interface Quantile {
  /** A rank in 0…1. */
  readonly quantile: number;
  /** `NaN` when there was nothing to rank. */
  readonly value: number;
}

/** A series of a summary. */
export interface SummarySeries extends SeriesBase {
  /** Absent where a parsed summary has none. */
  readonly count?: number;
  /** Absent where a parsed summary has none. */
  readonly sum?: number;
  /** In increasing order of `quantile`; may be empty. */
  readonly quantiles: readonly Quantile[];
  readonly createdMs?: number;
}

/** A series of a state set: each state is on or off. */
export interface StateSetSeries extends SeriesBase {
  readonly states: Readonly<Record<string, boolean>>;
}

interface FamilyOf<Type extends MetricType, Series> {
  /**
   * The name as it is queried: with `_total` for a counter and `_info` for an info where they have one, and without
   * `_bucket`, `_sum` and `_count`.
   */
  readonly name: string;
  readonly type: Type;
  readonly help: string;
  /** The unit, in which case the name (but for `_total`) ends in it: `seconds`, `bytes`, `ratio`. */
  readonly unit?: string;
  /**
   * How the values of several processes become one.
   * @default "sum"
   */
  readonly aggregator?: Aggregator;
  readonly series: readonly Series[];
}

/** A metric family: name, help, type, and all its series. */
export type MetricFamily =
  | FamilyOf<"counter" | "gauge" | "info" | "unknown", NumberSeries>
  | FamilyOf<"histogram" | "gaugehistogram", HistogramSeries>
  | FamilyOf<"summary", SummarySeries>
  | FamilyOf<"stateset", StateSetSeries>;

/** What is said of a family before its series: enough to judge whether two of them clash. */
export interface FamilyDescriptor {
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  readonly unit?: string;
  readonly aggregator?: Aggregator;
}
