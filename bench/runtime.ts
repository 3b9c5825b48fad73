// What it costs to measure the process: while nothing happens, and at a scrape.
import { setTimeout as delay } from "node:timers/promises";
import type { Case, LoneCase, Settings, TimedCase } from "./case.ts";
import { type ContenderName, ours, rival } from "./contenders.ts";

const contenders: readonly ContenderName[] = [ours, rival, "prom-client"];

function scrapeCase(): TimedCase {
  return {
    type: "timed",
    name: "runtime/scrape",
    title: "scrape of the default metrics",
    unit: "ns",
    contenders,
    targets: [{ type: "faster", than: rival, times: 4 }],
    prepare(contender) {
      const registry = new contender.client.Registry();
      contender.client.collectDefaultMetrics?.({ register: registry });
      let scrapes = 0;
      return {
        async run(times) {
          // The figures differ from scrape to scrape; that all are there is told by the length.
          for (let n = 0; n < times; n++) if ((await contender.scrape(registry)) > 5_000) scrapes++;
        },
        check: (times) => scrapes === times,
      };
    },
  };
}

/** A process that waits: the milliseconds of CPU time that a second of it takes. The limit collects nothing. */
function idleCase({ quick }: Settings): LoneCase {
  return {
    type: "lone",
    name: "runtime/idle",
    title: "CPU time a second of an idle process that collects the default metrics",
    unit: "ms",
    contenders: [...contenders, "limit"],
    limitTitle: "collecting nothing",
    targets: [{ type: "beyond", of: "limit", by: 2 }],
    processes: quick ? 1 : 2,
    async measure({ client }, name) {
      const registry = new client.Registry();
      if (name !== "limit") client.collectDefaultMetrics?.({ register: registry });
      // What the start of a process leaves to be done is over by then.
      await delay(quick ? 100 : 2_000);
      const before = process.cpuUsage();
      const startMs = performance.now();
      await delay(quick ? 200 : 8_000);
      const { user, system } = process.cpuUsage(before);
      return [(user + system) / (performance.now() - startMs)];
    },
  };
}

export function cases(settings: Settings): readonly Case[] {
  return [scrapeCase(), idleCase(settings)];
}
