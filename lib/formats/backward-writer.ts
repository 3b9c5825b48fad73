// Protobuf from its end to its beginning: the length of a message, which stands before it, is known once it is written.

import { copyBits } from "./chunk.ts";

const encoder = new TextEncoder();

/** From here on a difference of two integers may be rounded. */
const LARGE = 2 ** 52;

/** Texts up to this length are written unit by unit where they are ASCII, as names and ids mostly are. */
const SHORT_TEXT = 48;

/** Room behind the last byte, for {@link BackwardWriter.copyTo}. */
const SLACK_BYTES = 8;

/** The wire types in use. */
export const VARINT = 0;
export const FIXED64 = 1;
const DELIMITED = 2;

/**
 * Writes protobuf fields in memory that grows, the last one first. Each method puts something before what was written.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class BackwardWriter {
  #bytes = new Uint8Array(1024);
  /** The same memory, for what is moved several bytes at a time. */
  #view = new DataView(this.#bytes.buffer);
  /** What is written lies from here on up to there. */
  #start = 1024 - SLACK_BYTES;
  #end = 1024 - SLACK_BYTES;

  /** How many bytes are written. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** What is written; valid until something more is. */
  get written(): Uint8Array {
    return this.#bytes.subarray(this.#start, this.#end);
  }

  /** Copies what is written; some bytes behind it may be written over, as {@link copyBits} does. */
  copyTo(to: DataView, offset: number): void {
    copyBits(this.#view, this.#start, to, offset, this.length);
  }

  clear(): void {
    this.#start = this.#end;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#start) return;
    const { length } = this;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, length + bytes) + SLACK_BYTES);
    const end = larger.length - SLACK_BYTES;
    larger.set(this.written, end - length);
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
    this.#start = end - length;
    this.#end = end;
  }

  tag(field: number, wireType: number): void {
    this.varint(field * 8 + wireType);
  }

  /** @param value an integer from 0; what 64 bits can't hold comes out as the most that they can */
  varint(value: number): void {
    this.#reserve(10);
    if (value < 128) {
      this.#bytes[--this.#start] = value;
      return;
    }
    let rest = value;
    const size = varintSize(value);
    this.#start -= size;
    const end = this.#start + size - 1;
    // The most that 64 bits hold: no double is just below 2^64.
    if (value >= 2 ** 64) {
      this.#bytes.fill(0xff, this.#start, end);
      rest = 1;
    } else {
      for (let at = this.#start; at < end; at++) {
        const higher = Math.floor(rest / 128);
        this.#bytes[at] = (rest - higher * 128) | 128;
        rest = higher;
      }
    }
    this.#bytes[end] = rest;
  }

  /** An integer of 64 bits, of either sign, in two's complement. */
  int64(value: number): void {
    if (value >= 0) this.varint(value);
    else this.#bigVarint(BigInt.asUintN(64, BigInt(value)));
  }

  /** An integer of either sign whose magnitude is small: zigzag. */
  sint(value: number): void {
    if (Math.abs(value) < LARGE) this.varint(value >= 0 ? 2 * value : -2 * value - 1);
    else this.#bigVarint(BigInt.asUintN(64, value >= 0 ? BigInt(value) * 2n : BigInt(value) * -2n - 1n));
  }

  /** The difference of two counts, of which each may be larger than doubles can tell apart. */
  #difference(count: number, before: number): void {
    if (count < LARGE && before < LARGE) {
      this.sint(count - before);
      return;
    }
    const exact = BigInt(count) - BigInt(before);
    this.#bigVarint(BigInt.asUintN(64, exact >= 0n ? exact * 2n : exact * -2n - 1n));
  }

  /** Counts, each as its difference to the one before. */
  differences(counts: Float64Array, length: number): void {
    this.#reserve(10 * length);
    const bytes = this.#bytes;
    let start = this.#start;
    for (let i = length - 1; i >= 0; i--) {
      const count = counts[i] as number;
      const before = i === 0 ? 0 : (counts[i - 1] as number);
      const difference = count - before;
      const small = difference | 0;
      // Nearly all are such, and take a byte or two.
      if (small === difference && small >= -8192 && small < 8192) {
        const zigzag = (small << 1) ^ (small >> 31);
        if (zigzag < 128) bytes[--start] = zigzag;
        else {
          bytes[--start] = zigzag >> 7;
          bytes[--start] = zigzag | 128;
        }
      } else {
        this.#start = start;
        this.#difference(count, before);
        start = this.#start;
      }
    }
    this.#start = start;
  }

  #bigVarint(value: bigint): void {
    const bytes: number[] = [];
    let rest = value;
    for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
    bytes.push(Number(rest));
    this.#reserve(bytes.length);
    this.#start -= bytes.length;
    this.#bytes.set(bytes, this.#start);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#start -= 8;
    this.#view.setFloat64(this.#start, value, true);
  }

  /** Bytes that are there already. */
  copy(from: DataView, start: number, length: number): void {
    this.#reserve(length);
    this.#start -= length;
    let i = 0;
    for (; i + 4 <= length; i += 4) this.#view.setInt32(this.#start + i, from.getInt32(start + i, true), true);
    for (; i < length; i++) this.#bytes[this.#start + i] = from.getUint8(start + i);
  }

  uintField(field: number, value: number): void {
    this.varint(value);
    this.tag(field, VARINT);
  }

  doubleField(field: number, value: number): void {
    this.double(value);
    this.tag(field, FIXED64);
  }

  /** A text, as UTF-8; half a surrogate pair becomes U+FFFD. */
  textField(field: number, text: string): void {
    if (text.length > SHORT_TEXT || !this.#ascii(text)) {
      // UTF-8 takes at most three bytes for a UTF-16 unit.
      const most = text.length * 3;
      this.#reserve(most);
      const { written } = encoder.encodeInto(text, this.#bytes.subarray(this.#start - most, this.#start));
      this.#bytes.copyWithin(this.#start - written, this.#start - most, this.#start - most + written);
      this.#start -= written;
      this.varint(written);
    }
    this.tag(field, DELIMITED);
  }

  /** Writes a short text and its length, if it is all ASCII. */
  #ascii(text: string): boolean {
    const { length } = text;
    this.#reserve(length + 1);
    const start = this.#start - length;
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 127) return false;
      this.#bytes[start + i] = unit;
    }
    this.#start = start;
    this.#bytes[--this.#start] = length;
    return true;
  }

  /** Makes a message of all that was written since `length` was that of the writer. */
  message(field: number, length: number): void {
    this.varint(this.length - length);
    this.tag(field, DELIMITED);
  }
}

/** How many bytes the varint of an integer from 0 takes. */
export function varintSize(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128 && size < 10; rest /= 128) size++;
  return size;
}
