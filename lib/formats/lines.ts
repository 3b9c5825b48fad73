import { CHUNK_BYTES, type Chunk } from "./chunk.ts";
import type { Section } from "./format.ts";

/** Lines between two returns to the caller. */
const LINES_PER_STEP = 64;
/** And characters: a line with native buckets may have very many. */
const LENGTH_PER_STEP = 16_384;

const encoder = new TextEncoder();

/** Writes lines that are made as strings: headers, and whatever is not read from columns byte by byte. */
export class LineSection implements Section {
  readonly #lines: Iterator<string>;
  /** What is left of a line that did not fit. */
  #rest: Uint8Array | undefined;

  constructor(lines: Iterable<string>) {
    this.#lines = lines[Symbol.iterator]();
  }

  write(chunk: Chunk): boolean {
    for (let count = 0, length = 0; count < LINES_PER_STEP && length < LENGTH_PER_STEP; count++) {
      if (this.#rest === undefined) {
        const next = this.#lines.next();
        if (next.done === true) return true;
        const line = next.value;
        length += line.length;
        // UTF-8 takes at most three bytes for a UTF-16 unit.
        if (chunk.length + line.length * 3 <= CHUNK_BYTES) {
          chunk.length += encoder.encodeInto(line, chunk.bytes.subarray(chunk.length)).written;
          continue;
        }
        this.#rest = encoder.encode(line);
      }
      const piece = this.#rest.subarray(0, CHUNK_BYTES - chunk.length);
      chunk.bytes.set(piece, chunk.length);
      chunk.length += piece.length;
      if (piece.length < this.#rest.length) {
        this.#rest = this.#rest.subarray(piece.length);
        chunk.isFull = true;
        return false;
      }
      this.#rest = undefined;
    }
    return false;
  }
}
