// Serves an app by several worker processes: one primary process that owns the metrics port and keeps the workers
// alive, and the workers, which share the app's port.
import cluster, { type Worker } from "node:cluster";
import { AggregatorRegistry, startMetricsServer } from "../lib/index.ts";
import { type PoolWorker, WorkerPool } from "../lib/multiprocess/worker-pool.ts";
import type { Serving } from "../lib/transports/serving.ts";
import { StartError } from "../lib/transports/start-error.ts";
import type { Settings } from "./serve-settings.mts";

/** How long a worker that finishes leaves idle connections open, for the last request on each, in milliseconds. */
const LINGER_MS = 1_000;
/** So much of the time to finish a worker has for idle connections at most. */
const LINGER_SHARE = 0.5;

// What the primary and its workers say to each other.
interface Ready {
  readonly type: "serve/ready";
  readonly appUrl: string;
}
const STOP = "serve/stop";
/** A worker has closed its server and finished its requests; the primary answers with the same. */
const STOPPED = "serve/stopped";

/** Workers that serve, and their metrics. */
export interface ServingWorkers {
  readonly appUrl: string;
  readonly metricsUrl: string;
  /** Replaces all workers, one by one. */
  restart(): Promise<void>;
  /** Lets all workers finish. */
  close(): Promise<void>;
  /** Ends all workers at once. */
  kill(): void;
}

/**
 * Starts the workers and serves their metrics.
 *
 * @param tell told what happens to workers
 * @param onGiveUp told why it is of no use to start workers again and again; none is left then
 * @throws {StartError} when the metrics can't be served, or a worker does not start
 */
export async function serveByWorkers(
  { workers = 1, metricsBind, workerTimeoutMs, drainTimeoutMs }: Settings,
  tell: (text: string) => void,
  onGiveUp: (reason: string) => void,
): Promise<ServingWorkers> {
  const registry = new AggregatorRegistry({ onError: (error) => tell(error.message) });
  const metrics = await startMetricsServer({
    ...metricsBind,
    registry,
    onError: (error) => tell(String(error)),
    keepProcessAlive: true,
  });
  // Heartbeats are told by the wall clock, and workers' lives by one that only goes forward.
  const clockMs = performance.now() - Date.now();
  let appUrl = "";
  let isStarted = false;
  let failure: string | undefined;
  const pool = new WorkerPool({
    size: workers,
    workerTimeoutMs,
    drainTimeoutMs,
    tell,
    onGiveUp: (reason) => {
      failure = reason;
      if (isStarted) onGiveUp(reason);
    },
    fork: (events) => {
      const worker = cluster.fork();
      worker.on("message", (message: Partial<Ready> | typeof STOPPED | undefined) => {
        if (message === STOPPED) return void worker.send(STOPPED, () => {});
        if (typeof message !== "object" || message?.type !== "serve/ready") return;
        appUrl = String(message.appUrl);
        events.ready();
      });
      worker.process.once("exit", (code, signal) => events.ended(code, signal));
      return poolWorker(worker, () => {
        const heardMs = registry.heardMs(worker);
        return heardMs === undefined ? undefined : heardMs + clockMs;
      });
    },
  });
  await pool.start();
  if (failure !== undefined) throw new StartError(failure);
  isStarted = true;
  return {
    get appUrl() {
      return appUrl;
    },
    metricsUrl: metrics.url,
    restart: () => pool.restart(),
    async close() {
      await pool.stop();
      await metrics.close();
    },
    kill: () => pool.kill(),
  };
}

function poolWorker(worker: Worker, heardMs: () => number | undefined): PoolWorker {
  return {
    pid: worker.process.pid,
    stop: () => {
      if (worker.isConnected()) worker.send(STOP, () => {});
    },
    kill: () => worker.process.kill("SIGKILL"),
    get heardMs() {
      return heardMs();
    },
  };
}

/** In a worker: says that it serves, and finishes when it is told to. */
export function serveAsWorker(serving: Serving, drainTimeoutMs: number, tell: (text: string) => void): void {
  let isStopping = false;
  const stop = async () => {
    if (isStopping) return;
    isStopping = true;
    const cutOff = await serving.close(drainTimeoutMs, Math.min(LINGER_MS, drainTimeoutMs * LINGER_SHARE));
    if (cutOff > 0) tell(`${cutOff} ${cutOff === 1 ? "request was" : "requests were"} cut off.`);
    // What the primary has sent before it knew that this server is closed are connections. They come before its answer,
    // and go back to it for another worker; nobody would ever answer those that are left in the channel.
    process.send?.(STOPPED, undefined, {}, (error) => {
      if (error !== null) process.exit(0);
    });
  };
  process.on("message", (message) => {
    if (message === STOP) void stop();
    if (message === STOPPED) process.exit(0);
  });
  process.on("SIGTERM", stop);
  // A terminal sends it to all processes, and the primary says what is to be done.
  process.on("SIGINT", () => {});
  process.on("SIGHUP", () => {});
  const ready: Ready = { type: "serve/ready", appUrl: serving.appUrl };
  process.send?.(ready);
}
