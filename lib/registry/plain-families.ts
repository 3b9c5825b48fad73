// Families as plain data, for whoever can't read columns, and in the shape of prom-client's JSON.
import type { MetricJson, MetricValueJson } from "../model/collector.ts";
import type {
  Bucket,
  Exemplar,
  HistogramSeries,
  LabelSet,
  MetricFamily,
  MetricType,
  NativeHistogram,
  NumberSeries,
  Quantile,
  SeriesBase,
  StateSetSeries,
  SummarySeries,
} from "../model/family.ts";
import type { FamilyView } from "../storage/column-family.ts";

/** The family that a view shows, copied. */
export function plainFamily(view: FamilyView): MetricFamily {
  const { descriptor, table, samples } = view.family;
  const numbers = new Float64Array(samples.length);
  const series: unknown[] = [];
  view.forEachRow((row) => {
    view.read(row, numbers);
    const labels = { ...table.labelsOf(row), ...view.extraLabels(row) };
    const read = samplesOf(view, row, numbers);
    series.push(plainSeries(descriptor.type, labels, view.createdMs(row), read, view.native(row)));
  });
  return { ...descriptor, series } as MetricFamily;
}

interface Sample {
  readonly suffix: string;
  readonly value: number;
  readonly label: number | string | undefined;
  readonly exemplar: Exemplar | undefined;
}

function samplesOf(view: FamilyView, row: number, numbers: Float64Array): Sample[] {
  return view.family.samples.map(({ suffix, label }, i) => ({
    suffix,
    value: numbers[i] as number,
    label: label?.value,
    exemplar: view.exemplar(row, i),
  }));
}

function plainSeries(
  type: MetricType,
  labels: LabelSet,
  createdMs: number,
  samples: readonly Sample[],
  native: NativeHistogram | undefined,
): NumberSeries | HistogramSeries | SummarySeries | StateSetSeries {
  const of = (suffix: string) => samples.find((sample) => sample.suffix === suffix)?.value ?? 0;
  switch (type) {
    case "counter": {
      const exemplar = samples[0]?.exemplar;
      return { labels, value: of(""), createdMs, ...(exemplar && { exemplar }) };
    }
    case "gauge":
    case "info":
    case "unknown":
      return { labels, value: of("") };
    case "stateset":
      return { labels, states: Object.fromEntries(samples.map(({ label, value }) => [label as string, value === 1])) };
    case "summary": {
      const quantiles = samples
        .filter(({ suffix }) => suffix === "")
        .map(({ label, value }): Quantile => ({ quantile: label as number, value }));
      return { labels, count: of("_count"), sum: of("_sum"), quantiles, createdMs };
    }
    case "histogram":
    case "gaugehistogram": {
      const buckets = samples
        .filter(({ suffix }) => suffix === "_bucket")
        .map(({ label, value, exemplar }): Bucket => {
          return { bound: label as number, count: value, ...(exemplar && { exemplar }) };
        });
      return { labels, count: of("_count"), sum: of("_sum"), buckets, createdMs, ...(native && { native }) };
    }
    default:
      return type satisfies never;
  }
}

/** The family in prom-client's shape: one value for each sample. */
export function familyJson(family: MetricFamily, aggregator: string, constantLabels: LabelSet = {}): MetricJson {
  const { name, help, type } = family;
  return { name, help, type, values: [...valuesJson(family, constantLabels)], aggregator };
}

function* valuesJson(family: MetricFamily, constantLabels: LabelSet): Iterable<MetricValueJson> {
  const { name } = family;
  const labelled = (series: SeriesBase) => ({ ...constantLabels, ...series.labels });
  switch (family.type) {
    case "counter":
    case "gauge":
    case "info":
    case "unknown":
      for (const series of family.series) {
        yield { value: series.value, labels: labelled(series), ...exemplarJson(series.exemplar) };
      }
      return;
    case "stateset":
      for (const series of family.series) {
        for (const [state, on] of Object.entries(series.states)) {
          yield { value: on ? 1 : 0, labels: { ...labelled(series), [name]: state } };
        }
      }
      return;
    case "summary":
      for (const series of family.series) {
        const labels = labelled(series);
        for (const { quantile, value } of series.quantiles) yield { value, labels: { ...labels, quantile } };
        if (series.sum !== undefined) yield { metricName: `${name}_sum`, value: series.sum, labels };
        if (series.count !== undefined) yield { metricName: `${name}_count`, value: series.count, labels };
      }
      return;
    case "histogram":
    case "gaugehistogram": {
      const [sum, count] = family.type === "histogram" ? ["_sum", "_count"] : ["_gsum", "_gcount"];
      for (const series of family.series) {
        const labels = labelled(series);
        for (const { bound, count: value, exemplar } of series.buckets) {
          const le = bound === Number.POSITIVE_INFINITY ? "+Inf" : bound;
          yield { metricName: `${name}_bucket`, value, labels: { ...labels, le }, ...exemplarJson(exemplar) };
        }
        if (series.sum !== undefined) yield { metricName: `${name}${sum}`, value: series.sum, labels };
        const { native } = series;
        yield { metricName: `${name}${count}`, value: series.count, labels, ...(native && { native }) };
      }
      return;
    }
    default:
      family satisfies never;
  }
}

/** An exemplar in prom-client's shape. */
function exemplarJson(exemplar: Exemplar | undefined): Pick<MetricValueJson, "exemplar"> {
  if (exemplar === undefined) return {};
  const { labels: labelSet, value, timestampMs } = exemplar;
  return { exemplar: { labelSet, value, ...(timestampMs !== undefined && { timestamp: timestampMs / 1000 }) } };
}
