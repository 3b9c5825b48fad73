import { systemClock } from "../model/clock.ts";
import type { ExemplarLabels } from "../model/exemplars.ts";
import { describeMetric } from "../model/names.ts";
import { offerSample } from "../registry/kept-shapes.ts";
import type { ColumnMetric } from "../registry/scrape.ts";
import { KeptSeries } from "../storage/kept-series.ts";
import { defaultPages, ordinaryPages } from "../storage/pages.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { SharedExemplars } from "../storage/shared-exemplars.ts";
import { sharedRow } from "../storage/shared-row.ts";
import { BaseMetric } from "./base-metric.ts";
import { readArguments, takesCalls, type WithExemplar } from "./exemplar-call.ts";
import type { Declaration, LabelledMetric, WithLabels } from "./labelled.ts";
import { exemplarsFor, type MetricExemplars } from "./metric-exemplars.ts";
import type { MetricOptions } from "./options.ts";
import { settle } from "./settle.ts";

/** From here on adding 1 to a double may change nothing. */
const LARGE = 2 ** 53;

/** What adding to large numbers has rounded away so far, by the page and offset of the number. */
const remainders = new WeakMap<Float64Array, Map<number, number>>();

/** How a counter is declared. */
export interface CounterOptions<Name extends string> extends MetricOptions<Name> {
  /** As it is queried. By convention it ends in `_total`. */
  readonly name: string;
  /**
   * Whether its series keep exemplars: an event with the id of the trace it happened in. They are given with the call;
   * see {@link CounterWithExemplars}.
   * @default false
   */
  readonly enableExemplars?: boolean;
}

/** One series of a counter. */
export class CounterSeries extends KeptSeries {
  /**
   * Adds `amount` events to this series.
   *
   * A counter only goes up. After a restart it begins again at zero, and `rate()` on the Prometheus side accounts for
   * the drop. For values that fall, use a `Gauge`.
   *
   * @param amount how many events happened: zero or more, fractions allowed; 1 if left out
   * @throws {RangeError} when `amount` is negative, NaN or infinite; the value stays as it was
   * @throws {TypeError} when `amount` is no number
   * @see https://prometheus.io/docs/instrumenting/writing_clientlibs/#counter
   * @example
   * bytesSent.inc(chunk.byteLength);
   */
  inc(amount = 1): void {
    if (typeof amount !== "number" || !(amount >= 0 && amount < Number.POSITIVE_INFINITY))
      refuse(this.table.owner, amount);
    const sum = (this.page[this.offset] as number) + amount;
    // Not less, also when the series was removed and its page holds NaN.
    if (sum < LARGE) this.page[this.offset] = sum;
    else this.#addRarely(amount);
  }

  /** The count so far; 0 when the series was removed. */
  get value(): number {
    return this.hasSeries ? (this.page[this.offset] as number) : 0;
  }

  /**
   * Calls a function and counts it when it throws or rejects. The error goes on to the caller.
   *
   * @param filter counts only the errors that it says yes to
   * @returns what the function returned
   */
  countErrors<Result>(run: () => Result, filter: (error: unknown) => boolean = () => true): Result {
    return settle(run, (error, hasFailed) => {
      if (hasFailed && filter(error)) this.inc();
    });
  }

  #addRarely(amount: number): void {
    this.attach();
    addTo(this.page, this.offset, amount);
  }
}

/** One series of a counter that keeps exemplars. */
export class CounterSeriesWithExemplars extends CounterSeries {
  readonly #exemplars: MetricExemplars;
  #row = 0;

  /** @internal */
  constructor(table: SeriesTable, exemplars: MetricExemplars) {
    super(table);
    this.#exemplars = exemplars;
  }

  /** @internal */
  override attachTo(row: number): void {
    super.attachTo(row);
    this.#row = row;
  }

  /**
   * Adds `amount` events to this series, and keeps an exemplar of them.
   *
   * @param amount how many events happened: zero or more, fractions allowed; 1 if left out
   * @param exemplarLabels usually the id of a trace; names and values together hold at most 128 characters. They are
   *   copied. `{}` for no exemplar, nothing for an automatic one where there is a source of them.
   * @throws {RangeError} when `amount` is negative, NaN or infinite, or the labels can't be an exemplar's; nothing
   *   changes then
   * @throws {TypeError} when `amount` is no number, or a label no text
   * @example
   * requests.inc(1, { trace_id: span.traceId });
   */
  override inc(amount = 1, exemplarLabels?: ExemplarLabels): void {
    checkAmount(this.table.owner, amount);
    const exemplar = this.#exemplars.read(exemplarLabels, amount);
    super.inc(amount);
    if (exemplar !== undefined) this.#exemplars.keep(this.#row, 0, exemplar);
    else if (exemplarLabels === undefined) this.#exemplars.ask(this.#row, 0, amount);
  }
}

function checkAmount(owner: string, amount: unknown): asserts amount is number {
  if (typeof amount !== "number" || !(amount >= 0 && amount < Number.POSITIVE_INFINITY)) refuse(owner, amount);
}

function refuse(owner: string, amount: unknown): never {
  if (typeof amount !== "number") throw new TypeError(`${owner}: inc() takes a number, but got ${typeof amount}.`);
  if (amount < 0 && amount > Number.NEGATIVE_INFINITY) {
    throw new RangeError(`${owner}: inc(${amount}) would make it go down. Use a Gauge for values that fall.`);
  }
  throw new RangeError(`${owner}: inc(${amount}) would spoil the count for ever.`);
}

/** Adds to a number without losing what a large sum rounds away: it is kept aside until it amounts to something. */
function addTo(page: Float64Array, offset: number, amount: number): void {
  const before = page[offset] as number;
  let ofPage = remainders.get(page);
  const carried = before < LARGE ? 0 : (ofPage?.get(offset) ?? 0);
  const added = amount + carried;
  const sum = before + added;
  page[offset] = sum;
  if (sum < LARGE || sum === Number.POSITIVE_INFINITY) return;
  if (ofPage === undefined) {
    ofPage = new Map();
    remainders.set(page, ofPage);
  }
  // Two-sum: exactly what the addition above lost.
  const part = sum - before;
  ofPage.set(offset, before - (sum - part) + (added - part));
}

/**
 * A count of events. It only goes up, or back to zero when the process restarts.
 *
 * @example
 * const requests = new Counter({
 *   name: "http_requests_total",
 *   help: "Requests served.",
 *   labelNames: ["method", "code"],
 * });
 * requests.inc({ method: "GET", code: 200 });
 * const ok = requests.labels("GET", 200); // keep it where this is hot
 * ok.inc();
 */
export interface Counter<Name extends string = string> extends LabelledMetric<Name, CounterSeries> {
  /**
   * Adds `amount` events, 1 if left out, to the series of the labels, or to the only one.
   *
   * @throws {RangeError} when `amount` is negative, NaN or infinite; nothing changes then
   * @throws {TypeError} when `amount` is no number, a label is unknown or its value is none
   * @example
   * requests.inc({ method: "GET", code: 200 });
   * restarts.inc(3);
   */
  inc(...args: WithLabels<Name, [amount?: number | undefined]>): void;
  /**
   * Calls a function and counts it when it throws or rejects; for a counter without labels.
   *
   * @param filter counts only the errors that it says yes to
   */
  countErrors<Result>(
    this: [Name] extends [never] ? Counter<Name> : string extends Name ? Counter<Name> : never,
    run: () => Result,
    filter?: (error: unknown) => boolean,
  ): Result;
}

/**
 * A counter that was declared with `enableExemplars: true`: it keeps the latest exemplar of each series.
 *
 * @example
 * const requests = new Counter({ name: "requests_total", help: "R.", labelNames: ["code"], enableExemplars: true });
 * requests.inc({ code: 200 }, 1, { trace_id: "4bf92f3577b34da6" });
 * requests.inc({ labels: { code: 200 }, value: 1, exemplarLabels: { trace_id: "4bf92f3577b34da6" } }); // the same
 */
export interface CounterWithExemplars<Name extends string = string>
  extends Omit<Counter<Name>, "inc" | "labels">,
    LabelledMetric<Name, CounterSeriesWithExemplars> {
  /**
   * Adds `amount` events, 1 if left out, to the series of the labels, or to the only one, and keeps an exemplar of them.
   * All of it may be given in one object, as prom-client takes it, unless a label has one of its names.
   *
   * @throws {RangeError} when `amount` is negative, NaN or infinite, or the labels can't be an exemplar's; nothing
   *   changes then
   * @throws {TypeError} when `amount` is no number, a label is unknown or its value is none
   */
  inc(...args: WithExemplar<Name, [amount?: number | undefined]>): void;
}

/** What a declaration makes: one that takes exemplars only if it says so outright. */
type DeclaredCounter<Name extends string, Exemplars extends boolean> = [Exemplars] extends [true]
  ? CounterWithExemplars<Name>
  : Counter<Name>;

/** Declares counters; see {@link Counter}. */
export interface CounterClass {
  /** @throws {TypeError | RangeError | AlreadyRegisteredError} when the declaration is not valid; nothing is registered */
  new <const Name extends string = never, const Exemplars extends boolean = false>(
    options: Declaration<
      CounterOptions<Name> & { readonly enableExemplars?: Exemplars },
      DeclaredCounter<Name, Exemplars>
    >,
  ): DeclaredCounter<Name, Exemplars>;
  readonly prototype: Counter;
}

/** A row that other threads read the exemplar of. */
const SHARED = sharedRow(1, { enableExemplars: true });

function expose(table: SeriesTable, row: number, into: Float64Array): void {
  into[0] = table.pageOf(row)[table.offsetOf(row)] as number;
}

class CounterMetric extends BaseMetric<CounterSeries> {
  static {
    Object.defineProperty(CounterMetric, "name", { value: "Counter" });
  }

  #single: CounterSeries | undefined;
  readonly #exemplars: MetricExemplars | undefined;

  constructor(options: CounterOptions<string> & { readonly collect?: (this: unknown) => unknown }) {
    const { name, enableExemplars, clock = systemClock } = options ?? {};
    const pages = options?.pages ?? defaultPages();
    const exemplars = exemplarsFor(describeMetric("counter", String(name)), enableExemplars, clock.now);
    const shared = exemplars && pages.isShared === true ? new SharedExemplars(pages, 1) : undefined;
    super(
      {
        type: "counter",
        cells: shared === undefined ? 1 : SHARED.cells,
        samples: [{ suffix: "" }],
        ...(shared && { expose }),
        ...(exemplars && {
          details: { enableExemplars },
          exemplar: (row: number, sample: number) => exemplars.at(row, sample),
          onRemove: (row: number) => {
            exemplars.forget(row);
            shared?.remove(row);
          },
        }),
      },
      options,
    );
    this.#exemplars = exemplars;
    if (exemplars !== undefined && shared !== undefined) {
      exemplars.onKept = (row, sample, exemplar) => {
        shared.set(row, this.table.pageOf(row), this.table.offsetOf(row) + SHARED.exemplars, sample, exemplar);
      };
    }
    if (this.labelNames.length === 0) this.#single = this.labels();
    offerSample("counter", makeSample);
  }

  protected newSeries(): CounterSeries {
    return this.#exemplars === undefined
      ? new CounterSeries(this.table)
      : new CounterSeriesWithExemplars(this.table, this.#exemplars);
  }

  inc(labels?: object | number | null, amount?: number, exemplarLabels?: unknown): void {
    if (this.#exemplars !== undefined) {
      this.#incWithExemplar(this.#exemplars, [labels, amount, exemplarLabels]);
      return;
    }
    if (typeof labels !== "object" || labels === null) {
      this.#only().inc(labels ?? amount);
      return;
    }
    const checked = amount ?? 1;
    const { table } = this;
    if (typeof checked !== "number" || !(checked >= 0 && checked < Number.POSITIVE_INFINITY))
      refuse(table.owner, checked);
    const row = table.rowOf(labels);
    const page = table.pageOf(row);
    const offset = table.offsetOf(row);
    const sum = (page[offset] as number) + checked;
    if (sum < LARGE) page[offset] = sum;
    else addTo(page, offset, checked);
  }

  #incWithExemplar(exemplars: MetricExemplars, args: readonly unknown[]): void {
    const { table } = this;
    const { labels, value: amount = 1, exemplarLabels } = readArguments(table.owner, takesCalls(this.labelNames), args);
    checkAmount(table.owner, amount);
    const exemplar = exemplars.read(exemplarLabels, amount);
    const row = table.rowOf(labels);
    addTo(table.pageOf(row), table.offsetOf(row), amount);
    if (exemplar !== undefined) exemplars.keep(row, 0, exemplar);
    else if (exemplarLabels === undefined) exemplars.ask(row, 0, amount);
  }

  countErrors<Result>(run: () => Result, filter?: (error: unknown) => boolean): Result {
    return this.#only().countErrors(run, filter);
  }

  #only(): CounterSeries {
    if (this.#single !== undefined) return this.#single;
    // The series without any label, which a metric with labels may have too.
    return this.keptAt(this.table.rowOf({}));
  }
}

function makeSample(): ColumnMetric {
  return new CounterMetric({ name: "a_total", help: "A.", labelNames: ["a"], registers: [], pages: ordinaryPages });
}

export const Counter: CounterClass = CounterMetric as unknown as CounterClass;
