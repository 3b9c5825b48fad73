import type { LabelSet, MetricFamily } from "../model/family.ts";
import { describeMetric, occupiedNames } from "../model/names.ts";
import { lineOf } from "./family-lines.ts";
import { familySize } from "./family-size.ts";
import {
  lintAbbreviation,
  lintCamelCase,
  lintColon,
  lintHelp,
  lintReserved,
  lintTotal,
  lintTypeInName,
  lintUnits,
} from "./lint-names.ts";
import { lintCounts, lintDuplicateSeries } from "./lint-values.ts";

/** What a finding is about. The first eight are promlint's. */
export type LintRule =
  | "help"
  | "unit"
  | "total"
  | "reserved"
  | "type-in-name"
  | "colon"
  | "camel-case"
  | "abbreviation"
  | "duplicate"
  | "counts"
  | "openmetrics"
  | "cardinality"
  | "size";

/** Something that {@link lint} found. */
export interface Finding {
  readonly rule: LintRule;
  /** The name of the metric family. */
  readonly metric: string;
  /** What is the matter, in one line. */
  readonly text: string;
  /** Where the family begins, if it was read from text. */
  readonly line?: number;
}

/** Limits of {@link lint}. */
export interface LintOptions {
  /**
   * The most series in a family that are not worth a finding.
   * @default 1000
   */
  readonly maxSeries?: number;
  /**
   * The most bytes that a family may take in text 0.0.4 without a finding.
   * @default 1 MiB
   */
  readonly maxBytes?: number;
}

/** The rules that look at one family. */
const familyRules: readonly (readonly [rule: LintRule, find: (family: MetricFamily) => readonly string[]])[] = [
  ["help", lintHelp],
  ["unit", lintUnits],
  ["total", lintTotal],
  ["reserved", lintReserved],
  ["type-in-name", lintTypeInName],
  ["colon", lintColon],
  ["camel-case", lintCamelCase],
  ["abbreviation", lintAbbreviation],
  ["duplicate", lintDuplicateSeries],
  ["counts", lintCounts],
];

/**
 * Looks for what is not as it should be in families that were read or collected: the rules of promlint, which
 * `promtool check metrics` applies, in its words; series that are there twice, and counts that can't be; what OpenMetrics
 * has to write otherwise than it was named; and families that are large. Families without series are passed over.
 *
 * @returns the findings, by the name of the family and then by their text
 * @see https://prometheus.io/docs/practices/naming/
 * @example
 * for (const { metric, text } of lint(parse(exposition, "text/plain"))) console.log(`${metric} ${text}`);
 */
export function lint(families: readonly MetricFamily[], options: LintOptions = {}): Finding[] {
  const findings: Finding[] = [];
  const populated = families.filter(({ series }) => series.length > 0);
  const byName = new Map(populated.map((family) => [family.name, family]));
  const owners = new Map(populated.flatMap((family) => occupiedNames(family).map((name) => [name, family] as const)));
  for (const family of populated) {
    const line = lineOf(family);
    const add = (rule: LintRule, texts: readonly string[]) => {
      for (const text of texts) {
        findings.push({ rule, metric: family.name, text, ...(line !== undefined && { line }) });
      }
    };
    for (const [rule, find] of familyRules) add(rule, find(family));
    if (byName.get(family.name) !== family) add("duplicate", ["another family has this name"]);
    add("openmetrics", lintOpenMetrics(family, owners));
    add("cardinality", lintCardinality(family, options.maxSeries ?? 1000));
    add("size", lintSize(family, options.maxBytes ?? 2 ** 20));
  }
  return findings.sort((a, b) => compare(a.metric, b.metric) || compare(a.text, b.text));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A counter or info that OpenMetrics can't have as such. */
function lintOpenMetrics(family: MetricFamily, owners: ReadonlyMap<string, MetricFamily>): string[] {
  const { name, type } = family;
  if (type !== "counter" && type !== "info") return [];
  const suffix = type === "counter" ? "_total" : "_info";
  if (!name.endsWith(suffix)) {
    const kind = type === "counter" ? "a counter" : "an info";
    return [`OpenMetrics gives it type unknown: the name of ${kind} ends in "${suffix}" there`];
  }
  const base = name.slice(0, -suffix.length);
  for (const claim of type === "counter" ? [base, `${base}_created`] : [base]) {
    const owner = owners.get(claim);
    if (owner === undefined || owner === family) continue;
    return [
      `OpenMetrics gives it type unknown: ${describeMetric(owner.type, owner.name)} has the name "${claim}" there`,
    ];
  }
  return [];
}

function lintCardinality({ series }: MetricFamily, maxSeries: number): string[] {
  if (series.length <= maxSeries) return [];
  const [label, values] = widestLabel(series.map(({ labels }) => labels));
  const why = label === undefined ? "" : `; the label ${JSON.stringify(label)} alone has ${values} values`;
  return [`${series.length} series, more than ${maxSeries}${why}`];
}

/** The label with the most values. */
function widestLabel(labelSets: readonly LabelSet[]): readonly [label: string | undefined, values: number] {
  const values = new Map<string, Set<string>>();
  for (const labels of labelSets) {
    for (const [name, value] of Object.entries(labels)) {
      const seen = values.get(name);
      if (seen === undefined) values.set(name, new Set([value]));
      else seen.add(value);
    }
  }
  let widest: readonly [string | undefined, number] = [undefined, 0];
  for (const [name, { size }] of values) if (size > widest[1]) widest = [name, size];
  return widest;
}

function lintSize(family: MetricFamily, maxBytes: number): string[] {
  const { bytes } = familySize(family);
  return bytes > maxBytes ? [`${bytes} bytes of text, more than ${maxBytes}`] : [];
}
