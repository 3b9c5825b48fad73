import type { SomeLabelValues } from "../model/labels.ts";

/** Ends a timer that was started: call it, or let a `using` declaration call it. */
export interface EndTimer<Name extends string> {
  /**
   * Records the seconds since the start, and returns them. Each call records once more.
   *
   * @param labels the labels that were not known at the start; they beat those of the start
   */
  (labels?: SomeLabelValues<Name>): number;
  /** Records the seconds since the start, unless that was done already. */
  [Symbol.dispose](): void;
}

// Node.js has the symbol since 20.4; before, and in browsers without it, `using` can't be written anyway.
const dispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol("Symbol.dispose");

/**
 * Starts a timer.
 *
 * @param monotonicNow milliseconds; timers must not jump with the wall clock
 * @param record is called with the seconds and with the labels given at the end
 */
export function startTimer<Name extends string>(
  monotonicNow: () => number,
  record: (seconds: number, labels: SomeLabelValues<Name> | undefined) => void,
): EndTimer<Name> {
  const start = monotonicNow();
  let isEnded = false;
  const end = (labels?: SomeLabelValues<Name>): number => {
    const seconds = (monotonicNow() - start) / 1000;
    isEnded = true;
    record(seconds, labels);
    return seconds;
  };
  end[dispose] = () => {
    if (!isEnded) end();
  };
  return end as EndTimer<Name>;
}
