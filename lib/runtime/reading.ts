import { type CgroupLimits, readCgroupLimits } from "./cgroup.ts";
import {
  type NetworkTraffic,
  type ProcLimits,
  type ProcStatus,
  parseLimits,
  parseNetworkTraffic,
  parseStatus,
} from "./proc-files.ts";
import { attempt, type HeapSpace, type KeptFile, type RuntimeSources, type Usage } from "./sources.ts";

/** Limits seldom change, and reading them takes a dozen system calls. So this long they are taken for true. */
const LIMITS_MS = 60_000;

/** What the limits were when they were last read. */
interface Limits {
  readonly atMs: number;
  readonly process: ProcLimits;
  readonly cgroup: CgroupLimits;
}

/** What is known of the process at one moment. Each source is read once, when it is first asked for. */
export interface Reading {
  readonly sources: RuntimeSources;
  readonly usage: () => Usage | undefined;
  readonly memory: () => ReturnType<RuntimeSources["memory"]> | undefined;
  readonly heap: () => ReturnType<RuntimeSources["heap"]> | undefined;
  readonly heapSpaces: () => readonly HeapSpace[] | undefined;
  readonly status: () => ProcStatus;
  readonly network: () => NetworkTraffic | undefined;
  readonly limits: () => ProcLimits;
  readonly cgroup: () => CgroupLimits;
  readonly openFds: () => number | undefined;
  readonly activeResources: () => ReadonlyMap<string, number> | undefined;
  readonly activeHandles: () => ReadonlyMap<string, number> | undefined;
  readonly activeRequests: () => ReadonlyMap<string, number> | undefined;
  readonly loopTimes: () => ReturnType<RuntimeSources["loopTimes"]> | undefined;
  readonly loopCounts: () => ReturnType<RuntimeSources["loopCounts"]>;
}

/** Makes readings: one whenever the figures are asked for anew. There is only one at a time. */
export class Reader {
  readonly #sources: RuntimeSources;
  readonly #isLinux: boolean;
  readonly #reading: Reading;
  /** Counts the readings. */
  #count = 0;
  /** What each reading reads, by path. */
  readonly #files = new Map<string, KeptFile>();
  #limits: Limits | undefined;
  #tellsFds: boolean | undefined;

  constructor(sources: RuntimeSources) {
    this.#sources = sources;
    this.#isLinux = sources.platform === "linux";
    this.#reading = {
      sources,
      usage: this.#once(() => attempt(sources.usage)),
      memory: this.#once(() => attempt(sources.memory)),
      heap: this.#once(() => attempt(sources.heap)),
      heapSpaces: this.#once(() => attempt(sources.heapSpaces)),
      status: this.#once(() => this.#keptFile("/proc/self/status", parseStatus) ?? {}),
      network: this.#once(() => this.#keptFile("/proc/self/net/dev", parseNetworkTraffic)),
      limits: this.#once(() => this.#readLimits().process),
      cgroup: this.#once(() => this.#readLimits().cgroup),
      openFds: this.#once(() => this.#countFds()),
      activeResources: this.#once(() => attempt(() => countBy(sources.activeResources(), (name) => name))),
      activeHandles: this.#once(() => attempt(() => countBy(sources.activeHandles(), className))),
      activeRequests: this.#once(() => attempt(() => countBy(sources.activeRequests(), className))),
      loopTimes: this.#once(() => attempt(sources.loopTimes)),
      loopCounts: this.#once(() => attempt(sources.loopCounts)),
    };
  }

  /** Begins a reading, which ends the one before. */
  read(): Reading {
    this.#count++;
    return this.#reading;
  }

  /** Closes the files that are kept open; the next reading opens them again. */
  close(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }

  /** Something that is read when it is first asked for in a reading, and then kept. */
  #once<Value>(read: () => Value): () => Value {
    let known: Value;
    let readIn = 0;
    return () => {
      if (readIn !== this.#count) {
        known = read();
        readIn = this.#count;
      }
      return known;
    };
  }

  #file<Parsed>(path: string, parse: (text: string) => Parsed): Parsed | undefined {
    if (!this.#isLinux) return undefined;
    const text = attempt(() => this.#sources.readFile(path));
    return text === undefined ? undefined : parse(text);
  }

  /** The same for one that each reading reads. */
  #keptFile<Parsed>(path: string, parse: (text: string) => Parsed): Parsed | undefined {
    if (!this.#isLinux) return undefined;
    const text = attempt(() => {
      let file = this.#files.get(path);
      if (file === undefined) {
        file = this.#sources.keepFile(path);
        this.#files.set(path, file);
      }
      return file.read();
    });
    return text === undefined ? undefined : parse(text);
  }

  #readLimits(): Limits {
    const atMs = this.#sources.monotonicNow();
    if (this.#limits === undefined || atMs - this.#limits.atMs >= LIMITS_MS) {
      this.#limits = {
        atMs,
        process: this.#file("/proc/self/limits", parseLimits) ?? {},
        cgroup: this.#isLinux ? readCgroupLimits(this.#sources.readFile) : {},
      };
    }
    return this.#limits;
  }

  /**
   * Counts open file descriptors. Linux 6.2 and later tell their number as the folder's size, in one call however many
   * there are; that others do not is found out once, by listing them.
   */
  #countFds(): number | undefined {
    if (!this.#isLinux) return undefined;
    const { countEntries, sizeOf } = this.#sources;
    const folder = "/proc/self/fd";
    if (this.#tellsFds === true) return attempt(() => sizeOf(folder));
    const entries = attempt(() => countEntries(folder));
    if (entries === undefined) return undefined;
    // Listing the folder opens it, so that it is in its own list.
    const count = entries - 1;
    this.#tellsFds ??= attempt(() => sizeOf(folder)) === count;
    return count;
  }
}

function countBy<Item>(items: readonly Item[], nameOf: (item: Item) => string | undefined): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) {
    const name = nameOf(item);
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

function className(item: unknown): string | undefined {
  const name: unknown = (item as object | null | undefined)?.constructor?.name;
  return typeof name === "string" && name !== "" ? name : undefined;
}
