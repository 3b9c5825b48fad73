// Several threads, played by one: so that nothing depends on when they run.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter } from "../../lib/metrics/counter.ts";
import { Gauge } from "../../lib/metrics/gauge.ts";
import { Histogram } from "../../lib/metrics/histogram.ts";
import { Info } from "../../lib/metrics/info.ts";
import { StateSet } from "../../lib/metrics/state-set.ts";
import { Summary } from "../../lib/metrics/summary.ts";
import type { Aggregator } from "../../lib/model/aggregator.ts";
import type { Metric } from "../../lib/model/collector.ts";
import { Registry } from "../../lib/registry/registry.ts";
import { Random } from "../judges/random.ts";
import { fakeThreads } from "./fake-threads.ts";
import { JudgedFamily } from "./thread-judge.ts";

describe("A registry that threads are joined to", () => {
  it("is as any other while there are no threads", async () => {
    const { registry } = fakeThreads();
    new Counter({ name: "hits_total", help: "Hits.", registers: [registry] }).inc();
    assert.equal(await registry.metrics(), "# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total 1\n");
  });

  it("exposes the same series of several threads as one, and theirs that it does not have", async () => {
    const { registry, start } = fakeThreads();
    const declare = (options: object) =>
      new Counter({ name: "hits_total", help: "Hits.", labelNames: ["route"], ...options });
    declare({ registers: [registry] }).inc({ route: "/" }, 1);
    const [a, b] = [start(), start()];
    declare(a.options).inc({ route: "/" }, 10);
    declare(b.options).inc({ route: "/" }, 100);
    declare(start().options).inc({ route: "/b" }, 7);
    new Gauge({ name: "open", help: "Open.", ...b.options }).set(3);
    assert.equal(
      await registry.metrics(),
      '# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total{route="/"} 111\nhits_total{route="/b"} 7\n' +
        "# HELP open Open.\n# TYPE open gauge\nopen 3\n",
    );
    assert.equal(await registry.getSingleMetricAsString("open"), "# HELP open Open.\n# TYPE open gauge\nopen 3\n");
  });

  it("sees at once what a thread counts, and which series it makes", async () => {
    const { registry, start } = fakeThreads();
    const hits = new Counter({ name: "hits_total", help: "Hits.", labelNames: ["route"], ...start().options });
    const kept = hits.labels("/");
    for (let i = 1; i <= 3; i++) {
      kept.inc();
      hits.labels(`/${i}`);
      const lines = (await registry.metrics()).split("\n").slice(2, -1);
      const made = Array.from({ length: i }, (_, n) => `hits_total{route="/${n + 1}"} 0`);
      assert.deepEqual(lines, [`hits_total{route="/"} ${i}`, ...made]);
    }
  });

  it("has all of its own series, however many there were before the first thread", async () => {
    const { registry, start } = fakeThreads();
    const declare = (options: object) => new Counter({ name: "c", help: "C.", labelNames: ["a"], ...options });
    const own = declare({ registers: [registry] });
    for (let i = 0; i < 5_000; i++) own.inc({ a: i });
    for (let i = 0; i < 5_000; i += 3) own.remove({ a: i });
    const theirs = declare(start().options);
    for (let i = 0; i < 5_000; i += 5) theirs.inc({ a: i }, 10);
    const lines = (await registry.metrics()).split("\n").slice(2, -1);
    const expected: string[] = [];
    for (let i = 0; i < 5_000; i++) {
      const total = (i % 3 === 0 ? 0 : 1) + (i % 5 === 0 ? 10 : 0);
      if (total > 0) expected.push(`c{a="${i}"} ${total}`);
    }
    assert.deepEqual(lines.sort(), expected.sort());
  });

  it("reads very many series step by step while its own come and go", async () => {
    const { registry, start, joiner } = fakeThreads();
    const random = new Random(8);
    const declare = (options: object) => new Counter({ name: "c", help: "C.", labelNames: ["a", "b"], ...options });
    const own = declare({ registers: [registry] });
    const judge = new Map<string, number>();
    const count = (counter: Counter<string>, a: number, amount: number) => {
      counter.inc({ a, b: a % 7 }, amount);
      const line = `c{a="${a}",b="${a % 7}"}`;
      judge.set(line, (judge.get(line) ?? 0) + amount);
    };
    for (let i = 0; i < 3_000; i++) count(own, i * 3, 1);
    const theirs = [declare(start().options), declare(start().options)];
    for (let i = 0; i < 20_000; i++) count(theirs[i & 1] as Counter<string>, i >> 1, 10);
    const mine = (i: number) => `c{a="${i}",b="${i % 7}"}`;
    let next = 20_000;
    let steps = 0;
    for (const _ of joiner.steps(() => undefined)) {
      steps++;
      if (random.chance(0.5)) count(own, next++, 1);
      // One that only this thread has. All that was told until now is read at once then.
      if (steps < 250 || !random.chance(0.2) || !judge.delete(mine(next - 1))) continue;
      own.remove({ a: next - 1, b: (next - 1) % 7 });
    }
    assert.ok(steps > 250, `${steps} steps`);
    const lines = (await registry.metrics()).split("\n").slice(2, -1);
    assert.deepEqual(lines.sort(), [...judge].map(([line, value]) => `${line} ${value}`).sort());
  });

  it("calls back for its own metrics alone", async () => {
    const { registry, start } = fakeThreads();
    let calls = 0;
    const collect = () => {
      calls++;
    };
    new Gauge({ name: "own", help: "Own.", collect, registers: [registry] }).set(1);
    new Gauge({ name: "theirs", help: "Theirs.", collect, ...start().options }).set(2);
    const text = await registry.metrics();
    assert.deepEqual([calls, text.match(/^[a-z]+ \d+$/gm)], [1, ["own 1", "theirs 2"]]);
  });

  it("puts histograms together bucket by bucket", async () => {
    const { registry, start } = fakeThreads();
    const declare = (options: object) => new Histogram({ name: "wait", help: "Wait.", buckets: [1, 2], ...options });
    declare({ registers: [registry] }).observe(0.5);
    declare(start().options).observe(1.5);
    declare(start().options).observe(9);
    assert.equal(
      await registry.metrics(),
      '# HELP wait Wait.\n# TYPE wait histogram\nwait_bucket{le="1"} 1\nwait_bucket{le="2"} 2\n' +
        'wait_bucket{le="+Inf"} 3\nwait_sum 11\nwait_count 3\n',
    );
  });

  it("computes quantiles from the observations of all threads, also of those that have ended", async () => {
    const { registry, start, end } = fakeThreads();
    const declare = (options: object) =>
      new Summary({ name: "wait", help: "Wait.", percentiles: [0, 0.5, 1], ...options });
    declare({ registers: [registry] }).observe(1);
    const [a, b] = [start(), start()];
    const [inA, inB] = [declare(a.options), declare(b.options)];
    for (const value of [2, 3]) inA.observe(value);
    for (const value of [4, 5, 600]) inB.observe(value);
    const judge = new Registry();
    const all = declare({ registers: [judge] });
    for (const value of [1, 2, 3, 4, 5, 600]) all.observe(value);
    assert.equal(await registry.metrics(), await judge.metrics());
    end(a);
    assert.equal(await registry.metrics(), await judge.metrics());
    inB.observe(0.001);
    all.observe(0.001);
    end(b);
    assert.equal(await registry.metrics(), await judge.metrics());
  });

  it("lets observations leave the quantiles when they are too old, whether their thread runs or not", async () => {
    let nowMs = 1_000_000;
    const clock = { now: () => nowMs, monotonicNow: () => nowMs };
    const { registry, start, end } = fakeThreads(clock);
    const declare = (options: object) =>
      new Summary({
        name: "wait",
        help: "Wait.",
        percentiles: [1],
        maxAgeSeconds: 10,
        ageBuckets: 2,
        clock,
        ...options,
      });
    const [a, b] = [start(), start()];
    declare(a.options).observe(100);
    const inB = declare(b.options);
    const expect = async (max: string, sum: number, count: number) =>
      assert.equal(
        await registry.metrics(),
        `# HELP wait Wait.\n# TYPE wait summary\nwait{quantile="1"} ${max}\nwait_sum ${sum}\nwait_count ${count}\n`,
      );
    await expect("100", 100, 1);
    nowMs += 6_000;
    inB.observe(1);
    end(a);
    await expect("100", 101, 2);
    nowMs += 4_000;
    await expect("1", 101, 2);
    nowMs += 6_000;
    await expect("NaN", 101, 2);
  });

  it("exposes what any thread tells in infos and state sets, while it lives", async () => {
    const { registry, start, end } = fakeThreads();
    const declare = (options: object) => ({
      build: new Info({ name: "build_info", help: "Build.", ...options }),
      mode: new StateSet({ name: "mode", help: "Mode.", states: ["a", "b"], ...options }),
    });
    const own = declare({ registers: [registry] });
    own.build.set({ version: "1" });
    own.mode.set("a");
    const thread = start();
    const theirs = declare(thread.options);
    theirs.build.set({ version: "1" });
    const before = await registry.metrics();
    theirs.build.set({ version: '2 "\n' });
    theirs.mode.set("b");
    assert.equal(
      await registry.metrics(),
      '# HELP build_info Build.\n# TYPE build_info gauge\nbuild_info{version="1"} 1\nbuild_info{version="2 \\"\\n"} 1\n' +
        '# HELP mode Mode.\n# TYPE mode gauge\nmode{mode="a"} 1\nmode{mode="b"} 1\n',
    );
    end(thread);
    assert.equal(await registry.metrics(), before);
  });

  it("goes on to follow the infos of threads when it is given default labels", async () => {
    const { registry, start } = fakeThreads();
    const build = new Info({ name: "build_info", help: "Build.", ...start().options });
    build.set({ version: "1" });
    await registry.metrics();
    registry.setDefaultLabels({ zone: "a" });
    build.set({ version: "2" });
    assert.equal(
      await registry.metrics(),
      '# HELP build_info Build.\n# TYPE build_info gauge\nbuild_info{version="2",zone="a"} 1\n',
    );
  });

  for (const [aggregator, value, ended] of [
    ["sum", 8, 6],
    ["livesum", 8, 6],
    ["min", 1, 1],
    ["max", 5, 5],
    ["average", 8 / 3, 3],
    ["first", 5, 5],
    ["latest", 2, 2],
  ] satisfies [Aggregator, number, number][]) {
    it(`puts gauges together by ${aggregator}, and without those of a thread that has ended`, async () => {
      const { registry, start, end } = fakeThreads();
      const declare = (options: object) => new Gauge({ name: "g", help: "G.", aggregator, ...options });
      const expect = async (number: number) =>
        assert.equal(await registry.metrics(), `# HELP g G.\n# TYPE g gauge\ng ${number}\n`);
      declare({ registers: [registry] }).set(5);
      declare(start().options).set(1);
      await registry.metrics();
      const thread = start();
      declare(thread.options).set(2);
      await expect(value);
      end(thread);
      await expect(ended);
    });
  }

  it("keeps the threads apart where the aggregator says so", async () => {
    const { registry, start, end } = fakeThreads();
    const declare = (options: object) =>
      new Counter({ name: "c", help: "C.", labelNames: ["a"], aggregator: "all", ...options });
    declare({ registers: [registry] }).inc({ a: "x" }, 1);
    const [a, b] = [start(), start()];
    declare(a.options).inc({ a: "x" }, 2);
    declare(b.options).inc({ a: "x" }, 3);
    await registry.metrics();
    end(a);
    await registry.metrics();
    declare(start().options).inc({ a: "x" }, 10);
    assert.equal(
      await registry.metrics(),
      '# HELP c C.\n# TYPE c counter\nc{a="x",worker="0"} 1\nc{a="x",worker="1"} 12\nc{a="x",worker="2"} 3\n',
    );
  });

  it("leaves out what is not to be put together", async () => {
    const { registry, start } = fakeThreads();
    const declare = (options: object) => new Gauge({ name: "g", help: "G.", aggregator: "omit", ...options });
    declare({ registers: [registry] }).set(1);
    declare(start().options).set(2);
    assert.equal(await registry.metrics(), "# HELP g G.\n# TYPE g gauge\ng 1\n");
  });

  it("takes the label names of threads in any order", async () => {
    const { registry, start } = fakeThreads();
    new Counter({ name: "c", help: "C.", labelNames: ["a", "b"], registers: [registry] }).inc({ a: "1", b: "2" });
    new Counter({ name: "c", help: "C.", labelNames: ["b", "a"], ...start().options }).inc({ a: "1", b: "2" });
    assert.equal(await registry.metrics(), '# HELP c C.\n# TYPE c counter\nc{a="1",b="2"} 2\n');
  });

  it("gives every series the default labels of its thread, and those of the main thread", async () => {
    const { registry, start } = fakeThreads();
    const thread = start();
    new Counter({ name: "c", help: "C.", ...thread.options }).inc(2);
    new Counter({ name: "c", help: "C.", registers: [registry] }).inc();
    await registry.metrics();
    registry.setDefaultLabels({ app: "shop" });
    assert.equal(await registry.metrics(), '# HELP c C.\n# TYPE c counter\nc{app="shop"} 3\n');
    thread.registry.setDefaultLabels({ thread: "a", app: "shop" });
    assert.equal(
      await registry.metrics(),
      '# HELP c C.\n# TYPE c counter\nc{app="shop"} 1\nc{app="shop",thread="a"} 2\n',
    );
  });

  it("knows families by the names and labels that scopes give them", async () => {
    const { registry, start } = fakeThreads();
    const declare = (registrar: Registry, options: object = {}) =>
      new Counter({
        name: "c",
        help: "C.",
        ...options,
        registers: [registrar.scoped({ prefix: "pool_", labels: { pool: "p" } })],
      });
    declare(registry).inc();
    const thread = start();
    declare(thread.registry, { pages: thread.memory.pages }).inc(2);
    assert.equal(await registry.metrics(), '# HELP pool_c C.\n# TYPE pool_c counter\npool_c{pool="p"} 3\n');
  });

  it("leaves out what a thread declares in another way than the first, and says so once", async () => {
    const { registry, start, errors } = fakeThreads();
    new Counter({ name: "a", help: "A.", registers: [registry] }).inc();
    const thread = start();
    new Gauge({ name: "a", help: "A.", ...thread.options }).set(100);
    new Histogram({ name: "h", help: "H.", buckets: [1], ...thread.options }).observe(0);
    const other = start();
    new Histogram({ name: "h", help: "Another.", buckets: [2], ...other.options }).observe(0);
    new Counter({ name: "l", help: "L.", labelNames: ["x"], ...other.options }).inc({ x: "1" });
    new Counter({ name: "l", help: "L.", labelNames: ["y"], ...start().options }).inc({ y: "1" });
    const expected =
      '# HELP a A.\n# TYPE a counter\na 1\n# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 1\n' +
      'h_bucket{le="+Inf"} 1\nh_sum 0\nh_count 1\n# HELP l L.\n# TYPE l counter\nl{x="1"} 1\n';
    for (let i = 0; i < 2; i++) {
      const lines = (await registry.metrics()).split("\n").filter((line) => !line.includes("tallystick_"));
      assert.equal(lines.join("\n"), expected);
    }
    assert.deepEqual(
      errors.map(({ message }) => message),
      [
        'Collector "a": thread 1 declares it with type "gauge" and not "counter". Its series are left out.',
        'Collector "h": thread 2 declares it with buckets [2] and not [1]. Its series are left out.',
        'Collector "l": thread 3 declares it with labelNames ["y"] and not ["x"]. Its series are left out.',
      ],
    );
    assert.match(await registry.metrics(), /^tallystick_collector_errors_total\{collector="h"\} 1$/m);
  });

  it("exposes its own where a thread was first and declares another, and says so", async () => {
    const { registry, start, errors } = fakeThreads();
    new Gauge({ name: "a", help: "A.", ...start().options }).set(100);
    await registry.metrics();
    new Counter({ name: "a", help: "A.", registers: [registry] }).inc();
    assert.match(await registry.metrics(), /^# HELP a A\.\n# TYPE a counter\na 1\n/);
    await registry.metrics();
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['Collector "a": a thread declares it with type "gauge" and not "counter". Its series are left out.'],
    );
  });

  it("leaves out a family of threads that would expose the name of another", async () => {
    const { registry, start, errors } = fakeThreads();
    new Histogram({ name: "h", help: "H.", buckets: [1], registers: [registry] });
    new Counter({ name: "h_count", help: "C.", ...start().options }).inc();
    assert.equal(
      await registry.metrics(),
      '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 0\nh_bucket{le="+Inf"} 0\nh_sum 0\nh_count 0\n' +
        "# HELP tallystick_collector_errors_total Scrapes in which a collector failed and its families were left out.\n" +
        '# TYPE tallystick_collector_errors_total counter\ntallystick_collector_errors_total{collector="h_count"} 1\n',
    );
    assert.deepEqual(
      errors.map(({ message }) => message),
      ['Collector "h_count": its counter "h_count" exposes the name "h_count", which "h" exposes already.'],
    );
  });

  it("no longer exposes what a thread has unregistered", async () => {
    const { registry, start } = fakeThreads();
    const thread = start();
    const c = new Counter({ name: "c", help: "C.", ...thread.options });
    c.inc();
    await registry.metrics();
    thread.registry.unregister(c);
    assert.equal(await registry.metrics(), "");
    thread.registry.registerMetric(c);
    assert.equal(await registry.metrics(), "# HELP c C.\n# TYPE c counter\nc 1\n");
    thread.registry.clear();
    assert.equal(await registry.metrics(), "");
  });

  it("waits for its own metrics to be brought up to date, and leaves out what fails to be", async () => {
    const { registry, start } = fakeThreads();
    let isFailing = false;
    const collect = async function (this: { set(value: number): void }) {
      await null;
      if (isFailing) throw new Error("no");
      this.set(5);
    };
    new Gauge({ name: "g", help: "G.", registers: [registry], collect });
    new Gauge({ name: "g", help: "G.", ...start().options }).set(2);
    assert.equal(await registry.metrics(), "# HELP g G.\n# TYPE g gauge\ng 7\n");
    isFailing = true;
    assert.match(await registry.metrics(), /^# HELP tallystick_collector_errors_total /);
  });

  it("adds up with what metrics of another copy of the library answer", async () => {
    const { registry, start } = fakeThreads();
    const declare = (options: object) => ({
      counter: new Counter({ name: "c", help: "C.", labelNames: ["a"], ...options }),
      histogram: new Histogram({ name: "h", help: "H.", buckets: [1, 2], ...options }),
      states: new StateSet({ name: "s", help: "S.", states: ["on", "off"], ...options }),
      info: new Info({ name: "i_info", help: "I.", ...options }),
    });
    const copy = new Registry();
    const count = ({ counter, histogram, states, info }: ReturnType<typeof declare>, times: number) => {
      counter.inc({ a: "x" }, times);
      histogram.observe(times);
      states.set(times === 1 ? "on" : "off");
      info.set({ times });
    };
    count(declare({ registers: [copy] }), 1);
    for (const metric of copy.getMetricsAsArray()) registry.registerMetric(asOfAnotherCopy(metric));
    count(declare(start().options), 2);
    for (let i = 0; i < 2; i++) {
      assert.equal(
        await registry.metrics(),
        '# HELP c C.\n# TYPE c counter\nc{a="x"} 3\n# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 1\n' +
          'h_bucket{le="2"} 2\nh_bucket{le="+Inf"} 2\nh_sum 3\nh_count 2\n# HELP s S.\n# TYPE s gauge\n' +
          's{s="on"} 1\ns{s="off"} 1\n# HELP i_info I.\n# TYPE i_info gauge\ni_info{times="1"} 1\ni_info{times="2"} 1\n',
      );
    }
  });

  it("is what a merged registry exposes too", async () => {
    const { registry, start } = fakeThreads();
    new Counter({ name: "c", help: "C.", registers: [registry] }).inc();
    new Counter({ name: "c", help: "C.", ...start().options }).inc(2);
    const merged = Registry.merge([registry, new Registry()]);
    assert.equal(await merged.metrics(), "# HELP c C.\n# TYPE c counter\nc 3\n");
  });

  it("leaves memory alone that is laid out in another way", async () => {
    const { registry, joiner } = fakeThreads();
    for (const buffer of [new SharedArrayBuffer(64), new SharedArrayBuffer(0), new ArrayBuffer(64), undefined, "x"])
      joiner.addThread("x", 1, buffer);
    assert.equal(joiner.threadCount, 0);
    assert.equal(await registry.metrics(), "");
  });

  it("lets the event loop turn while it reads many series", async () => {
    const { joiner, start } = fakeThreads();
    const many = new Counter({ name: "c", help: "C.", labelNames: ["a"], ...start().options });
    for (let i = 0; i < 5_000; i++) many.inc({ a: i });
    let [nowMs, turns] = [0, 0];
    const turn = async () => {
      turns++;
    };
    // Each look at the clock is a tenth of a millisecond later.
    const monotonicNow = () => (nowMs += 0.1);
    await joiner.update(() => undefined, { monotonicNow, turn, onFailure: () => {} });
    assert.ok(turns >= 5);
  });
});

/** What a registry knows of a metric of another copy: the contract, and no columns. */
function asOfAnotherCopy(metric: Metric): Metric {
  const { name, help, type, labelNames, definition } = metric;
  return {
    name,
    help,
    type,
    labelNames,
    definition,
    collect: (context) => metric.collect(context),
    describe: () => metric.describe(),
    get: () => metric.get(),
    reset: () => metric.reset(),
  };
}

describe("Removing series", () => {
  it("takes them from every thread, and from those that have ended", async () => {
    const { registry, start, end } = fakeThreads();
    const declare = (options: object) => new Counter({ name: "c", help: "C.", labelNames: ["a", "b"], ...options });
    const own = declare({ registers: [registry] });
    const [a, b] = [start(), start()];
    const [inA, inB] = [declare(a.options), declare(b.options)];
    for (const counter of [own, inA, inB]) for (const label of ["x", "y", "z"]) counter.inc({ a: label, b: label });
    inB.inc({ a: "only", b: "x" });
    await registry.metrics();
    end(a);
    assert.equal(own.remove("x", "x"), true);
    assert.equal(own.remove({ a: "only", b: "x" }), true);
    assert.equal(own.remove({ a: "only", b: "x" }), false);
    assert.equal(own.removeMatching({ b: "y" }), 1);
    assert.equal(await registry.metrics(), '# HELP c C.\n# TYPE c counter\nc{a="z",b="z"} 3\n');
    inB.inc({ a: "x", b: "x" }, 5);
    own.inc({ a: "x", b: "x" });
    assert.match(await registry.metrics(), /^c\{a="x",b="x"\} 6$/m);
    own.reset();
    assert.equal(await registry.metrics(), "");
    inB.reset();
    inB.inc({ a: "x", b: "x" });
    assert.equal(await registry.metrics(), '# HELP c C.\n# TYPE c counter\nc{a="x",b="x"} 1\n');
  });

  it("takes them from the others too when a thread does it", async () => {
    const { registry, start } = fakeThreads();
    const declare = (options: object) => new Counter({ name: "c", help: "C.", labelNames: ["a"], ...options });
    const [own, inA, inB] = [declare({ registers: [registry] }), declare(start().options), declare(start().options)];
    for (const counter of [own, inA, inB]) for (const label of ["x", "y"]) counter.inc({ a: label });
    await registry.metrics();
    inA.remove("x");
    assert.equal(await registry.metrics(), '# HELP c C.\n# TYPE c counter\nc{a="y"} 3\n');
    assert.equal(own.labels("x").value, 0);
    inB.clear();
    assert.equal(await registry.metrics(), "");
  });

  it("hides them at once where a thread is too busy to let them go", async () => {
    const { registry, start } = fakeThreads();
    const declare = (options: object) => new Counter({ name: "c", help: "C.", labelNames: ["a"], ...options });
    const own = declare({ registers: [registry] });
    const thread = start();
    const theirs = declare(thread.options);
    const kept = theirs.labels("x");
    kept.inc(5);
    theirs.inc({ a: "y" });
    await registry.metrics();
    thread.isBusy = true;
    own.remove("x");
    kept.inc();
    const without = '# HELP c C.\n# TYPE c counter\nc{a="y"} 1\n';
    assert.equal(await registry.metrics(), without);
    thread.turn();
    assert.equal(await registry.metrics(), without);
    kept.inc(3);
    assert.equal(await registry.metrics(), '# HELP c C.\n# TYPE c counter\nc{a="x"} 3\nc{a="y"} 1\n');
  });
});

describe("Threads that have ended", () => {
  it("leave their counts, however many they were, and nothing else", async () => {
    const { registry, joiner, start, end } = fakeThreads();
    for (let i = 1; i <= 300; i++) {
      const thread = start();
      new Counter({ name: "c", help: "C.", labelNames: ["a"], ...thread.options }).inc({ a: i % 3 }, 2);
      new Histogram({ name: "h", help: "H.", buckets: [1], ...thread.options }).observe(i);
      new Gauge({ name: "g", help: "G.", ...thread.options }).set(i);
      end(thread);
      if (i % 7 === 0) for (const _ of joiner.readThreads());
    }
    assert.equal(
      await registry.metrics(),
      '# HELP c C.\n# TYPE c counter\nc{a="1"} 200\nc{a="2"} 200\nc{a="0"} 200\n# HELP h H.\n# TYPE h histogram\n' +
        'h_bucket{le="1"} 1\nh_bucket{le="+Inf"} 300\nh_sum 45150\nh_count 300\n',
    );
    assert.equal(joiner.threadCount, 0);
  });

  it("never make a counter go down, whatever their numbers are rounded to", async () => {
    const random = new Random(7);
    const { registry, start, end } = fakeThreads();
    const threads = Array.from({ length: 8 }, start);
    for (const { options } of threads) new Counter({ name: "c", help: "C.", ...options }).inc(random.next() / 3);
    let last = 0;
    for (const thread of threads) {
      const total = Number((await registry.metrics()).split(" ").at(-1));
      assert.ok(total >= last);
      last = total;
      end(thread);
    }
  });
});

describe("Threads that do anything at all", () => {
  for (let seed = 1; seed <= 4; seed++) {
    it(`come to what a plain sum comes to (seed ${seed})`, () => playAtRandom(seed));
  }
});

/** Lets threads come, count, remove and go, and compares every scrape with the judge's. */
async function playAtRandom(seed: number): Promise<void> {
  const random = new Random(seed);
  const { registry, errors, start, end } = fakeThreads();
  const declare = (options: object) => ({
    counter: new Counter({ name: "c", help: "C.", labelNames: ["a", "b"], ...options }),
    gauge: new Gauge({ name: "g", help: "G.", labelNames: ["a"], ...options }),
    most: new Gauge({ name: "m", help: "M.", labelNames: ["a"], aggregator: "max", ...options }),
    histogram: new Histogram({ name: "h", help: "H.", labelNames: ["a"], buckets: [1, 2], ...options }),
  });
  const judge = {
    c: new JudgedFamily("sum", true),
    g: new JudgedFamily("sum", false),
    m: new JudgedFamily("max", false),
    h: new JudgedFamily("sum", true),
  };
  const threads = [{ id: 0, metrics: declare({ registers: [registry] }), end: () => {} }];
  const values = random.between(1, 60);
  const label = (name: string, text: string) => (text === "" ? [] : [`${name}="${text}"`]);
  const line = (name: string, labels: readonly string[], number: number) =>
    `${name}${labels.length > 0 ? `{${labels.join(",")}}` : ""} ${number}`;
  const check = async () => {
    const lines = (await registry.metrics()).split("\n").filter((one) => one !== "" && !one.startsWith("#"));
    const expected: string[] = [];
    for (const name of ["c", "g", "m"] as const) {
      for (const [key, [number = 0]] of judge[name].total()) {
        const [a = "", b = ""] = key.split("|");
        expected.push(line(name, [...label("a", a), ...label("b", b)], number));
      }
    }
    for (const [a, [sum = 0, one = 0, two = 0, more = 0]] of judge.h.total()) {
      const counts = [one, one + two, one + two + more];
      for (const [i, le] of ["1", "2", "+Inf"].entries())
        expected.push(line("h_bucket", [...label("a", a), `le="${le}"`], counts[i] as number));
      expected.push(line("h_sum", label("a", a), sum), line("h_count", label("a", a), counts[2] as number));
    }
    // Told by what differs, for the whole of both is too long to be compared in print.
    assert.deepEqual(
      { extra: without(lines, expected), missing: without(expected, lines) },
      { extra: [], missing: [] },
    );
    assert.equal(new Set(lines).size, lines.length);
  };
  for (let step = 0; step < 600; step++) {
    const thread = random.pick(threads);
    const { counter, gauge, most, histogram } = thread.metrics;
    const a = `v${random.below(values)}`;
    const b = random.chance(0.3) ? "" : `w${random.below(4)}`;
    const choice = random.below(100);
    if (choice < 45) {
      const amount = random.below(10);
      counter.inc({ a, b }, amount);
      (judge.c.of(thread.id, `${a}|${b}`)[0] as number) += amount;
    } else if (choice < 55) {
      gauge.set({ a }, step);
      judge.g.of(thread.id, a)[0] = step;
    } else if (choice < 62) {
      most.set({ a }, step % 17);
      judge.m.of(thread.id, a)[0] = step % 17;
    } else if (choice < 74) {
      const value = random.below(4);
      histogram.observe({ a }, value);
      const numbers = judge.h.of(thread.id, a, 4);
      (numbers[0] as number) += value;
      (numbers[Math.max(1, value)] as number)++;
    } else if (choice < 80) {
      await check();
    } else if (choice < 90) {
      // What another thread removes is known when its log is read; so nothing may happen in between.
      await check();
      if (choice < 87) {
        counter.remove({ a, b });
        judge.c.remove((key) => key === `${a}|${b}`);
      } else if (choice < 89) {
        const removed = counter.removeMatching({ a });
        const all = judge.c.remove((key) => key.startsWith(`${a}|`));
        if (thread.id === 0) assert.equal(removed, all);
      } else {
        histogram.reset();
        judge.h.remove(() => true);
      }
      await check();
    } else if (choice < 94) {
      if (threads.length === 6) continue;
      const fake = start();
      threads.push({ id: fake.id, metrics: declare(fake.options), end: () => end(fake) });
    } else if (choice < 96) {
      if (thread.id === 0) continue;
      threads.splice(threads.indexOf(thread), 1);
      thread.end();
      for (const family of Object.values(judge)) family.end(thread.id);
    } else {
      // Series that come and go, until the thread writes its log anew.
      for (let i = 0; i < 300; i++) {
        counter.inc({ a: `once${i}`, b });
        counter.remove({ a: `once${i}`, b });
      }
    }
  }
  await check();
  assert.deepEqual(errors, []);
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return lines.filter((line) => !known.has(line)).slice(0, 5);
}
