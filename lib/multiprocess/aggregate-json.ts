// Puts together what processes have told in the shape of prom-client's JSON.
import { typeLabelOf } from "../formats/dialect.ts";
import type { MetricJson, MetricValueJson } from "../model/collector.ts";
import type { LabelSet, MetricFamily, SeriesBase } from "../model/family.ts";
import { labelKey, readLabelSet } from "../model/labels.ts";
import { Registry } from "../registry/registry.ts";
import { COLUMN_FAMILIES, type ColumnCollector } from "../registry/scrape.ts";
import { Aggregation, plainFamilies } from "./aggregation.ts";
import { Reporter } from "./reporter.ts";

/** A registry with all of it, each metric by its aggregator. */
export function aggregateJson(processes: readonly (readonly MetricJson[])[]): Registry {
  const aggregation = new Aggregation();
  for (const metrics of processes) {
    const registry = new Registry();
    registry.registerMetric({ name: "json", collect: () => metrics.filter(isKept).map(familyOf) });
    const member = aggregation.join({ askForAll: () => {}, askForFresh: () => {} });
    const failures: Error[] = [];
    const reporter = new Reporter({
      registries: () => [registry],
      send: (frame) => aggregation.receive(member, frame),
      onError: (error) => failures.push(error),
    });
    reporter.report();
    reporter.close();
    for (const failure of failures) throw failure;
  }
  aggregation.work.finish();
  const registry = new Registry();
  const collector: ColumnCollector = {
    name: "aggregate",
    collect: () => plainFamilies(aggregation.columns),
    [COLUMN_FAMILIES]: () => aggregation.columns,
  };
  registry.registerMetric(collector);
  return registry;
}

function isKept({ aggregator }: MetricJson): boolean {
  return aggregator !== "omit";
}

function familyOf({ name, help, type, values, aggregator }: MetricJson): MetricFamily {
  const series = seriesOf(name, type, values);
  // What is wrong with it is found by the checks that all families of custom collectors pass.
  return { name, help, type, aggregator, series } as unknown as MetricFamily;
}

function seriesOf(name: string, type: MetricFamily["type"], values: readonly MetricValueJson[]): SeriesBase[] {
  const typeLabel = typeLabelOf({ type, name });
  const groups = new Map<string, { readonly labels: LabelSet; readonly values: MetricValueJson[] }>();
  for (const value of values) {
    const { [typeLabel]: _, ...own } = value.labels;
    const labels = readLabelSet(own);
    const group = groups.get(labelKey(labels)) ?? { labels, values: [] };
    groups.set(labelKey(labels), group);
    group.values.push(value);
  }
  return [...groups.values()].map(({ labels, values }) => ({ labels, ...numbersOf(name, type, values, typeLabel) }));
}

function numbersOf(name: string, type: string, values: readonly MetricValueJson[], typeLabel: string): object {
  const of = (...suffixes: readonly string[]) =>
    values.find(({ metricName }) => suffixes.some((suffix) => metricName === name + suffix))?.value;
  switch (type) {
    case "histogram":
    case "gaugehistogram": {
      const buckets = values
        .filter(({ metricName }) => metricName === `${name}_bucket`)
        .map(({ labels, value }) => ({
          bound: labels[typeLabel] === "+Inf" ? Infinity : Number(labels[typeLabel]),
          count: value,
        }))
        .sort((a, b) => a.bound - b.bound);
      const native = values.find((one) => one.native !== undefined)?.native;
      return {
        sum: of("_sum", "_gsum") ?? 0,
        count: of("_count", "_gcount") ?? buckets.at(-1)?.count,
        buckets,
        ...(native && { native }),
      };
    }
    case "summary":
      return { sum: of("_sum") ?? 0, count: of("_count") ?? 0, quantiles: [] };
    case "stateset":
      return { states: Object.fromEntries(values.map(({ labels, value }) => [labels[typeLabel], value === 1])) };
    default:
      return { value: values[0]?.value };
  }
}
