import { attempt, type RuntimeSources } from "./sources.ts";

/**
 * Hears of delays.
 *
 * @param seconds how late the loop was
 * @param nowMs by the monotonic clock
 * @param times how many looks at the loop found that delay
 */
export type DelayListener = (seconds: number, nowMs: number, times: number) => void;

/**
 * How long an interval may get while the loop is calm, in milliseconds. What idling costs is the waking up, which took
 * up to 0.7 ms of CPU time on a busy virtual machine (`bench/runtime.ts`, case `runtime/idle`): a hundred times a second
 * that is several percent of a processor, and once in five seconds next to nothing. It is half a part of the window that
 * `eventLoopLag` tells of, so that what was spared comes to the part where it belongs.
 */
const LONGEST_INTERVAL_MS = 5_000;

/**
 * How much a loop may have worked in an interval and still be calm, in milliseconds: the first bound of the histogram
 * of delays. No delay within such an interval can have been longer, so how often one looked is the same to it.
 */
const CALM_MS = 5;

/**
 * Looks at the event loop time and again, and tells how late it is.
 *
 * Each look is a timer, and how late that fires is the delay. While the loop works a timer fires every `precisionMs`.
 * While it is calm the intervals double up to five seconds, since waking an idle process is what costs. The looks that
 * were spared would have found no delay, as the loop was idle, and are counted so. In a long interval each turn of the
 * loop is timed instead, as long as they do little; the first that does more is itself the delay, and ends the interval.
 * A loop that nothing wakes has no turns, and a busy one is not timed by turns.
 *
 * Timer and turns hold the probe weakly. A probe that nobody refers to any more ends by itself.
 */
export class LoopProbe {
  readonly #precisionMs: number;
  readonly #sources: RuntimeSources;
  readonly #listeners: DelayListener[] = [];
  #timer: unknown;
  #turn: unknown;
  #intervalMs: number;
  #startMs = 0;
  /** How far the loop's time was split up into work and waiting, by the clock and by what it says it waited. */
  #splitMs = 0;
  #splitIdleMs: number | undefined;
  /** Of the interval so far: how long the loop worked, and how long at a time. */
  #workedMs = 0;
  #longestMs = 0;
  /** How long the loop waited, as far as that is not yet counted in looks. */
  #idleMs = 0;
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
    if (this.#timer !== undefined) return;
    this.#splitMs = this.#sources.monotonicNow();
    this.#splitIdleMs = this.#readIdleMs();
    this.#idleMs = 0;
    this.#wait();
  }

  stop(): void {
    this.#sources.clearTimer(this.#timer);
    this.#sources.clearTurn(this.#turn);
    this.#timer = undefined;
    this.#turn = undefined;
  }

  /** Tells of the looks that were spared up to now, for whoever reads before the next one. */
  catchUp(): void {
    if (this.#timer === undefined || this.#intervalMs === this.#precisionMs) return;
    this.#split();
    this.#tellSpared(Math.floor(Math.min(this.#idleMs, this.#intervalMs) / this.#precisionMs));
  }

  #wait(): void {
    const { setTimer } = this.#sources;
    this.#startMs = this.#splitMs;
    this.#workedMs = 0;
    this.#longestMs = 0;
    const probe = new WeakRef(this);
    this.#timer = setTimer(() => probe.deref()?.look(), this.#intervalMs);
    if (this.#intervalMs > this.#precisionMs) this.#timeTurn(probe);
  }

  #timeTurn(probe: WeakRef<LoopProbe>): void {
    this.#turn = this.#sources.onTurn(() => probe.deref()?.endTurn(probe));
  }

  /** Called in each turn of a loop that is calm. */
  endTurn(probe: WeakRef<LoopProbe>): void {
    this.#split();
    if (this.#workedMs <= CALM_MS) this.#timeTurn(probe);
    else this.look();
  }

  /** Called by the timer, or by a turn that took long. */
  look(): void {
    this.#sources.clearTimer(this.#timer);
    this.#sources.clearTurn(this.#turn);
    this.#split();
    const lateMs = this.#splitMs - this.#startMs - this.#intervalMs;
    const delayMs = Math.max(0, lateMs, this.#longestMs);
    this.#last = delayMs / 1000;
    for (const listener of this.#listeners) listener(this.#last, this.#splitMs, 1);
    this.#tellSpared(Math.round(Math.min(this.#idleMs, this.#intervalMs) / this.#precisionMs) - 1);
    this.#idleMs = 0;
    const longestMs = Math.max(this.#precisionMs, LONGEST_INTERVAL_MS);
    this.#intervalMs = this.#workedMs <= CALM_MS ? Math.min(this.#intervalMs * 2, longestMs) : this.#precisionMs;
    this.#wait();
  }

  #tellSpared(looks: number): void {
    if (looks <= 0) return;
    this.#idleMs -= looks * this.#precisionMs;
    for (const listener of this.#listeners) listener(0, this.#splitMs, looks);
  }

  /** Splits the time since it was last called into work and waiting. */
  #split(): void {
    const nowMs = this.#sources.monotonicNow();
    const idleMs = this.#readIdleMs();
    // A runtime that does not tell how long its loop waited has worked all the time, as far as we know.
    const waitedMs = idleMs === undefined || this.#splitIdleMs === undefined ? 0 : idleMs - this.#splitIdleMs;
    const workedMs = Math.max(0, nowMs - this.#splitMs - waitedMs);
    this.#idleMs += waitedMs;
    this.#workedMs += workedMs;
    // In a short interval the timer tells that by itself.
    if (this.#intervalMs > this.#precisionMs) this.#longestMs = Math.max(this.#longestMs, workedMs);
    this.#splitMs = nowMs;
    this.#splitIdleMs = idleMs;
  }

  #readIdleMs(): number | undefined {
    return attempt(this.#sources.loopTimes)?.idle;
  }
}
