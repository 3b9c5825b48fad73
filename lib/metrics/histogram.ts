import { type Clock, systemClock } from "../model/clock.ts";
import type { ExemplarLabels } from "../model/exemplars.ts";
import type { NativeHistogram } from "../model/family.ts";
import type { SomeLabelValues } from "../model/labels.ts";
import { describeMetric } from "../model/names.ts";
import { offerSample } from "../registry/kept-shapes.ts";
import type { ColumnMetric } from "../registry/scrape.ts";
import { BoundSearch } from "../storage/bound-search.ts";
import type { SampleLayout } from "../storage/column-family.ts";
import { DETACHED_PAGE, KeptSeries } from "../storage/kept-series.ts";
import type { NativeBuckets, NativeListener } from "../storage/native-buckets.ts";
import { NativeColumn } from "../storage/native-column.ts";
import type { TimedExemplar } from "../storage/native-exemplars.ts";
import { nativeHistogram } from "../storage/native-row.ts";
import { defaultPages, ordinaryPages } from "../storage/pages.ts";
import { rowShiftFor, type SeriesTable } from "../storage/series-table.ts";
import { publishBlock } from "../storage/shared-blocks.ts";
import { SharedExemplars } from "../storage/shared-exemplars.ts";
import { sharedRow } from "../storage/shared-row.ts";
import { BaseMetric } from "./base-metric.ts";
import { checkBounds, DEFAULT_BOUNDS } from "./bounds.ts";
import { readArguments, takesCalls, type WithExemplar } from "./exemplar-call.ts";
import type { Declaration, LabelledMetric, WithLabels } from "./labelled.ts";
import { exemplarsFor, type MetricExemplars } from "./metric-exemplars.ts";
import { checkNative, type NativeOptions } from "./native-options.ts";
import type { MetricOptions } from "./options.ts";
import { settle } from "./settle.ts";
import { type EndTimer, startTimer } from "./timer.ts";

/** How a histogram is declared. */
export interface HistogramOptions<Name extends string> extends MetricOptions<Name> {
  /**
   * Inclusive upper bounds, strictly increasing, in the unit of the metric; `+Inf` is added for you. A series costs
   * one number for each.
   * `[]` for native buckets alone, if there are such: formats that don't carry them then have the bucket `+Inf` only.
   * @default the bounds of the other client libraries: 0.005 … 10, for seconds
   */
  readonly buckets?: readonly number[];
  /**
   * Native buckets, exponential ones, beside those of `buckets`: `true` for the defaults. Of the formats that servers
   * read today protobuf alone carries them. A series costs eight bytes for each bucket between its least and its greatest
   * observation, 134 KB for each sign at the most.
   * @default none
   */
  readonly native?: NativeOptions | boolean;
  /**
   * Whether its series keep exemplars, one for each bucket and some for the native ones. They are given with the call; see
   * {@link HistogramWithExemplars}.
   * @default false
   */
  readonly enableExemplars?: boolean;
}

/** What a histogram has counted. */
export interface HistogramValue {
  readonly count: number;
  readonly sum: number;
  /** Observations by bucket, not cumulative: one number for each bound and one for `+Inf`. */
  readonly buckets: readonly number[];
  /** The native buckets, if the histogram has such. */
  readonly native?: NativeHistogram;
}

/**
 * A series' cells are its sum, and then the observations by bucket. They are not cumulative: that would be up to one
 * addition a bound at each observation, where now it is one addition a bound at each scrape. There is no cell for the
 * count, which is the sum of the buckets and so always equals the last of them.
 */
export class HistogramSeries extends KeptSeries {
  readonly #search: BoundSearch;
  readonly #clock: Clock;

  /** @internal */
  constructor(table: SeriesTable, search: BoundSearch, clock: Clock) {
    super(table);
    this.#search = search;
    this.#clock = clock;
  }

  /**
   * Counts one observation.
   *
   * @param value any finite number, in the unit of the metric
   * @throws {RangeError} when it is NaN or infinite, which would spoil the sum; nothing changes then
   * @throws {TypeError} when it is no number
   */
  observe(value: number): void {
    // Only a finite number less itself is zero.
    if (typeof value !== "number" || value - value !== 0) refuse(this.table.owner, value);
    if (this.page === DETACHED_PAGE) this.attach();
    const page = this.page;
    const offset = this.offset;
    (page[offset] as number) += value;
    (page[offset + 1 + this.#search.indexOf(value)] as number) += 1;
  }

  /** What was counted so far. */
  get value(): HistogramValue {
    const cells = this.#search.bounds.length + 1;
    const cellsOf = this.hasSeries ? this.page.subarray(this.offset, this.offset + cells) : new Float64Array(cells);
    const [sum = 0, ...buckets] = cellsOf;
    return { count: buckets.reduce((count, n) => count + n, 0), sum, buckets };
  }

  /**
   * Starts a timer; ending it observes the seconds since then.
   *
   * @example
   * const end = latency.labels("/").startTimer();
   * await work();
   * end();
   */
  startTimer(): EndTimer<never> {
    return startTimer(this.#clock.monotonicNow, (seconds) => this.observe(seconds));
  }

  /**
   * Calls a function and observes how many seconds it took, also when it throws; if it returns a promise, until that
   * is settled.
   *
   * @returns what the function returned
   */
  time<Result>(run: () => Result): Result {
    const end = this.startTimer();
    return settle(run, () => end());
  }

  /** Makes the series appear at zero, if it was removed. */
  zero(): void {
    this.attach();
  }
}

/** One series of a histogram that has native buckets, or keeps exemplars, or both. */
export class HistogramSeriesWithExemplars extends HistogramSeries {
  /**
   * Nothing where there are no bounds. It would find the one bucket at once, but V8 puts so much code into one function and
   * no more, and without this what finds the native bucket has room there too (`histogram/kept-observe-native`).
   */
  readonly #search: BoundSearch | undefined;
  readonly #more: More;
  /** The native buckets of the row, as long as the series is attached. */
  #native: NativeBuckets | undefined;
  #row = 0;

  /** @internal */
  constructor(table: SeriesTable, search: BoundSearch, clock: Clock, more: More) {
    super(table, search, clock);
    this.#search = search.bounds.length > 1 ? search : undefined;
    this.#more = more;
  }

  /** @internal */
  override attachTo(row: number): void {
    super.attachTo(row);
    this.#row = row;
    this.#native = this.#more.natives?.at(row);
  }

  /**
   * Counts one observation, and keeps an exemplar of it.
   *
   * @param value any finite number, in the unit of the metric
   * @param exemplarLabels usually the id of a trace; names and values together hold at most 128 characters. They are
   *   copied. `{}` for no exemplar, nothing for an automatic one where there is a source of them. Without
   *   `enableExemplars` they mean nothing.
   * @throws {RangeError} when it is NaN or infinite, which would spoil the sum, or the labels can't be an exemplar's;
   *   nothing changes then
   * @throws {TypeError} when it is no number, or a label no text
   */
  override observe(value: number, exemplarLabels?: ExemplarLabels): void {
    if (typeof value !== "number" || value - value !== 0) refuse(this.table.owner, value);
    const { exemplars } = this.#more;
    const exemplar = exemplars?.read(exemplarLabels, value);
    if (this.page === DETACHED_PAGE) this.attach();
    const page = this.page;
    const offset = this.offset;
    const bucket = this.#search === undefined ? 0 : this.#search.indexOf(value);
    // First, for it may have the series begin anew, and then this is the first observation.
    this.#native?.observe(value);
    (page[offset] as number) += value;
    (page[offset + 1 + bucket] as number) += 1;
    if (exemplars !== undefined) keepExemplar(this.#more, this.#row, bucket, value, exemplar, exemplarLabels);
  }

  override get value(): HistogramValue {
    // This finds the series where it was made anew meanwhile.
    const counted = super.value;
    const native = this.isDetached ? undefined : this.#native;
    return { ...counted, ...(native && { native: nativeHistogram(native) }) };
  }
}

/** What some histograms have beyond their cells. */
interface More {
  readonly natives: NativeColumn | undefined;
  readonly exemplars: MetricExemplars | undefined;
}

/** Keeps the exemplar that was given with an observation, or asks for one. */
function keepExemplar(
  { natives, exemplars }: More,
  row: number,
  bucket: number,
  value: number,
  given: TimedExemplar | undefined,
  labels: unknown,
): void {
  if (given !== undefined) exemplars?.keep(row, bucket, given);
  const kept = given ?? (labels === undefined ? exemplars?.ask(row, bucket, value) : undefined);
  if (kept !== undefined) natives?.at(row)?.keep(kept);
}

function refuse(owner: string, value: unknown): never {
  if (typeof value !== "number") throw new TypeError(`${owner}: observe() takes a number, but got ${typeof value}.`);
  throw new RangeError(`${owner}: observe(${value}) would spoil the sum for ever.`);
}

/**
 * Observations in buckets: latencies, sizes. Quantiles and averages are computed from it by the server, over any time
 * and any number of processes.
 *
 * @example
 * const latency = new Histogram({
 *   name: "request_duration_seconds",
 *   help: "How long requests took.",
 *   labelNames: ["route"],
 *   buckets: [0.01, 0.1, 1],
 * });
 * latency.observe({ route: "/" }, 0.042);
 */
export interface Histogram<Name extends string = string> extends LabelledMetric<Name, HistogramSeries> {
  /** The bounds, without `+Inf`. */
  readonly bounds: readonly number[];
  /**
   * Counts one observation in the series of the labels, or in the only one.
   *
   * @throws {RangeError} when it is NaN or infinite, which would spoil the sum; nothing changes then
   * @throws {TypeError} when it is no number, a label is unknown or its value is none
   */
  observe(...args: WithLabels<Name, [value: number]>): void;
  /**
   * Starts a timer; ending it observes the seconds since then.
   *
   * @param labels those known already; the rest is given at the end
   */
  startTimer(labels?: SomeLabelValues<Name>): EndTimer<Name>;
  /** Times a function, sync or async; for a histogram without labels. See {@link HistogramSeries.time}. */
  time<Result>(
    this: [Name] extends [never] ? Histogram<Name> : string extends Name ? Histogram<Name> : never,
    run: () => Result,
  ): Result;
  /** Makes the series appear, at zero if it is new. */
  zero(...args: WithLabels<Name, []>): void;
}

/** What an observation with an exemplar is as one object. */
interface ObservedValues {
  readonly value: number;
  readonly exemplarLabels?: ExemplarLabels | undefined;
}

/**
 * A histogram that was declared with `enableExemplars: true`: it keeps the latest exemplar of each bucket, and of its
 * native buckets some that are spread over all values.
 *
 * @example
 * const latency = new Histogram({ name: "latency_seconds", help: "L.", labelNames: ["route"], enableExemplars: true });
 * latency.observe({ route: "/" }, 0.042, { trace_id: "4bf92f3577b34da6" });
 * latency.observe({ labels: { route: "/" }, value: 0.042, exemplarLabels: { trace_id: "4bf92f3577b34da6" } }); // the same
 */
export interface HistogramWithExemplars<Name extends string = string>
  extends Omit<Histogram<Name>, "observe" | "labels">,
    LabelledMetric<Name, HistogramSeriesWithExemplars> {
  /**
   * Counts one observation in the series of the labels, or in the only one, and keeps an exemplar of it. All of it may be
   * given in one object, as prom-client takes it, unless a label has one of its names.
   *
   * @throws {RangeError} when it is NaN or infinite, which would spoil the sum, or the labels can't be an exemplar's;
   *   nothing changes then
   * @throws {TypeError} when it is no number, a label is unknown or its value is none
   */
  observe(...args: WithExemplar<Name, [value: number], ObservedValues>): void;
}

/** What a declaration makes: one that takes exemplars only if it says so outright. */
type DeclaredHistogram<Name extends string, Exemplars extends boolean> = [Exemplars] extends [true]
  ? HistogramWithExemplars<Name>
  : Histogram<Name>;

/** Declares histograms; see {@link Histogram}. */
export interface HistogramClass {
  /** @throws {TypeError | RangeError | AlreadyRegisteredError} when the declaration is not valid; nothing is registered */
  new <const Name extends string = never, const Exemplars extends boolean = false>(
    options: Declaration<
      HistogramOptions<Name> & { readonly enableExemplars?: Exemplars },
      DeclaredHistogram<Name, Exemplars>
    >,
  ): DeclaredHistogram<Name, Exemplars>;
  readonly prototype: Histogram;
}

class HistogramMetric extends BaseMetric<HistogramSeries> {
  static {
    Object.defineProperty(HistogramMetric, "name", { value: "Histogram" });
  }

  readonly bounds: readonly number[];
  readonly #search: BoundSearch;
  readonly #clock: Clock;
  /** Native buckets and exemplars, where there are any. */
  readonly #more: More | undefined;

  constructor(options: HistogramOptions<string> & { readonly collect?: (this: unknown) => unknown }) {
    const { name, buckets = DEFAULT_BOUNDS, clock = systemClock, enableExemplars, native } = options ?? {};
    const pages = options?.pages ?? defaultPages();
    const owner = describeMetric("histogram", String(name));
    const settings = checkNative(owner, native);
    const bounds = checkBounds(owner, buckets, settings !== undefined);
    const exemplars = exemplarsFor(owner, enableExemplars, clock.now);
    const cells = bounds.length + 2;
    const samples = layout(bounds);
    const details = {
      buckets: bounds,
      ...(settings && { native: settings }),
      ...(exemplars && { enableExemplars: true }),
    };
    const isShared = pages.isShared === true;
    const shared = sharedRow(cells, isShared ? details : {});
    const sharedExemplars =
      isShared && exemplars !== undefined
        ? new SharedExemplars(pages, samples.length + shared.nativeExemplars)
        : undefined;
    const keepShared = (table: SeriesTable, row: number, place: number, exemplar: TimedExemplar) =>
      sharedExemplars?.set(row, table.pageOf(row), table.offsetOf(row) + shared.exemplars, place, exemplar);
    const natives =
      settings &&
      new NativeColumn({
        // What a thread has counted is added to what others have, so it can't go back to zero by itself.
        settings: isShared ? { ...settings, minResetSeconds: 0 } : settings,
        rowShift: rowShiftFor(shared.cells),
        onReset: (row) => this.table.beginAnew(row, cells),
        now: clock.monotonicNow,
        pages,
      });
    const nativeListener = (table: SeriesTable, row: number): NativeListener => ({
      onBlock: (block) => publishBlock(table.pageOf(row), table.offsetOf(row) + shared.firstBlock, 0, block),
      onExemplar: (place, exemplar) => keepShared(table, row, samples.length + place, exemplar),
    });
    super(
      {
        type: "histogram",
        cells: shared.cells,
        samples,
        details,
        expose: (table, row, into) => expose(table, row, into, cells),
        ...(exemplars && { exemplar: (row: number, sample: number) => exemplars.at(row, sample) }),
        ...(natives && {
          native: (row: number) => natives.at(row),
          blocks: {
            of: (row: number) => natives.at(row)?.block,
            merge: (row: number, block: Float64Array) => natives.at(row)?.mergeBlock(block),
            // Native buckets do not expire.
            epoch: 0,
          },
          beforeView: () => natives.resetDue(),
          onCreate: (row: number, table: SeriesTable) =>
            natives.create(row, isShared ? nativeListener(table, row) : undefined),
        }),
        ...((natives || exemplars) && {
          onRemove: (row: number) => {
            natives?.remove(row);
            exemplars?.forget(row);
            sharedExemplars?.remove(row);
          },
        }),
      },
      options,
    );
    this.bounds = bounds;
    this.#search = new BoundSearch(bounds);
    this.#clock = clock;
    if (natives !== undefined || exemplars !== undefined) this.#more = { natives, exemplars };
    if (exemplars !== undefined && sharedExemplars !== undefined)
      exemplars.onKept = (row, sample, exemplar) => keepShared(this.table, row, sample, exemplar);
    offerSample("histogram", makeSample);
  }

  protected newSeries(): HistogramSeries {
    return this.#more === undefined
      ? new HistogramSeries(this.table, this.#search, this.#clock)
      : new HistogramSeriesWithExemplars(this.table, this.#search, this.#clock, this.#more);
  }

  observe(labels: object | number, value?: number, exemplarLabels?: unknown): void {
    const more = this.#more;
    if (more?.exemplars !== undefined) {
      this.#observeWithExemplar(more, more.exemplars, [labels, value, exemplarLabels]);
      return;
    }
    const isLabelled = typeof labels === "object" && labels !== null;
    const observed = (isLabelled ? value : labels) as number;
    const { table } = this;
    if (typeof observed !== "number" || observed - observed !== 0) refuse(table.owner, observed);
    this.#add(table.rowOf(isLabelled ? labels : NO_LABELS), observed, this.#search.indexOf(observed));
  }

  #add(row: number, value: number, bucket: number): void {
    // First, for it may have the series begin anew, and then this is the first observation.
    if (this.#more !== undefined) this.#more.natives?.at(row)?.observe(value);
    const page = this.table.pageOf(row);
    const offset = this.table.offsetOf(row);
    (page[offset] as number) += value;
    (page[offset + 1 + bucket] as number) += 1;
  }

  #observeWithExemplar(more: More, exemplars: MetricExemplars, args: readonly unknown[]): void {
    const { table } = this;
    const { labels, value, exemplarLabels } = readArguments(table.owner, takesCalls(this.labelNames), args);
    if (typeof value !== "number" || value - value !== 0) refuse(table.owner, value);
    const exemplar = exemplars.read(exemplarLabels, value);
    const row = table.rowOf(labels);
    const bucket = this.#search.indexOf(value);
    this.#add(row, value, bucket);
    keepExemplar(more, row, bucket, value, exemplar, exemplarLabels);
  }

  startTimer(labels?: object): EndTimer<string> {
    const known = labels === undefined ? NO_LABELS : { ...labels };
    return startTimer(this.#clock.monotonicNow, (seconds, more) => {
      this.observe(more === undefined ? known : { ...known, ...more }, seconds);
    });
  }

  time<Result>(run: () => Result): Result {
    return this.labels({}).time(run);
  }

  zero(labels: object = NO_LABELS): void {
    this.table.rowOf(labels);
  }
}

const NO_LABELS = Object.freeze({});

function layout(bounds: readonly number[]): SampleLayout[] {
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((value) => ({
    suffix: "_bucket",
    label: { name: "le", value },
  }));
  return [...buckets, { suffix: "_sum" }, { suffix: "_count" }];
}

/** Cells are the sum and the buckets; samples are the cumulative buckets, the sum and the count. */
function expose(table: SeriesTable, row: number, into: Float64Array, cells: number): void {
  const page = table.pageOf(row);
  const offset = table.offsetOf(row);
  const buckets = cells - 1;
  let count = 0;
  for (let i = 0; i < buckets; i++) {
    count += page[offset + 1 + i] as number;
    into[i] = count;
  }
  into[buckets] = page[offset] as number;
  into[buckets + 1] = count;
}

function makeSample(): ColumnMetric {
  return new HistogramMetric({ name: "a", help: "A.", labelNames: ["a"], registers: [], pages: ordinaryPages });
}

export const Histogram: HistogramClass = HistogramMetric as unknown as HistogramClass;
