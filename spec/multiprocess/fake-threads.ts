// Threads without threads: what a worker thread does, done in this one, so that nothing depends on when it runs.
import { systemClock } from "../../lib/model/clock.ts";
import { ThreadAnnouncer } from "../../lib/multiprocess/thread-announcer.ts";
import { ThreadJoiner } from "../../lib/multiprocess/thread-joiner.ts";
import type { CollectorError } from "../../lib/registry/errors.ts";
import { Registry } from "../../lib/registry/registry.ts";
import type { PageFactory } from "../../lib/storage/pages.ts";
import { SharedMemory } from "../../lib/storage/shared-memory.ts";

/** A thread with a registry of its own. Its metrics have to be declared with `...thread.options`. */
export interface FakeThread {
  readonly id: number;
  readonly registry: Registry;
  readonly memory: SharedMemory;
  readonly options: { readonly registers: Registry[]; readonly pages: PageFactory };
  /** Whether requests of the main thread reach it, as they do when its event loop turns. */
  isBusy: boolean;
  /** Lets it do what it was asked to. */
  turn(): void;
}

/** The main thread and others. */
export function fakeThreads(clock = systemClock) {
  const errors: CollectorError[] = [];
  const registry = new Registry({ onError: (error) => errors.push(error) });
  const threads = new Map<string, { thread: FakeThread; announcer: ThreadAnnouncer; inbox: (() => void)[] }>();
  const joiner = new ThreadJoiner({
    clock,
    receive: () => {},
    send: (removals) => {
      for (const { memory, rows } of removals) {
        const known = threads.get(memory);
        if (known === undefined) throw new Error(`Nobody has the memory "${memory}".`);
        known.inbox.push(() => {
          for (const { family, row, texts } of rows) known.announcer.remove(family, row, texts);
        });
        if (!known.thread.isBusy) known.thread.turn();
      }
    },
  });
  registry.watch(joiner);
  registry.join(joiner);
  let nextId = 1;
  return {
    /** The main thread's registry. */
    registry,
    joiner,
    errors,
    start(): FakeThread {
      const id = nextId++;
      const memory = new SharedMemory();
      const announcer = new ThreadAnnouncer(memory);
      const own = new Registry();
      own.watch(announcer);
      const inbox: (() => void)[] = [];
      const thread: FakeThread = {
        id,
        registry: own,
        memory,
        options: { registers: [own], pages: memory.pages },
        isBusy: false,
        turn: () => {
          for (const obey of inbox.splice(0)) obey();
        },
      };
      threads.set(String(id), { thread, announcer, inbox });
      joiner.addThread(String(id), id, memory.buffer);
      return thread;
    },
    end({ id }: FakeThread): void {
      joiner.endThread(id);
    },
  };
}
