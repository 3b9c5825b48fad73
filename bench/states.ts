// Registries full of series, for whatever looks at a whole scrape.

import type { Registry } from "./client.ts";
import type { Contender } from "./contenders.ts";
import { decimals, durations, integers, labelColumns, labelNames, longDoubles } from "./traffic.ts";

export type StateKind = "integers" | "decimals" | "doubles" | "histograms" | "native" | "families";

export interface State {
  readonly registry: Registry;
  /** How many samples it exposes, by their name: all of them, or those of its first family. */
  readonly sampleName: string;
  readonly samples: number;
  /** Changes the value of every series. */
  change(): void;
}

export const stateTitles: Readonly<Record<StateKind, string>> = {
  integers: "counters, integers",
  decimals: "gauges, two decimals",
  doubles: "gauges, doubles of 16–17 digits",
  histograms: "histogram series, 11 bounds",
  native: "native histogram series",
  families: "families of 5 series",
};

const names = labelNames.slice(0, 3);

/** @param size how many series; of "families", how many families */
export function fill({ client }: Pick<Contender, "client">, kind: StateKind, size: number): State {
  const registry = new client.Registry();
  const registers = [registry];
  const { method, route, status } = labelColumns(kind === "families" ? 5 : size);
  const labelsAt = (i: number) => ({
    method: method[i] as string,
    route: route[i] as string,
    status: status[i] as string,
  });
  let round = 0;
  const filled = (sampleName: string, samples: number, change: () => void): State => {
    change();
    return { registry, sampleName, samples, change };
  };
  switch (kind) {
    case "integers": {
      const counter = new client.Counter({
        name: "http_requests_total",
        help: "Requests.",
        labelNames: names,
        registers,
      });
      const amounts = integers();
      return filled("http_requests_total", size, () => {
        round += 1;
        for (let i = 0; i < size; i++) counter.inc(labelsAt(i), round === 1 ? 1 + (amounts[i & 8191] as number) : 1);
      });
    }
    case "decimals":
    case "doubles": {
      const gauge = new client.Gauge({ name: "payments_euros", help: "Payments.", labelNames: names, registers });
      const values = kind === "decimals" ? decimals() : longDoubles();
      return filled("payments_euros", size, () => {
        round += 1;
        for (let i = 0; i < size; i++) gauge.set(labelsAt(i), values[(i + round) & 8191] as number);
      });
    }
    case "histograms":
    case "native": {
      const isNative = kind === "native";
      const histogram = new client.Histogram({
        name: "wait_seconds",
        help: "Waits.",
        labelNames: names,
        registers,
        ...(isNative && { buckets: [], native: { schema: 3 } }),
      });
      const values = durations();
      // Some dozens of native buckets are populated.
      const observations = isNative ? 100 : 1;
      return filled("wait_seconds_count", size, () => {
        round += 1;
        for (let n = 0; n < (round === 1 ? observations : 1); n++) {
          for (let i = 0; i < size; i++)
            histogram.observe(labelsAt(i), values[(i * 3 + round + n * 61) & 8191] as number);
        }
      });
    }
    case "families": {
      const counters = Array.from({ length: size }, (_, n) => {
        return new client.Counter({ name: `part_${n}_events_total`, help: "Events.", labelNames: names, registers });
      });
      return filled("part_0_events_total", 5, () => {
        for (const counter of counters) {
          for (let i = 0; i < 5; i++) counter.inc(labelsAt(i), 1 + i);
        }
      });
    }
    default:
      return kind satisfies never;
  }
}
