import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Histogram, type HistogramOptions, Registry } from "../../lib/core.ts";
import { deferred } from "../deferred.ts";
import { Random } from "../judges/random.ts";

const waitDeclaration = { name: "wait_seconds", help: "Waiting.", labelNames: ["queue", "host"] } as const;

function wait(options: Partial<HistogramOptions<"queue" | "host">> = {}): Histogram<"queue" | "host"> {
  return new Histogram({ ...waitDeclaration, buckets: [1, 2.5], registers: [], ...options });
}

function size(options: Partial<HistogramOptions<never>> = {}): Histogram<never> {
  return new Histogram({ name: "size_bytes", help: "Size.", buckets: [1, 2.5], registers: [], ...options });
}

interface Loose {
  observe(...args: unknown[]): void;
}

function clockAt(monotonicMs: number) {
  const clock = { monotonicMs };
  return Object.assign(clock, { now: () => 0, monotonicNow: () => clock.monotonicMs });
}

/** Counts and sums by label values, as `mail a`. */
async function countsOf(histogram: Pick<Histogram, "get">): Promise<Record<string, { count?: number; sum?: number }>> {
  const counts: Record<string, { count?: number; sum?: number }> = {};
  for (const { metricName, labels, value } of (await histogram.get()).values) {
    const key = Object.values(labels).join(" ");
    if (metricName?.endsWith("_sum")) counts[key] = { ...counts[key], sum: value };
    if (metricName?.endsWith("_count")) counts[key] = { ...counts[key], count: value };
  }
  return counts;
}

describe("Histogram", () => {
  it("exposes cumulative buckets up to +Inf, sum and count", async () => {
    const registry = new Registry();
    const histogram = wait({ registers: [registry] });
    for (const value of [0.5, 1, 1.5, 2.5, 3, -1]) histogram.observe({ queue: "mail", host: "a" }, value);
    histogram.labels("news", "");
    assert.equal(
      await registry.metrics(),
      [
        "# HELP wait_seconds Waiting.",
        "# TYPE wait_seconds histogram",
        'wait_seconds_bucket{queue="mail",host="a",le="1"} 3',
        'wait_seconds_bucket{queue="mail",host="a",le="2.5"} 5',
        'wait_seconds_bucket{queue="mail",host="a",le="+Inf"} 6',
        'wait_seconds_sum{queue="mail",host="a"} 7.5',
        'wait_seconds_count{queue="mail",host="a"} 6',
        'wait_seconds_bucket{queue="news",le="1"} 0',
        'wait_seconds_bucket{queue="news",le="2.5"} 0',
        'wait_seconds_bucket{queue="news",le="+Inf"} 0',
        'wait_seconds_sum{queue="news"} 0',
        'wait_seconds_count{queue="news"} 0',
        "",
      ].join("\n"),
    );
  });

  it("tells its values in prom-client's shape", async () => {
    const histogram = wait();
    histogram.observe({ queue: "mail", host: "a" }, 2);
    const labels = { queue: "mail", host: "a" };
    assert.deepEqual(await histogram.get(), {
      name: "wait_seconds",
      help: "Waiting.",
      type: "histogram",
      values: [
        { metricName: "wait_seconds_bucket", value: 0, labels: { ...labels, le: 1 } },
        { metricName: "wait_seconds_bucket", value: 1, labels: { ...labels, le: 2.5 } },
        { metricName: "wait_seconds_bucket", value: 1, labels: { ...labels, le: "+Inf" } },
        { metricName: "wait_seconds_sum", value: 2, labels },
        { metricName: "wait_seconds_count", value: 1, labels },
      ],
      aggregator: "sum",
    });
  });

  it("has its buckets at zero from the beginning when it has no labels", async () => {
    const histogram = size();
    const none = [
      { metricName: "size_bytes_bucket", value: 0, labels: { le: 1 } },
      { metricName: "size_bytes_bucket", value: 0, labels: { le: 2.5 } },
      { metricName: "size_bytes_bucket", value: 0, labels: { le: "+Inf" } },
      { metricName: "size_bytes_sum", value: 0, labels: {} },
      { metricName: "size_bytes_count", value: 0, labels: {} },
    ];
    assert.deepEqual((await histogram.get()).values, none);
    histogram.observe(2);
    histogram.reset();
    assert.deepEqual((await histogram.get()).values, none);
    histogram.clear();
    assert.deepEqual((await histogram.get()).values, []);
  });

  it("has the bounds of the other client libraries unless told otherwise", () => {
    const histogram = new Histogram({ name: "h", help: "H.", registers: [] });
    assert.deepEqual(histogram.bounds, [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]);
  });

  it("copies the bounds it is given, checked, and without a last Infinity", () => {
    const buckets = [1, 2, Number.POSITIVE_INFINITY];
    const histogram = size({ buckets });
    assert.deepEqual(histogram.bounds, [1, 2]);
    buckets.unshift(0);
    assert.deepEqual(histogram.bounds, [1, 2]);
    assert.throws(() => (histogram.bounds as number[]).push(3), TypeError);
  });

  it("refuses bounds that are none, and registers nothing then", () => {
    const registry = new Registry();
    const cases: readonly [buckets: unknown, error: Error][] = [
      [[5, 1], new RangeError('Histogram "size_bytes": bounds must increase, but 1 at index 1 follows 5.')],
      [[1, 1], new RangeError('Histogram "size_bytes": bounds must increase, but 1 at index 1 follows 1.')],
      [[], new RangeError('Histogram "size_bytes": buckets must have at least one finite bound.')],
      [[Number.NaN], new RangeError('Histogram "size_bytes": bounds are finite, but got NaN at index 0.')],
      [["1"], new TypeError('Histogram "size_bytes": bounds are numbers, but got string at index 0.')],
      ["1", new TypeError('Histogram "size_bytes": buckets must be an array of numbers.')],
    ];
    for (const [buckets, error] of cases) {
      assert.throws(() => size({ buckets: buckets as number[], registers: [registry] }), error);
    }
    assert.deepEqual(registry.getMetricsAsArray(), []);
  });

  it("refuses the label le, which names the bounds", () => {
    assert.throws(
      () => new Histogram({ name: "h", help: "H.", labelNames: ["le"], registers: [] }),
      new RangeError('Histogram "h" can\'t have the label "le": it names the bucket bounds.'),
    );
  });

  it("counts into the bucket whose bound the value reaches, for random bounds and values", () => {
    const random = new Random(3);
    for (let round = 0; round < 200; round++) {
      const buckets = [...new Set(Array.from({ length: random.between(1, 40) }, () => random.double() + 0))]
        .filter(Number.isFinite)
        .sort((a, b) => a - b);
      if (buckets.length === 0) continue;
      const kept = size({ buckets }).labels();
      const counts = new Array(buckets.length + 1).fill(0);
      let sum = 0;
      for (let i = 0; i < 50; i++) {
        const given = random.chance(0.5) ? random.pick(buckets) : random.double();
        const value = Number.isFinite(given) ? given : 0;
        kept.observe(value);
        sum += value;
        // The judge looks through all of them.
        const index = buckets.findIndex((bound) => value <= bound);
        counts[index === -1 ? buckets.length : index]++;
      }
      assert.deepEqual(kept.value, { count: 50, sum, buckets: counts });
    }
  });

  const refused: readonly [value: unknown, error: (owner: string) => Error][] = [
    [Number.NaN, (owner) => new RangeError(`${owner}: observe(NaN) would spoil the sum for ever.`)],
    [Number.POSITIVE_INFINITY, (owner) => new RangeError(`${owner}: observe(Infinity) would spoil the sum for ever.`)],
    [Number.NEGATIVE_INFINITY, (owner) => new RangeError(`${owner}: observe(-Infinity) would spoil the sum for ever.`)],
    ["5", (owner) => new TypeError(`${owner}: observe() takes a number, but got string.`)],
    [undefined, (owner) => new TypeError(`${owner}: observe() takes a number, but got undefined.`)],
    [null, (owner) => new TypeError(`${owner}: observe() takes a number, but got object.`)],
  ];
  for (const [value, error] of refused) {
    it(`refuses ${String(value)} of type ${typeof value} and changes nothing`, async () => {
      const histogram = size();
      const labelled = wait();
      const kept = labelled.labels("mail", "a");
      histogram.observe(1);
      assert.throws(() => (histogram as Loose).observe(value), error('Histogram "size_bytes"'));
      assert.throws(() => histogram.labels().observe(value as number), error('Histogram "size_bytes"'));
      assert.throws(() => kept.observe(value as number), error('Histogram "wait_seconds"'));
      const labels = { queue: "new", host: "a" };
      assert.throws(() => (labelled as Loose).observe(labels, value), error('Histogram "wait_seconds"'));
      assert.deepEqual(histogram.labels().value, { count: 1, sum: 1, buckets: [1, 0, 0] });
      assert.deepEqual(await countsOf(labelled), { "mail a": { sum: 0, count: 0 } });
    });
  }

  it("observes nothing where a label is unknown", async () => {
    const labelled = wait();
    assert.throws(
      () => labelled.observe({ queue: "mail", hst: "a" } as never, 1),
      new TypeError(
        'Histogram "wait_seconds" has the labels "queue", "host", but got "queue", "hst": "hst" is unknown.',
      ),
    );
    assert.deepEqual(await countsOf(labelled), {});
  });

  it("shows a series at zero that was asked for", async () => {
    const labelled = wait();
    labelled.zero({ queue: "mail", host: "a" });
    labelled.observe({ queue: "news", host: "a" }, 2);
    labelled.zero({ queue: "news", host: "a" });
    assert.deepEqual(await countsOf(labelled), { "mail a": { sum: 0, count: 0 }, "news a": { sum: 2, count: 1 } });
    const kept = labelled.labels("mail", "a");
    labelled.clear();
    kept.zero();
    assert.deepEqual(await countsOf(labelled), { "mail a": { sum: 0, count: 0 } });
    const single = size();
    single.clear();
    single.zero();
    assert.deepEqual(await countsOf(single), { "": { sum: 0, count: 0 } });
  });

  it("begins a kept series anew, from zero, when it is written after its removal", () => {
    const labelled = wait();
    const kept = labelled.labels("mail", "a");
    kept.observe(2);
    kept.observe(9);
    assert.deepEqual(kept.value, { count: 2, sum: 11, buckets: [0, 1, 1] });
    labelled.remove("mail", "a");
    assert.deepEqual(kept.value, { count: 0, sum: 0, buckets: [0, 0, 0] });
    kept.observe(1);
    assert.deepEqual(kept.value, { count: 1, sum: 1, buckets: [1, 0, 0] });
  });

  it("keeps series apart through removals, clearings and resets", async () => {
    const labelled = wait({ series: [{ queue: "mail", host: "a" }] });
    labelled.observe({ queue: "mail", host: "a" }, 1);
    labelled.observe({ queue: "news", host: "a" }, 2);
    labelled.observe({ queue: "news", host: "b" }, 3);
    assert.equal(labelled.removeMatching({ queue: "news" }), 2);
    assert.deepEqual(await countsOf(labelled), { "mail a": { sum: 1, count: 1 } });
    labelled.observe({ queue: "x", host: "y" }, 5);
    assert.deepEqual(await countsOf(labelled), { "mail a": { sum: 1, count: 1 }, "x y": { sum: 5, count: 1 } });
    labelled.reset();
    assert.deepEqual(await countsOf(labelled), { "mail a": { sum: 0, count: 0 } });
    labelled.clear();
    assert.deepEqual(await countsOf(labelled), {});
  });
});

describe("A timer of a histogram", () => {
  it("observes the seconds from start to end, and returns them", async () => {
    const clock = clockAt(500);
    const labelled = wait({ clock });
    const end = labelled.startTimer({ queue: "mail" });
    const endKept = labelled.labels("news", "a").startTimer();
    clock.monotonicMs += 2_000;
    assert.equal(end({ host: "b" }), 2);
    assert.equal(endKept(), 2);
    assert.deepEqual(await countsOf(labelled), { "news a": { sum: 2, count: 1 }, "mail b": { sum: 2, count: 1 } });
  });

  it("needs no labels where there are none", async () => {
    const clock = clockAt(0);
    const histogram = size({ clock });
    const end = histogram.startTimer();
    clock.monotonicMs += 3_000;
    assert.equal(end(), 3);
    assert.deepEqual(await countsOf(histogram), { "": { sum: 3, count: 1 } });
  });

  it("reads its labels when it starts; those of its end beat them", async () => {
    const labelled = wait({ clock: clockAt(0) });
    const labels = { queue: "mail", host: "a" };
    const end = labelled.startTimer(labels);
    labels.queue = "changed";
    end();
    end({ host: "b" });
    assert.deepEqual(await countsOf(labelled), { "mail a": { sum: 0, count: 1 }, "mail b": { sum: 0, count: 1 } });
  });

  it("ends with the scope of a `using` declaration", async () => {
    const clock = clockAt(0);
    const histogram = size({ clock });
    const end = histogram.startTimer();
    clock.monotonicMs += 1_000;
    end[Symbol.dispose]();
    end[Symbol.dispose]();
    assert.deepEqual(await countsOf(histogram), { "": { sum: 1, count: 1 } });
  });

  it("times functions: what they return, throw, promise and reject comes through", async () => {
    const clock = clockAt(0);
    const histogram = size({ clock });
    const pass = (ms: number) => {
      clock.monotonicMs += ms;
    };
    assert.equal(
      histogram.time(() => {
        pass(1_000);
        return "done";
      }),
      "done",
    );
    const promised = deferred<string>();
    const timed = histogram.time(() => promised.promise);
    pass(2_000);
    assert.equal(histogram.labels().value.count, 1);
    promised.resolve("later");
    assert.equal(await timed, "later");
    assert.throws(
      () =>
        histogram.time(() => {
          pass(4_000);
          throw new Error("sour");
        }),
      new Error("sour"),
    );
    await assert.rejects(
      histogram.time(async () => {
        pass(8_000);
        throw new Error("salty");
      }),
      new Error("salty"),
    );
    assert.deepEqual(await countsOf(histogram), { "": { sum: 15, count: 4 } });
    const kept = wait({ clock }).labels("mail", "a");
    kept.time(() => pass(500));
    assert.deepEqual(kept.value, { count: 1, sum: 0.5, buckets: [1, 0, 0] });
  });
});
