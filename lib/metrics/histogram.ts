import { type Clock, systemClock } from "../model/clock.ts";
import type { SomeLabelValues } from "../model/labels.ts";
import { describeMetric } from "../model/names.ts";
import { BoundSearch } from "../storage/bound-search.ts";
import type { SampleLayout } from "../storage/column-family.ts";
import { DETACHED_PAGE, KeptSeries } from "../storage/kept-series.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { BaseMetric } from "./base-metric.ts";
import { checkBounds, DEFAULT_BOUNDS } from "./bounds.ts";
import type { Declaration, LabelledMetric, WithLabels } from "./labelled.ts";
import type { MetricOptions } from "./options.ts";
import { settle } from "./settle.ts";
import { type EndTimer, startTimer } from "./timer.ts";

/** How a histogram is declared. */
export interface HistogramOptions<Name extends string> extends MetricOptions<Name> {
  /**
   * Inclusive upper bounds, strictly increasing, in the unit of the metric; `+Inf` is added for you. A series costs
   * one number for each.
   * @default the bounds of the other client libraries: 0.005 … 10, for seconds
   */
  readonly buckets?: readonly number[];
}

/** What a histogram has counted. */
export interface HistogramValue {
  readonly count: number;
  readonly sum: number;
  /** Observations by bucket, not cumulative: one number for each bound and one for `+Inf`. */
  readonly buckets: readonly number[];
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
    const { cells } = this.table;
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

/** Declares histograms; see {@link Histogram}. */
export interface HistogramClass {
  /** @throws {TypeError | RangeError | AlreadyRegisteredError} when the declaration is not valid; nothing is registered */
  new <const Name extends string = never>(
    options: Declaration<HistogramOptions<Name>, Histogram<Name>>,
  ): Histogram<Name>;
  readonly prototype: Histogram;
}

class HistogramMetric extends BaseMetric<HistogramSeries> {
  static {
    Object.defineProperty(HistogramMetric, "name", { value: "Histogram" });
  }

  readonly bounds: readonly number[];
  readonly #search: BoundSearch;
  readonly #clock: Clock;

  constructor(options: HistogramOptions<string> & { readonly collect?: (this: unknown) => unknown }) {
    const bounds = checkBounds(describeMetric("histogram", String(options?.name)), options?.buckets ?? DEFAULT_BOUNDS);
    super(
      { type: "histogram", cells: bounds.length + 2, samples: layout(bounds), details: { buckets: bounds }, expose },
      options,
    );
    this.bounds = bounds;
    this.#search = new BoundSearch(bounds);
    this.#clock = options.clock ?? systemClock;
  }

  protected newSeries(): HistogramSeries {
    return new HistogramSeries(this.table, this.#search, this.#clock);
  }

  observe(labels: object | number, value?: number): void {
    const isLabelled = typeof labels === "object" && labels !== null;
    const observed = (isLabelled ? value : labels) as number;
    const { table } = this;
    if (typeof observed !== "number" || observed - observed !== 0) refuse(table.owner, observed);
    const row = table.rowOf(isLabelled ? labels : NO_LABELS);
    const page = table.pageOf(row);
    const offset = table.offsetOf(row);
    (page[offset] as number) += observed;
    (page[offset + 1 + this.#search.indexOf(observed)] as number) += 1;
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
function expose(table: SeriesTable, row: number, into: Float64Array): void {
  const page = table.pageOf(row);
  const offset = table.offsetOf(row);
  const buckets = table.cells - 1;
  let count = 0;
  for (let i = 0; i < buckets; i++) {
    count += page[offset + 1 + i] as number;
    into[i] = count;
  }
  into[buckets] = page[offset] as number;
  into[buckets + 1] = count;
}

export const Histogram: HistogramClass = HistogramMetric as unknown as HistogramClass;
