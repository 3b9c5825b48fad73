// What living series cost the garbage collector.
import { type Case, type LoneCase, type Settings, sizeName } from "./case.ts";
import { type Contender, ours, rival } from "./contenders.ts";
import { labelColumns, labelNames } from "./traffic.ts";

const collections = 7;

function fillCounters({ client, name }: Contender, size: number, kept: boolean): unknown[] {
  const registry = new client.Registry();
  const counter = new client.Counter({
    name: "served_total",
    help: "Served.",
    labelNames: labelNames.slice(0, 3),
    registers: [registry],
  });
  const alive: unknown[] = [registry, counter];
  const { method, route, status } = labelColumns(size);
  for (let i = 0; i < size; i++) {
    const labels = { method: method[i] as string, route: route[i] as string, status: status[i] as string };
    counter.inc(labels);
    if (kept && name === ours) alive.push(counter.labels(labels));
  }
  return alive;
}

function fullCollectionCase(size: number, kept: boolean, times: number): LoneCase {
  return {
    type: "lone",
    name: `gc/full${kept ? "-kept" : ""}/${sizeName(size)}`,
    title: `full garbage collection with ${size.toLocaleString("en-US")} series alive${kept ? ", each with its kept object" : ""}`,
    unit: "ms",
    contenders: [ours, rival, "limit"],
    processes: 1,
    limitTitle: "nothing alive",
    targets: [{ type: "faster", than: rival, times }],
    async measure(contender, name) {
      const alive = name === "limit" ? [] : fillCounters(contender, size, kept);
      const collect = globalThis.gc as () => void;
      const pauses: number[] = [];
      for (let n = -3; n < collections; n++) {
        const start = performance.now();
        collect();
        if (n >= 0) pauses.push(performance.now() - start);
      }
      if (name !== "limit" && alive.length === 0) throw new Error("Nothing was kept alive.");
      return pauses;
    },
  };
}

export function cases({ quick }: Settings): readonly Case[] {
  const size = quick ? 5_000 : 1_000_000;
  return [fullCollectionCase(size, false, 20), fullCollectionCase(size, true, 4)];
}
