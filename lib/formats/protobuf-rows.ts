// The fast way from columns to protobuf: a metric is the label values of its row, pieces that the family shares, and
// numbers put into a copy of what all rows have in common.
import type { ColumnFamily, FamilyView } from "../storage/column-family.ts";
import type { InternedValues } from "../storage/interned-values.ts";
import { varintSize } from "./backward-writer.ts";
import { CHUNK_BYTES, type Chunk, copyBits, copyBytes, type Piece } from "./chunk.ts";
import type { MetricsPart, Spare } from "./protobuf-family.ts";
import {
  type Hole,
  LABEL_TAG,
  LABEL_VALUE_TAG,
  type MetricPlan,
  NARROW,
  type ProtobufPlan,
  type Template,
  TIME_BYTES,
  WIDE,
} from "./protobuf-plan.ts";
import { METRIC_FIELD, splitTime } from "./protobuf-series.ts";

/** Rows between two returns to the caller. */
const ROWS_PER_STEP = 128;
/** Rows that could be longer go another way; see {@link fitsProtobufRows}. */
const LONGEST_ROW = CHUNK_BYTES / 4;

const METRIC_TAG = METRIC_FIELD * 8 + 2;
const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;

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
    const { metrics, hasCounts } = this.#plan;
    const numbers = this.#numbers;
    const rows = this.#view.rowsIn(this.#page);
    if (rows === 0) return this.#endMeasuring();
    const ids = this.#view.idPages[this.#page] as Int32Array;
    const end = Math.min(rows, this.#place + ROWS_PER_STEP);
    for (let place = this.#place; place < end; place++) {
      const first = place * table.idStride;
      if ((ids[first] as number) < 0) continue;
      const own = this.#labelBytes(table.values, ids, first);
      for (let i = 0; i < metrics.length; i++) {
        const { labels, narrow, wide } = metrics[i] as MetricPlan;
        const before = own + labels.length;
        this.#narrowBytes += delimited(before + narrow.piece.length);
        this.#wideBytes += delimited(before + wide.piece.length);
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

  /** How many bytes a row's own labels take. */
  #labelBytes(values: readonly InternedValues[], ids: Int32Array, first: number): number {
    const { names, absent } = this.#plan;
    let bytes = 0;
    for (let i = 0; i < values.length; i++) {
      const id = ids[first + i] as number;
      if (id === 0) bytes += absent[i]?.length ?? 0;
      else bytes += delimited((names[i] as Piece).length + delimited(valueLength(values[i] as InternedValues, id)));
    }
    return bytes;
  }

  write(chunk: Chunk, spare: Spare): boolean {
    const { table } = this.#view.family;
    const { metrics } = this.#plan;
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
    const { values, idStride } = table;
    const numbers = this.#numbers;
    const { bytes, view: out } = chunk;
    const last = CHUNK_BYTES - this.#longest;
    const end = Math.min(rows, this.#place + Math.max(1, Math.floor(ROWS_PER_STEP / metrics.length)));
    const begin = chunk.length;
    let offset = begin;
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
      const own = this.#labelBytes(values, ids, first);
      for (let i = 0; i < metrics.length; i++) {
        const { labels, narrow, wide } = metrics[i] as MetricPlan;
        const value = isWide ? wide : narrow;
        bytes[offset++] = METRIC_TAG;
        offset = writeVarint(bytes, offset, own + labels.length + value.piece.length);
        offset = this.#writeLabels(values, ids, first, bytes, out, offset);
        offset = copyBits(labels.view, 0, out, offset, labels.length);
        copyBits(value.piece.view, 0, out, offset, value.piece.length);
        fill(value, numbers, isWide ? WIDE : NARROW, bytes, out, offset);
        if (value.createdAt >= 0) writeTime(bytes, offset + value.createdAt, view.createdMs(row));
        offset += value.piece.length;
      }
    }
    chunk.length = offset;
    this.#left -= offset - begin;
    this.#place = place;
    if (place === rows) {
      this.#page++;
      this.#place = 0;
    }
    return false;
  }

  #writeLabels(
    values: readonly InternedValues[],
    ids: Int32Array,
    first: number,
    bytes: Uint8Array,
    out: DataView,
    offset: number,
  ): number {
    const { names, heads, absent } = this.#plan;
    let end = offset;
    for (let i = 0; i < values.length; i++) {
      const id = ids[first + i] as number;
      if (id === 0) {
        const instead = absent[i];
        if (instead !== undefined) end = copyBits(instead.view, 0, out, end, instead.length);
        continue;
      }
      const label = values[i] as InternedValues;
      const name = names[i] as Piece;
      const length = valueLength(label, id);
      if (name.length + length + 2 < 128) {
        // Both lengths take a byte, as nearly always.
        const head = heads[i] as Piece;
        const headEnd = copyBits(head.view, 0, out, end, head.length);
        bytes[end + 1] = name.length + length + 2;
        bytes[headEnd - 1] = length;
        end = headEnd;
      } else {
        bytes[end++] = LABEL_TAG;
        end = writeVarint(bytes, end, name.length + delimited(length));
        end = copyBits(name.view, 0, out, end, name.length);
        bytes[end++] = LABEL_VALUE_TAG;
        end = writeVarint(bytes, end, length);
      }
      const start = label.startOf(id);
      if (label.escapes.size > 0 && label.escapes.has(id))
        copyUnescaped(label.fragments.bytes, start, bytes, end, length);
      else copyBytes(label.fragments.view, start, out, end, length);
      end += length;
    }
    return end;
  }
}

/** How many bytes a value has that is kept as a fragment of text formats, between quotes and with escapes. */
function valueLength(values: InternedValues, id: number): number {
  const length = values.lengthOf(id);
  return values.escapes.size === 0 ? length : length - (values.escapes.get(id) ?? 0);
}

/** How many bytes a field takes with tag and length. */
function delimited(length: number): number {
  return 1 + (length < 128 ? 1 : varintSize(length)) + length;
}

function copyUnescaped(from: Uint8Array, start: number, to: Uint8Array, offset: number, length: number): void {
  for (let read = start, written = 0; written < length; written++) {
    let byte = from[read++] as number;
    if (byte === BACKSLASH) {
      byte = from[read++] as number;
      if (byte === 0x6e) byte = NEWLINE;
    }
    to[offset + written] = byte;
  }
}

function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let end = offset;
  for (; rest >= 128; rest >>>= 7) bytes[end++] = (rest & 127) | 128;
  bytes[end++] = rest;
  return end;
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

/** Writes the seconds and nanoseconds of a time. One before 1970 or long after 3000 is no time that a series began. */
function writeTime(bytes: Uint8Array, offset: number, milliseconds: number): void {
  const { seconds, nanos } = splitTime(milliseconds > 0 ? Math.min(milliseconds, MOST_MILLISECONDS) : 0);
  writeWideVarint(bytes, offset, seconds, TIME_BYTES);
  // Between the two lies the tag of the second.
  writeWideVarint(bytes, offset + TIME_BYTES + 1, nanos, TIME_BYTES);
}
