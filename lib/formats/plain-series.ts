import type {
  Bucket,
  HistogramSeries,
  LabelSet,
  NumberSeries,
  Quantile,
  StateSetSeries,
  SummarySeries,
} from "../model/family.ts";
import type { FamilyView } from "../storage/column-family.ts";
import { nativeHistogram } from "../storage/native-row.ts";

/** A series, whatever its type. */
export type AnySeries = NumberSeries | HistogramSeries | SummarySeries | StateSetSeries;

/**
 * A row as plain data, copied: its numbers, exemplars and native buckets as they are now.
 *
 * @param numbers as many as the family has samples; they are written over
 */
export function plainSeries(view: FamilyView, row: number, labels: LabelSet, numbers: Float64Array): AnySeries {
  const { samples, descriptor } = view.family;
  const { type } = descriptor;
  view.read(row, numbers);
  const createdMs = view.createdMs(row);
  const of = (suffix: string) => numbers[samples.findIndex((sample) => sample.suffix === suffix)] ?? 0;
  switch (type) {
    case "counter": {
      const exemplar = view.exemplar(row, 0);
      return { labels, value: of(""), createdMs, ...(exemplar && { exemplar }) };
    }
    case "gauge":
    case "info":
    case "unknown":
      return { labels, value: of("") };
    case "stateset":
      return {
        labels,
        states: Object.fromEntries(samples.map(({ label }, i) => [label?.value as string, numbers[i] === 1])),
      };
    case "summary": {
      const quantiles: Quantile[] = [];
      for (const [i, { suffix, label }] of samples.entries()) {
        if (suffix === "") quantiles.push({ quantile: label?.value as number, value: numbers[i] as number });
      }
      return { labels, count: of("_count"), sum: of("_sum"), quantiles, createdMs };
    }
    case "histogram":
    case "gaugehistogram": {
      const buckets: Bucket[] = [];
      for (const [i, { suffix, label }] of samples.entries()) {
        if (suffix !== "_bucket") continue;
        const exemplar = view.exemplar(row, i);
        buckets.push({ bound: label?.value as number, count: numbers[i] as number, ...(exemplar && { exemplar }) });
      }
      const native = view.native(row);
      return {
        labels,
        count: of("_count"),
        sum: of("_sum"),
        buckets,
        createdMs,
        ...(native && { native: nativeHistogram(native) }),
      };
    }
    default:
      return type satisfies never;
  }
}
