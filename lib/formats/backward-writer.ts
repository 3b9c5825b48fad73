// Protobuf from its end to its beginning: the length of a message, which stands before it, is known once it is written.

const encoder = new TextEncoder();

const float = new DataView(new ArrayBuffer(8));

/** From here on a difference of two integers may be rounded. */
const LARGE = 2 ** 52;

/** The wire types in use. */
export const VARINT = 0;
export const FIXED64 = 1;
export const DELIMITED = 2;

/**
 * Writes protobuf fields in memory that grows, the last one first. Each method puts something before what was written.
 *
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class BackwardWriter {
  #bytes = new Uint8Array(1024);
  #start = this.#bytes.length;

  /** How many bytes are written. */
  get length(): number {
    return this.#bytes.length - this.#start;
  }

  /** What is written; valid until something more is. */
  get written(): Uint8Array {
    return this.#bytes.subarray(this.#start);
  }

  clear(): void {
    this.#start = this.#bytes.length;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#start) return;
    const { length } = this;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, length + bytes));
    larger.set(this.written, larger.length - length);
    this.#start = larger.length - length;
    this.#bytes = larger;
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
  difference(count: number, before: number): void {
    if (count < LARGE && before < LARGE) {
      this.sint(count - before);
      return;
    }
    const exact = BigInt(count) - BigInt(before);
    this.#bigVarint(BigInt.asUintN(64, exact >= 0n ? exact * 2n : exact * -2n - 1n));
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
    float.setFloat64(0, value, true);
    this.#start -= 8;
    for (let i = 0; i < 8; i++) this.#bytes[this.#start + i] = float.getUint8(i);
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
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    const most = text.length * 3;
    this.#reserve(most);
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(this.#start - most, this.#start));
    this.#bytes.copyWithin(this.#start - written, this.#start - most, this.#start - most + written);
    this.#start -= written;
    this.varint(written);
    this.tag(field, DELIMITED);
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
