import { NativeBuckets, type NativeListener, type NativeOwner, type NativeSettings } from "./native-buckets.ts";
import { ObjectColumn } from "./object-column.ts";
import type { PageFactory } from "./pages.ts";

/** What the native histograms of a family need to know. */
export interface NativeColumnOptions {
  readonly settings: NativeSettings;
  /** The table's. */
  readonly rowShift: number;
  /** Called when a row's series begins anew: what else it has counted goes to zero. */
  readonly onReset: (row: number) => void;
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
  readonly pages?: PageFactory | undefined;
  /** Calls back once after a delay in milliseconds. If what it returns has an `unref`, that is called. */
  readonly setTimer?: (callback: () => void, delayMs: number) => unknown;
  readonly clearTimer?: (timer: unknown) => void;
}

/** A series that shall begin anew. */
interface Pending {
  readonly dueMs: number;
  timer: unknown;
}

/** The longest delay that timers take; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/**
 * The native histograms of a family, by row. A series that has to begin anew does so by a timer, which keeps no process
 * alive, or at a scrape when that comes first.
 */
export class NativeColumn implements NativeOwner {
  readonly now: () => number;
  readonly #settings: NativeSettings;
  readonly #pages: PageFactory | undefined;
  readonly #resetRow: (row: number) => void;
  readonly #setTimer: (callback: () => void, delayMs: number) => unknown;
  readonly #clearTimer: (timer: unknown) => void;
  readonly #rows: ObjectColumn<NativeBuckets>;
  readonly #pending = new Map<NativeBuckets, Pending>();

  constructor(options: NativeColumnOptions) {
    this.#settings = options.settings;
    this.#pages = options.pages;
    this.#rows = new ObjectColumn(options.rowShift);
    this.#resetRow = options.onReset;
    this.now = options.now;
    // The functions of the environment are looked up when they are called, so that a test's replacement of them counts.
    this.#setTimer = options.setTimer ?? ((callback, delayMs) => setTimeout(callback, delayMs));
    this.#clearTimer = options.clearTimer ?? ((timer) => clearTimeout(timer as number));
  }

  /** The native histogram of a row that has a series. */
  at(row: number): NativeBuckets | undefined {
    return this.#rows.get(row);
  }

  /** Makes the native histogram of a new series. */
  create(row: number, listener?: NativeListener): void {
    this.#rows.set(row, new NativeBuckets(row, this.#settings, this, this.#pages, listener));
  }

  remove(row: number): void {
    const buckets = this.#rows.get(row);
    if (buckets !== undefined) this.#cancel(buckets);
    buckets?.release();
    this.#rows.set(row, undefined);
  }

  /** Lets the series begin anew whose time has come, though their timers are late. */
  resetDue(): void {
    if (this.#pending.size === 0) return;
    const nowMs = this.now();
    for (const [buckets, { dueMs }] of this.#pending) if (nowMs >= dueMs) buckets.reset();
  }

  /** @internal */
  onReset(buckets: NativeBuckets): void {
    this.#cancel(buckets);
    this.#resetRow(buckets.row);
  }

  /** @internal */
  onSchedule(buckets: NativeBuckets, dueMs: number): void {
    this.#pending.set(buckets, { dueMs, timer: undefined });
    this.#wait(buckets);
  }

  #wait(buckets: NativeBuckets): void {
    const pending = this.#pending.get(buckets);
    if (pending === undefined) return;
    const delayMs = Math.ceil(pending.dueMs - this.now());
    if (delayMs <= 0) {
      buckets.reset();
      return;
    }
    // A timer may fire a little early, or not be able to wait so long; then it waits for the rest.
    pending.timer = this.#setTimer(() => this.#wait(buckets), Math.min(delayMs, LONGEST_DELAY_MS));
    (pending.timer as { unref?: () => void } | undefined)?.unref?.();
  }

  #cancel(buckets: NativeBuckets): void {
    const pending = this.#pending.get(buckets);
    if (pending === undefined) return;
    this.#pending.delete(buckets);
    this.#clearTimer(pending.timer);
  }
}
