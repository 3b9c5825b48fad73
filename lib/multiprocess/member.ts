import type { AggregateFamily } from "./aggregate-family.ts";
import { FrameError } from "./bytes.ts";
import type { Declaration } from "./declaration.ts";
import { ConflictError, type FamilySet } from "./family-set.ts";
import type { FamilySource } from "./family-source.ts";
import type { FrameHeader } from "./frame.ts";
import { type FrameVisitor, type KnownFamily, knownOf, readBody, readHeader } from "./frame-reader.ts";

/** The way to a process. */
export interface MemberLink {
  /** Asks for a report that tells everything. */
  askForAll(): void;
  /** Asks for a report within a time, after which {@link Member.answer} is called with the number. */
  askForFresh(number: number, deadlineMs: number): void;
}

/** What a member works with. */
export interface MemberHost {
  readonly families: FamilySet;
  readonly now: () => number;
  readonly refuse: (reason: "frame" | "family", error: Error) => void;
  /** A family of this name has no living process any more. */
  readonly retell: (name: string) => void;
}

/** A family as one process has declared it. */
interface MemberFamily extends KnownFamily {
  rowLimit: number;
  readonly declaration: Declaration;
  /** Undefined when it was refused. */
  readonly family: AggregateFamily | undefined;
  readonly source: FamilySource | undefined;
  /** Where each label of the aggregated family is among those declared. */
  readonly order: readonly number[];
  /** The aggregated rows by the process's own numbers; -1 where there is none. */
  rows: Int32Array;
}

const noVisit: FrameVisitor = {
  declare: () => {},
  retract: () => {},
  select: () => {},
  announce: () => {},
  remove: () => {},
  cell: () => {},
  endRow: () => {},
  block: () => {},
  exemplar: () => {},
};

/** One process among those that are aggregated, and what it has told so far. */
export class Member {
  readonly slot: number;
  /** When it was heard of last, by this process's clock; undefined before its first report. */
  heardMs: number | undefined;
  /** When it read the values it told last, by its own clock. */
  readMs: number | undefined;
  /** Its process says that it ends, and that this was its last report. */
  isFinal = false;
  /** The names of its families that can't be put together with those of others. */
  readonly refused = new Set<string>();
  #link: MemberLink;
  readonly #host: MemberHost;
  readonly #onLeave: (isExpected: boolean) => void;
  readonly #families = new Map<number, MemberFamily>();
  readonly #sources = new Map<AggregateFamily, FamilySource>();
  #incarnation: number | undefined;
  #sequence = 0;
  /** Everything is being told; what is not told again by the end is gone. */
  #isTellingAll = false;
  /** It was asked to tell everything, and has not begun yet. */
  #isAsked = false;
  #isGone = false;
  /** Who waits for fresh values, by the number of the question. */
  readonly #waiting = new Map<number, () => void>();
  #questions = 0;

  /** @param onLeave called when it leaves its slot, with what {@link leave} was told */
  constructor(slot: number, link: MemberLink, host: MemberHost, onLeave: (isExpected: boolean) => void) {
    this.slot = slot;
    this.#link = link;
    this.#host = host;
    this.#onLeave = onLeave;
  }

  /** The process's own life; undefined before its first report. */
  get incarnation(): number | undefined {
    return this.#incarnation;
  }

  /** Goes on over another link: the process lost the former one, or this one has another life. */
  relink(link: MemberLink): void {
    this.#link = link;
    this.#isAsked = false;
  }

  /** What it has told, by family. */
  get sources(): ReadonlyMap<AggregateFamily, FamilySource> {
    return this.#sources;
  }

  /** Whether the process has told anything. */
  get hasReported(): boolean {
    return this.#incarnation !== undefined;
  }

  /**
   * Takes a frame: all of it or, where it can't be read, nothing.
   *
   * @returns whether it was taken
   */
  receive(bytes: Uint8Array): boolean {
    if (this.#isGone) return false;
    try {
      const { header } = readHeader(bytes);
      if (!this.#isInOrder(header)) {
        // Once a report, for the answer to the last time may have been lost too.
        if (header.isLast) this.#isAsked = false;
        this.askForAll();
        return false;
      }
      // First to its end without consequences, so that a frame which can't be read leaves nothing behind.
      readBody(readHeader(bytes).body, header.isFull ? () => undefined : (id) => this.#families.get(id), noVisit);
      this.#take(header, bytes);
      return true;
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#host.refuse("frame", new FrameError(`A frame of the process in slot ${this.slot}: ${error.message}`));
      if (this.hasReported) this.askForAll();
      return false;
    }
  }

  /** Asks the process to tell everything, once until it does. */
  askForAll(): void {
    if (this.#isAsked || this.#isGone) return;
    this.#isAsked = true;
    this.#link.askForAll();
  }

  /** Asks for fresh values, and resolves when they are there or the time is over. */
  refresh(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const question = this.#questions++;
      const timer = setTimeout(() => this.answer(question), deadlineMs);
      timer.unref();
      this.#waiting.set(question, () => {
        clearTimeout(timer);
        resolve();
      });
      this.#link.askForFresh(question, deadlineMs);
    });
  }

  /** Says that a question for fresh values was answered by the reports that came before this. */
  answer(question: number): void {
    const resolve = this.#waiting.get(question);
    this.#waiting.delete(question);
    resolve?.();
  }

  /**
   * Says that the process has ended. What it has counted stays, and its slot is free for another.
   *
   * @param isExpected whether the process ended in good order, and nobody shall miss it
   */
  leave(isExpected = false): void {
    for (const _ of this.leaving(isExpected));
  }

  /** The same, step by step. Its slot is free from the first step on. */
  *leaving(isExpected: boolean): Iterable<void> {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#onLeave(isExpected);
    for (const question of [...this.#waiting.keys()]) this.answer(question);
    yield* this.#retireAll();
  }

  /** Makes room for what the next frame may tell, step by step. */
  *grow(): Iterable<void> {
    for (const family of this.#sources.keys()) yield* family.grow();
  }

  /** A process that starts over with another life of its own; what it counted in the last one stays. */
  *#retireAll(): Iterable<void> {
    for (const [family, source] of this.#sources) {
      yield* family.retire(source);
      this.#settle(family);
    }
    this.#sources.clear();
    this.#families.clear();
  }

  #isInOrder({ incarnation, sequence, isFull }: FrameHeader): boolean {
    return isFull || (incarnation === this.#incarnation && sequence === this.#sequence + 1);
  }

  #take(header: FrameHeader, bytes: Uint8Array): void {
    if (header.isFull) this.#beginAll(header.incarnation);
    this.#sequence = header.sequence;
    readBody(readHeader(bytes).body, (id) => this.#families.get(id), this.#visitor(header.timeMs));
    this.heardMs = this.#host.now();
    this.readMs = header.timeMs;
    if (!header.isLast) return;
    if (this.#isTellingAll) this.#endAll();
    this.isFinal ||= header.isFinal;
  }

  #beginAll(incarnation: number): void {
    if (this.#incarnation !== undefined && this.#incarnation !== incarnation) for (const _ of this.#retireAll());
    this.#incarnation = incarnation;
    this.#isAsked = false;
    this.#isTellingAll = true;
    this.#families.clear();
    this.refused.clear();
    for (const source of this.#sources.values()) source.unseen = new Set(source.rows());
  }

  #endAll(): void {
    this.#isTellingAll = false;
    const declared = new Set([...this.#families.values()].map(({ family }) => family));
    for (const [family, source] of this.#sources) {
      family.sweep(source);
      if (!declared.has(family)) this.#withdraw(family, source);
    }
  }

  /** Registrars with labels of their own may have declared one family several times, so only its own rows go. */
  #retract(id: number): void {
    const { family, source, rows } = this.#families.get(id) as MemberFamily;
    this.#families.delete(id);
    if (family === undefined || source === undefined) return;
    for (const row of rows) if (row >= 0) family.remove(source, row);
    if (![...this.#families.values()].some((other) => other.source === source)) this.#withdraw(family, source);
  }

  #withdraw(family: AggregateFamily, source: FamilySource): void {
    family.withdraw(source);
    this.#sources.delete(family);
    this.#settle(family);
  }

  /** What is to be done when a family lost a process. */
  #settle(family: AggregateFamily): void {
    this.#host.families.tidy(family);
    if (!family.isLive) this.#host.retell(family.declaration.name);
  }

  #visitor(timeMs: number): FrameVisitor {
    let selected: MemberFamily | undefined;
    const at = (number: number): number => selected?.rows[number] ?? -1;
    return {
      declare: (id, declaration) => this.#families.set(id, this.#declare(declaration)),
      retract: (id) => this.#retract(id),
      select: (id) => {
        selected = this.#families.get(id);
      },
      announce: (number, texts, createdMs) => {
        if (selected === undefined) return;
        selected.rowLimit = Math.max(selected.rowLimit, number + 1);
        if (number >= selected.rows.length) selected.rows = grown(selected.rows, number);
        const { family, source, order } = selected;
        if (family === undefined || source === undefined) return;
        const before = at(number);
        if (before >= 0) family.remove(source, before);
        const row = family.announce(
          source,
          order.map((place) => texts[place] as string),
          createdMs,
        );
        selected.rows[number] = row;
        if (row >= 0) family.endRow(source, row, timeMs);
      },
      remove: (number) => {
        const row = at(number);
        if (selected?.family === undefined || selected.source === undefined || row < 0) return;
        selected.family.remove(selected.source, row);
        selected.rows[number] = -1;
      },
      cell: (number, cell, value) => {
        const row = at(number);
        if (row >= 0) selected?.family?.set(selected.source as FamilySource, row, cell, value);
      },
      endRow: (number) => {
        const row = at(number);
        if (row >= 0) selected?.family?.endRow(selected.source as FamilySource, row, timeMs);
      },
      block: (number, block) => {
        const row = at(number);
        if (row >= 0) selected?.family?.setBlock(selected.source as FamilySource, row, block);
      },
      exemplar: (number, sample, exemplar) => {
        const row = at(number);
        if (row >= 0) selected?.source?.exemplars.set(row, sample, exemplar);
      },
    };
  }

  #declare(declaration: Declaration): MemberFamily {
    const known = { ...knownOf(declaration), declaration, rows: new Int32Array(0) };
    try {
      const family = this.#host.families.familyOf(declaration);
      let source = this.#sources.get(family);
      if (source === undefined) {
        source = family.join(this.slot);
        this.#sources.set(family, source);
      }
      const order = family.declaration.labelNames.map((name) => declaration.labelNames.indexOf(name));
      return { ...known, family, source, order };
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      this.refused.add(error.family);
      this.#host.refuse(
        "family",
        new ConflictError(error.family, `The process in slot ${this.slot}: ${error.message}`),
      );
      return { ...known, family: undefined, source: undefined, order: [] };
    }
  }
}

/** A copy with room for a further row, and some to spare. */
function grown(rows: Int32Array, row: number): Int32Array {
  const larger = new Int32Array(Math.max(16, 2 * rows.length, row + 1)).fill(-1);
  larger.set(rows);
  return larger;
}
