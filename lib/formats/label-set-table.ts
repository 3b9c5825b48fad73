import type { LabelSet } from "../model/family.ts";
import { labelKey } from "../model/labels.ts";

/**
 * The label sets that came, to tell when one comes again.
 *
 * A table of their hashes, open addressing: the texts that a `Set` would have to be given take longer to make than all else
 * in a line. Label sets with the same hash are compared, so that the answer is exact whatever the hash is.
 */
export class LabelSetTable {
  /** A power of two of places, at most half of them taken. */
  #sets: (LabelSet | undefined)[] = new Array(16).fill(undefined);
  #hashes = new Int32Array(16);
  #count = 0;

  /** Adds a label set, unless it is there already; returns whether it did. */
  add(labels: LabelSet, hash: number): boolean {
    const mask = this.#hashes.length - 1;
    let place = hash & mask;
    for (let other = this.#sets[place]; other !== undefined; other = this.#sets[place]) {
      if (this.#hashes[place] === hash && labelKey(other) === labelKey(labels)) return false;
      place = (place + 1) & mask;
    }
    this.#sets[place] = labels;
    this.#hashes[place] = hash;
    if (++this.#count > mask / 2) this.#grow();
    return true;
  }

  #grow(): void {
    const sets = this.#sets;
    const hashes = this.#hashes;
    const mask = 2 * hashes.length - 1;
    this.#sets = new Array(mask + 1).fill(undefined);
    this.#hashes = new Int32Array(mask + 1);
    for (let i = 0; i < sets.length; i++) {
      if (sets[i] === undefined) continue;
      let place = (hashes[i] as number) & mask;
      while (this.#sets[place] !== undefined) place = (place + 1) & mask;
      this.#sets[place] = sets[i];
      this.#hashes[place] = hashes[i] as number;
    }
  }
}
