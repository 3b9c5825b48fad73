// The first two steps of a scrape: collectors are asked, and what they gave is put together.
import type { FamilyPart, Format, ScrapedFamily } from "../formats/format.ts";
import type { Collector, Metric, ScrapeContext } from "../model/collector.ts";
import type { FamilyDescriptor, LabelSet, MetricFamily } from "../model/family.ts";
import { COLUMNS, type ColumnFamily, FamilyView } from "../storage/column-family.ts";
import { ask, isThenable, nameOf, type Outcome } from "./collection.ts";
import { CollectorError } from "./errors.ts";
import { type Found, Gathering, type NameOwner } from "./gathering.ts";
import type { Joined, JoinedFamily } from "./joined.ts";
import { plainFamily } from "./plain-families.ts";

/** How long a scrape holds the event loop before it lets it turn. */
export const SLICE_MS = 1;

/** How many registrations are put together between two looks at the clock. */
const REGISTRATIONS_PER_STEP = 128;

/** How long collectors have by default. */
export const DEFAULT_DEADLINE_MS = 5_000;

/** What `setTimeout` takes at most. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/** What one scrape may say. */
export interface ScrapeOptions {
  /**
   * How long collectors have before the scrape goes on without them, in milliseconds.
   * @default 5000
   */
  readonly deadlineMs?: number;
  /** Ends the scrape: its reader went away. */
  readonly signal?: AbortSignal;
  /**
   * What the exposition is written in.
   * @default the format that the registry's content type names
   */
  readonly format?: Format;
  /**
   * Restricts the scrape to the families of these names; the name of one of its samples, `wait_seconds_bucket`, names a
   * family too. Collectors that tell beforehand that they have none of them are not asked.
   * @default all families
   */
  readonly names?: readonly string[];
}

/** Memory with a stretch of the exposition, lent until it is released. */
export interface LeasedChunk {
  readonly bytes: Uint8Array;
  /** Says that the bytes were read; they are written over afterwards. */
  release(): void;
}

/** The key of a metric's {@link UpdateGroup}, in its declaration too. */
export const GROUP: unique symbol = Symbol("group");

/** The key of the metrics of an {@link UpdateGroup}. */
export const MEMBERS: unique symbol = Symbol("members");

/** A metric of this copy of the library: the scrape reads its columns. */
export interface ColumnMetric extends Metric {
  readonly [COLUMNS]: ColumnFamily;
  /** Brings the numbers up to date; where it is absent they always are. */
  readonly update?: ((context: ScrapeContext) => unknown) | undefined;
  /** Which others it is brought up to date with: then the group is asked, and not the metric. */
  readonly [GROUP]?: UpdateGroup | undefined;
}

/** Metrics that one call brings up to date, so that a scrape has the numbers of one moment of all of them. */
export interface UpdateGroup {
  /** Names it where it failed. */
  readonly name: string;
  readonly [MEMBERS]: readonly ColumnMetric[];
  readonly update: (context: ScrapeContext) => unknown;
}

/** The key of {@link ColumnCollector}'s families. */
export const COLUMN_FAMILIES: unique symbol = Symbol("column families");

/** A collector of this copy of the library that brings any number of families in columns. */
export interface ColumnCollector extends Collector {
  /** The families there are, once `update` has answered. */
  readonly [COLUMN_FAMILIES]: () => readonly ColumnFamily[];
  /** Brings the families up to date; where it is absent they always are. */
  readonly update?: ((context: ScrapeContext) => unknown) | undefined;
}

/** A collector as a registry exposes it: under a prefix, with labels of the registrar it came through. */
export interface Registration {
  readonly collector: Collector;
  readonly prefix: string;
  readonly labels: LabelSet;
}

/** What a scrape needs to know of its surroundings. */
export interface ScrapeHost {
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonicNow: () => number;
  /** Lets the event loop turn once. */
  readonly turn: () => Promise<void>;
  /** Hears of each collector that failed. */
  readonly onFailure: (error: CollectorError) => void;
}

/** What others have counted for the registry. */
export interface Joining {
  readonly joined: Joined;
  /** Whether a family is asked for that nobody has registered. */
  readonly isWanted: (name: string) => boolean;
}

export function isColumnMetric(collector: Collector): collector is ColumnMetric {
  return COLUMNS in collector;
}

export function isMetric(collector: Collector): collector is Metric {
  return isColumnMetric(collector) || (typeof collector.name === "string" && "definition" in collector);
}

function isColumnCollector(collector: Collector): collector is ColumnCollector {
  return COLUMN_FAMILIES in collector;
}

/** What collecting gave: the families in the order of registration, and the views to close afterwards. */
export interface Collected {
  readonly families: ScrapedFamily[];
  close(): void;
}

function isGroup(asked: Collector | UpdateGroup): asked is UpdateGroup {
  return MEMBERS in asked;
}

/** Who brings the numbers up to date: the group of a metric that has one, else whoever has them. */
function groupOf<Asked extends ColumnMetric | ColumnCollector | UpdateGroup>(asked: Asked): Asked | UpdateGroup {
  return (GROUP in asked ? asked[GROUP] : undefined) ?? asked;
}

/** Asks whoever has columns to bring them up to date; `then` and the result are those of {@link ask}. */
export function askToUpdate(
  asked: ColumnMetric | ColumnCollector | UpdateGroup,
  then: (outcome: Outcome) => void,
): (isLate: boolean) => void {
  const updated = groupOf(asked);
  return ask(
    updated,
    (context) => {
      if (updated.update === undefined) return [];
      // Scrapes that still print what the last update set get a copy of it.
      if (isGroup(updated)) for (const metric of updated[MEMBERS]) metric[COLUMNS].table.freezeLeases();
      else if (isColumnMetric(updated)) updated[COLUMNS].table.freezeLeases();
      const answer = updated.update(context);
      // Its answer is in the columns; what it returned only says when.
      return isThenable(answer) ? Promise.resolve(answer).then(() => []) : [];
    },
    then,
  );
}

/**
 * Steps one and two of a scrape: asks all collectors side by side, then puts together what they gave. Whoever threw,
 * was late or gave something that can't be exposed is left out, and reported.
 *
 * @param registrations in the order of exposition; a list that nobody changes, for answers are known by their place in it
 * @param labelsOf the constant labels of a registration, one and the same object as long as they do not change
 * @param ownersOf who exposes a name since registration
 * @param joining what others have counted, if there are others
 */
export async function collectFamilies(
  registrations: readonly Registration[],
  labelsOf: (registration: Registration) => LabelSet,
  ownersOf: (name: string) => readonly NameOwner[],
  { deadlineMs = DEFAULT_DEADLINE_MS, signal }: ScrapeOptions,
  host: ScrapeHost,
  joining?: Joining,
): Promise<Collected> {
  signal?.throwIfAborted();
  const views: FamilyView[] = [];
  const close = () => {
    for (const view of views) view.close();
  };
  const open = (columns: ColumnFamily) => {
    const view = new FamilyView(columns);
    views.push(view);
    return view;
  };
  try {
    const answers = await askAll(registrations, open, deadlineMs, signal, host);
    signal?.throwIfAborted();
    const joint = joining && (await joinFamilies(registrations, joining, labelsOf, answers, host));
    signal?.throwIfAborted();
    const gathering = new Gathering(ownersOf);
    const toCheck: { readonly collector: Collector; readonly found: readonly Found[]; readonly order: number }[] = [];
    const putTogether = (order: number) => {
      const registration = registrations[order] as Registration;
      const { collector } = registration;
      const withOthers = joint?.with.get(registration);
      if (withOthers === undefined && isColumnMetric(collector)) {
        // Most are such, and an exposition of a few lines each is quickly written: this makes no lists.
        const view = isUpToDate(collector) ? open(collector[COLUMNS]) : answers.views[order]?.[0];
        if (view === undefined) return;
        const found = foundIn(view, registration, labelsOf(registration));
        if (isCheckedAlready(found)) gathering.add(found, order);
        else toCheck.push({ collector, found: [found], order });
        return;
      }
      const found =
        withOthers === undefined
          ? foundFor(registration, labelsOf(registration), answers, order, open)
          : foundJoined(withOthers, open);
      // Those of a column collector have different origins, so that one which clashes is no reason to leave out others.
      if (isColumnCollector(collector)) for (const one of found) toCheck.push({ collector, found: [one], order });
      else toCheck.push({ collector, found, order });
    };
    let sliceStart = host.monotonicNow();
    for (let start = 0; start < registrations.length; start += REGISTRATIONS_PER_STEP) {
      // Thousands of families take their time, too.
      if (start > 0 && host.monotonicNow() - sliceStart >= SLICE_MS) {
        await host.turn();
        signal?.throwIfAborted();
        sliceStart = host.monotonicNow();
      }
      const end = Math.min(start + REGISTRATIONS_PER_STEP, registrations.length);
      for (let order = start; order < end; order++) putTogether(order);
    }
    for (const [i, other] of (joint?.others ?? []).entries()) {
      toCheck.push({ collector: other.collector, found: foundJoined(other, open), order: registrations.length + i });
    }
    for (const { collector, found, order } of toCheck) {
      try {
        gathering.addChecked(collector, found, order);
      } catch (error) {
        host.onFailure(new CollectorError(nameOf(collector), (error as Error).message, error));
      }
    }
    return { families: gathering.families, close };
  } catch (error) {
    close();
    throw error;
  }
}

interface Joint {
  readonly with: ReadonlyMap<Registration, JoinedFamily>;
  readonly others: readonly JoinedFamily[];
}

/** Puts what others have counted together with what the registry's own metrics have. */
async function joinFamilies(
  registrations: readonly Registration[],
  { joined, isWanted }: Joining,
  labelsOf: (registration: Registration) => LabelSet,
  answers: Answers,
  host: ScrapeHost,
): Promise<Joint | undefined> {
  if (joined.isEmpty) return undefined;
  const updated = joined.update((metric) => answers.families.get(metric)?.[0], host);
  if (updated !== undefined) await updated;
  const families = new Map<Registration, JoinedFamily>();
  for (const [order, registration] of registrations.entries()) {
    const { collector, prefix } = registration;
    // What failed to bring itself up to date is left out, as it is where there are no others.
    if (!isMetric(collector) || hasFailed(collector, order, answers)) continue;
    const family = joined.familyWith(collector, prefix + collector.name, labelsOf(registration));
    if (family !== undefined) families.set(registration, family);
  }
  return { with: families, others: [...joined.others()].filter(({ descriptor }) => isWanted(descriptor.name)) };
}

function hasFailed(collector: Collector, order: number, { views, families }: Answers): boolean {
  if (!isColumnMetric(collector)) return !families.has(collector);
  return collector.update !== undefined && views[order] === undefined;
}

function foundJoined(
  { descriptor, labels, series }: JoinedFamily,
  open: (columns: ColumnFamily) => FamilyView,
): Found[] {
  const part: FamilyPart =
    "table" in series
      ? { kind: "columns", view: open(series), constantLabels: labels }
      : { kind: "plain", family: series, constantLabels: labels };
  return [{ descriptor, part }];
}

/** What a registration brings into the exposition that is no metric of ours. */
function foundFor(
  registration: Registration,
  constantLabels: LabelSet,
  { views, families }: Answers,
  order: number,
  open: (columns: ColumnFamily) => FamilyView,
): readonly Found[] {
  const { collector, prefix } = registration;
  if (isColumnCollector(collector)) {
    const opened = isUpToDate(collector) ? collector[COLUMN_FAMILIES]().map(open) : (views[order] ?? []);
    return opened.map((view) => foundIn(view, registration, constantLabels));
  }
  return (families.get(collector) ?? []).map((family) => ({
    descriptor: exposedAs(family, prefix),
    part: { kind: "plain", family, constantLabels },
  }));
}

/** A family in columns that a registration brings. */
function foundIn(view: FamilyView, registration: Registration, constantLabels: LabelSet): Found {
  const { descriptor } = view.family;
  return {
    descriptor: registration.prefix === "" ? descriptor : prefixed(descriptor, registration.prefix),
    part: partOf(view, constantLabels),
    isDeclared: isColumnMetric(registration.collector),
  };
}

/** No format reads gauge histograms from columns, so few are there. */
function partOf(view: FamilyView, constantLabels: LabelSet): FamilyPart {
  if (view.family.descriptor.type !== "gaugehistogram") return { kind: "columns", view, constantLabels };
  return { kind: "plain", family: plainFamily(view), constantLabels };
}

function isUpToDate(collector: Collector): boolean {
  return (collector as Partial<ColumnMetric>).update === undefined;
}

/** What descriptors were last exposed as under a prefix, so that what is written of them can be kept. */
const prefixedDescriptors = new WeakMap<FamilyDescriptor, FamilyDescriptor>();

function prefixed(descriptor: FamilyDescriptor, prefix: string): FamilyDescriptor {
  const known = prefixedDescriptors.get(descriptor);
  if (known?.name === prefix + descriptor.name) return known;
  const made = exposedAs(descriptor, prefix);
  prefixedDescriptors.set(descriptor, made);
  return made;
}

function exposedAs({ name, type, help, unit }: FamilyDescriptor, prefix: string): FamilyDescriptor {
  return { name: prefix + name, type, help, ...(unit !== undefined && { unit }) };
}

/** Whether nothing can clash that did not at registration. Labels beyond the declared ones could. */
function isCheckedAlready({ part, isDeclared }: Found): boolean {
  return isDeclared === true && part.kind === "columns" && !part.view.hasExtraLabels;
}

interface Answers {
  /** Of whoever was brought up to date, by the place of its registration. */
  readonly views: readonly (readonly FamilyView[] | undefined)[];
  readonly families: ReadonlyMap<Collector, readonly MetricFamily[]>;
}

function askAll(
  registrations: readonly Registration[],
  open: (columns: ColumnFamily) => FamilyView,
  deadlineMs: number,
  signal: AbortSignal | undefined,
  host: ScrapeHost,
): Promise<Answers> {
  const views: (readonly FamilyView[] | undefined)[] = [];
  const families = new Map<Collector, readonly MetricFamily[]>();
  /** Who is to be asked, and the places of the registrations that this is for. */
  const asked = new Map<Collector | UpdateGroup, number[]>();
  for (let order = 0; order < registrations.length; order++) {
    const { collector } = registrations[order] as Registration;
    const isColumns = isColumnMetric(collector) || isColumnCollector(collector);
    if (isColumns && isUpToDate(collector)) continue;
    const whom = isColumns ? groupOf(collector) : collector;
    const others = asked.get(whom);
    if (others === undefined) asked.set(whom, [order]);
    else others.push(order);
  }
  const awaited = new Map<Collector | UpdateGroup, (isLate: boolean) => void>();
  return new Promise((resolve) => {
    let isOver = false;
    let isAsking = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = () => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      const isAborted = signal?.aborted === true;
      for (const [whom, stopWaiting] of awaited) {
        stopWaiting(!isAborted);
        if (isAborted) continue;
        host.onFailure(new CollectorError(nameOf(whom), `it did not answer within ${deadlineMs} ms.`));
      }
      resolve({ views, families });
    };
    for (const [whom, orders] of asked) {
      let hasAnswered = false;
      const then = (outcome: Outcome) => {
        hasAnswered = true;
        awaited.delete(whom);
        if (isOver) return;
        if (!outcome.ok) host.onFailure(outcome.error);
        else {
          for (const order of orders) {
            const { collector } = registrations[order] as Registration;
            if (isColumnMetric(collector)) views[order] = [open(collector[COLUMNS])];
            else if (isColumnCollector(collector)) views[order] = collector[COLUMN_FAMILIES]().map(open);
            else families.set(collector, outcome.families);
          }
        }
        if (awaited.size === 0 && !isAsking) end();
      };
      const stopWaiting =
        isGroup(whom) || isColumnMetric(whom) || isColumnCollector(whom)
          ? askToUpdate(whom, then)
          : ask(whom, (context) => whom.collect(context), then);
      if (!hasAnswered) awaited.set(whom, stopWaiting);
    }
    isAsking = false;
    if (awaited.size === 0 || signal?.aborted === true) return end();
    timer = setTimeout(end, Math.min(deadlineMs, LONGEST_TIMEOUT_MS));
    signal?.addEventListener("abort", end);
  });
}
