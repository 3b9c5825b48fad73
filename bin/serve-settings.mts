// What can be said to bin/serve.
import { availableParallelism } from "node:os";
import type { Address } from "../lib/transports/listen.ts";
import { describeOptions, readArguments, UsageError } from "./arguments.mts";

const specs = {
  bind: {
    value: "HOST:PORT",
    help: "where the app listens (127.0.0.1:5000); port 0 is any free one,\nand an IPv6 address stands in brackets: [::1]:5000",
  },
  "metrics-bind": { value: "HOST:PORT", help: "where /metrics is (127.0.0.1:8000)" },
  import: {
    value: "MODULE",
    help: "load this module first: a loader for TypeScript such as tsx,\nor instrumentation; may be repeated",
  },
  "no-default-metrics": { help: "leave out the metrics of the process and of Node.js" },
  workers: {
    value: "N",
    help: "serve the app by so many processes, and their metrics as one;\nauto is one for each processor",
  },
  threads: { value: "N", help: "the same by threads, where Node.js hands connections on to them" },
  aggregate: {
    value: "PATH",
    help: "serve no app, but the metrics of all processes that report to\nthis socket (reportTo); its folder is for that alone",
  },
  "worker-timeout": { value: "SECONDS", help: "a worker silent for so long is killed and replaced (30)" },
  "drain-timeout": { value: "SECONDS", help: "how long requests may take to finish after SIGTERM or SIGINT (10)" },
  "demo-latency": { value: "MIN-MAX", help: "how many milliseconds / of the demo app takes (100-500)" },
  help: { short: "h", help: "print this and exit" },
  version: { help: "print the version and exit" },
};

/** What `serve --help` prints. */
export const help = `Usage: serve [app] [options]

Serves an app, and its metrics on a port of their own. The app is a path or the
name of a package, whose default export (or module.exports) is one of:

  (request, response) => …    a request listener: two parameters or more
  (request) => Response       a fetch-style handler: one parameter or none
  { fetch(request) }          an object with such a handler, as apps of Hono are
  an http.Server
  an app of Express, Koa or Fastify

Without an app, a demo is served: / takes a while, /error fails.

${describeOptions(specs)}
SIGTERM and SIGINT let requests finish and exit with 0; a second one exits at
once. With --workers, SIGHUP replaces all workers, one by one.
Exit code 1: the app can't start; 2: the arguments are wrong.
`;

/** What the arguments of `serve` say. */
export interface Settings {
  readonly app: string | undefined;
  readonly bind: Address | undefined;
  readonly metricsBind: Address;
  readonly imports: readonly string[];
  /** Whether the process and Node.js are measured, too. */
  readonly defaultMetrics: boolean;
  /** How many worker processes serve the app; undefined when this one does. */
  readonly workers: number | undefined;
  readonly workerTimeoutMs: number;
  /** The socket of the processes whose metrics are served, and no app. */
  readonly aggregate: string | undefined;
  readonly drainTimeoutMs: number;
  readonly demoLatencyMs: readonly [number, number];
}

/**
 * Reads the arguments of `serve`.
 *
 * @throws {UsageError} for the first thing that is wrong with them
 */
export function readSettings(args: readonly string[]): Settings | "help" | "version" {
  const { options, rest } = readArguments(specs, args);
  if (options.help) return "help";
  if (options.version) return "version";
  const last = (name: keyof typeof specs) => options[name]?.at(-1);
  if (rest.length > 1)
    throw new UsageError(`one app is served, but got ${rest.map((one) => `"${one}"`).join(" and ")}.`);
  if (rest.length > 0 && options["demo-latency"])
    throw new UsageError("--demo-latency is for the demo, but an app is given.");
  if (options.threads)
    throw new UsageError(`Node.js ${process.version} does not hand connections on to threads. Use --workers.`);
  const workers = readWorkers(last("workers"));
  if (workers === undefined && options["worker-timeout"]) throw new UsageError("--worker-timeout is for --workers.");
  const aggregate = last("aggregate");
  if (aggregate !== undefined && (rest.length > 0 || options.bind || workers !== undefined))
    throw new UsageError("--aggregate serves metrics alone: no app, no --bind and no --workers.");
  return {
    app: rest[0],
    bind: readAddress("--bind", last("bind")),
    metricsBind: readAddress("--metrics-bind", last("metrics-bind")) ?? { host: "127.0.0.1", port: 8_000 },
    imports: options.import ?? [],
    defaultMetrics: options["no-default-metrics"] === undefined,
    workers,
    aggregate,
    workerTimeoutMs: readSeconds("--worker-timeout", last("worker-timeout")) ?? 30_000,
    drainTimeoutMs: readSeconds("--drain-timeout", last("drain-timeout")) ?? 10_000,
    demoLatencyMs: readRange("--demo-latency", last("demo-latency")) ?? [100, 500],
  };
}

function readAddress(option: string, text: string | undefined): Address | undefined {
  if (text === undefined) return undefined;
  const [, v6, name, port] = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([^\s:[\]/]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = v6 ?? name;
  if (host !== undefined && Number(port) <= 65_535) return { host, port: Number(port) };
  throw new UsageError(`${option} takes HOST:PORT, such as 127.0.0.1:8000 or [::1]:0, but got "${text}".`);
}

function readWorkers(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (text === "auto") return availableParallelism();
  if (/^\d{1,4}$/.test(text) && Number(text) > 0) return Number(text);
  throw new UsageError(`--workers takes a number above zero, or auto, but got "${text}".`);
}

function readSeconds(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,6}(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  throw new UsageError(`${option} takes a number of seconds, such as 10 or 0.5, but got "${text}".`);
}

function readRange(option: string, text: string | undefined): [number, number] | undefined {
  if (text === undefined) return undefined;
  const [, least, most] = /^(\d{1,6})-(\d{1,6})$/.exec(text) ?? [];
  if (least !== undefined && Number(least) <= Number(most)) return [Number(least), Number(most)];
  throw new UsageError(`${option} takes MIN-MAX in milliseconds, such as 100-500, but got "${text}".`);
}
