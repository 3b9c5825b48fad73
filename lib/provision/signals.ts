// Which families tell how well a service does: requests and their errors, how long they took, and what may run out.
import type { InventoryEntry } from "./inventory.ts";

/** Requests with a status: a counter, or a histogram that counts them by the way. */
export interface RequestSignal {
  readonly entry: InventoryEntry;
  readonly statusLabel: string;
}

/** A part that is in use of a whole that is not more. */
export interface SaturationSignal {
  /** What alerts call it. */
  readonly title: string;
  readonly used: string;
  readonly limit: string;
}

/** The signals that an inventory has. */
export interface Signals {
  readonly requests: readonly RequestSignal[];
  /** How long something took: histograms, and summaries with quantiles, in seconds. */
  readonly latencies: readonly InventoryEntry[];
  readonly saturations: readonly SaturationSignal[];
  /** The gauge of how late the event loop is, if there is one. */
  readonly eventLoopLag: string | undefined;
  readonly has: (name: string) => boolean;
}

/** How the labels are called that hold an HTTP status, the most specific first. */
const statusLabels = ["http_response_status_code", "http_status_code", "status_code", "status", "code"];

/** A status as a code or as a class: `200`, `5xx`. */
const httpStatus = /^[1-5](?:\d\d|xx)$/i;

/** What matches the statuses of failed requests. */
export const failedStatus = "5..";

/** Metrics of the process and of the tools around it, which are nobody's requests. */
const runtimeName = /^(?:nodejs|process|v8js|tallystick|prometheus|promhttp|go|libuv|cgroup)_/;

/** What is asked of other servers: how they do is not how this one does. */
const outgoingName = /^http_client_/;

/**
 * By Prometheus' names and by OpenTelemetry's, which has no limits of descriptors and heap; of two that tell the same, the
 * first is taken.
 */
const saturations: readonly SaturationSignal[] = [
  { title: "file descriptors", used: "process_open_fds", limit: "process_max_fds" },
  { title: "heap", used: "nodejs_heap_size_used_bytes", limit: "nodejs_heap_size_limit_bytes" },
  ...["process_resident_memory_bytes", "process_memory_usage_bytes"].map((used) => ({
    title: "memory of the container",
    used,
    limit: "process_cgroup_memory_limit_bytes",
  })),
];

const eventLoopLags = ["nodejs_eventloop_lag_p99_seconds", "nodejs_eventloop_delay_p99_seconds"];

/** Whether a family is about the process and not about what it does for others. */
export function isRuntime({ name }: InventoryEntry): boolean {
  return runtimeName.test(name);
}

/** Finds the signals. */
export function signalsOf(inventory: readonly InventoryEntry[]): Signals {
  const names = new Set(inventory.map(({ name }) => name));
  const has = (name: string) => names.has(name);
  const service = inventory.filter((entry) => !isRuntime(entry) && !outgoingName.test(entry.name));
  return {
    requests: service.flatMap((entry) => requestSignal(entry) ?? []),
    latencies: service.filter(isLatency),
    saturations: saturations
      .filter(({ used, limit }) => has(used) && has(limit))
      .filter(({ title }, i, all) => all.findIndex((one) => one.title === title) === i),
    eventLoopLag: eventLoopLags.find(has),
    has,
  };
}

function requestSignal(entry: InventoryEntry): RequestSignal | undefined {
  if (entry.type !== "counter" && !(entry.type === "histogram" && entry.unit === "seconds")) return undefined;
  const statusLabel = statusLabels.find((label) => {
    const values = [...(entry.labelValues.get(label) ?? [])];
    return values.some((value) => httpStatus.test(value));
  });
  if (statusLabel === undefined) return undefined;
  return { entry, statusLabel };
}

function isLatency({ type, unit, quantiles, hasBuckets }: InventoryEntry): boolean {
  return unit === "seconds" && ((type === "histogram" && hasBuckets) || (type === "summary" && quantiles.length > 0));
}
