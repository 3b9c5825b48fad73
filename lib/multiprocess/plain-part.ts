import type {
  HistogramSeries,
  LabelSet,
  MetricFamily,
  MetricType,
  NumberSeries,
  SeriesBase,
  StateSetSeries,
  SummarySeries,
} from "../model/family.ts";
import { labelKey } from "../model/labels.ts";
import { blockOf, isBlock } from "../storage/exponential-block.ts";
import { ExponentialBuckets } from "../storage/exponential-buckets.ts";
import { FINEST_SCHEMA } from "../storage/exponential-keys.ts";
import { NATIVE_MAX_LENGTH, type NativeSettings } from "../storage/native-buckets.ts";
import { isSame } from "./column-part.ts";
import { cellsOf, type Declaration, type Details } from "./declaration.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { RowNumbers } from "./row-numbers.ts";

interface ReportedRow {
  number: number;
  readonly texts: readonly string[];
  readonly cells: Float64Array;
  block: Float64Array | undefined;
  readonly createdMs: number;
  /** In which report it was told of last. */
  report: number;
}

/**
 * Reports the series of a family that is given as plain data, one and the same set of label names each: a custom
 * collector's, or an info's.
 */
export class PlainPart {
  readonly declaration: Declaration;
  readonly #id: number;
  readonly #rows = new Map<string, ReportedRow>();
  #numbers = new RowNumbers();
  #report = 0;

  constructor(id: number, declaration: Declaration) {
    this.#id = id;
    this.declaration = declaration;
  }

  /** Writes what differs from the last time. */
  write(to: FrameWriter, series: readonly LabelledCells[], timeMs: number): void {
    this.#report++;
    // What is gone is told before what is new, so that numbers are used again.
    for (const { key } of series) {
      const row = this.#rows.get(key);
      if (row !== undefined) row.report = this.#report;
    }
    for (const [key, row] of this.#rows) {
      if (row.report === this.#report) continue;
      this.#rows.delete(key);
      this.#numbers.give(row.number);
      to.row(this.#id, timeMs);
      to.remove(row.number);
    }
    for (const one of series) this.#writeRow(to, one, timeMs);
  }

  /** Writes everything that was told so far, to a reader that has lost it. */
  retell(to: FrameWriter, timeMs: number): void {
    to.declare(this.#id, this.declaration);
    this.#numbers = new RowNumbers();
    for (const row of this.#rows.values()) {
      row.number = this.#numbers.take();
      to.row(this.#id, timeMs);
      to.announce(row.number, row.texts, row.createdMs);
      writeCells(to, row.number, row.cells, changesOf(row.cells, undefined));
      if (row.block !== undefined) to.block(row.number, row.block);
    }
  }

  #writeRow(to: FrameWriter, one: LabelledCells, timeMs: number): void {
    const { key, labels, cells, block, createdMs: since } = one;
    const createdMs = since ?? timeMs;
    let row = this.#rows.get(key);
    if (row === undefined) {
      const texts = this.declaration.labelNames.map((name) => labels[name] as string);
      const zeros = new Float64Array(cells.length);
      row = { number: this.#numbers.take(), texts, cells: zeros, block: undefined, createdMs, report: this.#report };
      this.#rows.set(key, row);
      to.row(this.#id, timeMs);
      to.announce(row.number, texts, createdMs);
    }
    const changes = changesOf(cells, row.cells);
    const hasOtherBlock = !isSameBlock(block, row.block);
    if (changes.length === 0 && !hasOtherBlock) return;
    row.cells.set(cells);
    row.block = block;
    to.row(this.#id, timeMs);
    writeCells(to, row.number, cells, changes);
    if (hasOtherBlock) to.block(row.number, block ?? NO_BLOCK);
  }
}

/** That of a series that has no native buckets any more. */
const NO_BLOCK = new ExponentialBuckets({ schema: FINEST_SCHEMA }).block;

function isSameBlock(a: Float64Array | undefined, b: Float64Array | undefined): boolean {
  return a?.length === b?.length && (a ?? []).every((value, i) => value === b?.[i]);
}

/** The cells that differ from what they were, or from zero. */
function changesOf(cells: Float64Array, before: Float64Array | undefined): number[] {
  const changes: number[] = [];
  for (const [i, value] of cells.entries()) if (!isSame(value, before?.[i] ?? 0)) changes.push(i);
  return changes;
}

function writeCells(to: FrameWriter, row: number, cells: Float64Array, changes: readonly number[]): void {
  if (changes.length === 0) return;
  if (cells.length === 1) to.number(row, cells[0] as number);
  else to.cells(row, changes, cells, 0);
}

/** A plain series as the numbers that metrics store. */
export interface LabelledCells {
  readonly key: string;
  readonly labels: LabelSet;
  readonly cells: Float64Array;
  /** The native buckets, as a block of exponential ones. */
  readonly block?: Float64Array | undefined;
  readonly createdMs?: number | undefined;
}

/** Plain series of which one declaration tells all. */
export interface SortedSeries {
  /** Differs where the declaration does, but for the help. */
  readonly key: string;
  readonly declaration: Declaration;
  readonly series: LabelledCells[];
}

/** The series of a plain family by what must be declared for them: their label names, and their bounds or states. */
export function sortSeries(family: MetricFamily, constantLabels: LabelSet): Iterable<SortedSeries> {
  const sorted = new Map<string, SortedSeries>();
  const { name, type, help, unit, aggregator = "sum" } = family;
  for (const one of family.series as readonly SeriesBase[]) {
    const labels = { ...constantLabels, ...presentLabels(one.labels) };
    const labelNames = Object.keys(labels).sort();
    const details = detailsOf(family, one);
    const key = JSON.stringify([name, type, unit, aggregator, labelNames, details]);
    let part = sorted.get(key);
    if (part === undefined) {
      const declaration = { name, type, help, ...(unit !== undefined && { unit }), aggregator, labelNames, details };
      part = { key, declaration, series: [] };
      sorted.set(key, part);
    }
    part.series.push({
      key: labelKey(labels),
      labels,
      cells: cellsFrom(type, one, part.declaration),
      block: blockFrom(one),
      createdMs: (one as { createdMs?: number }).createdMs,
    });
  }
  return sorted.values();
}

/** An absent label leaves room for a constant one. */
function presentLabels(labels: LabelSet): LabelSet {
  return Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== ""));
}

function detailsOf(family: MetricFamily, series: SeriesBase): Details {
  switch (family.type) {
    case "histogram":
    case "gaugehistogram": {
      const bounds = (series as HistogramSeries).buckets.map(({ bound }) => bound);
      const hasNative = (family.series as readonly HistogramSeries[]).some(({ native }) => native !== undefined);
      return {
        buckets: bounds.filter((bound) => bound !== Number.POSITIVE_INFINITY),
        ...(hasNative && { native: ANY_NATIVE }),
      };
    }
    case "stateset":
      return { states: Object.keys((series as StateSetSeries).states).sort() };
    // The quantiles of others can't be put together, so what is told of such a summary is its sum and its count.
    case "summary":
      return { percentiles: [] };
    default:
      return {};
  }
}

/** Of native buckets that others count: whatever they have is kept, and their exemplars are not. */
const ANY_NATIVE: NativeSettings = {
  schema: FINEST_SCHEMA,
  zeroThreshold: 0,
  maxBuckets: 0,
  minResetSeconds: 0,
  maxZeroThreshold: 0,
  exemplars: 0,
};

/** Parts of observations, which others may count, are not told: blocks have whole ones only. */
function blockFrom(series: SeriesBase): Float64Array | undefined {
  const { native } = series as Partial<HistogramSeries>;
  const block = native && blockOf(native, NATIVE_MAX_LENGTH);
  return block && isBlock(block) ? block : undefined;
}

function cellsFrom(type: MetricType, series: SeriesBase, declaration: Declaration): Float64Array {
  const cells = new Float64Array(cellsOf(declaration));
  switch (type) {
    case "counter":
    case "gauge":
    case "unknown":
    case "info":
      cells[0] = (series as NumberSeries).value;
      break;
    case "stateset":
      for (const [i, state] of (declaration.details.states ?? []).entries()) {
        cells[i] = (series as StateSetSeries).states[state] ? 1 : 0;
      }
      break;
    case "summary": {
      const { sum = 0, count = 0 } = series as SummarySeries;
      cells.set([sum, count]);
      break;
    }
    case "histogram":
    case "gaugehistogram": {
      const { sum = 0, count, buckets } = series as HistogramSeries;
      cells[0] = sum;
      let before = 0;
      for (const [i, bucket] of buckets.entries()) {
        cells[i + 1] = bucket.count - before;
        before = bucket.count;
      }
      cells[cells.length - 1] =
        count - (buckets.at(-1)?.bound === Number.POSITIVE_INFINITY ? (buckets.at(-2)?.count ?? 0) : before);
      break;
    }
    default:
      return type satisfies never;
  }
  return cells;
}
