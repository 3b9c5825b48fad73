// What it costs to measure the process: while nothing happens, and at a scrape.
import { setTimeout as delay } from "node:timers/promises";
import type { Case, LoneCase, Settings } from "./case.ts";
import type { Registry, StreamingRegistry } from "./client.ts";
import { type Contender, type ContenderName, ours, rival } from "./contenders.ts";

const contenders: readonly ContenderName[] = [ours, rival, "prom-client"];

/** The nanoseconds of CPU time that a scrape takes, on all threads: V8 compiles and collects garbage on others. */
async function scrapes({ client, scrape }: Contender, beforehand: number, samples: number, times: number) {
  const registry = new client.Registry();
  client.collectDefaultMetrics?.({ register: registry });
  const run = async (count: number) => {
    for (let i = 0; i < count; i++) {
      // The figures differ from scrape to scrape; that all are there is told by the length.
      if ((await scrape(registry)) < 5_000) throw new Error("The exposition of the default metrics is too short.");
    }
  };
  await run(beforehand);
  const figures: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const before = process.cpuUsage();
    await run(times);
    const { user, system } = process.cpuUsage(before);
    figures.push(((user + system) * 1_000) / times);
  }
  return figures;
}

/**
 * Each contender has processes of its own: in one, each would collect the other's garbage. V8 goes on compiling for some
 * four thousand scrapes; what that takes is told by the case below.
 */
function scrapeCase({ quick }: Settings): LoneCase {
  return {
    type: "lone",
    name: "runtime/scrape",
    title: "CPU time of a scrape of the default metrics",
    unit: "ns",
    contenders,
    targets: [{ type: "faster", than: rival, times: 4 }],
    processes: quick ? 1 : 3,
    measure: (contender) => (quick ? scrapes(contender, 10, 1, 10) : scrapes(contender, 5_000, 4, 200)),
  };
}

/** As our HTTP handler reads it: into memory that is lent and used again. The peer has but its string. */
function chunksCase(settings: Settings): LoneCase {
  const { measure, ...rest } = scrapeCase(settings);
  return {
    ...rest,
    name: "runtime/scrape-as-chunks",
    title: "CPU time of a scrape of the default metrics, read as leased chunks",
    contenders: [ours, rival],
    targets: [],
    measure: (contender, name) => measure(name === ours ? { ...contender, scrape: readChunks } : contender, name),
  };
}

async function readChunks(registry: Registry): Promise<number> {
  let length = 0;
  for await (const { bytes, release } of (registry as StreamingRegistry).chunks()) {
    length += bytes.length;
    release();
  }
  return length;
}

/** What compiling takes, which a process that is scraped four times a minute has in its first hour. */
function youngCase({ quick }: Settings): LoneCase {
  return {
    type: "lone",
    name: "runtime/first-scrapes",
    title: "CPU time of each of the first 200 scrapes of the default metrics",
    unit: "ns",
    contenders,
    processes: quick ? 1 : 3,
    measure: (contender) => scrapes(contender, 0, 1, quick ? 10 : 200),
  };
}

/** A process that waits: the milliseconds of CPU time that a second of it takes. The limit collects nothing. */
function idleCase({ quick }: Settings): LoneCase {
  return {
    type: "lone",
    name: "runtime/idle",
    title: "CPU time a second of an idle process that collects the default metrics",
    unit: "ms",
    contenders: [ours, rival, "limit"],
    limitTitle: "collecting nothing",
    targets: [{ type: "beyond", of: "limit", by: 2 }],
    processes: 1,
    async measure({ client }, name) {
      const registry = new client.Registry();
      if (name !== "limit") client.collectDefaultMetrics?.({ register: registry });
      // What the start of a process leaves to be done is over by then.
      await delay(quick ? 100 : 2_000);
      const before = process.cpuUsage();
      const startMs = performance.now();
      await delay(quick ? 200 : 6_000);
      const { user, system } = process.cpuUsage(before);
      return [(user + system) / (performance.now() - startMs)];
    },
  };
}

export function cases(settings: Settings): readonly Case[] {
  return [scrapeCase(settings), chunksCase(settings), youngCase(settings), idleCase(settings)];
}
