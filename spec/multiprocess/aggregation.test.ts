import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, Gauge, Histogram, Info, type Registry, StateSet, Summary } from "../../lib/core.ts";
import type { Aggregator } from "../../lib/model/aggregator.ts";
import { type ColumnFamily, FamilyView } from "../../lib/storage/column-family.ts";
import { Random } from "../judges/random.ts";
import { type FakeProcess, Processes } from "./processes.ts";

function jobs(process: FakeProcess): Counter<"queue"> {
  return new Counter({ name: "jobs_total", help: "Jobs.", labelNames: ["queue"], registers: process.registers });
}

describe("Aggregation", () => {
  it("adds up the counters and histograms of all processes", async () => {
    const processes = new Processes();
    for (let i = 1; i <= 3; i++) {
      const process = processes.start();
      const { registers } = process;
      jobs(process).inc({ queue: "mail" }, i);
      const size = new Histogram({ name: "size_bytes", help: "Sizes.", buckets: [1, 2], registers });
      size.observe(i);
      process.report();
      size.observe(0.5);
      process.report();
    }
    assert.equal(
      await processes.exposition(),
      `# HELP jobs_total Jobs.
# TYPE jobs_total counter
jobs_total{queue="mail"} 6
# HELP size_bytes Sizes.
# TYPE size_bytes histogram
size_bytes_bucket{le="1"} 4
size_bytes_bucket{le="2"} 5
size_bytes_bucket{le="+Inf"} 6
size_bytes_sum 7.5
size_bytes_count 6
`,
    );
  });

  it("tells which slots have a process that reports, and when", async () => {
    const processes = new Processes();
    const [first] = [processes.start(), processes.start()];
    first?.report();
    processes.timeMs += 3_000;
    assert.equal(
      await processes.exposed.metrics(),
      `# HELP tallystick_worker_up Whether the process in this slot lives and has reported lately.
# TYPE tallystick_worker_up gauge
tallystick_worker_up{worker="0"} 1
tallystick_worker_up{worker="1"} 0
# HELP tallystick_worker_last_report_timestamp_seconds When the process in this slot read the values that are exposed.
# TYPE tallystick_worker_last_report_timestamp_seconds gauge
tallystick_worker_last_report_timestamp_seconds{worker="0"} 1000
`,
    );
    processes.timeMs += 1;
    assert.match(await processes.exposed.metrics(), /^tallystick_worker_up\{worker="0"\} 0$/m);
    first?.kill();
    assert.equal(processes.start().member.slot, 0);
  });

  describe("by aggregator", () => {
    const cases: readonly (readonly [Aggregator, string, string])[] = [
      ["sum", "load 12\n", "load 11\n"],
      ["first", "load 1\n", "load 8\n"],
      ["min", "load 1\n", "load 3\n"],
      ["max", "load 8\n", "load 8\n"],
      ["average", "load 4\n", "load 5.5\n"],
      ["latest", "load 1\n", "load 1\n"],
      ["livesum", "load 12\n", "load 11\n"],
      [
        "all",
        'load{worker="0"} 1\nload{worker="1"} 8\nload{worker="2"} 3\n',
        'load{worker="1"} 8\nload{worker="2"} 3\n',
      ],
      ["omit", "", ""],
    ];
    for (const [aggregator, alive, after] of cases) {
      it(`${aggregator} puts gauges together, and those that are left when a process has ended`, async () => {
        const processes = new Processes();
        const all = [4, 8, 3].map((value) => {
          const process = processes.start();
          const gauge = new Gauge({ name: "load", help: "Load.", aggregator, registers: process.registers });
          gauge.set(value);
          process.report();
          processes.timeMs++;
          return { process, gauge };
        });
        all[0]?.gauge.set(1);
        all[0]?.process.report();
        const lines = async () => (await processes.exposition()).replace(/^#.*\n/gm, "");
        assert.equal(await lines(), alive);
        all[0]?.process.kill();
        assert.equal(await lines(), after);
      });
    }

    it("livesum leaves out a process that is silent", async () => {
      const processes = new Processes();
      const [a, b] = [processes.start(), processes.start()] as const;
      for (const { registers } of [a, b]) {
        new Gauge({ name: "load", help: "Load.", aggregator: "livesum", registers }).set(2);
      }
      a.report();
      processes.timeMs += 3_001;
      b.report();
      assert.match(await processes.exposition(), /^load 2$/m);
      a.report();
      assert.match(await processes.exposition(), /^load 4$/m);
    });

    it("livesum leaves a silent process out of histograms and summaries, too", async () => {
      const processes = new Processes();
      const [a, b] = [processes.start(), processes.start()] as const;
      for (const { registers } of [a, b]) {
        const options = { help: "H.", aggregator: "livesum", registers } as const;
        new Histogram({ name: "wait", buckets: [1], ...options }).observe(0.5);
        new Summary({ name: "size", percentiles: [], ...options }).observe(3);
      }
      const counts = async () => (await processes.exposition()).match(/^\w+_(bucket|sum|count)\S* \S+$/gm);
      a.report();
      processes.timeMs += 3_001;
      b.report();
      const one = ['wait_bucket{le="1"} 1', 'wait_bucket{le="+Inf"} 1', "wait_sum 0.5", "wait_count 1"];
      assert.deepEqual(await counts(), [...one, "size_sum 3", "size_count 1"]);
      a.report();
      const two = ['wait_bucket{le="1"} 2', 'wait_bucket{le="+Inf"} 2', "wait_sum 1", "wait_count 2"];
      assert.deepEqual(await counts(), [...two, "size_sum 6", "size_count 2"]);
    });

    it("livesum adds up a series only when that is written", async () => {
      let asked = 0;
      const processes: Processes = new Processes({
        now: () => {
          asked++;
          return processes.timeMs;
        },
      });
      const process = processes.start();
      const { registers } = process;
      const load = new Gauge({ name: "load", help: "Load.", labelNames: ["core"], aggregator: "livesum", registers });
      for (let core = 0; core < 100; core++) load.set({ core }, 1);
      process.report();
      const [family] = processes.aggregation.columns;
      asked = 0;
      const view = new FamilyView(family as ColumnFamily);
      assert.equal(asked, 0);
      const number = new Float64Array(1);
      view.read(0, number);
      assert.deepEqual([asked, ...number], [1, 1]);
      view.close();
    });

    it("all counts on where the predecessor in the slot ended", async () => {
      const processes = new Processes();
      for (let life = 0; life < 3; life++) {
        const process = processes.start();
        const options = { name: "jobs_total", help: "Jobs.", aggregator: "all", registers: process.registers } as const;
        new Counter(options).inc(5);
        process.report();
        process.kill();
      }
      assert.match(await processes.exposition(), /^jobs_total\{worker="0"\} 15$/m);
    });
  });

  it("unites infos and state sets", async () => {
    const processes = new Processes();
    for (const [version, state] of [
      ["1", "on"],
      ["2", "on"],
      ["2", "off"],
    ] as const) {
      const process = processes.start();
      const { registers } = process;
      new Info({ name: "build_info", help: "Build.", registers }).set({ version });
      new StateSet({ name: "light", help: "Light.", states: ["on", "off"], registers }).set(state);
      process.report();
    }
    const text = `# HELP build_info Build.
# TYPE build_info gauge
build_info{version="1"} 1
build_info{version="2"} 1
# HELP light Light.
# TYPE light gauge
light{light="on"} 1
light{light="off"} 1
`;
    assert.equal(await processes.exposition(), text);
  });

  it("replaces an info that tells something else", async () => {
    const processes = new Processes();
    const process = processes.start();
    const info = new Info({ name: "build_info", help: "Build.", registers: process.registers });
    info.set({ version: "1" });
    process.report();
    info.set({ version: "2", patch: "a" });
    process.report();
    assert.equal(
      await processes.exposition(),
      '# HELP build_info Build.\n# TYPE build_info gauge\nbuild_info{patch="a",version="2"} 1\n',
    );
  });

  it("ranks the observations of all processes, those that ended included", async () => {
    const processes = new Processes();
    const together = processes.start();
    const options = { name: "wait_seconds", help: "Waits.", percentiles: [0, 0.5, 0.9, 1] };
    const judge = new Summary({ ...options, registers: [] });
    const random = new Random(7);
    for (let i = 0; i < 5; i++) {
      const process = i === 0 ? together : processes.start();
      const summary = new Summary({ ...options, registers: process.registers });
      for (let n = 0; n < 200; n++) {
        const value = random.between(1, 1000) / 1000;
        summary.observe(value);
        judge.observe(value);
        if (n % 50 === 0) process.report();
      }
      process.report();
      if (i % 2 === 1) process.kill();
    }
    const { values } = await judge.get();
    const lines = (await processes.exposition()).split("\n").filter((line) => /^wait_seconds(?!_sum)/.test(line));
    assert.deepEqual(
      lines.map((line) => Number(line.split(" ")[1])),
      values.filter(({ metricName }) => metricName !== "wait_seconds_sum").map(({ value }) => value),
    );
  });

  describe("when processes end, reset or remove", () => {
    it("keeps what ended processes have counted, from the first of them on", async () => {
      const processes = new Processes();
      for (let life = 0; life < 50; life++) {
        const process = processes.start();
        const counter = jobs(process);
        counter.inc({ queue: "mail" }, 0.1);
        process.report();
        counter.inc({ queue: "mail" }, 0.2);
        process.report();
        process.kill();
      }
      const text = await processes.exposition();
      const value = Number(/^jobs_total\{queue="mail"\} (.*)$/m.exec(text)?.[1]);
      assert.ok(Math.abs(value - 15) < 1e-9, text);
    });

    it("never lets a counter fall, however fractions are rounded when their sum changes its order", async () => {
      const processes = new Processes();
      const random = new Random(3);
      let before = 0;
      const alive = new Map<FakeProcess, Counter<"queue">>();
      for (let step = 0; step < 200; step++) {
        const process =
          random.between(0, 3) === 0 || alive.size === 0 ? processes.start() : random.pick([...alive.keys()]);
        const counter = alive.get(process) ?? jobs(process);
        alive.set(process, counter);
        counter.inc({ queue: "mail" }, random.between(1, 1000) / 7);
        process.report();
        if (random.between(0, 4) === 0) {
          process.kill();
          alive.delete(process);
        }
        const now = Number(/^jobs_total\{queue="mail"\} (.*)$/m.exec(await processes.exposition())?.[1]);
        assert.ok(now >= before, `${now} after ${before} in step ${step}`);
        before = now;
      }
    });

    it("keeps what a process counted before it was reset, as long as another has the series", async () => {
      const processes = new Processes();
      const [a, b] = [processes.start(), processes.start()] as const;
      const [ofA, ofB] = [jobs(a), jobs(b)];
      for (const counter of [ofA, ofB]) counter.inc({ queue: "mail" }, 5);
      a.report();
      b.report();
      ofA.reset();
      ofA.inc({ queue: "mail" }, 1);
      a.report();
      assert.match(await processes.exposition(), /^jobs_total\{queue="mail"\} 11$/m);
      ofA.remove("mail");
      a.report();
      assert.match(await processes.exposition(), /^jobs_total\{queue="mail"\} 11$/m);
      ofB.remove("mail");
      b.report();
      assert.equal(await processes.exposition(), "");
    });

    it("counts on when the counter of a custom collector falls", async () => {
      const processes = new Processes();
      const process = processes.start();
      let value = 10;
      process.registry.registerMetric({
        name: "others",
        collect: () => [{ name: "others_total", type: "counter", help: "Others.", series: [{ labels: {}, value }] }],
      });
      process.report();
      value = 3;
      process.report();
      assert.match(await processes.exposition(), /^others_total 13$/m);
    });

    it("puts the families of custom collectors together as these say, and leaves out those that say so", async () => {
      const processes = new Processes();
      for (const value of [1, 5]) {
        const process = processes.start();
        const common = { type: "gauge", help: "Help.", series: [{ labels: {}, value }] } as const;
        process.registry.registerMetric({
          name: "custom",
          collect: () => [
            { name: "most", aggregator: "max", ...common },
            { name: "none", aggregator: "omit", ...common },
          ],
        });
        process.report();
      }
      assert.equal(await processes.exposition(), "# HELP most Help.\n# TYPE most gauge\nmost 5\n");
    });

    it("drops a metric that is registered no more, and takes it back when it is again", async () => {
      const processes = new Processes();
      const process = processes.start();
      const counter = jobs(process);
      counter.inc({ queue: "mail" });
      process.report();
      process.registry.unregister(counter);
      process.report();
      assert.equal(await processes.exposition(), "");
      process.registry.registerMetric(counter);
      process.report();
      assert.match(await processes.exposition(), /^jobs_total\{queue="mail"\} 1$/m);
    });

    it("holds what 10,000 processes have left in the memory of one", async () => {
      const processes = new Processes();
      const { aggregation } = processes;
      const one = processes.start();
      const counter = jobs(one);
      for (let queue = 0; queue < 10; queue++) counter.inc({ queue }, queue);
      one.report();
      one.kill();
      for (let life = 1; life < 10_000; life++) {
        const member = aggregation.join({ askForAll: () => {}, askForFresh: () => {} });
        for (const frame of one.frames) aggregation.receive(member, frame);
        assert.equal(member.slot, 0);
        aggregation.leave(member);
      }
      aggregation.work.finish();
      const text = await processes.exposition();
      assert.equal(text.split("\n").length, 2 + 10 + 1);
      assert.match(text, /^jobs_total\{queue="9"\} 90000$/m);
      assert.equal(processes.aggregation.members.length, 0);
      assert.match(await processes.exposed.metrics(), /^tallystick_worker_up\{worker="0"\} 0$/m);
    });
  });

  describe("when processes disagree", () => {
    it("refuses a histogram with other bounds, and says so", async () => {
      const processes = new Processes();
      const [a, b] = [processes.start(), processes.start()] as const;
      for (const [process, buckets] of [
        [a, [1]],
        [b, [2]],
      ] as const) {
        new Histogram({
          name: "size_bytes",
          help: "Sizes.",
          buckets: [...buckets],
          registers: process.registers,
        }).observe(1);
        process.report();
      }
      assert.deepEqual(processes.errors, [
        'The process in slot 1: its histogram with the bounds 2 "size_bytes" can\'t be put together with the histogram ' +
          "with the bounds 1 that other processes have.",
      ]);
      const text = await processes.exposition();
      assert.match(text, /^size_bytes_count 1$/m);
      assert.match(await processes.exposed.metrics(), /^tallystick_reports_refused_total\{reason="family"\} 1$/m);
      // Once nobody alive has the old bounds, the new ones count.
      a.kill();
      assert.equal(b.asked, 1);
      b.report();
      assert.match(await processes.exposition(), /^size_bytes_bucket\{le="2"\} 1$/m);
    });

    it("takes other bounds when the collector of the only process that has the histogram changes them", async () => {
      const processes = new Processes();
      const process = processes.start();
      let bound = 1;
      process.registry.registerMetric({
        name: "size",
        collect: () => [
          {
            name: "size_bytes",
            type: "histogram",
            help: "Sizes.",
            series: [{ labels: {}, count: 3, sum: 4, buckets: [{ bound, count: 2 }] }],
          },
        ],
      });
      process.report();
      bound = 2;
      process.report();
      assert.deepEqual(processes.errors, []);
      assert.equal(
        await processes.exposition(),
        `# HELP size_bytes Sizes.
# TYPE size_bytes histogram
size_bytes_bucket{le="2"} 2
size_bytes_bucket{le="+Inf"} 3
size_bytes_sum 4
size_bytes_count 3
`,
      );
    });

    it("refuses a family whose samples another has as a family of its own", async () => {
      const processes = new Processes();
      const [a, b] = [processes.start(), processes.start()] as const;
      new Histogram({ name: "size", help: "Sizes.", buckets: [1], registers: a.registers }).observe(1);
      new Counter({ name: "size_count", help: "Clash.", registers: b.registers }).inc();
      a.report();
      b.report();
      assert.deepEqual(processes.errors, [
        'The process in slot 1: its counter "size_count" exposes "size_count", as "size" does.',
      ]);
    });

    it("puts series of other label names beside one another", async () => {
      const processes = new Processes();
      const [a, b] = [processes.start(), processes.start()] as const;
      jobs(a).inc({ queue: "mail" });
      new Counter({ name: "jobs_total", help: "Jobs.", labelNames: ["kind", "queue"], registers: b.registers }).inc({
        kind: "x",
        queue: "mail",
      });
      a.report();
      b.report();
      assert.equal(
        await processes.exposition(),
        `# HELP jobs_total Jobs.
# TYPE jobs_total counter
jobs_total{queue="mail"} 1
jobs_total{kind="x",queue="mail"} 1
`,
      );
    });
  });

  it("adds up series by their labels, whatever these are and however many, in whatever order they are declared", async () => {
    const processes = new Processes();
    const names = ["a", "b", "c", "d", "e", "f", "g", "__proto__"] as const;
    for (let i = 1; i <= 3; i++) {
      const process = processes.start();
      const labelNames = i === 2 ? [...names].reverse() : names;
      const counter = new Counter({
        name: "x_total",
        help: "X.",
        labelNames: [...labelNames],
        registers: process.registers,
      });
      const values = Object.fromEntries(names.map((name) => [name, `${name}|\n"\\`]));
      counter.labels(...(labelNames.map((name) => values[name]) as [string])).inc(i);
      process.report();
    }
    const lines = (await processes.exposition()).split("\n").filter((line) => line.startsWith("x_total"));
    assert.equal(lines.length, 1);
    assert.match(lines[0] as string, / 6$/);
  });

  it("takes in default labels and those of scopes", async () => {
    const processes = new Processes();
    const process = processes.start();
    const scope = process.registry.scoped({ prefix: "pool_", labels: { pool: "main" } });
    new Gauge({ name: "size", help: "Size.", registers: [scope] }).set(3);
    process.registry.setDefaultLabels({ zone: "a" });
    process.report();
    assert.match(await processes.exposition(), /^pool_size\{zone="a",pool="main"\} 3$/m);
    process.registry.setDefaultLabels({ zone: "b" });
    process.report();
    assert.equal(
      await processes.exposition(),
      '# HELP pool_size Size.\n# TYPE pool_size gauge\npool_size{zone="b",pool="main"} 3\n',
    );
  });

  it("is told what counting in one place would tell, whatever processes do and however they end", async () => {
    for (let seed = 1; seed <= 8; seed++) await compareWithOnePlace(new Random(seed));
  });
});

/** Random doings in several processes, and the same in one registry. */
async function compareWithOnePlace(random: Random): Promise<void> {
  const processes = new Processes();
  const judge = new Processes().start();
  const metricsOf = (registry: Registry) => {
    const registers = [registry];
    return {
      jobs: new Counter({ name: "jobs_total", help: "Jobs.", labelNames: ["queue", "kind"], registers }),
      size: new Histogram({
        name: "size_bytes",
        help: "Sizes.",
        labelNames: ["kind"],
        buckets: [1, 10, 100],
        registers,
      }),
      wait: new Summary({ name: "wait_seconds", help: "Waits.", percentiles: [0.5, 0.99], registers }),
    };
  };
  const expected = metricsOf(judge.registry);
  const alive: { readonly process: FakeProcess; readonly metrics: ReturnType<typeof metricsOf> }[] = [];
  for (let step = 0; step < 150; step++) {
    if (alive.length === 0 || (alive.length < 5 && random.between(0, 9) === 0)) {
      const process = processes.start();
      alive.push({ process, metrics: metricsOf(process.registry) });
    }
    const at = random.between(0, alive.length - 1);
    const { process, metrics } = alive[at] as (typeof alive)[number];
    for (const { jobs, size, wait } of [metrics, expected]) {
      const [queue, kind, amount] = [`q${step % 7}`, `k${step % 3}`, (step * 7) % 130];
      jobs.inc({ queue, kind }, amount);
      size.observe({ kind }, amount);
      wait.observe(amount);
    }
    if (random.between(0, 2) === 0) process.report();
    if (random.between(0, 9) === 0) process.reporter.startOver();
    if (random.between(0, 9) === 0) {
      // A frame is lost on its way, and what it told comes with the next.
      const { carry } = process;
      process.carry = () => {};
      process.report();
      process.carry = carry;
      process.report();
    }
    if (random.between(0, 15) === 0) {
      process.report();
      process.report();
      process.kill();
      alive.splice(at, 1);
    }
  }
  for (const { process } of alive) {
    process.report();
    process.report();
  }
  const sorted = (text: string) => text.split("\n").sort();
  assert.deepEqual(sorted(await processes.exposition()), sorted(await judge.registry.metrics()));
}
