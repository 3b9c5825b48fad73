import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  Counter,
  Gauge,
  Histogram,
  type MetricsServer,
  Registry,
  Summary,
  startMetricsServer,
} from "../../lib/index.ts";
import { Random } from "../judges/random.ts";
import { eventually, missing, prometheusVersion, type QueryServer, Servers, until } from "./harness.ts";

/** Schema 3, that of the default factor: buckets grow by so much. */
const GROWTH = 2 ** (1 / 8);

/** Durations over three orders of magnitude. */
function durations(seed: number, count: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: count }, () => 0.002 * 10 ** (3 * random.next()));
}

describe("Prometheus that scrapes protobuf", { skip: missing("prometheus") }, () => {
  const servers = new Servers();
  const registry = new Registry();
  const observed = durations(1, 5000);
  let metrics: MetricsServer | undefined;
  let prometheus: QueryServer;

  before(async () => {
    const declared = {
      help: "How long.",
      labelNames: ["route"],
      registers: [registry],
      enableExemplars: true,
    } as const;
    const native = new Histogram({ ...declared, name: "native_seconds", buckets: [], native: true });
    const both = new Histogram({ ...declared, name: "both_seconds", buckets: [0.01, 0.1, 1], native: { factor: 1.1 } });
    const classic = new Histogram({ ...declared, name: "classic_seconds", buckets: [0.01, 0.1, 1] });
    for (const [i, value] of observed.entries()) {
      for (const histogram of [native, both, classic]) histogram.observe({ route: "/" }, value);
      if (i % 500 !== 0) continue;
      for (const histogram of [native, both, classic]) {
        histogram.observe({ route: "/traced" }, value, { trace_id: `trace-${i}` });
      }
    }
    const change = new Histogram({
      name: "change",
      help: "C.",
      registers: [registry],
      buckets: [],
      native: { schema: 0 },
    });
    for (const value of [-8, -1, -0.25, 0, 0.25, 1, 8]) change.observe(value);
    new Histogram({ name: "idle", help: "I.", registers: [registry], buckets: [], native: true });
    new Histogram({ name: "bare", help: "B.", registers: [registry], buckets: [], native: { zeroThreshold: 0 } });
    const hits = new Counter({ ...declared, name: "hits_total" });
    hits.inc({ route: '/"quoted"\n' }, 7, { trace_id: "hit" });
    new Gauge({ name: "level", help: "L.", registers: [registry] }).set(-1.5);
    const wait = new Summary({ name: "wait_seconds", help: "W.", registers: [registry], percentiles: [0.5] });
    for (const value of [1, 2, 3]) wait.observe(value);
    const many = new Counter({ name: "many_total", help: "M.", labelNames: ["i"], registers: [registry] });
    for (let i = 0; i < 5000; i++) many.inc({ i }, i);
    const manyNative = new Histogram({
      name: "many_seconds",
      help: "M.",
      labelNames: ["i"],
      registers: [registry],
      buckets: [],
      native: true,
    });
    for (let i = 0; i < 2000; i++)
      for (let n = 0; n < 10; n++) manyNative.observe({ i }, observed[(i + 7 * n) % 5000] as number);
    metrics = await startMetricsServer({ port: 0, registry });
    const [major, minor] = prometheusVersion();
    const isSetting = major > 3 || (major === 3 && minor >= 9);
    prometheus = await servers.prometheus({ app: metrics.url }, isSetting ? { scrape_native_histograms: true } : {}, [
      `--enable-feature=exemplar-storage${isSetting ? "" : ",native-histograms"}`,
    ]);
    await until("it has scraped", async () => {
      const up = await prometheus.value('up{job="app"}');
      return up === 1 && (await prometheus.query("histogram_count(native_seconds)")).length > 0 ? true : undefined;
    });
  });

  after(async () => {
    await servers.stop();
    await metrics?.close();
  });

  /** The value of an expression. A scrape that comes too late leaves it without one until the next. */
  const value = (expression: string) => until(`${expression} has a value`, () => prometheus.value(expression));

  const samples = (expression: string) =>
    until(`${expression} has samples`, async () => {
      const all = await prometheus.query(expression);
      return all.length > 0 ? all : undefined;
    });

  it("stores counts and sums of native histograms", async () => {
    const sum = observed.reduce((all, one) => all + one, 0);
    for (const name of ["native_seconds", "both_seconds"]) {
      assert.equal(await value(`histogram_count(${name}{route="/"})`), observed.length);
      assert.ok(Math.abs((await value(`histogram_sum(${name}{route="/"})`)) - sum) < 1e-6 * sum);
    }
  });

  it("computes quantiles from them that are right within a bucket", async () => {
    const sorted = observed.toSorted((a, b) => a - b);
    for (const q of [0.01, 0.25, 0.5, 0.9, 0.99]) {
      const exact = sorted[Math.ceil(q * sorted.length) - 1] as number;
      for (const name of ["native_seconds", "both_seconds"]) {
        const told = await value(`histogram_quantile(${q}, ${name}{route="/"})`);
        assert.ok(told >= exact / GROWTH && told <= exact * GROWTH, `${name} ${q}: ${told} for ${exact}`);
      }
    }
  });

  it("finds observations in the very buckets that they fell into, also on bounds, below zero and at it", async () => {
    assert.equal(await value("histogram_count(change)"), 7);
    assert.equal(await value("histogram_sum(change)"), 0);
    // −8 | −1 | −0.25 | 0 | 0.25 | 1 | 8: the shares below bounds of buckets.
    for (const [from, to, share] of [
      [0, 0.25, 1],
      [0.5, 1, 1],
      [1, 4, 0],
      [4, 8, 1],
      [-0.25, -0.125, 1],
      [-8, -4, 1],
      [-4, -1, 0],
    ] as const) {
      const told = await value(`histogram_fraction(${from}, ${to}, change)`);
      assert.ok(Math.abs(told - share / 7) < 0.08, `${from}…${to}: ${told * 7} for ${share}`);
    }
  });

  it("takes an empty native histogram for a native one", async () => {
    assert.equal(await value("histogram_count(idle)"), 0);
    // Without a zero threshold, a span of no buckets says so. Prometheus 2.42 did not look for it.
    assert.equal(await value(prometheusVersion()[0] >= 3 ? "histogram_count(bare)" : "bare_count"), 0);
  });

  it("stores classic histograms, summaries, counters and gauges as from text", async () => {
    const upTo = (bound: number) => observed.filter((one) => one <= bound).length;
    const counts: Record<string, number> = {};
    for (const { labels, value } of await samples('classic_seconds_bucket{route="/"}')) {
      counts[String(Number(labels["le"]?.replace("+Inf", "Infinity")))] = value;
    }
    assert.deepEqual(counts, { 0.01: upTo(0.01), 0.1: upTo(0.1), 1: upTo(1), Infinity: observed.length });
    assert.equal(await value('classic_seconds_count{route="/"}'), observed.length);
    assert.deepEqual(
      (await samples("hits_total")).map(({ labels, value }) => [labels["route"], value]),
      [['/"quoted"\n', 7]],
    );
    assert.equal(await value("level"), -1.5);
    assert.deepEqual([await value("wait_seconds_count"), await value("wait_seconds_sum")], [3, 6]);
    assert.equal((await value('wait_seconds{quantile="0.5"}')) > 1.98, true);
  });

  it("stores thousands of series, each as it is", async () => {
    await eventually(async () => {
      assert.equal(await value("count(many_total)"), 5000);
      assert.equal(await value("sum(many_total)"), (4999 * 5000) / 2);
      assert.equal(await value("count(many_seconds)"), 2000);
      assert.equal(await value("histogram_count(sum(many_seconds))"), 20_000);
    });
  });

  it("stores exemplars of counters, buckets and native histograms", async () => {
    const traces = async (expression: string) => {
      const all = await prometheus.exemplars(expression);
      return new Set(all.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels["trace_id"])));
    };
    await eventually(async () => {
      assert.deepEqual(await traces("hits_total"), new Set(["hit"]));
      assert.ok((await traces("classic_seconds_bucket")).size >= 2);
      const native = await traces("native_seconds");
      assert.ok(native.size >= 1 && [...native].every((trace) => trace?.startsWith("trace-")), [...native].join());
    });
  });
});
