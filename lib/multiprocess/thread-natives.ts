// The native buckets of a histogram that several threads observe: put together at the scrape.
import { ExponentialBuckets } from "../storage/exponential-buckets.ts";
import { FINEST_SCHEMA } from "../storage/exponential-keys.ts";
import { NATIVE_MAX_LENGTH } from "../storage/native-buckets.ts";
import { ObjectColumn } from "../storage/object-column.ts";
import type { Part } from "./thread-part.ts";

/** The native buckets of a family, by row, and what threads that have ended have left of them. */
export class ThreadNatives {
  readonly #merged: ObjectColumn<ExponentialBuckets>;
  readonly #retired = new Map<number, ExponentialBuckets>();

  /** @param rowShift the table's */
  constructor(rowShift: number) {
    this.#merged = new ObjectColumn(rowShift);
  }

  /** Those of a row as they were put together last. */
  at(row: number): ExponentialBuckets | undefined {
    return this.#merged.get(row);
  }

  /**
   * Puts those of a row together.
   *
   * @param rows the threads that have it, and which of theirs it is
   * @returns how many observations there are; undefined if what was read may be wrong
   */
  merge(row: number, rows: Iterable<readonly [Part, number]>): number | undefined {
    let merged = this.#merged.get(row);
    if (merged === undefined) {
      merged = emptyBuckets();
      this.#merged.set(row, merged);
    }
    const into = merged;
    into.reset();
    const retired = this.#retired.get(row);
    if (retired !== undefined) into.merge(retired);
    for (const [part, own] of rows) if (!part.forEachBlock(own, (block) => into.mergeBlock(block))) return undefined;
    return into.count;
  }

  /** Keeps what a thread has counted in one of its rows. */
  retire(part: Part, own: number, row: number): void {
    let retired = this.#retired.get(row);
    if (retired === undefined) {
      retired = emptyBuckets();
      this.#retired.set(row, retired);
    }
    const into = retired;
    part.forEachBlock(own, (block) => into.mergeBlock(block));
  }

  forgetRetired(row: number): void {
    this.#retired.delete(row);
  }

  remove(row: number): void {
    this.#merged.set(row, undefined);
  }
}

/** At the finest resolution and without a zero bucket, of which each block makes what it has. */
function emptyBuckets(): ExponentialBuckets {
  return new ExponentialBuckets({ schema: FINEST_SCHEMA, maxLength: NATIVE_MAX_LENGTH });
}
