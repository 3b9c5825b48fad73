import { loopCollectors } from "./loop-metrics.ts";
import { processCollectors } from "./process-metrics.ts";
import { v8Collectors } from "./v8-metrics.ts";

/** All collectors, by the names that prom-client has for those that it has, in the order of their exposition. */
export const collectors = { ...processCollectors, ...loopCollectors, ...v8Collectors };

/** The name of a collector. */
export type CollectorName = keyof typeof collectors;
