// Random input that is the same in every run: a failing case is found again by its seed.

/** A source of random choices; mulberry32, good enough to vary tests and a few lines long. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** An integer in [from, to]. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<Choice>(choices: readonly Choice[]): Choice {
    if (choices.length === 0) throw new RangeError("There is nothing to pick from.");
    return choices[this.below(choices.length)] as Choice;
  }

  /** Some of the choices, each at most once, in random order. */
  sample<Choice>(choices: readonly Choice[], count: number): Choice[] {
    const left = [...choices];
    return Array.from(
      { length: Math.min(count, left.length) },
      () => left.splice(this.below(left.length), 1)[0] as Choice,
    );
  }

  /** A finite double of any size: often a small integer or a plain decimal, sometimes any bit pattern at all. */
  double(): number {
    switch (this.below(6)) {
      case 0:
        return this.between(-20, 1000);
      case 1:
        return this.below(2 ** 31) * 2 ** this.between(-31, 40);
      case 2:
        return this.between(-100_000, 100_000) / 1000;
      case 3:
        return this.next();
      case 4:
        return this.pick([0, -0, 1e21, 1e-7, 2 ** 53, 2 ** 53 + 2, 5e-324, Number.MAX_VALUE, -1e300, 0.1 + 0.2]);
      default: {
        const bits = new DataView(new ArrayBuffer(8));
        bits.setUint32(0, this.below(2 ** 32));
        bits.setUint32(4, this.below(2 ** 32));
        const value = bits.getFloat64(0);
        return Number.isFinite(value) ? value : 0;
      }
    }
  }

  /** Text that tries to break out of where it is written, or to be taken for other text. */
  hostileText(): string {
    return Array.from({ length: this.between(1, 4) }, () => this.pick(hostilePieces)).join("");
  }
}

// biome-ignore format: a list to look over, not to read line by line
const hostilePieces = [
  "plain", "a", "b", ",", "=", "|", ":", ";", "{", "}", "#", " ", "  ", "\t", "\n", "\r", "\r\n", "\\", "\\\\", "\\n", '"', '\\"',
  '"} 1\nevil_total 2\n', 'x",y="z', "# EOF\n", "# TYPE a counter\n", "le", '+Inf"', "NaN", "__proto__", "constructor",
  "undefined", "null", "0", "1", "\0", "\x7f", "\x85", "\u00a0", "\u2028", "\ufeff", "é", "ß", "漢字", "😀", "\ud83d", "\ude00", "a\u0301",
  "long".repeat(50),
];
