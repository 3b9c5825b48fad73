// What is said of a family before its series, between processes: enough to put the numbers of several together.
import { Counter } from "../metrics/counter.ts";
import { Gauge } from "../metrics/gauge.ts";
import { Histogram } from "../metrics/histogram.ts";
import { StateSet } from "../metrics/state-set.ts";
import { Summary } from "../metrics/summary.ts";
import type { Aggregator } from "../model/aggregator.ts";
import type { FamilyDescriptor, MetricType } from "../model/family.ts";
import { checkLabelNames, isUtf8Name } from "../model/names.ts";
import { checkDescriptor } from "../registry/check-family.ts";
import type { ColumnMetric } from "../registry/scrape.ts";
import type { NativeSettings } from "../storage/native-buckets.ts";
import { ordinaryPages, type PageFactory } from "../storage/pages.ts";

/** What only one type has. The names are those of the metrics' own definitions. */
export interface Details {
  /** The bounds of a histogram, without `+Inf`. */
  readonly buckets?: readonly number[];
  /** The quantiles of a summary, its greatest age, and in how many parts its window moves on. */
  readonly percentiles?: readonly number[];
  readonly maxAgeSeconds?: number;
  readonly ageBuckets?: number;
  /** How a histogram has native buckets, if it has. Processes may differ in it; the first one's is kept. */
  readonly native?: NativeSettings;
  /** Whether it keeps exemplars. */
  readonly enableExemplars?: boolean;
  /** The states of a state set. */
  readonly states?: readonly string[];
}

/** A family whose rows all have the same label names. A family with other label sets has several. */
export interface Declaration extends FamilyDescriptor {
  readonly aggregator: Aggregator;
  readonly labelNames: readonly string[];
  readonly details: Details;
}

/** Whether rows have exponential buckets. */
export function hasBlocks({ details }: Declaration): boolean {
  return details.native !== undefined || (details.percentiles?.length ?? 0) > 0;
}

/** The label that tells threads or processes apart in a family whose aggregator is `all`. */
export const WORKER_LABEL = "worker";

/** The most labels, bounds or states that a declaration may have. */
const MOST_PARTS = 10_000;

/** How many numbers a row stores. */
export function cellsOf({ type, details }: Pick<Declaration, "type" | "details">): number {
  switch (type) {
    case "counter":
    case "gauge":
    case "unknown":
    case "info":
      return 1;
    case "summary":
      return 2;
    case "histogram":
    case "gaugehistogram":
      return (details.buckets?.length ?? 0) + 2;
    case "stateset":
      return details.states?.length ?? 0;
    default:
      return type satisfies never;
  }
}

/** Whether what a thread or process has counted goes on to count when it has ended. */
export function isCumulative({ type, aggregator }: Pick<Declaration, "type" | "aggregator">): boolean {
  return isCounting(type) && (aggregator === "sum" || aggregator === "all");
}

/** Whether numbers of the type only go up, but for the sums of observations. */
export function isCounting(type: MetricType): boolean {
  return type === "counter" || type === "histogram" || type === "summary";
}

/** All by which two declarations of one name must agree to be put together, as one text. */
export function layoutOf({ type, unit, aggregator, details }: Declaration): string {
  const { buckets, percentiles, maxAgeSeconds, ageBuckets, states, native } = details;
  const isNative = native !== undefined;
  return JSON.stringify([type, unit, aggregator, buckets, percentiles, maxAgeSeconds, ageBuckets, states, isNative]);
}

/**
 * Checks a declaration that came from another process, and copies it.
 *
 * @throws {TypeError | RangeError} when nothing could be exposed under it
 */
export function checkDeclaration(given: unknown): Declaration {
  const descriptor = checkDescriptor(given);
  const { labelNames, details = {}, aggregator = "sum" } = given as Partial<Declaration>;
  if (!(isListOf(labelNames, "string") && labelNames.every(isUtf8Name)))
    throw new TypeError("labelNames are no texts.");
  checkLabelNames(descriptor.type, descriptor.name, labelNames, true);
  if (typeof details !== "object" || details === null) throw new TypeError("details are no object.");
  const declaration = { ...descriptor, aggregator, labelNames: [...labelNames], details: copyDetails(details) };
  // Makes sure that bounds increase, states differ, and so on, by the rules that metrics declared here follow.
  metricOf(declaration, labelNames);
  return declaration;
}

function copyDetails(given: Details): Details {
  const { buckets, percentiles, maxAgeSeconds, ageBuckets, states, native, enableExemplars } = given;
  return {
    ...(isListOf(buckets, "number") && { buckets: [...buckets] }),
    ...(isListOf(percentiles, "number") && { percentiles: [...percentiles] }),
    ...(typeof maxAgeSeconds === "number" && { maxAgeSeconds }),
    ...(typeof ageBuckets === "number" && { ageBuckets }),
    ...(isListOf(states, "string") && { states: [...states] }),
    // Checked with the metric that is made of it.
    ...(native !== undefined && { native }),
    ...(enableExemplars === true && { enableExemplars }),
  };
}

function isListOf<Kind extends "string" | "number">(
  value: unknown,
  kind: Kind,
): value is readonly (Kind extends "string" ? string : number)[] {
  return Array.isArray(value) && value.length <= MOST_PARTS && value.every((one) => typeof one === kind);
}

/**
 * A metric that is registered nowhere and has no series: its columns are those of the declared family. So families of
 * other processes and threads are stored and exposed as this one's are.
 *
 * @throws {TypeError | RangeError} when the declaration is not valid
 */
export function metricOf(
  { name, type, details }: Pick<Declaration, "name" | "type" | "details">,
  labelNames: readonly string[],
): ColumnMetric {
  const options = { name, help: name, labelNames, registers: [], utf8Names: true, pages: ordinaryPages };
  const metric = makeMetric(type, options, details) as unknown as ColumnMetric & { clear(): void };
  metric.clear();
  return metric;
}

interface ShellOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly registers: never[];
  readonly utf8Names: boolean;
  readonly pages: PageFactory;
}

function makeMetric(type: MetricType, options: ShellOptions, details: Details): object {
  switch (type) {
    case "counter":
      return new Counter({ ...options, ...(details.enableExemplars && { enableExemplars: true }) });
    case "gauge":
    case "unknown":
    case "info":
      return new Gauge(options);
    case "histogram":
    case "gaugehistogram":
      return new Histogram({
        ...options,
        buckets: details.buckets ?? [],
        // It is for the processes to begin anew when there are too many.
        ...(details.native && { native: { ...details.native, minResetSeconds: 0 } }),
        ...(details.enableExemplars && { enableExemplars: true }),
      });
    case "summary": {
      const { percentiles = [], maxAgeSeconds, ageBuckets } = details;
      return new Summary({
        ...options,
        percentiles,
        ...(maxAgeSeconds !== undefined && { maxAgeSeconds }),
        ...(ageBuckets !== undefined && { ageBuckets }),
      });
    }
    case "stateset":
      return new StateSet({ ...options, states: details.states ?? [] });
    default:
      return type satisfies never;
  }
}
