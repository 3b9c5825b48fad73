import cluster, { type Worker } from "node:cluster";
import type { MetricJson } from "../model/collector.ts";
import { Registry, type RegistryOptions } from "../registry/registry.ts";
import { warnOnce } from "../registry/warn-once.ts";
import { aggregateJson } from "./aggregate-json.ts";
import { Aggregation } from "./aggregation.ts";
import { reportToParent, setReportedRegistries } from "./child-reports.ts";
import { type Child, Children } from "./children.ts";
import { SocketAggregator } from "./socket-aggregator.ts";

/** How processes are aggregated. */
export interface AggregatorRegistryOptions extends Omit<RegistryOptions, "onError"> {
  /**
   * How often a process reports, in milliseconds. When one is killed, what it counted in this time is lost.
   * @default 1000
   */
  readonly intervalMs?: number;
  /**
   * How long each scrape asks the processes for fresh values, in milliseconds; who does not answer is exposed as it
   * reported last. With 0 a scrape waits for nobody.
   * @default 0
   */
  readonly refreshMs?: number;
  /**
   * Hears of collectors that fail, of families that can't be put together, and of reports that can't be read.
   * @default a warning of the process, once for each cause
   */
  readonly onError?: (error: Error) => void;
}

/** What timers take at most. */
const LONGEST_MS = 2 ** 31 - 1;
/** How long `clusterMetrics()` waits for fresh values, in milliseconds. */
const DEFAULT_DEADLINE_MS = 200;

/**
 * A registry that exposes what all worker processes have counted, and what is registered with it itself.
 *
 * In the primary process of `node:cluster` it takes in all workers by itself; processes of `child_process.fork` are
 * taken in by {@link addWorker}. Workers report by themselves what their default registry holds.
 *
 * It holds the last report of each worker, so a scrape waits for none. What a worker has counted stays when it ends.
 *
 * @example
 * if (cluster.isPrimary) {
 *   for (let i = 0; i < 4; i++) cluster.fork();
 *   await startMetricsServer({ port: 8000, registry: new AggregatorRegistry() });
 * }
 */
export class AggregatorRegistry extends Registry {
  readonly #aggregation: Aggregation;
  readonly #children: Children;

  /** @throws {RangeError} for a time that is none */
  constructor({ intervalMs = 1_000, refreshMs = 0, onError, ...options }: AggregatorRegistryOptions = {}) {
    super({ ...options, ...(onError && { onError }) });
    if (!(intervalMs >= 10 && intervalMs <= LONGEST_MS)) {
      throw new RangeError(
        `"intervalMs" must be from 10 to ${LONGEST_MS} milliseconds, but got ${String(intervalMs)}.`,
      );
    }
    if (!(refreshMs >= 0 && refreshMs <= LONGEST_MS)) {
      throw new RangeError(`"refreshMs" must be from 0 to ${LONGEST_MS} milliseconds, but got ${String(refreshMs)}.`);
    }
    this.#aggregation = new Aggregation({ intervalMs, refreshMs, onError: onError ?? warnOnce() });
    this.#children = new Children(this.#aggregation);
    this.registerMetric(this.#aggregation);
    if (!cluster.isPrimary) {
      reportToParent();
      return;
    }
    for (const worker of Object.values(cluster.workers ?? {})) if (worker !== undefined) this.addWorker(worker);
    cluster.on("fork", (worker) => this.addWorker(worker));
  }

  /**
   * Takes in a process that this one has started with a channel: by `child_process.fork`, or by `cluster.fork`, where
   * it is done already. The process has to import this library.
   */
  addWorker(worker: Child | Worker): void {
    this.#children.add("process" in worker ? worker.process : worker);
  }

  /** When a worker reported last, in milliseconds since the epoch; undefined before that. @internal */
  heardMs(worker: Worker): number | undefined {
    return this.#children.memberOf(worker.process)?.heardMs;
  }

  /**
   * Takes in, too, the processes that report to a socket by `reportTo`, whoever has started them.
   *
   * @param path of the socket, in a folder of its own that only this user can enter; it is made if there is none
   * @returns what saves all that was told and listens no more; another life of this process goes on from there
   * @throws {Error} when the folder is open to others, or somebody listens there already
   */
  async listen(path: string): Promise<{ close(): Promise<void> }> {
    return SocketAggregator.listen(this.#aggregation, path);
  }

  /**
   * The exposition, after all workers were asked for fresh values.
   *
   * @param deadlineMs how long they are waited for; who does not answer is exposed as it reported last
   */
  async clusterMetrics({ deadlineMs = DEFAULT_DEADLINE_MS }: { readonly deadlineMs?: number } = {}): Promise<string> {
    await this.#aggregation.refresh(deadlineMs);
    return this.metrics();
  }

  /** Resolves at once: there is nothing to wait for, as a worker leaves what it has counted when it ends. */
  async shutdown(): Promise<void> {}

  /**
   * In a worker: says which registries it reports.
   *
   * @default the default registry
   * @throws {TypeError} for what is no registry
   */
  static setRegistries(registries: Registry | readonly Registry[]): void {
    setReportedRegistries(registries);
  }

  /**
   * A registry with what several processes have told by `getMetricsAsJSON()`, put together. Quantiles can't be: of
   * summaries there are sum and count.
   */
  static aggregate(metrics: readonly (readonly MetricJson[])[]): Registry {
    return aggregateJson(metrics);
  }
}

/** The name that `@prometheus-io/client` has for {@link AggregatorRegistry}. */
export const ClusterRegistry: typeof AggregatorRegistry = AggregatorRegistry;
export type ClusterRegistry = AggregatorRegistry;
