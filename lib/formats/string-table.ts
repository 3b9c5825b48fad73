import { areSame } from "./same-bytes.ts";

/** A power of two: far more than the label names and values that come again and again in some hundred lines. */
const SLOTS = 1024;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The strings that stand in a stretch of bytes, each made once: what comes again gets the string it got before, which
 * saves making it, and the memory of it as long as the families live.
 */
export class StringTable {
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  #text: string | undefined;
  readonly #strings: string[] = new Array(SLOTS).fill("");
  readonly #starts = new Int32Array(SLOTS);
  readonly #lengths = new Int32Array(SLOTS);

  /**
   * Begins another stretch. Strings of the one before are forgotten, for each may hold on to all of its text.
   *
   * @param bytes valid UTF-8 wherever {@link get} is going to look
   * @param text the same as text, if all of it is ASCII
   */
  open(bytes: Uint8Array, text?: string): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#text = text;
    this.#strings.fill("");
    this.#lengths.fill(-1);
  }

  /** The string in the bytes from `start` to `end`. */
  get(start: number, end: number): string {
    const length = end - start;
    const slot = this.#slotOf(start, length);
    if (this.#lengths[slot] === length) {
      if (areSame(this.#view, this.#starts[slot] as number, start, length)) return this.#strings[slot] as string;
    }
    const string = this.#text?.slice(start, end) ?? decoder.decode(this.#bytes.subarray(start, end));
    this.#strings[slot] = string;
    this.#starts[slot] = start;
    this.#lengths[slot] = length;
    return string;
  }

  /** A place by some of the bytes: the ends tell most strings apart, and those that share a place are just made again. */
  #slotOf(start: number, length: number): number {
    const view = this.#view;
    let hash = length;
    if (length >= 4) {
      hash ^= view.getInt32(start, true) ^ Math.imul(view.getInt32(start + length - 4, true), 0x9e3779b1);
    } else {
      for (let i = 0; i < length; i++) hash = Math.imul(hash, 31) + view.getUint8(start + i);
    }
    return (Math.imul(hash, 0x85ebca6b) >>> 16) & (SLOTS - 1);
  }
}
