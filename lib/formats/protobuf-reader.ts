import { ParseError } from "./parse-error.ts";

/** How the value of a field is laid out. The two kinds of group that there once were are refused. */
const VARINT = 0;
const FIXED_64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED_32 = 5;

const wireNames = ["a varint", "64 bits", "bytes with a length", "a group", "the end of a group", "32 bits"];

/** More bytes than any varint of 64 bits has. */
const VARINT_BYTES = 10;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Reads the fields of a protobuf message. A field of another kind than its number has is an error; unknown ones are skipped. */
export class ProtobufReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** What has to be added to an offset for an error to tell the place in the whole input. */
  readonly #base: number;
  #pos = 0;
  /** Where the message at hand ends. */
  #end: number;
  #wire = 0;

  constructor(bytes: Uint8Array, base: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#base = base;
    this.#end = bytes.length;
  }

  /** @throws {ParseError} always: about the byte that comes next, unless told which */
  fail(expected: string, found: string, at: number = this.#pos): never {
    throw new ParseError({ offset: this.#base + at }, expected, found);
  }

  /** Where the reader is. */
  get pos(): number {
    return this.#pos;
  }

  /** Goes to the next field of the message and returns its number; 0 at the end of the message. */
  nextField(): number {
    if (this.#pos === this.#end) return 0;
    const at = this.#pos;
    const tag = this.#varint();
    const field = Math.floor(tag / 8);
    this.#wire = tag % 8;
    const isKnown = this.#wire <= LENGTH_DELIMITED || this.#wire === FIXED_32;
    if (field < 1 || field >= 2 ** 29) this.fail("the number of a field", String(field), at);
    if (!isKnown) this.fail("a field", wireNames[this.#wire] ?? `the wire type ${this.#wire}`, at);
    return field;
  }

  /** Goes over a field that means nothing to the caller. */
  skip(): void {
    if (this.#wire === VARINT) this.#varint();
    else if (this.#wire === LENGTH_DELIMITED) this.#pos = this.#endOfBytes();
    else this.#take(this.#wire === FIXED_64 ? 8 : 4);
  }

  double(): number {
    this.#expect(FIXED_64);
    return this.#double();
  }

  /** An integer without a sign. Above 2^53 it is the nearest double. */
  unsigned(): number {
    this.#expect(VARINT);
    return this.#varint();
  }

  /** An integer in two's complement. */
  signed(): number {
    this.#expect(VARINT);
    return this.#signed();
  }

  /** An integer that is zigzag encoded: 0, -1, 1, -2, … */
  zigzag(): number {
    this.#expect(VARINT);
    return this.#zigzag();
  }

  string(): string {
    const end = this.#startOfBytes();
    const at = this.#pos;
    this.#pos = end;
    try {
      return decoder.decode(this.#bytes.subarray(at, end));
    } catch {
      return this.fail("a text in UTF-8", "bytes that are none", at);
    }
  }

  /** Reads a message within the message: `read` is called once for each field and has to read or skip it. */
  message(read: (field: number) => void): void {
    const end = this.#startOfBytes();
    const outer = this.#end;
    this.#end = end;
    for (let field = this.nextField(); field !== 0; field = this.nextField()) read(field);
    this.#end = outer;
  }

  /** Appends numbers to a list: one that stands by itself, or many in one field. */
  doubles(list: number[]): void {
    this.#repeated(list, FIXED_64, () => this.#double());
  }

  /** Like {@link doubles}, for integers that are zigzag encoded. */
  zigzags(list: number[]): void {
    this.#repeated(list, VARINT, () => this.#zigzag());
  }

  #repeated(list: number[], wire: number, read: () => number): void {
    if (this.#wire === LENGTH_DELIMITED) {
      const end = this.#startOfBytes();
      const outer = this.#end;
      this.#end = end;
      while (this.#pos < end) list.push(read());
      this.#end = outer;
      return;
    }
    this.#expect(wire);
    list.push(read());
  }

  #expect(wire: number): void {
    if (this.#wire === wire) return;
    this.fail(wireNames[wire] as string, wireNames[this.#wire] as string);
  }

  /** Goes to the bytes of a field that has a length, and returns where they end. */
  #startOfBytes(): number {
    this.#expect(LENGTH_DELIMITED);
    return this.#endOfBytes();
  }

  #endOfBytes(): number {
    const at = this.#pos;
    const length = this.#varint();
    if (length > this.#end - this.#pos) {
      this.fail(`at most ${this.#end - this.#pos} bytes, as the message around them has left`, String(length), at);
    }
    return this.#pos + length;
  }

  /** Goes over some bytes and returns where they begin. */
  #take(length: number): number {
    const at = this.#pos;
    if (length > this.#end - at) this.fail(`${length} bytes`, "the end of the message", this.#end);
    this.#pos += length;
    return at;
  }

  #double(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  #signed(): number {
    const [high, low] = this.#words();
    return (high | 0) * 2 ** 32 + low;
  }

  #zigzag(): number {
    const [high, low] = this.#words();
    // Half the number, rounded down, in two words; and for an odd one the complement of that.
    const halfHigh = high >>> 1;
    const halfLow = ((high << 31) | (low >>> 1)) >>> 0;
    const half = halfHigh * 2 ** 32 + halfLow;
    return low & 1 ? -half - 1 : half;
  }

  #varint(): number {
    const first = this.#bytes[this.#pos] as number;
    // Nearly all of them are one byte.
    if (this.#pos < this.#end && first < 0x80) {
      this.#pos++;
      return first;
    }
    const [high, low] = this.#words();
    return high * 2 ** 32 + low;
  }

  /** A varint as two words of 32 bits without sign. */
  #words(): readonly [high: number, low: number] {
    const at = this.#pos;
    let low = 0;
    let high = 0;
    for (let i = 0; i < VARINT_BYTES; i++) {
      if (at + i >= this.#end) this.fail("a whole varint", "the end of the message", this.#end);
      const byte = this.#bytes[at + i] as number;
      const bits = byte & 0x7f;
      if (i === VARINT_BYTES - 1 && bits > 1) break;
      if (i < 4) low |= bits << (7 * i);
      else if (i === 4) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (7 * i - 32);
      if (byte < 0x80) {
        this.#pos = at + i + 1;
        return [high >>> 0, low >>> 0];
      }
    }
    return this.fail("a varint of 64 bits", "a longer one", at);
  }
}
