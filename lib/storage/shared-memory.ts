import type { PageFactory } from "./pages.ts";

/** Addresses and sizes are told in words of eight bytes, so that 32 bits reach 16 GB. */
export const WORD_BYTES = 8;

/** What lies at the beginning, as 32-bit integers. The cells behind the last of these are free. */
export const LAYOUT_CELL = 0;
/** The address of the first segment of the log. */
export const ROOT_CELL = 1;
/** How often the log was begun. It is changed last, and tells readers that what they have read is out of date. */
export const GENERATION_CELL = 2;
const HEADER_WORDS = 8;

/** Says how all of the memory is laid out, the log included. A reader leaves alone what it does not know. */
export const LAYOUT = 0x74730001;

const FIRST_BYTES = 32_768;
const MOST_GROWTH_BYTES = 2 ** 20;
/** Address space is reserved and not memory; where there is too little of it, less will do. */
const MOST_BYTES = 2 ** 30;
const FEWEST_BYTES = 2 ** 24;

/**
 * The memory of one thread that others read: its pages, and the log that says what is in them. Only its own thread
 * writes to it, and readers never wait for that.
 *
 * It grows as a whole, so that a reader needs to be given it only once. What is freed is not used again before the next
 * {@link reuseFreed}, before which the owner says by the generation that whoever has read meanwhile has to read again.
 */
export class SharedMemory {
  readonly buffer: SharedArrayBuffer;
  readonly header: Int32Array;
  #end = HEADER_WORDS;
  /** Addresses of pieces that may be used again, by their size. */
  readonly #free = new Map<number, number[]>();
  readonly #freed: { readonly address: number; readonly words: number }[] = [];

  constructor(mostBytes: number = MOST_BYTES) {
    this.buffer = reserve(mostBytes);
    this.header = new Int32Array(this.buffer, 0, HEADER_WORDS * 2);
    this.header[LAYOUT_CELL] = LAYOUT;
  }

  /**
   * Takes a piece, all zero, and returns its address.
   *
   * @throws {RangeError} when there is no more memory; then nothing was taken
   */
  allocate(words: number): number {
    const size = rounded(words);
    const used = this.#free.get(size)?.pop();
    if (used !== undefined) {
      new Float64Array(this.buffer, used * WORD_BYTES, size).fill(0);
      return used;
    }
    const address = this.#end;
    this.#growTo((address + size) * WORD_BYTES);
    this.#end += size;
    return address;
  }

  #growTo(bytes: number): void {
    const { byteLength, maxByteLength } = this.buffer;
    if (bytes <= byteLength) return;
    if (bytes > maxByteLength) {
      throw new RangeError(
        `The metrics of this thread need more than the ${maxByteLength} bytes of memory it can share.`,
      );
    }
    this.buffer.grow(Math.min(maxByteLength, Math.max(bytes, byteLength + Math.min(byteLength, MOST_GROWTH_BYTES))));
  }

  /** Gives a piece back. A reader may still look at it. */
  free(address: number, words: number): void {
    this.#freed.push({ address, words: rounded(words) });
  }

  /** Lets all be used again that was freed before. To be called when the generation has changed since. */
  reuseFreed(): void {
    for (const { address, words } of this.#freed) {
      const free = this.#free.get(words);
      if (free === undefined) this.#free.set(words, [address]);
      else free.push(address);
    }
    this.#freed.length = 0;
  }

  /** Whether a page lies here. */
  has(page: Float64Array): boolean {
    return page.buffer === this.buffer;
  }

  /** Pages in this memory. */
  get pages(): PageFactory {
    const make = (cells: number) => new Float64Array(this.buffer, this.allocate(cells) * WORD_BYTES, cells);
    const release = (page: Float64Array) => this.free(page.byteOffset / WORD_BYTES, page.length);
    return Object.assign(make, { isShared: true, release });
  }
}

function reserve(mostBytes: number): SharedArrayBuffer {
  for (let most = mostBytes; ; most /= 2) {
    try {
      return new SharedArrayBuffer(Math.min(most, FIRST_BYTES), { maxByteLength: most });
    } catch (error) {
      if (most <= FEWEST_BYTES) throw error;
    }
  }
}

/** Sizes come in steps, so that what one has freed fits another. */
function rounded(words: number): number {
  const step = words <= 512 ? 8 : 64;
  return Math.ceil(words / step) * step;
}
