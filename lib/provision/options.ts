import { shortestBurnWindowMs } from "./burn-rates.ts";
import { durationText } from "./duration.ts";

/** A promise: so much of the requests succeed within a time. */
export interface Slo {
  /** A share of the requests, in 0…1: 0.999. */
  readonly objective: number;
  readonly thresholdSeconds: number;
}

/** How a scraper proves who it is; the secret stays in a file on the Prometheus server. */
export type ScrapeCredentials =
  | { readonly type: "bearer"; readonly tokenFile: string }
  | { readonly type: "basic"; readonly username: string; readonly passwordFile: string };

/** Where alerts begin. */
export interface AlertThresholds {
  /**
   * The share of failed requests.
   * @default 0.05
   */
  readonly errorRatio: number;
  /**
   * How long the {@link latencyQuantile} of the requests may take, in seconds.
   * @default 1
   */
  readonly latencySeconds: number;
  /**
   * Which quantile of the latency is watched; of a summary, the nearest one that it has.
   * @default 0.99
   */
  readonly latencyQuantile: number;
  /**
   * How late the event loop may be, in seconds.
   * @default 0.1
   */
  readonly eventLoopLagSeconds: number;
  /**
   * The share of a limit (heap, file descriptors) in use.
   * @default 0.9
   */
  readonly saturationRatio: number;
  /**
   * Restarts within an hour.
   * @default 3
   */
  readonly restarts: number;
}

/** What is made, and for whom. */
export interface ProvisionOptions {
  /** Where Prometheus finds the metrics: `http://127.0.0.1:8000/metrics`. */
  readonly target: string;
  /**
   * The name of the scrape job, and of the service on the dashboard.
   * @default "app"
   */
  readonly job?: string;
  /**
   * How often Prometheus scrapes, in milliseconds.
   * @default 15000
   */
  readonly intervalMs?: number;
  /**
   * The window of rates in rules, in milliseconds; at least twice the interval.
   * @default 300000
   */
  readonly rateWindowMs?: number;
  /**
   * How long something must be wrong before an alert fires, in milliseconds.
   * @default 300000
   */
  readonly forMs?: number;
  /**
   * Multiplies the windows and waiting times of rules, and those of Alertmanager: below 1 to rehearse them.
   * @default 1
   */
  readonly timeScale?: number;
  /** @default the defaults of each */
  readonly thresholds?: Partial<AlertThresholds>;
  /** @default none */
  readonly slos?: readonly Slo[];
  /**
   * The oldest Prometheus that must read the files, as `[major, minor]`.
   * @default [3, 0]
   */
  readonly prometheusVersion?: readonly [major: number, minor: number];
  /** @default none */
  readonly credentials?: ScrapeCredentials;
  /**
   * Where Alertmanager is, as `host:port`.
   * @default "127.0.0.1:9093"
   */
  readonly alertmanager?: string;
  /**
   * What Alertmanager calls with its alerts.
   * @default "http://127.0.0.1:5001/"
   */
  readonly webhookUrl?: string;
  /**
   * Where Grafana finds Prometheus.
   * @default "http://127.0.0.1:9090"
   */
  readonly prometheusUrl?: string;
}

/** The options with their defaults, checked; times are those to be written, scaled already. */
export interface ProvisionSettings {
  readonly target: URL;
  readonly job: string;
  readonly intervalMs: number;
  readonly rateWindowMs: number;
  readonly forMs: number;
  readonly timeScale: number;
  readonly thresholds: AlertThresholds;
  readonly slos: readonly Slo[];
  readonly prometheusVersion: readonly [major: number, minor: number];
  readonly credentials: ScrapeCredentials | undefined;
  readonly alertmanager: string;
  readonly webhookUrl: string;
  readonly prometheusUrl: string;
}

const defaultThresholds: AlertThresholds = {
  errorRatio: 0.05,
  latencySeconds: 1,
  latencyQuantile: 0.99,
  eventLoopLagSeconds: 0.1,
  saturationRatio: 0.9,
  restarts: 3,
};

/** The oldest Prometheus whose configuration and PromQL the files keep to. */
const OLDEST_VERSION: readonly [number, number] = [2, 42];

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {TypeError | RangeError} at the first that is not valid
 */
export function provisionSettings(options: ProvisionOptions): ProvisionSettings {
  const { job = "app", timeScale = 1, slos = [], prometheusVersion = [3, 0], credentials } = options;
  if (typeof job !== "string" || job === "") throw new TypeError("The job needs a name.");
  const target = webUrl("target", options.target);
  positive("timeScale", timeScale);
  const intervalMs = positive("intervalMs", options.intervalMs ?? 15_000);
  const rateWindowMs = positive("rateWindowMs", options.rateWindowMs ?? 300_000) * timeScale;
  const shortestMs = Math.min(
    rateWindowMs,
    slos.length > 0 ? shortestBurnWindowMs * timeScale : Number.POSITIVE_INFINITY,
  );
  if (shortestMs < 2 * intervalMs) {
    throw new RangeError(
      `A rate over ${durationText(shortestMs)} has nothing to compare when scrapes are ${durationText(intervalMs)} apart. Lengthen the rate window, or scrape more often.`,
    );
  }
  const thresholds = { ...defaultThresholds, ...withoutUndefined(options.thresholds ?? {}) };
  for (const [name, value] of Object.entries(thresholds)) positive(name, value);
  for (const name of ["errorRatio", "latencyQuantile", "saturationRatio"] as const) share(name, thresholds[name]);
  for (const { objective, thresholdSeconds } of slos) {
    share("objective", objective);
    positive("thresholdSeconds", thresholdSeconds);
  }
  const [major, minor] = prometheusVersion;
  if (major < OLDEST_VERSION[0] || (major === OLDEST_VERSION[0] && minor < OLDEST_VERSION[1])) {
    throw new RangeError(`The files are for Prometheus ${OLDEST_VERSION.join(".")} and later, not ${major}.${minor}.`);
  }
  return {
    target,
    job,
    intervalMs,
    rateWindowMs,
    forMs: positive("forMs", options.forMs ?? 300_000) * timeScale,
    timeScale,
    thresholds,
    slos,
    prometheusVersion,
    credentials,
    alertmanager: options.alertmanager ?? "127.0.0.1:9093",
    webhookUrl: webUrl("webhookUrl", options.webhookUrl ?? "http://127.0.0.1:5001/").href,
    prometheusUrl: webUrl("prometheusUrl", options.prometheusUrl ?? "http://127.0.0.1:9090").href.replace(/\/$/, ""),
  };
}

function webUrl(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new TypeError(`"${name}" must be an http or https URL, but got ${JSON.stringify(text)}.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new TypeError(`"${name}" must not hold a password: what is written here is read by many.`);
  }
  return url;
}

function positive(name: string, value: number): number {
  if (typeof value === "number" && value > 0 && value < Number.POSITIVE_INFINITY) return value;
  throw new RangeError(`"${name}" must be a positive number, but got ${String(value)}.`);
}

function share(name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw new RangeError(`"${name}" must lie between 0 and 1, but got ${String(value)}.`);
}

function withoutUndefined<Shape extends object>(values: Shape): Shape {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Shape;
}
