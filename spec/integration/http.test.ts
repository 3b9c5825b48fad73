// Apps of four frameworks, measured without a line of theirs about HTTP, and scraped by a real Prometheus: queries tell
// what the clients sent, and exemplars the traces that they named.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { missingPackages } from "../instrument/packages.ts";
import { drive, eventually, missing, promtoolCheckMetrics, type QueryServer, Servers, until } from "./harness.ts";

const frameworks = ["express", "fastify", "koa", "hono"] as const;
const script = fileURLToPath(new URL("instrumented-app.ts", import.meta.url));
const [good, failing, lost] = [150, 7, 11];

interface TracedSeries {
  readonly seriesLabels: Readonly<Record<string, string>>;
  readonly exemplars: readonly { readonly labels: Readonly<Record<string, string>>; readonly value: string }[];
}

describe("HTTP under a real Prometheus", { skip: missingPackages || missing("prometheus", "promtool") }, () => {
  const servers = new Servers();
  after(() => servers.stop());
  const apps: Record<string, { readonly app: string; readonly metrics: string }> = {};
  let prometheus: QueryServer;
  const traceId = (i: number) => `${"0".repeat(31)}${i + 1}`;

  before(async () => {
    for (const name of frameworks) {
      const program = servers.start(name, process.execPath, ["--import", import.meta.resolve("tsx"), script, name]);
      const [app = "", metrics = ""] = await program.ready(() => {
        const urls = program.output.match(/http:\S+/g);
        return urls !== null && urls.length >= 2 ? urls : undefined;
      });
      apps[name] = { app, metrics };
    }
    const targets = Object.fromEntries(Object.entries(apps).map(([name, { metrics }]) => [name, metrics]));
    prometheus = await servers.prometheus(targets, {}, ["--enable-feature=exemplar-storage"]);
    await until("Prometheus has scraped all apps", async () =>
      (await prometheus.value("sum(up)")) === frameworks.length ? true : undefined,
    );
    for (const [i, name] of frameworks.entries()) {
      const { app } = apps[name] as (typeof apps)[string];
      const traceparent = `00-${traceId(i)}-${"0".repeat(15)}1-01`;
      const traced = await fetch(`${app}/users/1`, { headers: { traceparent } });
      assert.equal(await traced.text(), "hello 1");
      for (let id = 2; id <= 6; id++) await drive(`${app}/users/${id}`, (good - 5) / 5, 4);
      await drive(`${app}/users/6`, 4, 1);
      await drive(`${app}/users/0`, failing, 2);
      for (let n = 0; n < lost; n++) await drive(`${app}/nothing/${n}`, 1, 1);
    }
    await until("Prometheus has scraped the last request", async () =>
      (await prometheus.value('sum(http_server_request_duration_seconds_count{http_route!="/metrics"})')) ===
      frameworks.length * (good + failing + lost)
        ? true
        : undefined,
    );
  });

  for (const name of frameworks) {
    const countsOf = async () => {
      const samples = await prometheus.query(
        `sum by (http_route, http_response_status_code, error_type) (http_server_request_duration_seconds_count{job="${name}",http_route!="/metrics"})`,
      );
      const told = samples.map(({ labels, value }) => [
        labels["http_response_status_code"],
        labels["http_route"],
        labels["error_type"],
        value,
      ]);
      return told.sort();
    };

    // A scrape that comes too late leaves every series without a value until the next.
    it(`counts the requests to ${name} by route and status`, () =>
      eventually(async () => {
        assert.deepEqual(await countsOf(), [
          ["200", "/users/:id", undefined, good],
          ["404", undefined, undefined, lost],
          ["500", "/users/:id", "500", failing],
        ]);
        // The scrape that is answered at that moment is a request as well.
        assert.equal(await prometheus.value(`sum(http_server_active_requests{job="${name}"})`), 1);
        assert.equal(await prometheus.value(`greetings_total{job="${name}"}`), good + failing);
      }));

    it(`exposes of ${name} what promtool finds nothing to say about`, async () => {
      const exposition = await (await fetch((apps[name] as (typeof apps)[string]).metrics)).text();
      const { output } = promtoolCheckMetrics(exposition);
      // prom-client's names of two gauges end like counters'; they are kept for the dashboards there are.
      const others = output.split("\n").filter((line) => !/^nodejs_active_|^$/.test(line));
      assert.deepEqual(others, []);
    });
  }

  it("keeps the traces that the clients named as exemplars, of durations and of the program's own counter", async () => {
    for (const [i, name] of frameworks.entries()) {
      for (const metric of ["greetings_total", "http_server_request_duration_seconds_bucket"]) {
        const query = encodeURIComponent(`${metric}{job="${name}"}`);
        const seconds = Date.now() / 1000;
        const range = `start=${seconds - 600}&end=${seconds + 60}`;
        const response = await fetch(`${prometheus.url}/api/v1/query_exemplars?query=${query}&${range}`);
        const { data } = (await response.json()) as { data: TracedSeries[] };
        const ids = data.flatMap(({ exemplars }) => exemplars.map(({ labels }) => labels["trace_id"]));
        assert.deepEqual([...new Set(ids)], [traceId(i)], `${metric} of ${name}`);
      }
    }
  });
});
