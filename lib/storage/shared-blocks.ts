// How a row in shared memory says where its exponential buckets lie.
import { BLOCK_HEADER_CELLS, blockCells } from "./exponential-block.ts";
import { WORD_BYTES } from "./shared-memory.ts";

/** What a row needs for each block: when its first number was counted, and where it lies. */
export const BLOCK_REFERENCE_CELLS = 2;

/**
 * Makes a row tell of a block, in place of the one before. Readers find either the one or the other, each whole.
 *
 * @param startedMs when the first number in it was counted, in milliseconds since the epoch
 * @param block in the same memory as the page; none takes the reference away
 */
export function publishBlock(page: Float64Array, offset: number, startedMs: number, block?: Float64Array): void {
  page[offset] = block === undefined ? 0 : startedMs;
  const address = block === undefined ? 0 : block.byteOffset / WORD_BYTES;
  Atomics.store(addressCell(page, offset), 0, address);
}

/**
 * A copy of the block that a row tells of, if it tells of one. When the memory was used for something else meanwhile, it
 * is a copy of anything.
 */
export function readBlock(page: Float64Array, offset: number): Float64Array | undefined {
  const start = Atomics.load(addressCell(page, offset), 0) * WORD_BYTES;
  if (start === 0) return undefined;
  const most = Math.floor((page.buffer.byteLength - start) / WORD_BYTES);
  const header = new Float64Array(page.buffer, start, Math.min(most, BLOCK_HEADER_CELLS));
  return new Float64Array(page.buffer, start, Math.max(0, Math.min(most, blockCells(header)))).slice();
}

function addressCell(page: Float64Array, offset: number): Int32Array {
  return new Int32Array(page.buffer, page.byteOffset + (offset + 1) * WORD_BYTES, 1);
}
