// Measures the requests that are made by node:http and node:https, told by the channels that Node.js publishes.
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { listen } from "./channels.ts";
import type { HttpClientMetrics, RequestedServer } from "./http-client-metrics.ts";
import { protocolNumber, protocolVersions } from "./http-labels.ts";
import type { RequestTrace, RequestTraces } from "./request-traces.ts";

/** What the measuring of clients is given. */
export interface HttpClientHooksOptions {
  readonly metrics: HttpClientMetrics;
  /** Where traces come from for exemplars; nowhere if absent. */
  readonly traces?: RequestTraces | undefined;
  /** Milliseconds, of a clock that only goes forward. */
  readonly now: () => number;
}

interface RequestMessage {
  readonly request: ClientRequest;
}

/** A request under way. */
interface Sent {
  readonly startMs: number;
  readonly trace: RequestTrace | undefined;
  response: IncomingMessage | undefined;
  /** Known from the answer on: the socket, which may be asked for its port, leaves the request before that closes. */
  server: RequestedServer | undefined;
  error: unknown;
  isTakenOver: boolean;
}

/**
 * Counts each request once, when it closes: then its answer was read to the end, or it has failed or was given up.
 *
 * A request is told when it is made, or, by a Node.js that lacks that channel, when it has been sent. What fails before
 * that is told with its error only; it then began when its socket did.
 */
export class HttpClientHooks {
  readonly #options: HttpClientHooksOptions;
  readonly #sent = new WeakMap<ClientRequest, Sent>();
  readonly #socketStartMs = new WeakMap<Socket, number>();
  readonly #unlisten: () => void;
  #isListening = true;

  constructor(options: HttpClientHooksOptions) {
    this.#options = options;
    const { now } = options;
    this.#unlisten = listen({
      "http.client.request.created": ({ request }: RequestMessage) => this.#begin(request, now()),
      "http.client.request.start": ({ request }: RequestMessage) => {
        const sent = this.#sent.get(request) ?? this.#begin(request, now());
        this.#expectTakeover(request, sent);
      },
      "http.client.response.finish": (message: RequestMessage & { readonly response: IncomingMessage }) => {
        const sent = this.#sent.get(message.request);
        if (sent === undefined) return;
        sent.response = message.response;
        sent.server = serverOf(message.request);
      },
      "http.client.request.error": ({ request, error }: RequestMessage & { readonly error: unknown }) => {
        const sent = this.#sent.get(request) ?? this.#begin(request, this.#startOf(request.socket));
        sent.error ??= error;
      },
      "net.client.socket": ({ socket }: { readonly socket: Socket }) => {
        this.#socketStartMs.set(socket, now());
      },
    });
  }

  #startOf(socket: Socket | null): number {
    return (socket && this.#socketStartMs.get(socket)) ?? this.#options.now();
  }

  #begin(request: ClientRequest, startMs: number): Sent {
    const trace = this.#options.traces?.active();
    const unknown = { response: undefined, server: undefined, error: undefined };
    const sent: Sent = { startMs, trace, ...unknown, isTakenOver: false };
    this.#sent.set(request, sent);
    request.once("close", () => this.#end(request, sent));
    return sent;
  }

  /**
   * A connection that the program takes over is told by no channel, and the request may then never close. Node.js tells it
   * to its listeners; one is added where there are some, as without any it would be an error.
   */
  #expectTakeover(request: ClientRequest, sent: Sent): void {
    for (const event of ["upgrade", "connect"]) {
      if (request.listenerCount(event) === 0) continue;
      request.prependOnceListener(event, (response: IncomingMessage) => {
        sent.response = response;
        sent.isTakenOver = true;
        this.#end(request, sent);
      });
    }
  }

  #end(request: ClientRequest, sent: Sent): void {
    // Of the two ways to get here the first one counts.
    if (!this.#isListening || !this.#sent.delete(request)) return;
    const { startMs, trace, response, server, error, isTakenOver } = sent;
    const { metrics, traces, now } = this.#options;
    const seconds = (now() - startMs) / 1000;
    const answered = {
      server: server ?? serverOf(request),
      method: request.method,
      status: response?.statusCode ?? 0,
      version: response === undefined ? "" : (protocolVersions[protocolNumber(response.httpVersion)] as string),
      error: error ?? (isTakenOver || response?.complete === true ? undefined : aborted),
    };
    if (traces === undefined) metrics.ended(answered, seconds);
    else traces.during(trace, () => metrics.ended(answered, seconds));
  }

  /** Leaves nothing behind: what is under way is counted by nobody. */
  stop(): void {
    this.#isListening = false;
    this.#unlisten();
  }
}

/** What a request is told to have failed with whose answer was not read to its end. */
const aborted = { code: "aborted" };

/** The server as the program named it. `ClientRequest` tells its port to nobody but the server, in the Host header. */
function serverOf(request: ClientRequest): RequestedServer {
  const { socketPath } = request as { readonly socketPath?: unknown };
  if (typeof socketPath === "string") return { address: socketPath, port: "" };
  const { host } = request;
  const header = request.getHeader("host");
  const said = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  if (typeof header === "string" && header.startsWith(said)) {
    const port = header.slice(said.length);
    if (port === "") return { address: host, port: request.protocol === "https:" ? "443" : "80" };
    if (/^:\d+$/.test(port)) return { address: host, port: port.slice(1) };
  }
  // The program wrote a Host header of its own.
  return { address: host, port: String(request.socket?.remotePort ?? "") };
}
