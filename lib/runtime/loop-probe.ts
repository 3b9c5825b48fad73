import { attempt, type LoopTimes, type RuntimeSources } from "./sources.ts";

/**
 * Hears of delays.
 *
 * @param seconds how late the loop was
 * @param nowMs by the monotonic clock
 * @param times how many looks at the loop found that delay
 */
export type DelayListener = (seconds: number, nowMs: number, times: number) => void;

/**
 * How long an interval may get while the loop is calm, in milliseconds. What idling costs is the waking up: where that
 * takes 0.15 ms, as on the virtual machines of `bench/runtime.ts`, a hundred times a second is 1.5 % of a processor,
 * and four times a second less than 0.1 %.
 */
const LONGEST_INTERVAL_MS = 250;

/**
 * How much a loop may have worked in an interval and still be calm, in milliseconds: the first bound of the histogram
 * of delays. No delay within such an interval can have been longer, so how often one looked is the same to it.
 */
const CALM_MS = 5;

/** In so few turns it was one of them that took the time, and the others were for waking up. */
const FEW_TURNS = 3;

/**
 * Looks at the event loop time and again, and tells how late it is.
 *
 * Each look is a timer, and how late that fires is the delay. While the loop works a timer fires every `precisionMs`.
 * While it is calm the intervals double up to a quarter of a second, since waking an idle process is what costs. The
 * looks that were spared would have found no delay, as the loop was idle, and are counted so. A delay that came in the
 * middle of a long interval is over before the timer is due, or has begun before it was; then libuv tells of it: how
 * long the loop worked since the last look, and in how many turns.
 *
 * The timer holds the probe weakly. A probe that nobody refers to any more ends by itself.
 */
export class LoopProbe {
  readonly #precisionMs: number;
  readonly #sources: RuntimeSources;
  readonly #listeners: DelayListener[] = [];
  #timer: unknown;
  #intervalMs: number;
  #startMs = 0;
  #times: LoopTimes | undefined;
  #turns: number | undefined;
  /** The delay that the last look found, in seconds. */
  #last: number | undefined;

  constructor(precisionMs: number, sources: RuntimeSources) {
    this.#precisionMs = precisionMs;
    this.#intervalMs = precisionMs;
    this.#sources = sources;
  }

  /** Calls back at each look, and with the looks that were spared before it, if any were. */
  onDelay(listener: DelayListener): void {
    this.#listeners.push(listener);
  }

  /** The delay that the last look found, in seconds, if there was one yet. */
  get lastSeconds(): number | undefined {
    return this.#last;
  }

  start(): void {
    if (this.#timer === undefined) this.#wait();
  }

  stop(): void {
    this.#sources.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  #wait(): void {
    const { monotonicNow, loopTimes, loopCounts, setTimer } = this.#sources;
    this.#startMs = monotonicNow();
    this.#times = attempt(loopTimes);
    this.#turns = attempt(loopCounts)?.loopCount;
    this.#timer = setTimer(lookLater(new WeakRef(this)), this.#intervalMs);
  }

  /** Called by the timer. */
  look(): void {
    const { monotonicNow, loopTimes } = this.#sources;
    const nowMs = monotonicNow();
    const elapsedMs = nowMs - this.#startMs;
    const times = attempt(loopTimes);
    // A runtime that does not tell how long its loop waited has worked all the time, as far as we know.
    const idleMs = times === undefined || this.#times === undefined ? 0 : times.idle - this.#times.idle;
    const workedMs = Math.max(0, elapsedMs - idleMs);
    const delayMs = Math.max(0, elapsedMs - this.#intervalMs, this.#longestTurnMs(workedMs));
    const spared = Math.round(Math.min(idleMs, this.#intervalMs) / this.#precisionMs) - 1;
    this.#last = delayMs / 1000;
    for (const listener of this.#listeners) {
      listener(this.#last, nowMs, 1);
      if (spared > 0) listener(0, nowMs, spared);
    }
    const longestMs = Math.max(this.#precisionMs, LONGEST_INTERVAL_MS);
    this.#intervalMs = workedMs <= CALM_MS ? Math.min(this.#intervalMs * 2, longestMs) : this.#precisionMs;
    this.#wait();
  }

  /** How long the loop was busy at a time in a long interval; short ones need no more than their timer. */
  #longestTurnMs(workedMs: number): number {
    const count = attempt(this.#sources.loopCounts)?.loopCount;
    if (this.#intervalMs === this.#precisionMs || count === undefined || this.#turns === undefined) return 0;
    const turns = count - this.#turns;
    return turns <= FEW_TURNS ? workedMs : workedMs / turns;
  }
}

function lookLater(probe: WeakRef<LoopProbe>): () => void {
  return () => probe.deref()?.look();
}
