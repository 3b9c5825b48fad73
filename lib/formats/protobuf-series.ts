// One series as the protobuf messages `io.prometheus.client.Metric`, whatever it holds.
import type {
  Bucket,
  FamilyDescriptor,
  HistogramSeries,
  LabelSet,
  MetricType,
  NumberSeries,
  StateSetSeries,
  SummarySeries,
} from "../model/family.ts";
import type { BackwardWriter } from "./backward-writer.ts";
import type { EscapingScheme } from "./name-escaping.ts";
import { SpannedBuckets } from "./native-spans.ts";
import type { AnySeries } from "./plain-series.ts";
import {
  HISTOGRAM_FIELD,
  writeBucket,
  writeCounter,
  writeLabels,
  writeNative,
  writeNativeExemplars,
  writeTime,
} from "./protobuf-values.ts";
import { type Labels, mergeLabels } from "./text-lines.ts";

/** The field of a family that holds its metrics. */
export const METRIC_FIELD = 4;

/** The enumeration `MetricType`. There is no info and no state set: they are gauges. */
export function typeNumber(type: MetricType): number {
  switch (type) {
    case "counter":
      return 0;
    case "gauge":
    case "info":
    case "stateset":
      return 1;
    case "summary":
      return 2;
    case "unknown":
      return 3;
    case "histogram":
      return 4;
    case "gaugehistogram":
      return 5;
    default:
      return type satisfies never;
  }
}

/** Writes the metrics of one series, which are several for a state set, each as a field of its family. */
export function writeSeries(
  out: BackwardWriter,
  family: Pick<FamilyDescriptor, "type" | "name">,
  series: AnySeries,
  constantLabels: LabelSet,
  escaping: EscapingScheme,
): void {
  const labels = mergeLabels(series.labels, constantLabels);
  const metric = (all: Labels, writeValue: () => void) => {
    const { length } = out;
    const { timestampMs } = series;
    if (timestampMs !== undefined && Number.isSafeInteger(Math.round(timestampMs))) {
      out.int64(Math.round(timestampMs));
      out.tag(6, 0);
    }
    writeValue();
    writeLabels(out, all, escaping);
    out.message(METRIC_FIELD, length);
  };
  switch (family.type) {
    case "counter":
      metric(labels, () => {
        const { value, exemplar, createdMs } = series as NumberSeries;
        writeCounter(out, value, exemplar, createdMs, escaping);
      });
      return;
    case "gauge":
    case "info":
      metric(labels, () => writeValue(out, 2, (series as NumberSeries).value));
      return;
    case "unknown":
      metric(labels, () => writeValue(out, 5, (series as NumberSeries).value));
      return;
    case "stateset":
      for (const [state, isOn] of Object.entries((series as StateSetSeries).states).reverse()) {
        metric([...labels, [family.name, state]], () => writeValue(out, 2, isOn ? 1 : 0));
      }
      return;
    case "summary":
      metric(labels, () => writeSummary(out, series as SummarySeries));
      return;
    case "histogram":
    case "gaugehistogram":
      metric(labels, () => writeHistogram(out, series as HistogramSeries, escaping));
      return;
    default:
      family.type satisfies never;
  }
}

/** The value is there though it is zero, for it is the message that tells the type. */
function writeValue(out: BackwardWriter, field: number, value: number): void {
  const { length } = out;
  out.doubleField(1, value);
  out.message(field, length);
}

function writeSummary(out: BackwardWriter, { count, sum, quantiles, createdMs }: SummarySeries): void {
  const { length } = out;
  writeTime(out, 4, createdMs);
  for (const { quantile, value } of quantiles.toReversed()) {
    const before = out.length;
    out.doubleField(2, value);
    out.doubleField(1, quantile);
    out.message(3, before);
  }
  if (sum !== undefined) out.doubleField(2, sum);
  if (count !== undefined) out.uintField(1, Math.round(count));
  out.message(4, length);
}

/** A histogram that counts parts of observations has fields of its own for its counts. */
function isWhole({ count, buckets, native }: HistogramSeries): boolean {
  const isInteger = (one: { readonly count: number }) => Number.isInteger(one.count);
  return (
    Number.isInteger(count) &&
    buckets.every(isInteger) &&
    (native === undefined ||
      (Number.isInteger(native.zeroCount) && native.positive.every(isInteger) && native.negative.every(isInteger)))
  );
}

const positive = new SpannedBuckets();
const negative = new SpannedBuckets();

function writeHistogram(out: BackwardWriter, series: HistogramSeries, escaping: EscapingScheme): void {
  const { length } = out;
  const { count, sum, buckets, native, createdMs } = series;
  const isInteger = isWhole(series);
  if (native?.exemplars !== undefined) writeNativeExemplars(out, native.exemplars, escaping);
  writeTime(out, 15, createdMs);
  if (native !== undefined) {
    const { schema, zeroThreshold, zeroCount } = native;
    const [up, down] = [positive.take(native.positive), negative.take(native.negative)];
    writeNative(out, schema, zeroThreshold, zeroCount, up, down, isInteger);
  }
  if (!isInteger) out.doubleField(4, count);
  for (let i = buckets.length - 1; i >= 0; i--) {
    const { bound, count: upTo, exemplar } = buckets[i] as Bucket;
    writeBucket(out, bound, upTo, exemplar, isInteger, escaping);
  }
  if (sum !== undefined) out.doubleField(2, sum);
  if (isInteger) out.uintField(1, count);
  out.message(HISTOGRAM_FIELD, length);
}
