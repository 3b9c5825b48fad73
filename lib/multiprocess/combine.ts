// How the numbers that several processes have of one series become one.
import type { Aggregator } from "../model/aggregator.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import type { FamilySource } from "./family-source.ts";

/** What a sum loses at most when its terms change places, as a share of it. */
export const ROUNDING = 2 ** -46;

/** What is put together. */
export interface Combined {
  readonly table: SeriesTable;
  /** Those of living processes, by slot. */
  live: readonly FamilySource[];
  /** What processes that ended have left. */
  readonly retired: FamilySource;
  /** Whether a process was heard of lately. */
  readonly isHeard: (slot: number) => boolean;
}

/**
 * Writes the row of the aggregated family.
 *
 * @param mayFall whether a number may be less than it was; where it may not, one that is less by rounding stays
 */
export function combine(
  aggregator: Aggregator | "union",
  { table, live, retired, isHeard }: Combined,
  row: number,
  mayFall: boolean,
): void {
  const into = table.pageOf(row);
  const offset = table.offsetOf(row);
  switch (aggregator) {
    case "sum":
    case "all":
      sum(table, retired.has(row) ? [retired, ...live] : live, row, mayFall);
      return;
    case "livesum":
      sum(
        table,
        live.filter(({ slot }) => isHeard(slot)),
        row,
        true,
      );
      return;
    case "average": {
      sum(table, live, row, true);
      let processes = 0;
      for (const source of live) if (source.has(row)) processes++;
      for (let cell = 0; cell < table.cells; cell++) (into[offset + cell] as number) /= processes;
      return;
    }
    case "first":
      copy(table, live.find((source) => source.has(row)) ?? retired, row);
      return;
    case "latest": {
      let latest = retired;
      for (const source of live) {
        if (source.has(row) && (!latest.has(row) || source.toldMs(row) >= latest.toldMs(row))) latest = source;
      }
      copy(table, latest, row);
      return;
    }
    case "min":
      choose(table, live, row, Math.min);
      return;
    case "max":
    case "union":
      choose(table, live, row, Math.max);
      return;
    case "omit":
      return;
    default:
      aggregator satisfies never;
  }
}

function sum(table: SeriesTable, sources: readonly FamilySource[], row: number, mayFall: boolean): void {
  const into = table.pageOf(row);
  const offset = table.offsetOf(row);
  for (let cell = 0; cell < table.cells; cell++) {
    let total = 0;
    for (let i = 0; i < sources.length; i++) {
      const source = sources[i] as FamilySource;
      if (source.has(row)) total += source.pageOf(row)[offset + cell] as number;
    }
    const before = into[offset + cell] as number;
    // What a process has counted changes its place among the terms when it ends, and the rounding with it.
    if (!mayFall && total < before && before - total <= before * ROUNDING) continue;
    into[offset + cell] = total;
  }
}

function choose(
  table: SeriesTable,
  sources: readonly FamilySource[],
  row: number,
  better: (a: number, b: number) => number,
): void {
  const into = table.pageOf(row);
  const offset = table.offsetOf(row);
  for (let cell = 0; cell < table.cells; cell++) {
    let chosen = Number.NaN;
    for (const source of sources) {
      if (!source.has(row)) continue;
      const value = source.pageOf(row)[offset + cell] as number;
      chosen = Number.isNaN(chosen) ? value : Number.isNaN(value) ? chosen : better(chosen, value);
    }
    into[offset + cell] = chosen;
  }
}

function copy(table: SeriesTable, source: FamilySource, row: number): void {
  if (!source.has(row)) return;
  const offset = table.offsetOf(row);
  table.pageOf(row).set(source.pageOf(row).subarray(offset, offset + table.cells), offset);
}
