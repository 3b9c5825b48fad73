/** Where the index reads the label ids of a row: the columns of the series themselves. */
export interface RowIds {
  /** How many ids a row has. */
  readonly width: number;
  /** One more than the largest id of the label at `position`. */
  idLimit(position: number): number;
  idAt(row: number, position: number): number;
  /** Calls back with every live row. */
  forEachRow(visit: (row: number) => void): void;
}

const NOT_FOUND = -1;
const SMALLEST_TABLE = 16;
/** Spreads keys over the table: Fibonacci hashing, 2^32 over the golden ratio. */
const SPREAD = 0x9e3779b1 | 0;

/**
 * Finds the row of a series by its label ids, exactly: two label sets never meet in one row.
 *
 * The ids of a series are packed side by side into one 31-bit key. Where the possible keys are few, a plain table of
 * them is the index; else a hash table of (key, row) pairs with linear probing. When the ids need more than 31 bits the
 * key is a hash of them, and a row found by it is compared id by id.
 */
export class RowIndex {
  readonly #ids: RowIds;
  /** How far each id is shifted to the left in a packed key. */
  readonly shifts: Int32Array;
  /** One more than the largest id that fits the packing, by position. */
  readonly #limits: Float64Array;
  /** Whether keys are the ids themselves, and so exact. */
  #packed = true;
  /** Row + 1 by key, 0 where there is none; null while keys are hashed. */
  #dense: Int32Array | null = null;
  /** Pairs of key and row + 1; the second is 0 where the slot is free. */
  #slots: Int32Array = new Int32Array(0);
  #slotMask = 0;
  #slotShift = 0;
  #count = 0;

  constructor(ids: RowIds) {
    this.#ids = ids;
    this.shifts = new Int32Array(ids.width);
    this.#limits = new Float64Array(ids.width);
    this.#layOut();
  }

  get byteLength(): number {
    return (this.#dense?.byteLength ?? 0) + this.#slots.byteLength;
  }

  /** Whether a packed key, of ids each shifted by its place in {@link shifts}, is all that a row is found by. */
  get isPacked(): boolean {
    return this.#packed;
  }

  /** The label ids that a packed key is made of. */
  unpack(key: number, ids: Int32Array): void {
    for (let i = 0; i < ids.length; i++) {
      ids[i] = (key >>> (this.shifts[i] as number)) & ((this.#limits[i] as number) - 1);
    }
  }

  /** The row that has the label ids, or -1. The ids must be known ones. */
  find(ids: Int32Array): number {
    const key = this.#keyOf(ids);
    return this.#packed ? this.findPacked(key) : this.#findHashed(key, ids);
  }

  /** The same by the packed key of the ids, while {@link isPacked}. */
  findPacked(key: number): number {
    const dense = this.#dense;
    if (dense !== null) return (dense[key] as number) - 1;
    const slots = this.#slots;
    let slot = this.#slotOf(key);
    for (;;) {
      const row = slots[slot + 1] as number;
      if (row === 0) return NOT_FOUND;
      if (slots[slot] === key) return row - 1;
      slot = (slot + 2) & this.#slotMask;
    }
  }

  #findHashed(key: number, ids: Int32Array): number {
    const slots = this.#slots;
    let slot = this.#slotOf(key);
    for (;;) {
      const row = slots[slot + 1] as number;
      if (row === 0) return NOT_FOUND;
      if (slots[slot] === key && this.#isRow(row - 1, ids)) return row - 1;
      slot = (slot + 2) & this.#slotMask;
    }
  }

  /** Adds a row whose ids are in the columns already, and that {@link find} does not find. */
  insert(row: number, ids: Int32Array): void {
    this.#count++;
    const isFull = this.#dense === null && this.#count * 3 > this.#slotMask;
    if (isFull || !this.#fits(ids)) this.#layOut();
    else this.#put(row, this.#keyOf(ids));
  }

  /** Whether the packing has room for the ids. */
  #fits(ids: Int32Array): boolean {
    for (let i = 0; i < ids.length; i++) if ((ids[i] as number) >= (this.#limits[i] as number)) return false;
    return true;
  }

  /** Takes out a row that is in the index. */
  remove(row: number, ids: Int32Array): void {
    this.#count--;
    const key = this.#keyOf(ids);
    if (this.#dense !== null) {
      this.#dense[key] = 0;
      return;
    }
    const slots = this.#slots;
    const mask = this.#slotMask;
    let hole = this.#slotOf(key);
    while (slots[hole + 1] !== row + 1) hole = (hole + 2) & mask;
    // The slots behind the hole move up where that brings them nearer to their place, so that no probe ends early.
    for (let slot = (hole + 2) & mask; slots[slot + 1] !== 0; slot = (slot + 2) & mask) {
      const home = this.#slotOf(slots[slot] as number);
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      slots[hole] = slots[slot] as number;
      slots[hole + 1] = slots[slot + 1] as number;
      hole = slot;
    }
    slots[hole + 1] = 0;
  }

  #keyOf(ids: Int32Array): number {
    let key = 0;
    if (this.#packed) {
      const shifts = this.shifts;
      for (let i = 0; i < ids.length; i++) key |= (ids[i] as number) << (shifts[i] as number);
      return key;
    }
    for (let i = 0; i < ids.length; i++) {
      key = Math.imul(key ^ (ids[i] as number), SPREAD);
      key ^= key >>> 15;
    }
    return key;
  }

  #slotOf(key: number): number {
    return (Math.imul(key, SPREAD) >>> this.#slotShift) << 1;
  }

  #isRow(row: number, ids: Int32Array): boolean {
    for (let i = 0; i < ids.length; i++) if (this.#ids.idAt(row, i) !== ids[i]) return false;
    return true;
  }

  #put(row: number, key: number): void {
    if (this.#dense !== null) {
      this.#dense[key] = row + 1;
      return;
    }
    const slots = this.#slots;
    let slot = this.#slotOf(key);
    while (slots[slot + 1] !== 0) slot = (slot + 2) & this.#slotMask;
    slots[slot] = key;
    slots[slot + 1] = row + 1;
  }

  /** Chooses packing and table for the ids and rows there are, with room to grow, and enters every row. */
  #layOut(): void {
    let bits = 0;
    for (let i = 0; i < this.#ids.width; i++) {
      const needed = bitsFor(this.#ids.idLimit(i));
      this.shifts[i] = bits;
      this.#limits[i] = 2 ** needed;
      bits += needed;
    }
    this.#packed = bits <= 31;
    if (!this.#packed) this.#limits.fill(Number.POSITIVE_INFINITY);
    // A table of all possible keys costs less than probing as long as it stays in proportion to the series.
    if (this.#packed && 2 ** bits <= Math.max(1024, 8 * this.#count)) {
      this.#dense = new Int32Array(2 ** bits);
      this.#slots = new Int32Array(0);
    } else {
      let size = SMALLEST_TABLE;
      while (size < this.#count * 2 + 2) size *= 2;
      this.#dense = null;
      this.#slots = new Int32Array(size * 2);
      this.#slotMask = size * 2 - 1;
      this.#slotShift = 32 - Math.log2(size);
    }
    const ids = new Int32Array(this.#ids.width);
    this.#ids.forEachRow((row) => {
      for (let i = 0; i < ids.length; i++) ids[i] = this.#ids.idAt(row, i);
      this.#put(row, this.#keyOf(ids));
    });
  }
}

/** How many bits hold the ids below `limit`: at least one, so that a label's second value needs no new layout. */
function bitsFor(limit: number): number {
  return Math.max(1, 32 - Math.clz32(limit - 1));
}
