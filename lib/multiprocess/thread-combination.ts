// How the numbers that several threads have for one series become one.
import type { Aggregator } from "../model/aggregator.ts";
import type { MetricType } from "../model/family.ts";

/** An aggregator that is more than adding up. */
export type Choosing = "min" | "max" | "average" | "first" | "latest";

/** How the family's numbers come about: `sum` is done by columns, the rest row by row. */
export function combinationOf(type: MetricType, aggregator: Aggregator): "sum" | Choosing {
  // A state is on where any thread has it on.
  if (type === "stateset") return "max";
  switch (aggregator) {
    case "min":
    case "max":
    case "average":
    case "first":
    case "latest":
      return aggregator;
    case "sum":
    case "livesum":
    case "all":
    case "omit":
      return "sum";
    default:
      return aggregator satisfies never;
  }
}

/** Puts together the numbers of one cell, in the order of the threads. There is at least one. */
export function choose(how: Exclude<Choosing, "latest">, numbers: readonly number[]): number {
  switch (how) {
    case "min":
      return numbers.reduce((a, b) => (a < b || Number.isNaN(b) ? a : b));
    case "max":
      return numbers.reduce((a, b) => (a > b || Number.isNaN(b) ? a : b));
    case "average":
      return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
    case "first":
      return numbers[0] as number;
    default:
      return how satisfies never;
  }
}
