// What a worker thread does so that the main thread can read its metrics.
import { threadId, type Worker } from "node:worker_threads";
import type { Registry } from "../registry/registry.ts";
import { chooseDefaultPages, type PageFactory } from "../storage/pages.ts";
import { SharedMemory } from "../storage/shared-memory.ts";
import { ThreadAnnouncer } from "./thread-announcer.ts";
import { broadcast, type FromMain, listen, TO_MAIN, TO_THREADS } from "./thread-channel.ts";

/**
 * Has this thread's metrics keep their numbers in shared memory from now on, and tells the main thread of those that
 * are registered with the registry.
 *
 * The memory is taken when the first metric is made.
 */
export function shareMetrics(register: Registry): void {
  // Two copies of the library in one thread have a memory each.
  const memoryName = `${threadId}/${Math.random().toString(36).slice(2)}`;
  let memory: SharedMemory | undefined;
  let pages: PageFactory | undefined;

  const begin = (): PageFactory => {
    const shared = new SharedMemory();
    const announcer = new ThreadAnnouncer(shared);
    const tell = () => broadcast(TO_MAIN, { type: "memory", memory: memoryName, threadId, buffer: shared.buffer });
    memory = shared;
    pages = shared.pages;
    listen(TO_THREADS, (message) => {
      const { type, removals } = message as Partial<Extract<FromMain, { type: "remove" }>>;
      if (type !== "remove") {
        tell();
        return;
      }
      for (const { memory: whose, rows } of removals ?? []) {
        if (whose !== memoryName) continue;
        for (const { family, row, texts } of rows) announcer.remove(family, row, texts);
      }
    });
    process.on("exit", () => broadcast(TO_MAIN, { type: "ending", threadId }));
    tell();
    register.watch(announcer);
    return pages;
  };

  const lazily: PageFactory = (cells) => (pages ?? begin())(cells);
  chooseDefaultPages(
    Object.assign(lazily, {
      isShared: true,
      release: (page: Float64Array) => {
        if (memory?.has(page) === true) pages?.release?.(page);
      },
    }),
  );

  // Whether a thread has ended is known for certain only to the thread that started it.
  process.on("worker", (worker: Worker) => {
    const id = worker.threadId;
    worker.once("exit", () => broadcast(TO_MAIN, { type: "ended", threadId: id }));
  });
}
