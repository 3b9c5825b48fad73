// Defects that were measured in other clients: none of them may appear here. Each test bears the name of a defect, and
// says what the others do.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { Counter, Gauge, Histogram, type LabelValue, Registry, Summary } from "../lib/core.ts";
import { collectFrom } from "../lib/runtime/default-metrics.ts";
import { groupingPath } from "../lib/transports/grouping-key.ts";
import { Pushgateway } from "../lib/transports/pushgateway.ts";
import { deferred } from "./deferred.ts";
import { failures, listening, turn } from "./registry/collectors.ts";
import { FakeRuntime } from "./runtime/fake-sources.ts";

/** A counter with labels of any names, in a registry of its own. */
function counting(...labelNames: string[]): { registry: Registry; counter: Counter } {
  const registry = new Registry();
  return { registry, counter: new Counter({ name: "m", help: "M.", labelNames, registers: [registry] }) };
}

function exposition(...lines: string[]): string {
  return ["# HELP m M.", "# TYPE m counter", ...lines, ""].join("\n");
}

describe("Series key collision: label sets that are joined to one text and then confused", () => {
  const pairs: readonly [first: Record<string, string>, second: Record<string, string>][] = [
    [
      { a: "x|", b: "y" },
      { a: "x", b: "|y" },
    ],
    [
      { a: "x,b:y", b: "" },
      { a: "x", b: "y" },
    ],
    [
      { a: "1:x", b: "y" },
      { a: "1", b: ":xy" },
    ],
    [
      { a: "x\0", b: "y" },
      { a: "x", b: "\0y" },
    ],
    [
      { a: "", b: "x" },
      { a: "x", b: "" },
    ],
  ];
  for (const [first, second] of pairs) {
    it(`keeps ${JSON.stringify(first)} and ${JSON.stringify(second)} apart`, () => {
      for (const write of [
        (counter: Counter, labels: Record<string, string>, amount: number) => counter.inc(labels, amount),
        (counter: Counter, labels: Record<string, string>, amount: number) => counter.labels(labels).inc(amount),
        (counter: Counter, { a, b }: Record<string, string>, amount: number) => counter.labels(a, b).inc(amount),
      ]) {
        const { counter } = counting("a", "b");
        write(counter, first, 1);
        write(counter, second, 10);
        assert.deepEqual([counter.labels(first).value, counter.labels(second).value], [1, 10]);
      }
    });
  }

  it("keeps label sets of many labels together that are the same, however many came before", async () => {
    const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    const { registry, counter } = counting(...names);
    const labels = Object.fromEntries(names.map((name, i) => [name, i]));
    for (let i = 0; i < 3; i++) {
      counter.inc(labels, i + 1);
      for (let j = 0; j < 100; j++) counter.inc({ ...labels, h: `${i}-${j}` });
    }
    const [line] = (await registry.metrics()).split("\n").slice(2);
    assert.equal(line, 'm{a="0",b="1",c="2",d="3",e="4",f="5",g="6",h="7"} 6');
    assert.equal((await counter.get()).values.length, 301);
  });
});

describe("Label objects kept by reference: changed afterwards, two series are printed with the same labels", () => {
  it("reads the object and keeps no hold of it", async () => {
    const { registry, counter } = counting("a");
    const labels = { a: "1" };
    counter.inc(labels);
    labels.a = "2";
    counter.inc(labels);
    assert.equal(await registry.metrics(), exposition('m{a="1"} 1', 'm{a="2"} 1'));
    labels.a = "3";
    assert.equal(await registry.metrics(), exposition('m{a="1"} 1', 'm{a="2"} 1'));
  });
});

describe("NaN in a counter: the sum is NaN for ever", () => {
  it("refuses NaN, and all else that is no amount, before anything changes", () => {
    const { counter } = counting();
    counter.inc(1);
    for (const amount of [Number.NaN, Number.POSITIVE_INFINITY, -1])
      assert.throws(() => counter.inc(amount), RangeError);
    assert.throws(() => counter.inc("1" as unknown as number), TypeError);
    assert.equal(counter.labels({}).value, 1);
  });

  it("refuses them in histograms and summaries, too", () => {
    const histogram = new Histogram({ name: "h", help: "H.", buckets: [1], registers: [] });
    const summary = new Summary({ name: "s", help: "S.", registers: [] });
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => histogram.observe(value), RangeError);
      assert.throws(() => summary.observe(value), RangeError);
    }
    assert.deepEqual(histogram.labels().value, { count: 0, sum: 0, buckets: [0, 0] });
    assert.deepEqual(summary.labels().value, { count: 0, sum: 0 });
  });
});

describe("Bounds that are not checked: wrong counts, double series, bounds out of order", () => {
  it("refuses bounds that are out of order, there twice, no numbers, or none at all", () => {
    const make = (buckets: unknown) =>
      new Histogram({ name: "h", help: "H.", buckets: buckets as number[], registers: [] });
    const cases: readonly [buckets: unknown, message: string][] = [
      [[5, 1, 10], 'Histogram "h": bounds must increase, but 1 at index 1 follows 5.'],
      [[1, 1], 'Histogram "h": bounds must increase, but 1 at index 1 follows 1.'],
      [["1", "2"], 'Histogram "h": bounds are numbers, but got string at index 0.'],
      [[Number.NaN], 'Histogram "h": bounds are finite, but got NaN at index 0.'],
      [[], 'Histogram "h": buckets must have at least one finite bound.'],
    ];
    for (const [buckets, message] of cases) assert.throws(() => make(buckets), { message });
  });

  it("prints +Inf once where it is among the bounds, and freezes nobody's array", async () => {
    const registry = new Registry();
    const buckets = [1, Number.POSITIVE_INFINITY];
    new Histogram({ name: "h", help: "H.", buckets, registers: [registry] }).observe(2);
    assert.equal(
      await registry.metrics(),
      '# HELP h H.\n# TYPE h histogram\nh_bucket{le="1"} 0\nh_bucket{le="+Inf"} 1\nh_sum 2\nh_count 1\n',
    );
    buckets.push(3);
    assert.equal(buckets.length, 3);
  });
});

describe("Label values that are objects: what they print is not escaped and injects lines", () => {
  it("refuses them, and escapes texts", async () => {
    const { registry, counter } = counting("a");
    const evil = 'x"} 1\nevil_metric{a="y';
    for (const value of [[evil], { toString: () => evil }, new String(evil)]) {
      const labels = { a: value as unknown as LabelValue };
      assert.throws(() => counter.inc(labels), TypeError);
      assert.throws(() => counter.labels(labels), TypeError);
      assert.throws(() => counter.labels(value as unknown as LabelValue), TypeError);
      assert.throws(() => registry.setDefaultLabels(labels), TypeError);
      assert.throws(() => registry.scoped({ labels }), TypeError);
    }
    assert.equal(await registry.metrics(), "");
    counter.inc({ a: evil });
    counter.inc({ a: "back\\slash" });
    assert.equal(
      await registry.metrics(),
      exposition('m{a="x\\"} 1\\nevil_metric{a=\\"y"} 1', 'm{a="back\\\\slash"} 1'),
    );
  });

  it("lets no help text inject lines", async () => {
    const registry = new Registry();
    new Counter({ name: "m", help: 'M.\nevil 1\\\r"', registers: [registry] });
    assert.equal(await registry.metrics(), '# HELP m M.\\nevil 1\\\\\r"\n# TYPE m counter\nm 0\n');
  });
});

describe("Absent labels: printed as undefined, or merged into whichever came first", () => {
  it("takes undefined, null, nothing and an empty text for the same, and prints none of them", async () => {
    for (const order of [
      [undefined, null, ""],
      ["", null, undefined],
      [null, undefined, ""],
    ]) {
      const { registry, counter } = counting("a", "b");
      for (const a of order) counter.inc({ a, b: "x" });
      counter.inc({ b: "x" });
      counter.inc({});
      counter.inc();
      assert.equal(await registry.metrics(), exposition('m{b="x"} 4', "m 2"));
    }
  });
});

describe("Names of JavaScript's own: labels lost, metrics refused", () => {
  it("takes labels called __proto__ and constructor", async () => {
    const { registry, counter } = counting("__proto__", "constructor", "b");
    counter.labels("x", "y", "z").inc();
    counter.labels("x2", "y", "z").inc(2);
    counter.inc(JSON.parse('{"__proto__":"x","constructor":"y","b":"z"}'), 4);
    assert.equal(
      await registry.metrics(),
      exposition('m{__proto__="x",constructor="y",b="z"} 5', 'm{__proto__="x2",constructor="y",b="z"} 2'),
    );
    const [first] = (await counter.get()).values;
    assert.deepEqual(Object.entries(first?.labels ?? {}), [
      ["__proto__", "x"],
      ["constructor", "y"],
      ["b", "z"],
    ]);
  });

  it("takes label values of such names", () => {
    const { counter } = counting("a");
    const values = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"];
    for (const [i, a] of values.entries()) counter.inc({ a }, i);
    for (const [i, a] of values.entries()) assert.equal(counter.labels(a).value, i);
  });

  it("takes metrics called constructor, toString and __proto__", async () => {
    const registry = new Registry();
    for (const name of ["constructor", "toString", "__proto__"]) {
      new Counter({ name, help: "M.", registers: [registry] });
      assert.ok((await registry.getSingleMetricAsString(name)).endsWith(`\n${name} 0\n`));
    }
    assert.equal(registry.getMetricsAsArray().length, 3);
  });

  it("does not take what every object inherits for labels", () => {
    const { counter } = counting("a");
    assert.throws(
      () => counter.inc({ toString: "x" } as never),
      new TypeError('Counter "m" has the label "a", but got "toString": "toString" is unknown.'),
    );
  });
});

describe("A scrape changes the metrics: the name printed in one is not that of the next", () => {
  it("prints the same text each time, and leaves names and definitions alone", async () => {
    const registry = new Registry();
    const counter = new Counter({ name: "foo_total", help: "F.", registers: [registry] });
    const definition = structuredClone(counter.definition);
    const text = "# HELP foo_total F.\n# TYPE foo_total counter\nfoo_total 0\n";
    for (let i = 0; i < 3; i++) {
      assert.equal(await registry.metrics(), text);
      await registry.getMetricsAsJSON();
      await counter.get();
    }
    assert.equal(counter.name, "foo_total");
    assert.deepEqual(counter.definition, definition);
  });
});

describe("One bad collect: the whole scrape rejects, or hangs for ever", () => {
  it("leaves out the metric whose collect throws or rejects", async () => {
    const { registry } = listening();
    new Counter({ name: "m", help: "M.", registers: [registry] });
    new Gauge({ name: "throws", help: "T.", registers: [registry], collect: () => assert.fail("sour") });
    new Gauge({
      name: "rejects",
      help: "R.",
      registers: [registry],
      collect: () => Promise.reject(new Error("salty")),
    });
    assert.equal(await registry.metrics(), exposition("m 0") + failures({ throws: 1, rejects: 1 }));
  });

  it("goes on without one that never answers", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { registry } = listening();
    new Counter({ name: "m", help: "M.", registers: [registry] });
    new Gauge({ name: "hangs", help: "H.", registers: [registry], collect: () => new Promise(() => {}) });
    const text = registry.metrics();
    await turn();
    t.mock.timers.tick(5_000);
    assert.equal(await text, exposition("m 0") + failures({ hangs: 1 }));
    assert.equal(await registry.metrics(), exposition("m 0") + failures({ hangs: 2 }));
  });

  it("awaits what can be awaited, though it is no Promise", async () => {
    const registry = new Registry();
    const counter = new Counter({
      name: "m",
      help: "M.",
      registers: [registry],
      collect: () => ({
        // biome-ignore lint/suspicious/noThenProperty: it is the case
        then: (resolve) => {
          setImmediate(() => {
            counter.inc();
            resolve?.();
          });
          return undefined as never;
        },
      }),
    }) as Counter<never>;
    assert.equal(await registry.metrics(), exposition("m 1"));
  });
});

describe("An asynchronous collect that sets a metric registered earlier: it is one scrape late", () => {
  it("shows in the same scrape what any collect has set", async () => {
    const registry = new Registry();
    const gate = deferred();
    const early = new Counter({ name: "m", help: "M.", registers: [registry] });
    new Gauge({
      name: "g",
      help: "G.",
      registers: [registry],
      async collect() {
        await gate.promise;
        early.inc();
      },
    });
    const text = registry.metrics();
    await turn();
    gate.resolve();
    assert.equal(await text, `${exposition("m 1")}# HELP g G.\n# TYPE g gauge\ng 0\n`);
  });
});

describe("Names that clash are not noticed: two families print the same series", () => {
  it("refuses a counter h_count beside a histogram h", () => {
    const registry = new Registry();
    new Histogram({ name: "h", help: "H.", registers: [registry] });
    assert.throws(() => new Counter({ name: "h_count", help: "H.", registers: [registry] }), {
      name: "AlreadyRegisteredError",
      message: 'Counter "h_count": histogram "h" already exposes that name. Rename one, or use two registries.',
    });
  });

  it("prints foo and foo_total as the two families that they are", async () => {
    const registry = new Registry();
    for (const name of ["foo", "foo_total"]) new Counter({ name, help: "F.", registers: [registry] });
    assert.equal(
      await registry.metrics(),
      "# HELP foo F.\n# TYPE foo counter\nfoo 0\n# HELP foo_total F.\n# TYPE foo_total counter\nfoo_total 0\n",
    );
  });
});

describe("Label names that are not checked", () => {
  it("refuses __name__ and names that are there twice", () => {
    assert.throws(
      () => counting("__name__"),
      new RangeError(
        'Counter "m" can\'t have the label "__name__": names that begin with "__" are reserved by Prometheus.',
      ),
    );
    assert.throws(
      () => counting("a", "a"),
      new RangeError('Counter "m" can\'t have the label "a": it is declared twice.'),
    );
  });

  it("checks and copies default labels", async () => {
    const { registry, counter } = counting();
    const labels = { app: "x" };
    registry.setDefaultLabels(labels);
    labels.app = "changed";
    for (const bad of [{ "a b": 1 }, { __name__: "x" }])
      assert.throws(() => registry.setDefaultLabels(bad), RangeError);
    counter.inc();
    assert.equal(await registry.metrics(), exposition('m{app="x"} 1'));
  });
});

describe("getMetricsAsJSON gives live internals away: editing them changes the metrics", () => {
  it("gives a copy", async () => {
    const { registry, counter } = counting("a");
    counter.inc({ a: "x" });
    for (const json of [(await registry.getMetricsAsJSON())[0], await counter.get()]) {
      const [value] = json?.values ?? [];
      Object.assign(value as object, { value: 99 });
      Object.assign(value?.labels as object, { a: "changed" });
    }
    assert.equal(await registry.metrics(), exposition('m{a="x"} 1'));
    assert.throws(() => (counter.labelNames as string[]).push("b"), TypeError);
  });
});

describe("Registry methods that throw where there is nothing to do", () => {
  it("writes nothing for a metric that is not registered", async () => {
    assert.equal(await new Registry().getSingleMetricAsString("unknown"), "");
  });

  it("merges no registries to an empty one", async () => {
    assert.equal(await Registry.merge([]).metrics(), "");
  });

  it("writes nothing at all for an empty registry", async () => {
    assert.equal(await new Registry().metrics(), "");
  });
});

describe("reset() that forgets a series, or keeps others", () => {
  it("puts a metric without labels back to zero, and leaves its series there", async () => {
    const registry = new Registry();
    const options = { help: "M.", registers: [registry] };
    const histogram = new Histogram({ ...options, name: "h", buckets: [1] });
    const summary = new Summary({ ...options, name: "s", percentiles: [0.5] });
    const text =
      '# HELP h M.\n# TYPE h histogram\nh_bucket{le="1"} 0\nh_bucket{le="+Inf"} 0\nh_sum 0\nh_count 0\n' +
      '# HELP s M.\n# TYPE s summary\ns{quantile="0.5"} NaN\ns_sum 0\ns_count 0\n';
    assert.equal(await registry.metrics(), text);
    for (const metric of [histogram, summary]) {
      metric.observe(3);
      metric.reset();
    }
    assert.equal(await registry.metrics(), text);
  });

  it("leaves a metric with labels without series", async () => {
    const registry = new Registry();
    const options = { help: "M.", labelNames: ["a"], registers: [registry] } as const;
    const metrics = [new Histogram({ ...options, name: "h" }), new Summary({ ...options, name: "s" })];
    for (const metric of metrics) {
      metric.observe({ a: "x" }, 3);
      metric.reset();
    }
    assert.equal(await registry.metrics(), "");
  });
});

describe("labels() that makes no series", () => {
  it("makes it, at zero", async () => {
    const { registry, counter } = counting("a");
    counter.labels("x");
    assert.equal(await registry.metrics(), exposition('m{a="x"} 0'));
  });
});

describe("remove() that needs all labels", () => {
  it("removes by some of them", async () => {
    const { registry, counter } = counting("a", "b");
    for (const a of ["x", "y"]) for (const b of [1, 2]) counter.inc({ a, b });
    assert.equal(counter.removeMatching({ a: "x" }), 2);
    assert.equal(await registry.metrics(), exposition('m{a="y",b="1"} 1', 'm{a="y",b="2"} 1'));
  });
});

describe("A counter that stops counting at 2^53", () => {
  it("goes on", () => {
    const { counter } = counting();
    counter.inc(2 ** 53);
    for (let i = 0; i < 1_000; i++) counter.inc();
    assert.equal(counter.labels({}).value, 2 ** 53 + 1_000);
  });
});

describe("A summary that counts each observation several times, and forgets what an empty window is", () => {
  it("ranks each observation once, from the first on", async () => {
    const clock = { now: () => 0, monotonicNow: () => 0 };
    const summary = new Summary({
      name: "s",
      help: "S.",
      percentiles: [0, 0.5, 1],
      maxAgeSeconds: 600,
      ageBuckets: 5,
      clock,
      registers: [],
    });
    for (let i = 0; i < 300; i++) summary.observe(1);
    for (let i = 0; i < 301; i++) summary.observe(100);
    const [lowest, median, highest, , count] = (await summary.get()).values.map(({ value }) => value);
    assert.equal(count, 601);
    for (const [value, expected] of [
      [lowest, 1],
      [median, 100],
      [highest, 100],
    ] as const) {
      assert.ok(Math.abs((value as number) / expected - 1) <= 0.0055, `${value} for ${expected}`);
    }
  });

  it("has NaN for the quantiles of nothing", async () => {
    const summary = new Summary({ name: "s", help: "S.", percentiles: [0.5], registers: [] });
    assert.deepEqual((await summary.get()).values[0], { value: Number.NaN, labels: { quantile: 0.5 } });
  });
});

describe("One oversize exemplar: it was counted first and then thrown for, and the output was broken from then on", () => {
  it("refuses it before anything is counted, and keeps the one before", async () => {
    const registry = new Registry();
    const hits = new Counter({ name: "m", help: "M.", registers: [registry], enableExemplars: true });
    const wait = new Histogram({ name: "w", help: "W.", buckets: [1], registers: [registry], enableExemplars: true });
    hits.inc(1, { trace_id: "abc" });
    wait.observe(1, { trace_id: "abc" });
    const before = [await registry.metrics(), await registry.getMetricsAsJSON()];
    const tooLong = { trace_id: "x".repeat(121) };
    assert.throws(() => hits.inc(1, tooLong), RangeError);
    assert.throws(() => hits.inc({ exemplarLabels: tooLong }), RangeError);
    assert.throws(() => wait.observe(1, tooLong), RangeError);
    assert.throws(() => wait.observe({ value: 1, exemplarLabels: tooLong }), RangeError);
    assert.deepEqual([await registry.metrics(), await registry.getMetricsAsJSON()], before);
  });

  it("counts characters and not UTF-16 units, checks the names, and keeps no hold of the object", async () => {
    const hits = new Counter({ name: "m", help: "M.", registers: [], enableExemplars: true });
    const labels = { emoji: "😀".repeat(100) };
    hits.inc(1, labels);
    labels.emoji = "x".repeat(500);
    const [{ exemplar } = {}] = (await hits.get()).values;
    assert.deepEqual(exemplar?.labelSet, { emoji: "😀".repeat(100) });
    assert.throws(() => hits.inc(1, { "bad-name": "x" }), RangeError);
  });
});

describe("enableExemplars: plain calls counted 1 without labels", () => {
  it("counts what they say, and so do prom-client's calls", async () => {
    const registry = new Registry();
    const m = new Counter({ name: "m", help: "M.", labelNames: ["a"], registers: [registry], enableExemplars: true });
    const alone = new Counter({ name: "alone", help: "A.", registers: [], enableExemplars: true });
    alone.inc(5);
    m.inc({ a: "x" }, 3);
    m.labels("1").inc(5);
    m.inc({ labels: { a: "y" }, value: 7, exemplarLabels: { trace_id: "abc" } });
    assert.equal(alone.labels().value, 5);
    assert.equal(await registry.metrics(), exposition('m{a="x"} 3', 'm{a="1"} 5', 'm{a="y"} 7'));
  });
});

/** Default metrics of a process that the test moves. */
function collecting(labels: object = {}) {
  const runtime = new FakeRuntime();
  const registry = new Registry();
  return { runtime, registry, handle: collectFrom(runtime.sources, { register: registry, labels }) };
}

describe("Garbage collections are told in batches: only the first of each is counted", () => {
  it("counts each of a batch", async () => {
    const { runtime, registry } = collecting();
    runtime.collectGarbage(...Array.from({ length: 74 }, () => ({ kind: 4, duration: 1 })));
    assert.match(await registry.metrics(), /^nodejs_gc_duration_seconds_count\{kind="major"\} 74$/m);
  });
});

describe("A scrape resets the event loop's lag: the next scraper gets NaN, and a minimum of 292 years", () => {
  it("gives all scrapers the same, and leaves out what was not measured yet", async () => {
    const { runtime, registry } = collecting();
    const lag = async () =>
      (await registry.metrics()).split("\n").filter((line) => line.startsWith("nodejs_eventloop_lag_"));
    assert.deepEqual(await lag(), []);
    runtime.work(40);
    const [first, second] = [await lag(), await lag()];
    assert.deepEqual(first, second);
    assert.deepEqual(first, [
      ...["nodejs_eventloop_lag_seconds 0.03", "nodejs_eventloop_lag_min_seconds 0.03"],
      ...["nodejs_eventloop_lag_max_seconds 0.03", "nodejs_eventloop_lag_mean_seconds 0.03"],
      ...["nodejs_eventloop_lag_stddev_seconds 0", "nodejs_eventloop_lag_p50_seconds 0.03"],
      ...["nodejs_eventloop_lag_p90_seconds 0.03", "nodejs_eventloop_lag_p99_seconds 0.03"],
    ]);
  });
});

describe("The labels of the default metrics: some series lack them", () => {
  it("puts them on every series", async () => {
    const { runtime, registry } = collecting({ zone: "a" });
    runtime.work(40);
    const samples = (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.ok(samples.length > 90);
    assert.deepEqual(
      samples.filter((line) => !line.includes('zone="a"')),
      [],
    );
  });
});

describe("collectDefaultMetrics twice throws, and what it began runs on after clear()", () => {
  it("gives what is being collected already", () => {
    const { runtime, registry, handle } = collecting();
    assert.equal(collectFrom(runtime.sources, { register: registry }), handle);
  });

  it("runs one timer and one observer after 200 rounds of clear()", () => {
    const { runtime, registry } = collecting();
    for (let i = 0; i < 200; i++) {
      registry.clear();
      collectFrom(runtime.sources, { register: registry });
    }
    assert.deepEqual([runtime.timers.size, runtime.gcListeners.size], [1, 1]);
  });
});

// Each was taken for a success, and the gateway had stored nothing.
describe("Pushgateway: a slash or nothing at all in a grouping value, and a redirection as the answer", () => {
  it("writes such values so that the gateway takes them", () => {
    assert.equal(groupingPath("a/b", { c: "/", d: "" }), "/job@base64/YS9i/c@base64/Lw/d@base64/=");
  });

  it("takes a redirection for the failure that it is", async () => {
    const server = createServer((_, response) => response.writeHead(301, { Location: "/metrics" }).end()).listen(0);
    await once(server, "listening");
    const gateway = new Pushgateway(`127.0.0.1:${(server.address() as AddressInfo).port}`, new Registry());
    try {
      await assert.rejects(gateway.push({ jobName: "a" }), { name: "PushError", status: 301 });
    } finally {
      server.close();
    }
  });
});

// Headers that users share were changed, so that nothing later was compressed.
describe("Pushgateway: delete() takes the headers away that later pushes need", () => {
  it("leaves the headers as they are", async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers["content-encoding"]);
      request.resume().once("end", () => response.writeHead(202).end());
    }).listen(0);
    await once(server, "listening");
    const headers = Object.freeze({ "Content-Encoding": "gzip" });
    const gateway = new Pushgateway(`127.0.0.1:${(server.address() as AddressInfo).port}`, { headers }, new Registry());
    try {
      for (const method of ["push", "delete", "push"] as const) await gateway[method]({ jobName: "a" });
    } finally {
      server.close();
    }
    assert.deepEqual(seen, ["gzip", undefined, "gzip"]);
  });
});

describe("OpenMetrics", () => {
  const openMetrics = async (registry: Registry) =>
    registry.metrics({ format: registry.negotiate("application/openmetrics-text") });

  it("is valid for an empty registry, and begins with no blank line", async () => {
    assert.equal(await openMetrics(new Registry()), "# EOF\n");
  });

  it("leaves names as they are for the next scrape in text 0.0.4", async () => {
    const registry = new Registry();
    new Counter({ name: "foo_total", help: "F.", registers: [registry] }).inc();
    const text = await registry.metrics();
    assert.equal(await openMetrics(registry), "# TYPE foo counter\n# HELP foo F.\nfoo_total 1\n# EOF\n");
    assert.equal(await registry.metrics(), text);
    assert.equal(text, "# HELP foo_total F.\n# TYPE foo_total counter\nfoo_total 1\n");
  });

  it("writes no family twice for counters that differ in _total only", async () => {
    const registry = new Registry();
    for (const name of ["foo", "foo_total"]) new Counter({ name, help: "F.", registers: [registry] });
    assert.equal(
      await openMetrics(registry),
      "# TYPE foo unknown\n# HELP foo F.\nfoo 0\n# TYPE foo_total unknown\n# HELP foo_total F.\nfoo_total 0\n# EOF\n",
    );
  });

  it("spells bounds canonically, tells units, escapes quotes in help texts, and writes NaN as such", async () => {
    const registry = new Registry();
    const registers = [registry];
    new Histogram({ name: "w_seconds", help: 'Say "w".', unit: "seconds", buckets: [1], registers }).observe(1);
    new Gauge({ name: "g", help: "G.", registers }).set(Number.NaN);
    assert.equal(
      await openMetrics(registry),
      '# TYPE w_seconds histogram\n# UNIT w_seconds seconds\n# HELP w_seconds Say \\"w\\".\nw_seconds_bucket{le="1.0"} 1\n' +
        'w_seconds_bucket{le="+Inf"} 1\nw_seconds_sum 1\nw_seconds_count 1\n# TYPE g gauge\n# HELP g G.\ng NaN\n# EOF\n',
    );
  });

  it("is a matter of each request, and not of the registry", () => {
    const registry = new Registry();
    const types = ["text/plain", "application/openmetrics-text", "text/plain"].map(
      (accept) => registry.negotiate(accept).contentType.split(";")[0],
    );
    assert.deepEqual(types, ["text/plain", "application/openmetrics-text", "text/plain"]);
  });
});
