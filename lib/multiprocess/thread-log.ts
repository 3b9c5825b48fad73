// The log in which a thread tells what its shared pages hold: records that are only ever appended, in segments of which
// each says where the next one lies. It is written in UTF-16 units, as texts are.
import {
  GENERATION_CELL,
  LAYOUT,
  LAYOUT_CELL,
  ROOT_CELL,
  type SharedMemory,
  WORD_BYTES,
} from "../storage/shared-memory.ts";

/** What a record tells. The numbers are part of the layout of the memory. */
export const RECORD = {
  /** No record: the log goes on in another segment. */
  NEXT: 0,
  /** The thread's default labels, before any family. */
  LABELS: 1,
  FAMILY: 2,
  WITHDRAWN: 3,
  PAGE: 4,
  SERIES: 5,
  REMOVED: 6,
  FACTS: 7,
  WIPED: 8,
} as const;

// A segment begins with two 32-bit integers: how many units of the whole log are published, in the first segment only,
// and how many units the segment has room for.
const PUBLISHED = 0;
const ROOM = 1;
const SEGMENT_HEADER_WORDS = 1;
const FIRST_SEGMENT_WORDS = 64;
const LARGEST_SEGMENT_WORDS = 16_384;
const UNITS_PER_WORD = 4;

/** A record begins with its kind, its length in units, and the number of the family. */
const RECORD_HEADER_UNITS = 5;
const NEXT_UNITS = 3;

const double = new Float64Array(1);
const doubleUnits = new Uint16Array(double.buffer);

/** Writes the log. A record is drafted piece by piece and appended whole. */
export class LogWriter {
  readonly #memory: SharedMemory;
  #segments: { readonly address: number; readonly words: number }[] = [];
  #state: Int32Array = new Int32Array(2);
  #units: Uint16Array = new Uint16Array(0);
  #position = 0;
  #published = 0;
  #draft = new Uint16Array(256);
  #length = 0;

  constructor(memory: SharedMemory) {
    this.#memory = memory;
    this.#begin();
    this.#publishRoot();
  }

  /**
   * Writes the log anew, from what there is now. Readers of the old one start over, so that all memory that was freed
   * until now can be used again.
   *
   * @param write writes all records
   */
  startOver(write: () => void): void {
    const old = this.#segments;
    this.#begin();
    write();
    this.#publishRoot();
    this.#memory.reuseFreed();
    // Only the next time: the reader may be in the midst of it.
    for (const { address, words } of old) this.#memory.free(address, words);
  }

  #begin(): void {
    this.#segments = [];
    this.#published = 0;
    this.#addSegment(FIRST_SEGMENT_WORDS);
    this.#state = this.#headerOf(this.#segments[0]?.address ?? 0);
  }

  #publishRoot(): void {
    const { header } = this.#memory;
    Atomics.store(header, ROOT_CELL, this.#segments[0]?.address ?? 0);
    // The address alone would not tell: it may be one that was in use before.
    Atomics.add(header, GENERATION_CELL, 1);
  }

  #headerOf(address: number): Int32Array {
    return new Int32Array(this.#memory.buffer, address * WORD_BYTES, 2);
  }

  #addSegment(words: number): number {
    const address = this.#memory.allocate(words);
    const room = (words - SEGMENT_HEADER_WORDS) * UNITS_PER_WORD;
    this.#headerOf(address)[ROOM] = room;
    this.#segments.push({ address, words });
    this.#units = unitsOf(this.#memory.buffer, address, room);
    this.#position = 0;
    return address;
  }

  begin(kind: number, family = 0): this {
    this.#draft[0] = kind;
    this.#length = 3;
    return this.integer(family);
  }

  /** @param value 0…2^32 − 1 */
  integer(value: number): this {
    this.#reserve(2);
    this.#draft[this.#length++] = value;
    this.#draft[this.#length++] = value >>> 16;
    return this;
  }

  number(value: number): this {
    this.#reserve(4);
    double[0] = value;
    for (let i = 0; i < 4; i++) this.#draft[this.#length++] = doubleUnits[i] as number;
    return this;
  }

  text(text: string): this {
    this.integer(text.length).#reserve(text.length);
    const draft = this.#draft;
    let length = this.#length;
    for (let i = 0; i < text.length; i++) draft[length++] = text.charCodeAt(i);
    this.#length = length;
    return this;
  }

  #reserve(units: number): void {
    if (this.#length + units <= this.#draft.length) return;
    const larger = new Uint16Array((this.#length + units) * 2);
    larger.set(this.#draft);
    this.#draft = larger;
  }

  /** Appends the record that was drafted: from now on readers see all of it. */
  append(): void {
    const length = this.#length;
    const draft = this.#draft;
    draft[1] = length;
    draft[2] = length >>> 16;
    if (this.#position + length + NEXT_UNITS > this.#units.length) this.#goOn(length);
    if (length <= 64) for (let i = 0; i < length; i++) this.#units[this.#position + i] = draft[i] as number;
    else this.#units.set(draft.subarray(0, length), this.#position);
    this.#position += length;
    this.#published += length;
    Atomics.store(this.#state, PUBLISHED, this.#published);
  }

  /** Goes on in a new segment, which has room for a record of so many units. */
  #goOn(length: number): void {
    const units = this.#units;
    const position = this.#position;
    const words = Math.min(LARGEST_SEGMENT_WORDS, FIRST_SEGMENT_WORDS * 2 ** this.#segments.length);
    const needed = SEGMENT_HEADER_WORDS + Math.ceil((length + NEXT_UNITS) / UNITS_PER_WORD);
    const address = this.#addSegment(Math.max(words, needed));
    units[position] = RECORD.NEXT;
    units[position + 1] = address;
    units[position + 2] = address >>> 16;
    this.#published += NEXT_UNITS;
  }
}

function unitsOf(buffer: SharedArrayBuffer, address: number, room: number): Uint16Array {
  return new Uint16Array(buffer, (address + SEGMENT_HEADER_WORDS) * WORD_BYTES, room);
}

/**
 * Reads the log from its beginning as far as it is published, record by record. Its writer may start over at any time;
 * then what this one has read is out of date, and so is what it says where things lie.
 */
export class LogReader {
  readonly #buffer: SharedArrayBuffer;
  readonly #header: Int32Array;
  readonly #generation: number;
  readonly #state: Int32Array | undefined;
  #units: Uint16Array = new Uint16Array(0);
  #position = 0;
  #read = 0;
  /** A copy of the record, so that it can't change while it is being understood. */
  #record = new Uint16Array(256);
  #cursor = 0;

  constructor(buffer: SharedArrayBuffer) {
    this.#buffer = buffer;
    this.#header = new Int32Array(buffer, 0, GENERATION_CELL + 1);
    this.#generation = Atomics.load(this.#header, GENERATION_CELL);
    if (this.#generation === 0) return;
    const root = Atomics.load(this.#header, ROOT_CELL);
    this.#state = new Int32Array(buffer, root * WORD_BYTES, 2);
    this.#units = this.#segmentAt(root);
  }

  /** Whether memory that came from elsewhere is laid out as this version of the library knows. */
  static canRead(buffer: unknown): buffer is SharedArrayBuffer {
    return (
      buffer instanceof SharedArrayBuffer &&
      buffer.byteLength >= 4 * WORD_BYTES &&
      new Int32Array(buffer, 0, 2)[LAYOUT_CELL] === LAYOUT
    );
  }

  /** Whether the writer has started over. If not, whatever was read in shared memory until now was rightly read. */
  get isOutdated(): boolean {
    // It is a write, though one that changes nothing, so that no reading before it can come after it.
    return Atomics.or(this.#header, GENERATION_CELL, 0) !== this.#generation;
  }

  /** Whether there is something to read. */
  get hasMore(): boolean {
    return this.#state !== undefined && Atomics.load(this.#state, PUBLISHED) !== this.#read;
  }

  /** Goes to the next record, if there is one. */
  next(): boolean {
    if (this.#state === undefined || !this.hasMore) return false;
    if (this.#units[this.#position] === RECORD.NEXT) {
      const next = this.#integerAt(this.#units, this.#position + 1);
      if (this.isOutdated) return false;
      this.#units = this.#segmentAt(next);
      this.#position = 0;
      this.#read += NEXT_UNITS;
    }
    const length = this.#integerAt(this.#units, this.#position + 1);
    if (this.#record.length < length) {
      if (this.isOutdated) return false;
      this.#record = new Uint16Array(length * 2);
    }
    for (let i = 0; i < length; i++) this.#record[i] = this.#units[this.#position + i] as number;
    if (this.isOutdated) return false;
    this.#position += length;
    this.#read += length;
    this.#cursor = RECORD_HEADER_UNITS;
    return true;
  }

  /** The units of the segment, or none if there can't be a segment. */
  #segmentAt(address: number): Uint16Array {
    const room = new Int32Array(this.#buffer, address * WORD_BYTES, 2)[ROOM] as number;
    return this.isOutdated ? new Uint16Array(0) : unitsOf(this.#buffer, address, room);
  }

  get kind(): number {
    return this.#record[0] as number;
  }

  get family(): number {
    return this.#integerAt(this.#record, 3);
  }

  integer(): number {
    this.#cursor += 2;
    return this.#integerAt(this.#record, this.#cursor - 2);
  }

  number(): number {
    for (let i = 0; i < 4; i++) doubleUnits[i] = this.#record[this.#cursor++] as number;
    return double[0] as number;
  }

  text(): string {
    const length = this.integer();
    let text = "";
    // As arguments of a call there can't be any number of them.
    for (let start = 0; start < length; start += 4096) {
      const from = this.#cursor + start;
      const to = this.#cursor + Math.min(length, start + 4096);
      text += String.fromCharCode.apply(null, this.#record.subarray(from, to) as unknown as number[]);
    }
    this.#cursor += length;
    return text;
  }

  #integerAt(units: Uint16Array, index: number): number {
    return ((units[index] as number) | ((units[index + 1] as number) << 16)) >>> 0;
  }
}
