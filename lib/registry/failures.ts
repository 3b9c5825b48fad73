import type { MetricFamily } from "../model/family.ts";
import type { CollectorError } from "./errors.ts";

/** The name of the family that counts failures. */
export const ERRORS_TOTAL = "tallystick_collector_errors_total";

/** Which collectors failed in scrapes, how often, and since when. */
export class Failures {
  readonly #counts = new Map<string, { count: number; readonly createdMs: number }>();
  readonly #now: () => number;
  readonly #onError: (error: CollectorError) => void;

  /**
   * @param now the wall clock, in milliseconds since the epoch
   * @param onError hears of each; what it throws is ignored
   */
  constructor(now: () => number, onError: (error: CollectorError) => void) {
    this.#now = now;
    this.#onError = onError;
  }

  /** Counts a failure, and tells of it. */
  add(error: CollectorError): void {
    const known = this.#counts.get(error.collector);
    if (known === undefined) this.#counts.set(error.collector, { count: 1, createdMs: this.#now() });
    else known.count++;
    try {
      this.#onError(error);
    } catch {
      // A hook that fails must not take the scrape down with it, and there is nobody left to tell.
    }
  }

  clear(): void {
    this.#counts.clear();
  }

  /** What is exposed of them: nothing before the first. */
  get family(): MetricFamily | undefined {
    if (this.#counts.size === 0) return undefined;
    return {
      name: ERRORS_TOTAL,
      type: "counter",
      help: "Scrapes in which a collector failed and its families were left out.",
      series: [...this.#counts].map(([collector, { count, createdMs }]) => ({
        labels: { collector },
        value: count,
        createdMs,
      })),
    };
  }
}
