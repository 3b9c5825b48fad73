// The quantiles of a summary that several threads observe: all their exponential buckets, put together at the scrape.
import type { Clock } from "../model/clock.ts";
import type { ColumnMetric } from "../registry/scrape.ts";
import { ExponentialBuckets } from "../storage/exponential-buckets.ts";
import type { ObjectColumn } from "../storage/object-column.ts";
import { QUANTILE_MAX_LENGTH, QUANTILE_SCHEMA, type QuantileWindow } from "../storage/quantile-window.ts";
import type { Details } from "./declaration.ts";
import type { Part } from "./thread-part.ts";

/** A summary, as its windows are read. */
interface WithWindows {
  readonly windows?: ObjectColumn<QuantileWindow>;
}

/** The windows of a summary's rows, and what threads that have ended have left of them. */
export class ThreadWindows {
  readonly #windows: ObjectColumn<QuantileWindow>;
  readonly #retired = new Map<number, RetiredWindow>();
  readonly #clock: Clock;
  readonly #maxAgeMs: number;
  /** How long a part of the window is. */
  readonly #partMs: number;

  private constructor(windows: ObjectColumn<QuantileWindow>, details: Details, clock: Clock) {
    const { maxAgeSeconds, ageBuckets = 1 } = details;
    this.#windows = windows;
    this.#clock = clock;
    this.#maxAgeMs = maxAgeSeconds === undefined ? Number.POSITIVE_INFINITY : maxAgeSeconds * 1000;
    this.#partMs = this.#maxAgeMs / ageBuckets;
  }

  /**
   * Those of a summary; nothing for other metrics.
   *
   * @param metric has no greatest age itself
   */
  static of(metric: ColumnMetric, details: Details, clock: Clock): ThreadWindows | undefined {
    const windows = metric.type === "summary" ? (metric as WithWindows).windows : undefined;
    return windows && new ThreadWindows(windows, details, clock);
  }

  /**
   * Puts those of a row together.
   *
   * @param rows the threads that have it, and which of theirs it is
   * @returns false if what was read may be wrong
   */
  merge(joined: number, rows: Iterable<readonly [Part, number]>): boolean {
    const window = this.#windows.get(joined);
    if (window === undefined) return true;
    const sinceMs = this.#sinceMs();
    window.reset();
    this.#retired.get(joined)?.forEachBlock(sinceMs, (block) => window.mergeBlock(block));
    for (const [part, row] of rows) {
      const isRight = part.forEachBlock(row, (block, startedMs) => {
        if (startedMs > sinceMs) window.mergeBlock(block);
      });
      if (!isRight) return false;
    }
    return true;
  }

  /** Keeps what a thread has observed in one of its rows. */
  retire(part: Part, row: number, joined: number): void {
    let retired = this.#retired.get(joined);
    if (retired === undefined) {
      retired = new RetiredWindow();
      this.#retired.set(joined, retired);
    }
    const into = retired;
    const sinceMs = this.#sinceMs();
    part.forEachBlock(row, (block, startedMs) => {
      if (startedMs > sinceMs) into.add(block, startedMs, this.#partMs);
    });
  }

  forgetRetired(joined: number): void {
    this.#retired.delete(joined);
  }

  /** What was observed before this is too old. */
  #sinceMs(): number {
    return this.#clock.now() - this.#maxAgeMs;
  }
}

/** What threads that have ended observed in about one part of the window. */
interface RetiredPart {
  readonly part: number;
  startedMs: number;
  readonly buckets: ExponentialBuckets;
}

/** What threads that have ended observed of one series, as long as it is in the window. */
class RetiredWindow {
  #parts: RetiredPart[] = [];

  /** @param partMs how long a part of the window is */
  add(block: Float64Array, startedMs: number, partMs: number): void {
    const part = partMs === Number.POSITIVE_INFINITY ? 0 : Math.floor(startedMs / partMs);
    let known = this.#parts.find((one) => one.part === part);
    if (known === undefined) {
      const buckets = new ExponentialBuckets({ schema: QUANTILE_SCHEMA, maxLength: QUANTILE_MAX_LENGTH });
      known = { part, startedMs, buckets };
      this.#parts.push(known);
    }
    known.startedMs = Math.min(known.startedMs, startedMs);
    known.buckets.mergeBlock(block);
  }

  /** Calls back with what is not older than `sinceMs`, and forgets the rest. */
  forEachBlock(sinceMs: number, visit: (block: Float64Array) => void): void {
    if (this.#parts.some(({ startedMs }) => startedMs <= sinceMs))
      this.#parts = this.#parts.filter(({ startedMs }) => startedMs > sinceMs);
    for (const { buckets } of this.#parts) visit(buckets.block);
  }
}
