// How the cost of a series grows with their number: twice as many at each step.
import { type Case, type Settings, sizeName, type TimedCase } from "./case.ts";
import type { Registry } from "./client.ts";
import { ours, rival } from "./contenders.ts";
import { fill } from "./states.ts";
import { labelColumns, labelNames } from "./traffic.ts";

const name = "http_requests_total";
const help = "Requests.";

function createCase(series: number): TimedCase {
  return {
    type: "timed",
    name: `growth/create/${sizeName(series)}`,
    title: `create a series by inc({3 labels}), ${series.toLocaleString("en-US")} of them`,
    unit: "ns",
    contenders: [ours, rival],
    prepare({ client }) {
      const { method, route, status } = labelColumns(series);
      let registry: Registry = new client.Registry();
      return {
        operations: series,
        run(times) {
          for (let n = 0; n < times; n++) {
            registry = new client.Registry();
            const hits = new client.Counter({ name, help, labelNames: labelNames.slice(0, 3), registers: [registry] });
            for (let i = 0; i < series; i++) {
              hits.inc({ method: method[i] as string, route: route[i] as string, status: status[i] as string });
            }
          }
        },
        exposition: () => registry.metrics(),
        check: (_, totals) => totals.get(name)?.count === series,
      };
    },
  };
}

function updateCase(series: number): TimedCase {
  return {
    type: "timed",
    name: `growth/update/${sizeName(series)}`,
    title: `inc({3 labels}) of one of ${series.toLocaleString("en-US")} series, far from the last one`,
    unit: "ns",
    contenders: [ours, rival],
    prepare({ client }) {
      const { method, route, status } = labelColumns(series);
      const registry = new client.Registry();
      const hits = new client.Counter({ name, help, labelNames: labelNames.slice(0, 3), registers: [registry] });
      for (let i = 0; i < series; i++) {
        hits.inc({ method: method[i] as string, route: route[i] as string, status: status[i] as string });
      }
      let at = 0;
      // The golden section of their number: steps of that size visit all series and never stay near.
      const step = Math.round(series * 0.6180339887) | 1;
      return {
        run(times) {
          for (let n = 0; n < times; n++) {
            at += step;
            if (at >= series) at -= series;
            hits.inc({ method: method[at] as string, route: route[at] as string, status: status[at] as string });
          }
        },
        exposition: () => registry.metrics(),
        check: (times, totals) => totals.get(name)?.sum === times + series,
      };
    },
  };
}

function scrapeCase(series: number): TimedCase {
  return {
    type: "timed",
    name: `growth/scrape/${sizeName(series)}`,
    title: `scrape of one of ${series.toLocaleString("en-US")} counters, integers`,
    unit: "ns",
    contenders: [ours, rival],
    prepare(contender) {
      const { registry, sampleName, samples, change } = fill(contender, "integers", series);
      return {
        operations: series,
        async run(times) {
          for (let n = 0; n < times; n++) await contender.scrape(registry);
        },
        between: change,
        exposition: () => registry.metrics(),
        check: (_, totals) => totals.get(sampleName)?.count === samples,
      };
    },
  };
}

export function cases({ quick, full }: Settings): readonly Case[] {
  if (!quick && !full) return [];
  const sizes = Array.from({ length: quick ? 2 : 11 }, (_, i) => 1000 * 2 ** i);
  return [createCase, updateCase, scrapeCase].flatMap((make) => sizes.map(make));
}
