// What the thread that scrapes has of a family itself.
import type { Collector, Metric } from "../model/collector.ts";
import type { HistogramSeries, MetricFamily } from "../model/family.ts";
import { type ColumnMetric, isColumnMetric } from "../registry/scrape.ts";
import { COLUMNS } from "../storage/column-family.ts";
import type { LabelPattern, RowWatcher } from "../storage/table-watchers.ts";
import { standInFor } from "./thread-family.ts";
import { ThreadInfo } from "./thread-info.ts";
import type { AnyThreadFamily } from "./thread-mirror.ts";
import { type OwnRows, Part } from "./thread-part.ts";

/** The scraping thread's metric as a part of a family of several threads. */
export interface Own {
  readonly metric: Metric;
  readonly part: Part;
  /** Links the series that there were at first, step by step. */
  link(): Iterable<void>;
  /** Brings the part up to date, where it does not follow by itself. */
  update(answerOf: (metric: Collector) => MetricFamily | undefined): void;
  /** Takes away the series of a row. */
  remove(row: number): void;
  /** Is no part any more. */
  leave(): void;
}

/** How many rows are linked between two looks at the clock. */
const ROWS_PER_STEP = 128;

/**
 * @param onWiped hears of series that the metric's user takes away, and takes them from the other threads; returns how
 *   many they had that the metric does not have
 */
export function ownPart(
  metric: Metric,
  family: AnyThreadFamily,
  onWiped: (pattern: LabelPattern, part: Part) => number,
): Own {
  return isColumnMetric(metric) ? new OwnColumns(metric, family, onWiped) : new OwnAnswers(metric, family);
}

class OwnColumns implements Own, RowWatcher {
  readonly metric: ColumnMetric;
  readonly part: Part;
  readonly #family: AnyThreadFamily;
  readonly #onWiped: (pattern: LabelPattern, part: Part) => number;
  /** For each label of the family, which of the metric's it is. */
  readonly #order: readonly number[];
  /** The rows before this one are linked, as are those that came since. */
  #nextRow = 0;

  constructor(metric: ColumnMetric, family: AnyThreadFamily, onWiped: (pattern: LabelPattern, part: Part) => number) {
    const columns = metric[COLUMNS];
    this.metric = metric;
    this.#family = family;
    this.#onWiped = onWiped;
    const names = family.definition.labelNames;
    this.#order = names.map((name) => metric.labelNames.indexOf(name));
    const own: OwnRows = {
      block: (row) => columns.blocks?.of(row),
      exemplar: (row, sample) => columns.exemplar?.(row, sample),
      nativeExemplars: (row) => columns.native?.(row)?.exemplars ?? [],
    };
    this.part = new Part(0, columns.table, { own });
    family.add(this.part);
    columns.table.watch(this);
    // Mostly that is all; and what is counted here then stands first.
    this.#link(ROWS_PER_STEP);
  }

  *link(): Iterable<void> {
    while (!this.#link(ROWS_PER_STEP)) {
      yield* this.#family.grow();
      yield;
    }
  }

  /** Links the next rows, and returns whether those were the last. */
  #link(rows: number): boolean {
    const { table } = this.metric[COLUMNS];
    const end = Math.min(table.rowLimit, this.#nextRow + rows);
    for (; this.#nextRow < end; this.#nextRow++) {
      const row = this.#nextRow;
      // Row numbers have gaps between pages.
      if ((row & table.placeMask) * table.idStride >= (table.idPages[row >>> table.rowShift]?.length ?? 0)) continue;
      if (table.isLive(row) && !this.#family.hasRow(this.part, row)) this.added(row);
    }
    return this.#nextRow >= table.rowLimit;
  }

  update(): void {
    this.metric[COLUMNS].beforeView?.();
  }

  added(row: number): void {
    const { table } = this.metric[COLUMNS];
    const texts = table.textsOf(row);
    this.#family.link(
      this.part,
      row,
      this.#order.map((i) => texts[i] as string),
      table.createdMs(row),
    );
    this.changed(row);
  }

  removed(row: number): boolean {
    this.#family.unlink(this.part, row);
    return false;
  }

  changed(row: number): void {
    if (this.#family instanceof ThreadInfo)
      this.#family.tell(this.part, row, this.metric[COLUMNS].extraLabels?.(row) ?? {});
  }

  wiped(pattern: LabelPattern): number {
    return this.#onWiped(
      this.#order.map((i) => pattern[i]),
      this.part,
    );
  }

  settingAnew(): void {
    if (!(this.#family instanceof ThreadInfo)) this.#family.columns.table.freezeLeases();
  }

  beginningAnew(row: number): void {
    if (!(this.#family instanceof ThreadInfo)) this.#family.keepRow(this.part, row);
  }

  remove(row: number): void {
    this.metric[COLUMNS].table.remove(row);
  }

  leave(): void {
    this.metric[COLUMNS].table.unwatch(this);
    this.#family.drop(this.part);
  }
}

/**
 * A metric of another copy of the library. Its columns can't be read, but what it answers to the scrape can, and that is
 * put in columns of a metric that stands for it. Of a summary that is not what its quantiles are computed from.
 */
class OwnAnswers implements Own {
  readonly metric: Metric;
  readonly part: Part;
  readonly #family: AnyThreadFamily;
  readonly #columns: OwnColumns | undefined;

  constructor(metric: Metric, family: AnyThreadFamily) {
    this.metric = metric;
    this.#family = family;
    if (family instanceof ThreadInfo) {
      this.part = new Part(0, { pages: [], cells: 1, rowShift: 0 });
      family.add(this.part);
      return;
    }
    this.#columns = new OwnColumns(standInFor(metric.definition, metric.labelNames), family, () => 0);
    this.part = this.#columns.part;
  }

  link(): Iterable<void> {
    return [];
  }

  update(answerOf: (metric: Collector) => MetricFamily | undefined): void {
    const answer = answerOf(this.metric);
    if (this.#columns !== undefined) fill(this.#columns.metric, answer);
    else if (this.#family instanceof ThreadInfo) this.#tell(this.#family, answer);
  }

  #tell(info: ThreadInfo, answer: MetricFamily | undefined): void {
    info.drop(this.part);
    info.add(this.part);
    const names = info.definition.labelNames;
    for (const [row, { labels }] of (answer?.series ?? []).entries()) {
      const facts = Object.entries(labels).filter(([name]) => !names.includes(name));
      info.link(
        this.part,
        row,
        names.map((name) => textOf(labels, name)),
        0,
      );
      info.tell(this.part, row, Object.fromEntries(facts));
    }
  }

  /** It answers with the series again: only its own copy can take them away. */
  remove(): void {}

  leave(): void {
    if (this.#columns !== undefined) this.#columns.leave();
    else this.#family.drop(this.part);
  }
}

function textOf(labels: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(labels, name) ? (labels[name] as string) : "";
}

/** Gives a metric the series of a family, and no others. */
function fill(metric: ColumnMetric, family: MetricFamily | undefined): void {
  const { table } = metric[COLUMNS];
  const rows = new Set<number>();
  for (const series of family?.series ?? []) {
    const row = table.rowOfValues(metric.labelNames.map((name) => textOf(series.labels, name)));
    table.pageOf(row).set(cellsOf(metric, family as MetricFamily, series), table.offsetOf(row));
    rows.add(row);
  }
  table.removeWhere((row) => !rows.has(row));
}

function cellsOf(metric: ColumnMetric, family: MetricFamily, series: MetricFamily["series"][number]): number[] {
  if ("value" in series) return [series.value];
  if ("states" in series) {
    const { states = [] } = metric.definition.details as { states?: readonly string[] };
    return states.map((state) => (series.states[state] === true ? 1 : 0));
  }
  if (family.type === "summary" || !("buckets" in series)) return [series.sum ?? 0, series.count ?? 0];
  return [series.sum ?? 0, ...countsOf(series)];
}

/** The observations of each bucket alone, that of `+Inf` at the end. */
function countsOf({ buckets, count }: HistogramSeries): number[] {
  const finite = buckets.filter(({ bound }) => bound !== Number.POSITIVE_INFINITY).map((bucket) => bucket.count);
  return [...finite, count].map((upTo, i, all) => upTo - (all[i - 1] ?? 0));
}
