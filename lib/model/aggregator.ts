/**
 * How the values that several processes have of one series become one value. The first six names are prom-client's.
 *
 * `sum` adds them up. `first`, `min`, `max` and `average` choose among the processes that live. `latest` is the value
 * that was set last, also when its process has ended; `livesum` adds up only processes that were heard of lately; `all`
 * keeps one series for each process, told apart by the label `worker`; `omit` leaves the family out.
 */
export type Aggregator = "sum" | "first" | "min" | "max" | "average" | "omit" | "latest" | "livesum" | "all";

/** All of them. */
export const aggregators: readonly string[] = [
  "sum",
  "first",
  "min",
  "max",
  "average",
  "omit",
  "latest",
  "livesum",
  "all",
] satisfies Aggregator[];
