// The fast way from columns to text: a line is a head that the family shares, the label fragments of its row, a tail
// that the family shares, and a number.
import type { LabelSet } from "../model/family.ts";
import type { FamilyView } from "../storage/column-family.ts";
import type { Fragments } from "../storage/fragments.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { CHUNK_BYTES, Chunk, COPY_SLACK_BYTES, copyBytes } from "./chunk.ts";
import type { Section } from "./format.ts";
import { writeSmallInteger, writeTinyInteger } from "./integer-digits.ts";
import { NUMBER_BYTES, writeNumber } from "./numbers.ts";

/** Rows of one line between two returns to the caller: few, so that the loop is optimised early and time is looked at. */
const LINES_PER_STEP = 128;
/** A line that could be longer goes another way; see {@link fitsRows}. */
const LONGEST_LINE = CHUNK_BYTES / 4;

const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;
const NEWLINE = 0x0a;

const encoder = new TextEncoder();

/** Some bytes, with the slack that copying in blocks needs. */
interface Piece {
  readonly view: DataView;
  readonly length: number;
}

function piece(text: string): Piece {
  const bytes = encoder.encode(text);
  const padded = new Uint8Array(bytes.length + COPY_SLACK_BYTES);
  padded.set(bytes);
  return { view: new DataView(padded.buffer), length: bytes.length };
}

/** One of the lines that every row of the family has. */
interface Line {
  /** `http_requests_total`, or `wait_seconds_bucket`. */
  readonly head: Piece;
  /** The labels after the row's own, each with a comma before it, and then `} `; only ` ` where there are none. */
  readonly tail: Piece;
  readonly tailHasLabels: boolean;
}

/** What all rows of a family have in common. */
export interface TextPlan {
  readonly name: string;
  readonly constantLabels: LabelSet;
  readonly lines: readonly Line[];
  /** What stands for a row's absent label: a default label of the same name, or nothing. */
  readonly absent: readonly (Piece | undefined)[];
  /** The longest that head, tail, and absent labels and the number can be together. */
  readonly fixedBytes: number;
}

/**
 * @param lines what stands before and after the row's own labels, for each of the family's samples: the sample's
 *   name, and labels with a comma before each
 * @param absent what stands for each absent label, likewise
 */
export function textPlan(
  name: string,
  constantLabels: LabelSet,
  lines: readonly { readonly head: string; readonly labels: string }[],
  absent: readonly string[],
): TextPlan {
  const heads = new Map<string, Piece>();
  const planned = lines.map(({ head, labels }): Line => {
    const shared = heads.get(head) ?? piece(head);
    heads.set(head, shared);
    return { head: shared, tail: piece(labels === "" ? " " : `${labels}} `), tailHasLabels: labels !== "" };
  });
  const longest = Math.max(...planned.map(({ head, tail }) => head.length + tail.length));
  const absentPieces = absent.map((text) => (text === "" ? undefined : piece(text)));
  const absentBytes = absentPieces.reduce((sum, absentPiece) => sum + (absentPiece?.length ?? 0), 0);
  return {
    name,
    constantLabels,
    lines: planned,
    absent: absentPieces,
    fixedBytes: longest + absentBytes + NUMBER_BYTES + 3,
  };
}

/** The longest that a line of the table can be now, in bytes. */
function longestLine(plan: TextPlan, table: SeriesTable): number {
  let bytes = plan.fixedBytes;
  for (const values of table.values) bytes += values.longestFragment;
  return bytes;
}

/** Whether every line of the table is short enough to be written at once; a label value may be of any length. */
export function fitsRows(plan: TextPlan, table: SeriesTable): boolean {
  return longestLine(plan, table) <= LONGEST_LINE;
}

/** The samples of a family in columns. Only for tables that {@link fitsRows} says yes to. */
export class TextRows implements Section {
  readonly #plan: TextPlan;
  readonly #view: FamilyView;
  /** No line of the rows in view is longer; longer label values may come meanwhile, but not in these rows. */
  readonly #longest: number;
  /** The next row, as page and place in it. */
  #page = 0;
  #place = 0;
  /** The row's numbers, all read before its first line is written. */
  readonly #numbers: Float64Array;
  /** The row's label ids, read with them: a series that is removed meanwhile is written to its end. */
  readonly #ids: Int32Array;
  /** The next line of the row under way. */
  #line = 0;
  /** The head of the first line and the labels of the row under way: most of its lines begin alike. */
  #prefix: Chunk | undefined;

  constructor(plan: TextPlan, view: FamilyView) {
    this.#plan = plan;
    this.#view = view;
    this.#longest = longestLine(plan, view.family.table);
    this.#numbers = new Float64Array(plan.lines.length);
    this.#ids = new Int32Array(view.family.table.width);
  }

  write(chunk: Chunk): boolean {
    const view = this.#view;
    const rows = view.rowsIn(this.#page);
    if (rows === 0) return true;
    const isSingle = this.#plan.lines.length === 1 && view.family.expose === undefined;
    this.#place = isSingle ? this.#writeSingle(chunk, rows) : this.#writeMultiple(chunk, rows);
    if (this.#place === rows) {
      this.#page++;
      this.#place = 0;
    }
    return false;
  }

  /** Writes rows that have one line and one number. */
  #writeSingle(chunk: Chunk, rows: number): number {
    const { table } = this.#view.family;
    const { head, tail, tailHasLabels } = this.#plan.lines[0] as Line;
    const { absent } = this.#plan;
    const { view, places, firstPlaces } = table.fragments;
    const page = this.#view.pages[this.#page] as Float64Array;
    const ids = this.#view.idPages[this.#page] as Int32Array;
    const stride = table.idStride;
    const bytes = chunk.bytes;
    const out = chunk.view;
    const last = CHUNK_BYTES - this.#longest;
    const end = Math.min(rows, this.#place + LINES_PER_STEP);
    let offset = chunk.length;
    let place = this.#place;
    for (; place < end; place++) {
      const first = place * stride;
      if ((ids[first] as number) < 0) continue;
      if (offset > last) {
        chunk.isFull = true;
        break;
      }
      for (let i = 0; i < head.length; i += 24) {
        const a = head.view.getFloat64(i, true);
        const b = head.view.getFloat64(i + 8, true);
        const c = head.view.getFloat64(i + 16, true);
        out.setFloat64(offset + i, a, true);
        out.setFloat64(offset + i + 8, b, true);
        out.setFloat64(offset + i + 16, c, true);
      }
      offset += head.length;
      const headEnd = offset;
      // What writeLabels() does, which engines inline here only at the price of not inlining the rest.
      for (let i = 0; i < firstPlaces.length; i++) {
        const at = ((firstPlaces[i] as number) + (ids[first + i] as number)) << 1;
        const length = places[at + 1] as number;
        if (length === 0) {
          offset = writeInstead(absent[i], out, offset);
          continue;
        }
        const start = places[at] as number;
        const a = view.getFloat64(start, true);
        const b = view.getFloat64(start + 8, true);
        out.setFloat64(offset, a, true);
        out.setFloat64(offset + 8, b, true);
        for (let k = 16; k < length; k += 24) {
          const c = view.getFloat64(start + k, true);
          const d = view.getFloat64(start + k + 8, true);
          const e = view.getFloat64(start + k + 16, true);
          out.setFloat64(offset + k, c, true);
          out.setFloat64(offset + k + 8, d, true);
          out.setFloat64(offset + k + 16, e, true);
        }
        offset += length;
      }
      if (tailHasLabels) {
        offset = copyBytes(tail.view, 0, out, offset, tail.length);
        bytes[headEnd] = OPEN_BRACE;
      } else if (offset > headEnd) {
        bytes[headEnd] = OPEN_BRACE;
        bytes[offset] = CLOSE_BRACE;
        bytes[offset + 1] = SPACE;
        offset += 2;
      } else {
        bytes[offset++] = SPACE;
      }
      const value = page[place] as number;
      const whole = value | 0;
      offset =
        whole === value && whole >= 0 && whole < 1e9
          ? writeSmallInteger(bytes, offset, whole)
          : writeNumber(bytes, offset, value);
      bytes[offset++] = NEWLINE;
    }
    chunk.length = offset;
    return place;
  }

  /** Writes rows that have several lines, or whose numbers are computed. */
  #writeMultiple(chunk: Chunk, rows: number): number {
    const { table } = this.#view.family;
    const { lines, absent } = this.#plan;
    const idPage = this.#view.idPages[this.#page] as Int32Array;
    const ids = this.#ids;
    const bytes = chunk.bytes;
    const out = chunk.view;
    const last = CHUNK_BYTES - this.#longest;
    this.#prefix ??= new Chunk();
    const prefix = this.#prefix;
    const start = prefix.view;
    const { head } = lines[0] as Line;
    const numbers = this.#numbers;
    let offset = chunk.length;
    let place = this.#place;
    let budget = LINES_PER_STEP;
    for (; place < rows && budget > 0; place++) {
      if (this.#line === 0) {
        const first = place * table.idStride;
        if ((idPage[first] as number) < 0) continue;
        for (let i = 0; i < ids.length; i++) ids[i] = idPage[first + i] as number;
        this.#view.read((this.#page << table.rowShift) | place, numbers);
        copyBytes(head.view, 0, start, 0, head.length);
        prefix.length = writeLabels(table.fragments, absent, ids, 0, start, head.length);
      }
      for (let i = this.#line; i < lines.length; i++) {
        const line = lines[i] as Line;
        if (offset > last) {
          chunk.isFull = true;
          chunk.length = offset;
          this.#line = i;
          return place;
        }
        const headEnd = offset + line.head.length;
        if (line.head === head) {
          // What copyBytes() does; it would be a call here.
          for (let k = 0; k < prefix.length; k += 40) {
            const a = start.getFloat64(k, true);
            const b = start.getFloat64(k + 8, true);
            const c = start.getFloat64(k + 16, true);
            const d = start.getFloat64(k + 24, true);
            const e = start.getFloat64(k + 32, true);
            out.setFloat64(offset + k, a, true);
            out.setFloat64(offset + k + 8, b, true);
            out.setFloat64(offset + k + 16, c, true);
            out.setFloat64(offset + k + 24, d, true);
            out.setFloat64(offset + k + 32, e, true);
          }
          offset += prefix.length;
        } else {
          copyBytes(line.head.view, 0, out, offset, line.head.length);
          offset = copyBytes(start, head.length, out, headEnd, prefix.length - head.length);
        }
        offset = writeTail(line, out, bytes, headEnd, offset);
        const value = numbers[i] as number;
        const whole = value | 0;
        offset =
          whole === value && whole >= 0 && whole < 1000
            ? writeTinyInteger(bytes, offset, whole)
            : writeNumber(bytes, offset, value);
        bytes[offset++] = NEWLINE;
      }
      this.#line = 0;
      budget -= lines.length;
    }
    chunk.length = offset;
    return place;
  }
}

/** Writes a row's label fragments, each with a comma before it. */
function writeLabels(
  { view, places, firstPlaces }: Fragments,
  absent: readonly (Piece | undefined)[],
  ids: Int32Array,
  first: number,
  out: DataView,
  offset: number,
): number {
  let end = offset;
  for (let i = 0; i < firstPlaces.length; i++) {
    const at = ((firstPlaces[i] as number) + (ids[first + i] as number)) << 1;
    const length = places[at + 1] as number;
    if (length > 0) {
      end = copyBytes(view, places[at] as number, out, end, length);
      continue;
    }
    const instead = absent[i];
    if (instead !== undefined) end = copyBytes(instead.view, 0, out, end, instead.length);
  }
  return end;
}

function writeInstead(instead: Piece | undefined, out: DataView, offset: number): number {
  return instead === undefined ? offset : copyBytes(instead.view, 0, out, offset, instead.length);
}

/** Writes what follows a row's labels, and makes the comma before the first label the opening brace. */
function writeTail(line: Line, out: DataView, bytes: Uint8Array, headEnd: number, labelsEnd: number): number {
  if (line.tailHasLabels) {
    const end = copyBytes(line.tail.view, 0, out, labelsEnd, line.tail.length);
    bytes[headEnd] = OPEN_BRACE;
    return end;
  }
  if (labelsEnd === headEnd) {
    bytes[labelsEnd] = SPACE;
    return labelsEnd + 1;
  }
  bytes[headEnd] = OPEN_BRACE;
  bytes[labelsEnd] = CLOSE_BRACE;
  bytes[labelsEnd + 1] = SPACE;
  return labelsEnd + 2;
}
