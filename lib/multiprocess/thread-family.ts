import type { Aggregator } from "../model/aggregator.ts";
import type { Clock } from "../model/clock.ts";
import type { MetricDefinition } from "../model/collector.ts";
import type { FamilyDescriptor, LabelSet } from "../model/family.ts";
import type { ColumnMetric } from "../registry/scrape.ts";
import { COLUMNS, type ColumnFamily } from "../storage/column-family.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import type { LabelPattern } from "../storage/table-watchers.ts";
import { ROUNDING } from "./combine.ts";
import { type Details, isCounting, isCumulative, metricOf, WORKER_LABEL } from "./declaration.ts";
import { type Choosing, choose, combinationOf } from "./thread-combination.ts";
import { ThreadExemplars } from "./thread-exemplars.ts";
import { ThreadNatives } from "./thread-natives.ts";
import type { Part } from "./thread-part.ts";
import { ThreadWindows } from "./thread-windows.ts";

/** How many additions a step makes about, a tenth of a millisecond's worth; and how many blocks of buckets it merges. */
const ADDITIONS_PER_STEP = 100_000;
const BLOCKS_PER_STEP = 128;

/** How often the numbers of a row are read again that changed while they were read. */
const MOST_ATTEMPTS = 3;

/** A row that a thread has to let go. */
export interface Removal {
  readonly part: Part;
  readonly row: number;
  readonly texts: readonly string[];
  readonly createdMs: number;
}

/**
 * One family of several threads. Its series are those of a metric that is registered nowhere, which stands for all of
 * them: each scrape puts the numbers of the threads together in its columns, so that formats find what they always find.
 *
 * What threads that have ended counted stays, in one more column.
 */
export class ThreadFamily {
  readonly definition: MetricDefinition;
  readonly descriptor: FamilyDescriptor;
  readonly aggregator: Aggregator;
  /** The labels that all its series have, those of the scraping registry left out. */
  readonly ownLabels: LabelSet;
  readonly columns: ColumnFamily;
  readonly #table: SeriesTable;
  readonly #combination: "sum" | Choosing;
  readonly #isCumulative: boolean;
  readonly #isCounting: boolean;
  /** In the order of the threads. */
  #parts: Part[] = [];
  /** For each row, how many parts have it, and one more if an ended thread had it. By page, as what follows. */
  readonly #uses: Int32Array[] = [];
  readonly #isRetired: (Uint8Array | undefined)[] = [];
  readonly #retired: (Float64Array | undefined)[] = [];
  /** Of a summary that tells quantiles. */
  readonly #windows: ThreadWindows | undefined;
  readonly #natives: ThreadNatives | undefined;
  readonly #exemplars: ThreadExemplars | undefined;
  #sums = new Float64Array(0);

  /**
   * @param name the one that is exposed
   * @throws {Error} when no metric can have the definition
   */
  constructor(name: string, definition: MetricDefinition, aggregator: Aggregator, ownLabels: LabelSet, clock: Clock) {
    const { type, help, unit, labelNames, details } = definition;
    this.definition = definition;
    this.descriptor = { name, type, help, ...(unit !== undefined && { unit }) };
    this.aggregator = aggregator;
    this.ownLabels = ownLabels;
    const standIn = standInFor(definition, aggregator === "all" ? [...labelNames, WORKER_LABEL] : labelNames);
    this.#table = standIn[COLUMNS].table;
    this.#combination = combinationOf(type, aggregator);
    this.#isCumulative = isCumulative({ type, aggregator });
    this.#isCounting = isCounting(type);
    const { percentiles = [], native } = details as Details;
    if (percentiles.length > 0) this.#windows = ThreadWindows.of(standIn, details as Details, clock);
    // What is chosen of one thread are numbers, each for itself.
    if (native !== undefined && this.#combination === "sum") this.#natives = new ThreadNatives(this.#table.rowShift);
    const { samples, exemplar } = standIn[COLUMNS];
    if (exemplar !== undefined) this.#exemplars = new ThreadExemplars(samples.length, native?.exemplars ?? 0);
    this.columns = this.#columnsOf(standIn[COLUMNS]);
  }

  #columnsOf({ native, blocks, exemplar, ...columns }: ColumnFamily): ColumnFamily {
    const natives = this.#natives;
    const exemplars = this.#exemplars;
    return {
      ...columns,
      ...(this.#windows && blocks && { blocks }),
      ...(natives && {
        native: (row: number) => {
          const buckets = natives.at(row);
          return (
            buckets && { block: buckets.block, exemplars: exemplars?.of(row, () => this.#rowsOf(row)).natives ?? [] }
          );
        },
        blocks: { of: (row: number) => natives.at(row)?.block, merge: () => {}, epoch: 0 },
      }),
      ...(exemplars && {
        exemplar: (row: number, sample: number) => exemplars.of(row, () => this.#rowsOf(row)).samples[sample],
      }),
    };
  }

  get isEmpty(): boolean {
    return this.#table.size === 0;
  }

  // — whose series there are —

  /** Counts the numbers of a part from now on. Its series may have been linked before. */
  add(part: Part): void {
    this.#parts.push(part);
    this.#parts.sort((a, b) => a.thread - b.thread);
  }

  /** Lets a part go, with its numbers. Its series stay until they are unlinked. */
  leave(part: Part): void {
    this.#parts = this.#parts.filter((one) => one !== part);
  }

  /** Unlinks all series of a part, step by step. */
  *unlinkAll(part: Part): Iterable<void> {
    for (let page = 0; page < part.pages.length; page++) {
      part.forEachRowOf(page, (row) => this.unlink(part, row));
      yield;
    }
  }

  drop(part: Part): void {
    this.leave(part);
    for (const _ of this.unlinkAll(part));
  }

  /** Whether a row of a part is linked. */
  hasRow(part: Part, row: number): boolean {
    return part.joinedRow(row) >= 0;
  }

  /** Says that a row of a part is the series of these label values, in the order of the definition. */
  link(part: Part, row: number, texts: readonly string[], createdMs: number): void {
    const table = this.#table;
    const joined = table.rowOfValues(this.aggregator === "all" ? [...texts, String(part.thread)] : texts);
    const page = joined >>> table.rowShift;
    const place = joined & table.placeMask;
    const places = this.#placesOf(page);
    this.#uses[page] ??= new Int32Array(places);
    const uses = this.#uses[page] as Int32Array;
    if (uses[place] === 0 || createdMs < table.createdMs(joined)) table.setCreatedMs(joined, createdMs);
    this.#hold(joined);
    part.link(row, page, place, places, joined);
  }

  /** Makes room for some hundred series more before they are linked, step by step. */
  grow(): Iterable<void> {
    return this.#table.grow();
  }

  unlink(part: Part, row: number): void {
    const joined = part.joinedRow(row);
    if (joined < 0) return;
    part.unlink(row, joined >>> this.#table.rowShift, joined & this.#table.placeMask);
    this.#letGo(joined);
  }

  #hold(joined: number): void {
    const uses = this.#uses[joined >>> this.#table.rowShift] as Int32Array;
    (uses[joined & this.#table.placeMask] as number)++;
  }

  #letGo(joined: number): void {
    const uses = this.#uses[joined >>> this.#table.rowShift] as Int32Array;
    if (--(uses[joined & this.#table.placeMask] as number) > 0) return;
    this.#table.remove(joined);
    this.#natives?.remove(joined);
    this.#exemplars?.forget(joined);
  }

  #placesOf(page: number): number {
    return (this.#table.idPages[page] as Int32Array).length / this.#table.idStride;
  }

  /**
   * Takes series away from all threads but one.
   *
   * @param own the part of the thread that scrapes, whose own table it is that has to let go
   * @param except takes care of itself
   * @param onRemoval told of each row that another thread has to let go
   * @returns how many series there were that `except` does not have
   */
  wipe(pattern: LabelPattern, except: Part | undefined, onRemoval: (removal: Removal) => void): number {
    let elsewhere = 0;
    for (const joined of this.#rowsLike(pattern)) {
      const page = joined >>> this.#table.rowShift;
      const place = joined & this.#table.placeMask;
      if (except === undefined || except.ownRow(page, place) < 0) elsewhere++;
      const texts = this.#table.textsOf(joined).slice(0, this.definition.labelNames.length);
      const createdMs = this.#table.createdMs(joined);
      // The last one to let go takes the row with it.
      this.#hold(joined);
      this.#forgetRetired(joined);
      for (const part of this.#parts) {
        const row = part === except ? -1 : part.ownRow(page, place);
        if (row < 0) continue;
        this.unlink(part, row);
        onRemoval({ part, row, texts, createdMs });
      }
      this.#letGo(joined);
    }
    return elsewhere;
  }

  #rowsLike(pattern: LabelPattern): number[] {
    const table = this.#table;
    if (this.aggregator !== "all" && pattern.every((text) => text !== undefined)) {
      const row = table.findValues(pattern);
      return row < 0 ? [] : [row];
    }
    const rows: number[] = [];
    table.forEachRow((row) => {
      if (pattern.every((text, i) => text === undefined || text === table.textAt(row, i))) rows.push(row);
    });
    return rows.reverse();
  }

  // — threads that have ended —

  #forgetRetired(joined: number): void {
    const page = joined >>> this.#table.rowShift;
    const place = joined & this.#table.placeMask;
    if (this.#isRetired[page]?.[place] !== 1) return;
    (this.#isRetired[page] as Uint8Array)[place] = 0;
    const { cells } = this.#table;
    this.#retired[page]?.fill(0, place * cells, (place + 1) * cells);
    this.#windows?.forgetRetired(joined);
    this.#natives?.forgetRetired(joined);
    this.#exemplars?.forgetRetired(joined);
    this.#letGo(joined);
  }

  /** Keeps what a thread has counted that has ended, and lets it go; step by step. */
  *retire(part: Part): Iterable<void> {
    const keeps = this.#isCumulative || this.#combination === "latest";
    for (let page = 0; page < part.rows.length; page++) {
      if (part.rows[page] === undefined) continue;
      const step = this.#stepOf(1);
      const places = this.#placesOf(page);
      for (let first = 0; first < places; first += step) {
        const end = Math.min(places, first + step);
        if (keeps) this.#keep(part, page, first, end);
        for (let place = first; place < end; place++) {
          const row = part.ownRow(page, place);
          if (row >= 0) this.unlink(part, row);
        }
        yield;
      }
    }
    this.leave(part);
    yield* this.unlinkAll(part);
  }

  /** Keeps what a thread has counted in a row that begins anew. */
  keepRow(part: Part, row: number): void {
    const joined = part.joinedRow(row);
    const place = joined & this.#table.placeMask;
    if (this.#isCumulative && joined >= 0) this.#keep(part, joined >>> this.#table.rowShift, place, place + 1);
  }

  #keep(part: Part, page: number, first: number, end: number): void {
    const { cells, rowShift } = this.#table;
    const places = this.#placesOf(page);
    this.#retired[page] ??= new Float64Array(places * cells);
    this.#isRetired[page] ??= new Uint8Array(places);
    const kept = (this.#retired[page] as Float64Array).subarray(first * cells, end * cells);
    const isRetired = this.#isRetired[page] as Uint8Array;
    if (this.#combination === "sum") part.addTo(kept, page, first, end, cells);
    else this.#findLatest(page, first, end);
    for (let place = first; place < end; place++) {
      const row = part.ownRow(page, place);
      if (row < 0) continue;
      const joined = (page << rowShift) | place;
      if (this.#combination !== "sum") {
        const at = place * cells;
        const now = this.#table.pageOf(joined).subarray(at, at + cells);
        (this.#retired[page] as Float64Array).set(now, at);
      }
      this.#windows?.retire(part, row, joined);
      this.#natives?.retire(part, row, joined);
      this.#exemplars?.retire(part, row, joined);
      if (isRetired[place] === 1) continue;
      isRetired[place] = 1;
      this.#hold(joined);
    }
  }

  /** The threads that have a row, and which of theirs it is. */
  *#rowsOf(joined: number): Iterable<readonly [Part, number]> {
    for (const part of this.#parts) {
      const row = part.ownRow(joined >>> this.#table.rowShift, joined & this.#table.placeMask);
      if (row >= 0) yield [part, row];
    }
  }

  // — numbers —

  /** How many rows make a step. */
  #stepOf(parts: number): number {
    const additions = Math.floor(ADDITIONS_PER_STEP / (this.#table.cells * Math.max(1, parts)));
    const hasBlocks = this.#windows !== undefined || this.#natives !== undefined;
    const most = !hasBlocks ? additions : Math.floor(BLOCKS_PER_STEP / Math.max(1, parts));
    return Math.max(1, Math.min(this.#table.placeMask + 1, most));
  }

  /**
   * Puts the numbers of all threads together, step by step. After each step every row's are whole.
   *
   * @param catchUp called when a thread has rearranged its memory meanwhile; when it has returned the step is done again
   */
  *refresh(catchUp: () => Iterable<void>): Iterable<void> {
    this.#exemplars?.clear();
    for (let page = 0; page < this.#table.pages.length; page++) {
      const step = this.#stepOf(this.#parts.length);
      const places = Math.min(this.#placesOf(page), this.#table.rowLimit - (page << this.#table.rowShift));
      for (let first = 0; first < places; first += step) {
        while (!this.#refreshRows(page, first, Math.min(places, first + step))) yield* catchUp();
        yield;
      }
    }
  }

  /** @returns false if a thread has rearranged its memory, and the step is to be done again */
  #refreshRows(page: number, first: number, end: number): boolean {
    if (this.#combination === "sum") {
      if (!this.#sum(page, first, end)) return false;
    } else {
      if (this.#combination === "latest") this.#findLatest(page, first, end);
      else this.#choose(page, first, end, this.#combination);
      if (this.#isOutdated) return false;
    }
    if (this.#natives !== undefined && !this.#mergeNatives(this.#natives, page, first, end)) return false;
    return this.#windows === undefined || this.#mergeWindows(this.#windows, page, first, end);
  }

  get #isOutdated(): boolean {
    return this.#parts.some((part) => part.source?.isOutdated === true);
  }

  #sum(page: number, first: number, end: number): boolean {
    const { cells } = this.#table;
    const length = (end - first) * cells;
    if (this.#sums.length < length) this.#sums = new Float64Array(length);
    const sums = this.#sums;
    const retired = this.#retired[page];
    if (retired === undefined) sums.fill(0, 0, length);
    else sums.set(retired.subarray(first * cells, end * cells));
    for (const part of this.#parts) part.addTo(sums, page, first, end, cells);
    if (this.#isOutdated) return false;
    const into = this.#table.pages[page] as Float64Array;
    const offset = first * cells;
    const mayFall = !this.#isCounting;
    for (let i = 0; i < length; i++) {
      const sum = sums[i] as number;
      const before = into[offset + i] as number;
      // What a thread has counted changes its place among the terms when it ends, and the rounding with it.
      if (sum >= before || mayFall || before - sum > before * ROUNDING) into[offset + i] = sum;
    }
    return true;
  }

  #choose(page: number, first: number, end: number, how: Exclude<Choosing, "latest">): void {
    const { cells } = this.#table;
    const into = this.#table.pages[page] as Float64Array;
    const numbers: number[] = [];
    for (let place = first; place < end; place++) {
      const having = this.#parts.filter((part) => part.ownRow(page, place) >= 0);
      if (having.length === 0) continue;
      for (let cell = 0; cell < cells; cell++) {
        numbers.length = 0;
        for (const part of having) numbers.push(part.read(part.ownRow(page, place), cell));
        into[place * cells + cell] = choose(how, numbers);
      }
    }
  }

  /** Takes over every number that has changed since it was looked at last. */
  #findLatest(page: number, first: number, end: number): void {
    const { cells } = this.#table;
    const into = this.#table.pages[page] as Float64Array;
    for (const part of this.#parts) {
      part.seen[page] ??= new Float64Array(into.length);
      const seen = part.seen[page] as Float64Array;
      for (let place = first; place < end; place++) {
        const row = part.ownRow(page, place);
        if (row < 0) continue;
        for (let cell = 0; cell < cells; cell++) {
          const at = place * cells + cell;
          const number = part.read(row, cell);
          if (Object.is(number, seen[at])) continue;
          seen[at] = number;
          into[at] = number;
        }
      }
    }
  }

  /**
   * Puts the native buckets of rows together. They have to count as much as the others do: a thread counts an observation
   * in them first, so what they have more is taken to be in the last of the others, where it is not missed among less.
   */
  #mergeNatives(natives: ThreadNatives, page: number, first: number, end: number): boolean {
    const { cells, rowShift } = this.#table;
    const into = this.#table.pages[page] as Float64Array;
    for (let place = first; place < end; place++) {
      const joined = (page << rowShift) | place;
      if (!this.#table.isLive(joined)) continue;
      for (let attempt = 0; ; attempt++) {
        const count = natives.merge(joined, this.#rowsOf(joined));
        if (count === undefined) return false;
        let others = 0;
        for (let cell = 1; cell < cells; cell++) others += into[place * cells + cell] as number;
        if (count >= others) {
          (into[(place + 1) * cells - 1] as number) += count - others;
          break;
        }
        // One that was being counted in between. A processor that writes in another order may go on like this.
        if (attempt === MOST_ATTEMPTS) {
          natives.remove(joined);
          break;
        }
        if (!this.#sum(page, place, place + 1)) return false;
      }
    }
    return true;
  }

  #mergeWindows(windows: ThreadWindows, page: number, first: number, end: number): boolean {
    for (let place = first; place < end; place++) {
      const joined = (page << this.#table.rowShift) | place;
      if (!windows.merge(joined, this.#rowsOf(joined))) return false;
    }
    return true;
  }
}

/**
 * A metric to put the numbers of several in. It has no greatest age, for what is too old was left out by whoever put it
 * together, and native buckets only because there may be no bounds then: those of several are kept elsewhere.
 *
 * @throws {Error} when no metric can have the definition
 */
export function standInFor({ name, type, details }: MetricDefinition, labelNames: readonly string[]): ColumnMetric {
  const { maxAgeSeconds, ageBuckets, native, ...others } = details as Details;
  const isNativeAlone = native !== undefined && others.buckets?.length === 0;
  return metricOf({ name, type, details: { ...others, ...(isNativeAlone && { native }) } }, labelNames);
}
