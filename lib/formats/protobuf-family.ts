// A family as a protobuf message, which says how long it is before it begins.
import { BackwardWriter } from "./backward-writer.ts";
import { CHUNK_BYTES, type Chunk } from "./chunk.ts";
import type { Section } from "./format.ts";

/** Bytes that were announced and are not needed so far. */
export interface Spare {
  bytes: number;
}

/** The metrics of a part of a family. They are first measured, all of them, and then written. */
export interface MetricsPart {
  /** How many bytes those measured so far take. */
  readonly bytes: number;
  /** Whether a series may take more or fewer bytes when it is written than when it was measured. */
  readonly isVariable: boolean;
  /** Measures some more, and returns whether that was all. */
  measure(): boolean;
  /**
   * Writes on as a section does. All together take as many bytes as were measured, those more that are spare, or fewer,
   * and these are spare then.
   */
  write(chunk: Chunk, spare: Spare): boolean;
  /** Begins anew, as if nothing had been measured. */
  restart(): void;
}

/** What a variable family keeps in reserve for series that grow meanwhile: so much, and this part of all. */
const RESERVE_BYTES = 1024;
const RESERVE_SHARE = 1 / 32;
/** So many bytes are never used up, for a single one could not be filled. */
export const LEAST_SPARE = 3;

/** A family of no more than this is measured and written in one go, so that nothing can change in between. */
const SMALL_BYTES = (CHUNK_BYTES * 3) / 4;

/** How many parts are measured before the caller may look at the clock. */
const PARTS_PER_STEP = 16;

/** The field `type` of a family. */
const TYPE_TAG = 0x18;

/**
 * A family, with its length before it.
 *
 * Nothing of it is held: its metrics are measured, in steps between which the event loop may turn, and then written in
 * as many. Meanwhile numbers change, and that changes no length, for numbers have room for any. Series may go, and then
 * the rest of the message is filled up: with its type, again and again, of which readers take the last. Only series with
 * exemplars, native buckets or other things of any length may grow; there is a reserve for that.
 */
export class FamilySection implements Section {
  readonly #head: Uint8Array;
  readonly #type: number;
  readonly #parts: readonly MetricsPart[];
  #phase: "new" | "measuring" | "writing" = "new";
  /** The part that is being measured or written. */
  #part = 0;
  readonly #spare: Spare = { bytes: 0 };
  /** What is left of length and head. */
  #rest: Uint8Array = new Uint8Array(0);

  /**
   * @param head the fields before the metrics
   * @param type its number in the enumeration
   */
  constructor(head: Uint8Array, type: number, parts: readonly MetricsPart[]) {
    this.#head = head;
    this.#type = type;
    this.#parts = parts;
  }

  write(chunk: Chunk): boolean {
    if (this.#phase === "writing") return this.#write(chunk);
    const isNew = this.#phase === "new";
    this.#phase = "measuring";
    if (!this.#measure()) return false;
    const bytes = this.#parts.reduce((sum, part) => sum + part.bytes, 0);
    if (bytes === 0) return true;
    const total = this.#head.length + bytes;
    const isVariable = this.#parts.some((part) => part.isVariable);
    const isAtOnce = isVariable && isNew && total <= SMALL_BYTES;
    if (isAtOnce && chunk.length > 0 && chunk.length + total > SMALL_BYTES) {
      this.#restart();
      chunk.isFull = true;
      return false;
    }
    if (isVariable && !isAtOnce) this.#spare.bytes = RESERVE_BYTES + Math.floor(bytes * RESERVE_SHARE);
    this.#begin(total + this.#spare.bytes);
    if (!isAtOnce) return false;
    while (!this.#write(chunk));
    return true;
  }

  /** Measures on, and returns whether that was all. */
  #measure(): boolean {
    for (let steps = 0; steps < PARTS_PER_STEP; steps++) {
      const part = this.#parts[this.#part];
      if (part === undefined) return true;
      if (!part.measure()) return false;
      this.#part++;
    }
    return this.#part === this.#parts.length;
  }

  #restart(): void {
    for (const part of this.#parts) part.restart();
    this.#part = 0;
    this.#phase = "new";
  }

  #begin(bytes: number): void {
    this.#phase = "writing";
    this.#part = 0;
    const length = new BackwardWriter();
    length.varint(bytes);
    this.#rest = new Uint8Array(length.length + this.#head.length);
    this.#rest.set(length.written);
    this.#rest.set(this.#head, length.length);
  }

  #write(chunk: Chunk): boolean {
    if (this.#rest.length > 0) {
      this.#rest = copyPart(this.#rest, chunk);
      if (this.#rest.length > 0) return false;
    }
    const part = this.#parts[this.#part];
    if (part !== undefined) {
      if (part.write(chunk, this.#spare)) this.#part++;
      return false;
    }
    return this.#fillUp(chunk);
  }

  /** Writes the type over and over into the bytes that were announced and not needed. */
  #fillUp(chunk: Chunk): boolean {
    const { bytes } = chunk;
    const spare = this.#spare;
    while (spare.bytes > 0) {
      if (chunk.length + 3 > CHUNK_BYTES) {
        chunk.isFull = true;
        return false;
      }
      bytes[chunk.length++] = TYPE_TAG;
      const isOdd = spare.bytes % 2 === 1;
      // A varint may be longer than it need be.
      bytes[chunk.length++] = isOdd ? this.#type | 128 : this.#type;
      if (isOdd) bytes[chunk.length++] = 0;
      spare.bytes -= isOdd ? 3 : 2;
    }
    return true;
  }
}

/** Copies as much into a chunk as has room, and returns the rest; where that is something, the chunk is full. */
export function copyPart(bytes: Uint8Array, chunk: Chunk): Uint8Array {
  const length = Math.min(bytes.length, CHUNK_BYTES - chunk.length);
  chunk.bytes.set(bytes.subarray(0, length), chunk.length);
  chunk.length += length;
  if (length < bytes.length) chunk.isFull = true;
  return bytes.subarray(length);
}
