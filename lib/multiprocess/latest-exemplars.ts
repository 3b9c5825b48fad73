// Which exemplars of several threads or processes are exposed: the latest.
import type { Exemplar } from "../model/family.ts";

/** Whether an exemplar is older than another; where there is no other it is not. */
export function isOlder(exemplar: Exemplar, than: Exemplar | undefined): boolean {
  return than !== undefined && (exemplar.timestampMs ?? 0) < (than.timestampMs ?? 0);
}

/** So many of the exemplars of native buckets, those that are latest, in the order of their values. */
export function latestNatives(exemplars: Iterable<Exemplar>, most: number): readonly Exemplar[] {
  return [...exemplars]
    .sort((a, b) => (b.timestampMs ?? 0) - (a.timestampMs ?? 0))
    .slice(0, most)
    .sort((a, b) => a.value - b.value);
}
