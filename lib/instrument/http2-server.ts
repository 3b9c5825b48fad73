// Measures what servers of node:http2 answer, in the versions of Node.js that tell of it: 22.17 and 24.2 were the first.
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { TLSSocket } from "node:tls";
import type { ActiveRequests } from "./active-requests.ts";
import { listen } from "./channels.ts";
import { contentLength, isStatus, protocolVersions } from "./http-labels.ts";
import type { HttpServerHooksOptions } from "./http-server.ts";
import type { RequestTrace } from "./request-traces.ts";

interface StreamMessage {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
}

/** One stream: a request and its answer. */
interface Exchange {
  readonly headers: IncomingHttpHeaders;
  readonly method: number;
  readonly isSecure: boolean;
  readonly startMs: number;
  readonly active: ActiveRequests;
  readonly trace: RequestTrace | undefined;
}

const VERSION = protocolVersions.indexOf("2");

/** Counts every stream once, when it closes. The channels know no request objects, so there is no route. */
export class Http2ServerHooks {
  readonly #options: Omit<HttpServerHooksOptions, "routeOf">;
  readonly #exchanges = new Map<ServerHttp2Stream, Exchange>();
  readonly #unlisten: () => void;

  constructor(options: Omit<HttpServerHooksOptions, "routeOf">) {
    this.#options = options;
    this.#unlisten = listen({
      "http2.server.stream.start": (message: StreamMessage) => this.#onStart(message),
      "http2.server.stream.close": ({ stream }: StreamMessage) => this.#onClose(stream),
    });
  }

  #onStart({ stream, headers }: StreamMessage): void {
    // What the server pushes by itself answers nobody's request.
    if (this.#exchanges.has(stream) || stream.id === undefined || stream.id % 2 === 0) return;
    const { metrics, now, traces } = this.#options;
    const method = metrics.methodNumber(headers[":method"]);
    const isSecure = (stream.session?.socket as TLSSocket | undefined)?.encrypted === true;
    const active = metrics.active(method, isSecure);
    active.begin();
    const trace = traces?.enter(["traceparent", String(headers["traceparent"] ?? "")]);
    this.#exchanges.set(stream, { headers, method, isSecure, startMs: now(), active, trace });
  }

  #onClose(stream: ServerHttp2Stream): void {
    const exchange = this.#exchanges.get(stream);
    if (exchange === undefined) return;
    this.#exchanges.delete(stream);
    const { metrics, now, traces } = this.#options;
    const { headers, method, isSecure, startMs, active, trace } = exchange;
    active.end();
    const sent = stream.sentHeaders as IncomingHttpHeaders | undefined;
    const told = Number(sent?.[":status"]);
    const isAborted = stream.aborted || stream.rstCode !== 0;
    const status = isStatus(told) ? told : 0;
    const ended = { method, isSecure, version: VERSION, status, isAborted, route: "" };
    const hasBody = metrics.hasSizes && !isAborted && headers[":method"] !== "HEAD";
    const requestBytes = metrics.hasSizes ? contentLength(headers["content-length"]) : undefined;
    const responseBytes = hasBody ? contentLength(sent?.["content-length"]) : undefined;
    const seconds = (now() - startMs) / 1000;
    if (traces === undefined) metrics.ended(ended, seconds, requestBytes, responseBytes);
    else traces.during(trace, () => metrics.ended(ended, seconds, requestBytes, responseBytes));
  }

  /** Leaves nothing behind: what is under way is counted by nobody, and active no more. */
  stop(): void {
    this.#unlisten();
    for (const { active } of this.#exchanges.values()) active.end();
    this.#exchanges.clear();
  }
}
