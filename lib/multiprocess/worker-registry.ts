import { register } from "../registry/default-registry.ts";
import { Registry } from "../registry/registry.ts";

/**
 * What `@prometheus-io/client` calls the registry of a program with worker threads. Here the default registry exposes
 * what all of them count, so this is needed only by programs that were written for the other.
 */
export class WorkerRegistry extends Registry {
  /**
   * The exposition of what this thread and, if it is the main one, all other threads of the process count. It waits for
   * none of them.
   */
  workerMetrics(): Promise<string> {
    return register.metrics();
  }

  /** Resolves at once: there is nothing to wait for, as what a thread has counted stays when it ends. */
  async shutdown(): Promise<void> {}
}
