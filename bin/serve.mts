// bin/serve: serves an app and its metrics until it is told to stop. What is wrong with the arguments is told with exit
// code 2; what keeps the app from starting, with 1.
import cluster from "node:cluster";
import { basename } from "node:path";
import { inspect } from "node:util";
import {
  AggregatorRegistry,
  AlreadyRegisteredError,
  collectDefaultMetrics,
  register,
  startMetricsServer,
} from "../lib/index.ts";
import { type Serving, serveApp } from "../lib/transports/serving.ts";
import { StartError } from "../lib/transports/start-error.ts";
import { UsageError } from "./arguments.mts";
import { demoApp } from "./demo.mts";
import { loadApp, loadModule } from "./load-app.mts";
import { help, readSettings, type Settings } from "./serve-settings.mts";
import { serveAsWorker, serveByWorkers } from "./serve-workers.mts";
import { version } from "./version.mts";

/** Loads what is to be served, and serves it; the metrics are the primary's where there are workers. */
async function start(settings: Settings): Promise<Serving> {
  const { app, bind, metricsBind, workers, imports, defaultMetrics, demoLatencyMs } = settings;
  const folder = process.cwd();
  for (const module of imports) await loadModule(module, folder);
  const found =
    app === undefined ? demoApp({ registry: register, latencyMs: demoLatencyMs }) : await loadApp(app, folder);
  if (defaultMetrics) collectUnlessTheAppDoes();
  const metrics = workers === undefined && { metricsBind };
  return serveApp({ app: found, ...(bind && { bind }), ...metrics, onError: (error) => tell(inspect(error)) });
}

/** Measures the process. An app that does so itself, in its own way, has done it while it was loaded. */
function collectUnlessTheAppDoes(): void {
  try {
    collectDefaultMetrics();
  } catch (error) {
    if (!(error instanceof AlreadyRegisteredError)) throw error;
  }
}

function tell(text: string): void {
  process.stderr.write(`${program}: ${text}\n`);
}

function stopOnSignals(close: () => Promise<void>, kill: () => void = () => {}): void {
  let isStopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    if (isStopping) {
      kill();
      // As the system would have ended it, had nobody listened.
      process.exit(signal === "SIGINT" ? 130 : 143);
    }
    isStopping = true;
    await close();
    // The app may have timers and connections of its own, which nobody closes.
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

async function serveAlone(settings: Settings): Promise<void> {
  const serving = await start(settings);
  stopOnSignals(async () => {
    const cutOff = await serving.close(settings.drainTimeoutMs);
    if (cutOff > 0)
      tell(`${cutOff} ${cutOff === 1 ? "request was" : "requests were"} not finished in time, and cut off.`);
  });
  announce(settings, serving.appUrl, serving.metricsUrl);
}

async function serveTogether(settings: Settings): Promise<void> {
  const serving = await serveByWorkers(settings, tell, (reason) => {
    tell(`giving up: ${reason}`);
    process.exit(1);
  });
  stopOnSignals(
    () => serving.close(),
    () => serving.kill(),
  );
  process.on("SIGHUP", () => void serving.restart());
  announce(settings, serving.appUrl, serving.metricsUrl);
}

/** Serves the metrics of processes that come to a socket. */
async function serveAggregate({ metricsBind }: Settings, path: string): Promise<void> {
  const onError = (error: unknown) => tell(error instanceof Error ? error.message : inspect(error));
  const registry = new AggregatorRegistry({ onError });
  const metrics = await startMetricsServer({ ...metricsBind, registry, onError, keepProcessAlive: true });
  const socket = await registry.listen(path).catch((error: Error) => {
    throw new StartError(error.message, { cause: error });
  });
  stopOnSignals(async () => {
    await metrics.close();
    await socket.close();
  });
  process.stdout.write(`The processes that report to ${path} have their metrics on ${metrics.url}\n`);
}

function announce({ app }: Settings, appUrl: string, metricsUrl: string | undefined): void {
  const what = app === undefined ? "The demo" : `The app "${app}"`;
  process.stdout.write(`${what} is on ${appUrl} and its metrics are on ${metricsUrl}\n`);
}

const program = basename(process.argv[1] ?? "serve").replace(/\.m[jt]s$/, "");
try {
  const settings = readSettings(process.argv.slice(2));
  if (settings === "help") process.stdout.write(help);
  else if (settings === "version") process.stdout.write(`${version()}\n`);
  else if (settings.aggregate !== undefined) await serveAggregate(settings, settings.aggregate);
  else if (settings.workers === undefined) await serveAlone(settings);
  else if (cluster.isPrimary) await serveTogether(settings);
  else serveAsWorker(await start(settings), settings.drainTimeoutMs, tell);
} catch (error) {
  if (error instanceof UsageError) tell(`${error.message} See ${program} --help.`);
  else if (error instanceof StartError) tell(error.message);
  else tell(`the app failed to start.\n${inspect(error)}`);
  // Not left to the end of the event loop: the app may have started something before it failed.
  process.exit(error instanceof UsageError ? 2 : 1);
}
