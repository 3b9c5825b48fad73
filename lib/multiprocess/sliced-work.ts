import { SLICE_MS } from "../registry/scrape.ts";

/** Something to do, step by step. */
export type Task = () => Iterable<void>;

/** So many tasks wait at most. Where more come than slices can do, each that comes has to do one of those before it. */
const MOST_WAITING = 1_000;

/** How many rows make a step: some tenths of a millisecond, also when the code is yet to be compiled. */
export const ROWS_PER_STEP = 64;

/** Does something with each of many rows, a step at a time. */
export function* inSteps<Row>(rows: Iterable<Row>, act: (row: Row) => void): Iterable<void> {
  let done = 0;
  for (const row of rows) {
    act(row);
    if (++done % ROWS_PER_STEP === 0) yield;
  }
}

/** How it meets the event loop. */
export interface SlicedWorkHost {
  /** A clock that only goes forward, in milliseconds. */
  readonly monotonicNow: () => number;
  /** Calls back in the next turn of the event loop. */
  readonly nextTurn: (callback: () => void) => void;
}

const systemHost: SlicedWorkHost = {
  monotonicNow: () => performance.now(),
  nextTurn: (callback) => void setImmediate(callback),
};

/**
 * Does tasks one after the other, in slices of about a millisecond between which the event loop turns. The first slice of
 * a turn is done at once: mostly there is no other.
 */
export class SlicedWork {
  readonly #host: SlicedWorkHost;
  readonly #tasks: Task[] = [];
  #current: Iterator<void> | undefined;
  /** Whether this turn has had its slice. */
  #hasHadSlice = false;

  constructor(host: SlicedWorkHost = systemHost) {
    this.#host = host;
  }

  /** Does a task when those before it are done. */
  add(task: Task): void {
    this.#tasks.push(task);
    if (!this.#hasHadSlice) this.#slice();
    else if (this.#tasks.length > MOST_WAITING) this.#finishOne();
  }

  /** Does all that waits, at once: its process is about to end. */
  finish(): void {
    while (this.#current !== undefined || this.#tasks.length > 0) this.#finishOne();
  }

  /** Resolves when all is done that was added before; undefined if it is. */
  get pending(): Promise<void> | undefined {
    if (this.#current === undefined && this.#tasks.length === 0) return undefined;
    return new Promise((resolve) => {
      this.add(() => {
        resolve();
        return [];
      });
    });
  }

  #slice(): void {
    const { monotonicNow, nextTurn } = this.#host;
    const start = monotonicNow();
    this.#hasHadSlice = true;
    nextTurn(() => {
      this.#hasHadSlice = false;
      if (this.#current !== undefined || this.#tasks.length > 0) this.#slice();
    });
    while (this.#step() && monotonicNow() - start < SLICE_MS);
  }

  #finishOne(): void {
    do this.#step();
    while (this.#current !== undefined);
  }

  /** @returns whether there is more to do */
  #step(): boolean {
    const current = this.#current ?? this.#tasks.shift()?.()[Symbol.iterator]();
    // A task that fails is over, and the next slice goes on with the next one.
    this.#current = undefined;
    if (current !== undefined && current.next().done !== true) this.#current = current;
    return this.#current !== undefined || this.#tasks.length > 0;
  }
}
