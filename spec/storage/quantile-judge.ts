// What quantiles are judged by: the sorted observations themselves, and shapes of observations that are hard to rank.
import assert from "node:assert/strict";
import type { Random } from "../judges/random.ts";

/** The `ceil(q · n)`-th least of n numbers, at least the first, with `q` as it is spelled and no rounding. */
export function exactQuantile(sorted: Float64Array, q: number): number {
  const [whole = "", decimals = ""] = String(q).split(".");
  const scale = 10n ** BigInt(decimals.length);
  const rank = (BigInt(whole + decimals) * BigInt(sorted.length) + scale - 1n) / scale;
  return sorted[Math.max(0, Number(rank) - 1)] as number;
}

/** Fails unless each value told is near enough to the exact one; of zero exactly zero is near enough. */
export function assertQuantiles(
  values: readonly number[],
  qs: readonly number[],
  told: ArrayLike<number>,
  relativeError: number,
): void {
  const sorted = Float64Array.from(values).sort();
  qs.forEach((q, i) => {
    const exact = exactQuantile(sorted, q);
    const value = told[i] as number;
    assert.ok(
      Math.abs(value - exact) <= relativeError * Math.abs(exact),
      `${value} for quantile ${q}, which is ${exact}`,
    );
  });
}

export const someQuantiles: readonly number[] = [
  0, 0.001, 0.01, 0.05, 0.25, 0.5, 0.55, 0.9, 0.95, 0.99, 0.999, 0.9999, 1,
];

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}

/** A magnitude that is as likely in each of the orders from 10^−3 to 10^3. */
function ofSixOrders(random: Random): number {
  return 10 ** (6 * random.next() - 3);
}

/** Ways observations come, none of which spans more than six orders of magnitude. */
export const shapes: Readonly<Record<string, (random: Random, i: number) => number>> = {
  lognormal: (random) => Math.min(100, Math.max(1e-4, 0.04 * Math.exp(normal(random)))),
  uniform: (random) => 1e-3 + 10 * random.next(),
  bimodal: (random) => (random.chance(0.7) ? 0.01 + 0.001 * random.next() : 5 + random.next()),
  sorted: (_, i) => 0.001 * (i + 1),
  "sorted downwards": (_, i) => 1000 / (i + 1),
  constant: () => 0.1,
  "two values": (random) => random.pick([0.25, 7]),
  negative: (random) => -ofSixOrders(random),
  "half of them zero": (random) => (random.chance(0.5) ? 0 : ofSixOrders(random)),
  "of six orders of magnitude": ofSixOrders,
  "of six orders of magnitude, both signs and zero": (random) => random.pick([-1, 0, 1]) * ofSixOrders(random),
  "on bounds": (random) => 2 ** random.between(-9, 9),
};
