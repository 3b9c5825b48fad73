import type { Exemplar, FamilyDescriptor, LabelSet } from "../model/family.ts";
import { copyNative, type NativeRow } from "./native-row.ts";
import { DEAD, type SeriesTable } from "./series-table.ts";
import type { TableLease } from "./table-watchers.ts";

/** What a metric whose series lie in columns offers to the registry of the same copy of the library. */
export const COLUMNS: unique symbol = Symbol("columns");

/** One of the samples that every series of a family exposes, in the order of their lines. */
export interface SampleLayout {
  /** What is appended to the family's name: `_bucket`, `_sum`, `_count`, or nothing. */
  readonly suffix: string;
  /** The label that the type itself writes: `le` and `quantile` with a number, a state set's own with a state. */
  readonly label?: { readonly name: string; readonly value: number | string };
}

/** The exponential buckets of a family, native ones or those that quantiles are computed from, as blocks to be merged. */
export interface ExponentialBlocks {
  /**
   * The observations of a row that count now, as {@link ExponentialBuckets.block} stores them; undefined when there are
   * none. To be read at once.
   */
  of(row: number): Float64Array | undefined;
  /** Adds the block of another process to a row's observations, as if they had been made now. */
  merge(row: number, block: Float64Array): void;
  /** Another number whenever observations may have expired since. */
  readonly epoch: number;
}

/** A metric family whose series lie in columns. */
export interface ColumnFamily {
  readonly descriptor: FamilyDescriptor;
  readonly labelNames: readonly string[];
  readonly table: SeriesTable;
  readonly samples: readonly SampleLayout[];
  /**
   * Fills in the numbers that a row exposes, one for each of `samples`. Absent where the row's cells are those numbers
   * already.
   */
  readonly expose?: (row: number, into: Float64Array) => void;
  /** Called when a scrape opens a view, for what is the same for all rows: how far time has moved on. */
  readonly beforeView?: () => void;
  /** Labels of a row beyond `labelNames`, for the few families that have them. */
  readonly extraLabels?: (row: number) => LabelSet | undefined;
  /** Whether any row has such labels now; one may, if this is absent and `extraLabels` is not. */
  readonly hasExtraLabels?: () => boolean;
  /** Its exponential buckets as blocks. Absent where the family has none. */
  readonly blocks?: ExponentialBlocks;
  /** The exemplar of one of a row's samples, by its index in `samples`. Absent where the family keeps no exemplars. */
  readonly exemplar?: (row: number, sample: number) => Exemplar | undefined;
  /** The native histogram of a row. Absent where the family has none. */
  readonly native?: (row: number) => NativeRow | undefined;
}

/**
 * A family as one scrape sees it: the series there were when it was opened, with the numbers they have when they are
 * read, or had when the view was frozen.
 */
export class FamilyView implements TableLease {
  readonly family: ColumnFamily;
  readonly limit: number;
  /** Whether rows may have labels beyond the declared ones. Where it is false a writer need not ask for any. */
  readonly hasExtraLabels: boolean;
  #table: SeriesTable | FrozenRows;
  /** The table's own pages of label ids, but for those on which rows were hidden. */
  #idPages: readonly Int32Array[];
  #isOpen = true;

  constructor(family: ColumnFamily) {
    family.beforeView?.();
    this.family = family;
    this.limit = family.table.rowLimit;
    this.hasExtraLabels = family.extraLabels !== undefined && family.hasExtraLabels?.() !== false;
    this.#table = family.table;
    this.#idPages = family.table.idPages;
    family.table.lease(this);
  }

  /** Label ids by page; the first of a row is negative where there is no series. */
  get idPages(): readonly Int32Array[] {
    return this.#idPages;
  }

  /** The numbers as they are stored, by page; what a row exposes only if the family has no `expose`. */
  get pages(): readonly Float64Array[] {
    return this.#table.pages;
  }

  /** How many rows of a page are in view. */
  rowsIn(page: number): number {
    const { table } = this.family;
    const ids = this.#idPages[page];
    return ids === undefined
      ? 0
      : Math.max(0, Math.min(ids.length / table.idStride, this.limit - (page << table.rowShift)));
  }

  /** Fills in the numbers that a row exposes. */
  read(row: number, into: Float64Array): void {
    const table = this.#table;
    if (table instanceof FrozenRows) {
      const { rowShift, placeMask } = this.family.table;
      const offset = (row & placeMask) * into.length;
      into.set((table.pages[row >>> rowShift] as Float64Array).subarray(offset, offset + into.length));
    } else if (this.family.expose !== undefined) {
      this.family.expose(row, into);
    } else {
      const offset = table.offsetOf(row);
      const page = table.pageOf(row);
      for (let i = 0; i < into.length; i++) into[i] = page[offset + i] as number;
    }
  }

  extraLabels(row: number): LabelSet | undefined {
    if (!this.hasExtraLabels) return undefined;
    return this.#table instanceof FrozenRows ? this.#table.extraLabels.get(row) : this.family.extraLabels?.(row);
  }

  /** Whether samples may have exemplars. Where it is false a writer need not ask for any. */
  get hasExemplars(): boolean {
    return this.family.exemplar !== undefined;
  }

  /**
   * The exemplar of one of a row's samples, if it has one.
   *
   * @param sample its index in the `samples` of the family
   */
  exemplar(row: number, sample: number): Exemplar | undefined {
    if (this.family.exemplar === undefined) return undefined;
    return this.#table instanceof FrozenRows
      ? this.#table.exemplars.get(row)?.[sample]
      : this.family.exemplar(row, sample);
  }

  /**
   * The native histogram of a row, if the family has such. It agrees with the numbers that {@link read} gives in the same
   * turn.
   */
  native(row: number): NativeRow | undefined {
    if (this.family.native === undefined) return undefined;
    return this.#table instanceof FrozenRows ? this.#table.native.get(row) : this.family.native(row);
  }

  createdMs(row: number): number {
    const { rowShift, placeMask } = this.family.table;
    return (this.#table.createdPages[row >>> rowShift] as Float64Array)[row & placeMask] as number;
  }

  /** Whether a row in view holds a series. */
  get hasSeries(): boolean {
    const { idStride } = this.family.table;
    for (let page = 0; this.rowsIn(page) > 0; page++) {
      const ids = this.#idPages[page] as Int32Array;
      const end = this.rowsIn(page) * idStride;
      for (let i = 0; i < end; i += idStride) if ((ids[i] as number) >= 0) return true;
    }
    return false;
  }

  /** Calls back with every row in view that holds a series. */
  forEachRow(visit: (row: number) => void): void {
    const { rowShift, idStride } = this.family.table;
    for (let page = 0; page < this.#idPages.length; page++) {
      const rows = this.rowsIn(page);
      const ids = this.#idPages[page] as Int32Array;
      for (let place = 0; place < rows; place++)
        if ((ids[place * idStride] as number) >= 0) visit((page << rowShift) | place);
    }
  }

  freeze(): void {
    if (!this.#isOpen || this.#table instanceof FrozenRows) return;
    const frozen = new FrozenRows(this);
    this.#table = frozen;
    this.#idPages = frozen.idPages;
  }

  hide(row: number): void {
    const { idPages, rowShift, placeMask, idStride } = this.family.table;
    if (row >= this.limit || this.#table instanceof FrozenRows) return;
    const page = row >>> rowShift;
    if (this.#idPages[page] === idPages[page]) {
      this.#idPages = this.#idPages.with(page, (idPages[page] as Int32Array).slice());
    }
    (this.#idPages[page] as Int32Array)[(row & placeMask) * idStride] = DEAD;
  }

  /** Gives the rows back. The view can't be read any more. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.family.table.release(this);
  }
}

/** A copy of what the rows in view expose. */
class FrozenRows {
  readonly pages: Float64Array[] = [];
  readonly idPages: Int32Array[] = [];
  readonly createdPages: Float64Array[] = [];
  readonly extraLabels = new Map<number, LabelSet>();
  /** By row, and then by sample. Rows without exemplars have no entry. */
  readonly exemplars = new Map<number, readonly (Exemplar | undefined)[]>();
  readonly native = new Map<number, NativeRow>();

  constructor(view: FamilyView) {
    const { table, samples, extraLabels, exemplar, native } = view.family;
    const numbers = new Float64Array(samples.length);
    for (let page = 0; page < table.pages.length; page++) {
      const rows = view.rowsIn(page);
      if (rows === 0) break;
      this.idPages.push((view.idPages[page] as Int32Array).slice(0, rows * table.idStride));
      this.createdPages.push((table.createdPages[page] as Float64Array).slice(0, rows));
      this.pages.push(new Float64Array(rows * samples.length));
    }
    view.forEachRow((row) => {
      view.read(row, numbers);
      (this.pages[row >>> table.rowShift] as Float64Array).set(numbers, (row & table.placeMask) * samples.length);
      const extra = extraLabels?.(row);
      if (extra !== undefined) this.extraLabels.set(row, extra);
      const buckets = native?.(row);
      if (buckets !== undefined) this.native.set(row, copyNative(buckets));
      if (exemplar === undefined) return;
      const exemplars = samples.map((_, sample) => exemplar(row, sample));
      if (exemplars.some((one) => one !== undefined)) this.exemplars.set(row, exemplars);
    });
  }
}
