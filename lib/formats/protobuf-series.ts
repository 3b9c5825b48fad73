// One series as the protobuf messages `io.prometheus.client.Metric`, whatever it holds.
import type {
  Bucket,
  Exemplar,
  FamilyDescriptor,
  HistogramSeries,
  LabelSet,
  MetricType,
  NativeBucket,
  NativeHistogram,
  NumberSeries,
  StateSetSeries,
  SummarySeries,
} from "../model/family.ts";
import type { BackwardWriter } from "./backward-writer.ts";
import { writtenLabelNames } from "./escaping.ts";
import type { EscapingScheme } from "./name-escaping.ts";
import { spanBuckets } from "./native-spans.ts";
import type { AnySeries } from "./plain-series.ts";
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
    writeLabels(out, 1, all, escaping);
    out.message(METRIC_FIELD, length);
  };
  switch (family.type) {
    case "counter":
      metric(labels, () => writeCounter(out, series as NumberSeries, escaping));
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

function writeLabels(out: BackwardWriter, field: number, labels: Labels, escaping: EscapingScheme): void {
  const names = writtenLabelNames(
    labels.map(([name]) => name),
    escaping,
  );
  for (let i = labels.length - 1; i >= 0; i--) {
    const { length } = out;
    out.textField(2, (labels[i] as Labels[number])[1]);
    out.textField(1, names[i] as string);
    out.message(field, length);
  }
}

/** The value is there though it is zero, for it is the message that tells the type. */
function writeValue(out: BackwardWriter, field: number, value: number): void {
  const { length } = out;
  out.doubleField(1, value);
  out.message(field, length);
}

function writeCounter(
  out: BackwardWriter,
  { value, exemplar, createdMs }: NumberSeries,
  escaping: EscapingScheme,
): void {
  const { length } = out;
  writeTime(out, 3, createdMs);
  if (exemplar !== undefined) writeExemplar(out, 2, exemplar, escaping);
  out.doubleField(1, value);
  out.message(3, length);
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

function writeHistogram(out: BackwardWriter, series: HistogramSeries, escaping: EscapingScheme): void {
  const { length } = out;
  const { count, sum, buckets, native, createdMs } = series;
  const isInteger = isWhole(series);
  if (native !== undefined) writeNativeExemplars(out, native, escaping);
  writeTime(out, 15, createdMs);
  if (native !== undefined) writeNative(out, native, isInteger);
  if (!isInteger) out.doubleField(4, count);
  for (let i = buckets.length - 1; i >= 0; i--) {
    const bucket = buckets[i] as Bucket;
    // The last bucket says no more than the count does, but for its exemplar.
    if (bucket.bound < Number.POSITIVE_INFINITY || bucket.exemplar !== undefined)
      writeBucket(out, bucket, isInteger, escaping);
  }
  if (sum !== undefined) out.doubleField(2, sum);
  if (isInteger) out.uintField(1, count);
  out.message(7, length);
}

function writeBucket(
  out: BackwardWriter,
  { bound, count, exemplar }: Bucket,
  isInteger: boolean,
  escaping: EscapingScheme,
): void {
  const { length } = out;
  if (!isInteger) out.doubleField(4, count);
  if (exemplar !== undefined) writeExemplar(out, 3, exemplar, escaping);
  out.doubleField(2, bound);
  if (isInteger) out.uintField(1, count);
  out.message(3, length);
}

function writeNative(out: BackwardWriter, native: NativeHistogram, isInteger: boolean): void {
  const { schema, zeroThreshold, zeroCount, positive, negative } = native;
  writeSide(out, 12, positive, isInteger);
  // A histogram without buckets and with all of these zero could be taken for one that is not native.
  if (positive.length === 0 && negative.length === 0 && zeroThreshold === 0 && zeroCount === 0) {
    writeSpan(out, 12, 0, 0);
  }
  writeSide(out, 9, negative, isInteger);
  if (isInteger) out.uintField(7, zeroCount);
  else out.doubleField(8, zeroCount);
  out.doubleField(6, zeroThreshold);
  out.sint(schema);
  out.tag(5, 0);
}

/** Spans, and behind them the counts: as differences, or, where they are no integers, as they are. */
function writeSide(out: BackwardWriter, field: number, buckets: readonly NativeBucket[], isInteger: boolean): void {
  if (buckets.length === 0) return;
  const { spans, counts } = spanBuckets(buckets);
  const { length } = out;
  for (let i = counts.length - 1; i >= 0; i--) {
    const count = counts[i] as number;
    if (isInteger) out.difference(count, i === 0 ? 0 : (counts[i - 1] as number));
    else out.double(count);
  }
  out.message(isInteger ? field + 1 : field + 2, length);
  for (const { offset, length: buckets } of spans.toReversed()) writeSpan(out, field, offset, buckets);
}

function writeSpan(out: BackwardWriter, field: number, offset: number, buckets: number): void {
  const { length } = out;
  out.uintField(2, buckets);
  out.sint(offset);
  out.tag(1, 0);
  out.message(field, length);
}

function writeNativeExemplars(
  out: BackwardWriter,
  { exemplars = [] }: NativeHistogram,
  escaping: EscapingScheme,
): void {
  for (const exemplar of exemplars.toReversed()) {
    // The format has none without a time here.
    if (exemplar.timestampMs !== undefined) writeExemplar(out, 16, exemplar, escaping);
  }
}

function writeExemplar(
  out: BackwardWriter,
  field: number,
  { labels, value, timestampMs }: Exemplar,
  escaping: EscapingScheme,
): void {
  const { length } = out;
  writeTime(out, 3, timestampMs);
  out.doubleField(2, value);
  writeLabels(out, 1, Object.entries(labels), escaping);
  out.message(field, length);
}

/** A `google.protobuf.Timestamp`. */
function writeTime(out: BackwardWriter, field: number, milliseconds: number | undefined): void {
  if (milliseconds === undefined || !Number.isSafeInteger(Math.round(milliseconds))) return;
  const { length } = out;
  const { seconds, nanos } = splitTime(milliseconds);
  out.uintField(2, nanos);
  out.int64(seconds);
  out.tag(1, 0);
  out.message(field, length);
}

/** Whole seconds, and from there on nanoseconds, never negative. */
export function splitTime(milliseconds: number): { readonly seconds: number; readonly nanos: number } {
  const seconds = Math.floor(milliseconds / 1000);
  const nanos = Math.round((milliseconds - seconds * 1000) * 1e6);
  return nanos < 1e9 ? { seconds, nanos } : { seconds: seconds + 1, nanos: 0 };
}
