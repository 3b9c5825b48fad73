import type { SeriesTable } from "./series-table.ts";

/**
 * The page of a series that was removed. Its one number is NaN, so a sum with it shows at no cost that there is
 * nothing to add to; nobody writes it.
 */
export const DETACHED_PAGE: Float64Array = Float64Array.of(Number.NaN);

/** The label values of the detached series, which have no row that could tell them. */
const detachedValues = new WeakMap<KeptSeries, readonly string[]>();

/**
 * A series that its user keeps: it knows its place in a page and writes there directly.
 *
 * When the series is removed the object is detached. Writing to it makes the series anew, from zero.
 */
export abstract class KeptSeries {
  /** @internal */
  page: Float64Array = DETACHED_PAGE;
  /** Where in the page the row begins. @internal */
  offset = 0;
  /** @internal */
  readonly table: SeriesTable;

  /** @internal */
  constructor(table: SeriesTable) {
    this.table = table;
  }

  /** @internal */
  get isDetached(): boolean {
    return this.page === DETACHED_PAGE;
  }

  /** @internal */
  attachTo(row: number): void {
    this.page = this.table.pageOf(row);
    this.offset = this.table.offsetOf(row);
    detachedValues.delete(this);
  }

  /** @internal */
  detach(values: readonly string[]): void {
    this.page = DETACHED_PAGE;
    this.offset = 0;
    detachedValues.set(this, values);
  }

  /** Makes the series anew if it was removed; its numbers then begin at zero. @internal */
  attach(): void {
    if (this.page === DETACHED_PAGE) this.table.keepAt(this.table.rowOfValues(detachedValues.get(this) ?? []), this);
  }

  /** Whether there is a series: the one kept, or one that was made anew meanwhile, which then is kept. @internal */
  get hasSeries(): boolean {
    if (this.page !== DETACHED_PAGE) return true;
    const row = this.table.findValues(detachedValues.get(this) ?? []);
    if (row >= 0) this.table.keepAt(row, this);
    return row >= 0;
  }

  /** The row, found from the page: for what happens rarely. @internal */
  get row(): number {
    return this.table.rowAt(this.page, this.offset);
  }
}
