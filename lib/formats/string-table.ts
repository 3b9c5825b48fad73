import { areSame } from "./same-bytes.ts";

/** Powers of two. So many strings may be kept: more than the label names and values of most expositions. */
const MOST_SLOTS = 8192;
const LEAST_SLOTS = 512;

/** How many bytes may be kept for each slot, on average. */
const SLOT_BYTES = 8;

/** Longer strings are made each time, in bytes. */
const LONGEST = 128;

/** V8 makes a string of so many characters a copy, while a longer one holds on to the text that it was cut out of. */
const LONGEST_COPY = 12;

// What is noted of each slot, side by side, for looking at memory that is far apart costs more than all the rest: how many
// bytes the string has, or -1 if there is none; where they begin among those that are kept; and the string's hash.
const LENGTH = 0;
const START = 1;
const HASH = 2;
const NOTES = 4;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Bytes that strings stand in. */
export interface TextBytes {
  /** UTF-8, valid wherever a string is looked for. */
  readonly bytes: Uint8Array;
  /** The same memory. */
  readonly view: DataView;
  /** The same as text, if all of it is ASCII, so that the same offsets hold. */
  readonly text: string | undefined;
}

/**
 * The strings that stand in bytes, each made once as far as possible: what comes again gets the string that it got before,
 * which saves making it, and the memory of it as long as the families live. None of them holds on to a text.
 */
export class StringTable {
  /** The hash of the string that was given last: the same for the same string, wherever it stood. */
  hash = 0;
  #slots = 0;
  #strings: string[] = [];
  #notes = new Int32Array(0);
  #kept = new Uint8Array(0);
  #keptView = new DataView(this.#kept.buffer);
  #keptLength = 0;
  /** Odd, and not to be guessed, so that no input can be made of strings that all have one hash. */
  readonly #multiplier: number;

  constructor(random: () => number = Math.random) {
    this.#multiplier = Math.floor(random() * 2 ** 32) | 1;
    this.#empty(LEAST_SLOTS);
  }

  /** The string in the bytes from `start` to `end`; tells its {@link hash} too. */
  get(source: TextBytes, start: number, end: number): string {
    const length = end - start;
    const { view } = source;
    if (length > LONGEST) {
      const string = stringOf(source, start, end);
      this.hash = this.hashText(string);
      return string;
    }
    let slot = this.#slotOf(view, start, length);
    if (!this.#isAt(slot, view, start, length)) {
      slot ^= 1;
      if (!this.#isAt(slot, view, start, length)) slot = this.#keep(slot ^ 1, source, start, end);
    }
    this.hash = this.#notes[slot * NOTES + HASH] as number;
    return this.#strings[slot] as string;
  }

  /** A number that depends upon all characters of a text. */
  hashText(text: string): number {
    const multiplier = this.#multiplier;
    let hash = text.length;
    for (let i = 0; i < text.length; i++) {
      hash = Math.imul(hash ^ text.charCodeAt(i), multiplier);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  #isAt(slot: number, view: DataView, start: number, length: number): boolean {
    const notes = this.#notes;
    const note = slot * NOTES;
    if (notes[note + LENGTH] !== length) return false;
    return areSame(this.#keptView, notes[note + START] as number, view, start, length);
  }

  /** Keeps a string in the first slot that it may have or, if that is taken, the second; returns which. */
  #keep(first: number, source: TextBytes, start: number, end: number): number {
    const { bytes, view } = source;
    const length = end - start;
    let slot = first;
    if (this.#keptLength + length > this.#kept.length) {
      // What comes again is soon found again.
      this.#empty(Math.min(2 * this.#slots, MOST_SLOTS));
      slot = this.#slotOf(view, start, length);
    }
    const notes = this.#notes;
    if ((notes[slot * NOTES + LENGTH] as number) >= 0) slot ^= 1;
    const string = stringOf(source, start, end);
    this.#strings[slot] = string;
    notes[slot * NOTES + LENGTH] = length;
    notes[slot * NOTES + START] = this.#keptLength;
    notes[slot * NOTES + HASH] = this.hashText(string);
    for (let i = start; i < end; i++) this.#kept[this.#keptLength++] = bytes[i] as number;
    return slot;
  }

  #empty(slots: number): void {
    if (slots !== this.#slots) {
      this.#slots = slots;
      this.#strings = new Array(slots);
      this.#notes = new Int32Array(slots * NOTES);
      this.#kept = new Uint8Array(slots * SLOT_BYTES);
      this.#keptView = new DataView(this.#kept.buffer);
    }
    this.#strings.fill("");
    this.#notes.fill(-1);
    this.#keptLength = 0;
  }

  /** The first of two places by some of the bytes: the ends tell most strings apart. What finds none is just made again. */
  #slotOf(view: DataView, start: number, length: number): number {
    let hash = length;
    if (length >= 4) {
      hash ^= view.getInt32(start, true) ^ Math.imul(view.getInt32(start + length - 4, true), 0x9e3779b1);
    } else {
      for (let i = 0; i < length; i++) hash = Math.imul(hash, 31) + view.getUint8(start + i);
    }
    return (Math.imul(hash, 0x85ebca6b) >>> 16) & (this.#slots - 1);
  }
}

/** A string that holds on to nothing else. */
function stringOf({ bytes, text }: TextBytes, start: number, end: number): string {
  return end - start <= LONGEST_COPY && text !== undefined
    ? text.slice(start, end)
    : decoder.decode(bytes.subarray(start, end));
}

/** What all readers share: a target that is scraped says much the same each time. */
export const strings = new StringTable();
