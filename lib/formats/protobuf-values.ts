// What a metric's value is made of in protobuf: the messages of buckets, native ones too, exemplars and times.
import type { Exemplar } from "../model/family.ts";
import { type BackwardWriter, VARINT } from "./backward-writer.ts";
import { writtenLabelNames } from "./escaping.ts";
import type { EscapingScheme } from "./name-escaping.ts";
import type { SpannedBuckets } from "./native-spans.ts";
import type { Labels } from "./text-lines.ts";

/** The field of a metric that holds a counter, and that which holds a histogram. */
const COUNTER_FIELD = 3;
export const HISTOGRAM_FIELD = 7;

/** What a number is that increases. */
export function writeCounter(
  out: BackwardWriter,
  value: number,
  exemplar: Exemplar | undefined,
  createdMs: number | undefined,
  escaping: EscapingScheme,
): void {
  const { length } = out;
  writeTime(out, 3, createdMs);
  if (exemplar !== undefined) writeExemplar(out, 2, exemplar, escaping);
  out.doubleField(1, value);
  out.message(COUNTER_FIELD, length);
}

/**
 * One classic bucket of a histogram.
 *
 * @param isInteger whether all counts of the histogram are integers: fields of their own are for those that are not
 */
export function writeBucket(
  out: BackwardWriter,
  bound: number,
  count: number,
  exemplar: Exemplar | undefined,
  isInteger: boolean,
  escaping: EscapingScheme,
): void {
  // The last bucket says no more than the count does, but for its exemplar.
  if (bound === Number.POSITIVE_INFINITY && exemplar === undefined) return;
  const { length } = out;
  if (!isInteger) out.doubleField(4, count);
  if (exemplar !== undefined) writeExemplar(out, 3, exemplar, escaping);
  out.doubleField(2, bound);
  if (isInteger) out.uintField(1, count);
  out.message(3, length);
}

/** What native buckets are, but for their exemplars. */
export function writeNative(
  out: BackwardWriter,
  schema: number,
  zeroThreshold: number,
  zeroCount: number,
  positive: SpannedBuckets,
  negative: SpannedBuckets,
  isInteger: boolean,
): void {
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
  out.tag(5, VARINT);
}

/** Spans, and behind them the counts: as differences, or, where they are no integers, as they are. */
function writeSide(out: BackwardWriter, field: number, side: SpannedBuckets, isInteger: boolean): void {
  if (side.length === 0) return;
  const { length } = out;
  if (isInteger) out.differences(side.counts, side.length);
  else for (let i = side.length - 1; i >= 0; i--) out.double(side.counts[i] as number);
  out.message(isInteger ? field + 1 : field + 2, length);
  for (let i = side.spanCount - 1; i >= 0; i--) {
    writeSpan(out, field, side.spans[2 * i] as number, side.spans[2 * i + 1] as number);
  }
}

function writeSpan(out: BackwardWriter, field: number, offset: number, buckets: number): void {
  const { length } = out;
  out.uintField(2, buckets);
  out.sint(offset);
  out.tag(1, VARINT);
  out.message(field, length);
}

/** The exemplars of native buckets. The format has none without a time there. */
export function writeNativeExemplars(
  out: BackwardWriter,
  exemplars: readonly Exemplar[],
  escaping: EscapingScheme,
): void {
  for (let i = exemplars.length - 1; i >= 0; i--) {
    const exemplar = exemplars[i] as Exemplar;
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
  writeLabels(out, Object.entries(labels), escaping);
  out.message(field, length);
}

/** The labels of a metric or an exemplar: both have them in the same field. */
export function writeLabels(out: BackwardWriter, labels: Labels, escaping: EscapingScheme): void {
  const names = writtenLabelNames(
    labels.map(([name]) => name),
    escaping,
  );
  for (let i = labels.length - 1; i >= 0; i--) {
    const { length } = out;
    out.textField(2, (labels[i] as Labels[number])[1]);
    out.textField(1, names[i] as string);
    out.message(1, length);
  }
}

/** A `google.protobuf.Timestamp`. */
export function writeTime(out: BackwardWriter, field: number, milliseconds: number | undefined): void {
  if (milliseconds === undefined || !Number.isSafeInteger(Math.round(milliseconds))) return;
  const { length } = out;
  const seconds = wholeSeconds(milliseconds);
  out.uintField(2, nanosAfter(seconds, milliseconds));
  out.int64(seconds);
  out.tag(1, VARINT);
  out.message(field, length);
}

/** The whole seconds of a time; from there on it has {@link nanosAfter}, never negative. */
export function wholeSeconds(milliseconds: number): number {
  const seconds = Math.floor(milliseconds / 1000);
  return nanosAfter(seconds, milliseconds) < 1e9 ? seconds : seconds + 1;
}

/** How many nanoseconds after some seconds a time is. */
export function nanosAfter(seconds: number, milliseconds: number): number {
  return Math.max(0, Math.round((milliseconds - seconds * 1000) * 1e6));
}
