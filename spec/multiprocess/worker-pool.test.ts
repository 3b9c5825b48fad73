import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type PoolWorker, type WorkerEvents, WorkerPool } from "../../lib/multiprocess/worker-pool.ts";

/** A worker that only says what it is told. */
class FakeWorker implements PoolWorker {
  readonly pid: number;
  readonly events: WorkerEvents;
  readonly told: string[] = [];
  heardMs: number | undefined;

  constructor(pid: number, events: WorkerEvents) {
    this.pid = pid;
    this.events = events;
  }

  stop(): void {
    this.told.push("stop");
  }

  kill(): void {
    this.told.push("kill");
  }
}

/** A pool of such workers, and a clock that the test turns. */
class FakePool {
  readonly workers: FakeWorker[] = [];
  readonly said: string[] = [];
  readonly pool: WorkerPool;
  timeMs = 0;
  #timers: { readonly atMs: number; readonly callback: () => void }[] = [];

  constructor(size: number) {
    this.pool = new WorkerPool({
      size,
      drainTimeoutMs: 5_000,
      workerTimeoutMs: 30_000,
      now: () => this.timeMs,
      setTimer: (callback, delayMs) => this.#timers.push({ atMs: this.timeMs + delayMs, callback }),
      tell: (text) => this.said.push(text),
      onGiveUp: (reason) => this.said.push(`giving up: ${reason}`),
      fork: (events) => {
        const worker = new FakeWorker(100 + this.workers.length, events);
        this.workers.push(worker);
        return worker;
      },
    });
  }

  worker(index: number): FakeWorker {
    return this.workers[index] as FakeWorker;
  }

  async started(): Promise<this> {
    const started = this.pool.start();
    for (const { events } of this.workers) events.ready();
    await started;
    this.said.length = 0;
    return this;
  }

  advance(milliseconds: number): void {
    const endMs = this.timeMs + milliseconds;
    for (;;) {
      const next = this.#timers.sort((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#timers.shift();
      this.timeMs = next.atMs;
      next.callback();
    }
    this.timeMs = endMs;
  }
}

/** Lets everything happen that waits for nothing but its turn. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("WorkerPool", () => {
  it("replaces a worker that ended", async () => {
    const fake = await new FakePool(2).started();
    fake.advance(5_000);
    fake.worker(1).events.ended(null, "SIGKILL");
    fake.advance(0);
    assert.equal(fake.workers.length, 3);
    fake.worker(2).events.ready();
    assert.deepEqual(fake.said, ["worker 1 (process 101) ended by SIGKILL.", "worker 1 serves as process 102."]);
  });

  it("waits ever longer when workers end again and again soon after they serve", async () => {
    const fake = await new FakePool(1).started();
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      fake.workers.at(-1)?.events.ended(1, null);
      const { length } = fake.workers;
      let waited = 0;
      for (; fake.workers.length === length; waited += 100) fake.advance(100);
      waits.push(waited);
      fake.workers.at(-1)?.events.ready();
    }
    assert.deepEqual(waits, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
    fake.advance(1_000);
    fake.workers.at(-1)?.events.ended(1, null);
    fake.advance(0);
    assert.equal(fake.workers.length, 11);
  });

  it("gives up when the first workers do not start, and says why", async () => {
    const fake = new FakePool(2);
    const started = fake.pool.start();
    fake.worker(0).events.ended(1, null);
    await started;
    assert.deepEqual(fake.said, ["giving up: worker 0 (process 100) ended with exit code 1 before it served."]);
    assert.deepEqual(fake.worker(1).told, ["kill"]);
  });

  it("gives up when five workers in a row end before they serve", async () => {
    const fake = await new FakePool(1).started();
    fake.worker(0).events.ended(1, null);
    for (let i = 1; i <= 5; i++) {
      fake.advance(20_000);
      fake.worker(i).events.ended(2, null);
    }
    fake.advance(60_000);
    assert.equal(fake.workers.length, 6);
    assert.equal(
      fake.said.at(-1),
      "giving up: worker 0 (process 105) ended with exit code 2 before it served, as 5 in a row did.",
    );
  });

  it("kills a worker that is silent for too long, and one that never starts", async () => {
    const fake = await new FakePool(2).started();
    fake.worker(0).heardMs = 0;
    fake.advance(20_000);
    fake.worker(1).heardMs = fake.timeMs;
    fake.advance(10_000);
    assert.deepEqual([fake.worker(0).told, fake.worker(1).told], [["kill"], []]);
    assert.deepEqual(fake.said, ["worker 0 (process 100) was silent for 30 s, and is killed."]);
  });

  it("restarts one by one: a worker finishes when its successor serves", async () => {
    const fake = await new FakePool(2).started();
    const restarted = fake.pool.restart();
    assert.deepEqual([fake.workers.length, fake.worker(0).told], [3, []]);
    fake.worker(2).events.ready();
    await settled();
    assert.deepEqual([fake.workers.length, fake.worker(0).told, fake.worker(1).told], [4, ["stop"], []]);
    fake.worker(3).events.ready();
    await restarted;
    fake.worker(0).events.ended(0, null);
    assert.deepEqual(fake.worker(1).told, ["stop"]);
    assert.equal(fake.workers.length, 4);
    // A worker that does not finish in time is ended.
    fake.advance(6_000);
    assert.deepEqual([fake.worker(0).told, fake.worker(1).told], [["stop"], ["stop", "kill"]]);
  });

  it("keeps a worker whose successor does not start", async () => {
    const fake = await new FakePool(1).started();
    const restarted = fake.pool.restart();
    fake.worker(1).events.ended(1, null);
    await restarted;
    assert.deepEqual(fake.worker(0).told, []);
    assert.equal(fake.said.at(-1), "not restarted: a new worker does not start.");
  });

  it("has one worker in each place when one ends while it is being replaced", async () => {
    const fake = await new FakePool(1).started();
    fake.advance(5_000);
    const restarted = fake.pool.restart();
    fake.worker(0).events.ended(null, "SIGKILL");
    fake.advance(0);
    assert.equal(fake.workers.length, 3);
    fake.worker(2).events.ready();
    fake.worker(1).events.ready();
    await restarted;
    assert.deepEqual([fake.worker(1).told, fake.worker(2).told], [[], ["stop"]]);
  });

  it("lets all workers finish, and starts none in their place", async () => {
    const fake = await new FakePool(2).started();
    const stopped = fake.pool.stop();
    for (const worker of fake.workers) {
      assert.deepEqual(worker.told, ["stop"]);
      worker.events.ended(0, null);
    }
    await stopped;
    fake.advance(60_000);
    assert.equal(fake.workers.length, 2);
  });
});
