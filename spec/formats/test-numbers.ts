import type { Random } from "../judges/random.ts";

const bits = new DataView(new ArrayBuffer(8));

/** The doubles next to a positive one, three on either side, and the number itself. */
export function neighbours(value: number): number[] {
  bits.setFloat64(0, value);
  const middle = bits.getBigInt64(0);
  return [-3n, -2n, -1n, 0n, 1n, 2n, 3n].map((distance) => {
    const near = middle + distance;
    bits.setBigInt64(0, near < 0n ? 0n : near);
    return bits.getFloat64(0);
  });
}

/** Positive finite numbers of the kinds that metrics have, and of those that are hard to spell. */
export function* testNumbers(random: Random, count: number): Generator<number> {
  let sum = 0;
  let steps = 0;
  for (let i = 0; i < count; i++) {
    switch (i % 12) {
      case 0:
        // What adding up durations leads to.
        sum += random.next() * 0.05;
        yield sum;
        break;
      case 1:
        steps += 0.05;
        yield steps;
        break;
      case 2:
        yield random.next() * 1000;
        break;
      case 3:
        yield Math.exp(random.next() * 60 - 20);
        break;
      case 4:
        yield random.below(1e9) / 10 ** random.below(12);
        break;
      case 5:
        // Full precision over a short decimal's neighbourhood.
        yield random.pick(neighbours(Number(`${random.between(1, 9999)}e${random.between(-12, 20)}`)));
        break;
      case 6:
        yield random.pick(neighbours(2 ** random.between(-22, 70)));
        break;
      case 7:
        yield Math.fround(Math.exp(random.next() * 30 - 14));
        break;
      case 8:
        yield Math.floor(2 ** (random.next() * 72));
        break;
      case 9:
        // Many integer digits, few bits left for the fraction: exact ties.
        yield random.below(2 ** 52) / 2 ** random.between(1, 12);
        break;
      case 10:
        bits.setUint32(0, random.below(0x7ff00000));
        bits.setUint32(4, random.below(2 ** 32));
        yield bits.getFloat64(0);
        break;
      default:
        // Any bits, in the exponents where doubles have a fraction and no exponent.
        bits.setUint32(0, (random.between(1023 - 21, 1023 + 53) << 20) | random.below(1 << 20));
        bits.setUint32(4, random.below(2 ** 32));
        yield bits.getFloat64(0);
    }
  }
}
