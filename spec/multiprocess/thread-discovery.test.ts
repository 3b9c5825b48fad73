// The main thread's side alone: what it is told of threads is told by this thread, which has none.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { describe, it } from "node:test";
import { Counter, Registry } from "../../lib/core.ts";
import { ThreadAnnouncer } from "../../lib/multiprocess/thread-announcer.ts";
import { broadcast, TO_MAIN } from "../../lib/multiprocess/thread-channel.ts";
import { joinThreads } from "../../lib/multiprocess/thread-discovery.ts";
import { SharedMemory } from "../../lib/storage/shared-memory.ts";
import { eventually } from "../until.ts";

/** A thread that has counted, and whose end the test says. */
function startThread(threadId: number, series: number): EventEmitter {
  const worker = Object.assign(new EventEmitter(), { threadId });
  (process as EventEmitter).emit("worker", worker);
  const memory = new SharedMemory();
  const registry = new Registry();
  registry.watch(new ThreadAnnouncer(memory));
  const options = { registers: [registry], pages: memory.pages };
  const hits = new Counter({ name: "hits_total", help: "Hits.", labelNames: ["path"], ...options });
  for (let path = 0; path < series; path++) hits.inc({ path });
  broadcast(TO_MAIN, { type: "memory", memory: `spec/${threadId}`, threadId, buffer: memory.buffer });
  return worker;
}

describe("joinThreads", () => {
  it("lets go the memory of a thread that ends while another's counts are being kept, though nobody scrapes", async () => {
    const registry = new Registry();
    const joiner = joinThreads(registry);
    const few = startThread(1_000_001, 1);
    const many = startThread(1_000_002, 60_000);
    await eventually(() => assert.equal(joiner.threadCount, 2));
    // Reads all series of both, so that there are only counts to be kept.
    await registry.metrics();
    many.emit("exit");
    await new Promise((resolve) => setImmediate(resolve));
    few.emit("exit");
    await eventually(() => assert.equal(joiner.threadCount, 0));
    assert.match(await registry.metrics(), /^hits_total\{path="0"\} 2$/m);
  });
});
