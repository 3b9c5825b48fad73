import type { Aggregator } from "../model/aggregator.ts";
import type { Exemplar } from "../model/family.ts";
import { COLUMNS, type ColumnFamily, type ExponentialBlocks } from "../storage/column-family.ts";
import { ExponentialBuckets } from "../storage/exponential-buckets.ts";
import { FINEST_SCHEMA } from "../storage/exponential-keys.ts";
import { countOf } from "../storage/exponential-ranks.ts";
import { NATIVE_MAX_LENGTH } from "../storage/native-buckets.ts";
import type { NativeRow } from "../storage/native-row.ts";
import { QUANTILE_MAX_LENGTH, QUANTILE_SCHEMA } from "../storage/quantile-window.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { combine } from "./combine.ts";
import { type Declaration, isCounting, isCumulative, layoutOf, metricOf } from "./declaration.ts";
import { FamilySource } from "./family-source.ts";

/** The label that tells processes apart in a family whose aggregator is `all`. */
const WORKER = "worker";
/** The slot of what processes that ended have left. */
const RETIRED = -1;

/** How many rows of a process that has ended make a step. */
const ROWS_PER_STEP = 128;

/** A series of one source. */
export interface KeptRow {
  /** With the slot at the end where the aggregator is `all` and the source is what ended processes have left. */
  readonly texts: readonly string[];
  readonly createdMs: number;
  readonly cells: Float64Array;
  readonly block: Float64Array | undefined;
}

/** Where the blocks of several processes come together to be read. One serves all, for reading is never interrupted. */
let merged: ExponentialBuckets | undefined;

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
  /** By slot. */
  #live: readonly FamilySource[] = [];
  readonly #isHeard: (slot: number) => boolean;

  /** @param isHeard whether a process was heard of lately */
  constructor(declaration: Declaration, isHeard: (slot: number) => boolean) {
    const { type, aggregator, labelNames } = declaration;
    const isUnion = (type === "info" || type === "stateset") && aggregator === "sum";
    this.declaration = declaration;
    this.#aggregator = isUnion ? "union" : aggregator;
    this.#isCumulative = isCumulative(declaration);
    this.#isCounting = isCounting(type);
    this.#isHeard = isHeard;
    const columns = metricOf(declaration, aggregator === "all" ? [...labelNames, WORKER] : labelNames)[COLUMNS];
    this.#table = columns.table;
    this.#retired = new FamilySource(RETIRED, this.#table);
    const { name, help, unit } = declaration;
    const { blocks } = columns;
    this.columns = {
      ...columns,
      descriptor: { name, type, help, ...(unit !== undefined && { unit }) },
      beforeView: () => {
        columns.beforeView?.();
        if (aggregator === "livesum") this.#table.forEachRow((row) => this.#combine(row));
      },
      ...(blocks && type === "summary" && { expose: this.#exposeQuantiles(blocks) }),
      ...(columns.exemplar && { exemplar: (row: number, sample: number) => this.#exemplar(row, sample) }),
      ...(columns.native && blocks && { native: (row: number) => this.#native(blocks, row) }),
    };
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
    this.#live = [...this.#live, source].sort((a, b) => a.slot - b.slot);
    return source;
  }

  /** Makes room for what a frame may tell, step by step. */
  grow(): Iterable<void> {
    return this.#table.grow();
  }

  /** Lets a process go: what it has counted stays. Step by step; after each of them all numbers are right. */
  *retire(source: FamilySource): Iterable<void> {
    let rows = 0;
    for (const row of source.rows()) {
      this.#retireRow(source, row);
      if (++rows % ROWS_PER_STEP === 0) yield;
    }
    this.#forget(source);
  }

  /** Lets a process go that has no such family any more. */
  withdraw(source: FamilySource): void {
    for (const row of source.rows()) this.remove(source, row);
    this.#forget(source);
  }

  #forget(source: FamilySource): void {
    this.#live = this.#live.filter((one) => one !== source);
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
      if (source.unseen?.delete(row) !== true) return -1;
      // Removed and made anew since then, it began at zero.
      if (source.createdMs(row) !== createdMs) this.#keepCounts(source, row);
      source.remove(row);
    }
    const isFirst = !this.#retired.has(row) && !this.#live.some((one) => one.has(row));
    source.add(row, createdMs);
    if (isFirst || createdMs < this.#table.createdMs(row)) this.#table.setCreatedMs(row, createdMs);
    return row;
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
    const kept = this.#retiredPage(row, createdMs);
    const offset = this.#table.offsetOf(row);
    for (const [cell, value] of cells.entries()) kept[offset + cell] = (kept[offset + cell] as number) + value;
    this.#table.setCreatedMs(row, createdMs);
    if (block !== undefined) this.columns.blocks?.merge(row, block);
    this.#combine(row);
  }

  /** Sets one of the numbers of a row. */
  set(source: FamilySource, row: number, cell: number, value: number): void {
    const page = source.pageOf(row);
    const at = this.#table.offsetOf(row) + cell;
    // A count that fell began anew, as the counter of a scraped process does after its restart.
    if (this.#isCumulative && value < (page[at] as number) && this.#isCount(cell)) {
      const kept = this.#retiredPage(row, source.createdMs(row));
      kept[at] = (kept[at] as number) + (page[at] as number);
    }
    page[at] = value;
  }

  /** The sums of observations may fall. */
  #isCount(cell: number): boolean {
    return this.declaration.type === "counter" || cell > 0;
  }

  /** Sets the exponential buckets of a row. */
  setBlock(source: FamilySource, row: number, block: Float64Array): void {
    const before = source.blocks.get(row);
    // Native buckets that count less than before have begun anew, as the counts beside them have.
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

  /** Takes away the series that a process has not told of when it told everything. */
  sweep(source: FamilySource): void {
    for (const row of source.unseen ?? []) this.remove(source, row);
    source.unseen = undefined;
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

  /** How many exemplars a row may have: one for each sample, and those of native buckets. */
  get #mostExemplars(): number {
    return this.columns.exemplar === undefined
      ? 0
      : this.columns.samples.length + (this.declaration.details.native?.exemplars ?? 0);
  }

  /** The latest that any process has. */
  #exemplar(row: number, sample: number): Exemplar | undefined {
    let latest = this.#retired.exemplars.get(row, sample);
    for (const source of this.#live) {
      const one = source.exemplars.get(row, sample);
      if (one !== undefined && !isOlder(one, latest)) latest = one;
    }
    return latest;
  }

  /** The native buckets of all processes together, those that ended included. */
  #native(blocks: ExponentialBlocks, row: number): NativeRow {
    // At the finest resolution, of which each block makes what it has.
    const all = new ExponentialBuckets({ schema: FINEST_SCHEMA, maxLength: NATIVE_MAX_LENGTH });
    const retired = blocks.of(row);
    if (this.#retired.has(row) && retired !== undefined) all.mergeBlock(retired);
    for (const source of this.#live) {
      const block = source.blocks.get(row);
      if (block !== undefined) all.mergeBlock(block);
    }
    const { samples } = this.columns;
    const exemplars: Exemplar[] = [];
    for (const source of [this.#retired, ...this.#live]) {
      for (let sample = samples.length; sample < this.#mostExemplars; sample++) {
        const exemplar = source.exemplars.get(row, sample);
        if (exemplar !== undefined) exemplars.push(exemplar);
      }
    }
    const most = this.declaration.details.native?.exemplars ?? 0;
    const latest = exemplars.sort((a, b) => (b.timestampMs ?? 0) - (a.timestampMs ?? 0)).slice(0, most);
    return { block: all.block, exemplars: latest.sort((a, b) => a.value - b.value) };
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
    if (this.#retired.has(row) || this.#live.some((one) => one.has(row))) this.#combine(row);
    else this.#table.remove(row);
  }

  #combine(row: number): void {
    const sources = { table: this.#table, live: this.#live, retired: this.#retired, isHeard: this.#isHeard };
    combine(this.#aggregator, sources, row, !this.#isCounting);
  }

  /** The quantiles of what all processes have observed, those that ended included. */
  #exposeQuantiles(blocks: ExponentialBlocks): (row: number, into: Float64Array) => void {
    const quantiles = this.declaration.details.percentiles ?? [];
    return (row, into) => {
      merged ??= new ExponentialBuckets({ schema: QUANTILE_SCHEMA, maxLength: QUANTILE_MAX_LENGTH });
      merged.reset();
      const retired = blocks.of(row);
      if (retired !== undefined) merged.mergeBlock(retired);
      for (const source of this.#live) {
        const block = source.blocks.get(row);
        if (block !== undefined) merged.mergeBlock(block);
      }
      merged.quantiles(quantiles, into);
      const offset = this.#table.offsetOf(row);
      const page = this.#table.pageOf(row);
      for (let cell = 0; cell < this.#table.cells; cell++)
        into[quantiles.length + cell] = page[offset + cell] as number;
    };
  }
}

function isOlder(exemplar: Exemplar, than: Exemplar | undefined): boolean {
  return than !== undefined && (exemplar.timestampMs ?? 0) < (than.timestampMs ?? 0);
}
