/** A clock that the test turns, and timers that go by it. */
export class FakeTime {
  nowMs: number;
  /** How often the clock was read. */
  reads = 0;
  readonly #timers = new Map<object, { readonly dueMs: number; readonly callback: () => void }>();
  /** The delays that timers were set for, all of them so far. */
  readonly delays: number[] = [];
  unrefs = 0;

  constructor(startMs = 5_000) {
    this.nowMs = startMs;
  }

  readonly now = (): number => {
    this.reads++;
    return this.nowMs;
  };

  readonly setTimer = (callback: () => void, delayMs: number): object => {
    const timer = { unref: () => this.unrefs++ };
    this.#timers.set(timer, { dueMs: this.nowMs + delayMs, callback });
    this.delays.push(delayMs);
    return timer;
  };

  readonly clearTimer = (timer: unknown): void => {
    this.#timers.delete(timer as object);
  };

  /** How many timers are waiting. */
  get waiting(): number {
    return this.#timers.size;
  }

  /** Lets time pass and fires the timers at their times. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].sort(([, a], [, b]) => a.dueMs - b.dueMs);
      if (next === undefined || next[1].dueMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, next[1].dueMs);
      this.#fire(next[0]);
    }
    this.nowMs = endMs;
  }

  /** Lets time pass while timers can't fire, as behind a long computation. */
  block(ms: number): void {
    this.nowMs += ms;
  }

  /** Fires every timer there is now, due or not. */
  fireAll(): void {
    for (const timer of [...this.#timers.keys()]) this.#fire(timer);
  }

  #fire(timer: object): void {
    const { callback } = this.#timers.get(timer) ?? {};
    this.#timers.delete(timer);
    callback?.();
  }
}
