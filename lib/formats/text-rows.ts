// The fast way from columns to text: a line is a head that the family shares, the label fragments of its row, a tail
// that the family shares, and a number.
import type { FamilyView } from "../storage/column-family.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { CHUNK_BYTES, Chunk, copyBytes } from "./chunk.ts";
import type { Section } from "./format.ts";
import { writeSmallInteger, writeTinyInteger } from "./integer-digits.ts";
import { writeNumber, writeTimestampSeconds } from "./numbers.ts";
import { CREATED } from "./samples.ts";
import { EXEMPLAR_BYTES, type Line, type TextPlan } from "./text-plan.ts";
import { CLOSE_BRACE, OPEN_BRACE, SPACE, writeInstead, writeLabels, writeTail } from "./text-row-labels.ts";

/** Rows of one line between two returns to the caller: few, so that the loop is optimised early and time is looked at. */
const LINES_PER_STEP = 128;
/** A line that could be longer goes another way; see {@link fitsRows}. */
const LONGEST_LINE = CHUNK_BYTES / 4;

const NEWLINE = 0x0a;

const encoder = new TextEncoder();

const noNumbers = new Float64Array(0);
const noIds = new Int32Array(0);

// What is written at once shares memory, as new memory for each family would take longer than writing a small one does.

/** The first line's head and the labels of the row under way: most of its lines begin alike. */
const prefix = new Chunk(LONGEST_LINE);
let rowNumbers = new Float64Array(64);

function sharedNumbers(count: number): Float64Array {
  if (count > rowNumbers.length) rowNumbers = new Float64Array(count * 2);
  return rowNumbers.subarray(0, count);
}

/** The longest that a line of the table can be now, in bytes. */
function longestLine(plan: TextPlan, table: SeriesTable): number {
  const { longest } = table.fragments;
  let bytes = plan.fixedBytes;
  for (let i = 0; i < longest.length; i++) bytes += longest[i] as number;
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
  /** The lines before the first row, until they are written. */
  #head: Uint8Array | undefined;
  /** The next row, as page and place in it. */
  #page = 0;
  #place = 0;
  /** The row's numbers, all read before its first line is written; not needed for rows of one line. */
  #numbers: Float64Array;
  /** The row's label ids, read with them: a series that is removed meanwhile is written to its end. */
  readonly #ids: Int32Array;
  /** Whether a row is one line with one number, as it is stored, and its labels are written as they are. */
  readonly #isSingle: boolean;
  /** The next line of the row under way. */
  #line = 0;

  /** @param head what to write before the first row */
  constructor(plan: TextPlan, view: FamilyView, head?: Uint8Array) {
    this.#plan = plan;
    this.#head = head;
    this.#view = view;
    this.#longest = longestLine(plan, view.family.table);
    const { samples, expose, table } = view.family;
    const { lines, exemplarText, renamed, startPrefix } = plan;
    const isPlain = !(expose ?? exemplarText ?? renamed ?? startPrefix ?? lines[0]?.isOmitted);
    this.#isSingle = lines.length === 1 && samples.length === 1 && isPlain;
    this.#numbers = this.#isSingle ? noNumbers : sharedNumbers(samples.length);
    this.#ids = this.#isSingle ? noIds : new Int32Array(table.width);
  }

  write(chunk: Chunk): boolean {
    const head = this.#head;
    if (head !== undefined) {
      if (chunk.length + head.length > CHUNK_BYTES) {
        chunk.isFull = true;
        return false;
      }
      // Much longer than the pieces of a line, and written once: that is what `set` is for.
      chunk.bytes.set(head, chunk.length);
      chunk.length += head.length;
      this.#head = undefined;
    }
    const view = this.#view;
    const rows = view.rowsIn(this.#page);
    if (rows === 0) return true;
    this.#place = this.#isSingle ? this.#writeSingle(chunk, rows) : this.#writeMultiple(chunk, rows);
    if (this.#place < rows) return false;
    this.#page++;
    this.#place = 0;
    return view.rowsIn(this.#page) === 0;
  }

  /** Writes rows that have one line and one number. */
  #writeSingle(chunk: Chunk, rows: number): number {
    const { table } = this.#view.family;
    const { absent, lines } = this.#plan;
    const { head, tail, opensBraces, tailClosesBraces } = lines[0] as Line;
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
      // From here to the number this is copyBytes(), writeLabels() and writeTail() by hand. V8 would inline some of
      // them and call the rest, and a line takes half as long again.
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
      if (tailClosesBraces) {
        offset = copyBytes(tail.view, 0, out, offset, tail.length);
        if (opensBraces) bytes[headEnd] = OPEN_BRACE;
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
    const plan = this.#plan;
    const { lines, exemplarText, startPrefix } = plan;
    const idPage = this.#view.idPages[this.#page] as Int32Array;
    const ids = this.#ids;
    const bytes = chunk.bytes;
    const out = chunk.view;
    const last = CHUNK_BYTES - this.#longest;
    const start = prefix.view;
    const numbers = this.#numbers;
    const head = lines[0]?.head;
    const headLength = head?.length ?? 0;
    let offset = chunk.length;
    let place = this.#place;
    let budget = LINES_PER_STEP;
    for (; place < rows && budget > 0; place++) {
      if (this.#line === 0) {
        const first = place * table.idStride;
        if ((idPage[first] as number) < 0) continue;
        for (let i = 0; i < ids.length; i++) ids[i] = idPage[first + i] as number;
        this.#view.read((this.#page << table.rowShift) | place, numbers);
      }
      if (head !== undefined) copyBytes(head.view, 0, start, 0, headLength);
      prefix.length = writeLabels(table.fragments, plan, ids, 0, start, headLength);
      for (let i = this.#line; i < lines.length; i++) {
        const line = lines[i] as Line;
        if (line.isOmitted?.(numbers)) continue;
        if (offset > last) {
          chunk.isFull = true;
          chunk.length = offset;
          this.#line = i;
          // Until the rest of the row is written, others may write theirs.
          this.#numbers = numbers.slice();
          return place;
        }
        const headEnd = offset + line.head.length;
        if (line.head === head) {
          // What copyBytes() does, which would be a call here.
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
          offset = copyBytes(start, headLength, out, headEnd, prefix.length - headLength);
        }
        offset = writeTail(line, out, bytes, headEnd, offset);
        if (line.sample === CREATED) {
          const createdMs = this.#view.createdMs((this.#page << table.rowShift) | place);
          offset = writeTimestampSeconds(bytes, offset, createdMs);
        } else {
          const value = numbers[line.sample] as number;
          const whole = value | 0;
          offset =
            whole === value && whole >= 0 && whole < 1000
              ? writeTinyInteger(bytes, offset, whole)
              : writeNumber(bytes, offset, value);
        }
        if (startPrefix !== undefined) {
          offset = copyBytes(startPrefix.view, 0, out, offset, startPrefix.length);
          const createdMs = this.#view.createdMs((this.#page << table.rowShift) | place);
          offset = writeTimestampSeconds(bytes, offset, createdMs);
        }
        if (exemplarText !== undefined && line.takesExemplar) {
          const exemplar = this.#view.exemplar((this.#page << table.rowShift) | place, line.sample);
          const text = exemplar === undefined ? "" : exemplarText(exemplar);
          // UTF-8 takes at most three bytes for a UTF-16 unit. There are no longer ones but in reports of others.
          if (text.length * 3 <= EXEMPLAR_BYTES) offset += encoder.encodeInto(text, bytes.subarray(offset)).written;
        }
        bytes[offset++] = NEWLINE;
      }
      this.#line = 0;
      budget -= Math.max(1, lines.length);
    }
    chunk.length = offset;
    return place;
  }
}
