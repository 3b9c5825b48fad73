// How the main thread finds the threads of the process, and learns that they have ended.
import type { Worker } from "node:worker_threads";
import { systemClock } from "../model/clock.ts";
import type { Registry } from "../registry/registry.ts";
import { SlicedWork } from "./sliced-work.ts";
import { broadcast, type FromThread, listen, TO_MAIN, TO_THREADS, waitingIn } from "./thread-channel.ts";
import { ThreadJoiner } from "./thread-joiner.ts";

/** How long a thread may go on after it said that it is ending, where nobody says that it has. */
const ENDING_MS = 1_000;

/** Has the registry expose what all threads of the process count. Keeps nothing alive. */
export function joinThreads(register: Registry): ThreadJoiner {
  /** The threads that this one has started and that live. */
  const children = new Set<number>();
  /** For each thread that others have started: the children that one of which it descends from. */
  const ancestors = new Map<number, Set<number>>();
  const work = new SlicedWork({
    monotonicNow: systemClock.monotonicNow,
    nextTurn: (callback) => void setImmediate(callback).unref(),
  });

  const joiner = new ThreadJoiner({
    clock: systemClock,
    receive: () => receive(),
    send: (removals) => broadcast(TO_THREADS, { type: "remove", removals }),
  });

  const end = (threadId: number) => {
    ancestors.delete(threadId);
    // Keeps what it has counted, also when others are being read.
    if (joiner.endThread(threadId)) work.add(() => joiner.readThreads());
  };

  const take = (message: FromThread) => {
    switch (message?.type) {
      case "memory": {
        const { memory, threadId, buffer } = message;
        joiner.addThread(memory, threadId, buffer);
        if (!children.has(threadId) && children.size > 0) ancestors.set(threadId, new Set(children));
        return;
      }
      case "ending": {
        const { threadId } = message;
        // The thread's other listeners may count something yet.
        if (!children.has(threadId)) setTimeout(() => end(threadId), ENDING_MS).unref();
        return;
      }
      case "ended":
        end(message.threadId);
        return;
      default:
        // A later version may say more.
        return message satisfies never;
    }
  };

  const channel = listen(TO_MAIN, (message) => take(message as FromThread));
  const receive = () => {
    for (const message of waitingIn(channel)) take(message as FromThread);
  };

  process.on("worker", (worker: Worker) => {
    const id = worker.threadId;
    children.add(id);
    worker.once("exit", () => {
      receive();
      children.delete(id);
      end(id);
      // Threads end with the thread that started them.
      for (const [descendant, possible] of ancestors) {
        possible.delete(id);
        if (possible.size === 0) end(descendant);
      }
    });
  });

  register.watch(joiner);
  register.join(joiner);
  // Those that came before can't know that there is somebody to tell.
  broadcast(TO_THREADS, { type: "tell" });
  return joiner;
}
