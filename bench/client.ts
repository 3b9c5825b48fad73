// The part of prom-client's API that the benchmarks use. Ours and the peers' classes all fit it (OpenTelemetry through an
// adapter), so each workload is written once.

export type Labels = Readonly<Record<string, string | number>>;

export interface MetricOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  readonly registers: readonly Registry[];
}

export interface HistogramOptions extends MetricOptions {
  readonly buckets?: readonly number[];
}

export interface SummaryOptions extends MetricOptions {
  readonly maxAgeSeconds?: number;
  readonly ageBuckets?: number;
}

export interface CounterSeries {
  inc(amount?: number): void;
}

export interface GaugeSeries {
  set(value: number): void;
}

export interface ObservedSeries {
  observe(value: number): void;
}

export interface Counter {
  inc(amount?: number): void;
  inc(labels: Labels, amount?: number): void;
  labels(...values: readonly (string | number)[]): CounterSeries;
  labels(values: Labels): CounterSeries;
  remove(...values: readonly (string | number)[]): void;
}

export interface Gauge {
  set(value: number): void;
  set(labels: Labels, value: number): void;
  inc(labels: Labels, amount?: number): void;
  dec(labels: Labels, amount?: number): void;
  labels(...values: readonly (string | number)[]): GaugeSeries;
}

export interface Histogram {
  observe(value: number): void;
  observe(labels: Labels, value: number): void;
  startTimer(labels?: Labels): () => unknown;
  labels(...values: readonly (string | number)[]): ObservedSeries;
  labels(values: Labels): ObservedSeries;
}

export interface Summary {
  observe(value: number): void;
  observe(labels: Labels, value: number): void;
  labels(...values: readonly (string | number)[]): ObservedSeries;
}

export interface Registry {
  metrics(): Promise<string>;
  /** OpenTelemetry's writes text 0.0.4 only. */
  setContentType?(contentType: string): void;
}

/** A piece of an exposition, lent until it is released. */
export interface LeasedChunk {
  readonly bytes: Uint8Array;
  release(): void;
}

/** What only our registry has. */
export interface StreamingRegistry extends Registry {
  stream(): AsyncIterable<Uint8Array>;
  chunks(): AsyncIterable<LeasedChunk>;
}

export interface Client {
  readonly Registry: new () => Registry;
  readonly Counter: new (options: MetricOptions) => Counter;
  readonly Gauge: new (options: MetricOptions) => Gauge;
  readonly Histogram: new (options: HistogramOptions) => Histogram;
  readonly Summary: new (options: SummaryOptions) => Summary;
}
