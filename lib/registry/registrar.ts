import type { Collector, Metric } from "../model/collector.ts";
import type { LabelSet } from "../model/family.ts";
import type { Joined } from "./joined.ts";

/** A metric class, as `getOrCreate` takes it. */
export type MetricClass<Options, Made extends Metric> = new (options: Options) => Made;

/** Finds a metric or makes it; see {@link Registrar.getOrCreate}. */
export interface GetOrCreate {
  <const Options extends { readonly name: string }, Made extends Metric>(
    metricClass: MetricClass<Options, Made>,
    options: Options & ThisType<Made>,
  ): Made;
  // What a callback calls `this` is known only when all else is, and with a choice of signatures the compiler waits.
  <Options extends { readonly name: string }, Made extends Metric>(
    metricClass: MetricClass<Options, Made>,
    options: Options & ThisType<Made>,
  ): Made;
}

/** What a scope adds to each metric that comes through it. */
export interface ScopeOptions {
  /**
   * Is put before each metric's name.
   * @default ""
   */
  readonly prefix?: string;
  /**
   * Labels that each series gets, unless it has a label of that name itself.
   * @default none
   */
  readonly labels?: object;
}

/** Where metrics can be registered: a registry, or a scope of one. */
export interface Registrar {
  /**
   * Adds a metric or any other collector.
   *
   * @throws {AlreadyRegisteredError} when a name it says it will expose is taken; then nothing was registered
   */
  registerMetric(collector: Collector): void;
  /** Takes out a collector that was registered here, and returns whether it was there. */
  unregister(collector: Collector): boolean;
  /** The metric that was registered here under the name, or undefined. */
  getSingleMetric(name: string): Metric | undefined;
  /**
   * The registered metric of the same definition, or a new one.
   *
   * @throws {AlreadyRegisteredError} carrying the existing metric, when its definition differs
   */
  readonly getOrCreate: GetOrCreate;
  /** A registrar for a part of the program, whose metrics appear here with prefix and labels. */
  scoped(options: ScopeOptions): Registrar;
}

/** What a scope hands its metrics on to. */
export interface RegistrarBase {
  /** Adds a collector under a prefix and with labels of its registrar. @internal */
  registerAs(collector: Collector, prefix: string, labels: LabelSet): void;
  /** Takes out a collector that was registered just so. @internal */
  unregisterAs(collector: Collector, prefix: string, labels: LabelSet): boolean;
  /** The metric that is exposed under the name with labels of its registrar, or undefined. @internal */
  getSingleMetricAs(name: string, labels: LabelSet): Metric | undefined;
  /** Exposes what others have counted too; a registry can do that, a scope can't. @internal */
  join?(joined: Joined): void;
}
