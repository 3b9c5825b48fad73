import type { MetricDefinition } from "../model/collector.ts";
import type { LabelSet } from "../model/family.ts";
import { WORD_BYTES } from "../storage/shared-memory.ts";
import { sharedRow } from "../storage/shared-row.ts";
import type { LabelPattern } from "../storage/table-watchers.ts";
import { cellsOf } from "./declaration.ts";
import type { AnnouncedFamily, Exposure } from "./thread-announcer.ts";
import type { ThreadFamily } from "./thread-family.ts";
import type { ThreadInfo } from "./thread-info.ts";
import { LogReader, RECORD } from "./thread-log.ts";
import { Part, type Source } from "./thread-part.ts";

/** How many records are read between two looks at the clock. */
const RECORDS_PER_STEP = 64;

/** A family of several threads, whatever its type. */
export type AnyThreadFamily = ThreadFamily | ThreadInfo;

/** Where what is read of a thread goes. */
export interface MirrorHost {
  /** The family that an announced one is part of; undefined if it can't be, which was reported then. */
  familyFor(told: AnnouncedFamily, exposure: Exposure, defaults: LabelSet, thread: number): AnyThreadFamily | undefined;
  /** A thread's user has taken series away: the other threads' go too. */
  wipe(family: AnyThreadFamily, pattern: LabelPattern, except: Part): void;
}

/** A part of an announced family in a family of several threads. */
interface Attached {
  readonly family: AnyThreadFamily;
  readonly part: Part;
  /** For each label of the family, which of the announced ones it is. */
  readonly order: readonly number[];
}

interface MirroredFamily {
  readonly pages: Float64Array[];
  readonly attached: readonly Attached[];
  readonly labels: number;
  /** Rows that were taken away here and that their thread has yet to let go, with when their series were created. */
  readonly hidden: Map<number, number>;
}

/**
 * What a thread's log says, read step by step. When the thread starts its log over, another mirror takes this one's
 * place as soon as it has read as much.
 */
export class ThreadMirror implements Source {
  readonly thread: number;
  readonly #buffer: SharedArrayBuffer;
  readonly #host: MirrorHost;
  readonly #reader: LogReader;
  readonly #families = new Map<number, MirroredFamily>();
  readonly #former: ThreadMirror | undefined;
  #defaults: LabelSet = {};
  #isActive = false;
  /** The families that got series in this step. */
  readonly #grown = new Set<AnyThreadFamily>();
  /** The number of the last removal that the other threads were told of. */
  #lastWipe: number;

  /** @param former what it takes the place of */
  constructor(thread: number, buffer: SharedArrayBuffer, host: MirrorHost, former?: ThreadMirror) {
    this.thread = thread;
    this.#buffer = buffer;
    this.#host = host;
    this.#reader = new LogReader(buffer);
    this.#former = former;
    this.#lastWipe = former === undefined ? 0 : former.#lastWipe;
  }

  get isOutdated(): boolean {
    return this.#reader.isOutdated;
  }

  /** Whether the log has more to say. */
  get hasMore(): boolean {
    return this.#reader.hasMore;
  }

  /** Reads on, step by step, until there is no more to read, or all of it is out of date. */
  *read(): Iterable<void> {
    for (let records = 1; this.#reader.next(); records++) {
      this.#take();
      if (records % RECORDS_PER_STEP !== 0) continue;
      for (const family of this.#grown) yield* family.grow();
      this.#grown.clear();
      yield;
    }
  }

  /** Has the numbers counted from now on. */
  activate(): void {
    this.#isActive = true;
    for (const { attached } of this.#families.values()) for (const { family, part } of attached) family.add(part);
  }

  /** Has nothing counted any more. */
  deactivate(): void {
    for (const { attached } of this.#families.values()) for (const { family, part } of attached) family.leave(part);
  }

  /** Takes the series back, step by step. */
  *unlink(): Iterable<void> {
    for (const { attached } of this.#families.values()) {
      for (const { family, part } of attached) yield* family.unlinkAll(part);
    }
  }

  /** Keeps what was counted, and takes the rest back; step by step. */
  *retire(): Iterable<void> {
    for (const { attached } of this.#families.values())
      for (const { family, part } of attached) yield* family.retire(part);
  }

  /** Which announced family a part is of. */
  numberOf(part: Part): number | undefined {
    for (const [number, { attached }] of this.#families) if (attached.some((one) => one.part === part)) return number;
    return undefined;
  }

  /** Takes no more notice of a row's series. */
  hide(familyNumber: number, row: number, createdMs: number): void {
    const family = this.#families.get(familyNumber);
    if (family === undefined) return;
    family.hidden.set(row, createdMs);
    for (const { family: joined, part } of family.attached) joined.unlink(part, row);
  }

  #take(): void {
    const reader = this.#reader;
    switch (reader.kind) {
      case RECORD.LABELS:
        this.#defaults = JSON.parse(reader.text()) as LabelSet;
        return;
      case RECORD.FAMILY:
        this.#addFamily(reader.family, JSON.parse(reader.text()) as AnnouncedFamily);
        return;
      case RECORD.WITHDRAWN:
        this.#withdraw(reader.family);
        return;
      case RECORD.PAGE: {
        const address = reader.integer();
        const page = new Float64Array(this.#buffer, address * WORD_BYTES, reader.integer());
        this.#families.get(reader.family)?.pages.push(page);
        return;
      }
      case RECORD.SERIES:
        this.#addSeries();
        return;
      case RECORD.REMOVED:
        this.#remove(reader.integer());
        return;
      case RECORD.FACTS: {
        const row = reader.integer();
        const facts = JSON.parse(reader.text()) as LabelSet;
        for (const { family, part } of this.#families.get(reader.family)?.attached ?? [])
          if ("tell" in family) family.tell(part, row, facts);
        return;
      }
      case RECORD.WIPED:
        this.#wipe(reader.integer(), JSON.parse(reader.text()) as (string | null)[]);
        return;
      default:
        // A newer version may tell more; its layout would have another number if it could not be left out.
        return;
    }
  }

  #addFamily(number: number, told: AnnouncedFamily): void {
    const pages: Float64Array[] = [];
    const attached: Attached[] = [];
    const numbers = cellsOf(told.definition);
    for (const exposure of told.exposures) {
      const family = this.#host.familyFor(told, exposure, this.#defaults, this.thread);
      if (family === undefined) continue;
      const shared = sharedRow(numbers, told.definition.details);
      const part = new Part(
        this.thread,
        { pages, cells: told.cells, rowShift: told.rowShift },
        { source: this, shared },
      );
      attached.push({ family, part, order: orderOf(family.definition, told.definition) });
      if (this.#isActive) family.add(part);
    }
    const former = this.#former;
    const hidden = new Map(former === undefined ? [] : former.#families.get(number)?.hidden);
    this.#families.set(number, { pages, attached, labels: told.definition.labelNames.length, hidden });
  }

  #withdraw(number: number): void {
    for (const { family, part } of this.#families.get(number)?.attached ?? []) family.drop(part);
    this.#families.delete(number);
  }

  #addSeries(): void {
    const reader = this.#reader;
    const family = this.#families.get(reader.family);
    if (family === undefined) return;
    const row = reader.integer();
    const createdMs = reader.number();
    const texts: string[] = [];
    for (let i = 0; i < family.labels; i++) texts.push(reader.text());
    if (family.hidden.get(row) === createdMs) return;
    family.hidden.delete(row);
    for (const { family: joined, part, order } of family.attached) {
      joined.link(
        part,
        row,
        order.map((i) => texts[i] as string),
        createdMs,
      );
      this.#grown.add(joined);
    }
  }

  #remove(row: number): void {
    const family = this.#families.get(this.#reader.family);
    family?.hidden.delete(row);
    for (const { family: joined, part } of family?.attached ?? []) joined.unlink(part, row);
  }

  #wipe(number: number, given: readonly (string | null)[]): void {
    if (number <= this.#lastWipe) return;
    this.#lastWipe = number;
    for (const { family, part, order } of this.#families.get(this.#reader.family)?.attached ?? []) {
      this.#host.wipe(
        family,
        order.map((i) => given[i] ?? undefined),
        part,
      );
    }
  }
}

/** For each label name of one definition, where the other has it. They have the same. */
function orderOf(family: MetricDefinition, told: MetricDefinition): readonly number[] {
  return family.labelNames.map((name) => told.labelNames.indexOf(name));
}
