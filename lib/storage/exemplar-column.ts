import type { Exemplar } from "../model/family.ts";

/**
 * The exemplars of a family: at most one for each sample of a series, and nothing at all for series that have none.
 */
export class ExemplarColumn {
  readonly #rows = new Map<number, (Exemplar | undefined)[]>();

  /** @param sample its index in the samples of the family */
  get(row: number, sample: number): Exemplar | undefined {
    return this.#rows.get(row)?.[sample];
  }

  /** Keeps an exemplar in the place of the one before. */
  set(row: number, sample: number, exemplar: Exemplar): void {
    let samples = this.#rows.get(row);
    if (samples === undefined) {
      samples = [];
      this.#rows.set(row, samples);
    }
    // Filled up in order, the array has no holes.
    while (samples.length < sample) samples.push(undefined);
    samples[sample] = exemplar;
  }

  /** Forgets the exemplars of a row. */
  remove(row: number): void {
    this.#rows.delete(row);
  }

  /** How many rows have exemplars. */
  get size(): number {
    return this.#rows.size;
  }
}
