import type { MetricFamily } from "../model/family.ts";
import { describeMetric } from "../model/names.ts";
import { sampleTexts } from "./family-samples.ts";

/** One thing that two expositions differ in. What is absent, the exposition doesn't have. */
export interface Difference {
  /** The name of the metric family. */
  readonly metric: string;
  /** What differs: the family as a whole, something that is said of it, or a sample of it by its name and labels. */
  readonly what: string;
  readonly before?: string;
  readonly after?: string;
}

/**
 * What two expositions differ in, by family and then by sample, in the order of the first. The order of families, series
 * and labels does not matter; of a family that only one of them has, the samples are not told one by one.
 */
export function diffFamilies(before: readonly MetricFamily[], after: readonly MetricFamily[]): Difference[] {
  const left = byName(before);
  const right = byName(after);
  const differences: Difference[] = [];
  for (const [metric, parts] of left) {
    const others = right.get(metric);
    if (others === undefined) differences.push({ metric, what: "family", before: summary(parts) });
    else differences.push(...diffFamily(metric, parts, others));
  }
  for (const [metric, parts] of right) {
    if (!left.has(metric)) differences.push({ metric, what: "family", after: summary(parts) });
  }
  return differences;
}

type Parts = readonly [MetricFamily, ...MetricFamily[]];

function byName(families: readonly MetricFamily[]): Map<string, Parts> {
  const names = new Map<string, [MetricFamily, ...MetricFamily[]]>();
  for (const family of families) {
    const parts = names.get(family.name);
    if (parts === undefined) names.set(family.name, [family]);
    else parts.push(family);
  }
  return names;
}

function summary(parts: Parts): string {
  const count = parts.reduce((sum, { series }) => sum + series.length, 0);
  const [{ type, name }] = parts;
  return `${describeMetric(type, name)}, ${count} series`;
}

function diffFamily(metric: string, before: Parts, after: Parts): Difference[] {
  const differences: Difference[] = [];
  for (const what of ["type", "unit", "help"] as const) {
    add(differences, metric, what, before[0][what], after[0][what]);
  }
  const left = textsOf(before);
  const right = textsOf(after);
  for (const [sample, says] of left) add(differences, metric, sample, says, right.get(sample));
  for (const [sample, says] of right) if (!left.has(sample)) add(differences, metric, sample, undefined, says);
  return differences;
}

function add(into: Difference[], metric: string, what: string, before?: string, after?: string): void {
  if (before === after) return;
  into.push({ metric, what, ...(before !== undefined && { before }), ...(after !== undefined && { after }) });
}

/** The samples by what names them. One that is there more than once has all that it says. */
function textsOf(parts: Parts): Map<string, string> {
  const texts = new Map<string, string>();
  for (const family of parts) {
    for (const [sample, says] of sampleTexts(family)) {
      const known = texts.get(sample);
      texts.set(sample, known === undefined ? says : `${known}; ${says}`);
    }
  }
  return texts;
}

/** The differences as lines, those of the first exposition with `-`, those of the second with `+`. */
export function differenceLines(differences: readonly Difference[]): string[] {
  return differences.flatMap(({ metric, what, before, after }) => {
    const label = { family: "", type: `# TYPE ${metric} `, unit: `# UNIT ${metric} `, help: `# HELP ${metric} ` }[what];
    const line = (sign: string, text: string | undefined) =>
      text === undefined ? [] : [`${sign} ${label ?? `${what} `}${text.replaceAll("\n", "\\n")}`];
    return [...line("-", before), ...line("+", after)];
  });
}
