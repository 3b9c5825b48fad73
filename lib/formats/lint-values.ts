// What promlint does not look at: numbers that their type can't have, and series that are there twice.
import type { HistogramSeries, LabelSet, MetricFamily } from "../model/family.ts";
import { labelKey } from "../model/labels.ts";
import { numberText } from "./numbers.ts";

/** Series that are there twice, at the same time. */
export function lintDuplicateSeries({ series }: MetricFamily): string[] {
  const seen = new Set<string>();
  const twice = series.filter(({ labels, timestampMs }) => {
    const key = `${timestampMs} ${labelKey(labels)}`;
    return seen.size === seen.add(key).size;
  });
  const [first] = twice;
  if (first === undefined) return [];
  const more = twice.length === 1 ? "" : `, and ${twice.length - 1} more`;
  return [`the labels ${showLabels(first.labels)} are there twice${more}`];
}

/** Counts that can't be: a counter below zero, a histogram whose buckets don't add up. */
export function lintCounts(family: MetricFamily): string[] {
  switch (family.type) {
    case "counter":
      return firstOf(family.series, ({ value }) =>
        value >= 0 ? undefined : `a counter is never ${numberText(value)}`,
      );
    case "info":
      return firstOf(family.series, ({ value }) =>
        value === 1 ? undefined : `an info is never ${numberText(value)}, but 1`,
      );
    case "summary":
      return firstOf(family.series, ({ count = 0 }) =>
        count >= 0 ? undefined : `a count is never ${numberText(count)}`,
      );
    case "histogram":
    case "gaugehistogram":
      return firstOf(family.series, histogramFault);
    case "gauge":
    case "unknown":
    case "stateset":
      return [];
    default:
      return family satisfies never;
  }
}

function histogramFault({ buckets, count, native }: HistogramSeries): string | undefined {
  let before = 0;
  for (const bucket of buckets) {
    if (!(bucket.count >= before)) {
      const bound = numberText(bucket.bound);
      return `buckets are cumulative, but the one up to ${bound} has ${numberText(bucket.count)} after ${numberText(before)}`;
    }
    before = bucket.count;
  }
  if (!(count >= 0)) return `a count is never ${numberText(count)}`;
  const last = buckets.at(-1);
  // A native histogram needs no buckets.
  if (last === undefined && native !== undefined) return undefined;
  if (last?.bound !== Number.POSITIVE_INFINITY) return 'a histogram should have a bucket "+Inf"';
  if (last.count === count) return undefined;
  return `the count is ${numberText(count)}, but the bucket "+Inf" has ${numberText(last.count)}`;
}

/** The fault of the first series that has one, with its labels. */
function firstOf<Series extends { readonly labels: LabelSet }>(
  series: readonly Series[],
  fault: (series: Series) => string | undefined,
): string[] {
  for (const one of series) {
    const text = fault(one);
    if (text !== undefined)
      return [Object.keys(one.labels).length === 0 ? text : `${text}, at ${showLabels(one.labels)}`];
  }
  return [];
}

/** Labels in a finding, never longer than a line. */
function showLabels(labels: LabelSet): string {
  const text = `{${Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`)}}`;
  return text.length > 80 ? `${text.slice(0, 80).toWellFormed()}…` : text;
}
