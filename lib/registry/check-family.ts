// Checks families that custom collectors made: whole, before anything of them is printed.
import { aggregators } from "../model/aggregator.ts";

import { labelCharacters, MOST_EXEMPLAR_CHARACTERS } from "../model/exemplars.ts";
import type {
  Bucket,
  Exemplar,
  FamilyDescriptor,
  HistogramSeries,
  LabelSet,
  MetricFamily,
  MetricType,
  NativeHistogram,
  NumberSeries,
  Quantile,
  SeriesBase,
  StateSetSeries,
  SummarySeries,
} from "../model/family.ts";
import { labelKey, readLabelSet } from "../model/labels.ts";
import { checkLabelNames, describeMetric, isUtf8Name } from "../model/names.ts";
import { checkNativeHistogram } from "./check-native.ts";
import { count, isObject, listOf, number, shorten, show, time } from "./check-values.ts";

const metricTypes: ReadonlySet<string> = new Set<MetricType>([
  "counter",
  "gauge",
  "histogram",
  "gaugehistogram",
  "summary",
  "info",
  "stateset",
  "unknown",
]);

/**
 * Checks what is said of a family before its series, and copies it.
 *
 * @throws {TypeError} when it can't be exposed
 */
export function checkDescriptor(given: unknown): FamilyDescriptor {
  if (!isObject<FamilyDescriptor>(given)) throw new TypeError(`expected a metric family, but got ${show(given)}.`);
  const { name, type, help, unit, aggregator } = given;
  if (!isName(name)) throw new TypeError(`${show(name)} is no metric name.`);
  if (!metricTypes.has(type)) throw new TypeError(`metric "${name}" has the unknown type ${show(type)}.`);
  const owner = describeMetric(type, name);
  if (typeof help !== "string") throw new TypeError(`${owner} needs a help text, but has ${show(help)}.`);
  if (unit !== undefined && !isName(unit))
    throw new TypeError(`${owner} has the unit ${show(unit)}, which is no text.`);
  if (aggregator !== undefined && !aggregators.includes(aggregator))
    throw new TypeError(`${owner} has the unknown aggregator ${show(aggregator)}.`);
  return { name, type, help, ...(unit !== undefined && { unit }), ...(aggregator !== undefined && { aggregator }) };
}

/**
 * Checks what a custom collector returned and copies it, so that nothing half-valid is printed and nothing changes
 * while it is.
 *
 * @throws {TypeError | RangeError} at the first thing that can't be exposed
 */
export function checkFamily(given: unknown): MetricFamily {
  const descriptor = checkDescriptor(given);
  const owner = describeMetric(descriptor.type, descriptor.name);
  const seen = new Set<string>();
  let last: { readonly key: string; readonly timestampMs: number | undefined } | undefined;
  const series = listOf(owner, "series", (given as MetricFamily).series).map((one) => {
    if (!isObject<SeriesBase>(one)) throw new TypeError(`${owner} has ${show(one)} for a series.`);
    const checked = { ...checkBase(owner, descriptor, one), ...checkValues(owner, descriptor.type, one) };
    const key = labelKey(checked.labels);
    // Relayed data may tell a series at several times, each later than the one before.
    const isLater = key === last?.key && Number(checked.timestampMs) > Number(last.timestampMs);
    if (seen.has(key) && !isLater) {
      throw new RangeError(`${owner} has the labels ${showLabels(checked.labels)} twice.`);
    }
    seen.add(key);
    last = { key, timestampMs: checked.timestampMs };
    return checked;
  });
  // The compiler does not follow that the series are of the descriptor's type.
  return { ...descriptor, series } as unknown as MetricFamily;
}

function checkBase(owner: string, { type, name }: FamilyDescriptor, series: SeriesBase): SeriesBase {
  const { labels = {}, timestampMs } = series;
  if (!isObject(labels) || Array.isArray(labels)) throw new TypeError(`${owner} has ${show(labels)} for labels.`);
  const read = readLabelSet(labels);
  checkLabelNames(type, name, Object.keys(read), true);
  return { labels: read, ...(timestampMs !== undefined && { timestampMs: time(owner, "timestamp", timestampMs) }) };
}

/** What a series of the type has beyond its labels. */
function checkValues(owner: string, type: MetricType, series: SeriesBase): object {
  switch (type) {
    case "counter": {
      const { value, createdMs, exemplar } = series as NumberSeries;
      return {
        value: count(owner, "a value", value),
        ...created(owner, createdMs),
        ...(exemplar !== undefined && { exemplar: checkExemplar(owner, exemplar) }),
      };
    }
    case "gauge":
    case "unknown":
      return { value: number(owner, "a value", (series as NumberSeries).value) };
    case "info": {
      const { value } = series as NumberSeries;
      if (value !== 1) throw new RangeError(`${owner} has ${show(value)} for a value; that of an info is 1.`);
      return { value };
    }
    case "stateset":
      return { states: checkStates(owner, (series as StateSetSeries).states) };
    case "summary": {
      const { count: total, sum, quantiles, createdMs } = series as SummarySeries;
      return {
        ...(total !== undefined && { count: count(owner, "its count", total) }),
        ...(sum !== undefined && { sum: number(owner, "its sum", sum) }),
        quantiles: checkQuantiles(owner, quantiles),
        ...created(owner, createdMs),
      };
    }
    case "histogram":
    case "gaugehistogram": {
      const { count: total, sum, buckets, native, createdMs } = series as HistogramSeries;
      return {
        count: count(owner, "its count", total),
        ...(sum !== undefined && { sum: number(owner, "its sum", sum) }),
        buckets: checkBuckets(owner, buckets, total),
        ...(native !== undefined && { native: checkNative(owner, native, total, sum) }),
        ...created(owner, createdMs),
      };
    }
    default:
      return type satisfies never;
  }
}

function checkStates(owner: string, given: unknown): Readonly<Record<string, boolean>> {
  if (!isObject(given)) throw new TypeError(`${owner} has ${show(given)} for states.`);
  const states = Object.entries(given);
  for (const [state, isOn] of states) {
    if (!isName(state)) throw new RangeError(`${owner} has the state ${show(state)}, which is no text.`);
    if (typeof isOn !== "boolean") throw new TypeError(`${owner} has ${show(isOn)} for the state ${show(state)}.`);
  }
  return Object.fromEntries(states);
}

function checkQuantiles(owner: string, given: unknown): readonly Quantile[] {
  let last = Number.NEGATIVE_INFINITY;
  return listOf(owner, "quantiles", given).map((one) => {
    if (!isObject<Quantile>(one)) throw new TypeError(`${owner} has ${show(one)} for a quantile.`);
    const { quantile, value } = one;
    if (typeof quantile !== "number" || !(quantile > last && quantile >= 0 && quantile <= 1)) {
      throw new RangeError(`${owner} has the quantile ${show(quantile)}; quantiles increase within 0…1.`);
    }
    last = quantile;
    return { quantile, value: number(owner, "a quantile's value", value) };
  });
}

function checkBuckets(owner: string, given: unknown, total: number): readonly Bucket[] {
  let last: Bucket | undefined;
  const buckets = listOf(owner, "buckets", given).map((one, i): Bucket => {
    if (!isObject<Bucket>(one)) throw new TypeError(`${owner} has ${show(one)} for a bucket.`);
    const { bound, count: upTo, exemplar } = one;
    if (typeof bound !== "number" || Number.isNaN(bound) || (last !== undefined && bound <= last.bound)) {
      throw new RangeError(`${owner} has the bound ${show(bound)} at index ${i}; bounds must increase.`);
    }
    if (count(owner, "a bucket", upTo) < (last?.count ?? 0)) {
      throw new RangeError(
        `${owner} has ${upTo} in the bucket ${bound}, less than in the one before: counts are cumulative.`,
      );
    }
    last = { bound, count: upTo, ...(exemplar !== undefined && { exemplar: checkExemplar(owner, exemplar) }) };
    return last;
  });
  if (last !== undefined && (last.bound === Number.POSITIVE_INFINITY ? last.count !== total : last.count > total)) {
    throw new RangeError(`${owner} has the count ${total}, but ${last.count} in its last bucket.`);
  }
  return buckets;
}

function created(owner: string, createdMs: unknown): { createdMs?: number } {
  return createdMs === undefined ? {} : { createdMs: time(owner, "created timestamp", createdMs) };
}

/** An exemplar, copied. */
function checkExemplar(owner: string, given: unknown): Exemplar {
  if (!isObject<Exemplar>(given)) throw new TypeError(`${owner} has ${show(given)} for an exemplar.`);
  const { labels = {}, value, timestampMs } = given;
  if (!isObject(labels) || Array.isArray(labels)) {
    throw new TypeError(`${owner} has an exemplar with ${show(labels)} for labels.`);
  }
  const read = readLabelSet(labels);
  const odd = Object.keys(read).find((name) => !isName(name));
  if (odd !== undefined)
    throw new RangeError(`${owner} has an exemplar with the label name ${show(odd)}, which is none.`);
  if (labelCharacters(read) > MOST_EXEMPLAR_CHARACTERS) {
    throw new RangeError(
      `${owner} has an exemplar whose labels hold more than ${MOST_EXEMPLAR_CHARACTERS} characters: ${showLabels(read)}`,
    );
  }
  return {
    labels: read,
    value: number(owner, "the value of an exemplar", value),
    ...(timestampMs !== undefined && { timestampMs: time(owner, "timestamp of an exemplar", timestampMs) }),
  };
}

function checkNative(owner: string, given: unknown, total: number, sum: number | undefined): NativeHistogram {
  const native = checkNativeHistogram(owner, given, total, sum);
  const { exemplars } = given as NativeHistogram;
  if (exemplars === undefined) return native;
  const checked = listOf(owner, "native exemplars", exemplars).map((one) => checkExemplar(owner, one));
  if (checked.some(({ timestampMs }) => timestampMs === undefined)) {
    throw new RangeError(`${owner} has a native exemplar without a timestamp.`);
  }
  return { ...native, exemplars: checked };
}

function isName(value: unknown): value is string {
  return typeof value === "string" && isUtf8Name(value);
}

function showLabels(labels: LabelSet): string {
  const shown = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return shorten(`{${shown.join(",")}}`);
}
