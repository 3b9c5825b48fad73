import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import {
  type Collector,
  Counter,
  type CounterOptions,
  type Exemplar,
  Histogram,
  type HistogramOptions,
  type MetricFamily,
  setExemplarSource,
} from "../../lib/core.ts";

/** A clock that the test turns, and that counts how often it was read. */
function clockAt(ms: number) {
  const clock = { ms, reads: 0 };
  const now = () => {
    clock.reads++;
    return clock.ms;
  };
  return Object.assign(clock, { now, monotonicNow: () => clock.ms });
}

type Clock = ReturnType<typeof clockAt>;

function counter<const Name extends string = never>(clock: Clock, options: Partial<CounterOptions<Name>> = {}) {
  return new Counter<Name, true>({ name: "c", help: "C.", registers: [], clock, ...options, enableExemplars: true });
}

function histogram<const Name extends string = never>(clock: Clock, options: Partial<HistogramOptions<Name>> = {}) {
  const declared = { name: "h", help: "H.", buckets: [1, 10], registers: [], clock, ...options };
  return new Histogram<Name, true>({ ...declared, enableExemplars: true });
}

interface Loose {
  inc(...args: unknown[]): void;
  observe(...args: unknown[]): void;
}

async function familyOf(metric: Collector): Promise<MetricFamily> {
  const [family] = (await metric.collect({ signal: new AbortController().signal })) as readonly MetricFamily[];
  return family as MetricFamily;
}

/** A counter's series as `a=x 3 trace@5`: labels, value, and the exemplar if there is one. */
async function counted(metric: Collector): Promise<string[]> {
  const { series } = await familyOf(metric);
  return series.map((one) => {
    const { labels, value, exemplar } = one as { labels: object; value: number; exemplar?: Exemplar };
    const pairs = Object.entries(labels).map(([name, text]) => `${name}=${text}`);
    return [...pairs, value, ...(exemplar ? [shown(exemplar)] : [])].join(" ");
  });
}

const shown = ({ labels, value, timestampMs }: Exemplar) =>
  `${Object.entries(labels).map(([name, text]) => `${name}:${text}`)} ${value}@${timestampMs}`;

/** A histogram's exemplars by bound. */
async function observed(metric: Collector): Promise<string[]> {
  const family = await familyOf(metric);
  if (family.type !== "histogram") throw new Error("It is a histogram.");
  return family.series.flatMap(({ buckets, native }) => [
    ...buckets.flatMap(({ bound, exemplar }) => (exemplar ? [`${bound}: ${shown(exemplar)}`] : [])),
    ...(native?.exemplars ?? []).map((exemplar) => `native: ${shown(exemplar)}`),
  ]);
}

const trace = { trace_id: "abc" };

describe("Counter with exemplars", () => {
  it("takes them as a last argument, or all in one object as prom-client does", async () => {
    const calls: readonly ((c: ReturnType<typeof counter<"a">>) => void)[] = [
      (c) => c.inc({ a: "x" }, 3, trace),
      (c) => c.inc({ labels: { a: "x" }, value: 3, exemplarLabels: trace }),
      (c) => c.labels("x").inc(3, trace),
      (c) => c.labels({ a: "x" }).inc(3, trace),
    ];
    for (const call of calls) {
      const c = counter(clockAt(5), { labelNames: ["a"] });
      call(c);
      assert.deepEqual(await counted(c), ["a=x 3 trace_id:abc 3@5"]);
    }
    for (const args of [[3, trace], [{ value: 3, exemplarLabels: trace }], [undefined, 3, trace], [{}, 3, trace]]) {
      const c = counter(clockAt(5));
      (c as unknown as Loose).inc(...args);
      assert.deepEqual(await counted(c), ["3 trace_id:abc 3@5"], JSON.stringify(args));
    }
    for (const args of [[undefined, trace], [{ exemplarLabels: trace }], [{}, undefined, trace], [null, trace]]) {
      const c = counter(clockAt(5));
      (c as unknown as Loose).inc(...args);
      assert.deepEqual(await counted(c), ["1 trace_id:abc 1@5"], JSON.stringify(args));
    }
  });

  it("counts without any as every counter does, and reads no clock for it", async () => {
    const clock = clockAt(5);
    const c = counter(clock, { labelNames: ["a"] });
    const alone = counter(clock);
    const { reads } = clock;
    c.labels("x");
    c.inc({ a: "x" });
    c.inc({ a: "x" }, 3);
    c.labels("x").inc();
    c.labels("x").inc(5);
    c.inc({ labels: { a: "x" }, value: 10 });
    c.inc({ labels: { a: "x" } });
    alone.inc();
    alone.inc(5);
    alone.inc({ value: 10 });
    alone.labels().inc(2);
    assert.deepEqual([await counted(c), await counted(alone)], [["a=x 21"], ["18"]]);
    assert.equal(clock.reads, reads + 1); // for when the series was created
  });

  it("takes an object for labels where a label is called labels, value or exemplarLabels", async () => {
    const c = counter(clockAt(5), { labelNames: ["value", "labels"] });
    c.inc({ value: "v", labels: "l" });
    c.inc({ value: "v", labels: "l" }, 2, trace);
    c.labels("v", "l").inc(4);
    assert.deepEqual(await counted(c), ["value=v labels=l 7 trace_id:abc 2@5"]);
    const other = counter(clockAt(5), { labelNames: ["exemplarLabels"] });
    other.inc({ exemplarLabels: "x" });
    assert.deepEqual(await counted(other), ["exemplarLabels=x 1"]);
  });

  it("keeps the latest one of each series, and the one it has when the next event has none", async () => {
    const clock = clockAt(5);
    const c = counter(clock, { labelNames: ["a"] });
    c.inc({ a: "x" }, 1, { trace_id: "1" });
    c.inc({ a: "y" }, 1, { trace_id: "2" });
    clock.ms = 6;
    c.inc({ a: "x" }, 2, { trace_id: "3", span_id: "4" });
    c.inc({ a: "x" });
    c.inc({ a: "y" }, 1, {});
    c.inc({ a: "y" }, 1, { trace_id: undefined });
    assert.deepEqual(await counted(c), ["a=x 4 trace_id:3,span_id:4 2@6", "a=y 3 trace_id:2 1@5"]);
  });

  it("copies the labels", async () => {
    const c = counter(clockAt(5));
    const labels = { trace_id: "abc" };
    c.inc(1, labels);
    labels.trace_id = "x".repeat(500);
    assert.deepEqual(await counted(c), ["1 trace_id:abc 1@5"]);
  });

  it("refuses bad exemplars, amounts and labels before anything is written", async () => {
    const c = counter(clockAt(5), { labelNames: ["a"] });
    c.inc({ a: "x" }, 1, trace);
    const tooLong = { a: "x".repeat(128) };
    const before = await counted(c);
    const loose = c as unknown as Loose;
    const series = c.labels("x") as unknown as Loose;
    const refused: readonly (readonly [call: () => void, error: Error])[] = [
      [
        () => loose.inc({ a: "x" }, 1, tooLong),
        new RangeError('Counter "c": the labels of an exemplar, "a", hold more than 128 characters.'),
      ],
      [
        () => series.inc(1, tooLong),
        new RangeError('Counter "c": the labels of an exemplar, "a", hold more than 128 characters.'),
      ],
      [
        () => loose.inc({ a: "new" }, 1, "abc"),
        new TypeError('Counter "c": an exemplar has an object of labels, but got a string.'),
      ],
      [
        () => loose.inc({ a: "new" }, -1, trace),
        new RangeError('Counter "c": inc(-1) would make it go down. Use a Gauge for values that fall.'),
      ],
      [
        () => loose.inc({ labels: { a: "new" }, value: Number.NaN, exemplarLabels: trace }),
        new RangeError('Counter "c": inc(NaN) would spoil the count for ever.'),
      ],
      [() => series.inc("1", trace), new TypeError('Counter "c": inc() takes a number, but got string.')],
      [
        () => loose.inc({ labels: { a: "new" }, value: 1, exemplar: trace }),
        new TypeError(
          'Counter "c" takes labels, value and exemplarLabels in one object, but got "exemplar" among them.',
        ),
      ],
      [
        () => loose.inc({ labels: "x", value: 1 }),
        new TypeError('Counter "c": labels must be an object, but got string.'),
      ],
      [
        () => loose.inc({ labels: { b: "x" }, exemplarLabels: trace }),
        new TypeError('Counter "c" has the label "a", but got "b": "b" is unknown.'),
      ],
    ];
    for (const [call, error] of refused) assert.throws(call, error);
    assert.deepEqual(await counted(c), before);
  });

  it("forgets them with the series, and when it is reset", async () => {
    const c = counter(clockAt(5), { labelNames: ["a"] });
    c.inc({ a: "x" }, 1, trace);
    c.inc({ a: "y" }, 1, trace);
    const kept = c.labels("x");
    c.remove("x");
    kept.inc(2);
    assert.deepEqual(await counted(c), ["a=x 2", "a=y 1 trace_id:abc 1@5"]);
    c.reset();
    c.inc({ a: "y" }, 4);
    assert.deepEqual(await counted(c), ["a=y 4"]);
  });

  it("goes on with the exemplar of a series that was removed and made anew", async () => {
    const c = counter(clockAt(5), { labelNames: ["a"] });
    const kept = c.labels("x");
    c.remove("x");
    kept.inc(2, trace);
    assert.deepEqual(await counted(c), ["a=x 2 trace_id:abc 2@5"]);
  });

  it("tells them in prom-client's JSON, with seconds", async () => {
    const c = counter(clockAt(5500), { labelNames: ["a"] });
    c.inc({ a: "x" }, 2, trace);
    assert.deepEqual((await c.get()).values, [
      { value: 2, labels: { a: "x" }, exemplar: { labelSet: { trace_id: "abc" }, value: 2, timestamp: 5.5 } },
    ]);
  });

  it("must be declared so by true or false, and is another metric then for getOrCreate", () => {
    assert.throws(
      () => new Counter({ name: "c", help: "C.", registers: [], enableExemplars: "yes" as unknown as boolean }),
      new TypeError('Counter "c": enableExemplars must be true or false.'),
    );
    assert.deepEqual(counter(clockAt(0)).definition.details, { enableExemplars: true });
    assert.deepEqual(
      new Counter({ name: "c", help: "C.", registers: [], enableExemplars: false }).definition.details,
      {},
    );
  });
});

describe("Histogram with exemplars", () => {
  it("takes them as a last argument, or all in one object as prom-client does", async () => {
    const calls: readonly ((h: ReturnType<typeof histogram<"a">>) => void)[] = [
      (h) => h.observe({ a: "x" }, 3, trace),
      (h) => h.observe({ labels: { a: "x" }, value: 3, exemplarLabels: trace }),
      (h) => h.labels("x").observe(3, trace),
    ];
    for (const call of calls) {
      const h = histogram(clockAt(5), { labelNames: ["a"] });
      call(h);
      assert.deepEqual(await observed(h), ["10: trace_id:abc 3@5"]);
      assert.deepEqual(h.labels("x").value, { count: 1, sum: 3, buckets: [0, 1, 0] });
    }
    const alone = histogram(clockAt(5));
    alone.observe(3, trace);
    alone.observe({ value: 0.5, exemplarLabels: trace });
    alone.observe({ value: 0.5 });
    alone.observe(1);
    assert.deepEqual(await observed(alone), ["1: trace_id:abc 0.5@5", "10: trace_id:abc 3@5"]);
    assert.equal(alone.labels().value.count, 4);
  });

  it("keeps the latest one of each bucket, the bounds belonging to the bucket below", async () => {
    const clock = clockAt(5);
    const h = histogram(clock);
    for (const value of [0.5, 1, 1.5, 10, 11]) {
      clock.ms++;
      h.observe(value, { trace_id: value });
    }
    assert.deepEqual(await observed(h), ["1: trace_id:1 1@7", "10: trace_id:10 10@9", "Infinity: trace_id:11 11@10"]);
  });

  it("keeps those of native buckets as well, spread over the values, as many as declared", async () => {
    const clock = clockAt(5);
    const h = histogram(clock, { buckets: [], native: { exemplars: 3 } });
    for (const value of [1, 100, 101, 10_000]) {
      clock.ms++;
      h.observe(value, { id: value });
    }
    assert.deepEqual(await observed(h), [
      "Infinity: id:10000 10000@9",
      "native: id:1 1@6",
      "native: id:101 101@8",
      "native: id:10000 10000@9",
    ]);
    const none = histogram(clock, { buckets: [], native: { exemplars: 0 } });
    none.observe(1, trace);
    assert.deepEqual(await observed(none), ["Infinity: trace_id:abc 1@9"]);
  });

  it("refuses bad ones before anything is written", async () => {
    const h = histogram(clockAt(5), { labelNames: ["a"], native: true }) as unknown as Loose & Collector;
    for (const args of [
      [{ a: "x" }, 1, { "bad-name": "x" }],
      [{ a: "x" }, 1, { a: "x".repeat(128) }],
      [{ a: "x" }, Number.NaN, trace],
      [{ a: "x" }, "1", trace],
      [{ labels: { a: "x" }, exemplarLabels: trace }],
      [{ labels: { a: "x" }, value: Number.POSITIVE_INFINITY, exemplarLabels: trace }],
      [{ labels: { b: "x" }, value: 1, exemplarLabels: trace }],
    ]) {
      assert.throws(() => h.observe(...args), JSON.stringify(args));
    }
    assert.deepEqual((await familyOf(h)).series, []);
  });

  it("forgets them with the series", async () => {
    const h = histogram(clockAt(5), { native: true });
    h.observe(3, trace);
    h.reset();
    assert.deepEqual(await observed(h), []);
  });
});

describe("setExemplarSource", () => {
  afterEach(() => setExemplarSource(undefined));

  it("gives exemplars to the metrics that keep them, and to no others", async () => {
    const clock = clockAt(100);
    setExemplarSource(() => ({ trace_id: "auto" }));
    const c = counter(clock, { labelNames: ["a"] });
    const h = histogram(clock, { native: true });
    const plain = new Counter({ name: "p", help: "P.", registers: [] });
    c.inc({ a: "x" });
    c.labels("y").inc(2);
    h.observe(3);
    h.labels().observe(0.5);
    plain.inc();
    assert.deepEqual(await counted(c), ["a=x 1 trace_id:auto 1@100", "a=y 2 trace_id:auto 2@100"]);
    assert.deepEqual(await observed(h), [
      "1: trace_id:auto 0.5@100",
      "10: trace_id:auto 3@100",
      "native: trace_id:auto 0.5@100",
      "native: trace_id:auto 3@100",
    ]);
    assert.deepEqual(await counted(plain), ["1"]);
  });

  it("is asked again only when the exemplar there is, whoever gave it, is seven seconds old", async () => {
    const clock = clockAt(0);
    let asked = 0;
    setExemplarSource(() => ({ n: ++asked }));
    const c = counter(clock);
    c.inc();
    clock.ms = 6999;
    c.inc();
    assert.equal(asked, 1);
    clock.ms = 7000;
    c.inc();
    assert.deepEqual([asked, await counted(c)], [2, ["3 n:2 1@7000"]]);
    c.inc(1, { given: "x" });
    clock.ms = 13_999;
    c.inc();
    assert.deepEqual([asked, await counted(c)], [2, ["5 given:x 1@7000"]]);
    clock.ms = 14_000;
    c.inc(1, {});
    assert.equal(asked, 2);
    c.inc();
    assert.equal(asked, 3);
    // The clock was set back.
    clock.ms = 10;
    c.inc();
    assert.deepEqual([asked, await counted(c)], [4, ["8 n:4 1@10"]]);
  });

  it("may give none, fail or give nonsense, and the metric counts all the same", async () => {
    const sources: readonly (() => unknown)[] = [
      () => undefined,
      () => null,
      () => ({}),
      () => ({ "bad-name": "x" }),
      () => ({ a: "x".repeat(500) }),
      () => "abc",
      () => {
        throw new Error("no context");
      },
    ];
    const c = counter(clockAt(0));
    for (const source of sources) {
      setExemplarSource(source as never);
      c.inc();
    }
    assert.deepEqual(await counted(c), [`${sources.length}`]);
  });

  it("costs not even a look at the clock when it is unset", () => {
    const clock = clockAt(0);
    const c = counter(clock);
    const { reads } = clock;
    c.inc();
    c.labels().inc();
    assert.equal(clock.reads, reads);
  });

  it("must be a function", () => {
    assert.throws(
      () => setExemplarSource("x" as never),
      new TypeError("An exemplar source is a function, but got string."),
    );
    assert.throws(
      () => setExemplarSource(null as never),
      new TypeError("An exemplar source is a function, but got null."),
    );
  });
});
