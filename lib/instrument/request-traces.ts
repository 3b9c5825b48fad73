import { AsyncLocalStorage } from "node:async_hooks";
import { rawHeader } from "./http-labels.ts";

/** The labels of an exemplar that leads to a trace, by the names that Grafana and the specifications use. */
export type RequestTrace = {
  readonly trace_id: string;
  readonly span_id: string;
};

/** Where the API of OpenTelemetry, version 1, keeps what an application has registered. */
const apiKey = Symbol.for("opentelemetry.js.api.1");
/** Under which it keeps the active span in its context. */
const spanKey = Symbol.for("OpenTelemetry Context Key SPAN");

/** What of that API is needed; it is found, and not imported. */
interface OpenTelemetryApi {
  readonly context?: { active(): { getValue(key: symbol): unknown } };
}

interface Span {
  spanContext(): { readonly traceId: string; readonly spanId: string; readonly traceFlags: number };
}

const SAMPLED = 1;

/**
 * Reads the `traceparent` header.
 *
 * @returns the trace when the header is valid and the trace is sampled
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function readTraceparent(header: string | undefined): RequestTrace | undefined {
  if (header === undefined) return undefined;
  const match = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/.exec(header);
  if (match === null) return undefined;
  const [, version, trace_id = "", span_id = "", flags = "0", more] = match;
  // Only a later version may have more to say.
  if (version === "00" && more !== undefined) return undefined;
  return Number.parseInt(flags, 16) & SAMPLED ? { trace_id, span_id } : undefined;
}

/**
 * Which trace is active: OpenTelemetry's, where the application has that; else the one that the client of the request
 * under way has told.
 */
export class RequestTraces {
  readonly #storage = new AsyncLocalStorage<RequestTrace | undefined>();
  /** The trace of the request that is being counted at this moment. */
  #counted: RequestTrace | undefined;

  /** Makes the trace of a request the one of all that its handling leads to, and returns it. */
  enter(rawHeaders: readonly string[]): RequestTrace | undefined {
    const trace = readTraceparent(rawHeader(rawHeaders, "traceparent"));
    // Without a trace as well: the request before, of the same connection, may have had one.
    this.#storage.enterWith(trace);
    return trace;
  }

  /** Counts a request whose handling may lie in the past. */
  during(trace: RequestTrace | undefined, count: () => void): void {
    this.#counted = trace;
    try {
      count();
    } finally {
      this.#counted = undefined;
    }
  }

  /** The trace that is active now, or `undefined` when there is none or it is not sampled. */
  readonly active = (): RequestTrace | undefined => {
    const span = activeSpan();
    if (span === undefined) return this.#counted ?? this.#storage.getStore();
    const { traceId, spanId, traceFlags } = span.spanContext();
    return traceFlags & SAMPLED ? { trace_id: traceId, span_id: spanId } : undefined;
  };

  stop(): void {
    this.#storage.disable();
  }
}

function activeSpan(): Span | undefined {
  const api = (globalThis as { readonly [apiKey]?: OpenTelemetryApi })[apiKey];
  return api?.context?.active().getValue(spanKey) as Span | undefined;
}
