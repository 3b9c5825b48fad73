// Measures the requests of `fetch` and of the package undici, told by the channels that both publish.
import { listen } from "./channels.ts";
import type { HttpClientHooksOptions } from "./http-client.ts";
import type { RequestedServer } from "./http-client-metrics.ts";
import type { RequestTrace } from "./request-traces.ts";

/** Undici's request; `origin` is that of its URL. */
interface FetchRequest {
  readonly method: string;
  readonly origin?: string | URL;
}

/** A request under way. */
interface Sent {
  readonly startMs: number;
  readonly trace: RequestTrace | undefined;
  status: number;
}

/**
 * Counts each request once, when its answer was received to the end or it has failed. Each hop of a redirection is a
 * request of its own, as it is to the servers.
 */
export class FetchClientHooks {
  readonly #options: HttpClientHooksOptions;
  readonly #sent = new WeakMap<FetchRequest, Sent>();
  readonly #unlisten: () => void;

  constructor(options: HttpClientHooksOptions) {
    this.#options = options;
    const { now, traces } = options;
    this.#unlisten = listen({
      "undici:request:create": ({ request }: { readonly request: FetchRequest }) => {
        this.#sent.set(request, { startMs: now(), trace: traces?.active(), status: 0 });
      },
      "undici:request:headers": (message: {
        readonly request: FetchRequest;
        readonly response: { readonly statusCode: number };
      }) => {
        const sent = this.#sent.get(message.request);
        if (sent !== undefined) sent.status = message.response.statusCode;
      },
      "undici:request:trailers": ({ request }: { readonly request: FetchRequest }) => this.#end(request, undefined),
      "undici:request:error": ({ request, error }: { readonly request: FetchRequest; readonly error: unknown }) =>
        this.#end(request, error ?? new Error()),
    });
  }

  #end(request: FetchRequest, error: unknown): void {
    const sent = this.#sent.get(request);
    if (sent === undefined) return;
    this.#sent.delete(request);
    const { metrics, traces, now } = this.#options;
    const seconds = (now() - sent.startMs) / 1000;
    // The channels do not tell the version of the protocol.
    const answered = { server: serverOf(request), method: request.method, status: sent.status, version: "", error };
    if (traces === undefined) metrics.ended(answered, seconds);
    else traces.during(sent.trace, () => metrics.ended(answered, seconds));
  }

  /** Leaves nothing behind: what is under way is counted by nobody. */
  stop(): void {
    this.#unlisten();
  }
}

/** The servers of origins, as undici spells these; they are read anew when there were very many. */
const servers = new Map<string, RequestedServer>();
const MOST_SERVERS = 1000;

function serverOf({ origin }: FetchRequest): RequestedServer {
  const text = String(origin);
  let server = servers.get(text);
  if (server === undefined) {
    server = readOrigin(text);
    if (servers.size >= MOST_SERVERS) servers.clear();
    servers.set(text, server);
  }
  return server;
}

function readOrigin(origin: string): RequestedServer {
  if (!URL.canParse(origin)) return { address: "", port: "" };
  const { hostname, port, protocol } = new URL(origin);
  return { address: hostname.replace(/^\[|\]$/g, ""), port: port || (protocol === "https:" ? "443" : "80") };
}
