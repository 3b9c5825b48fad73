/** Where the index reads the label ids of a row: the columns of the series themselves. */
export interface RowIds {
  /** How many ids a row has. */
  readonly width: number;
  /** One more than the largest id of the label at `position`. */
  idLimit(position: number): number;
  idAt(row: number, position: number): number;
  /** In how many pages the rows lie, each of which has some thousands at most. */
  readonly pageCount: number;
  /** Calls back with every live row of a page. */
  forEachRowIn(page: number, visit: (row: number) => void): void;
}

const NOT_FOUND = -1;
const SMALLEST_TABLE = 16;
/** How much new memory a step takes from the system: 64 KB. */
const CELLS_PER_STEP = 16_384;
/** To enter so many rows anew takes no time worth dividing. */
const FEW_ROWS = 1024;
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
  /** The larger one that is being filled to take this one's place. */
  #next: RowIndex | undefined;
  #growth: Iterator<void> | undefined;

  /** @param hashedRows where given, keys are hashed, and there is room for so many rows */
  constructor(ids: RowIds, hashedRows?: number) {
    this.#ids = ids;
    this.shifts = new Int32Array(ids.width);
    this.#limits = new Float64Array(ids.width);
    if (hashedRows === undefined) this.#layOut();
    else {
      this.#setHashed();
      this.#setSlots(slotsFor(hashedRows));
    }
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
    if (this.#isTooSmallFor(this.#count) || !this.#fits(ids)) {
      this.#next = undefined;
      this.#layOut();
      return;
    }
    this.#put(row, this.#keyOf(ids));
    const next = this.#next;
    if (next === undefined) return;
    if (next.#isTooSmallFor(this.#count)) this.#next = undefined;
    else next.insert(row, ids);
  }

  #isTooSmallFor(rows: number): boolean {
    return this.#dense === null && rows * 3 > this.#slotMask;
  }

  /** Whether the packing has room for the ids. */
  #fits(ids: Int32Array): boolean {
    for (let i = 0; i < ids.length; i++) if ((ids[i] as number) >= (this.#limits[i] as number)) return false;
    return true;
  }

  /** Takes out a row that is in the index. */
  remove(row: number, ids: Int32Array): void {
    if (this.#next?.find(ids) === row) this.#next.remove(row, ids);
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

  /**
   * Makes room before it is needed, step by step: a larger index is filled beside this one, which serves on meanwhile.
   * Where it is called before every hundred rows, {@link insert} need not enter all rows anew at once. The keys are hashed
   * from then on, as packed ones depend on which ids are yet to come.
   */
  *grow(): Iterable<void> {
    if (this.#growth === undefined) {
      const isHalfFull = this.#packed || this.#count * 4 > this.#slots.length;
      if (this.#count < FEW_ROWS || !isHalfFull) return;
      this.#growth = this.#fillNext();
    }
    const growth = this.#growth;
    // Several may be waiting for it, and any of them goes on with it.
    while (this.#growth === growth && growth.next().done !== true) yield;
  }

  *#fillNext(): Generator<void> {
    const next = new RowIndex(this.#ids, this.#count * 2);
    this.#next = next;
    // The system gives memory when it is first written to, which for all of it takes longer than to enter the rows.
    for (let at = 0; at < next.#slots.length; at += CELLS_PER_STEP) {
      touch(next.#slots, at, at + CELLS_PER_STEP);
      yield;
    }
    const ids = new Int32Array(this.#ids.width);
    for (let page = 0; page < this.#ids.pageCount && this.#next === next; page++) {
      this.#ids.forEachRowIn(page, (row) => {
        this.#readIds(row, ids);
        // Those that came meanwhile are there already.
        if (next.find(ids) === NOT_FOUND) next.insert(row, ids);
      });
      yield;
    }
    this.#growth = undefined;
    // Otherwise more came than it has room for.
    if (this.#next !== next) return;
    this.#next = undefined;
    this.#setHashed();
    this.#setSlots(next.#slots);
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
    if (!this.#packed) this.#setHashed();
    // A table of all possible keys costs less than probing as long as it stays in proportion to the series.
    if (this.#packed && 2 ** bits <= Math.max(1024, 8 * this.#count)) {
      this.#dense = new Int32Array(2 ** bits);
      this.#slots = new Int32Array(0);
    } else {
      this.#setSlots(slotsFor(this.#count));
    }
    const ids = new Int32Array(this.#ids.width);
    for (let page = 0; page < this.#ids.pageCount; page++) {
      this.#ids.forEachRowIn(page, (row) => {
        this.#readIds(row, ids);
        this.#put(row, this.#keyOf(ids));
      });
    }
  }

  #setHashed(): void {
    this.#packed = false;
    this.#limits.fill(Number.POSITIVE_INFINITY);
  }

  #setSlots(slots: Int32Array): void {
    const size = slots.length / 2;
    this.#dense = null;
    this.#slots = slots;
    this.#slotMask = slots.length - 1;
    this.#slotShift = 32 - Math.log2(size);
  }

  #readIds(row: number, into: Int32Array): void {
    for (let i = 0; i < into.length; i++) into[i] = this.#ids.idAt(row, i);
  }
}

/** Slots for a hash table in which so many rows take half of them at most, and a quarter at least if they are many. */
function slotsFor(rows: number): Int32Array {
  let size = SMALLEST_TABLE;
  while (size < rows * 2 + 2) size *= 2;
  return new Int32Array(size * 2);
}

/** Writes to each page of memory what is there. */
function touch(cells: Int32Array, from: number, to: number): void {
  for (let at = from; at < Math.min(to, cells.length); at += 1024) cells[at] = cells[at] as number;
}

/** How many bits hold the ids below `limit`: at least one, so that a label's second value needs no new layout. */
function bitsFor(limit: number): number {
  return Math.max(1, 32 - Math.clz32(limit - 1));
}
