import { constants } from "node:perf_hooks";
import type { GcEntry, GcObserver, RuntimeSources } from "./sources.ts";

/** The kinds of garbage collections, by the names that prom-client and OpenTelemetry have for them. */
export const gcKinds: readonly string[] = ["major", "minor", "incremental", "weakcb"];

/** The name of a kind. V8 has a second collector of young objects, and may come to have more. */
function kindOf({ kind }: GcEntry): string {
  switch (kind) {
    case constants.NODE_PERFORMANCE_GC_MAJOR:
      return "major";
    case constants.NODE_PERFORMANCE_GC_INCREMENTAL:
      return "incremental";
    case constants.NODE_PERFORMANCE_GC_WEAKCB:
      return "weakcb";
    default:
      return "minor";
  }
}

/**
 * Hears of every garbage collection: entries come in batches, and each of a batch counts.
 *
 * The observer holds the watch weakly. A watch that nobody refers to any more ends by itself.
 */
export class GcWatch {
  readonly #sources: RuntimeSources;
  readonly #listener: (kind: string, seconds: number) => void;
  #observer: GcObserver | undefined;

  constructor(sources: RuntimeSources, listener: (kind: string, seconds: number) => void) {
    this.#sources = sources;
    this.#listener = listener;
  }

  /** @throws whatever a runtime throws that can't observe garbage collections */
  start(): void {
    const watch = new WeakRef(this);
    const observer = this.#sources.observeGc((entries) => {
      const alive = watch.deref();
      if (alive === undefined) observer.disconnect();
      else alive.#tell(entries);
    });
    this.#observer = observer;
  }

  stop(): void {
    this.#observer?.disconnect();
    this.#observer = undefined;
  }

  #tell(entries: readonly GcEntry[]): void {
    for (const entry of entries) this.#listener(kindOf(entry), entry.duration / 1000);
  }
}
