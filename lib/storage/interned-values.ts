import { labelText } from "../model/labels.ts";
import { escapeBytes, QUOTE } from "./escape-bytes.ts";
import { Fragments } from "./fragments.ts";
import { ObjectColumn } from "./object-column.ts";
import { TextIds } from "./text-ids.ts";

/** The id of the absent label, in every table. */
export const ABSENT = 0;

const SMALL_NUMBERS = 1024;
/** How many values lie in the first map, where they are found at once. */
const FIRST_VALUES = 16_384;
/** How many low bits of an id are its place in a page of a column. */
const ID_SHIFT = 12;
const encoder = new TextEncoder();

/**
 * The values of one label of one family: text to a small id and back. Each value's bytes, as text formats write them, go
 * to the family's {@link Fragments}.
 *
 * A value is counted as often as series use it and forgotten when none does, so values that come and go leave nothing
 * behind. Finding a known value allocates nothing.
 */
export class InternedValues {
  readonly labelName: string;
  /** The bytes of the values, among those of the family. */
  readonly fragments: Fragments;
  /** How many backslashes were put into the fragments that have any, by id. */
  readonly escapes: ReadonlyMap<number, number>;
  // A Map finds constant texts as quickly as a dictionary object does (bench case `counter/inc({…})`), and freshly made
  // ones a quarter quicker, for it need not make them unique in the engine first.
  readonly #ids = new Map<string, number>([["", ABSENT]]);
  /** The ids of further values, where there are very many. */
  #furtherIds: TextIds | undefined;
  /** Ids of the whole numbers from 0 on, -1 where unknown; made when the first is given as a number. */
  #smallNumbers: Int32Array | undefined;

  readonly #texts = new ObjectColumn<string>(ID_SHIFT);
  readonly #uses = new ObjectColumn<number>(ID_SHIFT);
  readonly #freeIds: number[] = [];
  #idLimit = ABSENT + 1;
  /** Ids out of use that a running scrape may still print. */
  #unused: number[] = [];
  readonly #prefix: Uint8Array;
  readonly #label: number;
  readonly #escapes = new Map<number, number>();

  /**
   * @param writtenName the label name as text formats write it: quoted where it is no legacy name
   * @param fragments those of the family
   * @param label which of the family's labels it is
   */
  constructor(labelName: string, writtenName: string, fragments: Fragments = new Fragments(1), label = 0) {
    this.labelName = labelName;
    this.fragments = fragments;
    this.escapes = this.#escapes;
    this.#label = label;
    this.#prefix = encoder.encode(`,${writtenName}="`);
    fragments.prefixLengths[label] = this.#prefix.length;
    this.#texts.set(ABSENT, "");
    this.#uses.set(ABSENT, 1);
  }

  /** One more than the largest id ever given out. */
  get idLimit(): number {
    return this.#idLimit;
  }

  /** At least the length of the longest fragment. */
  get longestFragment(): number {
    return this.fragments.longest[this.#label] as number;
  }

  /** Where a value begins in the bytes of the {@link fragments}, behind its opening quote. */
  startOf(id: number): number {
    return this.fragments.startOf(this.#label, id) + this.#prefix.length;
  }

  /** How many bytes a value takes there, escapes included, without its quotes. */
  lengthOf(id: number): number {
    return this.fragments.lengthOf(this.#label, id) - this.#prefix.length - 1;
  }

  /** The id of a value as the caller gave it, or -1 when it is not known in this very form. */
  idOf(value: unknown): number {
    if (typeof value === "string") {
      const id = this.#ids.get(value);
      if (id !== undefined) return id;
      return this.#furtherIds === undefined ? -1 : this.#furtherIds.get(value);
    }
    if (typeof value === "number" && value >= 0 && value < SMALL_NUMBERS && (value | 0) === value) {
      const ids = this.#smallNumbers;
      return ids === undefined ? -1 : (ids[value] as number);
    }
    return value === undefined || value === null ? ABSENT : -1;
  }

  /**
   * The id of any valid value, or -1 when no series has it. Unlike {@link idOf} this knows all spellings of a value.
   *
   * @throws {TypeError} when the value can't be a label value
   */
  find(value: unknown): number {
    const known = this.idOf(value);
    if (known >= 0) return known;
    const text = labelText(this.labelName, value);
    if (text === value) return -1;
    const id = this.idOf(text);
    if (id > ABSENT && typeof value === "number") this.#rememberNumber(value, id);
    return id;
  }

  /** Makes a value known that {@link find} does not find, and gives its id; the caller then uses it by {@link retain}. */
  intern(value: unknown): number {
    const text = ownText(labelText(this.labelName, value));
    const id = this.#freeIds.pop() ?? this.#idLimit++;
    if (this.#ids.size < FIRST_VALUES) this.#ids.set(text, id);
    else {
      this.#furtherIds ??= new TextIds();
      this.#furtherIds.set(text, id);
    }
    if (typeof value === "number") this.#rememberNumber(value, id);
    this.#texts.set(id, text);
    this.#uses.set(id, 0);
    this.#writeFragment(id, text);
    return id;
  }

  text(id: number): string {
    return this.#texts.get(id) as string;
  }

  retain(id: number): void {
    this.#uses.set(id, (this.#uses.get(id) as number) + 1);
  }

  /** Says that one series less uses the value. It is forgotten at the next {@link forgetUnused}. */
  release(id: number): void {
    const uses = (this.#uses.get(id) as number) - 1;
    this.#uses.set(id, uses);
    if (uses === 0) this.#unused.push(id);
  }

  /** Forgets the values that no series uses. Not while a scrape runs that could print one of them. */
  forgetUnused(): void {
    if (this.#unused.length === 0) return;
    const unused = this.#unused;
    this.#unused = [];
    for (const id of unused) {
      if (this.#uses.get(id) !== 0) continue;
      // Twice released and retained in between, it may be listed twice; -1 marks it as forgotten.
      this.#uses.set(id, -1);
      const text = this.text(id);
      if (!this.#ids.delete(text)) this.#furtherIds?.delete(text);
      const number = Number(text);
      if (this.#smallNumbers !== undefined && number < SMALL_NUMBERS && String(number) === text) {
        this.#smallNumbers[number] = -1;
      }
      this.#texts.set(id, "");
      this.#escapes.delete(id);
      this.fragments.forget(this.#label, id);
      this.#freeIds.push(id);
    }
    this.fragments.tidy();
  }

  #rememberNumber(value: number, id: number): void {
    if (!(value >= 0 && value < SMALL_NUMBERS && (value | 0) === value)) return;
    this.#smallNumbers ??= new Int32Array(SMALL_NUMBERS).fill(-1);
    this.#smallNumbers[value] = id;
  }

  #writeFragment(id: number, text: string): void {
    const { fragments } = this;
    // UTF-8 takes at most three bytes for a UTF-16 unit, and two for one that is escaped.
    const start = fragments.reserve(this.#prefix.length + text.length * 3 + 1);
    const { bytes } = fragments;
    bytes.set(this.#prefix, start);
    const valueStart = start + this.#prefix.length;
    let end = valueStart + encodeText(text, bytes, valueStart);
    if (/[\\"\n]/.test(text)) {
      const escapes = escapeBytes(bytes, valueStart, end, QUOTE);
      this.#escapes.set(id, escapes);
      end += escapes;
    }
    bytes[end++] = 34;
    fragments.add(this.#label, id, end - start);
  }
}

/** The shortest text that engines make as a view of another. */
const SHORTEST_SLICE = 13;

/** Has a key for a moment only; without prototype and used as a dictionary, so that keys are all it ever has. */
const uniqueTexts: Record<string, number> = Object.create(null);

/**
 * The text in memory of its own. A slice keeps the whole text alive that it was cut from: a route, the body of its
 * request. As the key of an object a text has to be flat and unique, and so becomes independent.
 */
function ownText(text: string): string {
  if (text.length < SHORTEST_SLICE) return text;
  uniqueTexts[text] = 0;
  delete uniqueTexts[text];
  return text;
}

/** Writes text as UTF-8 and returns how many bytes it took. Most label values are short and ASCII. */
function encodeText(text: string, bytes: Uint8Array, offset: number): number {
  if (text.length <= 32) {
    let i = 0;
    for (; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 127) break;
      bytes[offset + i] = unit;
    }
    if (i === text.length) return i;
  }
  return encoder.encodeInto(text, bytes.subarray(offset)).written;
}
