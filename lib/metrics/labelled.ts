// The public shape that all metrics share, and the types by which a wrong label is a compile error.
import type { Metric, MetricJson, ScrapeContext } from "../model/collector.ts";
import type { LabelValue, LabelValues, SomeLabelValues } from "../model/labels.ts";
import type { MetricOptions } from "./options.ts";

/** What a call takes before its own arguments: nothing on a metric without labels, a label object on any other. */
export type WithLabels<Name extends string, Own extends readonly unknown[]> = [Name] extends [never]
  ? Own
  : string extends Name
    ? Own | [labels: LabelValues<Name>, ...own: Own]
    : [labels: LabelValues<Name>, ...own: Own];

/** The arguments of `labels` and `remove`: an object with all labels, or all values in the order of declaration. */
export type LabelArguments<Name extends string> = [Name] extends [never]
  ? []
  : [labels: LabelValues<Name>] | [value: LabelValue, ...values: LabelValue[]];

/** A declaration with a `collect` callback, whose `this` is the metric. */
export type Declaration<Options, Made> = Options & {
  /**
   * Called at each scrape, before the metric is printed, to bring it up to date. It may be asynchronous: the scrape
   * waits for it until its deadline, and leaves this metric out when it throws or is late.
   */
  readonly collect?: ((this: Made, context: ScrapeContext) => void | PromiseLike<void>) | undefined;
};

/** What every metric offers, whatever its type. */
export interface LabelledMetric<Name extends string, Series> extends Metric {
  /**
   * The series of these label values: the same object for the same values. Keep it where you can, it writes its number
   * directly. It exists, at zero, from this call on. Written after its removal it begins anew.
   *
   * @throws {TypeError} for an unknown label, a wrong number of values, or a value that is neither string, number,
   *   boolean, null nor undefined
   */
  labels(...labels: LabelArguments<Name>): Series;
  /** Takes the series away and returns whether there was one. Takes the same arguments as {@link labels}. */
  remove(...labels: LabelArguments<Name>): boolean;
  /**
   * Takes away all series that have these labels, whatever else they have, and returns how many they were.
   *
   * @example
   * requests.removeMatching({ route: "/old" });
   */
  removeMatching(partial: SomeLabelValues<Name>): number;
  /** Takes away every series. A metric without labels has its series again when it is next written. */
  clear(): void;
  /** Goes back to where the metric began: its first series at zero, and no others. */
  reset(): void;
  /** The values as they are now, in prom-client's shape. Calls `collect` first. */
  get(): Promise<MetricJson>;
}

/** The common declaration, for a kind of metric that adds nothing. */
export type { MetricOptions };
