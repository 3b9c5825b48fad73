// A process that stands still until a test moves it.
import type { GcEntry, RuntimeSources } from "../../lib/runtime/sources.ts";

interface Timer {
  readonly callback: () => void;
  readonly atMs: number;
}

/** What can be changed of the sources while they are in use. */
export type Changeable = { -readonly [Key in keyof RuntimeSources]: RuntimeSources[Key] };

export class FakeRuntime {
  /** By both clocks. */
  nowMs = 1_000_000;
  /** How much of the time the loop has waited, in milliseconds. */
  idleMs = 1;
  turns = 0;
  readonly timers = new Set<Timer>();
  readonly #turnListeners = new Set<{ readonly callback: () => void }>();
  readonly gcListeners = new Set<(entries: readonly GcEntry[]) => void>();
  readonly files: Record<string, string> = {
    "/proc/self/status":
      "Name:\tnode\nVmPeak:\t  999 kB\nVmSize:\t  100 kB\nVmRSS:\t   20 kB\nVmData:\t   30 kB\nThreads:\t11\n",
    "/proc/self/limits":
      "Limit                     Soft Limit           Hard Limit           Units     \n" +
      "Max open files            1024                 4096                 files     \n" +
      "Max address space         unlimited            unlimited            bytes     \n",
    "/proc/self/net/dev":
      "Inter-|   Receive                                                |  Transmit\n" +
      " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n" +
      "    lo:  500  5    0    0    0     0          0         0  500  5    0    0    0     0       0          0\n" +
      "  eth0:  700  7    0    0    0     0          0         0  300  3    0    0    0     0       0          0\n",
    "/proc/self/cgroup": "0::/\n",
    "/sys/fs/cgroup/memory.max": "1048576\n",
    "/sys/fs/cgroup/cpu.max": "150000 100000\n",
    "/sys/fs/cgroup/pids.max": "max\n",
  };
  /** The files that are kept open. */
  readonly openFiles = new Set<string>();
  readonly sources: Changeable = {
    platform: "linux",
    version: "v20.1.2",
    now: () => this.nowMs,
    monotonicNow: () => this.nowMs,
    uptimeSeconds: () => 10,
    usage: () => ({
      userCPUTime: 1_500_000,
      systemCPUTime: 250_000,
      minorPageFault: 4,
      majorPageFault: 1,
      fsRead: 2,
      fsWrite: 3,
      voluntaryContextSwitches: 6,
      involuntaryContextSwitches: 7,
    }),
    memory: () => ({ rss: 21_000, arrayBuffers: 64 }),
    heap: () => ({ total_heap_size: 2_000, used_heap_size: 1_000, heap_size_limit: 9_000, external_memory: 128 }),
    heapSpaces: () => [
      {
        space_name: "new_space",
        space_size: 800,
        space_used_size: 300,
        space_available_size: 500,
        physical_space_size: 700,
      },
    ],
    activeResources: () => ["Timeout", "TCPSocketWrap", "Timeout"],
    activeHandles: () => [new Map(), new Map()],
    activeRequests: () => [new Set(), Object.create(null), null],
    loopTimes: () => ({ idle: this.idleMs, active: this.nowMs - 1_000_000 - this.idleMs + 4 }),
    loopCounts: () => ({ loopCount: this.turns, events: 3, eventsWaiting: 2 }),
    readFile: (path) => {
      const text = this.files[path];
      if (text === undefined) throw new Error(`ENOENT: ${path}`);
      return text;
    },
    keepFile: (path) => {
      if (this.files[path] === undefined) throw new Error(`ENOENT: ${path}`);
      this.openFiles.add(path);
      return { read: () => this.sources.readFile(path), close: () => void this.openFiles.delete(path) };
    },
    countEntries: () => 21,
    sizeOf: () => 20,
    observesGc: true,
    observeGc: (listener) => {
      this.gcListeners.add(listener);
      return {
        disconnect: () => void this.gcListeners.delete(listener),
      };
    },
    setTimer: (callback, delayMs) => {
      const timer = { callback, atMs: this.nowMs + delayMs };
      this.timers.add(timer);
      return timer;
    },
    clearTimer: (timer) => void this.timers.delete(timer as Timer),
    onTurn: (callback) => {
      const listener = { callback };
      this.#turnListeners.add(listener);
      return listener;
    },
    clearTurn: (turn) => void this.#turnListeners.delete(turn as { readonly callback: () => void }),
  };

  /** Has garbage collected, and tells of it at once. */
  collectGarbage(...entries: readonly GcEntry[]): void {
    for (const listener of this.gcListeners) listener(entries);
  }

  /** The delay of the only timer that waits. */
  get waitMs(): number {
    const [timer, ...others] = this.timers;
    if (timer === undefined || others.length > 0) throw new Error(`There are ${this.timers.size} timers, not one.`);
    return timer.atMs - this.nowMs;
  }

  /** Lets time pass in which the loop waits, and runs the timers that come due; each takes a turn of the loop. */
  idle(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const [next] = [...this.timers].sort((a, b) => a.atMs - b.atMs);
      if (next === undefined || next.atMs > endMs) break;
      this.#wait(next.atMs - this.nowMs);
      this.#turn();
      this.#fire(next);
    }
    this.#wait(endMs - this.nowMs);
  }

  /** Lets time pass in which the loop works, in so many turns; each ends with the timers that came due in it. */
  work(ms: number, turns = 1): void {
    for (let i = 0; i < turns; i++) {
      this.nowMs += ms / turns;
      if (i > 0) this.turns++;
      this.#turn();
      for (const timer of [...this.timers]) {
        if (timer.atMs <= this.nowMs && this.timers.has(timer)) this.#fire(timer);
      }
    }
  }

  #wait(ms: number): void {
    this.nowMs += ms;
    this.idleMs += ms;
  }

  /** Comes to the point of a turn that is between the system's events and the timers. */
  #turn(): void {
    const listeners = [...this.#turnListeners];
    this.#turnListeners.clear();
    for (const { callback } of listeners) callback();
  }

  #fire(timer: Timer): void {
    this.turns++;
    this.timers.delete(timer);
    timer.callback();
  }
}
