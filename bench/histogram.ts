import { type Case, type Settings, sizeName, type TimedCase } from "./case.ts";
import type { Histogram, ObservedSeries } from "./client.ts";
import { type Contender, libraries, ours, rival } from "./contenders.ts";
import { durations, labelColumns, labelNames, randomOrder, seededRandom } from "./traffic.ts";

const name = "http_request_duration_seconds";
const help = "Time to answer.";
const values = durations();
const valueMask = values.length - 1;

/** Eleven are the defaults of the Prometheus clients; others spread over the same range evenly in their logarithm. */
function bounds(count: number): number[] {
  if (count === 11) return [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
  return Array.from({ length: count }, (_, i) => Number((0.005 * 2000 ** (i / (count - 1))).toPrecision(3)));
}

function setUp({ client }: Contender, buckets: readonly number[]) {
  const registry = new client.Registry();
  const options = { name, help, buckets, labelNames: labelNames.slice(0, 3), registers: [registry] };
  return { registry, waits: new client.Histogram(options), exposition: () => registry.metrics() };
}

function keptSeries(waits: Histogram, series: number): ObservedSeries[] {
  const { method, route, status } = labelColumns(series);
  return method.map((value, i) => waits.labels(value, route[i] as string, status[i] as string));
}

/** Every observation is counted once, in `_count` and in the last bucket, whose total is that of all buckets at least. */
function counted(times: number, totals: ReadonlyMap<string, { sum: number }>): boolean {
  return totals.get(`${name}_count`)?.sum === times && (totals.get(`${name}_bucket`)?.sum ?? 0) >= times;
}

/** A histogram that forgot its buckets. */
class PlainSum {
  #sum = 0;

  get sum(): number {
    return this.#sum;
  }

  observe(value: number): void {
    this.#sum += value;
  }
}

function observeInTurn(kept: readonly ObservedSeries[], fed: Float64Array = values): (times: number) => void {
  const only = kept[0] as ObservedSeries;
  let at = 0;
  if (kept.length === 1) {
    return (times) => {
      for (let i = 0; i < times; i++) only.observe(fed[at++ & valueMask] as number);
    };
  }
  let turn = 0;
  return (times) => {
    for (let i = 0; i < times; i++) {
      (kept[turn] as ObservedSeries).observe(fed[at++ & valueMask] as number);
      if (++turn === kept.length) turn = 0;
    }
  };
}

function keptCase(count: number, series: number, fed: Float64Array = values, kind = ""): TimedCase {
  const isPromised = series === 1 && kind === "" && (count === 11 || count === 100);
  return {
    type: "timed",
    name: `histogram/kept-observe${kind}/${count}-bounds/${sizeName(series)}`,
    title: `kept series observe(), ${count} bounds, ${series === 1 ? "one series" : `${series.toLocaleString("en-US")} series in turn`}`,
    unit: "ns",
    contenders: [...libraries, "limit"],
    limitTitle: "adding to a sum alone",
    targets: isPromised
      ? [
          { type: "faster", than: rival, times: 60 },
          { type: "within", of: "limit", times: 2 },
        ]
      : [],
    prepare(contender) {
      const { waits, exposition } = setUp(contender, bounds(count));
      return { run: observeInTurn(keptSeries(waits, series), fed), exposition, check: counted };
    },
    // Some clients expose a kept series before its first observation, others after it.
    ignored: / 0$/,
    prepareLimit() {
      const kept = Array.from({ length: series }, () => new PlainSum());
      return { run: observeInTurn(kept, fed), check: () => kept.some(({ sum }) => sum > 0) };
    },
  };
}

/** What the native buckets of a schema take, against bounds. */
function nativeCase(schema: number): TimedCase {
  return {
    type: "timed",
    name: `histogram/kept-observe-native/schema-${schema}/1`,
    title: `kept series observe(), native buckets of schema ${schema}, one series`,
    unit: "ns",
    contenders: [ours, "limit"],
    limitTitle: "a classic observe(), 11 bounds",
    targets: [{ type: "within", of: "limit", times: 2.5 }],
    prepare({ client }) {
      const registry = new client.Registry();
      const waits = new client.Histogram({ name, help, buckets: [], native: { schema }, registers: [registry] });
      return { run: observeInTurn([waits.labels()]), exposition: () => registry.metrics(), check: counted };
    },
    prepareLimit(contender) {
      const { waits } = setUp(contender, bounds(11));
      return { run: observeInTurn(keptSeries(waits, 1)), check: () => true };
    },
  };
}

function literalCase(series: number): TimedCase {
  return {
    type: "timed",
    name: `histogram/observe-literal/3-labels/${sizeName(series)}`,
    title: `observe({3 labels}, v), 11 bounds, ${series.toLocaleString("en-US")} series`,
    unit: "ns",
    contenders: series > 1000 ? libraries.slice(0, 3) : libraries,
    targets: series === 1000 ? [{ type: "faster", than: rival, times: 9 }] : [],
    prepare(contender) {
      const { waits, exposition } = setUp(contender, bounds(11));
      const { method, route, status } = labelColumns(series);
      const order = randomOrder(series);
      let at = 0;
      return {
        run(times) {
          for (let n = 0; n < times; n++) {
            const i = order[at & 0xffff] as number;
            const labels = { method: method[i] as string, route: route[i] as string, status: status[i] as string };
            waits.observe(labels, values[at++ & valueMask] as number);
          }
        },
        exposition,
        check: counted,
      };
    },
  };
}

function timerCase(): TimedCase {
  return {
    type: "timed",
    name: "histogram/startTimer/3-labels/1k",
    title: "startTimer({3 labels}) and its end, 1,000 series",
    unit: "ns",
    contenders: libraries,
    prepare(contender) {
      const { waits, exposition } = setUp(contender, bounds(11));
      const { method, route, status } = labelColumns(1000);
      const order = randomOrder(1000);
      let at = 0;
      return {
        run(times) {
          for (let n = 0; n < times; n++) {
            const i = order[at++ & 0xffff] as number;
            const end = waits.startTimer({
              method: method[i] as string,
              route: route[i] as string,
              status: status[i] as string,
            });
            end();
          }
        },
        exposition,
        check: (times, totals) => totals.get(`${name}_count`)?.sum === times,
      };
    },
    // How long it took is everybody's own.
    ignored: /_(sum|bucket)\{/,
  };
}

/** Values that fall into each bucket equally often, which no branch predictor foresees. */
function evenValues(count: number): Float64Array {
  const random = seededRandom(23);
  const limits = [0, ...bounds(count), 20];
  return Float64Array.from({ length: valueMask + 1 }, () => {
    const bucket = Math.floor(random() * (limits.length - 1));
    const [low, high] = [limits[bucket] as number, limits[bucket + 1] as number];
    return low + random() * (high - low);
  });
}

export function cases({ quick }: Settings): readonly Case[] {
  return [
    keptCase(5, 1),
    keptCase(11, 1),
    keptCase(50, 1),
    keptCase(100, 1),
    keptCase(11, 1, evenValues(11), "-even"),
    keptCase(100, 1, evenValues(100), "-even"),
    nativeCase(0),
    nativeCase(3),
    nativeCase(8),
    keptCase(11, 1000),
    literalCase(1000),
    literalCase(quick ? 2_000 : 100_000),
    timerCase(),
  ];
}
