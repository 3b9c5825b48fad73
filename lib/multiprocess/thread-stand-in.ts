import { Counter } from "../metrics/counter.ts";
import { Gauge } from "../metrics/gauge.ts";
import { Histogram } from "../metrics/histogram.ts";
import { StateSet } from "../metrics/state-set.ts";
import { Summary } from "../metrics/summary.ts";
import type { MetricDefinition } from "../model/collector.ts";
import type { ColumnMetric } from "../registry/scrape.ts";
import type { NativeSettings } from "../storage/native-buckets.ts";
import { ordinaryPages } from "../storage/pages.ts";

/**
 * A metric of the definition that is registered nowhere and has no series, to put the numbers of several in.
 *
 * @throws {Error} when no metric can have the definition
 */
export function standInFor(definition: MetricDefinition, labelNames: readonly string[]): ColumnMetric {
  const { type, name, help, details } = definition;
  const options = { name, help, labelNames, registers: [], utf8Names: true, pages: ordinaryPages };
  const metric = make(type, options, details as Details) as unknown as ColumnMetric & { clear(): void };
  metric.clear();
  return metric;
}

/** What only one type has. */
interface Details {
  readonly buckets?: readonly number[];
  readonly percentiles?: readonly number[];
  readonly native?: NativeSettings;
  readonly states?: readonly string[];
}

interface Options {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registers: readonly never[];
  readonly utf8Names: boolean;
  readonly pages: typeof ordinaryPages;
}

function make(type: MetricDefinition["type"], options: Options, details: Details): object {
  switch (type) {
    case "counter":
      return new Counter(options);
    case "gauge":
    case "info":
    case "unknown":
      return new Gauge(options);
    case "histogram":
    case "gaugehistogram":
      return new Histogram({
        ...options,
        buckets: details.buckets ?? [],
        // Only because there may be no bounds then: nothing is counted in native buckets.
        ...(details.native && details.buckets?.length === 0 && { native: details.native }),
      });
    case "summary":
      // Without a greatest age: what is too old was left out by whoever put it together.
      return new Summary({ ...options, percentiles: details.percentiles ?? [] });
    case "stateset":
      return new StateSet({ ...options, states: details.states ?? [] });
    default:
      return type satisfies never;
  }
}
