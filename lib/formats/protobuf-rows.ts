// The fast way from columns to protobuf: a metric is the label values of its row, pieces that the family shares, and
// numbers put into a copy of what all rows have in common.
import type { ColumnFamily, FamilyView } from "../storage/column-family.ts";
import { varintSize } from "./backward-writer.ts";
import { CHUNK_BYTES, type Chunk, copyBits } from "./chunk.ts";
import type { MetricsPart, Spare } from "./protobuf-family.ts";
import { delimited, labelBytes, writeLabels, writeVarint } from "./protobuf-labels.ts";
import {
  type Hole,
  type MetricPlan,
  NARROW,
  type ProtobufPlan,
  type Template,
  TIME_BYTES,
  WIDE,
} from "./protobuf-plan.ts";
import { METRIC_FIELD } from "./protobuf-series.ts";
import { nanosAfter, wholeSeconds } from "./protobuf-values.ts";

/** Rows between two returns to the caller. */
const ROWS_PER_STEP = 128;
/** Rows that could be longer go another way; see {@link fitsProtobufRows}. */
const LONGEST_ROW = CHUNK_BYTES / 4;

const METRIC_TAG = METRIC_FIELD * 8 + 2;
/** Counts are narrow where all are below this, which none leaves behind during a scrape by as much as narrow ones hold. */
const MOST_NARROW = 2 ** 33;
const MOST_MILLISECONDS = (2 ** 35 - 1) * 1000;

/** The longest that a row can be now, in bytes. */
function longestRow({ fixedBytes, metrics }: ProtobufPlan, { table }: ColumnFamily): number {
  let fragments = 0;
  for (const longest of table.fragments.longest) fragments += longest;
  return fixedBytes + metrics.length * fragments;
}

/** Whether rows can be written so: short ones, all of whose numbers always take as many bytes. */
export function fitsProtobufRows(plan: ProtobufPlan, family: ColumnFamily): boolean {
  return (
    family.exemplar === undefined &&
    family.native === undefined &&
    family.extraLabels === undefined &&
    longestRow(plan, family) <= LONGEST_ROW
  );
}

/** The metrics of a family in columns. Only for families that {@link fitsProtobufRows} says yes to. */
export class ProtobufRows implements MetricsPart {
  readonly isVariable = false;
  readonly #plan: ProtobufPlan;
  readonly #view: FamilyView;
  /** No row in view is longer; longer label values may come meanwhile, but not in these rows. */
  readonly #longest: number;
  readonly #numbers: Float64Array;
  /** Whether a row's one number is its one cell. */
  readonly #isSingle: boolean;
  /** How many bytes the rows take with narrow counts and with wide ones. */
  #narrowBytes = 0;
  #wideBytes = 0;
  #mostCounted = 0;
  /** How many of the bytes are not written yet. */
  #left = 0;
  #page = 0;
  #place = 0;

  constructor(plan: ProtobufPlan, view: FamilyView) {
    const { family } = view;
    this.#plan = plan;
    this.#view = view;
    this.#longest = longestRow(plan, family);
    this.#numbers = new Float64Array(family.samples.length);
    this.#isSingle = family.samples.length === 1 && family.expose === undefined;
  }

  get #isWide(): boolean {
    return this.#mostCounted >= MOST_NARROW;
  }

  get bytes(): number {
    return this.#isWide ? this.#wideBytes : this.#narrowBytes;
  }

  restart(): void {
    this.#page = 0;
    this.#place = 0;
    this.#narrowBytes = 0;
    this.#wideBytes = 0;
  }

  measure(): boolean {
    const { table } = this.#view.family;
    const plan = this.#plan;
    const { metrics, hasCounts } = plan;
    const numbers = this.#numbers;
    const rows = this.#view.rowsIn(this.#page);
    if (rows === 0) return this.#endMeasuring();
    const ids = this.#view.idPages[this.#page] as Int32Array;
    const end = Math.min(rows, this.#place + ROWS_PER_STEP);
    for (let place = this.#place; place < end; place++) {
      const first = place * table.idStride;
      if ((ids[first] as number) < 0) continue;
      const own = labelBytes(plan, table, ids, first);
      for (let i = 0; i < metrics.length; i++) {
        const { labels, narrow, wide } = metrics[i] as MetricPlan;
        const before = own + labels.length;
        this.#narrowBytes += delimited(before + narrow.piece.length);
        if (hasCounts) this.#wideBytes += delimited(before + wide.piece.length);
      }
      if (!hasCounts) continue;
      this.#view.read((this.#page << table.rowShift) | place, numbers);
      // The last sample of both types that have counts is the count of all.
      const count = numbers[numbers.length - 1] as number;
      if (count > this.#mostCounted) this.#mostCounted = count;
    }
    this.#place = end;
    if (end === rows) {
      this.#page++;
      this.#place = 0;
    }
    return this.#view.rowsIn(this.#page) === 0 ? this.#endMeasuring() : false;
  }

  #endMeasuring(): boolean {
    this.#page = 0;
    this.#place = 0;
    this.#left = this.bytes;
    return true;
  }

  write(chunk: Chunk, spare: Spare): boolean {
    const { table } = this.#view.family;
    const plan = this.#plan;
    const { metrics } = plan;
    const rows = this.#view.rowsIn(this.#page);
    if (rows === 0) {
      // What series took that went meanwhile.
      spare.bytes += this.#left;
      return true;
    }
    const view = this.#view;
    const isWide = this.#isWide;
    const ids = view.idPages[this.#page] as Int32Array;
    const page = view.pages[this.#page] as Float64Array;
    const { idStride } = table;
    const numbers = this.#numbers;
    const { bytes, view: out } = chunk;
    const last = CHUNK_BYTES - this.#longest;
    const end = Math.min(rows, this.#place + Math.max(1, Math.floor(ROWS_PER_STEP / metrics.length)));
    let offset = chunk.length;
    let lengthBytes = 1;
    let place = this.#place;
    for (; place < end; place++) {
      const first = place * idStride;
      if ((ids[first] as number) < 0) continue;
      if (offset > last) {
        chunk.isFull = true;
        break;
      }
      const row = (this.#page << table.rowShift) | place;
      if (this.#isSingle) numbers[0] = page[place] as number;
      else view.read(row, numbers);
      for (let i = 0; i < metrics.length; i++) {
        const { labels, narrow, wide } = metrics[i] as MetricPlan;
        const value = isWide ? wide : narrow;
        // The length of the message stands before it. It takes as many bytes as the one before, or else all is moved.
        let begin = offset + 1 + lengthBytes;
        let end = writeLabels(plan, table, ids, first, bytes, out, begin);
        const length = end - begin + labels.length + value.piece.length;
        if (varintSize(length) !== lengthBytes) {
          lengthBytes = varintSize(length);
          begin = offset + 1 + lengthBytes;
          end = writeLabels(plan, table, ids, first, bytes, out, begin);
        }
        bytes[offset] = METRIC_TAG;
        writeVarint(bytes, offset + 1, length);
        end = copyBits(labels.view, 0, out, end, labels.length);
        if (value.created !== undefined) setTime(value, value.created, view.createdMs(row));
        offset = copyBits(value.piece.view, 0, out, end, value.piece.length);
        fill(value, numbers, isWide ? WIDE : NARROW, bytes, out, end);
      }
    }
    this.#left -= offset - chunk.length;
    chunk.length = offset;
    this.#place = place;
    if (place === rows) {
      this.#page++;
      this.#place = 0;
    }
    return false;
  }
}

/** Puts a row's numbers into the copy of a template. */
function fill(
  { doubles, counts }: Template,
  numbers: Float64Array,
  width: number,
  bytes: Uint8Array,
  out: DataView,
  offset: number,
): void {
  for (let i = 0; i < doubles.length; i++) {
    const { at, sample } = doubles[i] as Hole;
    out.setFloat64(offset + at, numbers[sample] as number, true);
  }
  for (let i = 0; i < counts.length; i++) {
    const { at, sample } = counts[i] as Hole;
    writeWideVarint(bytes, offset + at, numbers[sample] as number, width);
  }
}

/** Writes a varint of that many bytes, five or more. It may need fewer: then the last ones add nothing. */
function writeWideVarint(bytes: Uint8Array, offset: number, value: number, width: number): void {
  const high = Math.floor(value / 2 ** 28);
  const low = (value - high * 2 ** 28) | 0;
  bytes[offset] = low | 128;
  bytes[offset + 1] = (low >>> 7) | 128;
  bytes[offset + 2] = (low >>> 14) | 128;
  bytes[offset + 3] = (low >>> 21) | 128;
  let rest = high;
  const last = offset + width - 1;
  for (let at = offset + 4; at < last; at++) {
    bytes[at] = rest | 128;
    rest >>>= 7;
  }
  bytes[last] = rest & 127;
}

/**
 * Puts the time that a series was created at into a template, where often that of the row before stands already. One
 * before 1970 or long after 3000 is no time that a series began.
 */
function setTime(template: Template, bytes: Uint8Array, milliseconds: number): void {
  if (milliseconds === template.createdMs) return;
  template.createdMs = milliseconds;
  const shown = milliseconds > 0 ? Math.min(milliseconds, MOST_MILLISECONDS) : 0;
  const seconds = wholeSeconds(shown);
  writeWideVarint(bytes, 0, seconds, TIME_BYTES);
  // Between the two lies the tag of the second.
  writeWideVarint(bytes, TIME_BYTES + 1, nanosAfter(seconds, shown), TIME_BYTES);
}
