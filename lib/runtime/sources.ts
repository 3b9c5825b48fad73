// Everything the runtime collectors look at, in one place, so that a test can hand in something else.
import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import * as perfHooks from "node:perf_hooks";
import * as timers from "node:timers";
import * as v8 from "node:v8";

/** What a garbage collection is told as. */
export interface GcEntry {
  /** How long it took, in milliseconds. */
  readonly duration: number;
  /** One of the constants `NODE_PERFORMANCE_GC_…`. */
  readonly kind: number;
}

/** An observer of garbage collections, which hears of them in a later turn of the event loop. */
export interface GcObserver {
  disconnect(): void;
}

/** How long the event loop worked and waited since it began, in milliseconds. */
export interface LoopTimes {
  readonly active: number;
  readonly idle: number;
}

/** What libuv counted since the loop began. */
export interface LoopCounts {
  readonly loopCount: number;
  readonly events: number;
  readonly eventsWaiting: number;
}

/** What `process.resourceUsage()` gives and we use. Times are in microseconds. */
export interface Usage {
  readonly userCPUTime: number;
  readonly systemCPUTime: number;
  readonly minorPageFault: number;
  readonly majorPageFault: number;
  readonly fsRead: number;
  readonly fsWrite: number;
  readonly voluntaryContextSwitches: number;
  readonly involuntaryContextSwitches: number;
}

/** A part of V8's heap, with sizes in bytes. */
export type HeapSpace = Pick<
  v8.HeapSpaceInfo,
  "space_name" | "space_size" | "space_used_size" | "space_available_size" | "physical_space_size"
>;

/** The heap as a whole, with sizes in bytes. */
export type Heap = Pick<v8.HeapInfo, "total_heap_size" | "used_heap_size" | "heap_size_limit" | "external_memory">;

/** A small file of /proc that is read again and again, and stays open: to open it takes twice as long as to read it. */
export interface KeptFile {
  /** Its text as it is now. */
  read(): string;
  close(): void;
}

/** Where the collectors have their figures from. What a runtime lacks throws, or is undefined. */
export interface RuntimeSources {
  readonly platform: string;
  /** As `process.version` spells it. */
  readonly version: string;
  /** The wall clock, in milliseconds since the epoch. */
  readonly now: () => number;
  /** A clock that only goes forward, in milliseconds with fractions. */
  readonly monotonicNow: () => number;
  readonly uptimeSeconds: () => number;
  readonly usage: () => Usage;
  readonly memory: () => { readonly rss: number; readonly arrayBuffers?: number };
  readonly heap: () => Heap;
  readonly heapSpaces: () => readonly HeapSpace[];
  readonly activeResources: () => readonly string[];
  readonly activeHandles: () => readonly unknown[];
  readonly activeRequests: () => readonly unknown[];
  readonly loopTimes: () => LoopTimes;
  readonly loopCounts: () => LoopCounts | undefined;
  /** The text of a small file, as of /proc. Throws when there is none, or none that may be read. */
  readonly readFile: (path: string) => string;
  /** Opens a file to be read many times. Throws when there is none, or none that may be read. */
  readonly keepFile: (path: string) => KeptFile;
  /** How many entries a folder has. */
  readonly countEntries: (path: string) => number;
  /** What `stat` says the size of a file or folder is. */
  readonly sizeOf: (path: string) => number;
  readonly observesGc: boolean;
  /** Calls back with every garbage collection from now on. */
  readonly observeGc: (listener: (entries: readonly GcEntry[]) => void) => GcObserver;
  /** Calls back once, after a delay in milliseconds, and keeps no process alive for it. */
  readonly setTimer: (callback: () => void, delayMs: number) => unknown;
  readonly clearTimer: (timer: unknown) => void;
  /**
   * Calls back once, in the next turn of the event loop that something else is the cause of: between what came from the
   * system and the timers. While nothing happens that is never, and costs nothing.
   */
  readonly onTurn: (callback: () => void) => unknown;
  readonly clearTurn: (turn: unknown) => void;
}

/** What `read` gives, or nothing where the runtime or the system does not offer it. */
export function attempt<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

// Taken when this file is loaded: whoever replaces the timers later, as tests of an application do, would otherwise
// find ours among those that wait, and stop the probe for ever when the real ones come back.
const { setTimeout: startTimer, clearTimeout: stopTimer, setImmediate: startTurn, clearImmediate: stopTurn } = timers;
const monotonicNow = performance.now.bind(performance);

/** Handles and requests can be listed by two functions that Node.js has and does not document. */
interface Undocumented {
  _getActiveHandles(): unknown[];
  _getActiveRequests(): unknown[];
}

const undocumented = process as unknown as Undocumented;

/** Node.js 20.18 and 22.8 have it; the types that this is compiled with do not. */
type NodeTiming = perfHooks.PerformanceNodeTiming & { readonly uvMetricsInfo?: LoopCounts };

const buffer = Buffer.allocUnsafeSlow(16_384);

/** A file of /proc gives a page at the most at a time, and breaks off before a record that has no room there. */
const LONGEST_RECORD = 2048;

/** The text of an open file. */
function readOpen(fd: number): string {
  let text = "";
  for (;;) {
    const length = readSync(fd, buffer, 0, buffer.length, text.length);
    text += buffer.toString("latin1", 0, length);
    // What leaves so much of a page was the rest.
    if (length < LONGEST_RECORD) return text;
  }
}

/** Three system calls, and no more memory than the text: `readFileSync` takes three times as long. */
function readSmallFile(path: string): string {
  const fd = openSync(path, "r");
  try {
    return readOpen(fd);
  } finally {
    closeSync(fd);
  }
}

/** Closes what nobody can read any more, as the registry was dropped that it was read for. */
const abandoned = new FinalizationRegistry<number>((fd) => attempt(() => closeSync(fd)));

class OpenFile implements KeptFile {
  readonly #fd: number;

  constructor(path: string) {
    this.#fd = openSync(path, "r");
    abandoned.register(this, this.#fd, this);
  }

  read(): string {
    return readOpen(this.#fd);
  }

  close(): void {
    abandoned.unregister(this);
    // Somebody may have closed all that was open, which is no reason not to end the rest.
    attempt(() => closeSync(this.#fd));
  }
}

/** An entry of the type `gc`, which the types do not tell from others. */
function toGcEntry({ duration, detail }: { readonly duration: number; readonly detail?: unknown }): GcEntry {
  return { duration, kind: (detail as { kind?: number } | undefined)?.kind ?? 0 };
}

/** The types lack it. */
const observerClass = perfHooks.PerformanceObserver as { readonly supportedEntryTypes?: readonly string[] };

/** Others have some functions of Node.js only so that programs find them, and these tell of nothing, always. */
const isBun = process.versions["bun"] !== undefined;
const isDeno = process.versions["deno"] !== undefined;

function lacking(): never {
  throw new Error("This runtime does not tell.");
}

/** The process that runs this. */
export const systemSources: RuntimeSources = {
  platform: process.platform,
  version: process.version,
  now: () => Date.now(),
  monotonicNow,
  uptimeSeconds: () => process.uptime(),
  usage: () => process.resourceUsage(),
  memory: () => process.memoryUsage(),
  heap: () => v8.getHeapStatistics(),
  heapSpaces: isBun ? lacking : () => v8.getHeapSpaceStatistics(),
  activeResources: isBun ? lacking : () => process.getActiveResourcesInfo(),
  activeHandles: isBun ? lacking : () => undocumented._getActiveHandles(),
  activeRequests: isBun ? lacking : () => undocumented._getActiveRequests(),
  loopTimes: () => perfHooks.performance.eventLoopUtilization(),
  loopCounts: () => (perfHooks.performance.nodeTiming as NodeTiming).uvMetricsInfo,
  readFile: readSmallFile,
  keepFile: (path) => new OpenFile(path),
  countEntries: (path) => readdirSync(path).length,
  sizeOf: (path) => statSync(path).size,
  observesGc: !isDeno && observerClass.supportedEntryTypes?.includes("gc") === true,
  observeGc(listener) {
    const observer = new perfHooks.PerformanceObserver((list) => listener(list.getEntries().map(toGcEntry)));
    observer.observe({ entryTypes: ["gc"] });
    return observer;
  },
  setTimer: (callback, delayMs) => startTimer(callback, delayMs).unref(),
  clearTimer: (timer) => stopTimer(timer as NodeJS.Timeout),
  // An immediate makes the loop turn at once; one that is not referred to waits with it.
  onTurn: (callback) => startTurn(callback).unref(),
  clearTurn: (turn) => stopTurn(turn as NodeJS.Immediate),
};
