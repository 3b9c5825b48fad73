// Numbers and texts as bytes, and back: what the frames between processes are made of.

/** Integers from here on are written as doubles. */
const INTEGER_LIMIT = 2 ** 51;
/** Where a number would be an odd integer, it is a double that follows. */
const DOUBLE_FOLLOWS = 1;

/** Bytes that can't be read as they were announced. Whoever sent them is not one of ours, or was cut off. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/** Writes into memory that grows. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafeSlow(4096);
  length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = value;
  }

  /** A whole number from 0 to 2^52: seven bits a byte, the lowest first. */
  integer(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.length++] = rest;
  }

  /** Any number. Counts take as few bytes as they have digits; others take nine. */
  number(value: number): void {
    if (Number.isInteger(value) && value >= 0 && value < INTEGER_LIMIT && !Object.is(value, -0)) {
      this.integer(value * 2);
      return;
    }
    this.byte(DOUBLE_FOLLOWS);
    this.#reserve(8);
    this.length = this.#bytes.writeDoubleLE(value, this.length);
  }

  text(value: string): void {
    const bytes = Buffer.byteLength(value);
    this.integer(bytes);
    this.#reserve(bytes);
    this.length += this.#bytes.write(value, this.length, "utf8");
  }

  /** A copy of what was written since the last time. */
  take(): Uint8Array {
    const taken = Uint8Array.prototype.slice.call(this.#bytes, 0, this.length);
    this.length = 0;
    return taken;
  }

  #reserve(bytes: number): void {
    if (this.length + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, this.length + bytes));
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
  }
}

/** Reads what a {@link ByteWriter} wrote. Every method throws a {@link FrameError} where the bytes end too early. */
export class ByteReader {
  readonly #bytes: Buffer;
  offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.offset >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.offset];
    if (value === undefined) throw new FrameError("it is cut off.");
    this.offset++;
    return value;
  }

  integer(): number {
    let value = 0;
    let factor = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value <= Number.MAX_SAFE_INTEGER) return value;
        break;
      }
      factor *= 0x80;
    }
    throw new FrameError("it has an integer that is too long.");
  }

  number(): number {
    const value = this.integer();
    if (value % 2 === 0) return value / 2;
    if (value !== DOUBLE_FOLLOWS) throw new FrameError("it has a number that is none.");
    this.#need(8);
    this.offset += 8;
    return this.#bytes.readDoubleLE(this.offset - 8);
  }

  skipText(): void {
    const bytes = this.integer();
    this.#need(bytes);
    this.offset += bytes;
  }

  text(): string {
    const bytes = this.integer();
    this.#need(bytes);
    this.offset += bytes;
    return this.#bytes.toString("utf8", this.offset - bytes, this.offset);
  }

  #need(bytes: number): void {
    if (bytes > this.#bytes.length - this.offset) throw new FrameError("it is cut off.");
  }
}
