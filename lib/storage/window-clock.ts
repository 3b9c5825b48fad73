/** How long observations stay in a window, and how the time is told. */
export interface WindowClockOptions {
  /**
   * How old an observation gets at most, in seconds. It leaves the window when its age bucket does, at an age of
   * `maxAgeSeconds` less at most one part of `ageBuckets`. `Infinity` keeps observations for ever.
   * @default 600
   */
  readonly maxAgeSeconds?: number;
  /**
   * In how many parts the window moves on.
   * @default 5
   */
  readonly ageBuckets?: number;
  /** A clock that only goes forward, in milliseconds. Read when a timer is set or fires, and at scrapes. */
  readonly now?: () => number;
  /** Calls back once after a delay in milliseconds. If what it returns has an `unref`, that is called. */
  readonly setTimer?: (callback: () => void, delayMs: number) => unknown;
  readonly clearTimer?: (timer: unknown) => void;
}

/** The longest delay that timers take; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * The time that the windows of one metric share, counted in epochs: the parts in which a window moves on.
 *
 * Whoever observes compares one integer and reads no clock. A timer advances the epoch, and a scrape does when the
 * timer is late. The timer is there only while an observation may still be inside a window. It knows the clock but no
 * window, and keeps no process alive, so a metric that is dropped leaves nothing behind.
 */
export class WindowClock {
  readonly ageBuckets: number;
  readonly #epochMs: number;
  readonly #now: () => number;
  readonly #setTimer: (callback: () => void, delayMs: number) => unknown;
  readonly #clearTimer: (timer: unknown) => void;
  #epoch = 0;
  /** When the present epoch began; meaningful only while the timer runs. */
  #epochStartMs = 0;
  /** The last epoch in which anything was observed. */
  #lastUsed = 0;
  #timer: unknown;

  /** @throws {RangeError} when `maxAgeSeconds` is not above zero, or `ageBuckets` no integer above zero */
  constructor(options: WindowClockOptions = {}) {
    const { maxAgeSeconds = 600, ageBuckets = 5 } = options;
    if (!(maxAgeSeconds > 0)) throw new RangeError(`maxAgeSeconds must be above zero, but got ${maxAgeSeconds}.`);
    if (!Number.isInteger(ageBuckets) || ageBuckets < 1) {
      throw new RangeError(`ageBuckets must be an integer above zero, but got ${ageBuckets}.`);
    }
    this.ageBuckets = ageBuckets;
    this.#epochMs = (maxAgeSeconds * 1000) / ageBuckets;
    // The functions of the environment are looked up when they are called, so that a test's replacement of them counts.
    this.#now = options.now ?? (() => performance.now());
    this.#setTimer = options.setTimer ?? ((callback, delayMs) => setTimeout(callback, delayMs));
    this.#clearTimer = options.clearTimer ?? ((timer) => clearTimeout(timer as number));
  }

  /** The part of time that it is now. It only grows, and stands still while there is nothing to expire. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Whether what was observed in an epoch belongs to the window now. */
  isLive(epoch: number): boolean {
    return this.#epoch - epoch < this.ageBuckets;
  }

  /** Takes note that a window has its first observation of the present epoch, and sees to it that it expires. */
  use(): void {
    this.#lastUsed = this.#epoch;
    if (this.#timer !== undefined || this.#epochMs === Number.POSITIVE_INFINITY) return;
    this.#epochStartMs = this.#now();
    this.#wait(this.#epochMs);
  }

  /**
   * Advances by as many epochs as have passed.
   *
   * @param nowMs the time by the clock that was handed in
   */
  advance(nowMs: number = this.#now()): void {
    if (this.#timer === undefined) return;
    const passed = Math.floor((nowMs - this.#epochStartMs) / this.#epochMs);
    if (passed < 1) return;
    this.#epochStartMs += passed * this.#epochMs;
    // One turn of the window expires everything, however much later it is.
    this.#epoch += Math.min(passed, this.ageBuckets);
    if (this.isLive(this.#lastUsed)) return;
    this.#clearTimer(this.#timer);
    this.#timer = undefined;
  }

  readonly #onTimer = (): void => {
    const nowMs = this.#now();
    this.advance(nowMs);
    // A timer may fire a little early, or its epoch may have been ended by a scrape. Then it waits for the rest.
    if (this.#timer !== undefined) this.#wait(this.#epochStartMs + this.#epochMs - nowMs);
  };

  #wait(delayMs: number): void {
    this.#timer = this.#setTimer(this.#onTimer, Math.min(Math.ceil(delayMs), LONGEST_DELAY_MS));
    (this.#timer as { unref?: () => void }).unref?.();
  }
}
