/** An object for some of a table's rows, kept by page as the numbers are: row numbers have gaps between pages. */
export class ObjectColumn<T> {
  readonly #rowShift: number;
  readonly #placeMask: number;
  readonly #pages: (T | undefined)[][] = [];

  /** @param rowShift the table's */
  constructor(rowShift: number) {
    this.#rowShift = rowShift;
    this.#placeMask = (1 << rowShift) - 1;
  }

  get(row: number): T | undefined {
    return this.#pages[row >>> this.#rowShift]?.[row & this.#placeMask];
  }

  set(row: number, value: T | undefined): void {
    const index = row >>> this.#rowShift;
    const place = row & this.#placeMask;
    while (this.#pages.length <= index) this.#pages.push([]);
    const page = this.#pages[index] as (T | undefined)[];
    // Filled up in order, the array has no holes, which would make it slow to read.
    while (page.length < place) page.push(undefined);
    page[place] = value;
  }
}
