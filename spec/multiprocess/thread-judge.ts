// The slow, obvious way to put the series of several threads together, as the judge of the fast one.

/** One thread's series of one family: numbers by label values, each as text. */
export type Series = Map<string, number[]>;

export type Combine = "sum" | "max";

/** A family over all threads. */
export class JudgedFamily {
  readonly #combine: Combine;
  readonly #isKept: boolean;
  readonly #live = new Map<number, Series>();
  readonly #ended: Series = new Map();

  /** @param isKept whether what a thread has counted stays when it has ended */
  constructor(combine: Combine, isKept: boolean) {
    this.#combine = combine;
    this.#isKept = isKept;
  }

  /** A thread's numbers for a series, which may be changed; zero if there are none yet. */
  of(thread: number, key: string, numbers = 1): number[] {
    const series = this.#live.get(thread) ?? new Map<string, number[]>();
    this.#live.set(thread, series);
    const found = series.get(key) ?? new Array<number>(numbers).fill(0);
    series.set(key, found);
    return found;
  }

  end(thread: number): void {
    if (this.#isKept) for (const [key, numbers] of this.#live.get(thread) ?? []) this.#addTo(this.#ended, key, numbers);
    this.#live.delete(thread);
  }

  /** Takes series away from everybody, and returns how many there were. */
  remove(isMeant: (key: string) => boolean): number {
    const keys = new Set<string>();
    for (const series of [...this.#live.values(), this.#ended]) {
      for (const key of [...series.keys()].filter(isMeant)) {
        keys.add(key);
        series.delete(key);
      }
    }
    return keys.size;
  }

  total(): Series {
    const total: Series = new Map();
    for (const series of [this.#ended, ...this.#live.values()])
      for (const [key, numbers] of series) this.#addTo(total, key, numbers);
    return total;
  }

  #addTo(total: Series, key: string, numbers: readonly number[]): void {
    const sofar = total.get(key);
    const both = (a: number, b: number) => (this.#combine === "max" ? Math.max(a, b) : a + b);
    total.set(key, sofar === undefined ? [...numbers] : sofar.map((number, i) => both(number, numbers[i] as number)));
  }
}
