// How long the event loop of this process is kept from turning.
import { openSync, readSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** Looks each millisecond how long ago it looked last. */
export class PauseWatch {
  readonly #ticker: NodeJS.Timeout;
  #last = performance.now();
  #lastWaitedMs = waitedMs();
  #longest = 0;

  constructor() {
    this.#ticker = setInterval(() => this.#look(), 1);
  }

  /** The longest time between two looks since this was last asked, in milliseconds. */
  takeLongest(): number {
    this.#look();
    const longest = this.#longest;
    this.#longest = 0;
    return longest;
  }

  stop(): void {
    clearInterval(this.#ticker);
  }

  #look(): void {
    const waited = waitedMs();
    const now = performance.now();
    // What others have taken of the processor in this time is not for what is measured to answer for.
    this.#longest = Math.max(this.#longest, now - this.#last - (waited - this.#lastWaitedMs));
    this.#last = now;
    this.#lastWaitedMs = waited;
  }
}

/** The longest time between two ticks of a 1 ms ticker while the work is under way. */
export async function longestPause(work: () => Promise<unknown>): Promise<number> {
  const watch = new PauseWatch();
  await sleep(5);
  watch.takeLongest();
  await work();
  await sleep(5);
  watch.stop();
  return watch.takeLongest();
}

let schedstat: number | undefined;
const text = Buffer.alloc(100);

/** How long this thread was ready to run while others had the processor, in milliseconds; 0 where nobody tells. */
function waitedMs(): number {
  if (process.platform !== "linux") return 0;
  try {
    schedstat ??= openSync("/proc/thread-self/schedstat", "r");
    const length = readSync(schedstat, text, 0, text.length, 0);
    return Number(text.toString("latin1", 0, length).split(" ")[1]) / 1e6;
  } catch {
    return 0;
  }
}
