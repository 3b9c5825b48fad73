import { Histogram, type HistogramSeries } from "../metrics/histogram.ts";
import type { Registrar } from "../registry/registrar.ts";
import { type DurationOptions, isStatus, type StatusLabel } from "./http-labels.ts";
import type { HttpMethods } from "./http-methods.ts";

const clientLabels = [
  "http_request_method",
  "server_address",
  "server_port",
  "http_response_status_code",
  "error_type",
  "network_protocol_version",
] as const;

/** How the metric of the client is declared. */
export interface HttpClientMetricsOptions {
  readonly registrar: Registrar;
  readonly methods: HttpMethods;
  readonly statusLabel: StatusLabel;
  /** What else the durations are declared with. */
  readonly duration: DurationOptions;
  /** How many servers are told apart. */
  readonly maxServers: number;
}

/** A server that requests go to. */
export interface RequestedServer {
  readonly address: string;
  /** "" where there is none, as with a socket of the file system. */
  readonly port: string;
}

/** How a request of ours ended. */
export interface Answered {
  readonly server: RequestedServer;
  readonly method: string | undefined;
  /** 0 when no answer came. */
  readonly status: number;
  /** "" when it is not known. */
  readonly version: string;
  /** What the request failed with, or `undefined`. */
  readonly error: unknown;
}

/** Stands for the servers that are too many. */
const OTHER: RequestedServer = { address: "_OTHER", port: "" };

/**
 * The metric of OpenTelemetry's semantic conventions for HTTP clients.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 */
export class HttpClientMetrics {
  readonly duration: Histogram<(typeof clientLabels)[number]>;
  readonly #methods: HttpMethods;
  readonly #statusLabel: StatusLabel;
  readonly #maxServers: number;
  /** The series of the answers that came, by server, and then by method, status and version. */
  readonly #series = new Map<string, Map<string, HistogramSeries>>();

  /** @throws {AlreadyRegisteredError} when the name is taken by something else */
  constructor({ registrar, methods, statusLabel, duration, maxServers }: HttpClientMetricsOptions) {
    this.duration = registrar.getOrCreate(Histogram, {
      name: "http_client_request_duration_seconds",
      help: "How long HTTP requests to other servers took, from their making to the end of the answer.",
      unit: "seconds",
      labelNames: clientLabels,
      ...duration,
    });
    this.#methods = methods;
    this.#statusLabel = statusLabel;
    this.#maxServers = maxServers;
  }

  /** Counts a request that has ended. */
  ended(answered: Answered, seconds: number): void {
    const { server, method, status, version, error } = answered;
    // Addresses may come from outside, as those of web hooks do. There is a last one that is told apart.
    const key = `${server.address}:${server.port}`;
    let ofServer = this.#series.get(key);
    if (ofServer === undefined) {
      if (this.#series.size >= this.#maxServers && server !== OTHER) {
        this.ended({ ...answered, server: OTHER }, seconds);
        return;
      }
      ofServer = new Map();
      this.#series.set(key, ofServer);
    }
    const name = this.#methods.nameOf(method);
    const failure = error === undefined ? "" : errorName(error);
    const seriesKey = `${name} ${status} ${version} ${failure}`;
    let series = ofServer.get(seriesKey);
    if (series === undefined) {
      const told = isStatus(status) ? this.#statusLabel(status) : "";
      series = this.duration.labels({
        http_request_method: name,
        server_address: server.address,
        server_port: server.port,
        http_response_status_code: told,
        error_type: failure || (status >= 400 ? told : ""),
        network_protocol_version: version,
      });
      ofServer.set(seriesKey, series);
    }
    series.observe(seconds);
  }
}

/** The code of an error, as system errors and undici's have one, or its name; of few characters, and nothing said in it. */
function errorName(error: unknown): string {
  const { code, name } = Object(error) as { readonly code?: unknown; readonly name?: unknown };
  const known = [code, name].find((text) => typeof text === "string" && /^[A-Za-z_][\w.]{0,63}$/.test(text));
  return (known as string | undefined) ?? "_OTHER";
}
