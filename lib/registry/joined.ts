import type { Aggregator } from "../model/aggregator.ts";
import type { Collector, MetricDefinition } from "../model/collector.ts";
import type { FamilyDescriptor, LabelSet, MetricFamily } from "../model/family.ts";
import type { ColumnFamily } from "../storage/column-family.ts";
import type { ScrapeHost } from "./scrape.ts";

/** A family in which the series of all who have it are one. */
export interface JoinedFamily {
  readonly descriptor: FamilyDescriptor;
  /** How it was declared by whoever was first. */
  readonly definition: MetricDefinition;
  readonly aggregator: Aggregator;
  /** What every series of it gets, unless it has a label of that name itself. */
  readonly labels: LabelSet;
  /** Stands for the family where it is reported. */
  readonly collector: Collector;
  readonly series: ColumnFamily | MetricFamily;
}

/** What others, such as the threads of the process, have counted for a registry to expose. */
export interface Joined {
  /** Whether there is nobody else. Then a scrape goes on as if there could not be. */
  readonly isEmpty: boolean;
  /**
   * Reads what the others have now. Called at each scrape, when the registry's own metrics are up to date.
   *
   * @param answerOf what a metric of another copy of the library has answered
   * @returns when that is done, if it takes more than a slice of time
   */
  update(answerOf: (metric: Collector) => MetricFamily | undefined, host: ScrapeHost): PromiseLike<void> | undefined;
  /** The family of a metric of the registry together with that of the others, if others have it. */
  familyWith(metric: Collector, name: string, labels: LabelSet): JoinedFamily | undefined;
  /** The families that the registry has no metric of. */
  others(): Iterable<JoinedFamily>;
}
