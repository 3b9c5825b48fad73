// The exemplars of a family that several threads keep: put together when they are written, which most formats do not.
import type { Exemplar } from "../model/family.ts";
import { ExemplarColumn } from "../storage/exemplar-column.ts";
import { isOlder, latestNatives } from "./latest-exemplars.ts";
import type { Part } from "./thread-part.ts";

/** The exemplars of a row: by sample, and those of its native buckets. */
interface RowExemplars {
  readonly samples: readonly (Exemplar | undefined)[];
  readonly natives: readonly Exemplar[];
}

/** The latest exemplars that any thread has, those included that threads have left that ended. */
export class ThreadExemplars {
  readonly #samples: number;
  readonly #mostNatives: number;
  /** Those of ended threads: by sample, and behind them those of native buckets. */
  readonly #retired = new ExemplarColumn();
  /** Those that were read since the last scrape began. */
  readonly #read = new Map<number, RowExemplars>();

  /**
   * @param samples how many a row has
   * @param mostNatives how many exemplars its native buckets keep
   */
  constructor(samples: number, mostNatives: number) {
    this.#samples = samples;
    this.#mostNatives = mostNatives;
  }

  /**
   * Those of a row. They are read once until {@link clear}: formats that measure before they write rely on it.
   *
   * @param rowsOf the threads that have the row, and which of theirs it is
   */
  of(joined: number, rowsOf: () => Iterable<readonly [Part, number]>): RowExemplars {
    const known = this.#read.get(joined);
    if (known !== undefined) return known;
    const rows = [...rowsOf()];
    const samples = Array.from({ length: this.#samples }, (_, sample) => {
      let latest = this.#retired.get(joined, sample);
      for (const [part, row] of rows) {
        const one = part.exemplar(row, sample);
        if (one !== undefined && !isOlder(one, latest)) latest = one;
      }
      return latest;
    });
    const natives = [...this.#retiredNatives(joined)];
    for (const [part, row] of rows) natives.push(...part.nativeExemplars(row, this.#samples));
    const read = { samples, natives: latestNatives(natives, this.#mostNatives) };
    this.#read.set(joined, read);
    return read;
  }

  /** A scrape begins. */
  clear(): void {
    this.#read.clear();
  }

  /** The row has lost its series. */
  forget(joined: number): void {
    this.#read.delete(joined);
  }

  /** Keeps those that a thread has in one of its rows. */
  retire(part: Part, row: number, joined: number): void {
    for (let sample = 0; sample < this.#samples; sample++) {
      const exemplar = part.exemplar(row, sample);
      if (exemplar !== undefined && !isOlder(exemplar, this.#retired.get(joined, sample)))
        this.#retired.set(joined, sample, exemplar);
    }
    const natives = [...this.#retiredNatives(joined), ...part.nativeExemplars(row, this.#samples)];
    for (const [i, exemplar] of latestNatives(natives, this.#mostNatives).entries())
      this.#retired.set(joined, this.#samples + i, exemplar);
  }

  forgetRetired(joined: number): void {
    this.#retired.remove(joined);
  }

  *#retiredNatives(joined: number): Iterable<Exemplar> {
    for (let place = this.#samples; place < this.#samples + this.#mostNatives; place++) {
      const exemplar = this.#retired.get(joined, place);
      if (exemplar !== undefined) yield exemplar;
    }
  }
}
