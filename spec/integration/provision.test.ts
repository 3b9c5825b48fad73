// From a running service to an alert that reaches somebody: what bin/provision writes is used as it is by real servers.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { MetricFamily } from "../../lib/model/family.ts";
import { alertRules } from "../../lib/provision/alerts.ts";
import { inventoryOf } from "../../lib/provision/inventory.ts";
import { provisionSettings } from "../../lib/provision/options.ts";
import { provision } from "../../lib/provision/provision.ts";
import { recordingRules } from "../../lib/provision/rules.ts";
import { signalsOf } from "../../lib/provision/signals.ts";
import { sloRules } from "../../lib/provision/slo.ts";
import {
  drive,
  freePort,
  missing,
  programPath,
  prometheusVersion,
  QueryServer,
  root,
  Servers,
  type ServeUrls,
  until,
} from "./harness.ts";

/** Windows and waiting times are a fiftieth of what they are in earnest. */
const timeScale = 0.02;
const rateWindow = "6s";

interface Alert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

describe("The files of bin/provision on real servers", {
  skip: missing("prometheus", "promtool", "prometheus-alertmanager", "amtool"),
}, () => {
  const servers = new Servers();
  let receiver: Server;
  let demo: ServeUrls;
  let prometheus: QueryServer;
  let folder: string;
  let isDriven = true;
  let load: Promise<void>;
  /** What the webhook was told, in its order. */
  const told: Alert[] = [];
  const ports = { app: 0, metrics: 0 };

  /** The demo on ports that stay the same, as slow as it is told. */
  const serve = (latencyMs: string) =>
    servers.serve(
      "--bind",
      `127.0.0.1:${ports.app}`,
      "--metrics-bind",
      `127.0.0.1:${ports.metrics}`,
      "--demo-latency",
      latencyMs,
    );

  before(async () => {
    receiver = createServer(async (request, response) => {
      let body = "";
      for await (const part of request) body += part;
      told.push(...(JSON.parse(body) as { alerts: Alert[] }).alerts);
      response.end();
    }).listen(0, "127.0.0.1");
    await once(receiver, "listening");
    ports.app = await freePort();
    ports.metrics = await freePort();
    demo = await serve("10-40");
    load = (async () => {
      while (isDriven) {
        // Between two demos there is nobody to answer.
        await Promise.all([drive(demo.app, 20, 4), drive(new URL("/error", demo.app).href, 1, 1)]).catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();

    folder = servers.folder();
    const alertmanagerPort = await freePort();
    const prometheusUrl = `http://127.0.0.1:${await freePort()}`;
    await until("every kind of request was counted", async () =>
      /status="500"/.test(await (await fetch(demo.metrics)).text()) ? true : undefined,
    );
    const args =
      `--from ${demo.metrics} --out . --interval 1s --time-scale ${timeScale} --for 50s --latency 1s --latency-quantile 0.9 --slo 90:0.5s ` +
      `--alertmanager 127.0.0.1:${alertmanagerPort} --webhook http://127.0.0.1:${(receiver.address() as AddressInfo).port}/ ` +
      `--prometheus-url ${prometheusUrl} --prometheus-version ${prometheusVersion().join(".")}`;
    const written = spawnSync(join(root, "bin/provision"), args.split(" "), { cwd: folder, encoding: "utf8" });
    assert.equal(written.status, 0, written.stderr);

    const alertmanager = servers.start("alertmanager", programPath("prometheus-alertmanager"), [
      `--config.file=${join(folder, "alertmanager.yml")}`,
      `--storage.path=${servers.folder()}`,
      `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
      "--cluster.listen-address=",
    ]);
    await alertmanager.ready(async () =>
      (await fetch(`http://127.0.0.1:${alertmanagerPort}/-/ready`)).ok ? true : undefined,
    );
    const program = servers.start("prometheus", programPath("prometheus"), [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${servers.folder()}`,
      `--web.listen-address=${new URL(prometheusUrl).host}`,
    ]);
    await program.ready(async () => ((await fetch(`${prometheusUrl}/-/ready`)).ok ? true : undefined));
    prometheus = new QueryServer(prometheusUrl, program);
  });

  after(async () => {
    isDriven = false;
    await load;
    await servers.stop();
    receiver?.close();
    receiver?.closeAllConnections();
  });

  /** Runs a checker on files, and returns what it says when it is not content. */
  function judge(program: string, ...args: readonly string[]): string {
    const { status, stdout, stderr } = spawnSync(programPath(program) as string, args, {
      cwd: folder,
      encoding: "utf8",
    });
    return status === 0 ? "" : stdout + stderr;
  }

  it("are clean to promtool and amtool, who tell when they are not", () => {
    const rules = readdirSync(join(folder, "rules")).map((name) => join("rules", name));
    assert.deepEqual(rules.sort(), ["rules/alerts.yml", "rules/recording.yml", "rules/slo.yml"]);
    assert.equal(judge("promtool", "check", "config", "prometheus.yml"), "");
    assert.equal(judge("promtool", "check", "rules", "--lint=all", "--lint-fatal", ...rules), "");
    assert.equal(judge("amtool", "check-config", "alertmanager.yml"), "");
    assert.notEqual(judge("amtool", "check-config", "prometheus.yml"), "");
  });

  it("are clean whatever the metrics are called, and what their help says", async () => {
    const hostile = ['"quoted" \\ {{ template "x" }}', "two\nlines", "números.🙂", "{{$labels.job}}", "`'%{}#: &*!|>"];
    const families: MetricFamily[] = hostile.flatMap((name) => [
      {
        name: `${name}_total`,
        type: "counter",
        help: name,
        series: [{ labels: { status: "500", [name]: name }, value: 1 }],
      },
      {
        name: `${name}_seconds`,
        type: "histogram",
        help: name,
        series: [{ labels: { [name]: name }, count: 1, sum: 1, buckets: [{ bound: 1, count: 1 }] }],
      },
      {
        name: `${name}_wait_seconds`,
        type: "summary",
        help: name,
        series: [{ labels: {}, count: 1, sum: 1, quantiles: [{ quantile: 0.9, value: 1 }] }],
      },
    ]);
    // Where Prometheus is newer, promtool need not be.
    const [, major, minor] = /version (\d+)\.(\d+)/.exec(
      spawnSync(programPath("promtool") as string, ["--version"], { encoding: "utf8" }).stdout,
    ) as unknown as [string, string, string];
    const slos = [{ objective: 0.99, thresholdSeconds: 1 }];
    for (const job of hostile) {
      const options = { target: demo.metrics, job, slos, prometheusVersion: [Number(major), Number(minor)] } as const;
      const path = servers.folder();
      for (const [name, text] of provision(families, options).files) {
        mkdirSync(dirname(join(path, name)), { recursive: true });
        writeFileSync(join(path, name), text);
      }
      assert.equal(judge("promtool", "check", "config", join(path, "prometheus.yml")), "", job);
      assert.equal(judge("amtool", "check-config", join(path, "alertmanager.yml")), "", job);
    }
    const isNew = prometheusVersion()[0] >= 3;
    const settings = provisionSettings({
      target: demo.metrics,
      job: '"\n{{',
      slos,
      prometheusVersion: prometheusVersion(),
    });
    const inventory = inventoryOf(families, isNew ? "allow-utf-8" : "underscores");
    const signals = signalsOf(inventory);
    const rules = [
      ...recordingRules(inventory, signals, settings),
      ...alertRules(signals, settings),
      ...sloRules(signals, settings),
    ];
    // It refuses what it can't read.
    for (const { expr } of rules) assert.ok(Array.isArray(await prometheus.query(expr)), expr);
  });

  it("have recording rules that all have data", async () => {
    const records = ["recording.yml", "slo.yml"].flatMap((name) => {
      const text = readFileSync(join(folder, "rules", name), "utf8");
      return [...text.matchAll(/record: "(.+)"/g)].map(([, record]) => record as string);
    });
    assert.ok(records.length >= 14, String(records.length));
    for (const record of records) {
      await until(`${record} has data`, async () => {
        const samples = await prometheus.query(record);
        return samples.length > 0 && samples.every(({ value }) => !Number.isNaN(value)) ? true : undefined;
      });
    }
  });

  it("have a dashboard whose every query has data", async () => {
    const [name] = readdirSync(join(folder, "grafana/dashboards"));
    const dashboard = JSON.parse(readFileSync(join(folder, "grafana/dashboards", name as string), "utf8"));
    const panels = dashboard.panels as { title: string; targets?: { expr: string }[] }[];
    const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));
    assert.ok(queries.length >= 10, String(queries.length));
    for (const { title, expr } of queries) {
      // What Grafana would put in for its variables.
      const asked = expr.replaceAll("$__rate_interval", rateWindow).replace(/\$(job|instance|worker)\b/g, ".*");
      await until(`${title}: ${asked}`, async () => ((await prometheus.query(asked)).length > 0 ? true : undefined));
    }
  });

  it("are what would be written now, too", () => {
    const check = (path: string) =>
      spawnSync(join(root, "bin/provision"), ["--from", demo.metrics, "--out", path, "--check"], {
        cwd: folder,
        encoding: "utf8",
      }).status;
    // Written with other options, most of them differ.
    assert.equal(check("."), 1);
  });

  it("have an alert that fires when the service is slow, reaches its receiver, and resolves when that is quick again", async () => {
    const latencyAlerts = () => told.filter(({ labels }) => labels["alertname"] === "LatencyHigh");
    assert.deepEqual(latencyAlerts(), []);
    await demo.program.stop();
    demo = await serve("1500-2500");
    const fired = await until(
      "the alert fires",
      () => latencyAlerts().find(({ labels }) => labels["metric"] === "app_request_latency_seconds"),
      120_000,
    );
    assert.equal(fired.status, "firing");
    assert.deepEqual(fired.labels, {
      alertname: "LatencyHigh",
      job: "app",
      metric: "app_request_latency_seconds",
      severity: "warning",
    });
    assert.equal(fired.annotations["description"], "The 0.9 quantile of app_request_latency_seconds is above 1 s.");
    assert.match(fired.annotations["summary"] as string, /^app: requests take \d+(\.\d+)?(ms|s)$/);
    await demo.program.stop();
    demo = await serve("10-40");
    await until(
      "the alert resolves",
      () =>
        latencyAlerts().some(
          ({ status, labels }) => status === "resolved" && labels["metric"] === "app_request_latency_seconds",
        )
          ? true
          : undefined,
      120_000,
    );
  });
});
