// `bin/serve` with its demo app, scraped by a real Prometheus: queries return what was sent.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  type Answered,
  drive,
  eventually,
  missing,
  promtoolCheckMetrics,
  type QueryServer,
  Servers,
  type ServeUrls,
  until,
} from "./harness.ts";

const requests = 400;
const failing = 8;

describe("bin/serve with its demo app under a real Prometheus", { skip: missing("prometheus", "promtool") }, () => {
  const servers = new Servers();
  after(() => servers.stop());

  let demo: ServeUrls;
  let prometheus: QueryServer;
  /** What the clients saw, quickest first. */
  let answers: Answered[];
  /** How long the slowest request took that gives the server nothing to do, while the others were under way. */
  let idleSeconds = 0;

  before(async () => {
    // What promtool has to say about those of the process is told in runtime.test.ts.
    demo = await servers.serve("--no-default-metrics");
    prometheus = await servers.prometheus({ demo: demo.metrics });
    await until("Prometheus has scraped the demo", async () =>
      (await prometheus.value("up")) === 1 ? true : undefined,
    );

    let underWay = true;
    const idle = (async () => {
      while (underWay) {
        const [answer] = await drive(new URL("/-/healthy", demo.metrics).href, 1, 1);
        idleSeconds = Math.max(idleSeconds, answer?.seconds ?? 0);
      }
    })();
    const [greeted, failed] = await Promise.all([
      drive(demo.app, requests - failing, 20),
      drive(new URL("/error", demo.app).href, failing, 1),
    ]);
    underWay = false;
    await idle;
    assert.deepEqual(new Set(greeted.map(({ status }) => status)), new Set([200]));
    assert.deepEqual(new Set(failed.map(({ status }) => status)), new Set([500]));
    answers = [...greeted, ...failed].sort((a, b) => a.seconds - b.seconds);

    await until("Prometheus has scraped the last observation", async () =>
      (await prometheus.value("sum(app_request_latency_seconds_count)")) === requests ? true : undefined,
    );
  });

  /** The client-side 0.9 quantile by nearest rank, in seconds, `off` ranks from it. */
  const clientQuantile = (off = 0) => (answers[Math.ceil(0.9 * answers.length) - 1 + off] as Answered).seconds;

  /**
   * What the server's 0.9 quantile may be. A summary's own error is 0.55 % of the value, and what is one rank for the
   * clients may be the next for the server. A client's clock also runs while the request is on its way or waits for its
   * turn in either process: so its time is the longer one, by at most as much as a request took that was nothing but that.
   */
  const allowed = () => ({
    least: clientQuantile(-1) * (1 - 0.0055) - idleSeconds,
    most: clientQuantile(+1) * (1 + 0.0055),
  });

  it("counts every request", async () => {
    await eventually(async () => {
      assert.equal(await prometheus.value("sum(app_requests_total)"), requests);
      assert.equal(await prometheus.value('sum(app_requests_total{status="500"})'), failing);
    });
  });

  it("has nobody active when all are answered", () =>
    eventually(async () => assert.equal(await prometheus.value("app_active_users"), 0)));

  it("has a histogram whose 0.9 quantile lies in the bucket that holds the clients' own", () =>
    eventually(async () => {
      const samples = await prometheus.query("sum by (le) (app_request_latency_seconds_bucket)");
      const bounds = samples.map(({ labels }) => Number(labels["le"]?.replace("+Inf", "Infinity")));
      const { least, most } = allowed();
      const above = Math.max(0, ...bounds.filter((bound) => bound < least));
      const upTo = Math.min(...bounds.filter((bound) => most <= bound));
      const quantile = await prometheus.value(
        "histogram_quantile(0.9, sum by (le) (rate(app_request_latency_seconds_bucket[1m])))",
      );
      assert.ok(quantile !== undefined && above < quantile && quantile <= upTo, `${above} < ${quantile} <= ${upTo}`);
    }));

  it("has a summary whose 0.9 quantile is the clients' own, within its bound", (t) =>
    eventually(async () => {
      const quantile = await prometheus.value('app_request_latency_quantiles_seconds{quantile="0.9"}');
      const { least, most } = allowed();
      const said = `${quantile} s by the summary, ${clientQuantile()} s by the clients, which allows ${least} to ${most}`;
      t.diagnostic(said);
      assert.ok(quantile !== undefined && least <= quantile && quantile <= most, said);
    }));

  it("exposes what promtool finds nothing to say about", async () => {
    const exposition = await (await fetch(demo.metrics)).text();
    assert.deepEqual(promtoolCheckMetrics(exposition), { status: 0, output: "" });
  });

  it("exposes the same on the app's own port", async () => {
    const response = await fetch(new URL("/metrics", demo.app));
    assert.equal(response.status, 200);
    assert.deepEqual(promtoolCheckMetrics(await response.text()), { status: 0, output: "" });
  });

  it("ends with exit code 0 when asked to", async () => {
    assert.equal(await demo.program.stop("SIGTERM"), 0);
  });
});
