// Helpers for the tests of programs that count with this library.
import type { Metric, MetricValueJson } from "./model/collector.ts";
import { type LabelValue, labelText } from "./model/labels.ts";

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
