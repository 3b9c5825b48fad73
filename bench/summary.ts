import type { Case, Settings, TimedCase } from "./case.ts";
import type { ObservedSeries } from "./client.ts";
import { libraries, ours, rival } from "./contenders.ts";
import { durations } from "./traffic.ts";

const name = "job_seconds";
const values = durations();
const valueMask = values.length - 1;

function keptCase(window: { readonly maxAgeSeconds?: number; readonly ageBuckets?: number }): TimedCase {
  const { ageBuckets } = window;
  return {
    type: "timed",
    name: `summary/kept-observe/${ageBuckets === undefined ? "no-window" : `${ageBuckets}-age-buckets`}`,
    title: `summary.observe(), ${ageBuckets === undefined ? "no window" : `${ageBuckets} age buckets`}`,
    unit: "ns",
    contenders: libraries.slice(0, 3),
    targets: ageBuckets === undefined ? [] : [{ type: "faster", than: rival, times: 150 }],
    prepare({ client, name: contender }) {
      const make = () => {
        const registry = new client.Registry();
        const options = { name, help: "Time a job took.", labelNames: ["queue"], registers: [registry], ...window };
        const kept: ObservedSeries = new client.Summary(options).labels("mail");
        return { registry, kept };
      };
      if (contender === ours) {
        const { kept } = make();
        // The first observation after a pause may start the timer that turns the window; the others may not know of it.
        kept.observe(1);
        refuseClockIn(() => {
          for (const value of values) kept.observe(value);
        });
      }
      const { registry, kept } = make();
      let at = 0;
      return {
        run(times) {
          for (let i = 0; i < times; i++) kept.observe(values[at++ & valueMask] as number);
        },
        exposition: () => registry.metrics(),
        check: (times, totals) => totals.get(`${name}_count`)?.sum === times,
      };
    },
    // Each client estimates quantiles in its own way; whether ours are right is for the tests to show.
    ignored: /quantile=/,
  };
}

/** @throws {Error} when the work looks at a clock, which would cost four times what an observation may */
function refuseClockIn(work: () => void): void {
  const read = (clock: string) => (): never => {
    throw new Error(`The hot path reads the clock by ${clock}.`);
  };
  const { now } = Date;
  const { hrtime } = process;
  const ownNow = Object.getOwnPropertyDescriptor(performance, "now");
  Date.now = read("Date.now()");
  process.hrtime = Object.assign(read("process.hrtime()"), { bigint: read("process.hrtime.bigint()") });
  Object.defineProperty(performance, "now", { value: read("performance.now()"), configurable: true });
  try {
    work();
  } finally {
    Date.now = now;
    process.hrtime = hrtime;
    if (ownNow === undefined) Reflect.deleteProperty(performance, "now");
    else Object.defineProperty(performance, "now", ownNow);
  }
}

export function cases(_: Settings): readonly Case[] {
  return [keptCase({}), keptCase({ maxAgeSeconds: 600, ageBuckets: 5 })];
}
