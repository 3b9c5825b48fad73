import { readExemplarLabels } from "../model/exemplars.ts";
import type { Exemplar } from "../model/family.ts";
import { ExemplarColumn } from "../storage/exemplar-column.ts";
import type { TimedExemplar } from "../storage/native-exemplars.ts";
import { exemplarSource, SHORTEST_AGE_MS } from "./exemplar-source.ts";

let isAsking = false;

/** The exemplars of one metric that has `enableExemplars`: given by the caller, or else asked for. */
export class MetricExemplars {
  readonly #owner: string;
  readonly #now: () => number;
  readonly #column = new ExemplarColumn();
  /** Called with each that is kept, where others have to know. */
  onKept: ((row: number, sample: number, exemplar: TimedExemplar) => void) | undefined;

  /** @param now the wall clock, in milliseconds; read only when there is an exemplar, or may be */
  constructor(owner: string, now: () => number) {
    this.#owner = owner;
    this.#now = now;
  }

  /**
   * The exemplar that a caller gives, checked and copied, before anything is written. Nothing for no labels.
   *
   * @throws {TypeError | RangeError} when they can't be the labels of an exemplar
   */
  read(labels: unknown, value: number): TimedExemplar | undefined {
    if (labels === undefined || labels === null) return undefined;
    const copied = readExemplarLabels(this.#owner, labels);
    if (Object.keys(copied).length === 0) return undefined;
    return Object.freeze({ labels: copied, value, timestampMs: this.#now() });
  }

  /** Keeps an exemplar for a sample of a row. */
  keep(row: number, sample: number, exemplar: TimedExemplar): void {
    this.#column.set(row, sample, exemplar);
    this.onKept?.(row, sample, exemplar);
  }

  /** Asks for an exemplar where it is time for one, keeps it, and returns it. */
  ask(row: number, sample: number, value: number): TimedExemplar | undefined {
    const source = exemplarSource();
    if (source === undefined) return undefined;
    const timestampMs = this.#now();
    const age = timestampMs - (this.#column.get(row, sample)?.timestampMs ?? Number.NEGATIVE_INFINITY);
    // Where the clock was set back, the age is negative, and says nothing.
    if (age >= 0 && age < SHORTEST_AGE_MS) return undefined;
    const labels = this.#labelsOf(source);
    if (labels === undefined) return undefined;
    const exemplar = Object.freeze({ labels, value, timestampMs });
    this.keep(row, sample, exemplar);
    return exemplar;
  }

  #labelsOf(source: () => unknown) {
    // A source that counts something itself would be asked for an exemplar of that, and so on.
    if (isAsking) return undefined;
    isAsking = true;
    try {
      const given = source();
      if (given === undefined || given === null) return undefined;
      const labels = readExemplarLabels(this.#owner, given);
      return Object.keys(labels).length === 0 ? undefined : labels;
    } catch {
      // The caller only wanted to count; see `setExemplarSource`.
      return undefined;
    } finally {
      isAsking = false;
    }
  }

  at(row: number, sample: number): Exemplar | undefined {
    return this.#column.get(row, sample);
  }

  forget(row: number): void {
    this.#column.remove(row);
  }
}

/**
 * The place for a metric's exemplars, if it is declared to have any.
 *
 * @throws {TypeError} when the option is neither true nor false
 */
export function exemplarsFor(owner: string, isEnabled: unknown, now: () => number): MetricExemplars | undefined {
  if (isEnabled !== undefined && typeof isEnabled !== "boolean") {
    throw new TypeError(`${owner}: enableExemplars must be true or false.`);
  }
  return isEnabled === true ? new MetricExemplars(owner, now) : undefined;
}
