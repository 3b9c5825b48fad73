// The figures of the process that runs this, beside what the system itself says.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { collectDefaultMetrics, Registry } from "../../lib/index.ts";
import { collectFrom } from "../../lib/runtime/default-metrics.ts";
import { FakeRuntime } from "./fake-sources.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;
const turn = () => new Promise((resolve) => setImmediate(resolve));
const isLinux = process.platform === "linux";

/** The value of a sample, by its name and labels. */
async function sampleOf(registry: Registry, sample: string): Promise<number> {
  const line = (await registry.metrics()).split("\n").find((one) => one.startsWith(`${sample} `));
  assert.ok(line !== undefined, `${sample} is not exposed`);
  return Number(line.slice(sample.length + 1));
}

describe("collectDefaultMetrics, of this process", () => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const value = (sample: string) => sampleOf(registry, sample);

  it("tells what the system tells", { skip: !isLinux && "these are figures of Linux" }, async () => {
    const [seconds = Number.NaN] = /(?<=^btime )\d+/m.exec(readFileSync("/proc/stat", "utf8"))?.map(Number) ?? [];
    const afterName = readFileSync("/proc/self/stat", "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    // Ticks of a hundredth of a second; and the time of the boot is in whole seconds.
    const startedAt = seconds + Number(afterName[19]) / 100;
    assert.ok(Math.abs((await value("process_start_time_seconds")) - startedAt) <= 2);

    const folders: readonly [name: string, count: () => number][] = [
      ["process_threads", () => readdirSync("/proc/self/task").length],
      ["process_open_fds", () => readdirSync("/proc/self/fd").length - 1],
    ];
    for (const [name, count] of folders) {
      const before = count();
      const told = await value(name);
      const after = count();
      assert.ok(
        Math.min(before, after) <= told && told <= Math.max(before, after),
        `${name}: ${before} ${told} ${after}`,
      );
    }
    const [openFiles] = /(?<=^Max open files +)\d+/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    assert.equal(await value("process_max_fds"), Number(openFiles));
    const resident = (await value("process_resident_memory_bytes")) / process.memoryUsage.rss();
    assert.ok(resident > 0.8 && resident < 1.25, String(resident));
    assert.ok((await value("process_virtual_memory_bytes")) > (await value("process_heap_bytes")));
  });

  it("tells the CPU time that was used, and what it was spent on", async () => {
    const before = process.cpuUsage();
    const told = await value("process_cpu_seconds_total");
    const after = process.cpuUsage();
    assert.ok((before.user + before.system) / 1e6 <= told && told <= (after.user + after.system) / 1e6);
    const parts = (await value("process_cpu_user_seconds_total")) + (await value("process_cpu_system_seconds_total"));
    assert.ok(parts >= told);
  });

  it("tells the memory of an array buffer that was made", async () => {
    const before = await value("nodejs_array_buffers_bytes");
    const external = await value("nodejs_external_memory_bytes");
    const buffer = new ArrayBuffer(32_000_000);
    assert.ok((await value("nodejs_array_buffers_bytes")) >= before + 31_000_000);
    assert.ok((await value("nodejs_external_memory_bytes")) >= external + 31_000_000);
    assert.equal(buffer.byteLength, 32_000_000);
  });

  it("tells a timer that is active", async () => {
    const timer = setTimeout(() => {}, 1_000_000);
    assert.ok((await value('nodejs_active_resources{type="Timeout"}')) >= 1);
    clearTimeout(timer);
    assert.equal(await value(`nodejs_version_info{version="${process.version}",${versionLabels()}}`), 1);
  });

  it("counts each of many garbage collections in one turn of the event loop", async () => {
    const count = () => value('nodejs_gc_duration_seconds_count{kind="major"}');
    const before = await count();
    for (let i = 0; i < 12; i++) gc();
    // They are told later, in batches; one that does not count leaves this waiting for ever.
    while ((await count()) < before + 12) await turn();
  });

  it("sees how long the event loop was blocked, whether it was idle or busy before", async () => {
    const delays = async () =>
      (await value("nodejs_eventloop_delay_seconds_count")) -
      (await value('nodejs_eventloop_delay_seconds_bucket{le="0.1"}'));
    for (const wait of [turn, () => new Promise((resolve) => setTimeout(resolve, 400))]) {
      await wait();
      const before = await delays();
      const endMs = performance.now() + 250;
      while (performance.now() < endMs);
      while ((await delays()) === before) await turn();
    }
    assert.ok((await value("nodejs_eventloop_lag_max_seconds")) > 0.1);
    assert.ok((await value('nodejs_eventloop_time_seconds_total{nodejs_eventloop_state="active"}')) > 0.5);
    assert.ok((await value("nodejs_eventloop_iterations_total")) > 2);
  });
});

function versionLabels(): string {
  return process.versions.node
    .split(".")
    .map((part, i) => `${["major", "minor", "patch"][i]}="${part}"`)
    .join();
}

describe("collectDefaultMetrics, when it is over", () => {
  it("grows nothing, and leaves no handle, in a thousand rounds", async () => {
    const registry = new Registry();
    // All that runs between scrapes, and little else, which would only take its time.
    const include = ["eventLoopDelay", "gc"] as const;
    const rounds = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const handle = collectDefaultMetrics({ register: registry, include });
        if (i % 100 === 0) await registry.metrics();
        handle.stop();
      }
      await turn();
      gc();
      await turn();
      gc();
      return process.memoryUsage().heapUsed;
    };
    // The turn that a test waits for may still be there, and is nobody's handle.
    const resources = () => process.getActiveResourcesInfo().filter((type) => type !== "Immediate");
    const beforehand = resources();
    const before = await rounds(300);
    const after = await rounds(1_000);
    // Compiled code and what V8 learns of it go up and down by a tenth of that; a leak would be a multiple of it.
    assert.ok(after - before < 1_000_000, `${after - before} bytes`);
    assert.deepEqual(resources(), beforehand);
    assert.equal(await registry.metrics(), "");
  });

  for (const [what, end] of [
    ["was cleared", (registry: Registry) => registry.clear()],
    ["is gone", () => {}],
  ] as const) {
    it(`ends by itself after its registry ${what}, though the handle is kept`, async () => {
      const runtime = new FakeRuntime();
      const handle = await (async () => {
        const registry = new Registry();
        const made = collectFrom(runtime.sources, { register: registry });
        await registry.metrics();
        end(registry);
        return made;
      })();
      while (runtime.timers.size > 0 || runtime.gcListeners.size > 0) {
        await turn();
        gc();
        runtime.idle(1_000);
        runtime.collectGarbage();
      }
      handle.stop();
    });
  }

  it("goes on while another registry still exposes the metrics", async () => {
    const runtime = new FakeRuntime();
    const merged = (() => {
      const registry = new Registry();
      collectFrom(runtime.sources, { register: registry });
      const both = Registry.merge([registry]);
      registry.clear();
      return both;
    })();
    await turn();
    gc();
    await turn();
    runtime.idle(1_000);
    runtime.collectGarbage();
    assert.deepEqual([runtime.timers.size, runtime.gcListeners.size], [1, 1]);
    assert.ok((await sampleOf(merged, "nodejs_eventloop_delay_seconds_count")) > 50);
  });

  it("keeps no process alive, stopped or not", async () => {
    const library = JSON.stringify(new URL("../../lib/index.ts", import.meta.url).href);
    const program = `
      import { collectDefaultMetrics, Registry, register } from ${library};
      const before = process.getActiveResourcesInfo();
      const stopped = collectDefaultMetrics({ register: new Registry() });
      collectDefaultMetrics();
      if (String(process.getActiveResourcesInfo()) !== String(before)) throw new Error("something is active");
      await new Promise((resolve) => setTimeout(resolve, 50));
      stopped.stop();
      register.metrics().then((text) => console.log(text.includes("process_cpu_seconds_total ")));`;
    const options = ["--import", import.meta.resolve("tsx"), "--input-type=module", "--eval", program];
    // It would wait for ever for whatever either of them left behind.
    assert.deepEqual(await promisify(execFile)(process.execPath, options), { stdout: "true\n", stderr: "" });
  });
});
