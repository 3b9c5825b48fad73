import { Gauge } from "../metrics/gauge.ts";
import { Histogram, type HistogramSeries } from "../metrics/histogram.ts";
import type { Registrar } from "../registry/registrar.ts";
import { ActiveRequests } from "./active-requests.ts";
import { BODY_BOUNDS, type DurationOptions, isStatus, protocolVersions, type StatusLabel } from "./http-labels.ts";
import type { HttpMethods } from "./http-methods.ts";

const activeLabels = ["http_request_method", "url_scheme"] as const;
const requestLabels = [
  ...activeLabels,
  "http_response_status_code",
  "http_route",
  "error_type",
  "network_protocol_name",
  "network_protocol_version",
] as const;

/** How the metrics of the server are declared. */
export interface HttpServerMetricsOptions {
  readonly registrar: Registrar;
  readonly methods: HttpMethods;
  readonly statusLabel: StatusLabel;
  /** What else the durations are declared with. */
  readonly duration: DurationOptions;
  /** Whether the sizes of bodies are told. */
  readonly sizes: boolean;
}

/** How a request ended, in numbers wherever there are few values: they are put together to find the series by. */
export interface Ended {
  /** The number of its method. */
  readonly method: number;
  readonly isSecure: boolean;
  /** The number of its protocol's version. */
  readonly version: number;
  /** 0 when none was sent. */
  readonly status: number;
  readonly isAborted: boolean;
  /** The template, or "" when it is not known. */
  readonly route: string;
}

/** The series of one label set, made as they are needed. */
class RequestSeries {
  readonly duration: HistogramSeries;
  requestSize: HistogramSeries | undefined;
  responseSize: HistogramSeries | undefined;
  readonly labels: Labels;

  constructor(duration: HistogramSeries, labels: Labels) {
    this.duration = duration;
    this.labels = labels;
  }
}

type Labels = Readonly<Record<(typeof requestLabels)[number], string>>;

/**
 * The metrics of OpenTelemetry's semantic conventions for HTTP servers, and the series kept ready by what a request can
 * differ in. There are as many of these as series, and no more.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 */
export class HttpServerMetrics {
  readonly duration: Histogram<(typeof requestLabels)[number]>;
  readonly #active: Gauge<(typeof activeLabels)[number]>;
  readonly #requestSize: Histogram<(typeof requestLabels)[number]> | undefined;
  readonly #responseSize: Histogram<(typeof requestLabels)[number]> | undefined;
  readonly #methods: HttpMethods;
  readonly #statusLabel: StatusLabel;
  /** By method and scheme. */
  readonly #activeRequests: (ActiveRequests | undefined)[] = [];
  /** By route, and then by all else. */
  readonly #series = new Map<string, Map<number, RequestSeries>>();

  /** @throws {AlreadyRegisteredError} when a name is taken by something else */
  constructor({ registrar, methods, statusLabel, duration, sizes }: HttpServerMetricsOptions) {
    const size = (name: string, help: string) =>
      sizes
        ? registrar.getOrCreate(Histogram, {
            name,
            help,
            unit: "bytes",
            buckets: BODY_BOUNDS,
            labelNames: requestLabels,
          })
        : undefined;
    this.duration = registrar.getOrCreate(Histogram, {
      name: "http_server_request_duration_seconds",
      help: "How long HTTP requests took, from their headers to the end of the answer.",
      unit: "seconds",
      labelNames: requestLabels,
      ...duration,
    });
    this.#active = registrar.getOrCreate(Gauge, {
      name: "http_server_active_requests",
      help: "HTTP requests that are being answered.",
      labelNames: activeLabels,
    });
    this.#requestSize = size(
      "http_server_request_body_size_bytes",
      "Sizes of the bodies of HTTP requests that told their Content-Length.",
    );
    this.#responseSize = size(
      "http_server_response_body_size_bytes",
      "Sizes of the bodies of HTTP answers that told their Content-Length.",
    );
    this.#methods = methods;
    this.#statusLabel = statusLabel;
  }

  /** Whether anybody wants to know how large bodies are. */
  get hasSizes(): boolean {
    return this.#requestSize !== undefined;
  }

  methodNumber(method: string | undefined): number {
    return this.#methods.numberOf(method);
  }

  /** The requests under way that are like this one. */
  active(method: number, isSecure: boolean): ActiveRequests {
    const at = method * 2 + (isSecure ? 1 : 0);
    const kept = this.#activeRequests[at];
    if (kept !== undefined) return kept;
    const series = this.#active.labels({
      http_request_method: this.#methods.names[method],
      url_scheme: isSecure ? "https" : "http",
    });
    const requests = new ActiveRequests(series);
    this.#activeRequests[at] = requests;
    return requests;
  }

  /** Counts a request that has ended. Sizes that are `undefined` are not told. */
  ended(ended: Ended, seconds: number, requestBytes: number | undefined, responseBytes: number | undefined): void {
    const series = this.#seriesOf(ended);
    series.duration.observe(seconds);
    if (requestBytes !== undefined) {
      series.requestSize ??= this.#requestSize?.labels(series.labels);
      series.requestSize?.observe(requestBytes);
    }
    if (responseBytes !== undefined) {
      series.responseSize ??= this.#responseSize?.labels(series.labels);
      series.responseSize?.observe(responseBytes);
    }
  }

  /** Counts a request whose connection the program took over: no more is known of it than its protocol. */
  handedOver(method: number, isSecure: boolean, version: number, protocolName: string): void {
    const ended = { method, isSecure, version, status: 0, isAborted: false, route: "" };
    this.duration.observe({ ...this.#labelsOf(ended), network_protocol_name: protocolName }, 0);
  }

  #seriesOf(ended: Ended): RequestSeries {
    const { method, isSecure, version, status, isAborted, route } = ended;
    let ofRoute = this.#series.get(route);
    if (ofRoute === undefined) {
      ofRoute = new Map();
      this.#series.set(route, ofRoute);
    }
    // A status is below 1000 and a version below 4.
    const key = ((method * 1000 + status) * 4 + version) * 4 + (isSecure ? 2 : 0) + (isAborted ? 1 : 0);
    const kept = ofRoute.get(key);
    if (kept !== undefined) return kept;
    const labels = this.#labelsOf(ended);
    const series = new RequestSeries(this.duration.labels(labels), labels);
    ofRoute.set(key, series);
    return series;
  }

  #labelsOf({ method, isSecure, version, status, isAborted, route }: Ended): Labels {
    const told = isStatus(status) ? this.#statusLabel(status) : "";
    return {
      http_request_method: this.#methods.names[method] as string,
      url_scheme: isSecure ? "https" : "http",
      http_response_status_code: told,
      http_route: route,
      error_type: isAborted ? "aborted" : status >= 500 ? told : "",
      network_protocol_name: "",
      network_protocol_version: protocolVersions[version] as string,
    };
  }
}
