import { ExemplarColumn } from "../storage/exemplar-column.ts";
import { ObjectColumn } from "../storage/object-column.ts";
import type { SeriesTable } from "../storage/series-table.ts";

/**
 * The numbers that one process has of a family, or all of those that ended together. They lie in pages as the numbers
 * of the aggregated family do, row beside row, so that those of all sources are found at the same place.
 */
export class FamilySource {
  /** The slot of the process. */
  readonly slot: number;
  readonly #table: SeriesTable;
  readonly #pages: (Float64Array | undefined)[] = [];
  /** When each series began to count; NaN where the source has no such series. */
  readonly #created: (Float64Array | undefined)[] = [];
  /** When each series was told of last. */
  readonly #told: (Float64Array | undefined)[] = [];
  readonly blocks: ObjectColumn<Float64Array>;
  /** By row and sample; beyond the samples come those of native buckets. */
  readonly exemplars = new ExemplarColumn();
  /** How many series it has. */
  size = 0;
  /** In which of the reports that told everything each series was announced, or after which. */
  readonly #seen: (Uint32Array | undefined)[] = [];
  #fullReport = 0;

  /** @param table that of the aggregated family */
  constructor(slot: number, table: SeriesTable) {
    this.slot = slot;
    this.#table = table;
    this.blocks = new ObjectColumn(table.rowShift);
  }

  has(row: number): boolean {
    const createdMs = this.#created[row >>> this.#table.rowShift]?.[row & this.#table.placeMask];
    return createdMs !== undefined && !Number.isNaN(createdMs);
  }

  /** Gives the source a series, at zero. */
  add(row: number, createdMs: number): void {
    const { rowShift, placeMask, cells } = this.#table;
    const page = row >>> rowShift;
    const length = this.#table.pageOf(row).length;
    this.#pages[page] ??= new Float64Array(length);
    this.#created[page] ??= new Float64Array(length / cells).fill(Number.NaN);
    this.#told[page] ??= new Float64Array(length / cells);
    this.#seen[page] ??= new Uint32Array(length / cells);
    this.#created[page][row & placeMask] = createdMs;
    this.#seen[page][row & placeMask] = this.#fullReport;
    this.pageOf(row).fill(0, this.#table.offsetOf(row), this.#table.offsetOf(row) + cells);
    this.blocks.set(row, undefined);
    this.size++;
  }

  remove(row: number): void {
    (this.#created[row >>> this.#table.rowShift] as Float64Array)[row & this.#table.placeMask] = Number.NaN;
    this.blocks.set(row, undefined);
    this.exemplars.remove(row);
    this.size--;
  }

  /** Everything is told anew: what it has is unseen until it is announced again. */
  beginAll(): void {
    this.#fullReport++;
  }

  /** Whether a series was not announced since everything was to be told anew. */
  isUnseen(row: number): boolean {
    return this.#seen[row >>> this.#table.rowShift]?.[row & this.#table.placeMask] !== this.#fullReport;
  }

  /** The page of a series that the source has. */
  pageOf(row: number): Float64Array {
    return this.#pages[row >>> this.#table.rowShift] as Float64Array;
  }

  createdMs(row: number): number {
    return (this.#created[row >>> this.#table.rowShift] as Float64Array)[row & this.#table.placeMask] as number;
  }

  setCreatedMs(row: number, createdMs: number): void {
    (this.#created[row >>> this.#table.rowShift] as Float64Array)[row & this.#table.placeMask] = createdMs;
  }

  toldMs(row: number): number {
    return (this.#told[row >>> this.#table.rowShift] as Float64Array)[row & this.#table.placeMask] as number;
  }

  setToldMs(row: number, timeMs: number): void {
    (this.#told[row >>> this.#table.rowShift] as Float64Array)[row & this.#table.placeMask] = timeMs;
  }

  /** The rows of its series. */
  *rows(): Iterable<number> {
    for (const [page, created] of this.#created.entries()) {
      for (let place = 0; place < (created?.length ?? 0); place++) {
        if (!Number.isNaN(created?.[place])) yield (page << this.#table.rowShift) | place;
      }
    }
  }
}
