import { Counter, type CounterSeries } from "../metrics/counter.ts";
import { Gauge, type GaugeSeries } from "../metrics/gauge.ts";
import { Histogram } from "../metrics/histogram.ts";
import { Info } from "../metrics/info.ts";
import type { Aggregator } from "../metrics/options.ts";
import type { Metric } from "../model/collector.ts";
import type { Registrar } from "../registry/registrar.ts";
import { type ColumnMetric, GROUP, isColumnMetric, MEMBERS, type UpdateGroup } from "../registry/scrape.ts";

/** How a metric of the runtime is declared. */
export interface Declared {
  readonly name: string;
  readonly help: string;
  /** How the values of several processes become one. */
  readonly aggregator?: Aggregator;
}

/** A figure that is not there: what can't be measured is left out, and is neither 0 nor NaN. */
type Figure = number | undefined;

/** Something that runs, or is held, while metrics are collected. */
export interface Resource {
  start?(): void;
  /** Called before the metrics are brought up to date. */
  catchUp?(): void;
  stop(): void;
}

/** Reads facts that belong together; nothing where they can't be measured. Known by its identity. */
export type Source<Facts> = () => Facts | undefined;

/** Finds the figures of several series that one label tells apart, and tells each by the name it has at its source. */
type TellEach<Facts> = (facts: Facts, tell: (name: string, figure: Figure) => void) => void;

/** A source, and what is set from it. */
interface Reading {
  readonly source: Source<unknown>;
  readonly updates: ((facts: unknown) => void)[];
}

/**
 * The metrics of one collection, how they are brought up to date, and what runs for them.
 *
 * All metrics are brought up to date when any of them is asked for; a scrape asks for all at once.
 * Each of them holds on to this object, and the timers and observers of its resources do not: they end by themselves
 * once nobody can ask for a metric any more, be it that the registry was cleared or that it is gone itself.
 */
export class Instruments implements UpdateGroup {
  readonly name = "collectDefaultMetrics";
  readonly [MEMBERS]: ColumnMetric[] = [];
  readonly #registrar: Registrar;
  readonly #readings: Reading[] = [];
  readonly #resources: Resource[] = [];
  #isUpToDate = false;

  constructor(registrar: Registrar) {
    this.#registrar = registrar;
  }

  /** Takes charge of something that the metrics need. */
  own(resource: Resource): void {
    this.#resources.push(resource);
  }

  start(): void {
    for (const resource of this.#resources) resource.start?.();
  }

  /** Ends what runs, and takes all metrics out of the registry. */
  stop(): void {
    for (const resource of this.#resources) resource.stop();
    for (const metric of this[MEMBERS]) this.#registrar.unregister(metric);
  }

  /**
   * Has something done with what a source says, whenever the metrics are brought up to date. A source is read once for
   * all that is done with it, in the order in which sources were first named.
   */
  onUpdate<Facts>(source: Source<Facts>, update: (facts: Facts | undefined) => void): void {
    let reading = this.#readings.find((one) => one.source === source);
    if (reading === undefined) {
      reading = { source, updates: [] };
      this.#readings.push(reading);
    }
    // It is called with what that source gave.
    reading.updates.push(update as (facts: unknown) => void);
  }

  gauge<Facts>(declared: Declared, source: Source<Facts>, figureOf: (facts: Facts) => Figure): void {
    const gauge = this.#add(new Gauge({ ...this.#options(declared) }));
    const series = gauge.labels();
    this.onUpdate(source, (facts) => {
      const value = facts === undefined ? undefined : figureOf(facts);
      if (isFigure(value)) series.set(value);
      else if (series.hasSeries) gauge.clear();
    });
  }

  /** @param textOf what a label says for a name */
  gauges<Facts>(
    declared: Declared,
    label: string,
    source: Source<Facts>,
    tellEach: TellEach<Facts>,
    textOf?: (name: string) => string,
  ): void {
    const gauge = this.#add(new Gauge<string>({ ...this.#options(declared), labelNames: [label] }));
    this.#updateEach(gauge, source, tellEach, (series: GaugeSeries, value) => series.set(value), textOf);
  }

  /** A counter of what the system itself counts. */
  counter<Facts>(declared: Declared, source: Source<Facts>, figureOf: (facts: Facts) => Figure): void {
    const counter = this.#add(new Counter({ ...this.#options(declared) }));
    const series = counter.labels();
    this.onUpdate(source, (facts) => {
      const total = facts === undefined ? undefined : figureOf(facts);
      // What counts less than before has begun anew, and so does the series.
      if (isFigure(total) ? total < series.value : series.hasSeries) counter.clear();
      if (isFigure(total)) series.inc(total - series.value);
    });
  }

  /** Counters of what the system itself counts. */
  counters<Facts>(declared: Declared, label: string, source: Source<Facts>, tellEach: TellEach<Facts>): void {
    const counter = this.#add(new Counter<string>({ ...this.#options(declared), labelNames: [label] }));
    this.#updateEach(counter, source, tellEach, (series: CounterSeries, total, text) => {
      if (total < series.value) counter.remove(text);
      series.inc(total - series.value);
    });
  }

  /** Has the series set that are told of, and the others removed. */
  #updateEach<Facts, Series>(
    metric: { labels(text: string): Series; remove(text: string): boolean },
    source: Source<Facts>,
    tellEach: TellEach<Facts>,
    set: (series: Series, figure: number, text: string) => void,
    textOf = (name: string) => name,
  ): void {
    /** The series that are exposed, and in which update each was set. */
    const shown = new Map<string, { readonly text: string; readonly series: Series; update: number }>();
    let updates = 0;
    /** How many were set in this update. */
    let told = 0;
    const tell = (name: string, figure: Figure) => {
      if (!isFigure(figure)) return;
      let one = shown.get(name);
      if (one === undefined) {
        const text = textOf(name);
        one = { text, series: metric.labels(text), update: 0 };
        shown.set(name, one);
      }
      set(one.series, figure, one.text);
      if (one.update === updates) return;
      one.update = updates;
      told++;
    };
    this.onUpdate(source, (facts) => {
      updates++;
      told = 0;
      if (facts !== undefined) tellEach(facts, tell);
      if (told === shown.size) return;
      for (const [name, { text, update }] of shown) {
        if (update === updates) continue;
        metric.remove(text);
        shown.delete(name);
      }
    });
  }

  histogram(declared: Declared, buckets: readonly number[]): Histogram<never> {
    return this.#add(new Histogram({ ...this.#options(declared), buckets }));
  }

  /** A histogram of several series that exist from the beginning. */
  histograms(declared: Declared, label: string, values: readonly string[], buckets: readonly number[]): Histogram {
    const series = values.map((value) => ({ [label]: value }));
    return this.#add(new Histogram<string>({ ...this.#options(declared), labelNames: [label], series, buckets }));
  }

  info(declared: Declared, facts: Readonly<Record<string, string>>): void {
    const info = this.#add(new Info<string>({ ...this.#options(declared), labelNames: Object.keys(facts) }));
    // What never changes is said by declared labels, which are written faster than facts.
    const series = info.labels(facts);
    // Only a registry that is reset takes it away.
    this.onUpdate(
      () => series.hasSeries,
      (isThere) => {
        if (isThere !== true) series.set({});
      },
    );
  }

  /** Whether any of the metrics is still where it was registered. */
  get areRegistered(): boolean {
    return this[MEMBERS].some((metric) => this.#registrar.getSingleMetric(metric.name) === metric);
  }

  #options(declared: Declared) {
    return { ...declared, ...unitOf(declared.name), registers: [this.#registrar], [GROUP]: this };
  }

  #add<Made extends Metric>(metric: Made): Made {
    if (isColumnMetric(metric)) this[MEMBERS].push(metric);
    return metric;
  }

  /** A field, as it is handed on as a function. */
  readonly update = (): void => {
    if (this.#isUpToDate) return;
    this.#isUpToDate = true;
    // Whoever asks one metric after the other asks all before anything that was put off to a microtask.
    queueMicrotask(() => {
      this.#isUpToDate = false;
    });
    for (const resource of this.#resources) resource.catchUp?.();
    for (const { source, updates } of this.#readings) {
      const facts = source();
      for (const update of updates) update(facts);
    }
  };
}

function isFigure(value: Figure): value is number {
  return value !== undefined && Number.isFinite(value);
}

function unitOf(name: string): { readonly unit?: string } {
  const unit = /_(seconds|bytes|ratio)(?:_total)?$/.exec(name)?.[1];
  return unit === undefined ? {} : { unit };
}
