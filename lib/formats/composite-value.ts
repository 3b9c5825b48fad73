// Histograms and summaries as OpenMetrics 2.0 writes them: all numbers of a series as one value.
import type { Exemplar, HistogramSeries, NativeBucket, NativeHistogram, SummarySeries } from "../model/family.ts";
import type { CompositeSeries, CompositeType } from "./dialect.ts";
import { SpannedBuckets } from "./native-spans.ts";
import { canonicalNumberText, numberText } from "./numbers.ts";

const spanned = new SpannedBuckets();

/**
 * A series as one value; `""` where it lacks its count or sum, without which there can be none.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec_2_0/#compositevalue
 */
export function compositeText(type: CompositeType, series: CompositeSeries): string {
  const { count, sum } = series;
  if (count === undefined || sum === undefined) return "";
  const [countName, sumName] = type === "gaugehistogram" ? ["gcount", "gsum"] : ["count", "sum"];
  const counted = `${countName}:${numberText(count)},${sumName}:${numberText(sum)}`;
  return "quantiles" in series ? `{${counted}${quantiles(series)}}` : `{${counted}${buckets(series)}}`;
}

/** The exemplars of a series: those that are spread over its native buckets, or else those of its classic ones. */
export function exemplarsOf(series: CompositeSeries): readonly Exemplar[] {
  if ("quantiles" in series) return [];
  const { native, buckets } = series;
  if (native?.exemplars !== undefined && native.exemplars.length > 0) return native.exemplars;
  return buckets.flatMap(({ exemplar }) => exemplar ?? []);
}

/** No quantile is negative. */
function quantiles({ quantiles: all }: SummarySeries): string {
  const some = all.filter(({ value }) => !(value < 0));
  return `,quantile:[${some.map(({ quantile, value }) => `${canonicalNumberText(quantile)}:${numberText(value)}`).join()}]`;
}

/** Native buckets, and then classic ones. The last classic one alone says nothing that the count does not. */
function buckets({ buckets: all, count, native }: HistogramSeries): string {
  const finite = all.filter(({ bound }) => bound < Number.POSITIVE_INFINITY);
  const nativeText = native === undefined ? "" : nativeBuckets(native);
  if (finite.length === 0 && native !== undefined) return nativeText;
  const pairs = finite.map(({ bound, count: upTo }) => `${canonicalNumberText(bound)}:${numberText(upTo)}`);
  return `${nativeText},bucket:[${[...pairs, `+Inf:${numberText(count)}`].join()}]`;
}

function nativeBuckets({ schema, zeroThreshold, zeroCount, positive, negative }: NativeHistogram): string {
  const zero = `zero_threshold:${numberText(zeroThreshold)},zero_count:${numberText(zeroCount)}`;
  return `,schema:${schema},${zero}${side("negative", negative)}${side("positive", positive)}`;
}

function side(sign: string, all: readonly NativeBucket[]): string {
  if (all.length === 0) return "";
  const { spans, spanCount, counts, length } = spanned.take(all);
  const pairs: string[] = [];
  for (let i = 0; i < spanCount; i++) pairs.push(`${spans[2 * i]}:${spans[2 * i + 1]}`);
  const texts: string[] = [];
  for (let i = 0; i < length; i++) texts.push(numberText(counts[i] as number));
  return `,${sign}_spans:[${pairs.join()}],${sign}_buckets:[${texts.join()}]`;
}
