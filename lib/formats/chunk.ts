/** How many bytes of an exposition a chunk holds: small enough for a second-level cache, large enough for a socket. */
export const CHUNK_BYTES = 65_536;

/** Room behind the last byte, for copies in blocks of 16 bytes and for one number. */
const SLACK_BYTES = 64;

/** Memory that an exposition is written to, piece by piece, and that is used again and again. */
export class Chunk {
  readonly bytes: Uint8Array;
  /** The same memory, for copying eight bytes at a time. */
  readonly view: DataView;
  /** How many bytes are written. */
  length = 0;
  /** Set by a section that has more to write than there is room for. */
  isFull = false;

  /** @param size how many bytes it holds; what goes to a reader is of the common size */
  constructor(size: number = CHUNK_BYTES) {
    this.bytes = new Uint8Array(size + SLACK_BYTES);
    this.view = new DataView(this.bytes.buffer);
  }

  clear(): void {
    this.length = 0;
    this.isFull = false;
  }
}

/**
 * Copies `length` bytes and returns the offset behind them. Up to 15 bytes more are read and written, so both sides
 * need slack.
 *
 * Moving them as doubles is several times faster than `set(subarray)` for the short pieces that lines are made of. It
 * changes no bit: engines move doubles as they are, and the one kind of double that a standard lets them change, a
 * NaN, does not occur in UTF-8.
 */
export function copyBytes(from: DataView, start: number, to: DataView, offset: number, length: number): number {
  for (let i = 0; i < length; i += 16) {
    to.setFloat64(offset + i, from.getFloat64(start + i, true), true);
    to.setFloat64(offset + i + 8, from.getFloat64(start + i + 8, true), true);
  }
  return offset + length;
}
