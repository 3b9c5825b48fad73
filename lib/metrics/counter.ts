import { KeptSeries } from "../storage/kept-series.ts";
import { BaseMetric } from "./base-metric.ts";
import type { Declaration, LabelledMetric, WithLabels } from "./labelled.ts";
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

/** Declares counters; see {@link Counter}. */
export interface CounterClass {
  /** @throws {TypeError | RangeError | AlreadyRegisteredError} when the declaration is not valid; nothing is registered */
  new <const Name extends string = never>(options: Declaration<CounterOptions<Name>, Counter<Name>>): Counter<Name>;
  readonly prototype: Counter;
}

class CounterMetric extends BaseMetric<CounterSeries> {
  static {
    Object.defineProperty(CounterMetric, "name", { value: "Counter" });
  }

  #single: CounterSeries | undefined;

  constructor(options: CounterOptions<string> & { readonly collect?: (this: unknown) => unknown }) {
    super({ type: "counter", cells: 1, samples: [{ suffix: "" }] }, options);
    if (this.labelNames.length === 0) this.#single = this.labels();
  }

  protected newSeries(): CounterSeries {
    return new CounterSeries(this.table);
  }

  inc(labels?: object | number | null, amount?: number): void {
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

  countErrors<Result>(run: () => Result, filter?: (error: unknown) => boolean): Result {
    return this.#only().countErrors(run, filter);
  }

  #only(): CounterSeries {
    if (this.#single !== undefined) return this.#single;
    // The series without any label, which a metric with labels may have too.
    return this.keptAt(this.table.rowOf({}));
  }
}

export const Counter: CounterClass = CounterMetric as unknown as CounterClass;
