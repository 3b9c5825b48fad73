import { systemClock } from "../model/clock.ts";
import type { MetricDefinition, MetricJson, ScrapeContext } from "../model/collector.ts";
import type { Exemplar, FamilyDescriptor, LabelSet, MetricFamily, MetricType } from "../model/family.ts";
import { labelText } from "../model/labels.ts";
import { describeMetric, isLegacyLabelName } from "../model/names.ts";
import { register } from "../registry/default-registry.ts";
import { familyJson, plainFamily } from "../registry/plain-families.ts";
import type { Registrar } from "../registry/registrar.ts";
import { askToUpdate, type ColumnMetric, GROUP, type UpdateGroup } from "../registry/scrape.ts";
import {
  COLUMNS,
  type ColumnFamily,
  type ExponentialBlocks,
  FamilyView,
  type SampleLayout,
} from "../storage/column-family.ts";
import type { KeptSeries } from "../storage/kept-series.ts";
import type { NativeRow } from "../storage/native-row.ts";
import { SeriesTable } from "../storage/series-table.ts";
import type { LabelPattern } from "../storage/table-watchers.ts";
import { type Aggregator, checkOptions, type MetricOptions } from "./options.ts";

/** What one kind of metric adds to the common declaration. */
export interface MetricKind {
  readonly type: MetricType;
  /** How many numbers a series stores. */
  readonly cells: number;
  readonly samples: readonly SampleLayout[];
  /** What else makes two declarations the same metric. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly expose?: (table: SeriesTable, row: number, into: Float64Array) => void;
  readonly extraLabels?: (row: number) => LabelSet | undefined;
  readonly hasExtraLabels?: () => boolean;
  readonly blocks?: ExponentialBlocks;
  readonly exemplar?: (row: number, sample: number) => Exemplar | undefined;
  readonly native?: (row: number) => NativeRow | undefined;
  readonly beforeView?: () => void;
  readonly onCreate?: (row: number, table: SeriesTable) => void;
  readonly onRemove?: (row: number) => void;
  /** Whether a metric without labels has its series from the beginning; an info has nothing to tell before it is set. */
  readonly startsEmpty?: boolean;
}

/** The user's callback that brings a metric up to date at each scrape. */
type Update = (this: unknown, context: ScrapeContext) => unknown;

/**
 * What all metrics have in common: declaration, label sets, removing, and being collected. The label arguments are
 * `unknown` here; what callers may pass is told by the public interface of each metric.
 */
export abstract class BaseMetric<Series extends KeptSeries> implements ColumnMetric {
  readonly name: string;
  readonly help: string;
  readonly type: MetricType;
  readonly labelNames: readonly string[];
  readonly aggregator: Aggregator;
  readonly definition: MetricDefinition;
  readonly [COLUMNS]: ColumnFamily;
  /** @internal */
  readonly update: ((context: ScrapeContext) => unknown) | undefined;
  readonly [GROUP]: UpdateGroup | undefined;
  protected readonly table: SeriesTable;
  /** The label values of the series that there were at first. */
  readonly #initial: readonly (readonly string[])[];

  constructor(
    kind: MetricKind,
    options: MetricOptions<string> & { readonly collect?: Update | undefined; readonly [GROUP]?: UpdateGroup },
  ) {
    const descriptor = checkOptions(kind.type, options);
    const {
      labelNames = [],
      clock = systemClock,
      collect,
      [GROUP]: group,
      registers = [register],
      pages,
      series = [],
    } = options;
    if (collect !== undefined && typeof collect !== "function") {
      throw new TypeError(`${describeMetric(kind.type, descriptor.name)}: collect must be a function.`);
    }
    this.name = descriptor.name;
    this.help = descriptor.help;
    this.type = descriptor.type;
    this.labelNames = Object.freeze([...labelNames]);
    this.aggregator = options.aggregator ?? "sum";
    this.definition = { ...descriptor, labelNames: this.labelNames, details: kind.details ?? {} };
    this.table = new SeriesTable({
      labelNames: this.labelNames,
      writtenNames: this.labelNames.map((name) => (isLegacyLabelName(name) ? name : quoted(name))),
      cells: kind.cells,
      owner: describeMetric(descriptor.type, descriptor.name),
      now: clock.now,
      ...(pages && { pages }),
      ...(kind.onCreate && { onCreate: kind.onCreate }),
      ...(kind.onRemove && { onRemove: kind.onRemove }),
    });
    const { expose, extraLabels, hasExtraLabels, blocks, exemplar, native, beforeView, samples } = kind;
    this[COLUMNS] = {
      descriptor,
      labelNames: this.labelNames,
      table: this.table,
      samples,
      ...(expose && { expose: (row: number, into: Float64Array) => expose(this.table, row, into) }),
      ...(extraLabels && { extraLabels }),
      ...(hasExtraLabels && { hasExtraLabels }),
      ...(blocks && { blocks }),
      ...(exemplar && { exemplar }),
      ...(native && { native }),
      ...(beforeView && { beforeView }),
    };
    this[GROUP] = group;
    this.update = collect === undefined ? group?.update : (context) => collect.call(this, context);
    const initial = series.length === 0 && labelNames.length === 0 && kind.startsEmpty !== true ? [{}] : series;
    this.#initial = initial.map((labels) => this.table.textsOf(this.table.rowOf(labels)));
    this.#register(registers);
  }

  /** Registers with all of them or, when one refuses, with none. */
  #register(registers: readonly Registrar[]): void {
    const done: Registrar[] = [];
    try {
      for (const registry of registers) {
        registry.registerMetric(this);
        done.push(registry);
      }
    } catch (error) {
      for (const registry of done) registry.unregister(this);
      throw error;
    }
  }

  /** Makes the object that is kept for a series. */
  protected abstract newSeries(): Series;

  protected keptAt(row: number): Series {
    const kept = this.table.keptAt(row);
    if (kept !== undefined) return kept as Series;
    const series = this.newSeries();
    this.table.keepAt(row, series);
    return series;
  }

  labels(...values: unknown[]): Series {
    // Read one by one, the arguments need no array to be made of them.
    const count = values.length;
    const first = values[0];
    if (count === 1 && typeof first === "object" && first !== null) return this.keptAt(this.table.rowOf(first));
    if (count <= 4) return this.keptAt(this.table.rowOfFew(count, first, values[1], values[2], values[3]));
    const copy: unknown[] = [];
    for (let i = 0; i < count; i++) copy.push(values[i]);
    return this.keptAt(this.table.rowOfValues(copy));
  }

  remove(...values: unknown[]): boolean {
    let row = this.#find(values);
    let elsewhere = 0;
    if (this.table.isWatched) {
      elsewhere = this.table.wiped(this.#patternOf(values));
      // Another thread may have removed it before, which is known only now.
      row = this.#find(values);
    }
    if (row >= 0) this.table.remove(row);
    return row >= 0 || elsewhere > 0;
  }

  /** Which series the arguments of {@link remove} mean. */
  #patternOf(values: readonly unknown[]): LabelPattern {
    const { labelNames } = this;
    const first = values[0];
    if (!(values.length === 1 && typeof first === "object" && first !== null))
      return values.map((value, i) => labelText(labelNames[i] as string, value));
    return this.table.patternOf(first).map((text) => text ?? "");
  }

  #find(values: readonly unknown[]): number {
    const first = values[0];
    return values.length === 1 && typeof first === "object" && first !== null
      ? this.table.find(first)
      : this.table.findValues(values);
  }

  removeMatching(partial: object): number {
    // Without labels to match it would take away everything, which is what clear() is for.
    if (typeof partial !== "object" || partial === null) {
      throw new TypeError(`${this.table.owner}: removeMatching() takes an object of labels.`);
    }
    const matches = this.table.matcher(partial);
    const elsewhere = this.table.isWatched ? this.table.wiped(this.table.patternOf(partial)) : 0;
    return this.table.removeWhere(matches) + elsewhere;
  }

  clear(): void {
    this.table.wiped(this.labelNames.map(() => undefined));
    this.table.removeWhere(() => true);
  }

  reset(): void {
    this.clear();
    for (const texts of this.#initial) this.table.rowOfValues(texts);
  }

  describe(): readonly FamilyDescriptor[] {
    return [this[COLUMNS].descriptor];
  }

  /** The contract's way of being collected: the family as plain data, for registries of another copy. */
  collect(): Promise<readonly MetricFamily[]> {
    return new Promise((resolve, reject) => {
      // Asked like this, `collect` is shared with the scrapes that wait for it, and not run beside itself.
      askToUpdate(this, (outcome) => {
        if (outcome.ok) resolve([this.#plainFamily()]);
        else reject(outcome.error.cause ?? outcome.error);
      });
    });
  }

  #plainFamily(): MetricFamily {
    const view = new FamilyView(this[COLUMNS]);
    try {
      return plainFamily(view);
    } finally {
      view.close();
    }
  }

  async get(): Promise<MetricJson> {
    const [family] = await this.collect();
    return familyJson(family as MetricFamily, this.aggregator);
  }
}

function quoted(name: string): string {
  return `"${name.replace(/[\\"\n]/g, (c) => (c === "\n" ? "\\n" : `\\${c}`))}"`;
}
