// The app that bin/serve serves when it is given none: two routes, and the metrics that such an app should have.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { Counter, Gauge, Histogram, metricsHandler, type Registry, Summary } from "../lib/index.ts";
import { onExchangeEnd } from "../lib/transports/exchange-end.ts";

/** How the demo behaves, and where its metrics go. */
export interface DemoOptions {
  readonly registry: Registry;
  /** The shortest and the longest time that `/` takes. */
  readonly latencyMs: readonly [number, number];
  /** @default Math.random */
  readonly random?: () => number;
}

/** Methods that may stand in a label. A client can send any; the others are one, so that none adds a series. */
const methods: readonly string[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"];

/**
 * The demo app: `/` takes a while and greets, `/error` fails, `/metrics` exposes what happened, and is not counted.
 *
 * A request is counted when it is over, whether it was answered or not, so that counter and histogram agree.
 */
export function demoApp({ registry, latencyMs: [least, most], random = Math.random }: DemoOptions): RequestListener {
  const registers = [registry];
  const requests = new Counter({
    name: "app_requests_total",
    help: "Requests that were answered, or given up by their client (status 499).",
    labelNames: ["method", "route", "status"],
    registers,
    // rate() sees the first request of these, because they were zero before.
    series: [
      { method: "GET", route: "/", status: 200 },
      { method: "GET", route: "/error", status: 500 },
    ],
  });
  const latency = new Histogram({
    name: "app_request_latency_seconds",
    help: "How long requests took.",
    registers,
  });
  const quantiles = new Summary({
    name: "app_request_latency_quantiles_seconds",
    help: "How long the requests of the last minute took.",
    percentiles: [0.5, 0.9, 0.99],
    maxAgeSeconds: 60,
    ageBuckets: 6,
    registers,
  });
  const activeUsers = new Gauge({
    name: "app_active_users",
    help: "Users who wait for an answer.",
    registers,
  });
  const expose = metricsHandler(registry);

  const routes: Readonly<Record<string, (response: ServerResponse, isOver: AbortSignal) => Promise<void> | void>> = {
    async "/"(response, isOver) {
      await delay(least + random() * (most - least), undefined, { signal: isOver });
      answer(response, 200, "Hello!\n");
    },
    "/error"(response) {
      answer(response, 500, "This route always fails.\n");
    },
  };

  return (request, response) => {
    const path = (request.url ?? "").replace(/[?#].*$/s, "");
    if (path === "/metrics") return void expose(request, response);

    const route = Object.hasOwn(routes, path) ? path : undefined;
    const method = methods.includes(request.method ?? "") ? (request.method as string) : "_OTHER";
    const end = latency.startTimer();
    const over = new AbortController();
    activeUsers.inc();
    onExchangeEnd(request, response, () => {
      over.abort();
      activeUsers.dec();
      quantiles.observe(end());
      const status = response.writableFinished ? response.statusCode : 499;
      // A path that was made up is never a label value: whoever asks for many would make as many series.
      requests.inc({ method, route: route ?? "unmatched", status });
    });

    if (route === undefined) return answer(response, 404, "There is nothing here. Try / or /error or /metrics.\n");
    if (!isRead(request)) {
      response.setHeader("Allow", "GET, HEAD");
      return answer(response, 405, "This method is not allowed here.\n");
    }
    Promise.resolve(routes[route]?.(response, over.signal)).catch(() => {
      // The client went away while it waited.
    });
  };
}

function isRead({ method }: IncomingMessage): boolean {
  return method === "GET" || method === "HEAD";
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(text),
  });
  response.end(text);
}
