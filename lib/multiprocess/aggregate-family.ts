import type { Aggregator } from "../model/aggregator.ts";
import { COLUMNS, type ColumnFamily } from "../storage/column-family.ts";
import { countOf } from "../storage/exponential-ranks.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { type Combined, combine } from "./combine.ts";
import { type Declaration, isCounting, isCumulative, layoutOf, metricOf, WORKER_LABEL } from "./declaration.ts";
import { FamilySource } from "./family-source.ts";
import { isOlder } from "./latest-exemplars.ts";
import { MergedAtScrape } from "./merged-at-scrape.ts";
import { inSteps } from "./sliced-work.ts";

/** The slot of what processes that ended have left. */
const RETIRED = -1;

/** A series of one source. */
export interface KeptRow {
  /** With the slot at the end where the aggregator is `all` and the source is what ended processes have left. */
  readonly texts: readonly string[];
  readonly createdMs: number;
  readonly cells: Float64Array;
  readonly block: Float64Array | undefined;
}

/**
 * One family of several processes: what each has told, and what comes of it, which is kept up to date row by row as
 * they tell. A scrape finds columns like those of this process's own metrics.
 *
 * What ended processes have counted stays, so that no counter goes backwards; that takes the memory of one process,
 * however many there have been.
 */
export class AggregateFamily {
  /** Its label names are those of every declaration of the family, in this order. */
  readonly declaration: Declaration;
  readonly columns: ColumnFamily;
  readonly #table: SeriesTable;
  readonly #aggregator: Aggregator | "union";
  readonly #isCumulative: boolean;
  readonly #isCounting: boolean;
  readonly #retired: FamilySource;
  readonly #sources: Combined;
  /** How many exemplars a row may have: one for each sample, and those of native buckets. */
  readonly #mostExemplars: number;

  /** @param isHeard whether a process was heard of lately */
  constructor(declaration: Declaration, isHeard: (slot: number) => boolean) {
    const { type, aggregator, labelNames } = declaration;
    const isUnion = (type === "info" || type === "stateset") && aggregator === "sum";
    this.declaration = declaration;
    this.#aggregator = isUnion ? "union" : aggregator;
    this.#isCumulative = isCumulative(declaration);
    this.#isCounting = isCounting(type);
    const columns = metricOf(declaration, aggregator === "all" ? [...labelNames, WORKER_LABEL] : labelNames)[COLUMNS];
    this.#table = columns.table;
    this.#retired = new FamilySource(RETIRED, this.#table);
    this.#sources = { table: this.#table, live: [], retired: this.#retired, isHeard };
    const { name, help, unit } = declaration;
    const merged = new MergedAtScrape(declaration, columns, this.#sources);
    this.#mostExemplars = merged.mostExemplars;
    this.columns = {
      ...columns,
      descriptor: { name, type, help, ...(unit !== undefined && { unit }) },
      ...merged.columns,
    };
  }

  /** By slot. */
  get #live(): readonly FamilySource[] {
    return this.#sources.live;
  }

  get layout(): string {
    return layoutOf(this.declaration);
  }

  /** Whether a living process has the family. */
  get isLive(): boolean {
    return this.#live.length > 0;
  }

  /** Whether nothing would be lost with it. */
  get isEmpty(): boolean {
    return this.#live.length === 0 && this.#retired.size === 0;
  }

  /** Makes room for the numbers of a process. */
  join(slot: number): FamilySource {
    const source = new FamilySource(slot, this.#table);
    this.#sources.live = [...this.#live, source].sort((a, b) => a.slot - b.slot);
    return source;
  }

  /** Makes room for what a frame may tell, step by step. */
  grow(): Iterable<void> {
    return this.#table.grow();
  }

  /** Lets a process go: what it has counted stays. Step by step; after each of them all numbers are right. */
  *retire(source: FamilySource): Iterable<void> {
    yield* inSteps(source.rows(), (row) => this.#retireRow(source, row));
    this.#forget(source);
  }

  /** Lets a process go that has no such family any more, in the same way. */
  *withdraw(source: FamilySource): Iterable<void> {
    yield* this.removeAll(source, source.rows());
    this.#forget(source);
  }

  #forget(source: FamilySource): void {
    this.#sources.live = this.#live.filter((one) => one !== source);
  }

  /**
   * Gives a process a series, or the one back that it had before it told everything anew.
   *
   * @param texts the label values in the order of the declaration
   * @returns the row; -1 when the process has told of the series already
   */
  announce(source: FamilySource, texts: readonly string[], createdMs: number): number {
    const row = this.#table.rowOfValues(
      this.declaration.aggregator === "all" ? [...texts, String(source.slot)] : texts,
    );
    if (source.has(row)) {
      if (!source.isUnseen(row)) return -1;
      // Removed and made anew since then, it began at zero.
      if (source.createdMs(row) !== createdMs) this.#keepCounts(source, row);
      source.remove(row);
    }
    this.#noteCreated(row, createdMs);
    source.add(row, createdMs);
    return row;
  }

  /** A series that several have began when the first of them did. Called before another source has the row. */
  #noteCreated(row: number, createdMs: number): void {
    if (!this.#isHad(row) || createdMs < this.#table.createdMs(row)) this.#table.setCreatedMs(row, createdMs);
  }

  /** Whether any source has the series. */
  #isHad(row: number): boolean {
    return this.#retired.has(row) || this.#live.some((one) => one.has(row));
  }

  /** Says whose series a source has, for it to be kept beyond this process. */
  *rowsOf(source: FamilySource = this.#retired): Iterable<KeptRow> {
    for (const row of source.rows()) {
      const offset = this.#table.offsetOf(row);
      const cells = source.pageOf(row).subarray(offset, offset + this.#table.cells);
      const block = source === this.#retired ? this.columns.blocks?.of(row) : source.blocks.get(row);
      const texts = this.#table
        .textsOf(row)
        .slice(0, source === this.#retired ? undefined : this.declaration.labelNames.length);
      yield { texts, createdMs: source.createdMs(row), cells, block };
    }
  }

  /** Adds to what ended processes have left what was kept of it beyond the former life of this process. */
  restore({ texts, createdMs, cells, block }: KeptRow): void {
    const row = this.#table.rowOfValues(texts);
    this.#noteCreated(row, createdMs);
    const kept = this.#retiredPage(row, createdMs);
    const offset = this.#table.offsetOf(row);
    for (const [cell, value] of cells.entries()) kept[offset + cell] = (kept[offset + cell] as number) + value;
    if (block !== undefined) this.columns.blocks?.merge(row, block);
    this.#combine(row);
  }

  /** Sets some of the numbers of a row. */
  set(source: FamilySource, row: number, cells: readonly number[], values: readonly number[]): void {
    // A series of which a count fell began anew, as that of a scraped process does after its restart. Numbers that it
    // has again are among those that are not told.
    if (this.#isCumulative && this.#hasFallen(source, row, cells, values)) {
      this.#keepCounts(source, row);
      source.blocks.set(row, undefined);
    }
    const page = source.pageOf(row);
    const offset = this.#table.offsetOf(row);
    for (let i = 0; i < cells.length; i++) page[offset + (cells[i] as number)] = values[i] as number;
  }

  #hasFallen(source: FamilySource, row: number, cells: readonly number[], values: readonly number[]): boolean {
    const page = source.pageOf(row);
    const offset = this.#table.offsetOf(row);
    for (let i = 0; i < cells.length; i++) {
      const cell = cells[i] as number;
      // The sums of observations may fall.
      const isCount = cell > 0 || this.declaration.type === "counter";
      if (isCount && (values[i] as number) < (page[offset + cell] as number)) return true;
    }
    return false;
  }

  /** Sets the exponential buckets of a row. */
  setBlock(source: FamilySource, row: number, block: Float64Array): void {
    const before = source.blocks.get(row);
    // Native buckets that count less than before have begun anew, where there are no counts beside them to tell.
    if (this.#isNative && before !== undefined && countOf(block) < countOf(before)) {
      this.#retiredPage(row, source.createdMs(row));
      this.columns.blocks?.merge(row, before);
    }
    source.blocks.set(row, block);
  }

  get #isNative(): boolean {
    return this.#isCumulative && this.declaration.details.native !== undefined;
  }

  /** Says that a row's numbers were set, as the process had them at a time. */
  endRow(source: FamilySource, row: number, timeMs: number): void {
    source.setToldMs(row, timeMs);
    this.#combine(row);
  }

  /**
   * Takes a series from a process that has removed it. As long as others have it, what was counted stays; the last one
   * takes all of it away.
   */
  remove(source: FamilySource, row: number): void {
    if (this.#isCumulative && this.#live.some((other) => other !== source && other.has(row))) {
      this.#keepCounts(source, row);
    } else if (this.#retired.has(row)) {
      this.#retired.remove(row);
    }
    source.remove(row);
    this.#combineOrDrop(row);
  }

  /** The same with several, step by step. */
  *removeAll(source: FamilySource, rows: Iterable<number>): Iterable<void> {
    yield* inSteps(rows, (row) => this.remove(source, row));
  }

  /** Takes away the series that a process has not told of when it told everything, step by step. */
  *sweep(source: FamilySource): Iterable<void> {
    yield* inSteps(source.rows(), (row) => {
      if (source.isUnseen(row)) this.remove(source, row);
    });
  }

  #retireRow(source: FamilySource, row: number): void {
    if (this.#isCumulative) this.#keepCounts(source, row);
    else if (this.#aggregator === "latest") this.#keepLatest(source, row);
    source.remove(row);
    this.#combineOrDrop(row);
  }

  /** Adds what a process has counted to what stays. */
  #keepCounts(source: FamilySource, row: number): void {
    if (!this.#isCumulative) return;
    const kept = this.#retiredPage(row, source.createdMs(row));
    const page = source.pageOf(row);
    const offset = this.#table.offsetOf(row);
    for (let i = offset; i < offset + this.#table.cells; i++) kept[i] = (kept[i] as number) + (page[i] as number);
    const block = source.blocks.get(row);
    if (block !== undefined) this.columns.blocks?.merge(row, block);
    for (let sample = 0; sample < this.#mostExemplars; sample++) {
      const exemplar = source.exemplars.get(row, sample);
      if (exemplar === undefined || isOlder(exemplar, this.#retired.exemplars.get(row, sample))) continue;
      this.#retired.exemplars.set(row, sample, exemplar);
    }
  }

  #keepLatest(source: FamilySource, row: number): void {
    const toldMs = source.toldMs(row);
    if (this.#retired.has(row) && this.#retired.toldMs(row) > toldMs) return;
    const kept = this.#retiredPage(row, source.createdMs(row));
    const offset = this.#table.offsetOf(row);
    kept.set(source.pageOf(row).subarray(offset, offset + this.#table.cells), offset);
    this.#retired.setToldMs(row, toldMs);
  }

  #retiredPage(row: number, createdMs: number): Float64Array {
    if (!this.#retired.has(row)) this.#retired.add(row, createdMs);
    else if (createdMs < this.#retired.createdMs(row)) this.#retired.setCreatedMs(row, createdMs);
    return this.#retired.pageOf(row);
  }

  #combineOrDrop(row: number): void {
    if (this.#isHad(row)) this.#combine(row);
    else this.#table.remove(row);
  }

  #combine(row: number): void {
    combine(this.#aggregator, this.#sources, row, !this.#isCounting);
  }
}
