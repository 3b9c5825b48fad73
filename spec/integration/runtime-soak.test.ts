// What is left in memory of metrics of the process that come and go.
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { collectDefaultMetrics, Registry } from "../../lib/index.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;
const openFiles = () => (existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0);
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("collectDefaultMetrics with all collectors", () => {
  it("grows nothing in a thousand rounds of starting and stopping", async () => {
    const registry = new Registry();
    const rounds = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const handle = collectDefaultMetrics({ register: registry });
        if (i % 50 === 0) await registry.metrics();
        // What nobody can ask any more ends by itself.
        if (i % 100 === 50) registry.clear();
        else handle.stop();
        if (i % 25 === 0) await turn();
      }
      for (let i = 0; i < 4; i++) {
        await turn();
        gc();
      }
      return process.memoryUsage().heapUsed;
    };
    const before = await rounds(500);
    const [files, resources] = [openFiles(), process.getActiveResourcesInfo()];
    const after = await rounds(1_000);
    assert.deepEqual([openFiles(), process.getActiveResourcesInfo()], [files, resources]);
    // V8 goes on compiling, which takes a third of that, and it stops growing after two thousand rounds. What a round
    // makes is several kilobytes a metric: a leak of a single one would be more than that.
    assert.ok(after - before < 1_000_000, `${after - before} bytes`);
    assert.equal(await registry.metrics(), "");
  });
});
