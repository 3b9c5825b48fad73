// Real child processes, whose reports come over the channel that Node.js gives them, and by spool files.
import assert from "node:assert/strict";
import { type ChildProcess, fork, type SerializationType } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { AggregatorRegistry } from "../../lib/index.ts";
import { Aggregation } from "../../lib/multiprocess/aggregation.ts";
import { type Child, Children } from "../../lib/multiprocess/children.ts";

const program = fileURLToPath(new URL("child.ts", import.meta.url));
const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill("SIGKILL");
});

async function start(registry: AggregatorRegistry, serialization: SerializationType = "json"): Promise<ChildProcess> {
  const execArgv = ["--import", import.meta.resolve("tsx")];
  const child = fork(program, { serialization, execArgv, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  children.add(child);
  registry.addWorker(child);
  await new Promise<void>((resolve) => child.on("message", (message) => message === "ready" && resolve()));
  return child;
}

/** The value of a sample, after whoever answers was asked. */
async function value(registry: AggregatorRegistry, sample: string): Promise<number | undefined> {
  const text = await registry.clusterMetrics({ deadlineMs: 60_000 });
  const line = text.split("\n").find((one) => one.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length));
}

describe("AggregatorRegistry with real processes", () => {
  for (const serialization of ["json", "advanced"] as const) {
    it(`adds up what processes report over a channel of ${serialization}`, async () => {
      const registry = new AggregatorRegistry({ intervalMs: 60_000 });
      const [a, b] = await Promise.all([start(registry, serialization), start(registry, serialization)]);
      a.send([
        ["count", 3],
        ["observe", 2],
      ]);
      b.send([
        ["count", 4],
        ["observe", 20],
      ]);
      assert.equal(await value(registry, 'jobs_total{queue="mail"}'), 7);
      assert.equal(await value(registry, 'size_bytes_bucket{le="10"}'), 1);
      assert.equal(await value(registry, "slow"), 2);
      assert.equal(await value(registry, 'tallystick_worker_up{worker="1"}'), 1);
      a.kill("SIGKILL");
      await once(a, "close");
      assert.equal(await value(registry, 'jobs_total{queue="mail"}'), 7);
      assert.equal(await value(registry, "slow"), 1);
      b.send([
        ["count", 5],
        ["exit", 3],
      ]);
      assert.deepEqual(await once(b, "close"), [3, null]);
      assert.equal(await value(registry, 'jobs_total{queue="mail"}'), 12);
      assert.equal(await value(registry, "wait_seconds_count"), 2);
    });
  }
});

describe("Children", () => {
  it("asks a child each interval until it reports, since one that has yet to load the library does not hear it", (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    let asked = 0;
    const child = Object.assign(new EventEmitter(), {
      connected: true,
      exitCode: null,
      signalCode: null,
      send: () => {
        asked++;
        return true;
      },
    }) as unknown as Child;
    new Children(new Aggregation({ intervalMs: 200 })).add(child);
    for (let interval = 1; interval <= 50; interval++) {
      assert.equal(asked, interval);
      t.mock.timers.tick(200);
    }
    // One that never reports is asked rarely in the end.
    for (let interval = 0; interval < 1_000; interval++) t.mock.timers.tick(200);
    assert.ok(asked > 80 && asked < 100, `${asked} times`);
  });
});
