import { areSame } from "./same-bytes.ts";

/** Powers of two. So many strings may be kept: more than the label names and values of most expositions. */
const MOST_SLOTS = 8192;
const LEAST_SLOTS = 512;

/** In how many slots a string may be, a power of two: so few strings find all of theirs taken while half the slots are. */
const WAYS = 4;

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
    const first = this.#slotOf(view, start, length);
    let way = 0;
    while (way < WAYS && !this.#isAt(first ^ way, view, start, length)) way++;
    const slot = way < WAYS ? first ^ way : this.#keep(source, start, end);
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

  /** Keeps a string in the first free one of its slots, or in the last; returns which. */
  #keep(source: TextBytes, start: number, end: number): number {
    const { bytes, view } = source;
    const length = end - start;
    // What comes again is soon found again.
    if (this.#keptLength + length > this.#kept.length) this.#empty(Math.min(2 * this.#slots, MOST_SLOTS));
    const notes = this.#notes;
    const first = this.#slotOf(view, start, length);
    let slot = first;
    for (let way = 1; way < WAYS && (notes[slot * NOTES + LENGTH] as number) >= 0; way++) slot = first ^ way;
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

  /** The first of its slots. */
  #slotOf(view: DataView, start: number, length: number): number {
    let hash = length;
    let i = 0;
    for (; i <= length - 4; i += 4) hash = mix(hash ^ view.getInt32(start + i, true));
    for (; i < length; i++) hash = mix(hash ^ view.getUint8(start + i));
    return hash & (this.#slots - 1);
  }
}

/** Spreads each bit over many. */
function mix(hash: number): number {
  const product = Math.imul(hash, 0x9e3779b1);
  return product ^ (product >>> 15);
}

/** A string that holds on to nothing else. */
function stringOf(source: TextBytes, start: number, end: number): string {
  const short = end - start <= LONGEST_COPY ? source.text?.slice(start, end) : undefined;
  return short ?? decoder.decode(source.bytes.subarray(start, end));
}

/** What all readers share: a target that is scraped says much the same each time. */
export const strings = new StringTable();
