import type { Collector, MetricDefinition } from "../model/collector.ts";
import type { FamilyDescriptor, LabelSet, MetricFamily } from "../model/family.ts";
import { ask, type Outcome } from "../registry/collection.ts";
import type { CollectorError } from "../registry/errors.ts";
import { plainFamily } from "../registry/plain-families.ts";
import { askToUpdate, type ColumnMetric, isColumnMetric } from "../registry/scrape.ts";
import { COLUMNS, FamilyView } from "../storage/column-family.ts";
import { ColumnPart } from "./column-part.ts";
import type { Declaration, Details } from "./declaration.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { PlainPart, sortSeries } from "./plain-part.ts";

/** What collectors are reported with. */
export interface ReportHost {
  readonly writer: FrameWriter;
  readonly now: () => number;
  /** A number for a family that no other has. */
  readonly nextId: () => number;
  /** A collector is asked and does not answer at once. */
  readonly begin: () => void;
  /** It has answered. */
  readonly end: (error?: CollectorError) => void;
}

/** A family that was declared, and who reports it. */
interface Reported<Part> {
  readonly id: number;
  readonly part: Part;
}

/** One registration of a collector, as it is reported. */
export class ReportedCollector {
  readonly labels: LabelSet;
  readonly #collector: Collector;
  readonly #prefix: string;
  readonly #host: ReportHost;
  #columns: Reported<ColumnPart> | undefined;
  /** By what was declared for them. */
  #plain = new Map<string, Reported<PlainPart>>();
  #isBusy = false;
  #isClosed = false;

  constructor(collector: Collector, prefix: string, labels: LabelSet, host: ReportHost) {
    this.#collector = collector;
    this.#prefix = prefix;
    this.labels = labels;
    this.#host = host;
  }

  /** Writes what changed: at once or, where the collector has to be asked, when it answers. */
  read(): void {
    if (this.#isBusy) return;
    const collector = this.#collector;
    if (!isColumnMetric(collector)) {
      this.#ask(
        (then) => ask(collector, (context) => collector.collect(context), then),
        (families) => this.#writeFamilies(families),
      );
    } else if (collector.update === undefined) {
      this.#writeMetric(collector);
    } else {
      this.#ask(
        (then) => askToUpdate(collector, then),
        () => this.#writeMetric(collector),
      );
    }
  }

  /** Writes everything that was told so far. */
  retell(): void {
    const timeMs = this.#host.now();
    for (const { part } of this.#parts()) part.retell(this.#host.writer, timeMs);
  }

  #parts(): readonly Reported<ColumnPart | PlainPart>[] {
    return [...(this.#columns ? [this.#columns] : []), ...this.#plain.values()];
  }

  /** Says that its families are gone. */
  retract(): void {
    for (const { id } of this.#parts()) this.#host.writer.retract(id);
    this.close();
  }

  /** Lets go of the metric. */
  close(): void {
    this.#isClosed = true;
    this.#columns?.part.close();
  }

  #ask(how: (then: (outcome: Outcome) => void) => unknown, write: (families: readonly MetricFamily[]) => void): void {
    this.#isBusy = true;
    this.#host.begin();
    how((outcome) => {
      this.#isBusy = false;
      if (outcome.ok && !this.#isClosed) write(outcome.families);
      this.#host.end(outcome.ok ? undefined : outcome.error);
    });
  }

  #writeMetric(metric: ColumnMetric): void {
    const columns = metric[COLUMNS];
    // Labels that differ from row to row fit no declaration; few families have them.
    if (columns.extraLabels !== undefined) {
      const view = new FamilyView(columns);
      const family = plainFamily(view);
      view.close();
      this.#writeFamilies([{ ...family, aggregator: aggregatorOf(metric) }]);
      return;
    }
    if (this.#columns === undefined) {
      const { labelNames, details } = metric.definition;
      const declaration = {
        ...this.#exposed(columns.descriptor),
        aggregator: aggregatorOf(metric),
        labelNames,
        details: detailsOf(details),
      };
      const id = this.#host.nextId();
      this.#columns = { id, part: new ColumnPart(id, declaration, columns, this.labels) };
      this.#host.writer.declare(id, this.#columns.part.declaration);
    }
    this.#columns.part.write(this.#host.writer, this.#host.now());
  }

  #writeFamilies(families: readonly MetricFamily[]): void {
    const { writer, now, nextId } = this.#host;
    const timeMs = now();
    const left = this.#plain;
    this.#plain = new Map();
    const written: (() => void)[] = [];
    for (const family of families) {
      if (family.aggregator === "omit") continue;
      for (const { key, declaration, series } of sortSeries(
        { ...family, name: this.#prefix + family.name },
        this.labels,
      )) {
        const known = left.get(key);
        left.delete(key);
        const id = known?.id ?? nextId();
        const part = known?.part ?? new PlainPart(id, declaration);
        this.#plain.set(key, { id, part });
        written.push(() => {
          if (known === undefined) writer.declare(id, declaration);
          part.write(writer, series, timeMs);
        });
      }
    }
    // What is gone comes first: an info that tells something new is one series before and one after, and a histogram with
    // other bounds can't be put together with what it was.
    for (const { id } of left.values()) writer.retract(id);
    for (const write of written) write();
  }

  #exposed({ name, type, help, unit }: FamilyDescriptor): FamilyDescriptor {
    return { name: this.#prefix + name, type, help, ...(unit !== undefined && { unit }) };
  }
}

/** Metrics of another copy of the library may have any, or none. */
export function aggregatorOf(collector: Collector): Declaration["aggregator"] {
  return (collector as Partial<Declaration>).aggregator ?? "sum";
}

/** Of a definition's details those that matter to other processes. */
function detailsOf(details: MetricDefinition["details"]): Details {
  const known = ["buckets", "native", "enableExemplars", "percentiles", "maxAgeSeconds", "ageBuckets", "states"];
  return Object.fromEntries(Object.entries(details).filter(([name]) => known.includes(name)));
}
