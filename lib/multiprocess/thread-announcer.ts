import type { LabelSet } from "../model/family.ts";
import type { ColumnMetric, Registration } from "../registry/scrape.ts";
import { isColumnMetric } from "../registry/scrape.ts";
import type { RegistryWatcher } from "../registry/watcher.ts";
import { COLUMNS, type ColumnFamily } from "../storage/column-family.ts";
import { type SharedMemory, WORD_BYTES } from "../storage/shared-memory.ts";
import type { LabelPattern, RowWatcher } from "../storage/table-watchers.ts";
import { LogWriter, RECORD } from "./thread-log.ts";

/** How much of the log may be out of date before it is written anew, whatever its length. */
const MOST_OUTDATED = 512;
/** How many removals are told again when the log is written anew, for readers that have not read them yet. */
const WIPES_KEPT = 1024;

/** Under which prefix and with which labels a family is exposed. */
export interface Exposure {
  readonly prefix: string;
  readonly labels: LabelSet;
}

/** What a thread tells of a family. */
export interface AnnouncedFamily {
  readonly definition: ColumnMetric["definition"];
  readonly aggregator: string;
  /** How many numbers a row has, and how many of its low bits are its place in the page. */
  readonly cells: number;
  readonly rowShift: number;
  readonly exposures: readonly Exposure[];
}

/** Tells in the log of a thread's memory what its registry holds. */
export class ThreadAnnouncer implements RegistryWatcher {
  readonly #memory: SharedMemory;
  readonly #log: LogWriter;
  readonly #families = new Map<ColumnMetric, Announced>();
  #labels: LabelSet = {};
  #nextFamily = 1;
  /** About how many records are out of date. */
  #outdated = 0;
  #mostOutdated = MOST_OUTDATED;
  #wipes: { readonly number: number; readonly family: number; readonly pattern: LabelPattern }[] = [];
  #nextWipe = 1;

  constructor(memory: SharedMemory) {
    this.#memory = memory;
    this.#log = new LogWriter(memory);
  }

  registered({ collector, prefix, labels }: Registration): void {
    if (!isColumnMetric(collector)) return;
    const exposure: Exposure = { prefix, labels };
    const known = this.#families.get(collector);
    if (known !== undefined) {
      known.exposures.push(exposure);
      this.#startOver();
      return;
    }
    // A metric that was told to keep its numbers elsewhere can't be read by others.
    const { table } = collector[COLUMNS];
    if (!table.isShared || !table.pages.every((page) => this.#memory.has(page))) return;
    const family = new Announced(this, this.#nextFamily++, collector, exposure);
    this.#families.set(collector, family);
    family.tellAll(this.#log);
  }

  unregistered({ collector, prefix, labels }: Registration): void {
    const family = this.#families.get(collector as ColumnMetric);
    if (family === undefined) return;
    const key = JSON.stringify([prefix, labels]);
    family.exposures = family.exposures.filter((one) => JSON.stringify([one.prefix, one.labels]) !== key);
    if (family.exposures.length > 0) this.#startOver();
    else this.#withdraw(family);
  }

  #withdraw(family: Announced): void {
    this.#families.delete(family.metric);
    family.stop();
    this.#log.begin(RECORD.WITHDRAWN, family.number).append();
    this.countOutdated(family.size + 2);
  }

  labelled(labels: LabelSet): void {
    this.#labels = labels;
    // Labels come before the families that they are for.
    this.#startOver();
  }

  cleared(): void {
    for (const family of this.#families.values()) family.stop();
    this.#families.clear();
    this.labelled({});
  }

  /** Takes away a series on behalf of another thread, if it still is the one that was meant. */
  remove(familyNumber: number, row: number, texts: readonly string[]): void {
    for (const family of this.#families.values()) if (family.number === familyNumber) family.remove(row, texts);
  }

  /** @internal */
  wiped(family: number, pattern: LabelPattern): void {
    const wipe = { number: this.#nextWipe++, family, pattern };
    this.#wipes.push(wipe);
    if (this.#wipes.length > WIPES_KEPT) this.#wipes.shift();
    this.#tellWipe(wipe);
    this.countOutdated(1);
  }

  #tellWipe({ number, family, pattern }: { number: number; family: number; pattern: LabelPattern }): void {
    const json = JSON.stringify(pattern.map((text) => text ?? null));
    this.#log.begin(RECORD.WIPED, family).integer(number).text(json).append();
  }

  /** @internal */
  get log(): LogWriter {
    return this.#log;
  }

  /** @internal */
  countOutdated(records: number): void {
    this.#outdated += records;
    if (this.#outdated > this.#mostOutdated) this.#startOver();
  }

  /** Writes the log anew; whatever is free can be used again then. */
  #startOver(): void {
    let size = 0;
    this.#log.startOver(() => {
      this.#log.begin(RECORD.LABELS).text(JSON.stringify(this.#labels)).append();
      for (const family of this.#families.values()) {
        family.tellAll(this.#log);
        size += family.size;
      }
      for (const wipe of this.#wipes) this.#tellWipe(wipe);
    });
    for (const family of this.#families.values()) family.giveBack();
    this.#outdated = 0;
    this.#mostOutdated = MOST_OUTDATED + 2 * size;
  }
}

/** A family that was announced, and how much was told of it. */
class Announced implements RowWatcher {
  readonly number: number;
  readonly metric: ColumnMetric;
  exposures: Exposure[];
  readonly #announcer: ThreadAnnouncer;
  readonly #family: ColumnFamily;
  #pagesTold = 0;
  /** Rows that others may still take for the series that were there. */
  #held: number[] = [];

  constructor(announcer: ThreadAnnouncer, number: number, metric: ColumnMetric, exposure: Exposure) {
    this.number = number;
    this.metric = metric;
    this.exposures = [exposure];
    this.#announcer = announcer;
    this.#family = metric[COLUMNS];
    this.#family.table.watch(this);
  }

  get size(): number {
    return this.#family.table.size;
  }

  stop(): void {
    this.#family.table.unwatch(this);
    this.giveBack();
  }

  giveBack(): void {
    for (const row of this.#held) this.#family.table.giveBack(row);
    this.#held = [];
  }

  tellAll(log: LogWriter): void {
    const { cells, rowShift } = this.#family.table;
    const { definition, aggregator } = this.metric as ColumnMetric & { readonly aggregator?: string };
    const told: AnnouncedFamily = {
      definition,
      aggregator: aggregator ?? "sum",
      cells,
      rowShift,
      exposures: this.exposures,
    };
    log.begin(RECORD.FAMILY, this.number).text(JSON.stringify(told)).append();
    this.#pagesTold = 0;
    this.#tellPages(log);
    this.#family.table.forEachRow((row) => this.#tellSeries(log, row));
  }

  #tellPages(log: LogWriter): void {
    const { pages } = this.#family.table;
    for (; this.#pagesTold < pages.length; this.#pagesTold++) {
      const page = pages[this.#pagesTold] as Float64Array;
      log
        .begin(RECORD.PAGE, this.number)
        .integer(page.byteOffset / WORD_BYTES)
        .integer(page.length)
        .append();
    }
  }

  #tellSeries(log: LogWriter, row: number): void {
    const { table, extraLabels } = this.#family;
    log.begin(RECORD.SERIES, this.number).integer(row).number(table.createdMs(row));
    const { values } = table;
    for (let i = 0; i < values.length; i++) log.text(table.textAt(row, i));
    log.append();
    if (extraLabels !== undefined) this.#tellFacts(log, row);
  }

  #tellFacts(log: LogWriter, row: number): void {
    const facts = this.#family.extraLabels?.(row);
    if (facts !== undefined) log.begin(RECORD.FACTS, this.number).integer(row).text(JSON.stringify(facts)).append();
  }

  added(row: number): void {
    const { log } = this.#announcer;
    this.#tellPages(log);
    this.#tellSeries(log, row);
  }

  removed(row: number): boolean {
    this.#held.push(row);
    this.#announcer.log.begin(RECORD.REMOVED, this.number).integer(row).append();
    this.#announcer.countOutdated(2);
    return true;
  }

  changed(row: number): void {
    this.#tellFacts(this.#announcer.log, row);
    this.#announcer.countOutdated(1);
  }

  wiped(pattern: LabelPattern): number {
    this.#announcer.wiped(this.number, pattern);
    return 0;
  }

  remove(row: number, texts: readonly string[]): void {
    const { table } = this.#family;
    if (row >= table.rowLimit || !table.isLive(row)) return;
    if (table.textsOf(row).every((text, i) => text === texts[i])) table.remove(row);
  }
}
