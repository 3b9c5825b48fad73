/** How many low bits of a number are its place in its page. */
const SHIFT = 12;
const PAGE = 1 << SHIFT;

/** Which row of ours stands for which of another process. The numbers of both have no great gaps. */
export class RowMap {
  // In pages, for to copy a million numbers because there is one more would take milliseconds.
  readonly #pages: (Int32Array | undefined)[] = [];

  /** The row for a number; -1 when there is none. */
  get(number: number): number {
    return this.#pages[number >>> SHIFT]?.[number & (PAGE - 1)] ?? -1;
  }

  /** @param row -1 for none */
  set(number: number, row: number): void {
    const index = number >>> SHIFT;
    let page = this.#pages[index];
    if (page === undefined) {
      page = new Int32Array(PAGE).fill(-1);
      this.#pages[index] = page;
    }
    page[number & (PAGE - 1)] = row;
  }

  /** The rows that stand for any. */
  *rows(): Iterable<number> {
    for (const page of this.#pages) for (const row of page ?? []) if (row >= 0) yield row;
  }
}
