import type { Exemplar } from "../model/family.ts";
import { BLOCK_REFERENCE_CELLS, readBlock } from "../storage/shared-blocks.ts";
import { readExemplar } from "../storage/shared-exemplars.ts";
import type { SharedRow } from "../storage/shared-row.ts";

/** Whether what was read in shared memory since it was last known to be valid may be wrong. */
export interface Source {
  readonly isOutdated: boolean;
}

/** Is given the exponential buckets of a row, and when the first number in them was counted. */
export type BlockVisitor = (block: Float64Array, startedMs: number) => void;

/** How the thread that scrapes reads what its own rows have beside their numbers. */
export interface OwnRows {
  /** The exponential buckets of a row, to be read at once. */
  block(row: number): Float64Array | undefined;
  exemplar(row: number, sample: number): Exemplar | undefined;
  nativeExemplars(row: number): readonly Exemplar[];
}

/** What one thread has of a family: its pages, and which of its rows are which of the family's. */
export class Part {
  /** The pages of the thread; they are added to as it adds them. */
  readonly pages: readonly Float64Array[];
  /** How many numbers a row of the thread's has: at least as many as one of the family's. */
  readonly cells: number;
  readonly rowShift: number;
  /** Which thread it is; 0 is the one that scrapes. */
  readonly thread: number;
  readonly source: Source | undefined;
  /** What rows in shared memory have behind their numbers. */
  readonly #shared: SharedRow | undefined;
  readonly #own: OwnRows | undefined;
  /** For each page of the family, by place: the row of the thread, and one. */
  readonly rows: (Int32Array | undefined)[] = [];
  /** For each page of the thread, by place: the row of the family, and one. */
  readonly #joined: Int32Array[] = [];
  /** What was found the last time, where that matters, by page of the family. */
  readonly seen: Float64Array[] = [];

  constructor(
    thread: number,
    { pages, cells, rowShift }: Pick<Part, "pages" | "cells" | "rowShift">,
    { source, shared, own }: { readonly source?: Source; readonly shared?: SharedRow; readonly own?: OwnRows } = {},
  ) {
    this.thread = thread;
    this.pages = pages;
    this.cells = cells;
    this.rowShift = rowShift;
    this.source = source;
    this.#shared = shared;
    this.#own = own;
  }

  /** The row of the family that a row of the thread is, or -1. */
  joinedRow(row: number): number {
    return (this.#joined[row >>> this.rowShift]?.[row & ((1 << this.rowShift) - 1)] ?? 0) - 1;
  }

  /** The row of the thread that is a row of the family, or -1. */
  ownRow(page: number, place: number): number {
    return (this.rows[page]?.[place] ?? 0) - 1;
  }

  /** @param places how many rows that page of the family has */
  link(row: number, page: number, place: number, places: number, joinedRow: number): void {
    const ownPage = row >>> this.rowShift;
    while (this.#joined.length <= ownPage) {
      const { length } = this.pages[this.#joined.length] ?? [];
      this.#joined.push(new Int32Array(Math.ceil((length ?? 0) / this.cells)));
    }
    (this.#joined[ownPage] as Int32Array)[row & ((1 << this.rowShift) - 1)] = joinedRow + 1;
    this.rows[page] ??= new Int32Array(places);
    (this.rows[page] as Int32Array)[place] = row + 1;
  }

  unlink(row: number, page: number, place: number): void {
    const own = this.#joined[row >>> this.rowShift];
    if (own !== undefined) own[row & ((1 << this.rowShift) - 1)] = 0;
    const rows = this.rows[page];
    if (rows !== undefined) rows[place] = 0;
  }

  /** Calls back with each row of one of the thread's pages that is in the family. */
  forEachRowOf(page: number, visit: (row: number) => void): void {
    const joined = this.#joined[page];
    if (joined === undefined) return;
    for (let place = 0; place < joined.length; place++) {
      if (joined[place] !== 0) visit((page << this.rowShift) | place);
    }
  }

  /** A number of a row. */
  read(row: number, cell: number): number {
    return this.#pageOf(row)[this.#offsetOf(row) + cell] as number;
  }

  /**
   * Adds its numbers to those of rows `first` to `end` of a page of the family.
   *
   * @param sums begins with the numbers of `first`
   * @param cells how many numbers a row of the family has
   */
  addTo(sums: Float64Array, page: number, first: number, end: number, cells: number): void {
    const rows = this.rows[page];
    if (rows === undefined) return;
    const { pages, rowShift } = this;
    const mask = (1 << rowShift) - 1;
    const stride = this.cells;
    let pageOf = -1;
    let from: Float64Array = sums;
    for (let place = first; place < end; place++) {
      const row = (rows[place] as number) - 1;
      if (row < 0) continue;
      // Rows that were made one after the other lie in one page.
      if (row >>> rowShift !== pageOf) {
        pageOf = row >>> rowShift;
        from = pages[pageOf] as Float64Array;
      }
      const at = (row & mask) * stride;
      const to = (place - first) * cells;
      if (cells === 1) (sums[to] as number) += from[at] as number;
      else for (let cell = 0; cell < cells; cell++) (sums[to + cell] as number) += from[at + cell] as number;
    }
  }

  /**
   * Calls back with the exponential buckets of a row, copied where another thread writes to them.
   *
   * @returns false if what was read may be wrong
   */
  forEachBlock(row: number, visit: BlockVisitor): boolean {
    const own = this.#own?.block(row);
    // Its window knows what is too old.
    if (own !== undefined) visit(own, Number.POSITIVE_INFINITY);
    if (this.#shared === undefined) return true;
    const { firstBlock, blocks } = this.#shared;
    const page = this.#pageOf(row);
    for (let i = 0; i < blocks; i++) {
      const offset = this.#offsetOf(row) + firstBlock + i * BLOCK_REFERENCE_CELLS;
      const startedMs = page[offset] as number;
      const block = readBlock(page, offset);
      if (this.source?.isOutdated === true) return false;
      if (block !== undefined) visit(block, startedMs);
    }
    return true;
  }

  /** The exemplar of one of a row's samples. */
  exemplar(row: number, sample: number): Exemplar | undefined {
    if (this.#own !== undefined) return this.#own.exemplar(row, sample);
    if (this.#shared === undefined || this.#shared.exemplars < 0) return undefined;
    const exemplar = readExemplar(this.#pageOf(row), this.#offsetOf(row) + this.#shared.exemplars, sample);
    return this.source?.isOutdated === true ? undefined : exemplar;
  }

  /**
   * The exemplars of a row's native buckets, in no order.
   *
   * @param samples how many samples there are, whose exemplars lie before them
   */
  nativeExemplars(row: number, samples: number): readonly Exemplar[] {
    if (this.#own !== undefined) return this.#own.nativeExemplars(row);
    const exemplars: Exemplar[] = [];
    for (let place = samples; place < samples + (this.#shared?.nativeExemplars ?? 0); place++) {
      const exemplar = this.exemplar(row, place);
      if (exemplar !== undefined) exemplars.push(exemplar);
    }
    return exemplars;
  }

  #pageOf(row: number): Float64Array {
    return this.pages[row >>> this.rowShift] as Float64Array;
  }

  #offsetOf(row: number): number {
    return (row & ((1 << this.rowShift) - 1)) * this.cells;
  }
}
