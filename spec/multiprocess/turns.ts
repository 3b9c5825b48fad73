// An event loop that turns when the test says so, and a step of work a turn.
import { SlicedWork } from "../../lib/multiprocess/sliced-work.ts";

/** Work that is done step by step as the test asks for it. */
export interface SteppedWork {
  readonly work: SlicedWork;
  /** Does a step. @returns whether there was any */
  turn(): boolean;
}

/** @param msPerStep how long a step takes; a slice is over after one millisecond */
export function steppedWork(msPerStep = 1): SteppedWork {
  let nowMs = 0;
  let next: (() => void) | undefined;
  const work = new SlicedWork({
    monotonicNow: () => {
      nowMs += msPerStep;
      return nowMs;
    },
    nextTurn: (callback) => {
      next = callback;
    },
  });
  return {
    work,
    turn() {
      const callback = next;
      next = undefined;
      callback?.();
      return callback !== undefined;
    },
  };
}
