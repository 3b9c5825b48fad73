import { randomInt } from "node:crypto";
import type { Collector } from "../model/collector.ts";
import type { LabelSet } from "../model/family.ts";
import { labelKey } from "../model/labels.ts";
import type { CollectorError } from "../registry/errors.ts";
import type { Joined } from "../registry/joined.ts";
import type { Registry } from "../registry/registry.ts";
import type { Registration } from "../registry/scrape.ts";
import { FrameWriter } from "./frame-writer.ts";
import { JoinedReports } from "./joined-reports.ts";
import { type LabelledCells, PlainPart } from "./plain-part.ts";
import { aggregatorOf, ReportedCollector, type ReportHost } from "./reported-collector.ts";

/** A registry, of this copy of the library or another. */
export type Reportable = Pick<Registry, "registerAllWith">;

/** What is reported, and how. */
export interface ReporterOptions {
  /** Asked for at each report. */
  readonly registries: () => Iterable<Reportable>;
  /** Takes each frame; the bytes are its own. */
  readonly send: (frame: Uint8Array) => void;
  /**
   * The wall clock, in milliseconds since the epoch.
   * @default Date.now
   */
  readonly now?: () => number;
  /**
   * Hears of collectors that fail.
   * @default nobody; they are counted all the same
   */
  readonly onError?: (error: CollectorError) => void;
}

/**
 * Reports what the registries of this process hold: first everything, then what changed.
 *
 * Metrics whose numbers are always up to date are reported at once. Other collectors are asked, and what they answer
 * later comes with the next report, so that nobody is waited for. One that fails goes on to be reported as it was last,
 * and is counted by `tallystick_collector_errors_total`.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #host: ReportHost;
  readonly #writer: FrameWriter;
  #collectors = new Map<Collector, Map<string, ReportedCollector>>();
  readonly #joinedReports = new JoinedReports();
  readonly #failures = new Map<string, LabelledCells>();
  #errors: PlainPart | undefined;
  #nextId = 0;
  #isFull = true;
  /** How many collectors have not answered yet, and who waits for that. */
  #busy = 0;
  #whenIdle: (() => void)[] = [];

  /** Tells this life of this process from all others. */
  readonly incarnation = randomInt(2 ** 47);

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#writer = new FrameWriter(this.incarnation, options.send);
    this.#host = {
      writer: this.#writer,
      now: options.now ?? Date.now,
      nextId: () => this.#nextId++,
      begin: () => {
        this.#busy++;
      },
      end: (error) => this.#end(error),
    };
  }

  /** Makes the next report tell everything, because the other side has not got what was told. */
  startOver(): void {
    this.#isFull = true;
  }

  /**
   * Reports as things are now.
   *
   * @param isFinal nothing comes after it
   */
  report(isFinal = false): void {
    this.#read();
    this.#writer.end(this.#host.now(), isFinal);
  }

  /** Reports as soon as all collectors have answered, or the time is over. */
  async reportFresh(deadlineMs: number): Promise<void> {
    this.#read();
    if (this.#busy > 0) {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, deadlineMs).unref();
        this.#whenIdle.push(resolve);
      });
    }
    this.#writer.end(this.#host.now());
  }

  /** Lets go of the metrics it watched. */
  close(): void {
    for (const ofCollector of this.#collectors.values()) for (const one of ofCollector.values()) one.close();
    this.#collectors.clear();
  }

  #read(): void {
    const before = this.#collectors;
    this.#collectors = new Map();
    const registered: ReportedCollector[] = [];
    for (const registry of this.#options.registries()) {
      for (const { collector, prefix, labels } of this.#registrationsOf(registry))
        if (aggregatorOf(collector) !== "omit") registered.push(this.#take(before, collector, prefix, labels));
    }
    const gone = [...before.values()].flatMap((ofCollector) => [...ofCollector.values()]);
    // To retract a metric and then declare it with the threads' counts would look as if it had begun anew.
    if (this.#joinedReports.takeChange()) this.#isFull = true;
    if (this.#isFull) {
      this.#isFull = false;
      this.#writer.beginFull();
      // What was told already is told as it was, for some collectors take their time to answer anew. What is not told
      // again is gone.
      for (const one of registered) one.retell();
      for (const one of gone) one.close();
      this.#errors?.retell(this.#writer, this.#host.now());
    } else {
      // It comes first: its series may be among those of what is new.
      for (const one of gone) one.retract();
    }
    for (const one of registered) one.read();
    this.#writeErrors();
  }

  /** What is registered with a registry, and with the worker threads whose counts it exposes. */
  #registrationsOf(registry: Reportable): readonly Registration[] {
    const registrations: Registration[] = [];
    let joined: Joined | undefined;
    registry.registerAllWith({
      registerAs: (collector, prefix, labels) => registrations.push({ collector, prefix, labels }),
      unregisterAs: () => false,
      getSingleMetricAs: () => undefined,
      join: (others) => {
        joined = others;
      },
    });
    return joined === undefined
      ? registrations
      : this.#joinedReports.join(registrations, joined, (error) => this.#fail(error));
  }

  /** The registration as it was reported so far, if it was. */
  #take(
    before: Map<Collector, Map<string, ReportedCollector>>,
    collector: Collector,
    prefix: string,
    labels: LabelSet,
  ): ReportedCollector {
    const key = `${prefix.length}:${prefix}${labelKey(labels)}`;
    const known = before.get(collector)?.get(key);
    before.get(collector)?.delete(key);
    const taken = known ?? new ReportedCollector(collector, prefix, labels, this.#host);
    const ofCollector = this.#collectors.get(collector);
    if (ofCollector === undefined) this.#collectors.set(collector, new Map([[key, taken]]));
    else ofCollector.set(key, taken);
    return taken;
  }

  #end(error: CollectorError | undefined): void {
    this.#busy--;
    if (error !== undefined) this.#fail(error);
    if (this.#busy > 0) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }

  #fail(error: CollectorError): void {
    const labels = { collector: error.collector };
    const key = labelKey(labels);
    const before = this.#failures.get(key);
    const createdMs = before?.createdMs ?? this.#host.now();
    this.#failures.set(key, { key, labels, cells: Float64Array.of((before?.cells[0] ?? 0) + 1), createdMs });
    try {
      this.#options.onError?.(error);
    } catch {
      // A hook that fails must not take the report down with it, and there is nobody left to tell.
    }
  }

  #writeErrors(): void {
    if (this.#failures.size === 0) return;
    if (this.#errors === undefined) {
      const id = this.#host.nextId();
      this.#errors = new PlainPart(id, {
        name: "tallystick_collector_errors_total",
        type: "counter",
        help: "Scrapes in which a collector failed and its families were left out.",
        aggregator: "sum",
        labelNames: ["collector"],
        details: {},
      });
      this.#writer.declare(id, this.#errors.declaration);
    }
    this.#errors.write(this.#writer, [...this.#failures.values()], this.#host.now());
  }
}
