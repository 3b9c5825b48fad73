// Families as plain data, for whoever can't read columns, and in the shape of prom-client's JSON.
import { plainSeries } from "../formats/plain-series.ts";
import type { MetricJson, MetricValueJson } from "../model/collector.ts";
import type { Exemplar, LabelSet, MetricFamily, SeriesBase } from "../model/family.ts";
import type { FamilyView } from "../storage/column-family.ts";

/** The family that a view shows, copied. */
export function plainFamily(view: FamilyView): MetricFamily {
  const { descriptor, table, samples } = view.family;
  const numbers = new Float64Array(samples.length);
  const series: unknown[] = [];
  view.forEachRow((row) => {
    const labels = { ...table.labelsOf(row), ...view.extraLabels(row) };
    series.push(plainSeries(view, row, labels, numbers));
  });
  return { ...descriptor, series } as MetricFamily;
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
