import { ParseError } from "./parse-error.ts";

/** A message of a delimited input. */
export interface DelimitedMessage {
  /** Lent until the next message is taken. */
  readonly bytes: Uint8Array;
  /** Where in the input it begins, behind its length. */
  readonly offset: number;
}

/** More bytes than any varint has. */
const VARINT_BYTES = 10;

/** Cuts an input, in whatever pieces it comes, into messages that each have their length before them. Holds back at most one. */
export class MessageSplitter {
  readonly #maxBytes: number;
  /** How much of the input was in the pieces before. */
  #offset = 0;
  /** The varint that is the length of the next message, as far as it was read. */
  #length = 0;
  #lengthBytes = 0;
  #hasLength = false;
  /** The beginning of a message whose end is yet to come. It grows with what comes, whatever the length says. */
  #held: Uint8Array = new Uint8Array(1024);
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The messages that a piece of input completes. */
  *add(piece: Uint8Array): Generator<DelimitedMessage, void, undefined> {
    // Code that meets both a Uint8Array and a Buffer is slower for both.
    const bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
    let pos = 0;
    for (;;) {
      while (!this.#hasLength && pos < bytes.length) {
        this.#addLengthByte(bytes[pos] as number, this.#offset + pos);
        pos++;
      }
      const missing = this.#length - this.#heldBytes;
      if (!this.#hasLength || missing > bytes.length - pos) break;
      const offset = this.#offset + pos - this.#heldBytes;
      const rest = bytes.subarray(pos, pos + missing);
      yield { bytes: this.#heldBytes === 0 ? rest : this.#hold(rest), offset };
      pos += missing;
      this.#length = 0;
      this.#lengthBytes = 0;
      this.#hasLength = false;
      this.#heldBytes = 0;
    }
    this.#hold(bytes.subarray(pos));
    this.#offset += bytes.length;
  }

  /** @throws {ParseError} when the input can't end here */
  end(): void {
    if (this.#lengthBytes === 0) return;
    const expected = this.#hasLength ? `a message of ${this.#length} bytes` : "the length of a message";
    const found = this.#hasLength ? `the end of the input after ${this.#heldBytes}` : "the end of the input";
    throw new ParseError({ offset: this.#offset }, expected, found);
  }

  #addLengthByte(byte: number, offset: number): void {
    this.#length += (byte & 0x7f) * 2 ** (7 * this.#lengthBytes);
    this.#lengthBytes++;
    if (this.#length > this.#maxBytes || this.#lengthBytes > VARINT_BYTES) {
      throw new ParseError({ offset }, `a message of at most ${this.#maxBytes} bytes`, "a longer one");
    }
    this.#hasLength = byte < 0x80;
  }

  /** Keeps some bytes, and returns all that are kept. */
  #hold(bytes: Uint8Array): Uint8Array {
    const length = this.#heldBytes + bytes.length;
    if (length > this.#held.length) {
      const larger = new Uint8Array(2 * length);
      larger.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = length;
    return this.#held.subarray(0, length);
  }
}
