// The quantiles of a summary that several threads observe: all their exponential buckets, put together at the scrape.
import type { ColumnMetric } from "../registry/scrape.ts";
import { ExponentialBuckets } from "../storage/exponential-buckets.ts";
import type { ObjectColumn } from "../storage/object-column.ts";
import { QUANTILE_MAX_LENGTH, QUANTILE_SCHEMA, type QuantileWindow } from "../storage/quantile-window.ts";

/** A summary, as its windows are read. */
interface WithWindows {
  readonly windows?: ObjectColumn<QuantileWindow>;
}

/** The windows of a summary's rows; nothing for other metrics. */
export function windowsOf(metric: ColumnMetric): ObjectColumn<QuantileWindow> | undefined {
  return metric.type === "summary" ? (metric as WithWindows).windows : undefined;
}

/** What threads that have ended observed in about one part of the window. */
interface RetiredPart {
  readonly part: number;
  startedMs: number;
  readonly buckets: ExponentialBuckets;
}

/** What threads that have ended observed of one series, as long as it is in the window. */
export class RetiredWindow {
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
