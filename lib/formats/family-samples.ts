import type { Exemplar, LabelSet, MetricFamily, NativeHistogram } from "../model/family.ts";
import { escapeLabelValue } from "./escaping.ts";
import { numberText } from "./numbers.ts";

/** A sample in words: what names it, and what it says. */
export type SampleText = readonly [sample: string, says: string];

/**
 * The samples of a family in words, as text 0.0.4 has them, and beyond those what only other formats carry: the created
 * timestamp, exemplars, native buckets. Labels are in the order of their names, so that equal samples are named alike.
 */
export function* sampleTexts(family: MetricFamily): Generator<SampleText, void, undefined> {
  const { name } = family;
  for (const series of family.series) {
    const { labels, timestampMs } = series;
    const time = timestampMs === undefined ? "" : ` at ${timestampMs} ms`;
    const sample = (suffix: string, value: number, more: LabelSet = {}, exemplar?: Exemplar): SampleText => [
      nameText(name + suffix, { ...labels, ...more }),
      numberText(value) + time + (exemplar === undefined ? "" : `, exemplar ${exemplarText(exemplar)}`),
    ];
    if ("value" in series) {
      yield sample("", series.value, {}, series.exemplar);
    } else if ("states" in series) {
      for (const [state, on] of Object.entries(series.states)) yield sample("", on ? 1 : 0, { [name]: state });
    } else if ("quantiles" in series) {
      for (const { quantile, value } of series.quantiles) yield sample("", value, { quantile: numberText(quantile) });
      if (series.sum !== undefined) yield sample("_sum", series.sum);
      if (series.count !== undefined) yield sample("_count", series.count);
    } else {
      const [sum, count] = family.type === "gaugehistogram" ? ["_gsum", "_gcount"] : ["_sum", "_count"];
      for (const { bound, count: upTo, exemplar } of series.buckets) {
        yield sample("_bucket", upTo, { le: numberText(bound) }, exemplar);
      }
      if (series.sum !== undefined) yield sample(sum as string, series.sum);
      yield sample(count as string, series.count);
      if (series.native !== undefined) yield [`${nameText(name, labels)} native buckets`, nativeText(series.native)];
    }
    if ("createdMs" in series && series.createdMs !== undefined) {
      yield [`${nameText(name, labels)} created`, `${series.createdMs} ms`];
    }
  }
}

function nameText(name: string, labels: LabelSet): string {
  const present = Object.entries(labels).filter(([, value]) => value !== "");
  if (present.length === 0) return name;
  const sorted = present.sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name}{${sorted.map(([label, value]) => `${label}="${escapeLabelValue(value)}"`).join(",")}}`;
}

function exemplarText({ labels, value, timestampMs }: Exemplar): string {
  const time = timestampMs === undefined ? "" : ` at ${timestampMs} ms`;
  return `${nameText("", labels) || "{}"} ${numberText(value)}${time}`;
}

function nativeText({ schema, zeroThreshold, zeroCount, positive, negative, exemplars = [] }: NativeHistogram): string {
  const side = (buckets: NativeHistogram["positive"]) => buckets.map(({ key, count }) => `${key}:${count}`).join(" ");
  return [
    `schema ${schema}, ${zeroCount} up to ${zeroThreshold}, positive [${side(positive)}], negative [${side(negative)}]`,
    ...exemplars.map((exemplar) => `exemplar ${exemplarText(exemplar)}`),
  ].join(", ");
}
