// The fast way from columns to text: a line is a head that the family shares, the label fragments of its row, a tail
// that the family shares, and a number.
import type { LabelSet } from "../model/family.ts";
import type { FamilyView } from "../storage/column-family.ts";
import type { InternedValues } from "../storage/interned-values.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { CHUNK_BYTES, Chunk, copyBytes } from "./chunk.ts";
import type { Section } from "./format.ts";
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
  const padded = new Uint8Array(bytes.length + 16);
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
  /** Head and labels of the row under way: most of its lines begin alike. */
  #prefix: Chunk | undefined;
  #prefixHead: Piece | undefined;

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
    const line = this.#plan.lines[0] as Line;
    const absent = this.#plan.absent;
    const page = this.#view.pages[this.#page] as Float64Array;
    const ids = this.#view.idPages[this.#page] as Int32Array;
    const stride = table.idStride;
    const values = table.values;
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
      offset = copyBytes(line.head.view, 0, out, offset, line.head.length);
      offset = writeTail(line, out, bytes, offset, writeLabels(values, absent, ids, first, out, offset));
      offset = writeNumber(bytes, offset, page[place] as number);
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
    this.#prefix ??= new Chunk(this.#longest);
    const prefix = this.#prefix;
    let offset = chunk.length;
    let place = this.#place;
    let budget = LINES_PER_STEP;
    for (; place < rows && budget > 0; place++) {
      if (this.#line === 0) {
        const first = place * table.idStride;
        if ((idPage[first] as number) < 0) continue;
        for (let i = 0; i < ids.length; i++) ids[i] = idPage[first + i] as number;
        this.#view.read((this.#page << table.rowShift) | place, this.#numbers);
        this.#prefixHead = undefined;
      }
      for (let i = this.#line; i < lines.length; i++) {
        const line = lines[i] as Line;
        if (offset > last) {
          chunk.isFull = true;
          chunk.length = offset;
          this.#line = i;
          return place;
        }
        if (this.#prefixHead !== line.head) {
          const headEnd = copyBytes(line.head.view, 0, prefix.view, 0, line.head.length);
          prefix.length = writeLabels(table.values, absent, ids, 0, prefix.view, headEnd);
          this.#prefixHead = line.head;
        }
        const headEnd = offset + line.head.length;
        const labelsEnd = copyBytes(prefix.view, 0, out, offset, prefix.length);
        offset = writeTail(line, out, bytes, headEnd, labelsEnd);
        offset = writeNumber(bytes, offset, this.#numbers[i] as number);
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
  values: readonly InternedValues[],
  absent: readonly (Piece | undefined)[],
  ids: Int32Array,
  first: number,
  out: DataView,
  offset: number,
): number {
  let end = offset;
  for (let i = 0; i < values.length; i++) {
    const id = ids[first + i] as number;
    if (id === 0) {
      const instead = absent[i];
      if (instead !== undefined) end = copyBytes(instead.view, 0, out, end, instead.length);
      continue;
    }
    const label = values[i] as InternedValues;
    end = copyBytes(label.view, label.starts[id] as number, out, end, label.lengths[id] as number);
  }
  return end;
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
