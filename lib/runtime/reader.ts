import { type CgroupLimits, readCgroupLimits } from "./cgroup.ts";
import { type ProcLimits, type ProcStatus, parseLimits, parseNetworkTraffic, parseStatus } from "./proc-files.ts";
import { attempt, type KeptFile, type LoopTimes, type RuntimeSources } from "./sources.ts";

/** Limits seldom change, and reading them takes a dozen system calls. So this long they are taken for true. */
const LIMITS_MS = 60_000;

/** What the limits were when they were last read. */
interface Limits {
  readonly atMs: number;
  readonly process: ProcLimits;
  readonly cgroup: CgroupLimits;
}

/**
 * Reads what there is to know of the process, a group of figures at a time. What can't be measured is undefined.
 *
 * Each group is read by a function of its own that is always the same one, so that whoever has several metrics of it
 * reads it once.
 */
export class Reader {
  readonly #sources: RuntimeSources;
  readonly #isLinux: boolean;
  /** What is read at each scrape, by path. */
  readonly #files = new Map<string, KeptFile>();
  #limits: Limits | undefined;
  #tellsFds: boolean | undefined;

  constructor(sources: RuntimeSources) {
    this.#sources = sources;
    this.#isLinux = sources.platform === "linux";
  }

  readonly usage = () => attempt(this.#sources.usage);
  readonly uptimeSeconds = () => attempt(this.#sources.uptimeSeconds);
  readonly memory = () => attempt(this.#sources.memory);
  readonly heap = () => attempt(this.#sources.heap);
  readonly heapSpaces = () => attempt(this.#sources.heapSpaces);
  readonly loopCounts = () => attempt(this.#sources.loopCounts);
  readonly activeResources = () => attempt(() => countBy(this.#sources.activeResources(), (name) => name));
  readonly activeHandles = () => attempt(() => countBy(this.#sources.activeHandles(), className));
  readonly activeRequests = () => attempt(() => countBy(this.#sources.activeRequests(), className));
  readonly network = () => this.#keptFile("/proc/self/net/dev", parseNetworkTraffic);

  readonly status = (): ProcStatus => {
    const status = this.#keptFile("/proc/self/status", parseStatus);
    if (status?.residentBytes !== undefined) return status;
    // That much Node.js knows of any system.
    const residentBytes = this.memory()?.rss;
    return { ...status, ...(residentBytes !== undefined && { residentBytes }) };
  };

  readonly loopTimes = (): LoopTimes | undefined => {
    const times = attempt(this.#sources.loopTimes);
    // Where the time that the loop waits is not told, it is 0 for ever.
    return times !== undefined && times.idle > 0 ? times : undefined;
  };

  readonly limits = (): Limits => {
    const atMs = this.#sources.monotonicNow();
    if (this.#limits === undefined || atMs - this.#limits.atMs >= LIMITS_MS) {
      const { readFile } = this.#sources;
      const text = this.#isLinux ? attempt(() => readFile("/proc/self/limits")) : undefined;
      this.#limits = {
        atMs,
        process: text === undefined ? {} : parseLimits(text),
        cgroup: this.#isLinux ? readCgroupLimits(readFile) : {},
      };
    }
    return this.#limits;
  };

  /**
   * Counts open file descriptors. Linux 6.2 and later tell their number as the folder's size, in one call however many
   * there are; before that it was 0. Which it is, is found out by listing them, mostly once: another thread may open or
   * close one in between.
   */
  readonly openFds = (): number | undefined => {
    if (!this.#isLinux) return undefined;
    const { countEntries, sizeOf } = this.#sources;
    const folder = "/proc/self/fd";
    if (this.#tellsFds === true) return attempt(() => sizeOf(folder));
    const entries = attempt(() => countEntries(folder));
    if (entries === undefined) return undefined;
    // Listing the folder opens it, so that it is in its own list.
    const count = entries - 1;
    if (this.#tellsFds === undefined) {
      const size = attempt(() => sizeOf(folder));
      if (size === count) this.#tellsFds = true;
      else if (size === 0) this.#tellsFds = false;
    }
    return count;
  };

  /** Closes the files that are kept open; whoever reads on opens them again. */
  stop(): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }

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
