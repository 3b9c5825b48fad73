// The rules of promlint, which `promtool check metrics` applies, in its words: what is said of names, types, help and labels.
import type { MetricFamily, MetricType } from "../model/family.ts";

/** Units, and the base unit of each. */
const baseUnits: ReadonlyMap<string, string> = new Map(
  Object.entries({
    amperes: ["amperes"],
    bytes: ["bytes", "bits"],
    celsius: ["celsius", "fahrenheit", "rankine"],
    grams: ["grams", "pounds", "ounces"],
    joules: ["joules", "calories"],
    kelvin: ["kelvin", "kelvins"],
    meters: ["meters", "inches", "yards", "miles"],
    metres: ["metres"],
    seconds: ["seconds", "minutes", "hours", "days", "weeks"],
    volts: ["volts"],
  }).flatMap(([base, units]) => units.map((unit) => [unit, base] as const)),
);

const unitPrefix = /^(?:pico|nano|micro|milli|centi|deci|deca|hecto|kilo|kibi|mega|mibi|giga|gibi|tera|tebi|peta|pebi)/;

const abbreviation = /_(?:s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)(?:_|$)/;

/** The types as they may stand in a name. */
const typeWords = ["counter", "gauge", "summary", "histogram", "gauge_histogram"];

const camelCase = /[a-z][A-Z]/;

/** The type that the text format shows, of which the rules speak. */
function shownType(type: MetricType): MetricType {
  if (type === "info" || type === "stateset") return "gauge";
  return type === "gaugehistogram" ? "histogram" : type;
}

/** No help text, or one of blanks alone. */
export function lintHelp({ help }: MetricFamily): string[] {
  return help.trim() === "" ? ["no help text"] : [];
}

/** Another unit than a base unit, for each that the name holds. */
export function lintUnits({ name }: MetricFamily): string[] {
  return name.split("_").flatMap((word) => {
    const base = baseUnits.get(word) ?? baseUnits.get(word.replace(unitPrefix, ""));
    return base === undefined || base === word ? [] : [`use base unit "${base}" instead of "${word}"`];
  });
}

/** A counter without `_total`, or another metric with it. */
export function lintTotal({ name, type }: MetricFamily): string[] {
  const hasTotal = name.endsWith("_total");
  if (type === "counter" && !hasTotal) return ['counter metrics should have "_total" suffix'];
  if (type !== "counter" && type !== "unknown" && hasTotal) {
    return ['non-counter metrics should not have "_total" suffix'];
  }
  return [];
}

/** What histograms and summaries keep for themselves: suffixes and labels. */
export function lintReserved({ name, type, series }: MetricFamily): string[] {
  if (type === "unknown") return [];
  const isHistogram = shownType(type) === "histogram";
  const isSummary = type === "summary";
  const texts: string[] = [];
  if (!isHistogram && name.endsWith("_bucket")) texts.push('non-histogram metrics should not have "_bucket" suffix');
  for (const suffix of ["_count", "_sum"]) {
    if (isHistogram || isSummary || !name.endsWith(suffix)) continue;
    texts.push(`non-histogram and non-summary metrics should not have "${suffix}" suffix`);
  }
  const has = (label: string) => series.some(({ labels }) => Object.hasOwn(labels, label));
  if (!isHistogram && has("le")) texts.push('non-histogram metrics should not have "le" label');
  if (!isSummary && has("quantile")) texts.push('non-summary metrics should not have "quantile" label');
  return texts;
}

/** A type in the name. */
export function lintTypeInName({ name }: MetricFamily): string[] {
  const lower = `${name.toLowerCase()}_`;
  return typeWords
    .filter((word) => lower.includes(`_${word}_`))
    .map((word) => `metric name should not include type '${word}'`);
}

/** A colon, which is for the names of recording rules. */
export function lintColon({ name }: MetricFamily): string[] {
  return name.includes(":") ? ["metric names should not contain ':'"] : [];
}

/** Camel case. */
export function lintCamelCase({ name, series }: MetricFamily): string[] {
  const texts = camelCase.test(name) ? ["metric names should be written in 'snake_case' not 'camelCase'"] : [];
  if (series.some(({ labels }) => Object.keys(labels).some((label) => camelCase.test(label)))) {
    texts.push("label names should be written in 'snake_case' not 'camelCase'");
  }
  return texts;
}

/** An abbreviated unit. */
export function lintAbbreviation({ name }: MetricFamily): string[] {
  return abbreviation.test(name.toLowerCase()) ? ["metric names should not contain abbreviated units"] : [];
}
