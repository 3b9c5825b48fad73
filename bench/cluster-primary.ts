// node cluster-primary.ts CONTENDER SERIES FIGURE SECONDS: four workers with so many series each, of which one in a hundred
// changes each second, and a scrape of all of them each second. It sends its figures to its parent.
import cluster from "node:cluster";
import { setTimeout as sleep } from "node:timers/promises";
import type { Registry, StreamingRegistry } from "./client.ts";
import { type ContenderName, loadContender, ours } from "./contenders.ts";
import { PauseWatch } from "./pause.ts";
import { labelColumns, labelNames } from "./traffic.ts";

const WORKERS = 4;

interface ClusterRegistry {
  clusterMetrics(): Promise<string>;
}

interface ClusterRegistryClass {
  new (): ClusterRegistry;
}

const [name, series, figure, seconds] = process.argv.slice(2) as [
  Exclude<ContenderName, "limit">,
  string,
  string,
  string,
];
const contender = await loadContender(name);
const classes = contender.client as unknown as Record<string, ClusterRegistryClass | undefined>;
const Aggregator = (classes["ClusterRegistry"] ?? classes["AggregatorRegistry"]) as ClusterRegistryClass;

if (cluster.isPrimary) process.send?.(await measure());
else work();

function work(): void {
  new Aggregator();
  const size = Number(series);
  const names = labelNames.slice(0, 3);
  const { Counter, register } = contender.client as typeof contender.client & { readonly register: Registry };
  const registers = [register];
  const counter = new Counter({ name: "http_requests_total", help: "Requests.", labelNames: names, registers });
  const { method, route, status } = labelColumns(size);
  const inc = (i: number) =>
    counter.inc({ method: method[i] as string, route: route[i] as string, status: status[i] as string });
  for (let i = 0; i < size; i++) inc(i);
  let next = 0;
  setInterval(() => {
    for (let n = 0; n < size / 1000; n++) {
      next = (next + 97) % size;
      inc(next);
    }
  }, 100);
  process.send?.("filled");
}

/** A peer gives up a scrape that takes it five seconds. What is measured then is how long that took. */
function giveUp(error: unknown): undefined {
  if (name === ours || !/timed out/i.test(String(error))) throw error;
}

async function measure(): Promise<number[]> {
  const registry = new Aggregator();
  let bytes = 0;
  for (let i = 0; i < WORKERS; i++) {
    const worker = cluster.fork();
    await new Promise<void>((resolve) => {
      worker.on("message", (message: unknown) => {
        // It takes as long as much of what is measured otherwise.
        if (figure === "bytes") bytes += JSON.stringify(message).length;
        if (message === "filled") resolve();
      });
    });
  }
  const expected = `http_requests_total{`;
  const scrape = async () => {
    if (name === ours) {
      let length = 0;
      for await (const chunk of (registry as unknown as StreamingRegistry).stream()) length += chunk.length;
      return length;
    }
    const text = await registry.clusterMetrics().catch(giveUp);
    if (text === undefined) return 0;
    if (text.charCodeAt(text.length - 1) !== 10) throw new Error("The exposition does not end in a newline.");
    return text.length;
  };
  // Until all of it was reported.
  for (;;) {
    const text = await registry.clusterMetrics().catch(giveUp);
    if (text === undefined) break;
    const lines = text.split("\n").filter((line) => line.startsWith(expected));
    const values = lines.map((line) => Number(line.slice(line.lastIndexOf(" "))));
    if (lines.length === Number(series) && Math.min(...values.slice(0, 1000)) >= WORKERS) break;
    await sleep(200);
  }
  await sleep(2_000);
  const times: number[] = [];
  const pauses: number[] = [];
  const sizes: number[] = [];
  const watch = new PauseWatch();
  for (const worker of figure === "fold" ? Object.values(cluster.workers ?? {}) : []) {
    watch.takeLongest();
    worker?.process.kill("SIGKILL");
    await sleep(1_000);
    pauses.push(watch.takeLongest());
  }
  for (let second = 0; second < (figure === "fold" ? 0 : Number(seconds)); second++) {
    bytes = 0;
    watch.takeLongest();
    await sleep(900);
    const start = performance.now();
    await scrape();
    times.push(performance.now() - start);
    await sleep(100);
    pauses.push(watch.takeLongest());
    sizes.push(bytes);
  }
  watch.stop();
  for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill("SIGKILL");
  const figures: Record<string, number[]> = { scrape: times, block: pauses, fold: pauses, bytes: sizes };
  return figures[figure] as number[];
}
