// Real worker threads: they find the main thread, and it them, whatever becomes of them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { run } from "./thread-program.ts";

const declared = `
const { register, Counter, Histogram, Gauge } = await load();
const hits = new Counter({ name: "hits_total", help: "Hits.", labelNames: ["by"] });
`;

describe("Worker threads", () => {
  // After a thread was terminated, the other client's scrapes fail for ever, each after five seconds; and they never
  // had the main thread's own metrics.
  it("are counted while they never let their event loop turn, and when they were terminated", async () => {
    const printed = await run(
      "cjs",
      `${declared}
      if (isMainThread) {
        hits.inc({ by: "main" });
        const worker = start();
        await until(register, /by="loop"} [1-9]/);
        await worker.terminate();
        const first = await register.metrics();
        const second = await register.metrics();
        const { WorkerRegistry } = await load();
        const third = await new WorkerRegistry().workerMetrics();
        console.log(first === second, first === third, first.replace(/(loop"}) [1-9]\\d*/, "$1 many"));
      } else {
        for (;;) hits.inc({ by: "loop" });
      }`,
    );
    assert.equal(
      printed,
      'true true # HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total{by="main"} 1\nhits_total{by="loop"} many\n\n',
    );
  });

  it("are counted to the end when they end, exit or throw, and so are the threads that they start", async () => {
    const printed = await run(
      "esm",
      `${declared}
      if (isMainThread) {
        await Promise.all(["end", "exit", "throw", "parent", "orphan"].map((role) => ended(start(role))));
        console.log((await register.metrics()).split("\\n").slice(2).sort().join("\\n").trim());
      } else {
        hits.inc({ by: workerData });
        if (workerData === "exit") {
          process.on("exit", () => hits.inc({ by: workerData }));
          process.exit(3);
        }
        if (workerData === "throw") throw new Error("as it should");
        if (workerData === "parent") await ended(start("child"));
        if (workerData === "orphan") {
          const child = start("forsaken");
          child.once("message", () => process.exit());
        }
        if (workerData === "forsaken") {
          parentPort.postMessage("counted");
          setInterval(() => {}, 1_000);
        }
      }`,
    );
    const lines = ["child", "end", "forsaken", "orphan", "parent", "throw"].map((by) => `hits_total{by="${by}"} 1`);
    assert.equal(printed, `${[...lines, 'hits_total{by="exit"} 2'].sort().join("\n")}\n`);
  });

  it("are found by a main thread that imports the library after them", async () => {
    const printed = await run(
      "esm",
      `
      if (isMainThread) {
        const worker = start("late");
        await once(worker, "message");
        const { register, Counter } = await load();
        new Counter({ name: "hits_total", help: "Hits.", labelNames: ["by"] }).inc({ by: "x" });
        console.log(await until(register, /x"} 11\\n/));
        await worker.terminate();
      } else {
        const { Counter } = await load();
        new Counter({ name: "hits_total", help: "Hits.", labelNames: ["by"] }).inc({ by: "x" }, 10);
        parentPort.postMessage("counted");
        setInterval(() => {}, 1_000);
      }`,
    );
    assert.equal(printed, '# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total{by="x"} 11\n\n');
  });

  it("reach the one that aggregates processes through the main thread of theirs", async () => {
    const printed = await run(
      "esm",
      `
      import { fork } from "node:child_process";
      const { AggregatorRegistry, Counter } = await load();
      const count = (by, amount) => new Counter({ name: "hits_total", help: "Hits.", labelNames: ["by"] }).inc({ by }, amount);
      if (!isMainThread) {
        count("thread", 10);
        parentPort.postMessage("counted");
        setInterval(() => {}, 1_000);
      } else if (process.argv[2] === "child") {
        count("child", 1);
        await once(start(), "message");
        process.send("counted");
      } else {
        const registry = new AggregatorRegistry();
        const child = fork(fileURLToPath(import.meta.url), ["child"]);
        registry.addWorker(child);
        await new Promise((resolve) => child.on("message", (message) => message === "counted" && resolve()));
        const text = await registry.clusterMetrics({ deadlineMs: 30_000 });
        console.log(text.match(/^hits_total.*$/gm).join(" "));
        child.kill("SIGKILL");
      }`,
    );
    assert.equal(printed, 'hits_total{by="child"} 1 hits_total{by="thread"} 10\n');
  });

  it("may load the library twice, as an ES module and as CommonJS", async () => {
    const cjs = JSON.stringify(new URL("../../dist/cjs/lib/index.js", import.meta.url).pathname);
    const printed = await run(
      "esm",
      `
      const ours = await load();
      const theirs = require(${cjs});
      new ours.Counter({ name: "a_total", help: "A." }).inc(isMainThread ? 1 : 10);
      new theirs.Counter({ name: "b_total", help: "B." }).inc(isMainThread ? 2 : 20);
      if (isMainThread) {
        const worker = start();
        console.log(await until(theirs.register, /a_total 11\\n[^]*b_total 22\\n/));
        await worker.terminate();
      } else setInterval(() => {}, 1_000);`,
    );
    assert.equal(
      printed,
      "# HELP a_total A.\n# TYPE a_total counter\na_total 11\n# HELP b_total B.\n# TYPE b_total counter\nb_total 22\n\n",
    );
  });

  it("never show a histogram that contradicts itself, or a counter that falls, while they write", async () => {
    const printed = await run(
      "esm",
      `${declared}
      const wait = new Histogram({ name: "wait", help: "Wait.", labelNames: ["n"], buckets: [1, 2, 3] });
      if (isMainThread) {
        const workers = [start(), start(), start()];
        await until(register, /wait_count{n="49"} [1-9]/);
        const last = new Map();
        let wrong = 0;
        for (let i = 0; i < 30; i++) {
          const counts = new Map();
          for (const line of (await register.metrics()).split("\\n")) {
            const [name, value] = line.split(" ");
            if (line === "" || line.startsWith("#") || name.startsWith("wait_sum")) continue;
            if (!(Number(value) >= (last.get(name) ?? 0)) || !Number.isInteger(Number(value))) wrong++;
            last.set(name, Number(value));
            const [, n] = /n="([^"]+)"/.exec(line) ?? [];
            if (n === undefined) continue;
            if (name.startsWith("wait_count") ? Number(value) !== counts.get(n) : Number(value) < (counts.get(n) ?? 0)) wrong++;
            counts.set(n, Number(value));
          }
        }
        await Promise.all(workers.map((worker) => worker.terminate()));
        console.log(wrong, last.size > 100);
      } else {
        for (let i = 0; ; i++) {
          hits.inc({ by: i % 3 });
          wait.observe({ n: i % 50 }, i % 5);
        }
      }`,
    );
    assert.equal(printed, "0 true\n");
  });

  it("show native buckets that agree with the count, and whole exemplars, while they write and when they are terminated", async () => {
    const printed = await run(
      "cjs",
      `const { register, Histogram, parse } = await load();
      const size = new Histogram({
        name: "size", help: "Size.", buckets: [1], native: { maxBuckets: 20 }, enableExemplars: true,
      });
      if (isMainThread) {
        size.observe(5, { trace_id: "main" });
        const workers = [start(), start()];
        const format = register.negotiate(
          "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
        );
        const wrong = [];
        let scrapes = 0;
        const scrape = async () => {
          const chunks = [];
          for await (const chunk of register.stream({ format })) chunks.push(chunk);
          const [{ series: [series] }] = parse(Buffer.concat(chunks), format.contentType);
          const { zeroCount, positive, negative, exemplars } = series.native;
          const count = [...positive, ...negative].reduce((sum, one) => sum + one.count, zeroCount);
          if (count !== series.count || series.buckets.at(-1).count !== count) wrong.push([count, series]);
          for (const { labels } of [...exemplars, ...series.buckets.map((one) => one.exemplar).filter(Boolean)])
            if (labels.trace_id !== "main" && labels.trace_id !== labels.again) wrong.push(labels);
          scrapes++;
          return count;
        };
        while ((await scrape()) < 2_000 || scrapes < 20);
        await Promise.all(workers.map((worker) => worker.terminate()));
        console.log((await scrape()) === (await scrape()), wrong);
      } else {
        for (let n = 1; ; n++) {
          const id = String(n).repeat(1 + (n % 6));
          size.observe((n % 2 === 0 ? 1 : -1) * 1.1 ** (n % 60), { trace_id: id, again: id });
        }
      }`,
    );
    assert.equal(printed, "true []\n");
  });
});
