import type { LabelSet } from "../model/family.ts";
import { DeclaredLabels } from "./declared-labels.ts";
import { Fragments } from "./fragments.ts";
import { InternedValues } from "./interned-values.ts";
import type { KeptSeries } from "./kept-series.ts";
import { ObjectColumn } from "./object-column.ts";
import { defaultPages, type PageFactory } from "./pages.ts";
import { type RowIds, RowIndex } from "./row-index.ts";
import type { LabelPattern, RowWatcher, TableLease } from "./table-watchers.ts";

/** About how many cells a full page has; measured: larger ones gain nothing. */
const PAGE_CELLS = 4096;
/** Rows of the first page of a labelled family; each further one has four times as many, up to a full page. */
const FIRST_PAGE_ROWS = 16;
const NO_ROW = -1;
/** In the first id column: this row holds no series. */
export const DEAD = -1;

/** How many low bits of a row number are its place in the page, when each row has so many cells. */
export function rowShiftFor(cells: number): number {
  return Math.max(0, Math.floor(Math.log2(PAGE_CELLS / cells)));
}

/** What a kind of metric stores for a series, and what it does when one comes or goes. */
export interface SeriesTableOptions {
  readonly labelNames: readonly string[];
  /** The label names as text formats write them: quoted where they are no legacy names. */
  readonly writtenNames?: readonly string[];
  /** How many numbers a series stores. */
  readonly cells: number;
  readonly pages?: PageFactory;
  /** The wall clock, in milliseconds since the epoch. */
  readonly now?: () => number;
  /** Says in errors which metric it is: `Counter "http_requests_total"`. */
  readonly owner: string;
  /** Called when a row has its series, with its numbers at zero. */
  readonly onCreate?: (row: number, table: SeriesTable) => void;
  /** Called when a row loses its series. */
  readonly onRemove?: (row: number) => void;
}

/**
 * All series of one family, in columns: pages of numbers, and beside them label ids and created times.
 *
 * A series is a row. Its number tells page and place: `page << rowShift | place`. Rows never move while their series
 * lives. A removed series' row is used again out of the sight of running scrapes, and its label values after them.
 */
export class SeriesTable implements RowIds {
  readonly labelNames: readonly string[];
  readonly width: number;
  readonly cells: number;
  /** How many of a row's low bits are its place in the page. */
  readonly rowShift: number;
  readonly placeMask: number;
  readonly owner: string;
  /** Whether other threads read its pages. */
  readonly isShared: boolean;
  /** The values of each label, in the order of `labelNames`. */
  readonly values: readonly InternedValues[];
  /** The values of all labels as text formats write them. */
  readonly fragments: Fragments;
  readonly pages: Float64Array[] = [];
  /** Label ids, `max(1, width)` a row; the first is negative where there is no series. */
  readonly idPages: Int32Array[] = [];
  readonly idStride: number;
  readonly createdPages: Float64Array[] = [];
  /** Every row ever used is below this one. */
  rowLimit = 0;
  /** How many series there are. */
  size = 0;

  readonly #names: readonly string[];
  readonly #labels: DeclaredLabels;
  readonly #index: RowIndex;
  readonly #pageFactory: PageFactory;
  readonly #now: () => number;
  readonly #onCreate: ((row: number, table: SeriesTable) => void) | undefined;
  readonly #onRemove: ((row: number) => void) | undefined;
  /** The object that users keep of each series, if they do. */
  readonly #kept: ObjectColumn<KeptSeries>;
  /** Further ones, by row: objects of removed series that came back beside a newer one. */
  readonly #returned = new Map<number, KeptSeries[]>();
  /** Of the scrapes under way: nearly always one at most. */
  readonly #leases: TableLease[] = [];
  /** Whether a series was removed since label values were last forgotten. */
  #hasUnused = false;
  readonly #watchers: RowWatcher[] = [];
  readonly #freeRows: number[] = [];
  /** The ids of the label set being looked up. */
  readonly #ids: Int32Array;
  /** Counts how often the ids were taken for another lookup. */
  #lookup = 0;

  constructor(options: SeriesTableOptions) {
    this.labelNames = options.labelNames;
    this.width = options.labelNames.length;
    this.cells = options.cells;
    this.owner = options.owner;
    this.idStride = Math.max(1, this.width);
    this.rowShift = rowShiftFor(this.cells);
    this.#kept = new ObjectColumn(this.rowShift);
    this.placeMask = (1 << this.rowShift) - 1;
    this.fragments = new Fragments(this.width);
    this.values = options.labelNames.map(
      (name, i) => new InternedValues(name, options.writtenNames?.[i] ?? name, this.fragments, i),
    );
    // A copy, as V8 is slow to compare with what it loads from a frozen array.
    this.#names = [...options.labelNames];
    this.#labels = new DeclaredLabels(this.#names, this.owner);
    this.#pageFactory = options.pages ?? defaultPages();
    this.isShared = this.#pageFactory.isShared === true;
    this.#now = options.now ?? Date.now;
    this.#onCreate = options.onCreate;
    this.#onRemove = options.onRemove;
    this.#ids = new Int32Array(this.width);
    this.#index = new RowIndex(this);
  }

  // — where a row lies —

  pageOf(row: number): Float64Array {
    return this.pages[row >>> this.rowShift] as Float64Array;
  }

  offsetOf(row: number): number {
    return (row & this.placeMask) * this.cells;
  }

  /** The row whose numbers begin at `offset` of `page`, by looking through the pages. */
  rowAt(page: Float64Array, offset: number): number {
    return (this.pages.indexOf(page) << this.rowShift) | (offset / this.cells);
  }

  isLive(row: number): boolean {
    return (this.idPages[row >>> this.rowShift] as Int32Array)[(row & this.placeMask) * this.idStride] !== DEAD;
  }

  createdMs(row: number): number {
    return (this.createdPages[row >>> this.rowShift] as Float64Array)[row & this.placeMask] as number;
  }

  setCreatedMs(row: number, milliseconds: number): void {
    (this.createdPages[row >>> this.rowShift] as Float64Array)[row & this.placeMask] = milliseconds;
  }

  idAt(row: number, position: number): number {
    const page = this.idPages[row >>> this.rowShift] as Int32Array;
    return page[(row & this.placeMask) * this.idStride + position] as number;
  }

  idLimit(position: number): number {
    return (this.values[position] as InternedValues).idLimit;
  }

  forEachRow(visit: (row: number) => void): void {
    for (let page = 0; page < this.pageCount; page++) this.forEachRowIn(page, visit);
  }

  get pageCount(): number {
    return this.pages.length;
  }

  forEachRowIn(page: number, visit: (row: number) => void): void {
    const ids = this.idPages[page] as Int32Array;
    const first = page << this.rowShift;
    const places = Math.min(ids.length / this.idStride, this.rowLimit - first);
    for (let place = 0; place < places; place++) if (ids[place * this.idStride] !== DEAD) visit(first + place);
  }

  /** The text of one of a row's label values; `""` where the label is absent. */
  textAt(row: number, position: number): string {
    return (this.values[position] as InternedValues).text(this.idAt(row, position));
  }

  /** The label values of a row in the order of `labelNames`; `""` where the label is absent. */
  textsOf(row: number): string[] {
    return this.values.map((_, i) => this.textAt(row, i));
  }

  /** The labels of a row that are not absent. */
  labelsOf(row: number): LabelSet {
    const texts = this.textsOf(row);
    const entries = this.#names.map((name, i): [string, string] => [name, texts[i] as string]);
    return Object.fromEntries(entries.filter(([, text]) => text !== ""));
  }

  /** The bytes that the columns, fragments and tables take. */
  get byteLength(): number {
    let bytes = this.#index.byteLength + this.fragments.byteLength;
    for (const pages of [this.pages, this.idPages, this.createdPages])
      for (const page of pages) bytes += page.byteLength;
    return bytes;
  }

  // — finding and making series —

  /**
   * The row for a label object, which is read and not kept; made if there is none.
   *
   * @throws {TypeError} for an unknown label or a value that can't be one; then nothing was made
   */
  rowOf(labels: object): number {
    const index = this.#index;
    if (!index.isPacked) return this.#rowOfWide(labels);
    // The everyday case: the labels stand in the order of their declaration and every value is known.
    const names = this.#names;
    const values = this.values;
    const shifts = index.shifts;
    const lookup = this.#lookup;
    let key = 0;
    let position = 0;
    for (const name in labels) {
      if (name !== names[position]) return this.#rowOfUnordered(labels);
      const id = (values[position] as InternedValues).idOf((labels as Record<string, unknown>)[name]);
      if (id < 0) return this.#rowOfUnordered(labels);
      key |= id << (shifts[position] as number);
      position++;
    }
    // Reading a label may have run code of the caller's that changed something here.
    if (position !== names.length || lookup !== this.#lookup) return this.#rowOfUnordered(labels);
    const known = index.findPacked(key);
    if (known >= 0) return known;
    const row = this.#rowOfNew(key);
    return row >= 0 ? row : this.#rowOfUnordered(labels);
  }

  /** The same where the ids are too large for a packed key. */
  #rowOfWide(labels: object): number {
    const names = this.#names;
    const ids = this.#takeIds();
    const lookup = this.#lookup;
    let position = 0;
    for (const name in labels) {
      if (name !== names[position]) return this.#rowOfUnordered(labels);
      const id = (this.values[position] as InternedValues).idOf((labels as Record<string, unknown>)[name]);
      if (id < 0) return this.#rowOfUnordered(labels);
      ids[position] = id;
      position++;
    }
    if (position !== names.length || lookup !== this.#lookup) return this.#rowOfUnordered(labels);
    const row = this.#index.find(ids);
    return row >= 0 ? row : this.#rowOfUnordered(labels);
  }

  /**
   * Makes the series of known values in a new combination, told by its packed key.
   *
   * @returns its row, or -1 when clock or page factory changed something here: then nothing was made
   */
  #rowOfNew(key: number): number {
    const ids = this.#takeIds();
    const lookup = this.#lookup;
    this.#index.unpack(key, ids);
    const createdMs = this.#now();
    const row = this.#takeRow();
    if (lookup !== this.#lookup) {
      this.#freeRows.push(row);
      return NO_ROW;
    }
    this.#create(row, createdMs);
    return row;
  }

  /**
   * The row for up to four label values in the order of `labelNames`; made if there is none. Handed over one by one,
   * they need no array.
   *
   * @param count how many of the values were given
   * @throws {TypeError} when that is not the number of labels, or one can't be a label value; then nothing was made
   */
  rowOfFew(count: number, a: unknown, b: unknown, c: unknown, d: unknown): number {
    const values = this.values;
    if (count === values.length && this.#index.isPacked) {
      const shifts = this.#index.shifts;
      const i = count > 0 ? (values[0] as InternedValues).idOf(a) : 0;
      const j = count > 1 ? (values[1] as InternedValues).idOf(b) << (shifts[1] as number) : 0;
      const k = count > 2 ? (values[2] as InternedValues).idOf(c) << (shifts[2] as number) : 0;
      const l = count > 3 ? (values[3] as InternedValues).idOf(d) << (shifts[3] as number) : 0;
      const key = i | j | k | l;
      // Negative if any id is; a packed key never is.
      if (key >= 0) {
        const known = this.#index.findPacked(key);
        if (known >= 0) return known;
        const row = this.#rowOfNew(key);
        if (row >= 0) return row;
      }
    }
    return this.rowOfValues([a, b, c, d].slice(0, count));
  }

  /**
   * The row for label values in the order of `labelNames`; made if there is none.
   *
   * @throws {TypeError} when their number is wrong or one can't be a label value; then nothing was made
   */
  rowOfValues(values: readonly unknown[]): number {
    if (values.length !== this.width) throw this.#labels.wrongCount(values);
    const row = this.#findKnown(values);
    if (row >= 0) return row;
    // First what may throw: clock and page factory are not ours.
    const createdMs = this.#now();
    const created = this.#takeRow();
    // Only now: a new id may be larger than the index can pack before its row is in it.
    const ids = this.#takeIds();
    for (let i = 0; i < ids.length; i++) {
      const ofLabel = this.values[i] as InternedValues;
      const id = ofLabel.find(values[i]);
      ids[i] = id >= 0 ? id : ofLabel.intern(values[i]);
    }
    this.#create(created, createdMs);
    return created;
  }

  /** The row for label values of the right number, or -1. */
  #findKnown(values: readonly unknown[]): number {
    const ids = this.#takeIds();
    let areKnown = true;
    for (let i = 0; i < ids.length; i++) {
      const id = (this.values[i] as InternedValues).find(values[i]);
      if (id < 0) areKnown = false;
      ids[i] = id;
    }
    return areKnown ? this.#index.find(ids) : NO_ROW;
  }

  /** The row for a label object with labels left out, in another order, or new; made if there is none. */
  #rowOfUnordered(labels: object): number {
    return this.rowOfValues(this.#labels.valuesOf(labels));
  }

  /**
   * Makes room for series yet to come, step by step: see {@link RowIndex.grow}. It pays where many are made while nobody
   * may be held up, and few are looked up, which takes a little longer from then on.
   */
  *grow(): Iterable<void> {
    yield* this.#index.grow();
    yield* this.fragments.grow();
  }

  /** The row for a label object, or -1 when there is no such series. Makes nothing. */
  find(labels: object): number {
    return this.#findKnown(this.#labels.valuesOf(labels));
  }

  /** The row for label values in their order, or -1 when there is no such series. Makes nothing. */
  findValues(values: readonly unknown[]): number {
    if (values.length !== this.width) throw this.#labels.wrongCount(values);
    return this.#findKnown(values);
  }

  #takeIds(): Int32Array {
    this.#lookup++;
    return this.#ids;
  }

  /** Makes the series of the ids looked up last. */
  #create(row: number, createdMs: number): void {
    const ids = this.#ids;
    const page = row >>> this.rowShift;
    const place = row & this.placeMask;
    const idPage = this.idPages[page] as Int32Array;
    if (this.width === 0) idPage[place] = 0;
    for (let i = 0; i < this.width; i++) {
      const id = ids[i] as number;
      idPage[place * this.idStride + i] = id;
      (this.values[i] as InternedValues).retain(id);
    }
    (this.createdPages[page] as Float64Array)[place] = createdMs;
    this.size++;
    this.#index.insert(row, ids);
    this.#onCreate?.(row, this);
    for (const watcher of this.#watchers) watcher.added(row);
  }

  #takeRow(): number {
    const free = this.#freeRows.pop();
    if (free !== undefined) {
      for (const lease of this.#leases) lease.hide(free);
      return free;
    }
    const page = this.rowLimit >>> this.rowShift;
    const place = this.rowLimit & this.placeMask;
    if (page === this.pages.length) this.#addPage();
    const row = this.rowLimit++;
    // A page that is not full size ends before its row numbers do; the next row is the first of the next page.
    if ((place + 1) * this.idStride === (this.idPages[page] as Int32Array).length)
      this.rowLimit = (page + 1) << this.rowShift;
    return row;
  }

  #addPage(): void {
    const full = this.placeMask + 1;
    const first = this.width === 0 ? 1 : FIRST_PAGE_ROWS;
    const rows = Math.min(full, first * 4 ** Math.min(this.pages.length, 16));
    this.pages.push(this.#pageFactory(rows * this.cells));
    this.idPages.push(new Int32Array(rows * this.idStride).fill(DEAD));
    this.createdPages.push(new Float64Array(rows));
  }

  // — the objects that users keep —

  /** The object kept for a row, or undefined. */
  keptAt(row: number): KeptSeries | undefined {
    return this.#kept.get(row);
  }

  /** Ties an object to a row. */
  keepAt(row: number, series: KeptSeries): void {
    if (this.#kept.get(row) === undefined) this.#kept.set(row, series);
    else this.#returned.set(row, [...(this.#returned.get(row) ?? []), series]);
    series.attachTo(row);
  }

  // — removing —

  /** Takes the series of a row away; objects kept for it are detached. */
  remove(row: number): void {
    const ids = this.#takeIds();
    const page = row >>> this.rowShift;
    const place = row & this.placeMask;
    const idPage = this.idPages[page] as Int32Array;
    for (let i = 0; i < this.width; i++) ids[i] = idPage[place * this.idStride + i] as number;
    const kept = this.#kept.get(row);
    if (kept !== undefined) {
      const texts = this.textsOf(row);
      kept.detach(texts);
      for (const series of this.#returned.get(row) ?? []) series.detach(texts);
      this.#kept.set(row, undefined);
      this.#returned.delete(row);
    }
    this.#index.remove(row, ids);
    idPage[place * this.idStride] = DEAD;
    for (let i = 0; i < this.width; i++) (this.values[i] as InternedValues).release(ids[i] as number);
    this.pageOf(row).fill(0, place * this.cells, (place + 1) * this.cells);
    this.size--;
    this.#onRemove?.(row);
    for (const lease of this.#leases) lease.hide(row);
    let isHeld = false;
    for (const watcher of this.#watchers) isHeld = watcher.removed(row) || isHeld;
    if (!isHeld) this.#freeRows.push(row);
    this.#hasUnused = true;
    this.#forgetUnused();
  }

  /** Takes away every series whose labels `matches` says yes to, and returns how many they were. */
  removeWhere(matches: (row: number) => boolean): number {
    const rows: number[] = [];
    this.forEachRow((row) => {
      if (matches(row)) rows.push(row);
    });
    // From the last to the first, so that series made anew take the rows, and have the order, of those before them.
    for (const row of rows.reverse()) this.remove(row);
    return rows.length;
  }

  /**
   * The test for `removeMatching`: whether a row has all of the given labels.
   *
   * @throws {TypeError} for an unknown label or a value that can't be one
   */
  matcher(partial: object): (row: number) => boolean {
    const values = this.#labels.valuesOf(partial);
    const wanted: { position: number; id: number }[] = [];
    for (const name in partial) {
      const position = this.#labels.positionOf(name) as number;
      wanted.push({ position, id: (this.values[position] as InternedValues).find(values[position]) });
    }
    return (row) => wanted.every(({ position, id }) => this.idAt(row, position) === id);
  }

  // — scrapes —

  /** Hides from the scrape what comes later, and keeps label values until the lease is given back. */
  lease(lease: TableLease): void {
    this.#leases.push(lease);
  }

  release(lease: TableLease): void {
    // Nearly always there is only the one; taking it out of a list would make another list.
    if (this.#leases.at(-1) === lease) this.#leases.pop();
    else {
      const at = this.#leases.indexOf(lease);
      if (at >= 0) this.#leases.splice(at, 1);
    }
    this.#forgetUnused();
  }

  #forgetUnused(): void {
    if (!this.#hasUnused || this.#leases.length > 0) return;
    this.#hasUnused = false;
    // A label value that was read already must not be forgotten before it is looked up.
    this.#lookup++;
    for (const values of this.values) values.forgetUnused();
  }

  /** Lets running scrapes copy what they still print, because the numbers are about to be set anew. */
  freezeLeases(): void {
    for (const lease of this.#leases) lease.freeze();
    for (const watcher of this.#watchers) watcher.settingAnew?.();
  }

  // — watchers —

  /** Tells somebody of each series that comes or goes from now on. */
  watch(watcher: RowWatcher): void {
    this.#watchers.push(watcher);
  }

  unwatch(watcher: RowWatcher): void {
    const index = this.#watchers.indexOf(watcher);
    if (index >= 0) this.#watchers.splice(index, 1);
  }

  /** Lets a row be used again that a watcher held back. */
  giveBack(row: number): void {
    this.#freeRows.push(row);
  }

  /** Says that what is told of a row beside its numbers has changed. */
  changed(row: number): void {
    for (const watcher of this.#watchers) watcher.changed?.(row);
  }

  /** Says that the series of a row is about to begin anew, and sets its first `cells` numbers to zero. */
  beginAnew(row: number, cells: number): void {
    for (const watcher of this.#watchers) watcher.beginningAnew?.(row);
    const offset = this.offsetOf(row);
    this.pageOf(row).fill(0, offset, offset + cells);
    this.setCreatedMs(row, this.#now());
  }

  get isWatched(): boolean {
    return this.#watchers.length > 0;
  }

  /** Says that the metric's user takes away series; returns how many there were elsewhere and not here. */
  wiped(pattern: LabelPattern): number {
    let elsewhere = 0;
    for (const watcher of this.#watchers) elsewhere += watcher.wiped?.(pattern) ?? 0;
    return elsewhere;
  }

  /** The pattern of some label values, given by name. Labels that are not named may have any. */
  patternOf(partial: object): LabelPattern {
    return this.#labels.patternOf(partial);
  }
}
