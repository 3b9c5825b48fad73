const NONE = new Int32Array(0);

/**
 * Finds things that stand in a list by their hashes: whether one with some hash is the thing in question is for the caller
 * to see, so that answers are exact whatever the hashes are.
 *
 * The texts that a `Map` would have to be given instead take longer to make than all else in a line.
 */
export class HashIndex {
  /** The hash of each thing, in the order of the list. */
  #hashes = NONE;
  /** By the lower bits of the hashes, the last thing that has them; one more than its number, for 0 is none. */
  #heads = NONE;
  /** For each thing, the one before it with the same bits; counted likewise. */
  #links = NONE;
  #count = 0;
  /** The hash of the first thing. Many lists have no other, and need no tables. */
  #first = 0;

  /**
   * The number of the last thing before `end` with some hash, or -1.
   *
   * @param end the number of a thing that has the hash too, or that of things altogether
   */
  lastBefore(end: number, hash: number): number {
    if (this.#count <= 1) return end === 1 && this.#first === hash ? 0 : -1;
    const links = this.#links;
    let next = (end === this.#count ? this.#heads[hash & (this.#heads.length - 1)] : links[end]) as number;
    while (next > 0 && this.#hashes[next - 1] !== hash) next = links[next - 1] as number;
    return next - 1;
  }

  /** Adds the hash of a thing that was put to the end of the list. */
  add(hash: number): void {
    const number = this.#count++;
    if (number === 0) {
      this.#first = hash;
      return;
    }
    if (number >= this.#hashes.length) this.#grow(number);
    this.#put(number, hash);
  }

  #put(number: number, hash: number): void {
    const head = hash & (this.#heads.length - 1);
    this.#hashes[number] = hash;
    this.#links[number] = this.#heads[head] as number;
    this.#heads[head] = number + 1;
  }

  #grow(count: number): void {
    const hashes = this.#hashes;
    const size = Math.max(8, 2 * count);
    this.#hashes = new Int32Array(size);
    this.#links = new Int32Array(size);
    this.#heads = new Int32Array(size);
    this.#put(0, this.#first);
    for (let i = 1; i < count; i++) this.#put(i, hashes[i] as number);
  }
}
