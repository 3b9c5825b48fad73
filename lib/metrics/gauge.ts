import { type Clock, systemClock } from "../model/clock.ts";
import type { SomeLabelValues } from "../model/labels.ts";
import { DETACHED_PAGE, KeptSeries } from "../storage/kept-series.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { BaseMetric } from "./base-metric.ts";
import type { Declaration, LabelledMetric, WithLabels } from "./labelled.ts";
import type { MetricOptions } from "./options.ts";
import { settle } from "./settle.ts";
import { type EndTimer, startTimer } from "./timer.ts";

/** How a gauge is declared. */
export interface GaugeOptions<Name extends string> extends MetricOptions<Name> {}

/** One series of a gauge. */
export class GaugeSeries extends KeptSeries {
  readonly #clock: Clock;

  /** @internal */
  constructor(table: SeriesTable, clock: Clock) {
    super(table);
    this.#clock = clock;
  }

  /**
   * Sets the value.
   *
   * @param value any number, NaN and the infinities included
   * @throws {TypeError} when it is no number
   */
  set(value: number): void {
    if (typeof value !== "number") refuse(this.table.owner, "set", value);
    if (this.page === DETACHED_PAGE) this.attach();
    this.page[this.offset] = value;
  }

  /**
   * Adds to the value.
   *
   * @param amount any finite number; 1 if left out
   * @throws {RangeError} when it is NaN or infinite; the value stays as it was
   * @throws {TypeError} when it is no number
   */
  inc(amount = 1): void {
    if (typeof amount !== "number" || amount - amount !== 0) refuse(this.table.owner, "inc", amount);
    if (this.page === DETACHED_PAGE) this.attach();
    (this.page[this.offset] as number) += amount;
  }

  /** Subtracts from the value; otherwise like {@link inc}. */
  dec(amount = 1): void {
    if (typeof amount !== "number" || amount - amount !== 0) refuse(this.table.owner, "dec", amount);
    if (this.page === DETACHED_PAGE) this.attach();
    (this.page[this.offset] as number) -= amount;
  }

  /** The value; 0 when the series was removed. */
  get value(): number {
    return this.hasSeries ? (this.page[this.offset] as number) : 0;
  }

  /** Sets the value to the current time, in seconds since the epoch. */
  setToCurrentTime(): void {
    this.set(this.#clock.now() / 1000);
  }

  /** Starts a timer; ending it sets the value to the seconds since then. */
  startTimer(): EndTimer<never> {
    return startTimer(this.#clock.monotonicNow, (seconds) => this.set(seconds));
  }

  /**
   * Calls a function, one up before and one down when it has returned or thrown, or its promise is settled.
   *
   * @returns what the function returned
   */
  trackInProgress<Result>(run: () => Result): Result {
    this.inc();
    return settle(run, () => this.dec());
  }
}

function refuse(owner: string, call: string, value: unknown): never {
  if (typeof value !== "number") throw new TypeError(`${owner}: ${call}() takes a number, but got ${typeof value}.`);
  throw new RangeError(`${owner}: ${call}(${value}) would spoil the value for ever. Use set() for any number.`);
}

/**
 * A value that goes up and down: a temperature, a queue's length, a moment in time.
 *
 * @example
 * const connections = new Gauge({ name: "open_connections", help: "Connections open now." });
 * connections.inc();
 * connections.dec();
 */
export interface Gauge<Name extends string = string> extends LabelledMetric<Name, GaugeSeries> {
  /**
   * Sets the value of the labels' series, or of the only one, to any number.
   *
   * @throws {TypeError} when it is no number, a label is unknown or its value is none
   */
  set(...args: WithLabels<Name, [value: number]>): void;
  /**
   * Adds to the value, 1 if left out.
   *
   * @throws {RangeError} when the amount is NaN or infinite; the value stays as it was
   */
  inc(...args: WithLabels<Name, [amount?: number | undefined]>): void;
  /** Subtracts from the value, 1 if left out; otherwise like {@link inc}. */
  dec(...args: WithLabels<Name, [amount?: number | undefined]>): void;
  /** Sets the value to the current time, in seconds since the epoch. */
  setToCurrentTime(...args: WithLabels<Name, []>): void;
  /**
   * Starts a timer; ending it sets the value to the seconds since then.
   *
   * @param labels those known already; the rest is given at the end
   */
  startTimer(labels?: SomeLabelValues<Name>): EndTimer<Name>;
  /** Counts the calls that are under way; for a gauge without labels. See {@link GaugeSeries.trackInProgress}. */
  trackInProgress<Result>(
    this: [Name] extends [never] ? Gauge<Name> : string extends Name ? Gauge<Name> : never,
    run: () => Result,
  ): Result;
}

/** Declares gauges; see {@link Gauge}. */
export interface GaugeClass {
  /** @throws {TypeError | RangeError | AlreadyRegisteredError} when the declaration is not valid; nothing is registered */
  new <const Name extends string = never>(options: Declaration<GaugeOptions<Name>, Gauge<Name>>): Gauge<Name>;
  readonly prototype: Gauge;
}

class GaugeMetric extends BaseMetric<GaugeSeries> {
  static {
    Object.defineProperty(GaugeMetric, "name", { value: "Gauge" });
  }

  readonly #clock: Clock;

  constructor(options: GaugeOptions<string> & { readonly collect?: (this: unknown) => unknown }) {
    super({ type: "gauge", cells: 1, samples: [{ suffix: "" }] }, options);
    this.#clock = options.clock ?? systemClock;
  }

  protected newSeries(): GaugeSeries {
    return new GaugeSeries(this.table, this.#clock);
  }

  set(labels: object | number | null | undefined, value?: number): void {
    const set = (isLabels(labels) ? value : labels) as number;
    if (typeof set !== "number") refuse(this.table.owner, "set", set);
    this.#write(labels, set, false);
  }

  inc(labels?: object | number | null, amount?: number): void {
    this.#write(labels, this.#amount("inc", labels, amount), true);
  }

  dec(labels?: object | number | null, amount?: number): void {
    this.#write(labels, -this.#amount("dec", labels, amount), true);
  }

  #amount(call: string, labels: unknown, amount: number | undefined): number {
    const given = (isLabels(labels) ? amount : (labels ?? amount)) ?? 1;
    if (typeof given !== "number" || given - given !== 0) refuse(this.table.owner, call, given);
    return given;
  }

  #write(labels: unknown, value: number, isAdded: boolean): void {
    const { table } = this;
    const row = table.rowOf(isLabels(labels) ? labels : NO_LABELS);
    const page = table.pageOf(row);
    const offset = table.offsetOf(row);
    page[offset] = isAdded ? (page[offset] as number) + value : value;
  }

  setToCurrentTime(labels?: object): void {
    this.#write(labels, this.#clock.now() / 1000, false);
  }

  startTimer(labels?: object): EndTimer<string> {
    const known = { ...labels };
    return startTimer(this.#clock.monotonicNow, (seconds, more) => this.#write({ ...known, ...more }, seconds, false));
  }

  trackInProgress<Result>(run: () => Result): Result {
    return this.labels({}).trackInProgress(run);
  }
}

const NO_LABELS = Object.freeze({});

function isLabels(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

export const Gauge: GaugeClass = GaugeMetric as unknown as GaugeClass;
