import { NEWLINE } from "./text-scanner.ts";

/**
 * Lines are handed on in portions of up to this size, unless one line is longer. V8 maps memory of its own for each string
 * of 128 KiB or more, which costs 40 times what decoding does (`bench/parse.ts`). A portion stays below that even where each
 * character takes two bytes of the string.
 */
const PORTION_BYTES = 61_440;

/** Cuts an input, in whatever pieces it comes, into portions of whole lines. Holds back at most one line. */
export class LineSplitter {
  readonly #maxLineBytes: number;
  readonly #portionBytes: number;
  readonly #refuse: () => never;
  /** The beginning of a line whose end is yet to come. */
  #held: Uint8Array = new Uint8Array(1024);
  #heldBytes = 0;

  /** @param refuse called to throw when a line is longer than `maxLineBytes`, once all lines before it are taken */
  constructor(maxLineBytes: number, refuse: () => never) {
    this.#maxLineBytes = maxLineBytes;
    this.#portionBytes = Math.min(PORTION_BYTES, maxLineBytes);
    this.#refuse = refuse;
  }

  /** The lines that a piece of input completes. They are lent until the next are taken. */
  *add(piece: Uint8Array): Generator<Uint8Array, void, undefined> {
    // Code that meets both a Uint8Array and a Buffer is slower for both.
    const bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
    let start = 0;
    if (this.#heldBytes > 0) {
      const newline = bytes.indexOf(NEWLINE);
      this.#hold(newline < 0 ? bytes : bytes.subarray(0, newline));
      if (newline < 0) return;
      yield this.#take();
      start = newline + 1;
    }
    while (start < bytes.length) {
      // The search back from a portion without a newline ends at the one before it.
      const last = bytes.lastIndexOf(NEWLINE, Math.min(start + this.#portionBytes, bytes.length) - 1);
      const newline = last >= start ? last : bytes.indexOf(NEWLINE, start);
      if (newline < 0) {
        this.#hold(bytes.subarray(start));
        return;
      }
      if (last < start && newline - start > this.#maxLineBytes) this.#refuse();
      yield bytes.subarray(start, newline + 1);
      start = newline + 1;
    }
  }

  /** The last line, if it has no newline, with one. */
  end(): Uint8Array | undefined {
    return this.#heldBytes > 0 ? this.#take() : undefined;
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#heldBytes + bytes.length;
    if (length > this.#maxLineBytes) this.#refuse();
    if (length >= this.#held.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = length;
  }

  #take(): Uint8Array {
    const length = this.#heldBytes;
    this.#heldBytes = 0;
    this.#held[length] = NEWLINE;
    return this.#held.subarray(0, length + 1);
  }
}
