import type { MetricFamily } from "../model/family.ts";

const lines = new WeakMap<MetricFamily, number>();

/** The line, from 1, that a family began at in the text that it was read from; `undefined` for any other family. */
export function lineOf(family: MetricFamily): number | undefined {
  return lines.get(family);
}

/** Keeps the line of a family that was read. */
export function noteLine(family: MetricFamily, line: number): MetricFamily {
  lines.set(family, line);
  return family;
}
