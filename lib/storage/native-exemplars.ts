import type { Exemplar } from "../model/family.ts";

/** How old the oldest exemplar gets before a new one takes its place, wherever that lies: five minutes. */
const TIME_TO_LIVE_MS = 300_000;

/** An exemplar with the time it was observed at, which those of native histograms always have. */
export type TimedExemplar = Exemplar & { readonly timestampMs: number };

/**
 * The exemplars of one native histogram: a few, spread over its values.
 *
 * When all places are taken, a new one replaces the oldest, if that is older than five minutes; otherwise it breaks up
 * the closest pair on the logarithmic scale, of which the older one goes. The pairs that the new one forms with its
 * neighbours count too: where it is closest to one of them, it takes that one's place.
 *
 * @see https://prometheus.io/docs/specs/native_histograms/#exemplars
 */
export class NativeExemplars {
  /** In increasing order of value. */
  readonly #kept: TimedExemplar[] = [];
  /** For each of them a number less than the most, which it has as long as it is kept. */
  readonly #places: number[] = [];
  readonly #most: number;
  readonly #onKept: ((place: number, exemplar: TimedExemplar) => void) | undefined;

  /**
   * @param most how many are kept at most; 0 for none
   * @param onKept hears of each that is kept, and in whose place
   */
  constructor(most: number, onKept?: (place: number, exemplar: TimedExemplar) => void) {
    this.#most = most;
    this.#onKept = onKept;
  }

  /** In increasing order of value; it changes as more are added. */
  get kept(): readonly TimedExemplar[] {
    return this.#kept;
  }

  add(exemplar: TimedExemplar): void {
    if (this.#most === 0) return;
    const kept = this.#kept;
    let place = kept.length;
    if (kept.length >= this.#most) {
      const replaced = this.#replacedBy(exemplar);
      kept.splice(replaced, 1);
      [place = 0] = this.#places.splice(replaced, 1);
    }
    const after = kept.findIndex(({ value }) => value > exemplar.value);
    const position = after < 0 ? kept.length : after;
    kept.splice(position, 0, exemplar);
    this.#places.splice(position, 0, place);
    this.#onKept?.(place, exemplar);
  }

  /** The index of the one that has to go. */
  #replacedBy(exemplar: TimedExemplar): number {
    const kept = this.#kept;
    const oldest = kept.reduce((index, one, i) => (isOlder(one, kept[index] as TimedExemplar) ? i : index), 0);
    if (kept.length === 1 || exemplar.timestampMs - (kept[oldest] as TimedExemplar).timestampMs > TIME_TO_LIVE_MS) {
      return oldest;
    }
    let replaced = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 1; i < kept.length; i++) {
      const [before, one] = [kept[i - 1] as TimedExemplar, kept[i] as TimedExemplar];
      const distance = logDistance(before.value, one.value);
      if (distance >= least) continue;
      least = distance;
      replaced = isOlder(one, before) ? i : i - 1;
    }
    const position = kept.findIndex(({ value }) => value >= exemplar.value);
    const next = position < 0 ? kept.length : position;
    for (const neighbour of [next - 1, next]) {
      if (neighbour < 0 || neighbour >= kept.length) continue;
      const distance = logDistance((kept[neighbour] as TimedExemplar).value, exemplar.value);
      if (distance >= least) continue;
      least = distance;
      replaced = neighbour;
    }
    return replaced;
  }
}

function isOlder(a: TimedExemplar, b: TimedExemplar): boolean {
  return a.timestampMs < b.timestampMs;
}

/** How far apart two numbers are by their ratio. From zero, and across it, nothing is near. */
function logDistance(a: number, b: number): number {
  if (a === b) return 0;
  if (a * b <= 0 && a <= 0 !== b <= 0) return Number.POSITIVE_INFINITY;
  return Math.abs(Math.log(Math.abs(a)) - Math.log(Math.abs(b)));
}
