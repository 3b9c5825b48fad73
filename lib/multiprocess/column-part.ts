import type { Exemplar, LabelSet } from "../model/family.ts";
import type { ColumnFamily } from "../storage/column-family.ts";
import { ExponentialBuckets } from "../storage/exponential-buckets.ts";
import { QUANTILE_SCHEMA } from "../storage/quantile-window.ts";
import { DEAD, type SeriesTable } from "../storage/series-table.ts";
import type { TableLease } from "../storage/table-watchers.ts";
import type { Declaration } from "./declaration.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { RowNumbers } from "./row-numbers.ts";

/** What was reported of one page. */
interface ReportedPage {
  /** The rows' numbers in reports; -1 where the row was not announced. */
  readonly numbers: Int32Array;
  readonly cells: Float64Array;
}

/**
 * Reports a family whose series lie in columns: finds what changed since the last report by comparing with a copy of
 * what that told. So the everyday path, which writes numbers, need not know of reports.
 */
export class ColumnPart implements TableLease {
  readonly declaration: Declaration;
  readonly #id: number;
  readonly #family: ColumnFamily;
  readonly #table: SeriesTable;
  /** The labels of the registry or scope that are none of the family's own, and those that fill in for absent ones. */
  readonly #constantTexts: readonly string[];
  readonly #absentTexts: readonly string[];
  readonly #pages: ReportedPage[] = [];
  #numbers = new RowNumbers();
  /** Rows that lost their series since the last report. */
  #gone: number[] = [];
  #epoch = 0;
  readonly #changes: number[] = [];
  /** The exemplars that were told of rows that have some. */
  readonly #exemplars = new Map<number, readonly (Exemplar | undefined)[]>();

  /**
   * @param id the family's number in reports
   * @param declaration of the family as it is exposed, with its own label names
   */
  constructor(id: number, declaration: Declaration, family: ColumnFamily, constantLabels: LabelSet) {
    const own = family.labelNames;
    const others = Object.keys(constantLabels).filter((name) => !own.includes(name));
    this.declaration = { ...declaration, labelNames: [...own, ...others] };
    this.#id = id;
    this.#family = family;
    this.#table = family.table;
    this.#constantTexts = others.map((name) => constantLabels[name] as string);
    this.#absentTexts = own.map((name) =>
      Object.hasOwn(constantLabels, name) ? (constantLabels[name] as string) : "",
    );
    this.#table.lease(this);
  }

  hide(row: number): void {
    this.#gone.push(row);
  }

  freeze(): void {
    // A report reads numbers at once, so nothing has to be kept.
  }

  /** Lets the table forget what it kept for the next report. */
  close(): void {
    this.#table.release(this);
  }

  /** Writes what changed. */
  write(to: FrameWriter, timeMs: number): void {
    this.#family.beforeView?.();
    for (const row of this.#gone) this.#remove(to, row, timeMs);
    this.#gone = [];
    const epoch = this.#family.blocks?.epoch ?? 0;
    const hasExpired = epoch !== this.#epoch;
    this.#epoch = epoch;
    for (let page = 0; page < this.#table.pages.length; page++) this.#writePage(to, page, hasExpired, timeMs);
    // Label values that are not used any more are forgotten between two leases.
    this.#table.release(this);
    this.#table.lease(this);
  }

  #remove(to: FrameWriter, row: number, timeMs: number): void {
    const { rowShift, placeMask, cells } = this.#table;
    const reported = this.#pages[row >>> rowShift];
    const place = row & placeMask;
    const number = reported?.numbers[place] ?? -1;
    if (reported === undefined || number < 0) return;
    to.row(this.#id, timeMs);
    to.remove(number);
    this.#numbers.give(number);
    this.#exemplars.delete(row);
    reported.numbers[place] = -1;
    reported.cells.fill(0, place * cells, (place + 1) * cells);
  }

  /** Writes everything that was told so far, to a reader that has lost it. */
  retell(to: FrameWriter, timeMs: number): void {
    to.declare(this.#id, this.declaration);
    const { rowShift, cells } = this.#table;
    const gone = new Set(this.#gone);
    // The reader gives its rows new numbers too, so that none is missing among them.
    this.#numbers = new RowNumbers();
    for (const [page, reported] of this.#pages.entries()) {
      // Exponential buckets are told as they are, and count as much as the numbers beside them.
      const told = this.#family.blocks === undefined ? reported.cells : (this.#table.pages[page] as Float64Array);
      for (const [place, number] of reported.numbers.entries()) {
        const row = (page << rowShift) | place;
        if (number < 0) continue;
        reported.numbers[place] = -1;
        if (gone.has(row)) reported.cells.fill(0, place * cells, (place + 1) * cells);
        else this.#tell(to, row, reported, told, this.#changesOf(told, place * cells, undefined), timeMs);
      }
    }
    this.#gone = [];
  }

  #writePage(to: FrameWriter, page: number, hasExpired: boolean, timeMs: number): void {
    const { rowShift, idStride, cells, rowLimit } = this.#table;
    const now = this.#table.pages[page] as Float64Array;
    const ids = this.#table.idPages[page] as Int32Array;
    const rows = Math.min(now.length / cells, rowLimit - (page << rowShift));
    const reported = this.#reportedPage(page, now.length);
    for (let place = 0; place < rows; place++) {
      if (ids[place * idStride] === DEAD) continue;
      const changes = this.#changesOf(now, place * cells, reported.cells);
      if (changes.length === 0 && !hasExpired && (reported.numbers[place] as number) >= 0) continue;
      this.#tell(to, (page << rowShift) | place, reported, now, changes, timeMs);
    }
  }

  #reportedPage(page: number, length: number): ReportedPage {
    const known = this.#pages[page];
    if (known !== undefined) return known;
    const rows = length / this.#table.cells;
    const made = { numbers: new Int32Array(rows).fill(-1), cells: new Float64Array(length) };
    this.#pages[page] = made;
    return made;
  }

  /** Tells of a row: who it is, if that was not told yet, the cells that changed, and its exponential buckets. */
  #tell(
    to: FrameWriter,
    row: number,
    reported: ReportedPage,
    now: Float64Array,
    changes: readonly number[],
    timeMs: number,
  ): void {
    const place = row & this.#table.placeMask;
    const offset = this.#table.offsetOf(row);
    to.row(this.#id, timeMs);
    const isNew = (reported.numbers[place] as number) < 0;
    if (isNew) {
      reported.numbers[place] = this.#numbers.take();
      to.announce(reported.numbers[place] as number, this.#textsOf(row), this.#table.createdMs(row));
    }
    const number = reported.numbers[place] as number;
    if (changes.length > 0) {
      if (this.#table.cells === 1) to.number(number, now[offset] as number);
      else to.cells(number, changes, now, offset);
      for (const cell of changes) reported.cells[offset + cell] = now[offset + cell] as number;
    }
    const blocks = this.#family.blocks;
    if (blocks !== undefined) to.block(number, blocks.of(row) ?? NO_BLOCK);
    if (this.#family.exemplar !== undefined) this.#tellExemplars(to, row, number, isNew);
  }

  #tellExemplars(to: FrameWriter, row: number, number: number, isNew: boolean): void {
    const { samples, exemplar, native } = this.#family;
    const told = isNew ? [] : (this.#exemplars.get(row) ?? []);
    const now = [...samples.map((_, sample) => exemplar?.(row, sample)), ...(native?.(row)?.exemplars ?? [])];
    for (const [sample, one] of now.entries()) {
      if (one !== undefined && one !== told[sample]) to.exemplar(number, sample, one);
    }
    if (now.some((one) => one !== undefined)) this.#exemplars.set(row, now);
  }

  /** The cells of a row that differ from what they were, or from zero. The list is used again. */
  #changesOf(now: Float64Array, offset: number, before: Float64Array | undefined): readonly number[] {
    const changes = this.#changes;
    changes.length = 0;
    for (let cell = 0; cell < this.#table.cells; cell++) {
      const value = now[offset + cell] as number;
      if (!isSame(value, before === undefined ? 0 : (before[offset + cell] as number))) changes.push(cell);
    }
    return changes;
  }

  #textsOf(row: number): string[] {
    const own = this.#table.textsOf(row).map((text, i) => (text === "" ? (this.#absentTexts[i] as string) : text));
    return [...own, ...this.#constantTexts];
  }
}

/** Whether two numbers are the same to a reader; NaN is the same as NaN. */
export function isSame(a: number, b: number): boolean {
  // biome-ignore lint/suspicious/noSelfCompare: only NaN differs from itself, and this is asked of every number
  return a === b || (a !== a && b !== b);
}

/** The block of a row without observations: that of empty buckets. */
const NO_BLOCK = new ExponentialBuckets({ schema: QUANTILE_SCHEMA }).block;
