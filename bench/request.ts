import type { Case, TimedCase } from "./case.ts";
import type { Client } from "./client.ts";
import { libraries, rival } from "./contenders.ts";
import { requests } from "./traffic.ts";

/** The metrics that a web service keeps of its requests. */
export function requestMetrics({ Registry, Counter, Gauge, Histogram }: Client) {
  const registry = new Registry();
  const registers = [registry];
  return {
    registry,
    started: new Counter({ name: "http_requests_started_total", help: "Requests begun.", registers }),
    active: new Gauge({ name: "http_active_requests", help: "Requests under way.", labelNames: ["method"], registers }),
    ended: new Counter({
      name: "http_requests_total",
      help: "Requests answered.",
      labelNames: ["method", "route", "status"],
      registers,
    }),
    waits: new Histogram({
      name: "http_request_duration_seconds",
      help: "Time to answer.",
      labelNames: ["method", "route", "status"],
      registers,
    }),
    bytes: new Counter({ name: "http_response_bytes_total", help: "Bytes sent.", labelNames: ["route"], registers }),
  };
}

/** One request's six metric calls, over and over with the traffic of a web service. */
export function requestLoop({
  started,
  active,
  ended,
  waits,
  bytes,
}: Omit<ReturnType<typeof requestMetrics>, "registry">) {
  const traffic = requests();
  const mask = traffic.route.length - 1;
  let at = 0;
  return (times: number): void => {
    for (let n = 0; n < times; n++) {
      const i = at++ & mask;
      const method = traffic.method[i] as string;
      const route = traffic.route[i] as string;
      const status = traffic.status[i] as number;
      started.inc();
      active.inc({ method });
      ended.inc({ method, route, status });
      waits.observe({ method, route, status }, traffic.seconds[i] as number);
      bytes.inc({ route }, traffic.sizeBytes[i] as number);
      active.dec({ method });
    }
  };
}

function mixCase(): TimedCase {
  return {
    type: "timed",
    name: "request/six-calls/30-routes",
    title: "one HTTP request's six metric calls",
    unit: "ns",
    contenders: libraries,
    targets: [{ type: "faster", than: rival, times: 6 }],
    prepare({ client }) {
      const { registry, ...metrics } = requestMetrics(client);
      return {
        run: requestLoop(metrics),
        exposition: () => registry.metrics(),
        check: (times, totals) =>
          totals.get("http_requests_started_total")?.sum === times &&
          totals.get("http_requests_total")?.sum === times &&
          totals.get("http_request_duration_seconds_count")?.sum === times &&
          totals.get("http_active_requests")?.sum === 0,
      };
    },
  };
}

export function cases(): readonly Case[] {
  return [mixCase()];
}
