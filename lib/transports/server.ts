import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { register } from "../registry/default-registry.ts";
import { type Answer, type Inquiry, otherMethodAnswer, plainAnswer } from "./answer.ts";
import { Connections } from "./connections.ts";
import type { Exposer } from "./exposer.ts";
import { inquiryOf, respond, sendAnswer } from "./handler.ts";
import { LANDING_PAGE, LANDING_PAGE_POLICY } from "./landing-page.ts";
import { listen, urlOf } from "./listen.ts";
import { checkCount, checkDelay, type MetricsHandlerOptions, ScrapeResponder } from "./scrape-responder.ts";
import { zlibEncodings } from "./zlib-encodings.ts";

/** Where a metrics server listens, and what a client may cost it. */
export interface MetricsServerOptions extends MetricsHandlerOptions {
  /** The port; 0 for any that is free. */
  readonly port: number;
  /**
   * The address to listen on. `0.0.0.0` and `::` mean every interface, so everybody who reaches the machine may read.
   * @default "127.0.0.1"
   */
  readonly host?: string;
  /**
   * What is exposed.
   * @default the default registry
   */
  readonly registry?: Exposer;
  /**
   * How long a client may take to send the headers of a request, in milliseconds; also how long it may stay connected
   * before the first one.
   * @default 10000
   */
  readonly headersTimeoutMs?: number;
  /**
   * How many connections may be open; further ones are closed at once.
   * @default 1024
   */
  readonly maxConnections?: number;
  /**
   * Whether the server keeps the process alive until it is closed, as in a program that does nothing else.
   * @default false
   */
  readonly keepProcessAlive?: boolean;
}

/** A running metrics server. */
export interface MetricsServer {
  /** The port it listens on. */
  readonly port: number;
  /** Where this machine finds the metrics: `http://127.0.0.1:8000/metrics`. */
  readonly url: string;
  /**
   * Stops accepting, closes idle connections, and lets running scrapes finish. Afterwards the server holds nothing.
   * Closing again waits for the same end.
   */
  close(options?: CloseOptions): Promise<void>;
}

/** How a server is closed. */
export interface CloseOptions {
  /**
   * How long running scrapes may still take, in milliseconds, before they are cut off.
   * @default 5000
   */
  readonly timeoutMs?: number;
}

/** Scrapers that come once a minute or more often find their connection still open, as behind most proxies. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/**
 * Starts an HTTP server for the metrics: `/metrics`, `/-/healthy` and a page for people at `/`.
 *
 * It listens on 127.0.0.1 unless told otherwise, limits what a client can cost, tells nobody what went wrong inside,
 * prints nothing, and does not keep the process alive. With `authorization`, only `/-/healthy` is open to everybody.
 *
 * @throws {TypeError | RangeError} when an option is not valid
 * @throws {StartError} when it can't listen there, with the system's error as `cause`
 * @example
 * const server = await startMetricsServer({ port: 8000 });
 * process.once("SIGTERM", () => server.close());
 */
export async function startMetricsServer(options: MetricsServerOptions): Promise<MetricsServer> {
  const { port, host = "127.0.0.1", registry = register, keepProcessAlive = false } = options;
  const responder = new ScrapeResponder(registry, options, zlibEncodings);
  const headersTimeout = checkDelay("headersTimeoutMs", options.headersTimeoutMs ?? 10_000);
  const maxConnections = checkCount("maxConnections", options.maxConnections ?? 1_024);

  const server = createServer({
    headersTimeout,
    // Requests have no body that anybody reads, so that the headers are all there is to wait for.
    requestTimeout: headersTimeout,
    connectionsCheckingInterval: Math.min(headersTimeout, 1_000),
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
  });
  server.maxConnections = maxConnections;
  const connections = new Connections(server);
  server.on("request", (request, response) => void route(responder, request, response));
  if (!keepProcessAlive) server.on("connection", (socket) => socket.unref());

  const address = await listen(server, { host, port });
  if (!keepProcessAlive) server.unref();
  // Without a listener, a connection that fails before it is one would bring down the process.
  server.on("error", (error) => responder.report(error));

  let closed: Promise<unknown> | undefined;
  return {
    port: address.port,
    url: `${urlOf(address)}/metrics`,
    async close({ timeoutMs = 5_000 } = {}) {
      closed ??= connections.close(timeoutMs);
      await closed;
    },
  };
}

async function route(responder: ScrapeResponder, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // A body is read by nobody, so what comes after it is not either.
  if (hasBody(request)) response.setHeader("Connection", "close");
  const path = pathOf(request.url ?? "");
  if (path === "/metrics") return respond(responder, request, response);
  return sendAnswer(response, answerOf(responder, path, inquiryOf(request)), new AbortController().signal);
}

function answerOf(responder: ScrapeResponder, path: string, inquiry: Inquiry): Answer {
  const { method } = inquiry;
  const isRead = method === "GET" || method === "HEAD";
  if (path === "/-/healthy") return isRead ? plainAnswer(200, "Healthy.\n") : otherMethodAnswer(method);
  const refusal = responder.refuse(inquiry);
  if (refusal !== undefined) return refusal;
  if (path !== "/") return plainAnswer(404, "There is nothing here. The metrics are at /metrics.\n");
  if (!isRead) return otherMethodAnswer(method);
  return plainAnswer(200, LANDING_PAGE, { "Content-Security-Policy": LANDING_PAGE_POLICY }, "text/html; charset=utf-8");
}

/** The path of a request's target, which a proxy may have sent as a whole URL. */
function pathOf(target: string): string {
  return target.replace(/^https?:\/\/[^/?#]*/i, "").replace(/[?#].*$/s, "") || "/";
}

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}
