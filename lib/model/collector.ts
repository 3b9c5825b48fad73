import type { FamilyDescriptor, LabelSet, MetricFamily, NativeHistogram } from "./family.ts";

/** What a collector is told about the scrape that asks it. */
export interface ScrapeContext {
  /** Aborted when the scrape stops waiting: at its deadline, or when its reader went away. */
  readonly signal: AbortSignal;
}

/** The families of one collector at one moment, in any of the ways JavaScript hands over a list. */
export type CollectResult =
  | Iterable<MetricFamily>
  | PromiseLike<Iterable<MetricFamily> | AsyncIterable<MetricFamily>>
  | AsyncIterable<MetricFamily>;

/**
 * Anything with `collect()` that returns families; metrics are collectors.
 *
 * This is the whole contract between a registry and what it scrapes, also between two copies of this library in one
 * process. It is version 1; a change that a reader of version 1 could not follow gets a new number.
 */
export interface Collector {
  /** Names the collector in errors and in `tallystick_collector_errors_total`; its class's name does if absent. */
  readonly name?: string;
  /**
   * Returns the families as they are now. It is called at each scrape, and never again while a call is under way.
   * When it throws, rejects, is late, or returns something invalid, the scrape leaves out this collector's families
   * only.
   */
  collect(context: ScrapeContext): CollectResult;
  /** The families it will return, where that is known beforehand; then clashes are refused at registration. */
  describe?(): readonly FamilyDescriptor[];
}

/** What the registry further knows of a metric that was made by hand, from this copy of the library or another. */
export interface Metric extends Collector {
  readonly name: string;
  readonly help: string;
  readonly type: MetricFamily["type"];
  readonly labelNames: readonly string[];
  /** Everything that makes two declarations the same metric, as plain data. */
  readonly definition: MetricDefinition;
  describe(): readonly FamilyDescriptor[];
  get(): Promise<MetricJson>;
  reset(): void;
}

/** A metric's declaration as plain data, compared by `getOrCreate`. */
export interface MetricDefinition extends FamilyDescriptor {
  readonly labelNames: readonly string[];
  /** What only one type has: bounds, quantiles, states. Plain data only. */
  readonly details: Readonly<Record<string, unknown>>;
}

/** One value of a metric in `getMetricsAsJSON()`, in prom-client's shape. */
export interface MetricValueJson {
  readonly value: number;
  readonly labels: Readonly<Record<string, string | number>>;
  /** The sample's name where it is not the family's: `…_bucket`, `…_sum`, `…_count`. */
  readonly metricName?: string;
  /** The exemplar of a counter or a bucket. */
  readonly exemplar?: ExemplarJson;
  /** The native buckets of a histogram, with its `…_count`. prom-client has none. */
  readonly native?: NativeHistogram;
}

/** An exemplar in `getMetricsAsJSON()`, in prom-client's shape. */
export interface ExemplarJson {
  readonly labelSet: LabelSet;
  readonly value: number;
  /** In seconds since the epoch. */
  readonly timestamp?: number;
}

/** A metric in `getMetricsAsJSON()`, in prom-client's shape. */
export interface MetricJson {
  readonly name: string;
  readonly help: string;
  readonly type: MetricFamily["type"];
  readonly values: readonly MetricValueJson[];
  readonly aggregator: string;
}
