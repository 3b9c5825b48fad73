// bin/serve: serves an app and its metrics until it is told to stop. What is wrong with the arguments is told with exit
// code 2; what keeps the app from starting, with 1.
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";
import { AlreadyRegisteredError, collectDefaultMetrics, register } from "../lib/index.ts";
import { type Serving, serveApp } from "../lib/transports/serving.ts";
import { StartError } from "../lib/transports/start-error.ts";
import { UsageError } from "./arguments.mts";
import { demoApp } from "./demo.mts";
import { loadApp, loadModule } from "./load-app.mts";
import { help, readSettings, type Settings } from "./serve-settings.mts";

/** The version of the package that this file, or what it was built to, lies in. */
function version(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(folder, "package.json");
    const { version } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")) : {};
    if (typeof version === "string") return version;
    folder = dirname(folder);
  }
}

/** Loads what is to be served, and serves it. */
async function start(settings: Settings): Promise<Serving> {
  const { app, bind, metricsBind, imports, defaultMetrics, demoLatencyMs } = settings;
  const folder = process.cwd();
  for (const module of imports) await loadModule(module, folder);
  const found =
    app === undefined ? demoApp({ registry: register, latencyMs: demoLatencyMs }) : await loadApp(app, folder);
  if (defaultMetrics) collectUnlessTheAppDoes();
  return serveApp({ app: found, ...(bind && { bind }), metricsBind, onError: (error) => tell(inspect(error)) });
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

function stopOnSignals(serving: Serving, drainTimeoutMs: number): void {
  let isStopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    // As the system would have ended it, had nobody listened.
    if (isStopping) process.exit(signal === "SIGINT" ? 130 : 143);
    isStopping = true;
    const cutOff = await serving.close(drainTimeoutMs);
    if (cutOff > 0)
      tell(`${cutOff} ${cutOff === 1 ? "request was" : "requests were"} not finished in time, and cut off.`);
    // The app may have timers and connections of its own, which nobody closes.
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}

const program = basename(process.argv[1] ?? "serve").replace(/\.m[jt]s$/, "");
try {
  const settings = readSettings(process.argv.slice(2));
  if (settings === "help") process.stdout.write(help);
  else if (settings === "version") process.stdout.write(`${version()}\n`);
  else {
    const serving = await start(settings);
    stopOnSignals(serving, settings.drainTimeoutMs);
    const what = settings.app === undefined ? "The demo" : `The app "${settings.app}"`;
    process.stdout.write(`${what} is on ${serving.appUrl} and its metrics are on ${serving.metricsUrl}\n`);
  }
} catch (error) {
  if (error instanceof UsageError) tell(`${error.message} See ${program} --help.`);
  else if (error instanceof StartError) tell(error.message);
  else tell(`the app failed to start.\n${inspect(error)}`);
  // Not left to the end of the event loop: the app may have started something before it failed.
  process.exit(error instanceof UsageError ? 2 : 1);
}
