import { type Case, type Settings, sizeName, type TimedCase } from "./case.ts";
import type { Registry } from "./client.ts";
import { libraries, rival } from "./contenders.ts";
import { cutLine, labelColumns, labelNames, requestLines } from "./traffic.ts";

const name = "http_requests_total";
const help = "Requests answered.";

/** Each run fills a new registry, so that a metric grows from nothing every time. */
function counterCase(way: "inc-literal" | "labels" | "fresh-strings", series: number): TimedCase {
  const titles = {
    "inc-literal": "create a series by inc({3 labels})",
    labels: "create a series by labels(a, b, c) and keep it",
    "fresh-strings": "create a series by inc({3 labels}), each string its own",
  };
  return {
    type: "timed",
    name: `creation/counter-${way}/${sizeName(series)}`,
    title: `${titles[way]}, ${series.toLocaleString("en-US")} series`,
    unit: "ns",
    contenders: way === "labels" || series > 10_000 ? libraries.slice(0, 2) : libraries,
    targets: way === "inc-literal" ? [{ type: "faster", than: rival, times: 3 }] : [],
    prepare({ client }) {
      const columns = labelColumns(series);
      const { method, route, status } = columns;
      const lines = requestLines(columns);
      const kept: unknown[] = new Array(series).fill(undefined);
      let registry: Registry = new client.Registry();
      return {
        operations: series,
        run(times) {
          for (let n = 0; n < times; n++) {
            registry = new client.Registry();
            const hits = new client.Counter({ name, help, labelNames: labelNames.slice(0, 3), registers: [registry] });
            for (let i = 0; i < series; i++) {
              if (way === "inc-literal") {
                hits.inc({ method: method[i] as string, route: route[i] as string, status: status[i] as string });
              } else if (way === "fresh-strings") {
                hits.inc(cutLine(lines[i] as string));
              } else {
                const one = hits.labels(method[i] as string, route[i] as string, status[i] as string);
                one.inc();
                kept[i] = one;
              }
            }
          }
        },
        exposition: () => registry.metrics(),
        check(_, totals) {
          const total = totals.get(name);
          return total?.count === series && total.sum === series;
        },
      };
    },
  };
}

function histogramCase(series: number): TimedCase {
  return {
    type: "timed",
    name: `creation/histogram-observe-literal/${sizeName(series)}`,
    title: `create a histogram series by observe({3 labels}, v), 11 bounds, ${series.toLocaleString("en-US")} series`,
    unit: "ns",
    contenders: libraries,
    prepare({ client }) {
      const { method, route, status } = labelColumns(series);
      let registry: Registry = new client.Registry();
      return {
        operations: series,
        run(times) {
          for (let n = 0; n < times; n++) {
            registry = new client.Registry();
            const options = { name: "wait_seconds", help, labelNames: labelNames.slice(0, 3), registers: [registry] };
            const waits = new client.Histogram(options);
            for (let i = 0; i < series; i++) {
              waits.observe(
                { method: method[i] as string, route: route[i] as string, status: status[i] as string },
                0.04,
              );
            }
          }
        },
        exposition: () => registry.metrics(),
        check: (_, totals) => totals.get("wait_seconds_count")?.sum === series,
      };
    },
  };
}

export function cases({ quick }: Settings): readonly Case[] {
  const many = quick ? 2_000 : 100_000;
  return [
    counterCase("inc-literal", quick ? 1_000 : 10_000),
    counterCase("inc-literal", many),
    counterCase("labels", many),
    counterCase("fresh-strings", many),
    histogramCase(quick ? 1_000 : 10_000),
  ];
}
