import { type Clock, systemClock } from "../model/clock.ts";
import type { SomeLabelValues } from "../model/labels.ts";
import { describeMetric } from "../model/names.ts";
import type { SampleLayout } from "../storage/column-family.ts";
import { DETACHED_PAGE, KeptSeries } from "../storage/kept-series.ts";
import { ObjectColumn } from "../storage/object-column.ts";
import { defaultPages } from "../storage/pages.ts";
import { type BlockListener, QuantileWindow } from "../storage/quantile-window.ts";
import { rowShiftFor, type SeriesTable } from "../storage/series-table.ts";
import { BLOCK_REFERENCE_CELLS, publishBlock } from "../storage/shared-blocks.ts";
import { sharedRow } from "../storage/shared-row.ts";
import { WindowClock } from "../storage/window-clock.ts";
import { BaseMetric } from "./base-metric.ts";
import type { Declaration, LabelledMetric, WithLabels } from "./labelled.ts";
import type { MetricOptions } from "./options.ts";
import { settle } from "./settle.ts";
import { type EndTimer, startTimer } from "./timer.ts";

/** prom-client's default quantiles. */
const DEFAULT_QUANTILES: readonly number[] = Object.freeze([0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999]);
const DEFAULT_AGE_BUCKETS = 5;

// A series' cells.
const SUM = 0;
const COUNT = 1;
/** Behind them, in shared memory: where the age buckets of the series lie. */
const OWN_CELLS = 2;

/** How a summary is declared. */
export interface SummaryOptions<Name extends string> extends MetricOptions<Name> {
  /**
   * The quantiles to tell, each a rank in 0…1, increasing. `[]` tells none, and then a series costs two numbers.
   * @default [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999]
   */
  readonly percentiles?: readonly number[];
  /**
   * How long an observation counts for the quantiles, in seconds. Count and sum are over all time.
   * @default for ever
   */
  readonly maxAgeSeconds?: number;
  /**
   * In how many steps the window moves on: an observation leaves it up to one step early.
   * @default 5 when there is a `maxAgeSeconds`
   */
  readonly ageBuckets?: number;
}

/** What a summary has counted. */
export interface SummaryValue {
  readonly count: number;
  readonly sum: number;
}

/** One series of a summary. */
export class SummarySeries extends KeptSeries {
  readonly #summary: SummaryMetric;
  /** The window of the row, as long as it is attached. */
  #window: QuantileWindow | undefined;

  /** @internal */
  constructor(table: SeriesTable, summary: SummaryMetric) {
    super(table);
    this.#summary = summary;
  }

  /** @internal */
  override attachTo(row: number): void {
    super.attachTo(row);
    this.#window = this.#summary.windows.get(row);
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
    (page[offset + COUNT] as number) += 1;
    this.#window?.observe(value);
  }

  /** Count and sum so far. */
  get value(): SummaryValue {
    if (!this.hasSeries) return { count: 0, sum: 0 };
    return { count: this.page[this.offset + COUNT] as number, sum: this.page[this.offset + SUM] as number };
  }

  /** Starts a timer; ending it observes the seconds since then. */
  startTimer(): EndTimer<never> {
    return startTimer(this.#summary.clock.monotonicNow, (seconds) => this.observe(seconds));
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
}

function refuse(owner: string, value: unknown): never {
  if (typeof value !== "number") throw new TypeError(`${owner}: observe() takes a number, but got ${typeof value}.`);
  throw new RangeError(`${owner}: observe(${value}) would spoil the sum for ever.`);
}

/**
 * Observations as a count, a sum, and quantiles over a sliding window, computed in the process.
 *
 * The value of a quantile is off by at most 0.55 % while the observations in the window span six orders of magnitude or
 * less; over more the resolution halves. It is NaN while the window is empty. Where several processes or servers are
 * added up a {@link Histogram} is better: the quantiles of one summary can't be averaged with another's.
 *
 * @example
 * const latency = new Summary({
 *   name: "latency_seconds",
 *   help: "How long requests took.",
 *   percentiles: [0.5, 0.9, 0.99],
 *   maxAgeSeconds: 60,
 * });
 * latency.observe(0.042);
 */
export interface Summary<Name extends string = string> extends LabelledMetric<Name, SummarySeries> {
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
  /** Times a function, sync or async; for a summary without labels. See {@link SummarySeries.time}. */
  time<Result>(
    this: [Name] extends [never] ? Summary<Name> : string extends Name ? Summary<Name> : never,
    run: () => Result,
  ): Result;
}

/** Declares summaries; see {@link Summary}. */
export interface SummaryClass {
  /** @throws {TypeError | RangeError | AlreadyRegisteredError} when the declaration is not valid; nothing is registered */
  new <const Name extends string = never>(options: Declaration<SummaryOptions<Name>, Summary<Name>>): Summary<Name>;
  readonly prototype: Summary;
}

class SummaryMetric extends BaseMetric<SummarySeries> {
  static {
    Object.defineProperty(SummaryMetric, "name", { value: "Summary" });
  }

  /** The window of each row, if there are quantiles to tell. @internal */
  readonly windows: ObjectColumn<QuantileWindow>;
  /** @internal */
  readonly clock: Clock;

  constructor(options: SummaryOptions<string> & { readonly collect?: (this: unknown) => unknown }) {
    const owner = describeMetric("summary", String(options?.name));
    const { percentiles = DEFAULT_QUANTILES, maxAgeSeconds, ageBuckets, clock = systemClock } = options ?? {};
    const pages = options?.pages ?? defaultPages();
    const quantiles = checkQuantiles(owner, percentiles);
    const window = checkWindow(owner, maxAgeSeconds, ageBuckets);
    const windowClock = new WindowClock({
      maxAgeSeconds: Number.POSITIVE_INFINITY,
      ...window,
      now: clock.monotonicNow,
    });
    const isShared = pages.isShared === true && quantiles.length > 0;
    const details = { percentiles: quantiles, ...window };
    const { cells } = sharedRow(OWN_CELLS, isShared ? details : {});
    const windows = new ObjectColumn<QuantileWindow>(rowShiftFor(cells));
    const publisher = (row: number): BlockListener => {
      let startedMs = 0;
      return (slot, isNew, block) => {
        if (isNew) startedMs = clock.now();
        const offset = this.table.offsetOf(row) + OWN_CELLS + BLOCK_REFERENCE_CELLS * slot;
        publishBlock(this.table.pageOf(row), offset, startedMs, block);
      };
    };
    super(
      {
        type: "summary",
        cells,
        samples: layout(quantiles),
        details,
        beforeView: () => windowClock.advance(),
        expose: (table, row, into) => {
          windows.get(row)?.quantiles(quantiles, into);
          const page = table.pageOf(row);
          const offset = table.offsetOf(row);
          into[quantiles.length] = page[offset + SUM] as number;
          into[quantiles.length + 1] = page[offset + COUNT] as number;
        },
        ...(quantiles.length > 0 && {
          blocks: {
            of: (row: number) => windows.get(row)?.block,
            merge: (row: number, block: Float64Array) => windows.get(row)?.mergeBlock(block),
            get epoch() {
              return windowClock.epoch;
            },
          },
          onCreate: (row: number) => {
            windows.set(row, new QuantileWindow(windowClock, pages, isShared ? publisher(row) : undefined));
          },
          onRemove: (row: number) => {
            windows.get(row)?.reset();
            windows.set(row, undefined);
          },
        }),
      },
      options,
    );
    this.windows = windows;
    this.clock = clock;
  }

  protected newSeries(): SummarySeries {
    return new SummarySeries(this.table, this);
  }

  observe(labels: object | number, value?: number): void {
    const isLabelled = typeof labels === "object" && labels !== null;
    const observed = (isLabelled ? value : labels) as number;
    const { table } = this;
    if (typeof observed !== "number" || observed - observed !== 0) refuse(table.owner, observed);
    const row = table.rowOf(isLabelled ? labels : NO_LABELS);
    const page = table.pageOf(row);
    const offset = table.offsetOf(row);
    (page[offset + SUM] as number) += observed;
    (page[offset + COUNT] as number) += 1;
    this.windows.get(row)?.observe(observed);
  }

  startTimer(labels?: object): EndTimer<string> {
    const known = labels === undefined ? NO_LABELS : { ...labels };
    return startTimer(this.clock.monotonicNow, (seconds, more) => {
      this.observe(more === undefined ? known : { ...known, ...more }, seconds);
    });
  }

  time<Result>(run: () => Result): Result {
    return this.labels({}).time(run);
  }
}

const NO_LABELS = Object.freeze({});

function layout(quantiles: readonly number[]): SampleLayout[] {
  const values = quantiles.map((value) => ({ suffix: "", label: { name: "quantile", value } }));
  return [...values, { suffix: "_sum" }, { suffix: "_count" }];
}

function checkQuantiles(owner: string, given: unknown): readonly number[] {
  if (!Array.isArray(given)) throw new TypeError(`${owner}: percentiles must be an array of ranks in 0…1.`);
  const quantiles: unknown[] = [...given];
  let last = -1;
  const checked = quantiles.map((quantile, i) => {
    if (typeof quantile !== "number") {
      throw new TypeError(`${owner}: quantiles are numbers, but got ${typeof quantile} at index ${i}.`);
    }
    if (!(quantile >= 0 && quantile <= 1)) {
      throw new RangeError(`${owner}: quantiles are ranks in 0…1, but got ${quantile} at index ${i}.`);
    }
    if (!(quantile > last))
      throw new RangeError(`${owner}: quantiles must increase, but ${quantile} at index ${i} follows ${last}.`);
    last = quantile;
    return quantile;
  });
  return Object.freeze(checked);
}

/** The window as it is kept. Without a greatest age all observations count for ever, and there is nothing to step. */
function checkWindow(
  owner: string,
  maxAgeSeconds: unknown,
  ageBuckets: unknown,
): { maxAgeSeconds?: number; ageBuckets?: number } {
  if (ageBuckets !== undefined && !(Number.isInteger(ageBuckets) && (ageBuckets as number) > 0)) {
    throw new RangeError(`${owner}: ageBuckets must be a whole number above zero, but got ${String(ageBuckets)}.`);
  }
  if (maxAgeSeconds === undefined) return {};
  if (typeof maxAgeSeconds !== "number" || !(maxAgeSeconds > 0 && maxAgeSeconds < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`${owner}: maxAgeSeconds must be a positive number, but got ${String(maxAgeSeconds)}.`);
  }
  return { maxAgeSeconds, ageBuckets: (ageBuckets as number | undefined) ?? DEFAULT_AGE_BUCKETS };
}

export const Summary: SummaryClass = SummaryMetric as unknown as SummaryClass;
