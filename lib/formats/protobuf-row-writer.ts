// The way from columns to protobuf for rows that may take any number of bytes: those with exemplars or native buckets.
import type { ColumnFamily, FamilyView } from "../storage/column-family.ts";
import { NEGATIVE, POSITIVE, SCHEMA, ZERO_COUNT, ZERO_THRESHOLD } from "../storage/exponential-block.ts";
import type { NativeRow } from "../storage/native-row.ts";
import type { BackwardWriter } from "./backward-writer.ts";
import { Chunk } from "./chunk.ts";
import type { EscapingScheme } from "./name-escaping.ts";
import { SpannedBuckets } from "./native-spans.ts";
import { labelBytes, writeLabels } from "./protobuf-labels.ts";
import type { MetricPlan, ProtobufPlan } from "./protobuf-plan.ts";
import { METRIC_FIELD } from "./protobuf-series.ts";
import {
  HISTOGRAM_FIELD,
  writeBucket,
  writeCounter,
  writeNative,
  writeNativeExemplars,
  writeTime,
} from "./protobuf-values.ts";

const positive = new SpannedBuckets();
const negative = new SpannedBuckets();

/** The labels of the row under way, which are written forwards. Those of a few rows need more room than this. */
const USUAL_LABELS = 16_384;
const usualLabels = new Chunk(USUAL_LABELS);

/** Whether the rows of a family can be written so: of the types that have exemplars, and with no labels but the declared. */
export function suitsRowWriter({ descriptor: { type }, extraLabels }: ColumnFamily): boolean {
  return (type === "counter" || type === "histogram") && extraLabels === undefined;
}

/**
 * Writes rows of a family in columns, byte by byte as `writeSeries` writes their copies. Only for families that
 * {@link suitsRowWriter} says yes to.
 */
export class RowWriter {
  readonly #plan: ProtobufPlan;
  readonly #view: FamilyView;
  readonly #escaping: EscapingScheme;
  readonly #numbers: Float64Array;
  /** Of a histogram's numbers those that are buckets, and the bounds of these. */
  readonly #bounds: readonly number[];

  constructor(plan: ProtobufPlan, view: FamilyView, escaping: EscapingScheme) {
    const { samples } = view.family;
    this.#plan = plan;
    this.#view = view;
    this.#escaping = escaping;
    this.#numbers = new Float64Array(samples.length);
    this.#bounds = samples.flatMap(({ suffix, label }) => (suffix === "_bucket" ? [label?.value as number] : []));
  }

  /**
   * Writes a row that holds a series.
   *
   * @param ids a page of label ids, and where those of the row are in it
   * @returns how many native buckets were looked at, whether they take any bytes or not
   */
  write(out: BackwardWriter, row: number, ids: Int32Array, first: number): number {
    const view = this.#view;
    const { descriptor, table } = view.family;
    const native = view.native(row);
    view.read(row, this.#numbers);
    if (descriptor.type === "counter") {
      writeCounter(out, this.#numbers[0] as number, view.exemplar(row, 0), view.createdMs(row), this.#escaping);
    } else {
      this.#writeHistogram(out, row, native);
    }
    const plan = this.#plan;
    const { labels: behind } = plan.metrics[0] as MetricPlan;
    out.copy(behind.view, 0, behind.length);
    const bytes = labelBytes(plan, table, ids, first);
    const labels = bytes > USUAL_LABELS ? new Chunk(bytes) : usualLabels;
    writeLabels(plan, table, ids, first, labels.bytes, labels.view, 0);
    out.copy(labels.view, 0, bytes);
    out.message(METRIC_FIELD, 0);
    return native?.block.length ?? 0;
  }

  /** What comes last stands in the numbers behind the buckets: the sum, and the count. */
  #writeHistogram(out: BackwardWriter, row: number, native: NativeRow | undefined): void {
    const view = this.#view;
    const numbers = this.#numbers;
    const bounds = this.#bounds;
    const isInteger = areIntegers(numbers, bounds.length);
    if (native !== undefined) writeNativeExemplars(out, native.exemplars, this.#escaping);
    writeTime(out, 15, view.createdMs(row));
    if (native !== undefined) writeBlock(out, native, isInteger);
    const count = numbers[bounds.length + 1] as number;
    if (!isInteger) out.doubleField(4, count);
    for (let i = bounds.length - 1; i >= 0; i--) {
      writeBucket(out, bounds[i] as number, numbers[i] as number, view.exemplar(row, i), isInteger, this.#escaping);
    }
    out.doubleField(2, numbers[bounds.length] as number);
    if (isInteger) out.uintField(1, count);
    out.message(HISTOGRAM_FIELD, 0);
  }
}

/** Whether the counts of a histogram are, which are all of its numbers but the sum. Those of native buckets always are. */
function areIntegers(numbers: Float64Array, sum: number): boolean {
  for (let i = 0; i < numbers.length; i++) if (i !== sum && !Number.isInteger(numbers[i])) return false;
  return true;
}

function writeBlock(out: BackwardWriter, { block }: NativeRow, isInteger: boolean): void {
  writeNative(
    out,
    block[SCHEMA] as number,
    block[ZERO_THRESHOLD] as number,
    block[ZERO_COUNT] as number,
    positive.takeSide(block, POSITIVE),
    negative.takeSide(block, NEGATIVE),
    isInteger,
  );
}
