// Native buckets and exemplars of several threads, played by one.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "../../lib/formats/parse.ts";
import { PROTOBUF_CONTENT_TYPE } from "../../lib/formats/protobuf.ts";
import { Counter } from "../../lib/metrics/counter.ts";
import { Histogram, type HistogramOptions } from "../../lib/metrics/histogram.ts";
import type { HistogramSeries, MetricFamily, NativeHistogram } from "../../lib/model/family.ts";
import { Registry } from "../../lib/registry/registry.ts";
import { COLUMNS, type ColumnFamily } from "../../lib/storage/column-family.ts";
import { Random } from "../judges/random.ts";
import { type FakeThread, fakeThreads } from "./fake-threads.ts";

async function exposition(registry: Registry, contentType: string): Promise<MetricFamily[]> {
  const format = registry.negotiate(contentType);
  const chunks: Uint8Array[] = [];
  for await (const chunk of registry.stream({ format })) chunks.push(chunk);
  return [...parse(Buffer.concat(chunks), format.contentType)];
}

/** The only histogram that a registry exposes, as protobuf has it. */
async function histogramOf(registry: Registry): Promise<readonly HistogramSeries[]> {
  const [family] = await exposition(registry, PROTOBUF_CONTENT_TYPE);
  return (family?.series ?? []) as readonly HistogramSeries[];
}

/** Its counts have to agree, or Prometheus refuses it. */
function countOf({ zeroCount, positive, negative }: NativeHistogram): number {
  return [...positive, ...negative].reduce((sum, { count }) => sum + count, zeroCount);
}

const name = { name: "size", help: "Size." };

describe("Native histograms of several threads", () => {
  for (const buckets of [[], [1, 10]]) {
    it(`have the buckets that observing in one place would give, beside ${buckets.length} others`, async () => {
      const random = new Random(5 + buckets.length);
      const { registry, start, end, errors } = fakeThreads();
      const judged = new Registry();
      const declare = (native: object, options: object) => new Histogram({ ...name, buckets, native, ...options });
      // The coarsest schema and the widest zero bucket of all are those of the judge.
      const judge = declare({ schema: 1, zeroThreshold: 0.5, maxBuckets: 0 }, { registers: [judged] });
      const thresholds = [0, 0.5, 0.25, 0];
      const threads = [start(), start(), start()];
      const histograms = [{ registers: [registry] }, ...threads.map(({ options }) => options)].map((options, i) =>
        declare({ schema: 4 - i, zeroThreshold: thresholds[i], maxBuckets: 0 }, options),
      );
      for (let n = 0; n < 400; n++) {
        // So that sums are exact in whatever order they are made.
        const value = Math.round((random.next() - 0.2) * 10 ** random.between(-2, 4) * 1024) / 1024;
        // A bucket that the zero bucket would divide is taken whole, so values keep away from its bound.
        if (Math.abs(value) > 0.2 && Math.abs(value) < 0.8) continue;
        for (const one of [random.pick(histograms), judge]) one.observe(value);
        if (n === 200) {
          end(threads[1] as FakeThread);
          histograms.splice(2, 1);
        }
        if (n % 20 === 0)
          assert.deepEqual(withoutTimes(await histogramOf(registry)), withoutTimes(await histogramOf(judged)));
      }
      assert.deepEqual(errors, []);
      const [merged] = await histogramOf(registry);
      assert.equal(countOf(merged?.native as NativeHistogram), merged?.count);
    });
  }

  it("keep what ended threads have counted, and merge at the coarsest resolution", async () => {
    const { registry, start, end, errors } = fakeThreads();
    const judged = new Registry();
    const declare = (native: object, options: object) => new Histogram({ ...name, buckets: [2], native, ...options });
    const judge = declare({ schema: 1, zeroThreshold: 0.25, maxBuckets: 0 }, { registers: [judged] });
    const [a, b] = [start(), start()];
    const fine = declare({ schema: 5, zeroThreshold: 0, maxBuckets: 0 }, a.options);
    const coarse = declare({ schema: 1, zeroThreshold: 0.25, maxBuckets: 0 }, b.options);
    for (const value of [0.0625, 0.125, 1, 1.125, 3, -7, 1000]) for (const one of [fine, judge]) one.observe(value);
    for (const value of [0.1875, 5, -5, 1e6]) for (const one of [coarse, judge]) one.observe(value);
    const expected = await histogramOf(judged);
    const isRight = async () => assert.deepEqual(withoutTimes(await histogramOf(registry)), withoutTimes(expected));
    await isRight();
    end(a);
    await isRight();
    end(b);
    await isRight();
    assert.deepEqual(errors, []);
  });

  it("are as of one who has them where one thread has none yet", async () => {
    const { registry, start } = fakeThreads();
    const declare = (options: object) => new Histogram({ ...name, buckets: [], native: true, ...options });
    declare({ registers: [registry] });
    declare(start().options);
    const [empty] = await histogramOf(registry);
    assert.deepEqual(empty?.native, { schema: 3, zeroThreshold: 2 ** -128, zeroCount: 0, positive: [], negative: [] });
  });

  it("count as much as the other buckets while an observation is under way", async () => {
    const { registry, start, end } = fakeThreads();
    const thread = start();
    const histogram = new Histogram({ ...name, buckets: [1], native: true, ...thread.options });
    for (const value of [0.5, 0.5, 3]) histogram.observe(value);
    const { table } = (histogram as unknown as { readonly [COLUMNS]: ColumnFamily })[COLUMNS];
    const page = table.pageOf(0);
    // Its thread has counted it in the native buckets and not yet in the others.
    (page[1] as number)--;
    const told = async () => {
      const [series] = await histogramOf(registry);
      const { count, buckets, native } = series as HistogramSeries;
      return [count, buckets.map((bucket) => bucket.count), countOf(native as NativeHistogram)];
    };
    assert.deepEqual(await told(), [3, [1, 3], 3]);
    (page[1] as number)++;
    assert.deepEqual(await told(), [3, [2, 3], 3]);
    // One that is in the others alone can't be, but who knows what order a processor writes in.
    (page[1] as number)++;
    const [series] = await histogramOf(registry);
    assert.deepEqual([series?.count, series?.native], [4, undefined]);
    (page[1] as number)--;
    // It was terminated in the midst of an observation.
    (page[2] as number)--;
    end(thread);
    assert.deepEqual(await told(), [3, [2, 3], 3]);
  });

  it("never fall, though one begins anew", async () => {
    let nowMs = 0;
    const clock = { now: () => 5_000, monotonicNow: () => nowMs };
    const { registry, start } = fakeThreads();
    const native = { maxBuckets: 2, minResetSeconds: 1 };
    const declare = (options: object) => new Histogram({ ...name, buckets: [4], native, clock, ...options });
    const own = declare({ registers: [registry] });
    const theirs = declare(start().options);
    let observed = 0;
    for (let i = 0; i < 40; i++) {
      nowMs += 400;
      for (const one of [own, theirs]) one.observe(2 ** (i % 9));
      observed += 2;
      const [series] = await histogramOf(registry);
      assert.deepEqual([series?.count, countOf(series?.native as NativeHistogram)], [observed, observed]);
    }
    // Its own has begun anew, and that of the thread has become coarser instead.
    assert.ok(own.labels().value.count < 40);
    assert.equal(theirs.labels().value.count, 40);
  });

  it("are gone when their series is removed, and begin at zero", async () => {
    const { registry, start, end } = fakeThreads();
    const declare = (options: object) =>
      new Histogram({ ...name, labelNames: ["a"], native: true, buckets: [], ...options });
    const own = declare({ registers: [registry] });
    const [a, b] = [start(), start()];
    const theirs = [declare(a.options), declare(b.options)];
    for (const one of theirs) one.observe({ a: "x" }, 1);
    end(a);
    assert.equal((await histogramOf(registry))[0]?.count, 2);
    own.remove({ a: "x" });
    assert.deepEqual(await histogramOf(registry), []);
    theirs[1]?.observe({ a: "x" }, 8);
    const [series] = await histogramOf(registry);
    assert.deepEqual([series?.count, series?.native?.positive], [1, [{ key: 24, count: 1 }]]);
  });

  it("leave no memory behind of series that come and go", () => {
    const thread = fakeThreads().start();
    const options: HistogramOptions<"a"> & { enableExemplars: true } = {
      ...name,
      labelNames: ["a"],
      native: true,
      enableExemplars: true,
      ...thread.options,
    };
    const histogram = new Histogram(options);
    const live = (times: number) => {
      for (let i = 0; i < times; i++) {
        histogram.observe({ a: `${i % 50}` }, 1.5 ** (i % 30), { trace_id: `${i}` });
        if (i % 3 === 0) histogram.remove({ a: `${(i * 7) % 50}` });
      }
    };
    live(20_000);
    const bytes = thread.memory.buffer.byteLength;
    live(40_000);
    assert.equal(thread.memory.buffer.byteLength, bytes);
  });
});

describe("Exemplars of several threads", () => {
  it("come out in OpenMetrics, the latest of each series and bucket", async () => {
    let nowMs = 1_000;
    const clock = { now: () => nowMs, monotonicNow: () => nowMs };
    const { registry, start, end } = fakeThreads(clock);
    const declare = (options: object) => ({
      served: new Counter({ name: "served_total", help: "Served.", clock, enableExemplars: true, ...options }),
      size: new Histogram({ ...name, buckets: [1], clock, enableExemplars: true, ...options }),
    });
    const own = declare({ registers: [registry] });
    const thread = start();
    const theirs = declare(thread.options);
    own.served.inc(1, { trace_id: "own" });
    own.size.observe(0.5, { trace_id: "own" });
    nowMs = 2_000;
    theirs.served.inc(2, { trace_id: "theirs" });
    theirs.size.observe(7, { trace_id: 'ü😀"\\\n', span: "\u0000" });
    const lines = async () => {
      let all = "";
      for await (const chunk of registry.stream({
        format: registry.negotiate("application/openmetrics-text; version=1.0.0"),
      }))
        all += Buffer.from(chunk).toString();
      return all.split("\n").filter((line) => /^(served_total|size_bucket)/.test(line));
    };
    const expected = [
      'served_total 3 # {trace_id="theirs"} 2 2',
      'size_bucket{le="1.0"} 1 # {trace_id="own"} 0.5 1',
      'size_bucket{le="+Inf"} 2 # {trace_id="ü😀\\"\\\\\\n",span="\u0000"} 7 2',
    ];
    assert.deepEqual(await lines(), expected);
    end(thread);
    assert.deepEqual(await lines(), expected);
    nowMs = 3_000;
    own.served.inc(1, { trace_id: "later" });
    assert.equal((await lines())[0], 'served_total 4 # {trace_id="later"} 1 3');
  });

  it("come out in protobuf, those of native buckets too", async () => {
    let nowMs = 1_000;
    const clock = { now: () => nowMs++, monotonicNow: () => nowMs };
    const { registry, start, end } = fakeThreads(clock);
    const native = { exemplars: 3 };
    const declare = (options: object) =>
      new Histogram({ ...name, buckets: [10], native, clock, enableExemplars: true, ...options });
    const own = declare({ registers: [registry] });
    const [a, b] = [start(), start()];
    const [inA, inB] = [declare(a.options), declare(b.options)];
    for (const value of [1, 2, 4, 8]) inA.observe(value, { trace_id: `a${value}` });
    for (const value of [16, 32]) inB.observe(value, { trace_id: `b${value}` });
    own.observe(64, { trace_id: "own" });
    const told = async () => {
      const [series] = await histogramOf(registry);
      const { buckets, native } = series as HistogramSeries;
      const texts = (exemplars: readonly ({ labels: object } | undefined)[] = []) =>
        exemplars.map((one) => Object.values(one?.labels ?? {}).join());
      return [texts(buckets.map(({ exemplar }) => exemplar)), texts(native?.exemplars)];
    };
    const expected = [
      ["a8", "own"],
      ["b16", "b32", "own"],
    ];
    assert.deepEqual(await told(), expected);
    for (const thread of [a, b]) {
      end(thread);
      assert.deepEqual(await told(), expected);
    }
  });
});

/** The same but for when they were created. */
function withoutTimes(series: readonly HistogramSeries[]): readonly object[] {
  return series.map(({ createdMs, ...rest }) => rest);
}
