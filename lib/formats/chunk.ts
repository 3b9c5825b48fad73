/** How many bytes of an exposition a chunk holds: small enough for a second-level cache, large enough for a socket. */
export const CHUNK_BYTES = 65_536;

/** Room behind the last byte, for {@link copyBytes} and for one number. */
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

/** How many bytes beyond its end a piece must have room for, to be copied by {@link copyBytes} from or to there. */
export const COPY_SLACK_BYTES = 24;

/**
 * Copies `length` bytes of UTF-8 and returns the offset behind them. Some bytes more are read and written, so both sides
 * need {@link COPY_SLACK_BYTES}.
 *
 * Moving them as doubles is several times faster than `set(subarray)` for the short pieces that lines are made of. The
 * one kind of double that engines may change, and Node.js 26 does, is a NaN: none occurs in UTF-8. Whatever is no text is
 * for {@link copyBits}. Most pieces are up to 16 or up to 40 bytes long, and need no loop.
 */
export function copyBytes(from: DataView, start: number, to: DataView, offset: number, length: number): number {
  const a = from.getFloat64(start, true);
  const b = from.getFloat64(start + 8, true);
  to.setFloat64(offset, a, true);
  to.setFloat64(offset + 8, b, true);
  for (let i = 16; i < length; i += 24) {
    const c = from.getFloat64(start + i, true);
    const d = from.getFloat64(start + i + 8, true);
    const e = from.getFloat64(start + i + 16, true);
    to.setFloat64(offset + i, c, true);
    to.setFloat64(offset + i + 8, d, true);
    to.setFloat64(offset + i + 16, e, true);
  }
  return offset + length;
}

/** The same for any bytes at all: they are moved as integers, which nobody may change. */
export function copyBits(from: DataView, start: number, to: DataView, offset: number, length: number): number {
  for (let i = 0; i < length; i += 8) {
    const a = from.getInt32(start + i, true);
    const b = from.getInt32(start + i + 4, true);
    to.setInt32(offset + i, a, true);
    to.setInt32(offset + i + 4, b, true);
  }
  return offset + length;
}

/** Some bytes that are copied again and again, with the slack that this needs. */
export interface Piece {
  readonly view: DataView;
  readonly length: number;
}

export function piece(bytes: Uint8Array): Piece {
  const padded = new Uint8Array(bytes.length + COPY_SLACK_BYTES);
  padded.set(bytes);
  return { view: new DataView(padded.buffer), length: bytes.length };
}
