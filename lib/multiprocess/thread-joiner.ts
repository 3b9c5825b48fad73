import type { Aggregator } from "../model/aggregator.ts";
import type { Clock } from "../model/clock.ts";
import type { Collector, MetricDefinition } from "../model/collector.ts";
import type { LabelSet, MetricFamily } from "../model/family.ts";
import { labelKey } from "../model/labels.ts";
import { CollectorError } from "../registry/errors.ts";
import { firstDifference } from "../registry/get-or-create.ts";
import type { Joined, JoinedFamily } from "../registry/joined.ts";
import { isMetric, type Registration, type ScrapeHost, SLICE_MS } from "../registry/scrape.ts";
import type { RegistryWatcher } from "../registry/watcher.ts";
import type { LabelPattern } from "../storage/table-watchers.ts";
import type { AnnouncedFamily, Exposure } from "./thread-announcer.ts";
import { type Removal, ThreadFamily } from "./thread-family.ts";
import { ThreadInfo } from "./thread-info.ts";
import { LogReader } from "./thread-log.ts";
import { type AnyThreadFamily, type MirrorHost, ThreadMirror } from "./thread-mirror.ts";
import { type Own, ownPart } from "./thread-own.ts";
import type { Part } from "./thread-part.ts";

/** A request to a thread: to let go of rows that were taken away. */
export interface Removals {
  /** Whose memory it is. */
  readonly memory: string;
  readonly rows: readonly { readonly family: number; readonly row: number; readonly texts: readonly string[] }[];
}

interface Thread {
  readonly memory: string;
  readonly threadId: number;
  /** The least number that no living thread has; 0 is the one that scrapes. */
  readonly slot: number;
  readonly buffer: SharedArrayBuffer;
  mirror: ThreadMirror;
  hasEnded: boolean;
}

interface Entry {
  readonly family: AnyThreadFamily;
  key: string;
  joined: JoinedFamily;
  own: Own | undefined;
  /** The metric that is declared in another way here, so that the family is left out. */
  refusedFor: Collector | undefined;
}

/** How the joiner meets its surroundings. */
export interface JoinerHost {
  readonly clock: Clock;
  /** Hands over the messages of threads that have not been delivered yet. */
  readonly receive: () => void;
  /** Asks threads to let go of rows. */
  readonly send: (removals: readonly Removals[]) => void;
}

/** Puts what the threads of the process have counted together with what the thread that scrapes has. */
export class ThreadJoiner implements Joined, RegistryWatcher, MirrorHost {
  readonly #host: JoinerHost;
  readonly #threads = new Map<string, Thread>();
  readonly #entries = new Map<string, Entry>();
  readonly #byFamily = new Map<AnyThreadFamily, Entry>();
  /** The registry's own metrics, by what they are exposed as. */
  readonly #own = new Map<string, Registration>();
  #registrations: Registration[] = [];
  #defaults: LabelSet = {};
  /** What could not be told to a registry yet. */
  #reports: CollectorError[] = [];
  #removals: Removals[] | undefined;

  constructor(host: JoinerHost) {
    this.#host = host;
  }

  // — threads —

  /** Takes in the memory of a thread. Memory that is laid out in another way is left alone. */
  addThread(memory: string, threadId: number, buffer: unknown): void {
    if (this.#threads.has(memory) || !LogReader.canRead(buffer)) return;
    const taken = new Set([...this.#threads.values()].map(({ slot }) => slot));
    let slot = 1;
    while (taken.has(slot)) slot++;
    const mirror = new ThreadMirror(slot, buffer, this);
    mirror.activate();
    this.#threads.set(memory, { memory, threadId, slot, buffer, mirror, hasEnded: false });
  }

  /** Takes note that a thread runs no more. Its counts are kept by the next {@link steps}, and its memory let go. */
  endThread(threadId: number): boolean {
    let isKnown = false;
    for (const thread of this.#threads.values()) {
      if (thread.threadId !== threadId) continue;
      thread.hasEnded = true;
      isKnown = true;
    }
    return isKnown;
  }

  /** How many threads there are whose memory is held. */
  get threadCount(): number {
    return this.#threads.size;
  }

  // — the registry —

  registered(registration: Registration): void {
    this.#registrations.push(registration);
    this.#listOwn();
  }

  unregistered(registration: Registration): void {
    this.#registrations = this.#registrations.filter((one) => one !== registration);
    this.#listOwn();
  }

  labelled(labels: LabelSet): void {
    this.#defaults = labels;
    this.#listOwn();
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) {
      const name = entry.family.descriptor.name;
      const exposed = this.#labelsOf(entry.family.ownLabels);
      entry.joined = joinedFamily(entry.family, exposed, entry.joined.collector);
      entry.key = keyOf(name, exposed);
      // Two that were apart by a label that all have now are exposed side by side, and the scrape reports the clash.
      while (this.#entries.has(entry.key)) entry.key += "'";
      this.#entries.set(entry.key, entry);
    }
  }

  cleared(): void {
    this.#registrations = [];
    this.labelled({});
  }

  #listOwn(): void {
    this.#own.clear();
    for (const registration of this.#registrations) {
      const { collector, prefix, labels } = registration;
      if (!isMetric(collector)) continue;
      this.#own.set(keyOf(prefix + collector.name, this.#labelsOf(labels)), registration);
    }
  }

  #labelsOf(labels: LabelSet): LabelSet {
    return Object.freeze({ ...this.#defaults, ...labels });
  }

  // — scrapes —

  get isEmpty(): boolean {
    this.#host.receive();
    return this.#threads.size === 0 && this.#entries.size === 0;
  }

  update(answerOf: (metric: Collector) => MetricFamily | undefined, host: ScrapeHost): Promise<void> | undefined {
    const report = () => {
      for (const error of this.#reports.splice(0)) host.onFailure(error);
    };
    const steps = this.steps(answerOf)[Symbol.iterator]();
    // The first slice is done at once: mostly there is no other.
    if (runSlice(steps, host)) {
      report();
      return undefined;
    }
    const goOn = async () => {
      do await host.turn();
      while (!runSlice(steps, host));
      report();
    };
    return goOn();
  }

  /** All that a scrape has to do before it can be written, step by step. */
  *steps(answerOf: (metric: Collector) => MetricFamily | undefined): Iterable<void> {
    yield* this.readThreads();
    for (const entry of [...this.#entries.values()]) {
      this.#attachOwn(entry, answerOf);
      if (entry.own !== undefined) yield* entry.own.link();
    }
    for (const { family } of [...this.#entries.values()]) yield* family.refresh(() => this.#catchUp());
    this.#forgetEmpty();
  }

  /** Reads what threads have told since, and keeps what those have counted that have ended; step by step. */
  *readThreads(): Iterable<void> {
    yield* this.#catchUp();
    for (const thread of [...this.#threads.values()]) {
      if (!thread.hasEnded) continue;
      yield* thread.mirror.retire();
      this.#threads.delete(thread.memory);
    }
    this.#sendRemovals();
  }

  *#catchUp(): Iterable<void> {
    for (const thread of [...this.#threads.values()]) {
      while (thread.mirror.hasMore || thread.mirror.isOutdated) {
        if (!thread.mirror.isOutdated) {
          yield* thread.mirror.read();
          continue;
        }
        const next = new ThreadMirror(thread.slot, thread.buffer, this, thread.mirror);
        yield* next.read();
        const former = thread.mirror;
        next.activate();
        thread.mirror = next;
        former.deactivate();
        yield* former.unlink();
      }
    }
  }

  #attachOwn(entry: Entry, answerOf: (metric: Collector) => MetricFamily | undefined): void {
    const registration = this.#own.get(entry.key);
    const metric = registration?.collector;
    if (entry.own?.metric === metric) {
      entry.own?.update(answerOf);
      return;
    }
    if (metric !== undefined && entry.refusedFor === metric) return;
    entry.own?.leave();
    entry.own = undefined;
    entry.refusedFor = undefined;
    if (metric === undefined || !isMetric(metric)) return;
    const difference = differenceOf(metric.definition, entry.family.definition);
    if (difference !== undefined) {
      entry.refusedFor = metric;
      this.#report(entry.family.descriptor.name, difference);
      return;
    }
    entry.own = ownPart(metric, entry.family, (pattern, part) => {
      // Also those that threads have made a moment ago.
      for (const _ of this.#catchUp());
      return this.#wipe(entry.family, pattern, part);
    });
    entry.own.update(answerOf);
  }

  familyWith(metric: Collector, name: string, labels: LabelSet): JoinedFamily | undefined {
    const entry = this.#entries.get(keyOf(name, labels));
    return entry?.own?.metric === metric ? entry.joined : undefined;
  }

  *others(): Iterable<JoinedFamily> {
    for (const { own, refusedFor, joined } of this.#entries.values()) {
      if (own === undefined && refusedFor === undefined) yield joined;
    }
  }

  #forgetEmpty(): void {
    if (this.#threads.size > 0) return;
    for (const [key, { own, family }] of this.#entries) {
      if (own !== undefined || !family.isEmpty) continue;
      this.#entries.delete(key);
      this.#byFamily.delete(family);
    }
  }

  // — families —

  familyFor(
    told: AnnouncedFamily,
    exposure: Exposure,
    defaults: LabelSet,
    thread: number,
  ): AnyThreadFamily | undefined {
    const aggregator = told.aggregator as Aggregator;
    if (aggregator === "omit") return undefined;
    const name = exposure.prefix + told.definition.name;
    const ownLabels: LabelSet = { ...defaults, ...exposure.labels };
    const labels = this.#labelsOf(ownLabels);
    const key = keyOf(name, labels);
    const known = this.#entries.get(key);
    const metric = this.#own.get(key)?.collector;
    const first = metric !== undefined && isMetric(metric) ? metric.definition : known?.family.definition;
    const difference = first && differenceOf(first, told.definition);
    if (difference !== undefined) {
      this.#report(name, difference, thread);
      return undefined;
    }
    if (known !== undefined) return known.family;
    let family: AnyThreadFamily;
    try {
      family =
        told.definition.type === "info"
          ? new ThreadInfo(name, told.definition, ownLabels)
          : new ThreadFamily(name, first ?? told.definition, aggregator, ownLabels, this.#host.clock);
    } catch (error) {
      this.#reports.push(new CollectorError(name, `thread ${thread}: ${(error as Error).message}`, error));
      return undefined;
    }
    // What is counted here comes first.
    this.#attachOwn(this.#addEntry(key, family, labels), () => undefined);
    return family;
  }

  #addEntry(key: string, family: AnyThreadFamily, labels: LabelSet): Entry {
    const joined = joinedFamily(family, labels, { name: family.descriptor.name, collect: () => [] });
    const entry: Entry = { family, key, joined, own: undefined, refusedFor: undefined };
    this.#entries.set(key, entry);
    this.#byFamily.set(family, entry);
    return entry;
  }

  #report(name: string, difference: string, thread?: number): void {
    const who = thread === undefined ? "a thread" : `thread ${thread}`;
    this.#reports.push(new CollectorError(name, `${who} declares it with ${difference}. Its series are left out.`));
  }

  // — removing —

  wipe(family: AnyThreadFamily, pattern: LabelPattern, except: Part): void {
    this.#wipe(family, pattern, except);
  }

  #wipe(family: AnyThreadFamily, pattern: LabelPattern, except: Part): number {
    const entry = this.#byFamily.get(family);
    const wiped = family.wipe(pattern, except, (removal) => this.#hide(removal, entry?.own));
    if (except === entry?.own?.part) this.#sendRemovals();
    return wiped;
  }

  #hide({ part, row, texts, createdMs }: Removal, own: Own | undefined): void {
    if (part === own?.part) {
      own.remove(row);
      return;
    }
    for (const { memory, mirror, hasEnded } of this.#threads.values()) {
      if (mirror !== part.source || hasEnded) continue;
      const family = mirror.numberOf(part);
      if (family === undefined) return;
      mirror.hide(family, row, createdMs);
      this.#removals ??= [];
      const last = this.#removals.at(-1);
      const one = { family, row, texts };
      if (last?.memory === memory) (last.rows as (typeof one)[]).push(one);
      else this.#removals.push({ memory, rows: [one] });
    }
  }

  #sendRemovals(): void {
    if (this.#removals === undefined) return;
    this.#host.send(this.#removals);
    this.#removals = undefined;
  }
}

function joinedFamily(family: AnyThreadFamily, labels: LabelSet, collector: Collector): JoinedFamily {
  const { descriptor, definition } = family;
  return {
    descriptor,
    definition,
    aggregator: family instanceof ThreadInfo ? "sum" : family.aggregator,
    labels,
    collector,
    get series() {
      return family instanceof ThreadInfo ? family.series : family.columns;
    },
  };
}

/** @returns whether all is done */
function runSlice(steps: Iterator<void>, { monotonicNow }: Pick<ScrapeHost, "monotonicNow">): boolean {
  const start = monotonicNow();
  do if (steps.next().done === true) return true;
  while (monotonicNow() - start < SLICE_MS);
  return false;
}

function keyOf(name: string, labels: LabelSet): string {
  return `${name.length}:${name}${labelKey(labels)}`;
}

/**
 * In words, where a thread's definition differs from the first, if it does in more than help, the order of labels, how
 * native buckets count, and whether exemplars are kept.
 */
function differenceOf(first: MetricDefinition, told: MetricDefinition): string | undefined {
  const plain = ({ details, labelNames, ...definition }: MetricDefinition) => {
    const { enableExemplars, native, ...others } = details;
    return {
      ...definition,
      help: "",
      labelNames: [...labelNames].sort(),
      details: { ...others, ...(native !== undefined && { native: true }) },
    };
  };
  return firstDifference(plain(told), plain(first));
}
