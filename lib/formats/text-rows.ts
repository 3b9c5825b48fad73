// The fast way from columns to text: a line is a head that the family shares, the label fragments of its row, a tail
// that the family shares, and a number.
import type { Exemplar, LabelSet } from "../model/family.ts";
import type { FamilyView } from "../storage/column-family.ts";
import type { InternedValues } from "../storage/interned-values.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { CHUNK_BYTES, Chunk, copyBytes } from "./chunk.ts";
import type { Section } from "./format.ts";
import { NUMBER_BYTES, writeNumber, writeTimestampSeconds } from "./numbers.ts";
import { CREATED, type SampleLine } from "./samples.ts";

/** Rows of one line between two returns to the caller: few, so that the loop is optimised early and time is looked at. */
const LINES_PER_STEP = 128;
/** A line that could be longer goes another way; see {@link fitsRows}. */
const LONGEST_LINE = CHUNK_BYTES / 4;
/** Room for an exemplar: 128 characters in names and values, what escapes and separates them, and two numbers. */
const EXEMPLAR_BYTES = 4096;

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
  /** `http_requests_total`, or `wait_seconds_bucket`; `{"http.requests_total"` where the name has to be quoted. */
  readonly head: Piece;
  /** What stands between the row's own labels and the number; only ` ` where the line has no labels of its own. */
  readonly tail: Piece;
  /** Whether the first comma becomes the opening brace; it is there already where the name stands between the braces. */
  readonly opensBraces: boolean;
  /** Whether the tail closes the braces, as it has labels of its own or follows a name between them. */
  readonly tailClosesBraces: boolean;
  /** Which of the row's numbers it has, or {@link CREATED}. */
  readonly sample: number;
  readonly isOmitted: ((numbers: Float64Array) => boolean) | undefined;
  readonly takesExemplar: boolean;
}

/** What is to be said of one of the lines that every row of a family has. */
export interface LineSpec extends Omit<SampleLine, "suffix" | "label"> {
  /** The sample's name, as the line begins with it. */
  readonly head: string;
  /** Labels behind the row's own, with a comma before each. */
  readonly labels: string;
}

/** What all rows of a family have in common. */
export interface TextPlan {
  readonly name: string;
  readonly constantLabels: LabelSet;
  readonly lines: readonly Line[];
  /** What stands for a row's absent label: a default label of the same name, or nothing. */
  readonly absent: readonly (Piece | undefined)[];
  /** `,"http.method"="` for each of the row's labels, where one is not written by the name in its fragments. */
  readonly renamed: readonly Piece[] | undefined;
  /** The longest that head, tail, and absent labels and the number can be together. */
  readonly fixedBytes: number;
  /** Spells an exemplar of a row, in {@link EXEMPLAR_BYTES} bytes at the most. Absent where the format has none. */
  readonly exemplarText: ((exemplar: Exemplar) => string) | undefined;
}

/**
 * @param absent what stands for each absent label, with a comma before it
 * @param more the names of the row's labels, where they are not written as they are; and how exemplars are
 */
export function textPlan(
  name: string,
  constantLabels: LabelSet,
  lines: readonly LineSpec[],
  absent: readonly string[],
  more: { readonly names?: readonly string[]; readonly exemplarText?: (exemplar: Exemplar) => string } = {},
): TextPlan {
  const { exemplarText } = more;
  const heads = new Map<string, Piece>();
  const planned = lines.map(({ head, labels, sample, isOmitted, takesExemplar }): Line => {
    const shared = heads.get(head) ?? piece(head);
    heads.set(head, shared);
    const opensBraces = !head.startsWith("{");
    const tailClosesBraces = labels !== "" || !opensBraces;
    const tail = piece(tailClosesBraces ? `${labels}} ` : " ");
    return { head: shared, tail, opensBraces, tailClosesBraces, sample, isOmitted, takesExemplar };
  });
  const longest = Math.max(0, ...planned.map(({ head, tail }) => head.length + tail.length));
  const absentPieces = absent.map((text) => (text === "" ? undefined : piece(text)));
  const renamed = more.names?.map((label) => piece(`,${label}="`));
  const labelBytes = [...absentPieces, ...(renamed ?? [])].reduce((sum, one) => sum + (one?.length ?? 0), 0);
  return {
    name,
    constantLabels,
    lines: planned,
    absent: absentPieces,
    renamed,
    fixedBytes: longest + labelBytes + NUMBER_BYTES + 3 + (exemplarText === undefined ? 0 : EXEMPLAR_BYTES),
    exemplarText,
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
  /** Whether a row is one line with one number, as it is stored. */
  readonly #isSingle: boolean;
  /** The next line of the row under way. */
  #line = 0;
  /** Head and labels of the row under way: most of its lines begin alike. */
  #prefix: Chunk | undefined;
  #prefixHead: Piece | undefined;

  constructor(plan: TextPlan, view: FamilyView) {
    this.#plan = plan;
    this.#view = view;
    this.#longest = longestLine(plan, view.family.table);
    this.#numbers = new Float64Array(view.family.samples.length);
    this.#ids = new Int32Array(view.family.table.width);
    const { samples, expose } = view.family;
    const { lines, exemplarText } = plan;
    this.#isSingle = lines.length === 1 && samples.length === 1 && !(expose ?? exemplarText ?? lines[0]?.isOmitted);
  }

  write(chunk: Chunk): boolean {
    const view = this.#view;
    const rows = view.rowsIn(this.#page);
    if (rows === 0) return true;
    this.#place = this.#isSingle ? this.#writeSingle(chunk, rows) : this.#writeMultiple(chunk, rows);
    if (this.#place === rows) {
      this.#page++;
      this.#place = 0;
    }
    return false;
  }

  /** Writes rows that have one line and one number. */
  #writeSingle(chunk: Chunk, rows: number): number {
    const { table } = this.#view.family;
    const plan = this.#plan;
    const line = plan.lines[0] as Line;
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
      offset = writeTail(line, out, bytes, offset, writeLabels(values, plan, ids, first, out, offset));
      offset = writeNumber(bytes, offset, page[place] as number);
      bytes[offset++] = NEWLINE;
    }
    chunk.length = offset;
    return place;
  }

  /** Writes rows that have several lines, or whose numbers are computed. */
  #writeMultiple(chunk: Chunk, rows: number): number {
    const { table } = this.#view.family;
    const plan = this.#plan;
    const { lines, exemplarText } = plan;
    const idPage = this.#view.idPages[this.#page] as Int32Array;
    const ids = this.#ids;
    const bytes = chunk.bytes;
    const out = chunk.view;
    const last = CHUNK_BYTES - this.#longest;
    this.#prefix ??= new Chunk();
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
        if (line.isOmitted?.(this.#numbers)) continue;
        if (offset > last) {
          chunk.isFull = true;
          chunk.length = offset;
          this.#line = i;
          return place;
        }
        if (this.#prefixHead !== line.head) {
          const headEnd = copyBytes(line.head.view, 0, prefix.view, 0, line.head.length);
          prefix.length = writeLabels(table.values, plan, ids, 0, prefix.view, headEnd);
          this.#prefixHead = line.head;
        }
        const headEnd = offset + line.head.length;
        const labelsEnd = copyBytes(prefix.view, 0, out, offset, prefix.length);
        offset = writeTail(line, out, bytes, headEnd, labelsEnd);
        offset =
          line.sample === CREATED
            ? writeTimestampSeconds(bytes, offset, this.#view.createdMs((this.#page << table.rowShift) | place))
            : writeNumber(bytes, offset, this.#numbers[line.sample] as number);
        if (exemplarText !== undefined && line.takesExemplar) {
          const exemplar = this.#view.exemplar((this.#page << table.rowShift) | place, line.sample);
          if (exemplar !== undefined) {
            offset += encoder.encodeInto(exemplarText(exemplar), bytes.subarray(offset)).written;
          }
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

/** Writes a row's label fragments, each with a comma before it. */
function writeLabels(
  values: readonly InternedValues[],
  { absent, renamed }: TextPlan,
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
    let start = label.starts[id] as number;
    let length = label.lengths[id] as number;
    if (renamed !== undefined) {
      const prefix = renamed[i] as Piece;
      end = copyBytes(prefix.view, 0, out, end, prefix.length);
      start += label.prefixLength;
      length -= label.prefixLength;
    }
    end = copyBytes(label.view, start, out, end, length);
  }
  return end;
}

/** Writes what follows a row's labels, and makes the comma before the first label the opening brace. */
function writeTail(line: Line, out: DataView, bytes: Uint8Array, headEnd: number, labelsEnd: number): number {
  if (line.tailClosesBraces) {
    const end = copyBytes(line.tail.view, 0, out, labelsEnd, line.tail.length);
    if (line.opensBraces) bytes[headEnd] = OPEN_BRACE;
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
