import { describeMetric } from "../model/names.ts";
import { KeptSeries } from "../storage/kept-series.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { BaseMetric } from "./base-metric.ts";
import type { Declaration, LabelledMetric, WithLabels } from "./labelled.ts";
import type { MetricOptions } from "./options.ts";

/** How a state set is declared. */
export interface StateSetOptions<Name extends string, State extends string> extends Omit<MetricOptions<Name>, "unit"> {
  /** All states there are, at least one. Each series costs one number for each. */
  readonly states: readonly State[];
}

/** One series of a state set. */
export class StateSetSeries<State extends string = string> extends KeptSeries {
  readonly #states: readonly string[];

  /** @internal */
  constructor(table: SeriesTable, states: readonly string[]) {
    super(table);
    this.#states = states;
  }

  /**
   * Turns one state on or off, and leaves the others as they are.
   *
   * @throws {RangeError} when there is no such state; nothing changes then
   * @throws {TypeError} when `isOn` is no boolean; nothing changes then
   */
  set(state: State, isOn = true): void {
    const index = indexOf(this.table.owner, this.#states, state);
    const cell = cellOf(this.table.owner, isOn);
    this.attach();
    this.page[this.offset + index] = cell;
  }

  /**
   * Turns one state on and all others off.
   *
   * @throws {RangeError} when there is no such state; nothing changes then
   */
  switchTo(state: State): void {
    const index = indexOf(this.table.owner, this.#states, state);
    this.attach();
    for (let i = 0; i < this.#states.length; i++) this.page[this.offset + i] = i === index ? 1 : 0;
  }

  /** Which states are on; none when the series was removed. */
  get value(): Readonly<Record<State, boolean>> {
    const { hasSeries } = this;
    const entries = this.#states.map((state, i) => [state, hasSeries && this.page[this.offset + i] === 1]);
    return Object.fromEntries(entries) as Record<State, boolean>;
  }
}

function indexOf(owner: string, states: readonly string[], state: unknown): number {
  const index = states.indexOf(state as string);
  if (index >= 0) return index;
  throw new RangeError(
    `${owner} has the states ${states.map((one) => `"${one}"`).join(", ")}, but got "${String(state)}".`,
  );
}

function cellOf(owner: string, isOn: unknown): number {
  if (typeof isOn !== "boolean")
    throw new TypeError(`${owner}: a state is on or off by true or false, but got ${typeof isOn}.`);
  return isOn ? 1 : 0;
}

/**
 * Which of some states are on: usually one of several, as with the phase of a start, or each for itself, as with
 * feature flags.
 *
 * @example
 * const phase = new StateSet({ name: "app_phase", help: "Phase.", states: ["starting", "ready", "draining"] });
 * phase.switchTo("ready");
 */
export interface StateSet<Name extends string = string, State extends string = string>
  extends LabelledMetric<Name, StateSetSeries<State>> {
  /** All states there are. */
  readonly states: readonly State[];
  /**
   * Turns one state on, or off where the last argument is false, and leaves the others as they are.
   *
   * @throws {RangeError} when there is no such state; nothing changes then
   */
  set(...args: WithLabels<Name, [state: State, isOn?: boolean | undefined]>): void;
  /** Turns one state on and all others off. */
  switchTo(...args: WithLabels<Name, [state: State]>): void;
}

/** Declares state sets; see {@link StateSet}. */
export interface StateSetClass {
  /** @throws {TypeError | RangeError | AlreadyRegisteredError} when the declaration is not valid; nothing is registered */
  new <const Name extends string = never, const State extends string = string>(
    options: Declaration<StateSetOptions<Name, State>, StateSet<Name, State>>,
  ): StateSet<Name, State>;
  readonly prototype: StateSet;
}

class StateSetMetric extends BaseMetric<StateSetSeries> {
  static {
    Object.defineProperty(StateSetMetric, "name", { value: "StateSet" });
  }

  readonly states: readonly string[];

  constructor(options: StateSetOptions<string, string> & { readonly collect?: (this: unknown) => unknown }) {
    const states = checkStates(describeMetric("stateset", String(options?.name)), options?.states);
    super(
      {
        type: "stateset",
        cells: states.length,
        samples: states.map((value) => ({ suffix: "", label: { name: options.name, value } })),
        details: { states },
      },
      options,
    );
    this.states = states;
  }

  protected newSeries(): StateSetSeries {
    return new StateSetSeries(this.table, this.states);
  }

  set(...args: readonly unknown[]): void {
    const [labels, state, isOn = true] = typeof args[0] === "object" ? args : [{}, ...args];
    const index = indexOf(this.table.owner, this.states, state);
    const cell = cellOf(this.table.owner, isOn);
    const row = this.table.rowOf(labels as object);
    this.table.pageOf(row)[this.table.offsetOf(row) + index] = cell;
  }

  switchTo(...args: readonly unknown[]): void {
    const [labels, state] = typeof args[0] === "object" ? args : [{}, ...args];
    indexOf(this.table.owner, this.states, state);
    this.keptAt(this.table.rowOf(labels as object)).switchTo(state as string);
  }
}

function checkStates(owner: string, given: unknown): readonly string[] {
  if (!Array.isArray(given) || given.length === 0)
    throw new TypeError(`${owner}: states must be an array of at least one text.`);
  const seen = new Set<string>();
  for (const state of given as unknown[]) {
    if (typeof state !== "string" || state === "" || !state.isWellFormed()) {
      throw new TypeError(
        `${owner}: a state must be a text that is not empty, but got ${JSON.stringify(state) ?? typeof state}.`,
      );
    }
    if (seen.has(state)) throw new RangeError(`${owner} has the state "${state}" twice.`);
    seen.add(state);
  }
  return Object.freeze([...seen]);
}

export const StateSet: StateSetClass = StateSetMetric as unknown as StateSetClass;
