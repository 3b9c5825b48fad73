// Families of a small service, for the specs of what is made from them.
import type { MetricFamily } from "../../lib/model/family.ts";

export const requests = {
  name: "app_requests_total",
  type: "counter",
  help: "Requests.",
  series: [
    { labels: { method: "GET", status: "200" }, value: 5 },
    { labels: { method: "GET", status: "500" }, value: 1 },
  ],
} as const satisfies MetricFamily;

export const latency = {
  name: "app_latency_seconds",
  type: "histogram",
  help: "How long requests took.",
  series: [
    {
      labels: {},
      count: 3,
      sum: 1.5,
      buckets: [
        { bound: 0.25, count: 1 },
        { bound: 1, count: 3 },
        { bound: Number.POSITIVE_INFINITY, count: 3 },
      ],
    },
  ],
} as const satisfies MetricFamily;

export const quantiles: MetricFamily = {
  name: "app_wait_seconds",
  type: "summary",
  help: "How long requests waited.",
  series: [
    {
      labels: {},
      count: 2,
      sum: 1,
      quantiles: [
        { quantile: 0.5, value: 0.2 },
        { quantile: 1, value: 0.8 },
      ],
    },
  ],
};

export const users: MetricFamily = {
  name: "app_active_users",
  type: "gauge",
  help: "Users.",
  series: [{ labels: {}, value: 2 }],
};

export const native: MetricFamily = {
  name: "app_sizes_bytes",
  type: "histogram",
  help: "Sizes.",
  series: [
    {
      labels: {},
      count: 1,
      sum: 8,
      buckets: [],
      native: { schema: 3, zeroThreshold: 0, zeroCount: 0, positive: [{ key: 24, count: 1 }], negative: [] },
    },
  ],
};

/** One gauge without labels. */
export function gauge(name: string, value = 1): MetricFamily {
  return { name, type: "gauge", help: `${name}.`, series: [{ labels: {}, value }] };
}
