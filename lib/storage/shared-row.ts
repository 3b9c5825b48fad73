// What a row in shared memory has behind its numbers, so that other threads find what does not fit into it.
import { BLOCK_REFERENCE_CELLS } from "./shared-blocks.ts";

/** What the details of a metric's definition say of it. */
interface RowDetails {
  readonly percentiles?: readonly number[];
  readonly ageBuckets?: number;
  readonly native?: { readonly exemplars: number };
  readonly enableExemplars?: boolean;
}

/** Where what is. */
export interface SharedRow {
  /** The first cell that tells of a block of exponential buckets. */
  readonly firstBlock: number;
  /** How many blocks there are. */
  readonly blocks: number;
  /** The cell that tells of exemplars, or -1. */
  readonly exemplars: number;
  /** How many exemplars of native buckets there are at most, behind those of the samples. */
  readonly nativeExemplars: number;
  /** How many cells there are in all. */
  readonly cells: number;
}

/** @param cells how many numbers the row has */
export function sharedRow(
  cells: number,
  { percentiles = [], ageBuckets = 1, native, enableExemplars = false }: RowDetails,
): SharedRow {
  const blocks = native !== undefined ? 1 : percentiles.length > 0 ? ageBuckets : 0;
  const end = cells + blocks * BLOCK_REFERENCE_CELLS;
  return {
    firstBlock: cells,
    blocks,
    exemplars: enableExemplars ? end : -1,
    nativeExemplars: enableExemplars ? (native?.exemplars ?? 0) : 0,
    cells: enableExemplars ? end + 1 : end,
  };
}
