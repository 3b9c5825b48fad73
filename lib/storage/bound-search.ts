/** The most cells that the table has; finer ones would only help bounds that lie within 0.1 % of each other. */
const MOST_CELLS = 4096;
/** Up to so many cells the table is made as fine as it can be; measured: more gain nothing (`histogram/kept-observe`). */
const FINE_CELLS = 1024;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
/** Which of the two words holds sign, exponent and the first 20 bits of the fraction. */
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

/**
 * Finds the bucket of an observation among sorted bounds, in the same short time for five bounds and for a hundred.
 *
 * The high bits of a positive double, exponent and first bits of the fraction, grow with its value and so name a cell
 * of the number line. A table tells for each cell the first bound that a value in it can reach; with cells fine enough
 * for one bound each, at most one comparison more settles it.
 */
export class BoundSearch {
  /** The bounds, and `Infinity` after them. */
  readonly bounds: Float64Array;
  /** Index of the first bound above zero; only from there on do the bits of a double grow with its value. */
  readonly #firstPositive: number;
  readonly #tableStart: number;
  readonly #table: Int32Array;
  readonly #lowestCell: number;
  readonly #shift: number;

  /** @param bounds finite and strictly increasing */
  constructor(bounds: readonly number[]) {
    this.bounds = Float64Array.from([...bounds, Number.POSITIVE_INFINITY]);
    this.#firstPositive = this.bounds.findIndex((bound) => bound > 0);
    this.#tableStart = this.bounds[this.#firstPositive] as number;
    const positive = bounds.slice(this.#firstPositive);
    this.#shift = shiftFor(positive);
    if (positive.length === 0) {
      this.#table = Int32Array.of(bounds.length);
      this.#lowestCell = 0;
      return;
    }
    this.#lowestCell = cellOf(positive[0] as number, this.#shift);
    const cells = cellOf(positive[positive.length - 1] as number, this.#shift) + 1 - this.#lowestCell;
    // One more, for all that lies beyond the last bound.
    this.#table = new Int32Array(cells + 1).fill(bounds.length);
    let index = this.#firstPositive;
    for (let cell = 0; cell < cells; cell++) {
      const start = startOf(this.#lowestCell + cell, this.#shift);
      while ((this.bounds[index] as number) < start) index++;
      this.#table[cell] = index;
    }
  }

  /** The index of the first bound that is at least `value`, which must not be NaN. */
  indexOf(value: number): number {
    const bounds = this.bounds;
    if (!(value > this.#tableStart)) return this.#firstPositive === 0 ? 0 : this.#indexOfLow(value);
    float[0] = value;
    const cell = ((words[HIGH] as number) >>> this.#shift) - this.#lowestCell;
    const table = this.#table;
    let index = table[cell < table.length ? cell : table.length - 1] as number;
    while (value > (bounds[index] as number)) index++;
    return index;
  }

  /** By bisection among the bounds up to the first one above zero. */
  #indexOfLow(value: number): number {
    let low = 0;
    let high = this.#firstPositive;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (value > (this.bounds[middle] as number)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function cellOf(value: number, shift: number): number {
  float[0] = value;
  return (words[HIGH] as number) >>> shift;
}

function startOf(cell: number, shift: number): number {
  words[HIGH] = cell << shift;
  words[1 - HIGH] = 0;
  return float[0] as number;
}

/**
 * How many low bits of the high word cells leave out, so that no two bounds share a cell if the table can be so fine.
 *
 * It is made finer than that as long as it stays small: only where a cell holds a bound is it a matter of chance to the
 * processor which side of it a value is on.
 */
function shiftFor(positive: readonly number[]): number {
  const last = positive.length - 1;
  let shift = 20;
  for (; shift > 0; shift--) {
    const finer = cellOf(positive[last] as number, shift - 1) - cellOf(positive[0] as number, shift - 1);
    if (finer + 2 > MOST_CELLS) return shift;
    if (finer + 2 <= FINE_CELLS) continue;
    const cells = positive.map((bound) => cellOf(bound, shift));
    if (new Set(cells).size === positive.length) return shift;
  }
  return shift;
}
