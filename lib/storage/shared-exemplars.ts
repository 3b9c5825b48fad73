// How exemplars lie in shared memory: a row tells of a list of places, each place of the memory with an exemplar.
import type { LabelSet } from "../model/family.ts";
import type { TimedExemplar } from "./native-exemplars.ts";
import type { PageFactory } from "./pages.ts";
import { WORD_BYTES } from "./shared-memory.ts";

// An exemplar begins with two 32-bit integers: how often it was written, odd while that is being done, and the length of
// its labels. These are JSON in UTF-16 units.
const WRITTEN = 0;
const LENGTH = 1;
const VALUE_CELL = 1;
const TIME_CELL = 2;
const HEADER_CELLS = 3;
const UNITS_PER_CELL = 4;
/** What the labels of an exemplar take at most as JSON, were each character escaped. */
const MOST_UNITS = 4096;
/** How often an exemplar is read that is being written: a thread that was terminated meanwhile never goes on. */
const ATTEMPTS = 3;

/** What a thread has written of one row. */
interface WrittenRow {
  readonly places: Float64Array;
  readonly exemplars: (Float64Array | undefined)[];
}

/** Writes the exemplars of a metric. Each has memory of its own, which is written over, so readers never start over. */
export class SharedExemplars {
  readonly #pages: PageFactory;
  readonly #places: number;
  readonly #rows = new Map<number, WrittenRow>();

  /** @param places how many exemplars a row has at most */
  constructor(pages: PageFactory, places: number) {
    this.#pages = pages;
    this.#places = places;
  }

  /**
   * Writes an exemplar over the one that was in its place.
   *
   * @param offset of the cell that tells of the row's exemplars
   */
  set(
    row: number,
    page: Float64Array,
    offset: number,
    place: number,
    { labels, value, timestampMs }: TimedExemplar,
  ): void {
    let written = this.#rows.get(row);
    if (written === undefined) {
      written = { places: this.#pages(this.#places), exemplars: [] };
      this.#rows.set(row, written);
      tell(page, offset, written.places);
    }
    const text = JSON.stringify(labels);
    const known = written.exemplars[place];
    const isTooShort = known === undefined || (known.length - HEADER_CELLS) * UNITS_PER_CELL < text.length;
    // With room for twice as many, so that it is seldom too short.
    const exemplar = isTooShort ? this.#pages(HEADER_CELLS + Math.ceil((text.length * 2) / UNITS_PER_CELL)) : known;
    const header = headerOf(exemplar);
    Atomics.add(header, WRITTEN, 1);
    header[LENGTH] = text.length;
    exemplar[VALUE_CELL] = value;
    exemplar[TIME_CELL] = timestampMs;
    const units = unitsOf(exemplar, text.length);
    for (let i = 0; i < text.length; i++) units[i] = text.charCodeAt(i);
    Atomics.add(header, WRITTEN, 1);
    if (!isTooShort) return;
    written.exemplars[place] = exemplar;
    tell(written.places, place, exemplar);
    if (known !== undefined) this.#pages.release?.(known);
  }

  /** Gives the memory of a row's exemplars back. */
  remove(row: number): void {
    const written = this.#rows.get(row);
    if (written === undefined) return;
    this.#rows.delete(row);
    for (const exemplar of written.exemplars) if (exemplar !== undefined) this.#pages.release?.(exemplar);
    this.#pages.release?.(written.places);
  }
}

/**
 * The exemplar in a place of a row, if there is one. When the memory was used for something else meanwhile, it is
 * anything.
 *
 * @param offset of the cell that tells of the row's exemplars
 */
export function readExemplar(page: Float64Array, offset: number, place: number): TimedExemplar | undefined {
  const places = told(page, offset, place + 1);
  const exemplar = places && told(places, place, HEADER_CELLS);
  if (exemplar === undefined) return undefined;
  const header = headerOf(exemplar);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const written = Atomics.load(header, WRITTEN);
    if (written % 2 !== 0) continue;
    const length = header[LENGTH] as number;
    const end = exemplar.byteOffset + HEADER_CELLS * WORD_BYTES + length * 2;
    if (length < 0 || length > MOST_UNITS || end > page.buffer.byteLength) return undefined;
    const text = String.fromCharCode(...unitsOf(exemplar, length));
    const value = exemplar[VALUE_CELL] as number;
    const timestampMs = exemplar[TIME_CELL] as number;
    // A write that changes nothing, so that no reading before it can come after it.
    if (Atomics.or(header, WRITTEN, 0) === written) return parsed(text, value, timestampMs);
  }
  return undefined;
}

function parsed(text: string, value: number, timestampMs: number): TimedExemplar | undefined {
  try {
    return Object.freeze({ labels: Object.freeze(JSON.parse(text) as LabelSet), value, timestampMs });
  } catch {
    // The memory holds something else by now, which the caller is about to find out.
    return undefined;
  }
}

function tell(page: Float64Array, offset: number, of: Float64Array): void {
  Atomics.store(addressCell(page, offset), 0, of.byteOffset / WORD_BYTES);
}

/** The memory that a cell tells of, if there is so much. */
function told(page: Float64Array, offset: number, cells: number): Float64Array | undefined {
  const start = Atomics.load(addressCell(page, offset), 0) * WORD_BYTES;
  if (start <= 0 || start + cells * WORD_BYTES > page.buffer.byteLength) return undefined;
  return new Float64Array(page.buffer, start, cells);
}

function addressCell(page: Float64Array, offset: number): Int32Array {
  return new Int32Array(page.buffer, page.byteOffset + offset * WORD_BYTES, 1);
}

function headerOf(exemplar: Float64Array): Int32Array {
  return new Int32Array(exemplar.buffer, exemplar.byteOffset, 2);
}

function unitsOf(exemplar: Float64Array, length: number): Uint16Array {
  return new Uint16Array(exemplar.buffer, exemplar.byteOffset + HEADER_CELLS * WORD_BYTES, length);
}
