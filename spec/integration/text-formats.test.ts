// Every text format under a real Prometheus: it negotiates the one it is told to want, and its queries return what was
// counted. Versions from 3.0 on can be told one by one; those before want OpenMetrics.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  Counter,
  type Exposer,
  Gauge,
  Histogram,
  Info,
  type MetricsServer,
  Registry,
  StateSet,
  Summary,
  startMetricsServer,
} from "../../lib/index.ts";
import { eventually, missing, prometheusVersion, type QueryServer, Servers, until } from "./harness.ts";

const reason = missing("prometheus");
const canChoose = reason === false && prometheusVersion()[0] >= 3;

interface Setting {
  /** What Prometheus calls the format; absent where it can't be told. */
  readonly protocol?: string;
  readonly contentType: string;
  readonly hasUtf8Names: boolean;
  readonly hasExemplars: boolean;
}

const openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=";
const settings: readonly Setting[] = canChoose
  ? [
      {
        protocol: "PrometheusText0.0.4",
        contentType: "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
        hasUtf8Names: false,
        hasExemplars: false,
      },
      {
        protocol: "PrometheusText1.0.0",
        contentType: "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
        hasUtf8Names: true,
        hasExemplars: false,
      },
      {
        protocol: "OpenMetricsText1.0.0",
        contentType: `${openMetrics}allow-utf-8`,
        hasUtf8Names: true,
        hasExemplars: true,
      },
    ]
  : [{ contentType: `${openMetrics}underscores`, hasUtf8Names: false, hasExemplars: true }];

const hostile = 'a "quoted" \\ 漢字😀\nsecond line';

function filled(): Registry {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: "hits_total", help: 'Say "hits".', labelNames: ["a"], registers }).inc({ a: hostile }, 7);
  new Counter({ name: "jobs", help: "A counter without the suffix.", registers }).inc(3);
  new Gauge({ name: "free_bytes", help: "Free.", unit: "bytes", registers }).set(-0.5);
  const wait = new Histogram({ name: "wait_seconds", help: "Waits.", unit: "seconds", buckets: [1, 1e6], registers });
  for (const seconds of [0.5, 1, 2, 2e6]) wait.observe(seconds);
  new Histogram({ name: "change", help: "Changes.", buckets: [-1, 1], registers }).observe(-3);
  const size = new Summary({ name: "size", help: "Sizes.", percentiles: [0.5, 1], registers });
  size.observe(4);
  new Info({ name: "build_info", help: "Build.", registers }).set({ version: "1.2.3" });
  new StateSet({ name: "phase", help: "Phase.", states: ["up", "down"], registers }).switchTo("up");
  const requests = new Counter({
    name: "http.requests_total",
    help: "Dotted.",
    labelNames: ["http.method"],
    utf8Names: true,
    registers,
  });
  requests.inc({ "http.method": "GET" }, 5);
  const traced = new Counter({ name: "traced_total", help: "T.", labelNames: ["a"], enableExemplars: true, registers });
  // Nothing that is escaped: Prometheus' parser leaves the escapes in exemplars as they are.
  traced.inc({ a: "x" }, 1, { trace_id: "4bf92f", note: "漢字😀" });
  registry.registerMetric({
    name: "relay",
    collect: () => [
      {
        name: "relayed",
        type: "gauge",
        help: "With a timestamp.",
        series: [{ labels: {}, value: 9, timestampMs: Math.floor(Date.now() / 1000) * 1000 - 5_000 }],
      },
    ],
  });
  return registry;
}

/** A registry that remembers in which formats it was scraped. */
function remembering(registry: Registry, seen: Set<string>): Exposer {
  return {
    contentType: registry.contentType,
    negotiate(accept) {
      const format = registry.negotiate(accept);
      seen.add(format.contentType);
      return format;
    },
    chunks: (options) => registry.chunks(options),
  };
}

for (const { protocol, contentType, hasUtf8Names, hasExemplars } of settings) {
  describe(`Prometheus that scrapes ${protocol ?? "as it likes best"}`, { skip: reason }, () => {
    const servers = new Servers();
    const seen = new Set<string>();
    let metrics: MetricsServer | undefined;
    let prometheus: QueryServer;

    before(async () => {
      metrics = await startMetricsServer({ port: 0, registry: remembering(filled(), seen) });
      prometheus = await servers.prometheus(
        { app: metrics.url },
        protocol === undefined ? {} : { scrape_protocols: [protocol] },
        ["--enable-feature=exemplar-storage"],
      );
      await until("Prometheus has scraped", async () => ((await prometheus.value("up")) === 1 ? true : undefined));
    });
    after(async () => {
      await servers.stop();
      await metrics?.close();
    });

    it("is answered in that format", () => assert.deepEqual([...seen], [contentType]));

    it("finds every value as it was counted", async () => {
      const values: Readonly<Record<string, number>> = {
        hits_total: 7,
        jobs: 3,
        free_bytes: -0.5,
        "wait_seconds_bucket{le='1.0'} or wait_seconds_bucket{le='1'}": 2,
        "wait_seconds_bucket{le='1e+06'} or wait_seconds_bucket{le='1000000'}": 3,
        "wait_seconds_bucket{le='+Inf'}": 4,
        wait_seconds_sum: 2_000_003.5,
        wait_seconds_count: 4,
        "change_bucket{le='+Inf'}": 1,
        "size{quantile='0.5'}": 4,
        size_count: 1,
        "build_info{version='1.2.3'}": 1,
        "phase{phase='up'}": 1,
        "phase{phase='down'}": 0,
        relayed: 9,
        traced_total: 1,
      };
      for (const [expression, value] of Object.entries(values)) {
        const found = await until(`${expression} has a value`, () => prometheus.value(expression));
        const isNear = expression.startsWith("size{") && Math.abs(found - value) < value * 0.0055;
        assert.ok(isNear || found === value, `${expression}: ${found}`);
      }
    });

    it("finds label values as they were, whatever they hold", async () => {
      const sample = await until("hits_total has a sample", async () => (await prometheus.query("hits_total"))[0]);
      assert.equal(sample.labels["a"], hostile);
    });

    it("finds UTF-8 names as they are, or escaped", async () => {
      const expression = hasUtf8Names
        ? '{"http.requests_total","http.method"="GET"}'
        : 'http_requests_total{http_method="GET"}';
      assert.equal(await until(`${expression} has a value`, () => prometheus.value(expression)), 5);
    });

    it("knows a timestamp for what it is", async () => {
      const age = await until("relayed has an age", () => prometheus.value("time() - timestamp(relayed)"));
      assert.ok(age >= 5 && age < 300, `${age} s`);
    });

    it("knows the type and help of a metric", () =>
      eventually(async () => {
        const answer = await fetch(`${prometheus.url}/api/v1/targets/metadata`);
        const { data } = (await answer.json()) as { data: { metric: string; type: string; help: string }[] };
        const typeOf = (...names: string[]) => data.find(({ metric }) => names.includes(metric));
        // OpenMetrics names the family, which some versions keep it under.
        const { type, help } = typeOf("hits_total", "hits") ?? {};
        assert.deepEqual([type, help], ["counter", 'Say "hits".']);
        assert.equal(typeOf("wait_seconds")?.type, "histogram");
      }));

    const exemplars = async () => {
      const end = Date.now() / 1000 + 60;
      const answer = await fetch(
        `${prometheus.url}/api/v1/query_exemplars?query=traced_total&start=${end - 600}&end=${end}`,
      );
      const { data } = (await answer.json()) as {
        data: { exemplars: { labels: Record<string, string>; value: string }[] }[];
      };
      return data.flatMap((one) => one.exemplars);
    };

    it(hasExemplars ? "finds exemplars" : "finds no exemplars, as the format has none", async () => {
      if (!hasExemplars) return assert.deepEqual(await exemplars(), []);
      const [exemplar] = await until("there are exemplars", async () => {
        const all = await exemplars();
        return all.length > 0 ? all : undefined;
      });
      assert.deepEqual(exemplar?.labels, { trace_id: "4bf92f", note: "漢字😀" });
      assert.equal(Number(exemplar?.value), 1);
    });

    it("finds an empty registry well", async () => {
      const empty = await startMetricsServer({ port: 0, registry: new Registry() });
      const own = new Servers();
      try {
        const other = await own.prometheus(
          { empty: empty.url },
          protocol === undefined ? {} : { scrape_protocols: [protocol] },
        );
        await eventually(async () => assert.equal(await other.value("up"), 1));
      } finally {
        await own.stop();
        await empty.close();
      }
    });
  });
}
