// Series that come and go for ever, with never more than a few alive: as of jobs, pods or sessions.
import { type Case, type LoneCase, type Settings, sizeName, type TimedCase } from "./case.ts";
import { type Contender, ours, rival } from "./contenders.ts";
import { liveBytes } from "./memory.ts";

const alive = 10_000;
const name = "job_steps_total";

/** Each time creates a series with a label value that never was before, and removes the one that is `alive` series older. */
function churn({ client }: Contender) {
  const registry = new client.Registry();
  const steps = new client.Counter({ name, help: "Steps done.", labelNames: ["job", "state"], registers: [registry] });
  let next = 0;
  const run = (times: number) => {
    for (let n = 0; n < times; n++) {
      steps.inc({ job: `job-${next}`, state: "done" });
      if (next >= alive) steps.remove(`job-${next - alive}`, "done");
      next += 1;
    }
  };
  return { registry, run };
}

function timeCase(): TimedCase {
  return {
    type: "timed",
    name: `churn/create-remove/${sizeName(alive)}-alive`,
    title: "create a series with a value never seen, and remove an old one",
    unit: "ns",
    contenders: [ours, rival, "prom-client"],
    prepare(contender) {
      const { registry, run } = churn(contender);
      run(2 * alive);
      return {
        run,
        exposition: () => registry.metrics(),
        check: (_, totals) => totals.get(name)?.count === alive,
      };
    },
  };
}

function memoryCase(total: number): LoneCase {
  return {
    type: "lone",
    name: `churn/memory-growth/${sizeName(total)}`,
    title: `memory that ${total.toLocaleString("en-US")} series leave behind, from the first tenth to the last`,
    unit: "bytes",
    contenders: [ours, rival],
    processes: 1,
    targets: [{ type: "at most", value: 1e6 }],
    async measure(contender) {
      const { registry, run } = churn(contender);
      const tenth = async () => {
        run(total / 10);
        await contender.scrape(registry);
        return liveBytes();
      };
      const first = await tenth();
      let last = first;
      for (let n = 1; n < 10; n++) last = await tenth();
      return [last - first];
    },
  };
}

export function cases({ quick, full }: Settings): readonly Case[] {
  return [timeCase(), memoryCase(quick ? 200_000 : full ? 10_000_000 : 1_000_000)];
}
