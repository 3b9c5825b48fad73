// How a process reports what its worker threads have counted: together with its own, as metrics of its own.
import type { Collector } from "../model/collector.ts";
import type { CollectorError } from "../registry/errors.ts";
import type { Joined, JoinedFamily } from "../registry/joined.ts";
import { askToUpdate, type ColumnMetric, isColumnMetric, type Registration } from "../registry/scrape.ts";
import { COLUMNS, type ColumnFamily } from "../storage/column-family.ts";

/** What stands for a family of several threads, and for which metric of the process among them. */
interface StandIn {
  readonly metric: Collector | undefined;
  readonly collector: Collector;
}

/** Puts metrics of several threads in the place of those of the process alone. */
export class JoinedReports {
  /** By what stands for the family in the registry. */
  readonly #standIns = new WeakMap<Collector, StandIn>();
  #hasChanged = false;

  /** Whether another metric stands for a family since this was last asked. */
  takeChange(): boolean {
    const hasChanged = this.#hasChanged;
    this.#hasChanged = false;
    return hasChanged;
  }

  /**
   * What there is to report of a registry.
   *
   * @param registrations with all the labels that they are exposed with
   * @param onError hears of threads that declare a metric in another way
   */
  join(
    registrations: readonly Registration[],
    joined: Joined,
    onError: (error: CollectorError) => void,
  ): readonly Registration[] {
    if (joined.isEmpty) return registrations;
    // With a clock that stands still all is read at once, as the process's own numbers are.
    void joined.update(() => undefined, { monotonicNow: () => 0, turn: () => Promise.resolve(), onFailure: onError });
    const reported = registrations.map((one): Registration => {
      const { collector, prefix, labels } = one;
      if (!isColumnMetric(collector)) return one;
      const family = joined.familyWith(collector, prefix + collector.name, labels);
      return family !== undefined && canReport(family) ? this.#registrationOf(family, collector) : one;
    });
    for (const family of joined.others()) if (canReport(family)) reported.push(this.#registrationOf(family, undefined));
    return reported;
  }

  #registrationOf(family: JoinedFamily, metric: ColumnMetric | undefined): Registration {
    let known = this.#standIns.get(family.collector);
    if (known === undefined || known.metric !== metric) {
      known = { metric, collector: standInFor(family, metric) };
      this.#standIns.set(family.collector, known);
      this.#hasChanged = true;
    }
    return { collector: known.collector, prefix: "", labels: family.labels };
  }
}

/**
 * Whether several processes' can be put together. A series a thread can't be a series a process too, and native buckets
 * are there only where threads are added up.
 */
function canReport({ aggregator, definition, series }: JoinedFamily): boolean {
  return aggregator !== "all" && (definition.details["native"] === undefined || "blocks" in series);
}

function standInFor(family: JoinedFamily, metric: ColumnMetric | undefined): Collector {
  const { descriptor, definition, aggregator, series } = family;
  const { name } = descriptor;
  if (!("table" in series)) return { name, collect: () => [family.series as Exclude<typeof series, ColumnFamily>] };
  // Reports read its columns and call nothing else.
  return {
    ...descriptor,
    aggregator,
    labelNames: series.labelNames,
    definition,
    collect: () => [],
    [COLUMNS]: { ...series, descriptor, ...(series.blocks && { blocks: expiring(series.blocks, definition.details) }) },
    ...(metric?.update && { update: () => updateOf(metric) }),
  } as Partial<ColumnMetric> & Collector;
}

/** Which observations have expired only their threads know, so those of a window are told each time. */
function expiring(
  { of, merge }: NonNullable<ColumnFamily["blocks"]>,
  { maxAgeSeconds }: Readonly<Record<string, unknown>>,
): NonNullable<ColumnFamily["blocks"]> {
  let epoch = 0;
  return {
    of,
    merge,
    get epoch() {
      return maxAgeSeconds === undefined ? 0 : ++epoch;
    },
  };
}

/** Has the process's own metric brought up to date; its numbers come with the next report. */
function updateOf(metric: ColumnMetric): Promise<void> {
  return new Promise((resolve, reject) => {
    askToUpdate(metric, (outcome) => {
      if (outcome.ok) resolve();
      else reject(outcome.error.cause ?? outcome.error);
    });
  });
}
