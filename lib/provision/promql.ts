// The pieces of PromQL that rules and panels are put together from.
import { isLegacyLabelName, isLegacyMetricName } from "../model/names.ts";

/** A condition on a label, spelled: `status=~"5.."`. */
export type Matcher = string;

/** A text as PromQL quotes it. Its escapes are Go's, and those of JSON are among them. */
export function quoted(text: string): string {
  return JSON.stringify(text.toWellFormed());
}

/** A condition: `matcher("status", "=~", "5..")`. */
export function matcher(label: string, operator: "=" | "!=" | "=~" | "!~", value: string): Matcher {
  return `${labelName(label)}${operator}${quoted(value)}`;
}

/** A text in which no character means anything to a regular expression. */
export function literalPattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** A label name where PromQL expects one: in quotes where that must be, which Prometheus 3 reads. */
export function labelName(name: string): string {
  return isLegacyLabelName(name) ? name : quoted(name);
}

/** The series of a name under conditions: `http_requests_total{code=~"5.."}`. */
export function selector(name: string, matchers: readonly Matcher[] = []): string {
  // Such a name is a condition among others to Prometheus 3, and nothing that an older one could ask for.
  if (!isLegacyMetricName(name)) return `{${[quoted(name), ...matchers].join(",")}}`;
  return matchers.length === 0 ? name : `${name}{${matchers.join(",")}}`;
}

/** An aggregation: `sum by (job, le) (…)`. */
export function by(operator: "sum" | "max" | "min" | "avg" | "count", labels: readonly string[], of: string): string {
  return labels.length === 0 ? `${operator}(${of})` : `${operator} by (${labels.map(labelName).join(", ")}) (${of})`;
}

/** Events per second. */
export function rate(series: string, window: string): string {
  return `rate(${series}[${window}])`;
}

/** Events per second of whatever counts: a counter, or the observations of a histogram or summary. */
export function eventRate(
  { name, type, isNative }: { readonly name: string; readonly type: string; readonly isNative: boolean },
  matchers: readonly Matcher[],
  window: string,
): string {
  // A native histogram is one series, and its count a part of the value.
  if (isNative) return `histogram_count(${rate(selector(name, matchers), window)})`;
  return rate(selector(type === "counter" ? name : `${name}_count`, matchers), window);
}

/** A quantile of a histogram, from its exponential buckets where it has them and from its bounds where not. */
export function histogramQuantile(
  quantile: number,
  { name, isNative, window, by: labels, matchers }: HistogramQuery,
): string {
  const of = isNative
    ? by("sum", labels, rate(selector(name, matchers), window))
    : by("sum", [...labels, "le"], rate(selector(`${name}_bucket`, matchers), window));
  return `histogram_quantile(${quantile}, ${of})`;
}

/** What is asked of a histogram. */
export interface HistogramQuery {
  readonly name: string;
  readonly isNative: boolean;
  readonly window: string;
  /** The labels that the answer keeps. */
  readonly by: readonly string[];
  readonly matchers: readonly Matcher[];
}
