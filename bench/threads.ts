// What a scrape costs that exposes the metrics of several worker threads, and what those cost the threads.
import { once } from "node:events";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { type Case, type LoneCase, type Settings, sizeName } from "./case.ts";
import type { StreamingRegistry } from "./client.ts";
import { type Contender, type ContenderName, ours, rival } from "./contenders.ts";
import { longestPause } from "./pause.ts";
import { labelColumns, labelNames } from "./traffic.ts";

const threads = 4;
/** How long a busy thread goes without letting its event loop turn. */
const busyMs = 50;

function entryOf(name: ContenderName): string {
  if (name === rival) return createRequire(import.meta.url).resolve(rival);
  return new URL("../dist/cjs/lib/index.js", import.meta.url).pathname;
}

/** Runs in each thread: plain JavaScript, since no loader is at work there. */
const threadSource = `
const { parentPort, workerData } = require("node:worker_threads");
const { entry, name = "served_total", columns, labelNames, isBusy, busyMs } = workerData;
const { Counter, WorkerRegistry } = require(entry);
new WorkerRegistry();
const counter = new Counter({ name, help: "Served.", labelNames });
const { method, route, status } = columns;
for (let i = 0; i < method.length; i++) counter.inc({ method: method[i], route: route[i], status: status[i] }, 1 + (i % 1000));
const beBusy = () => {
  const end = performance.now() + busyMs;
  while (performance.now() < end);
  setImmediate(beBusy);
};
setTimeout(() => {
  parentPort.postMessage("ready");
  if (isBusy) beBusy();
}, 100);
parentPort.on("message", () => process.exit());
`;

interface WithWorkers {
  readonly WorkerRegistry: new () => { workerMetrics(): Promise<string> };
}

/** A library that exposes the threads of this process. Ours is the CommonJS build here too, as in the threads. */
function clientOf(contender: Contender, name: ContenderName): WithWorkers {
  if (name === ours) return createRequire(import.meta.url)(entryOf(name)) as WithWorkers;
  return contender.client as unknown as WithWorkers;
}

/** Every thread has all series, with the same numbers. */
function isRight(text: string, size: number): boolean {
  let series = 0;
  let sum = 0;
  for (const line of text.split("\n")) {
    if (!line.startsWith("served_total{")) continue;
    series++;
    sum += Number(line.slice(line.lastIndexOf(" ") + 1));
  }
  let expected = 0;
  for (let i = 0; i < size; i++) expected += threads * (1 + (i % 1000));
  return series === size && sum === expected;
}

function scrapeCase(size: number, isBusy: boolean, scrapes: number): LoneCase {
  return {
    type: "lone",
    name: `threads/scrape-${isBusy ? "busy" : "idle"}/${threads}x${sizeName(size)}`,
    title: `scrape of ${threads} ${isBusy ? "busy" : "idle"} worker threads with ${size.toLocaleString("en-US")} series each`,
    unit: "ms",
    contenders: [ours, rival],
    processes: 1,
    targets: [{ type: "faster", than: rival, times: 50 }],
    async measure(contender, name) {
      const registry = new (clientOf(contender, name).WorkerRegistry)();
      const columns = labelColumns(size);
      const workerData = { entry: entryOf(name), columns, labelNames: labelNames.slice(0, 3), isBusy, busyMs };
      const workers = Array.from(
        { length: threads },
        () => new Worker(threadSource, { eval: true, execArgv: [], workerData }),
      );
      await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once("message", resolve))));
      const times: number[] = [];
      for (let n = -5; n < scrapes; n++) {
        const start = performance.now();
        const text = await registry.workerMetrics();
        const time = performance.now() - start;
        if (n === -5 && !isRight(text, size)) throw new Error(`${name} exposes the threads' counts wrongly.`);
        if (n >= 0) times.push(time);
      }
      await Promise.all(workers.map((worker) => worker.terminate()));
      return times;
    },
  };
}

/** The peer gives up on threads with so many series: what they send takes longer than it waits. */
function firstScrapeCase(size: number, rounds: number): LoneCase {
  return {
    type: "lone",
    name: `threads/block-first/${sizeName(size)}`,
    title: `longest block of the event loop, first scrape of a worker thread with ${size.toLocaleString("en-US")} series`,
    unit: "ms",
    contenders: [ours],
    processes: 1,
    targets: [{ type: "at most", value: 5 }],
    async measure(contender, name) {
      const { register } = clientOf(contender, name) as unknown as { readonly register: StreamingRegistry };
      const columns = labelColumns(size);
      const pauses: number[] = [];
      // The first round is for the engine to warm up.
      for (let round = -1; round < rounds; round++) {
        const metric = `round${round + 1}_total`;
        const data = { entry: entryOf(name), name: metric, columns, labelNames: labelNames.slice(0, 3), isBusy: false };
        const worker = new Worker(threadSource, { eval: true, execArgv: [], workerData: data });
        await once(worker, "message");
        const pause = await longestPause(async () => {
          for await (const _ of register.stream());
        });
        const found = (await register.metrics()).split(`${metric}{`).length - 1;
        if (found !== size) throw new Error(`It exposes ${found} series of ${size}.`);
        if (round >= 0) pauses.push(pause);
        await worker.terminate();
      }
      return pauses;
    },
  };
}

/** Increments kept series in turn, and tells how long one took; the same text for a thread and for the main one. */
const incrementSource = `
const { Counter } = require(entry);
const counter = new Counter({ name: "kept_total", help: "Kept.", labelNames: ["a"] });
const series = Array.from({ length: 1000 }, (_, i) => counter.labels(i));
const round = (times) => {
  for (let n = 0; n < times; n++) for (let i = 0; i < series.length; i++) series[i].inc();
};
const results = [];
for (let n = -5; n < samples; n++) {
  const start = performance.now();
  round(2000);
  if (n >= 0) results.push(((performance.now() - start) * 1e6) / (2000 * series.length));
}
if (series[999].value !== 2000 * (samples + 5)) throw new Error("Some increments were lost.");
`;

function incrementCase(samples: number): LoneCase {
  return {
    type: "lone",
    name: "threads/kept-inc/1k",
    title: "kept series inc() in a worker thread, 1,000 series in turn",
    unit: "ns",
    contenders: [ours, "limit"],
    limitTitle: "the same in the main thread",
    processes: 3,
    targets: [{ type: "within", of: "limit", times: 1.25 }],
    async measure(_, name) {
      const source = `const entry = ${JSON.stringify(entryOf(ours))}, samples = ${samples};${incrementSource}`;
      if (name === "limit") {
        const measure = new Function("require", `${source}; return results;`) as (require: NodeJS.Require) => number[];
        return measure(createRequire(import.meta.url));
      }
      const worker = new Worker(`${source}; require("node:worker_threads").parentPort.postMessage(results);`, {
        eval: true,
        execArgv: [],
      });
      return new Promise((resolve, reject) => {
        worker.once("message", resolve);
        worker.once("error", reject);
      });
    },
  };
}

export function cases({ quick, full }: Settings): readonly Case[] {
  const size = quick ? 500 : 10_000;
  const scrapes = quick ? 5 : 25;
  return [
    scrapeCase(size, false, scrapes),
    scrapeCase(size, true, scrapes),
    firstScrapeCase(quick ? 1_000 : 100_000, 5),
    ...(full ? [firstScrapeCase(1_000_000, 5)] : []),
    incrementCase(quick ? 3 : 15),
  ];
}
