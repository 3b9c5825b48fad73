import { exemplarSource, setExemplarSource } from "../metrics/exemplar-source.ts";
import type { NativeOptions } from "../metrics/native-options.ts";
import { type Clock, systemClock } from "../model/clock.ts";
import { register as defaultRegistry } from "../registry/default-registry.ts";
import type { Registrar } from "../registry/registrar.ts";
import { listenToFastify } from "./fastify-route.ts";
import { FetchClientHooks } from "./fetch-client.ts";
import { HttpClientHooks } from "./http-client.ts";
import { HttpClientMetrics } from "./http-client-metrics.ts";
import { HTTP_BOUNDS, statusClass, statusCode } from "./http-labels.ts";
import { readMethods } from "./http-methods.ts";
import { type RouteHook, routeFinder } from "./http-route.ts";
import { HttpServerHooks } from "./http-server.ts";
import { HttpServerMetrics } from "./http-server-metrics.ts";
import { Http2ServerHooks } from "./http2-server.ts";
import { RequestTraces } from "./request-traces.ts";

/** What of HTTP is measured, and how it is told. */
export interface InstrumentHttpOptions {
  /**
   * Where the metrics are registered.
   * @default the default registry
   */
  readonly register?: Registrar;
  /**
   * Is put before each metric's name.
   * @default ""
   */
  readonly prefix?: string;
  /**
   * Labels that each series gets.
   * @default none
   */
  readonly labels?: object;
  /**
   * Whether the requests are measured that this process answers.
   * @default true
   */
  readonly server?: boolean;
  /**
   * Whether the requests are measured that this process makes, by `node:http`, `node:https`, `fetch` and undici.
   * @default true
   */
  readonly client?: boolean;
  /**
   * Inclusive upper bounds for durations, in seconds.
   * @default those that OpenTelemetry recommends: 0.005 … 10
   */
  readonly buckets?: readonly number[];
  /**
   * Native buckets for durations, beside those of `buckets`, or alone where these are `[]`.
   * @default none
   */
  readonly native?: NativeOptions | boolean;
  /**
   * Whether the sizes of bodies are told that bear a Content-Length.
   * @default true
   */
  readonly sizes?: boolean;
  /**
   * The methods that are told by name; all others are `_OTHER`.
   * @default `OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS`, a list with commas, else those of RFC 9110, PATCH and QUERY
   */
  readonly methods?: readonly string[];
  /**
   * Whether the status is told as its class, `2xx`, and not as its code.
   * @default false
   */
  readonly statusClass?: boolean;
  /**
   * Decides on the route of a request that has ended; where it returns `undefined`, the framework does. The label must be
   * a template, of which there are few: never a path as it was asked for.
   */
  readonly route?: RouteHook;
  /**
   * How many servers the requests of this process are told apart by; further ones are `_OTHER`.
   * @default 100
   */
  readonly maxServers?: number;
  /**
   * Whether the durations, and all metrics that have `enableExemplars`, get the active trace as an exemplar, if it is
   * sampled: that of OpenTelemetry where the application has it, else that of the `traceparent` header of the request
   * under way. A bucket gets a new one after seven seconds at the earliest.
   * @default false
   */
  readonly exemplars?: boolean;
  /** @default the system's clocks */
  readonly clock?: Clock;
}

/** What {@link instrumentHttp} began. */
export interface HttpInstrumentation {
  /** Ends it: nothing is listened to any more, and nothing is kept. The metrics stay registered, with what they have counted. */
  stop(): void;
}

/** What measures one metric at the moment, for all copies of this library: two would count each request twice. */
const key = Symbol.for("tallystick.instrumented/1");
const shared = globalThis as { [key]?: WeakMap<object, () => void> };
shared[key] ??= new WeakMap();
const running = shared[key];

const DEFAULT_MAX_SERVERS = 100;

/**
 * Measures the HTTP requests that this process answers and makes, with whatever framework, by the names of
 * OpenTelemetry's semantic conventions.
 *
 * It listens to channels that Node.js publishes and changes nothing: no function is replaced. Every request is counted
 * once, however it ends. It can begin at any time, also after the servers did. Called again for the same metrics it takes
 * over from the call before.
 *
 * @returns a handle that ends it
 * @throws {TypeError | RangeError} when an option is not valid
 * @throws {AlreadyRegisteredError} when another metric has one of the names, or the same with other buckets
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 * @example
 * const http = instrumentHttp();
 * createServer(app).listen(8080);
 */
export function instrumentHttp(options: InstrumentHttpOptions = {}): HttpInstrumentation {
  checkOptions(options);
  const { register = defaultRegistry, prefix, labels, buckets = HTTP_BOUNDS, native, clock = systemClock } = options;
  const registrar =
    prefix === undefined && labels === undefined
      ? register
      : register.scoped({ ...(prefix !== undefined && { prefix }), ...(labels !== undefined && { labels }) });
  const declared = {
    registrar,
    methods: readMethods(options.methods, process.env),
    statusLabel: options.statusClass === true ? statusClass : statusCode,
    duration: {
      buckets,
      ...(native !== undefined && { native }),
      ...(options.exemplars === true && { enableExemplars: true }),
    },
  };
  const { sizes = true, maxServers = DEFAULT_MAX_SERVERS, route } = options;
  // All metrics are there, or the one that can't be has thrown, before anything is listened to.
  const server = options.server === false ? undefined : new HttpServerMetrics({ ...declared, sizes });
  const client = options.client === false ? undefined : new HttpClientMetrics({ ...declared, maxServers });

  const now = clock.monotonicNow;
  const traces = options.exemplars === true ? new RequestTraces() : undefined;
  if (traces !== undefined) setExemplarSource(traces.active);
  const stops: (() => void)[] = [];
  const begin = (metric: object, hooks: () => { stop(): void }[], ...others: (() => () => void)[]) => {
    running.get(metric)?.();
    const parts = [...hooks().map((one) => () => one.stop()), ...others.map((other) => other())];
    const stop = () => {
      for (const part of parts.splice(0)) part();
      if (running.get(metric) === stop) running.delete(metric);
    };
    running.set(metric, stop);
    stops.push(stop);
  };
  if (server !== undefined) {
    const given = { metrics: server, routeOf: routeFinder(route), traces, now };
    begin(server.duration, () => [new HttpServerHooks(given), new Http2ServerHooks(given)], listenToFastify);
  }
  if (client !== undefined) {
    const given = { metrics: client, traces, now };
    begin(client.duration, () => [new HttpClientHooks(given), new FetchClientHooks(given)]);
  }
  return {
    stop() {
      for (const stop of stops.splice(0)) stop();
      if (exemplarSource() === traces?.active) setExemplarSource(undefined);
      traces?.stop();
    },
  };
}

const flags = ["server", "client", "sizes", "statusClass", "exemplars"] as const;

function checkOptions(options: InstrumentHttpOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `instrumentHttp: options must be an object, but got ${options === null ? "null" : typeof options}.`,
    );
  }
  for (const flag of flags) {
    if (options[flag] !== undefined && typeof options[flag] !== "boolean") {
      throw new TypeError(`instrumentHttp: ${flag} must be true or false.`);
    }
  }
  if (options.route !== undefined && typeof options.route !== "function") {
    throw new TypeError("instrumentHttp: route must be a function.");
  }
  const { maxServers = DEFAULT_MAX_SERVERS } = options;
  if (!(Number.isInteger(maxServers) && maxServers > 0)) {
    throw new RangeError(
      `instrumentHttp: maxServers must be a whole number above zero, but got ${String(maxServers)}.`,
    );
  }
  if (options.register !== undefined && typeof options.register?.getOrCreate !== "function") {
    throw new TypeError("instrumentHttp: register must be a registry.");
  }
}
