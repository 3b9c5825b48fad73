import { type Case, nodeMajor, type Settings, sizeName, type TimedCase, type Workload } from "./case.ts";
import type { Counter, CounterSeries } from "./client.ts";
import { type Contender, libraries, rival } from "./contenders.ts";
import { cutLine, labelColumns, labelNames, randomOrder, requestLines } from "./traffic.ts";

const name = "http_requests_total";
const help = "Requests answered.";

function setUp({ client }: Contender, labels: number) {
  const registry = new client.Registry();
  const hits = new client.Counter({ name, help, labelNames: labelNames.slice(0, labels), registers: [registry] });
  return { registry, hits, exposition: () => registry.metrics() };
}

function counted(times: number, totals: ReadonlyMap<string, { sum: number }>): boolean {
  return totals.get(name)?.sum === times;
}

/** What a counter would be if nobody had to print it. */
class PlainCount {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  inc(amount = 1): void {
    this.#value += amount;
  }
}

function keptSeries(hits: Counter, series: number): CounterSeries[] {
  const { method, route, status } = labelColumns(series);
  return method.map((value, i) => hits.labels(value, route[i] as string, status[i] as string));
}

function inTurn(kept: readonly { inc(): void }[]): (times: number) => void {
  let at = 0;
  return (times) => {
    for (let i = 0; i < times; i++) {
      (kept[at] as CounterSeries).inc();
      if (++at === kept.length) at = 0;
    }
  };
}

function keptCase(series: number): TimedCase {
  return {
    type: "timed",
    name: `counter/kept-inc/${sizeName(series)}`,
    title: `kept series inc(), ${series.toLocaleString("en-US")} series in turn`,
    unit: "ns",
    contenders: [...libraries, "limit"],
    limitTitle: "a plain class with a number field",
    targets: [
      { type: "faster", than: rival, times: 80 },
      { type: "within", of: "limit", times: 1.5 },
    ],
    prepare(contender) {
      const { hits, exposition } = setUp(contender, 3);
      // Zeroes are left out: some clients expose a kept series before its first increment, others after it.
      return { run: inTurn(keptSeries(hits, series)), exposition, check: counted };
    },
    ignored: / 0$/,
    prepareLimit() {
      const kept = Array.from({ length: series }, () => new PlainCount());
      return { run: inTurn(kept), check: (times) => kept.reduce((sum, { value }) => sum + value, 0) === times };
    },
  };
}

function keptRandomCase(series: number): TimedCase {
  return {
    ...keptCase(series),
    name: `counter/kept-inc-random/${sizeName(series)}`,
    title: `kept series inc(), ${series.toLocaleString("en-US")} series at random`,
    targets: [],
    prepare(contender) {
      const { hits, exposition } = setUp(contender, 3);
      const kept = keptSeries(hits, series);
      const order = randomOrder(series);
      let at = 0;
      return {
        run(times) {
          for (let i = 0; i < times; i++) (kept[order[at++ & 0xffff] as number] as CounterSeries).inc();
        },
        exposition,
        check: counted,
      };
    },
    contenders: libraries,
  };
}

function unlabelledCase(): TimedCase {
  return {
    type: "timed",
    name: "counter/inc/no-labels",
    title: "inc() of a counter without labels",
    unit: "ns",
    contenders: libraries,
    prepare(contender) {
      const { hits, exposition } = setUp(contender, 0);
      return {
        run(times) {
          for (let i = 0; i < times; i++) hits.inc();
        },
        exposition,
        check: counted,
      };
    },
  };
}

/** A loop over `inc({…})` with a fresh literal of that many labels, series in random order. */
function literalLoop(hits: Counter, labels: number, series: number): (times: number) => void {
  const { method, route, status, host, zone } = labelColumns(series, labels);
  const order = randomOrder(series);
  let at = 0;
  const next = () => order[at++ & 0xffff] as number;
  const [a, b, c, d, e] = [method, route, status, host, zone] as string[][] as [
    string[],
    string[],
    string[],
    string[],
    string[],
  ];
  switch (labels) {
    case 1:
      return (times) => {
        for (let n = 0; n < times; n++) hits.inc({ method: a[next()] as string });
      };
    case 2:
      return (times) => {
        for (let n = 0; n < times; n++) {
          const i = next();
          hits.inc({ method: a[i] as string, route: b[i] as string });
        }
      };
    case 3:
      return (times) => {
        for (let n = 0; n < times; n++) {
          const i = next();
          hits.inc({ method: a[i] as string, route: b[i] as string, status: c[i] as string });
        }
      };
    case 4:
      return (times) => {
        for (let n = 0; n < times; n++) {
          const i = next();
          hits.inc({ method: a[i] as string, route: b[i] as string, status: c[i] as string, host: d[i] as string });
        }
      };
    default:
      return (times) => {
        for (let n = 0; n < times; n++) {
          const i = next();
          hits.inc({
            method: a[i] as string,
            route: b[i] as string,
            status: c[i] as string,
            host: d[i] as string,
            zone: e[i] as string,
          });
        }
      };
  }
}

/** A loop over `labels(…).inc()` with that many labels, series in random order. */
function positionalLoop(hits: Counter, labels: number, series: number): (times: number) => void {
  const { method, route, status, host, zone } = labelColumns(series, labels);
  const order = randomOrder(series);
  let at = 0;
  const next = () => order[at++ & 0xffff] as number;
  const [a, b, c, d, e] = [method, route, status, host, zone] as string[][] as [
    string[],
    string[],
    string[],
    string[],
    string[],
  ];
  switch (labels) {
    case 1:
      return (times) => {
        for (let n = 0; n < times; n++) hits.labels(a[next()] as string).inc();
      };
    case 2:
      return (times) => {
        for (let n = 0; n < times; n++) {
          const i = next();
          hits.labels(a[i] as string, b[i] as string).inc();
        }
      };
    case 3:
      return (times) => {
        for (let n = 0; n < times; n++) {
          const i = next();
          hits.labels(a[i] as string, b[i] as string, c[i] as string).inc();
        }
      };
    case 4:
      return (times) => {
        for (let n = 0; n < times; n++) {
          const i = next();
          hits.labels(a[i] as string, b[i] as string, c[i] as string, d[i] as string).inc();
        }
      };
    default:
      return (times) => {
        for (let n = 0; n < times; n++) {
          const i = next();
          hits.labels(a[i] as string, b[i] as string, c[i] as string, d[i] as string, e[i] as string).inc();
        }
      };
  }
}

function literalCase(labels: number, series: number): TimedCase {
  const isPromised = labels === 3 && series === 1000;
  return {
    type: "timed",
    name: `counter/inc-literal/${labels}-labels/${sizeName(series)}`,
    title: `inc({${labels} labels}), fresh literal, constant strings, ${series.toLocaleString("en-US")} series`,
    unit: "ns",
    contenders: libraries,
    targets: isPromised ? [{ type: "faster", than: rival, times: nodeMajor >= 24 ? 4 : 5 }] : [],
    prepare(contender) {
      const { hits, exposition } = setUp(contender, labels);
      return { run: literalLoop(hits, labels, series), exposition, check: counted };
    },
  };
}

function positionalCase(labels: number, series: number): TimedCase {
  const isPromised = labels === 3 && series === 1000;
  return {
    type: "timed",
    name: `counter/labels-inc/${labels}-labels/${sizeName(series)}`,
    title: `labels(${["a", "b", "c", "d", "e"].slice(0, labels).join(", ")}).inc(), ${series.toLocaleString("en-US")} series`,
    unit: "ns",
    contenders: libraries.slice(0, 3),
    targets: isPromised ? [{ type: "faster", than: rival, times: 10 }] : [],
    prepare(contender) {
      const { hits, exposition } = setUp(contender, labels);
      return { run: positionalLoop(hits, labels, series), exposition, check: counted };
    },
    ignored: / 0$/,
  };
}

function reusedObjectCase(series: number): TimedCase {
  return {
    type: "timed",
    name: `counter/inc-object/3-labels/${sizeName(series)}`,
    title: `inc(object) with ${series.toLocaleString("en-US")} label objects that are kept and reused`,
    unit: "ns",
    contenders: libraries,
    prepare(contender) {
      const { hits, exposition } = setUp(contender, 3);
      const { method, route, status } = labelColumns(series);
      const objects = method.map((value, i) => ({
        method: value,
        route: route[i] as string,
        status: status[i] as string,
      }));
      const order = randomOrder(series);
      let at = 0;
      return {
        run(times) {
          for (let n = 0; n < times; n++) hits.inc(objects[order[at++ & 0xffff] as number] as (typeof objects)[0]);
        },
        exposition,
        check: counted,
      };
    },
  };
}

function numberLabelCase(series: number): TimedCase {
  return {
    type: "timed",
    name: `counter/inc-number/3-labels/${sizeName(series)}`,
    title: `inc({3 labels}) with the status as a number, ${series.toLocaleString("en-US")} series`,
    unit: "ns",
    contenders: libraries,
    prepare(contender) {
      const { hits, exposition } = setUp(contender, 3);
      const { method, route, status: texts } = labelColumns(series);
      const status = Int32Array.from(texts, Number);
      const order = randomOrder(series);
      let at = 0;
      return {
        run(times) {
          for (let n = 0; n < times; n++) {
            const i = order[at++ & 0xffff] as number;
            hits.inc({ method: method[i] as string, route: route[i] as string, status: status[i] as number });
          }
        },
        exposition,
        check: counted,
      };
    },
  };
}

function freshStringsCase(way: "literal" | "positional", series: number): TimedCase {
  return {
    type: "timed",
    name: `counter/fresh-strings-${way}/3-labels/${sizeName(series)}`,
    title: `${way === "literal" ? "inc({3 labels})" : "labels(a, b, c).inc()"} with strings just cut out of a line, ${series.toLocaleString("en-US")} series`,
    unit: "ns",
    contenders: way === "literal" ? libraries : libraries.slice(0, 3),
    targets: series === 1000 ? [{ type: "faster", than: rival, times: 1.7 }] : [],
    prepare(contender): Workload {
      const { hits, exposition } = setUp(contender, 3);
      const lines = requestLines(labelColumns(series));
      const order = randomOrder(series);
      let at = 0;
      const run =
        way === "literal"
          ? (times: number) => {
              for (let n = 0; n < times; n++) {
                hits.inc(cutLine(lines[order[at++ & 0xffff] as number] as string));
              }
            }
          : (times: number) => {
              for (let n = 0; n < times; n++) {
                const { method, route, status } = cutLine(lines[order[at++ & 0xffff] as number] as string);
                hits.labels(method, route, status).inc();
              }
            };
      return { run, exposition, check: counted };
    },
    ignored: / 0$/,
  };
}

function megamorphicCase(metrics: number): TimedCase {
  return {
    type: "timed",
    name: `counter/one-helper/${metrics}-metrics`,
    title: `inc(labels) of ${metrics} counters and gauges, 1–5 labels, through one helper of the caller`,
    unit: "ns",
    contenders: libraries,
    prepare({ client }) {
      const registry = new client.Registry();
      const { method, route, status, host, zone } = labelColumns(100);
      const made = Array.from({ length: metrics }, (_, n) => {
        const count = 1 + (n % 5);
        const options = {
          name: n % 3 === 2 ? `things_${n}` : `things_${n}_total`,
          help,
          labelNames: labelNames.slice(0, count),
          registers: [registry],
        };
        return { metric: n % 3 === 2 ? new client.Gauge(options) : new client.Counter(options), count };
      });
      const work = Array.from({ length: 4096 }, (_, i) => {
        const { metric, count } = made[i % metrics] as (typeof made)[0];
        const values = [method, route, status, host, zone].map((column) => column[i % 100] as string);
        const labels = Object.fromEntries(labelNames.slice(0, count).map((label, l) => [label, values[l] as string]));
        return { metric, labels };
      });
      const record = (metric: (typeof work)[0]["metric"], labels: (typeof work)[0]["labels"]) => metric.inc(labels, 1);
      let at = 0;
      return {
        run(times) {
          for (let n = 0; n < times; n++) {
            const { metric, labels } = work[at++ & 4095] as (typeof work)[0];
            record(metric, labels);
          }
        },
        exposition: () => registry.metrics(),
        check: (times, totals) => [...totals.values()].reduce((sum, total) => sum + total.sum, 0) === times,
      };
    },
    // OpenTelemetry says nothing of a metric that was not used yet.
    ignored: /^# TYPE/,
  };
}

export function cases({ quick }: Settings): readonly Case[] {
  const many = quick ? 2_000 : 100_000;
  return [
    keptCase(1000),
    keptRandomCase(many),
    unlabelledCase(),
    literalCase(1, 1000),
    literalCase(2, 1000),
    literalCase(3, 10),
    literalCase(3, 1000),
    literalCase(3, many),
    literalCase(4, 1000),
    literalCase(5, 1000),
    reusedObjectCase(1000),
    numberLabelCase(1000),
    positionalCase(1, 1000),
    positionalCase(3, 1000),
    positionalCase(3, many),
    positionalCase(5, 1000),
    freshStringsCase("literal", 1000),
    freshStringsCase("positional", 1000),
    freshStringsCase("literal", many),
    megamorphicCase(12),
  ];
}
