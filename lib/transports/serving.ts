import type { Server } from "node:http";
import { register } from "../registry/default-registry.ts";
import { servableApp } from "./app.ts";
import { Connections } from "./connections.ts";
import type { Exposer } from "./exposer.ts";
import { type Address, authority, listen, urlOf } from "./listen.ts";
import { startMetricsServer } from "./server.ts";
import { StartError } from "./start-error.ts";

/** What is served, and where. */
export interface ServingOptions {
  /** What a module exports as its app; see {@link servableApp}. */
  readonly app: unknown;
  /**
   * Where the app listens.
   * @default 127.0.0.1:5000, or where it listens already by itself
   */
  readonly bind?: Address;
  /**
   * Where the metrics are.
   * @default nowhere: another process exposes them
   */
  readonly metricsBind?: Address;
  /**
   * What is exposed.
   * @default the default registry
   */
  readonly registry?: Exposer;
  /** Told what goes wrong while requests are answered; clients are not. */
  readonly onError: (error: unknown) => void;
}

/** An app and its metrics, served. */
export interface Serving {
  /** Where this machine finds the app. */
  readonly appUrl: string;
  /** Where this machine finds the metrics; undefined when they are nowhere. */
  readonly metricsUrl: string | undefined;
  /**
   * Lets requests finish: first those to the app, so that the metrics are there to the last of them.
   *
   * @param timeoutMs how long all of it may take
   * @param lingerMs how long idle connections to the app are left open, for the last request on each
   * @returns how many requests to the app were cut off
   */
  close(timeoutMs: number, lingerMs?: number): Promise<number>;
}

/**
 * Serves an app and, on a port of their own, its metrics.
 *
 * @throws {StartError} when one of them can't listen, or the app is none; then nothing listens
 */
export async function serveApp({
  app,
  bind,
  metricsBind,
  registry = register,
  onError,
}: ServingOptions): Promise<Serving> {
  const { server, close: closeApp } = await servableApp(app, onError);
  const metrics =
    metricsBind && (await startMetricsServer({ ...metricsBind, registry, onError, keepProcessAlive: true }));
  try {
    const connections = new Connections(server);
    const appUrl = server.listening ? ownAddress(server, bind) : urlOf(await listen(server, bind ?? defaultBind));
    server.on("error", onError);
    return {
      appUrl,
      metricsUrl: metrics?.url,
      async close(timeoutMs, lingerMs) {
        const end = performance.now() + timeoutMs;
        const leftMs = () => Math.max(0, end - performance.now());
        const cutOff = await connections.close(timeoutMs, lingerMs);
        if (closeApp !== undefined) await within(leftMs(), closeApp().catch(onError));
        await metrics?.close({ timeoutMs: leftMs() });
        return cutOff;
      },
    };
  } catch (error) {
    server.close();
    await metrics?.close({ timeoutMs: 0 });
    throw error;
  }
}

const defaultBind: Address = { host: "127.0.0.1", port: 5_000 };

/** The address of a server that its own module made listen, which nobody may have wished elsewhere. */
function ownAddress(server: Server, bind: Address | undefined): string {
  const address = server.address();
  const url = typeof address === "string" ? address : urlOf({ host: address?.address ?? "", port: address?.port ?? 0 });
  if (bind === undefined) return url;
  throw new StartError(
    `The app listens already, on ${url}, and not on ${authority(bind)}. Don't call listen() in it, or don't say where.`,
  );
}

/** Waits for something, but not for ever. */
async function within(timeoutMs: number, something: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([something, timeout]);
  clearTimeout(timer);
}
