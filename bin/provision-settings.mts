// What can be said to bin/provision.
import { readDuration } from "../lib/provision/duration.ts";
import type { AlertThresholds, ProvisionOptions, ScrapeCredentials, Slo } from "../lib/provision/options.ts";
import { describeOptions, readArguments, UsageError } from "./arguments.mts";

const specs = {
  from: {
    value: "URL|MODULE",
    help: "the metrics of the running service, or a module that exports\na registry (with --target)",
  },
  out: { value: "FOLDER", help: "where the files go (monitoring)" },
  check: { help: "write nothing; exit with 1 when the files are not as they\nwould be written" },
  target: { value: "URL", help: "where Prometheus finds the metrics (the URL of --from)" },
  job: { value: "NAME", help: "the name of the scrape job and of the dashboard (app)" },
  interval: { value: "TIME", help: "between scrapes (15s)" },
  "prometheus-version": { value: "X.Y", help: "the oldest Prometheus that must read the files (3.0);\n2.42 and later" },
  alertmanager: { value: "HOST:PORT", help: "where Alertmanager is (127.0.0.1:9093)" },
  webhook: { value: "URL", help: "what Alertmanager calls (http://127.0.0.1:5001/)" },
  "prometheus-url": { value: "URL", help: "where Grafana finds Prometheus (http://127.0.0.1:9090)" },
  "bearer-token-file": { value: "FILE", help: "the token that the metrics are protected with" },
  "basic-user": { value: "NAME", help: "the user that the metrics are protected with" },
  "password-file": { value: "FILE", help: "that user's password" },
  "rate-window": { value: "TIME", help: "the window of rates in rules (5m)" },
  for: { value: "TIME", help: "how long something must be wrong before it alerts (5m)" },
  "error-ratio": { value: "SHARE", help: "alert when more of the requests fail (0.05)" },
  latency: { value: "TIME", help: "alert when requests take longer (1s)" },
  "latency-quantile": { value: "SHARE", help: "which quantile of them (0.99)" },
  "event-loop-lag": { value: "TIME", help: "alert when the event loop is later (0.1s)" },
  saturation: { value: "SHARE", help: "alert when more of a limit is in use (0.9)" },
  restarts: { value: "COUNT", help: "alert when there are more within an hour (3)" },
  slo: { value: "PERCENT:TIME", help: "a promise, such as 99.9:0.4s; may be repeated" },
  "time-scale": { value: "FACTOR", help: "multiplies all windows and waiting times, for rehearsals (1)" },
  help: { short: "h", help: "print this and exit" },
  version: { help: "print the version and exit" },
};

/** What `provision --help` prints. */
export const help = `Usage: provision --from URL|MODULE [options]

Writes the files that watch a service, made from what it exposes: prometheus.yml,
rules/*.yml, alertmanager.yml, grafana/ and docs/metrics.*.

${describeOptions(specs)}
A TIME is spelled 500ms, 0.4s, 5m or 1h30m. Exit code 1: with --check, files
differ; 2: the arguments are wrong, or the metrics can't be read.
`;

/** What the arguments of `provision` say. */
export interface Settings {
  readonly from: string;
  readonly out: string;
  readonly isCheck: boolean;
  readonly options: ProvisionOptions;
}

/**
 * Reads the arguments of `provision`.
 *
 * @throws {UsageError} for the first thing that is wrong with them
 */
export function readSettings(args: readonly string[]): Settings | "help" | "version" {
  const { options, rest } = readArguments(specs, args);
  if (options.help) return "help";
  if (options.version) return "version";
  if (rest.length > 0) throw new UsageError(`there is nothing to do with "${rest[0]}".`);
  const last = (name: keyof typeof specs) => options[name]?.at(-1);
  const from = last("from");
  if (from === undefined) throw new UsageError("--from is needed: the metrics of the running service.");
  const isUrl = /^https?:\/\//i.test(from);
  const target = last("target") ?? (isUrl ? from : undefined);
  if (target === undefined)
    throw new UsageError("--target is needed with a module: where Prometheus finds its metrics.");
  const thresholds: { -readonly [Name in keyof AlertThresholds]?: number | undefined } = {
    errorRatio: readNumber("--error-ratio", last("error-ratio")),
    latencySeconds: readSeconds("--latency", last("latency")),
    latencyQuantile: readNumber("--latency-quantile", last("latency-quantile")),
    eventLoopLagSeconds: readSeconds("--event-loop-lag", last("event-loop-lag")),
    saturationRatio: readNumber("--saturation", last("saturation")),
    restarts: readNumber("--restarts", last("restarts")),
  };
  const given = {
    target,
    job: last("job"),
    intervalMs: readMs("--interval", last("interval")),
    rateWindowMs: readMs("--rate-window", last("rate-window")),
    forMs: readMs("--for", last("for")),
    timeScale: readNumber("--time-scale", last("time-scale")),
    thresholds: withoutUndefined(thresholds),
    slos: (options.slo ?? []).map(readSlo),
    prometheusVersion: readVersion(last("prometheus-version")),
    credentials: credentialsOf(last("bearer-token-file"), last("basic-user"), last("password-file")),
    alertmanager: last("alertmanager"),
    webhookUrl: last("webhook"),
    prometheusUrl: last("prometheus-url"),
  };
  return {
    from,
    out: last("out") ?? "monitoring",
    isCheck: options.check !== undefined,
    options: withoutUndefined(given) as ProvisionOptions,
  };
}

function readMs(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const milliseconds = readDuration(text);
  if (milliseconds !== undefined) return milliseconds;
  throw new UsageError(`${option} takes a time, such as 500ms, 0.4s or 5m, but got "${text}".`);
}

function readSeconds(option: string, text: string | undefined): number | undefined {
  const milliseconds = readMs(option, text);
  return milliseconds === undefined ? undefined : milliseconds / 1_000;
}

function readNumber(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text);
  throw new UsageError(`${option} takes a number, such as 0.05, but got "${text}".`);
}

function readSlo(text: string): Slo {
  const [, percent, time] = /^(\d{1,3}(?:\.\d{1,6})?):(.+)$/.exec(text) ?? [];
  const milliseconds = readDuration(time ?? "");
  if (percent !== undefined && milliseconds !== undefined) {
    return { objective: Number((Number(percent) / 100).toPrecision(12)), thresholdSeconds: milliseconds / 1_000 };
  }
  throw new UsageError(`--slo takes PERCENT:TIME, such as 99.9:0.4s, but got "${text}".`);
}

function readVersion(text: string | undefined): readonly [number, number] | undefined {
  if (text === undefined) return undefined;
  const [, major, minor] = /^v?(\d{1,3})\.(\d{1,3})(?:\.\d+)?$/.exec(text) ?? [];
  if (major !== undefined) return [Number(major), Number(minor)];
  throw new UsageError(`--prometheus-version takes a version, such as 2.42, but got "${text}".`);
}

function credentialsOf(
  tokenFile: string | undefined,
  username: string | undefined,
  passwordFile: string | undefined,
): ScrapeCredentials | undefined {
  if ((username === undefined) !== (passwordFile === undefined)) {
    throw new UsageError("--basic-user and --password-file belong together.");
  }
  if (tokenFile !== undefined && username !== undefined) {
    throw new UsageError("there is either a bearer token or a user with a password.");
  }
  if (tokenFile !== undefined) return { type: "bearer", tokenFile };
  if (username !== undefined && passwordFile !== undefined) return { type: "basic", username, passwordFile };
  return undefined;
}

function withoutUndefined<Shape extends object>(
  values: Shape,
): { [Name in keyof Shape]: Exclude<Shape[Name], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [Name in keyof Shape]: Exclude<Shape[Name], undefined> };
}
