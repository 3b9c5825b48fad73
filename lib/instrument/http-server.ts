// Measures what servers of node:http and node:https answer, told by the channels that Node.js publishes.
import { Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Server as HttpsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ActiveRequests } from "./active-requests.ts";
import { listen } from "./channels.ts";
import { contentLength, isStatus, protocolNumber, rawHeader } from "./http-labels.ts";
import type { RouteOf } from "./http-route.ts";
import type { HttpServerMetrics } from "./http-server-metrics.ts";
import type { RequestTrace, RequestTraces } from "./request-traces.ts";

interface RequestStart {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
}

/** One request and what becomes of it. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly method: number;
  readonly isSecure: boolean;
  readonly startMs: number;
  readonly active: ActiveRequests;
  readonly trace: RequestTrace | undefined;
}

/** A connection, and its requests that are not answered yet: more than one when the client does not wait for answers. */
interface Connection {
  readonly exchanges: Exchange[];
  readonly onClose: () => void;
}

type WebServer = HttpServer | HttpsServer;

/** What the measuring of servers is given. */
export interface HttpServerHooksOptions {
  readonly metrics: HttpServerMetrics;
  readonly routeOf: RouteOf;
  /** Where the trace of a request is kept for exemplars; nowhere if absent. */
  readonly traces?: RequestTraces | undefined;
  /** Milliseconds, of a clock that only goes forward. */
  readonly now: () => number;
}

/**
 * Counts every request once: when its answer was handed to the system, or when its connection closed before.
 *
 * There is no channel for a request that is given up, and events of requests and answers come in several orders. But a
 * connection closes once, so what is then still under way was given up.
 */
export class HttpServerHooks {
  readonly #options: HttpServerHooksOptions;
  readonly #connections = new Map<Socket, Connection>();
  /** Servers whose upgrades are listened to. */
  readonly #servers = new Set<WebServer>();
  readonly #unlisten: () => void;

  constructor(options: HttpServerHooksOptions) {
    this.#options = options;
    this.#unlisten = listen({
      "net.server.socket": ({ socket }: { readonly socket: Socket }) => this.#onConnection(socket),
      "http.server.request.start": (message: RequestStart) => this.#onRequest(message),
      "http.server.response.finish": (message: RequestStart) => this.#onFinish(message),
    });
  }

  #onRequest({ request, response, socket }: RequestStart): void {
    const { metrics, now, traces } = this.#options;
    const connection = this.#connections.get(socket) ?? this.#open(socket);
    const method = metrics.methodNumber(request.method);
    const isSecure = (socket as { readonly encrypted?: boolean }).encrypted === true;
    const active = metrics.active(method, isSecure);
    active.begin();
    const trace = traces?.enter(request.rawHeaders);
    connection.exchanges.push({ request, response, method, isSecure, startMs: now(), active, trace });
  }

  #open(socket: Socket): Connection {
    const connection = { exchanges: [], onClose: () => this.#onClose(socket, connection) };
    this.#connections.set(socket, connection);
    socket.once("close", connection.onClose);
    return connection;
  }

  #onFinish({ response, socket }: RequestStart): void {
    const exchanges = this.#connections.get(socket)?.exchanges;
    if (exchanges === undefined) return;
    // Answers go out in the order of the requests.
    const at = exchanges[0]?.response === response ? 0 : exchanges.findIndex((one) => one.response === response);
    const exchange = exchanges[at];
    if (exchange === undefined) return;
    if (exchanges.length === 1) exchanges.pop();
    else exchanges.splice(at, 1);
    this.#end(exchange, false);
  }

  #onClose(socket: Socket, { exchanges }: Connection): void {
    this.#connections.delete(socket);
    for (const exchange of exchanges.splice(0)) this.#end(exchange, true);
  }

  #end(exchange: Exchange, isAborted: boolean): void {
    const { metrics, now, traces, routeOf } = this.#options;
    const { request, response, method, isSecure, startMs, active, trace } = exchange;
    active.end();
    const status = response.headersSent && isStatus(response.statusCode) ? response.statusCode : 0;
    const version = protocolNumber(request.httpVersion);
    const ended = { method, isSecure, version, status, isAborted, route: routeOf(request, response) };
    const requestBytes = metrics.hasSizes ? contentLength(rawHeader(request.rawHeaders, "content-length")) : undefined;
    const responseBytes = metrics.hasSizes && !isAborted ? bodyLength(response) : undefined;
    const seconds = (now() - startMs) / 1000;
    if (traces === undefined) metrics.ended(ended, seconds, requestBytes, responseBytes);
    else traces.during(trace, () => metrics.ended(ended, seconds, requestBytes, responseBytes));
  }

  /**
   * A request that asks for another protocol is told by no channel when the program takes its connection over, only by the
   * server to its listeners. One is added where there are some: without any it would not be a takeover.
   */
  #onConnection(socket: Socket): void {
    const server: unknown = (socket as { readonly server?: unknown }).server;
    if (!(server instanceof HttpServer || server instanceof HttpsServer)) return;
    if (this.#servers.has(server) || server.listenerCount("upgrade") === 0) return;
    this.#servers.add(server);
    server.prependListener("upgrade", this.#onUpgrade);
    server.once("close", this.#onServerClose);
  }

  readonly #onUpgrade = (request: IncomingMessage, socket: Duplex): void => {
    const { metrics } = this.#options;
    const isSecure = (socket as { readonly encrypted?: boolean }).encrypted === true;
    const protocol = request.headers.upgrade?.toLowerCase() === "websocket" ? "websocket" : "";
    metrics.handedOver(metrics.methodNumber(request.method), isSecure, protocolNumber(request.httpVersion), protocol);
    // Where the program's own listener went meanwhile, nobody else would ever end this connection.
    const { server } = socket as { readonly server?: WebServer };
    if (server?.listenerCount("upgrade") === 1) socket.destroy();
  };

  readonly #onServerClose = (): void => {
    // A closed server may be opened again, and then still has the listener.
    for (const server of this.#servers) if (!server.listening) this.#leave(server);
  };

  #leave(server: WebServer): void {
    this.#servers.delete(server);
    server.off("upgrade", this.#onUpgrade);
    server.off("close", this.#onServerClose);
  }

  /** Leaves nothing behind: what is under way is counted by nobody, and active no more. */
  stop(): void {
    this.#unlisten();
    for (const server of this.#servers) this.#leave(server);
    for (const [socket, { exchanges, onClose }] of this.#connections) {
      socket.off("close", onClose);
      for (const { active } of exchanges) active.end();
    }
    this.#connections.clear();
  }
}

/**
 * The Content-Length that an answer was sent with, or `undefined`: answers to HEAD and some statuses have no body.
 *
 * Node.js keeps no record of headers that it made up itself or that were given to `writeHead`, but for this number; a
 * version without it tells those that were set by `setHeader`.
 */
function bodyLength(response: ServerResponse): number | undefined {
  const { _contentLength: length, _hasBody: hasBody } = response as {
    readonly _contentLength?: unknown;
    readonly _hasBody?: unknown;
  };
  if (hasBody === false) return undefined;
  return contentLength(length === undefined ? response.getHeader("content-length") : length);
}
