// Helpers for the tests of programs that count with this library.
import { AssertionError } from "node:assert";
import { differenceLines, diffFamilies } from "./formats/diff-families.ts";
import { type Finding, type LintOptions, lint as lintFamilies } from "./formats/lint.ts";
import { parse } from "./formats/parse.ts";
import type { Collector, Metric, MetricValueJson } from "./model/collector.ts";
import type { MetricFamily } from "./model/family.ts";
import { type LabelValue, labelText } from "./model/labels.ts";
import { Registry } from "./registry/registry.ts";

/** What a test looks at: a metric or another collector, or all that a registry has. */
export type Collected = Collector | Pick<Registry, "metrics">;

/** Label values to look a series up by. */
type Labels = Readonly<Record<string, LabelValue>>;

/**
 * The value of one sample of a metric, or undefined when there is none such.
 *
 * @param labels all labels of the sample, a histogram's `le` and a summary's `quantile` included; `{ le: Infinity }` is
 *   the last bucket
 * @param sampleName the sample's name where it is not the metric's: `wait_seconds_count`
 * @example
 * assert.equal(await valueOf(requests, { method: "GET" }), 3);
 * assert.equal(await valueOf(wait, {}, "wait_seconds_count"), 1);
 */
// biome-ignore lint/suspicious/noShadowRestrictedNames: it is imported by name, and says what it gives
export async function valueOf(
  metric: Pick<Metric, "get" | "name">,
  labels: Labels = {},
  sampleName = metric.name,
): Promise<number | undefined> {
  const { values } = await metric.get();
  return values.find((value) => (value.metricName ?? metric.name) === sampleName && hasLabels(value, labels))?.value;
}

/**
 * By how much a sample changes while a function runs. A sample that does not exist counts as zero.
 *
 * @example
 * assert.equal(await delta(requests, () => fetch(url), { method: "GET" }), 1);
 */
export async function delta(
  metric: Pick<Metric, "get" | "name">,
  run: () => unknown,
  labels: Labels = {},
  sampleName = metric.name,
): Promise<number> {
  const before = (await valueOf(metric, labels, sampleName)) ?? 0;
  await run();
  return ((await valueOf(metric, labels, sampleName)) ?? 0) - before;
}

function hasLabels({ labels }: MetricValueJson, wanted: Labels): boolean {
  const text = (name: string, value: LabelValue) =>
    value === Number.POSITIVE_INFINITY ? "+Inf" : labelText(name, value);
  const present = Object.entries(wanted).filter(([name, value]) => text(name, value) !== "");
  return (
    present.length === Object.keys(labels).length &&
    present.every(([name, value]) => Object.hasOwn(labels, name) && text(name, labels[name]) === text(name, value))
  );
}

/**
 * Compares what is exposed in text 0.0.4 with what should be. The order of families, series and labels does not matter, nor
 * do comments, empty lines and indentation; everything else does, help and type included.
 *
 * @param subject a metric or another collector, or a registry
 * @param expected an exposition in text 0.0.4
 * @param names the families that are compared, where it is not all of them
 * @throws {AssertionError} when they differ: the message has a line for each sample that was expected, with `-`, or that is
 *   there instead, with `+`
 * @throws {ParseError} when `expected` is no exposition
 * @throws what the collector throws
 * @example
 * await collectAndCompare(jobs, `
 *   # HELP jobs_total Jobs done.
 *   # TYPE jobs_total counter
 *   jobs_total{queue="mail"} 3
 * `);
 */
export async function collectAndCompare(
  subject: Collected,
  expected: string,
  names?: readonly string[],
): Promise<void> {
  const isCompared = ({ name, series }: MetricFamily) => series.length > 0 && names?.includes(name) !== false;
  const wanted = parse(`${expected.replace(/^[ \t]+/gm, "")}\n`, textType).filter(isCompared);
  const actual = await expositionOf(subject);
  const differences = diffFamilies(wanted, parse(actual, textType).filter(isCompared));
  if (differences.length === 0) return;
  throw new AssertionError({
    message: `The exposition is not as expected:\n- expected\n+ exposed\n\n${differenceLines(differences).join("\n")}`,
    actual,
    expected,
    operator: "collectAndCompare",
    stackStartFn: collectAndCompare,
  });
}

/**
 * What is not as it should be in what is exposed in text 0.0.4; see `lint` of the package itself.
 *
 * @example
 * assert.deepEqual(await lint(register), []);
 */
export async function lint(subject: Collected, options: LintOptions = {}): Promise<Finding[]> {
  return lintFamilies(parse(await expositionOf(subject), textType), options);
}

const textType = "text/plain; version=0.0.4";

async function expositionOf(subject: Collected): Promise<string> {
  if ("metrics" in subject) return subject.metrics();
  const errors: Error[] = [];
  const registry = new Registry({ onError: (error) => errors.push(error) });
  registry.registerMetric(subject);
  const exposition = await registry.metrics();
  for (const error of errors) throw error.cause ?? error;
  return exposition;
}
