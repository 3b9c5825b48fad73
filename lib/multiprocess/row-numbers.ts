/** Gives out the numbers of rows in reports: without gaps, and those given back again first. */
export class RowNumbers {
  readonly #free: number[] = [];
  #next = 0;

  take(): number {
    return this.#free.pop() ?? this.#next++;
  }

  give(row: number): void {
    this.#free.push(row);
  }
}
