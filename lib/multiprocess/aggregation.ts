import { Counter } from "../metrics/counter.ts";
import { Gauge } from "../metrics/gauge.ts";
import type { ScrapeContext } from "../model/collector.ts";
import type { MetricFamily } from "../model/family.ts";
import { plainFamily } from "../registry/plain-families.ts";
import { COLUMN_FAMILIES, type ColumnCollector, type ColumnMetric } from "../registry/scrape.ts";
import { COLUMNS, type ColumnFamily, FamilyView } from "../storage/column-family.ts";
import { FamilySet } from "./family-set.ts";
import { readHeader } from "./frame-reader.ts";
import { Member, type MemberHost, type MemberLink } from "./member.ts";
import { SlicedWork } from "./sliced-work.ts";
import { framesOf, RETIRED_INCARNATION, restoreRetired } from "./snapshot.ts";

/** How processes are aggregated. */
export interface AggregationOptions {
  /**
   * How often processes report at least, in milliseconds; a process that was silent for three times as long counts as
   * not up.
   * @default 1000
   */
  readonly intervalMs?: number;
  /**
   * How long a scrape asks for fresh values, in milliseconds.
   * @default 0: it waits for nobody
   */
  readonly refreshMs?: number;
  /** Hears of frames that can't be read, and of families that can't be put together. What it throws is ignored. */
  readonly onError?: (error: Error) => void;
  /**
   * The wall clock, in milliseconds since the epoch.
   * @default Date.now
   */
  readonly now?: () => number;
  /**
   * Does what takes long.
   * @default in slices of about a millisecond
   */
  readonly work?: SlicedWork;
}

/** After how many intervals without a report a process counts as not up. */
const SILENT_INTERVALS = 3;

/**
 * What several processes have counted, as one collector.
 *
 * It holds the last report of each, so a scrape waits for none of them. What processes that ended have counted is kept,
 * in one place for all of them. A process that comes gets the lowest slot that is free, so successors inherit the slots
 * of their predecessors and the label `worker` has few values.
 */
export class Aggregation implements ColumnCollector {
  readonly name = "processes";
  readonly intervalMs: number;
  readonly #now: () => number;
  readonly #onError: (error: Error) => void;
  readonly #members: (Member | undefined)[] = [];
  /** Those that have ended and whose counts have yet to be put with those of others that have. */
  readonly #leaving = new Set<Member>();
  readonly #families = new FamilySet((slot) => this.#isHeard(slot));
  readonly #host: MemberHost;
  readonly #refreshMs: number;
  /** What processes have told that has yet to be taken in, and all else that has to wait for that. */
  readonly work: SlicedWork;
  readonly #up = new Gauge({
    name: "tallystick_worker_up",
    help: "Whether the process in this slot lives and has reported lately.",
    labelNames: ["worker"],
    registers: [],
  });
  readonly #lastReport = new Gauge({
    name: "tallystick_worker_last_report_timestamp_seconds",
    help: "When the process in this slot read the values that are exposed.",
    labelNames: ["worker"],
    registers: [],
  });
  readonly #refused = new Counter({
    name: "tallystick_reports_refused_total",
    help: "Frames of processes that could not be read, and families that could not be put together.",
    labelNames: ["reason"],
    registers: [],
  });

  constructor(options: AggregationOptions = {}) {
    const { intervalMs = 1_000, refreshMs = 0, onError = () => {}, now = Date.now, work = new SlicedWork() } = options;
    this.work = work;
    this.intervalMs = intervalMs;
    this.#refreshMs = refreshMs;
    this.#now = now;
    this.#onError = onError;
    this.#host = {
      families: this.#families,
      now,
      refuse: (reason, error) => this.refuse(reason, error),
      retell: (name) => this.#retell(name),
    };
  }

  /** The processes that are there, by slot. */
  get members(): Member[] {
    return this.#members.filter((member) => member !== undefined);
  }

  /** Takes in a process. */
  join(link: MemberLink): Member {
    const free = this.#members.indexOf(undefined);
    const slot = free < 0 ? this.#members.length : free;
    const member = new Member(slot, link, this.#host);
    this.#members[slot] = member;
    this.#up.set({ worker: slot }, 0);
    return member;
  }

  /** Takes a frame of a process, after all that came before it. */
  receive(member: Member, frame: Uint8Array): void {
    this.work.add(() => member.receive(frame));
  }

  /** A process has answered a question for fresh values; what it told before that has to be taken in first. */
  answer(member: Member, question: number): void {
    this.work.add(() => {
      member.answer(question);
      return [];
    });
  }

  /**
   * Says that a process has ended. Its slot is free for another at once. What it has counted stays, after all that it
   * told was taken in.
   *
   * @param isExpected whether it ended in good order, and nobody shall miss it
   */
  leave(member: Member, isExpected = false): void {
    const { slot } = member;
    if (this.#members[slot] !== member) return;
    this.#members[slot] = undefined;
    this.#leaving.add(member);
    if (isExpected) for (const metric of [this.#up, this.#lastReport]) metric.remove({ worker: slot });
    else this.#up.set({ worker: slot }, 0);
    this.work.add(() => this.#retire(member));
  }

  *#retire(member: Member): Iterable<void> {
    yield* member.retire();
    this.#leaving.delete(member);
  }

  /** Counts what could not be taken, and tells of it. */
  refuse(reason: "frame" | "family", error: Error): void {
    this.#refused.inc({ reason });
    this.tell(error);
  }

  /** Tells of what went wrong. */
  tell(error: Error): void {
    try {
      this.#onError(error);
    } catch {
      // A hook that fails must not take the report down with it, and there is nobody left to tell.
    }
  }

  /** Asks every process for fresh values, and waits for who answers in time. */
  async refresh(deadlineMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return;
    const isOver = new Promise<void>((resolve) => signal?.addEventListener("abort", () => resolve(), { once: true }));
    await Promise.race([isOver, Promise.all(this.members.map((member) => member.refresh(deadlineMs)))]);
    await this.work.pending;
  }

  /** A scrape finds all that was told before it. */
  update({ signal }: ScrapeContext): Promise<void> | undefined {
    return this.#refreshMs > 0 ? this.refresh(this.#refreshMs, signal) : this.work.pending;
  }

  [COLUMN_FAMILIES](): readonly ColumnFamily[] {
    for (const { slot, readMs } of this.members) {
      this.#up.set({ worker: slot }, this.#isHeard(slot) ? 1 : 0);
      if (readMs !== undefined) this.#lastReport.set({ worker: slot }, readMs / 1000);
    }
    const own = [this.#up, this.#lastReport, this.#refused] as unknown as readonly ColumnMetric[];
    return [...this.#families.columns, ...own.map((metric) => metric[COLUMNS])];
  }

  /** The contract's way of being collected, for registries of another copy of the library. */
  async collect(context: ScrapeContext): Promise<readonly MetricFamily[]> {
    await this.update(context);
    return plainFamilies(this[COLUMN_FAMILIES]());
  }

  /**
   * What ended processes have left and what living ones have told, for another life of this process: frames, and a step
   * before each. Nothing may be taken in until it is at its end.
   */
  *save(): Iterable<Uint8Array> {
    const timeMs = this.#now();
    const retired = [...this.#families].map((family) => [family, undefined] as const);
    yield* framesOf(RETIRED_INCARNATION, retired, timeMs);
    for (const { incarnation, sources } of [...this.members, ...this.#leaving]) {
      if (incarnation !== undefined) yield* framesOf(incarnation, sources, timeMs);
    }
  }

  /**
   * Takes what another life of this process has saved, step by step.
   *
   * @param link for the processes of that time, until they are there themselves
   * @returns those processes
   */
  *restore(frames: Iterable<Uint8Array>, link: MemberLink): Generator<void, Member[]> {
    const members = new Map<number, Member>();
    const retired: Uint8Array[] = [];
    try {
      for (const frame of frames) {
        const { incarnation } = readHeader(frame).header;
        if (incarnation === RETIRED_INCARNATION) retired.push(frame);
        else {
          const member = members.get(incarnation) ?? this.join(link);
          members.set(incarnation, member);
          yield* member.receive(frame);
        }
      }
      yield* restoreRetired(this.#families, retired);
    } catch (error) {
      this.refuse("frame", error as Error);
    }
    return [...members.values()];
  }

  /** The families without those that tell of the processes. */
  get columns(): readonly ColumnFamily[] {
    return this.#families.columns;
  }

  #isHeard(slot: number): boolean {
    const heardMs = this.#members[slot]?.heardMs;
    return heardMs !== undefined && this.#now() - heardMs <= SILENT_INTERVALS * this.intervalMs;
  }

  /** A family that others were refused for is gone; they may have theirs now. */
  #retell(name: string): void {
    for (const member of this.members) if (member.refused.has(name)) member.askForAll();
  }
}

/** The families as plain data. Those of one name are one, whatever their label names. */
export function plainFamilies(columns: readonly ColumnFamily[]): MetricFamily[] {
  const byName = new Map<string, MetricFamily>();
  for (const one of columns) {
    const view = new FamilyView(one);
    const family = plainFamily(view);
    view.close();
    const known = byName.get(family.name);
    const series = [...(known?.series ?? []), ...family.series];
    // Families of one name have one type, and so series of one kind.
    byName.set(family.name, { ...(known ?? family), series } as MetricFamily);
  }
  return [...byName.values()];
}
