// The part that runs wherever JavaScript does: it imports nothing from Node.js.

export { lineOf } from "./formats/family-lines.ts";
export type { Format } from "./formats/format.ts";
export { type Finding, type LintOptions, type LintRule, lint } from "./formats/lint.ts";
export { type EscapingScheme, escapeName, type NameKind, unescapeName } from "./formats/name-escaping.ts";
export {
  OPENMETRICS_CONTENT_TYPE as openMetricsContentType,
  type OpenMetricsContentType,
  PROMETHEUS_CONTENT_TYPE as contentType,
  PROMETHEUS_CONTENT_TYPE as prometheusContentType,
  type PrometheusContentType,
  type RegistryContentType,
} from "./formats/negotiation.ts";
export { parse, parseStream } from "./formats/parse.ts";
export { ParseError } from "./formats/parse-error.ts";
export type { ParseLimits } from "./formats/parse-limits.ts";
export { exponentialBuckets, exponentialRangeBuckets, linearBuckets } from "./metrics/bounds.ts";
export {
  Counter,
  type CounterClass,
  type CounterOptions,
  type CounterOptions as CounterConfiguration,
  type CounterSeries,
  type CounterSeriesWithExemplars,
  type CounterWithExemplars,
} from "./metrics/counter.ts";
export { type ExemplarSource, setExemplarSource } from "./metrics/exemplar-source.ts";
export {
  Gauge,
  type GaugeClass,
  type GaugeOptions,
  type GaugeOptions as GaugeConfiguration,
  type GaugeSeries,
} from "./metrics/gauge.ts";
export {
  Histogram,
  type HistogramClass,
  type HistogramOptions,
  type HistogramOptions as HistogramConfiguration,
  type HistogramSeries,
  type HistogramSeriesWithExemplars,
  type HistogramValue,
  type HistogramWithExemplars,
} from "./metrics/histogram.ts";
export { type Facts, Info, type InfoClass, type InfoOptions, type InfoSeries } from "./metrics/info.ts";
export type { Declaration, LabelArguments, LabelledMetric, WithLabels } from "./metrics/labelled.ts";
export type { NativeOptions } from "./metrics/native-options.ts";
export type { Aggregator, MetricOptions } from "./metrics/options.ts";
export { StateSet, type StateSetClass, type StateSetOptions, type StateSetSeries } from "./metrics/state-set.ts";
export {
  Summary,
  type SummaryClass,
  type SummaryOptions,
  type SummaryOptions as SummaryConfiguration,
  type SummarySeries,
  type SummaryValue,
} from "./metrics/summary.ts";
export type { EndTimer } from "./metrics/timer.ts";
export type { Clock } from "./model/clock.ts";
export type {
  Collector,
  CollectResult,
  ExemplarJson,
  Metric,
  MetricDefinition,
  MetricJson,
  MetricValueJson,
  ScrapeContext,
} from "./model/collector.ts";
export type { ExemplarLabels } from "./model/exemplars.ts";
export type {
  Bucket,
  Exemplar,
  FamilyDescriptor,
  HistogramSeries as HistogramFamilySeries,
  LabelSet,
  MetricFamily,
  MetricType,
  NativeBucket,
  NativeHistogram,
  NumberSeries,
  Quantile,
  SeriesBase,
  StateSetSeries as StateSetFamilySeries,
  SummarySeries as SummaryFamilySeries,
} from "./model/family.ts";
export type { LabelValue, LabelValues, SomeLabelValues } from "./model/labels.ts";
export { isLegacyMetricName as validateMetricName } from "./model/names.ts";
export { register } from "./registry/default-registry.ts";
export { AlreadyRegisteredError, CollectorError } from "./registry/errors.ts";
export type { MetricClass, Registrar, ScopeOptions } from "./registry/registrar.ts";
export { Registry, type RegistryOptions } from "./registry/registry.ts";
export type { LeasedChunk, ScrapeOptions } from "./registry/scrape.ts";
export type { Authorization } from "./transports/authorization.ts";
export type { Exposer } from "./transports/exposer.ts";
export { fetchHandler } from "./transports/fetch-handler.ts";
export type { MetricsHandlerOptions } from "./transports/scrape-responder.ts";
