import type { AggregateFamily } from "./aggregate-family.ts";
import { FrameError } from "./bytes.ts";
import type { FamilySource } from "./family-source.ts";
import type { FrameHeader } from "./frame.ts";
import { readBody, readHeader } from "./frame-reader.ts";
import { ToldFamilies, type ToldFamiliesHost } from "./told-families.ts";

/** The way to a process. */
export interface MemberLink {
  /** Asks for a report that tells everything. */
  askForAll(): void;
  /** Asks for a report within a time, after which {@link Member.answer} is called with the number. */
  askForFresh(number: number, deadlineMs: number): void;
}

/** What a member works with. */
export interface MemberHost extends ToldFamiliesHost {
  readonly now: () => number;
  readonly refuse: (reason: "frame" | "family", error: Error) => void;
}

/**
 * One process among those that are aggregated, and what it has told so far.
 *
 * Its frames are taken in step by step, and it is folded so when the process has ended. Whoever goes through the steps
 * has to finish one such work on a member before the next begins; {@link Aggregation} does it for all of them.
 */
export class Member {
  readonly slot: number;
  /** When it was heard of last, by this process's clock; undefined before its first report. */
  heardMs: number | undefined;
  /** When it read the values it told last, by its own clock. */
  readMs: number | undefined;
  /** Its process says that it ends, and that this was its last report. */
  isFinal = false;
  #link: MemberLink;
  readonly #host: MemberHost;
  readonly #told: ToldFamilies;
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

  constructor(slot: number, link: MemberLink, host: MemberHost) {
    this.slot = slot;
    this.#link = link;
    this.#host = host;
    this.#told = new ToldFamilies(slot, host);
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
    return this.#told.sources;
  }

  /** The names of its families that can't be put together with those of others. */
  get refused(): ReadonlySet<string> {
    return this.#told.refused;
  }

  /** Whether the process has told anything. */
  get hasReported(): boolean {
    return this.#incarnation !== undefined;
  }

  /**
   * Takes a frame, step by step: all of it or, where it can't be read, nothing.
   *
   * @returns whether it was taken
   */
  *receive(bytes: Uint8Array): Generator<void, boolean> {
    if (this.#isGone) return false;
    try {
      const { header, body } = readHeader(bytes);
      if (!this.#isInOrder(header)) {
        // Once a report, for the answer to the last time may have been lost too.
        if (header.isLast) this.#isAsked = false;
        this.askForAll();
        return false;
      }
      // First to its end without consequences, so that a frame which can't be read leaves nothing behind.
      yield* readBody(body, header.isFull ? () => undefined : (id) => this.#told.known(id));
      yield* this.#take(header, bytes);
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

  /** The process has ended: what it has counted stays, in one place with that of others. Step by step. */
  *retire(): Iterable<void> {
    this.#isGone = true;
    for (const question of [...this.#waiting.keys()]) this.answer(question);
    yield* this.#told.retire();
  }

  #isInOrder({ incarnation, sequence, isFull }: FrameHeader): boolean {
    return isFull || (incarnation === this.#incarnation && sequence === this.#sequence + 1);
  }

  *#take(header: FrameHeader, bytes: Uint8Array): Iterable<void> {
    if (header.isFull) yield* this.#beginAll(header.incarnation);
    this.#sequence = header.sequence;
    for (const _ of readBody(readHeader(bytes).body, (id) => this.#told.known(id), this.#told.visitor(header.timeMs))) {
      yield;
      yield* this.#told.grow();
    }
    this.heardMs = this.#host.now();
    this.readMs = header.timeMs;
    if (!header.isLast) return;
    if (this.#isTellingAll) {
      this.#isTellingAll = false;
      yield* this.#told.endAll();
    }
    this.isFinal ||= header.isFinal;
  }

  *#beginAll(incarnation: number): Iterable<void> {
    // A process that starts over with another life of its own: what it counted in the last one stays.
    if (this.#incarnation !== undefined && this.#incarnation !== incarnation) yield* this.#told.retire();
    this.#incarnation = incarnation;
    this.#isAsked = false;
    this.#isTellingAll = true;
    this.#told.beginAll();
  }
}
