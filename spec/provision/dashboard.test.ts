import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import type { MetricFamily } from "../../lib/model/family.ts";
import { dashboardJson, dashboardUid } from "../../lib/provision/dashboard.ts";
import { inventoryOf } from "../../lib/provision/inventory.ts";
import { signalsOf } from "../../lib/provision/signals.ts";
import { root } from "../bin/program.ts";
import { gauge, latency, native, quantiles, requests, users } from "./families.ts";

const isInstalled = existsSync(join(root, "spec/node_modules/@grafana/schema"));
if (process.env["CI"]) assert.ok(isInstalled, "The packages of spec/package.json are not installed.");

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly refId: string; readonly exemplar?: boolean }[];
}

const everyType: MetricFamily[] = [
  requests,
  latency,
  quantiles,
  users,
  native,
  gauge("process_open_fds"),
  gauge("process_max_fds"),
  gauge("process_start_time_seconds"),
  { name: "build_info", type: "info", help: "Build.", series: [{ labels: { version: "1" }, value: 1 }] },
  { name: "app_phase", type: "stateset", help: "Phase.", series: [{ labels: {}, states: { on: true } }] },
  { name: "app_sent_bytes_total", type: "counter", help: "Sent.", series: [{ labels: { worker: "0" }, value: 1 }] },
  { name: "app_plain", type: "summary", help: "Plain.", series: [{ labels: {}, count: 1, sum: 1, quantiles: [] }] },
  { name: "app_depth", type: "gaugehistogram", help: "Depth.", series: latency.series },
  { name: "app_unknown", type: "unknown", help: "Unknown.", series: [{ labels: { a: "b" }, value: 1 }] },
];

function dashboard(families: readonly MetricFamily[]): { readonly panels: readonly Panel[] } & Record<string, unknown> {
  const inventory = inventoryOf(families);
  return JSON.parse(dashboardJson(inventory, signalsOf(inventory), "app"));
}

/** What a panel asks, in short. */
function asked({ title, targets = [] }: Panel): readonly string[] {
  return [title, ...targets.map(({ expr }) => expr)];
}

describe("The dashboard", () => {
  it("begins the axis at zero only where nothing can be negative or far from it", () => {
    const axes = dashboard([requests, latency, users, gauge("job_timestamp_seconds")]).panels as unknown as {
      readonly title: string;
      readonly fieldConfig?: { readonly defaults: { readonly min?: number } };
    }[];
    assert.deepEqual(
      axes.filter(({ fieldConfig }) => fieldConfig?.defaults.min === 0).map(({ title }) => title),
      ["Requests: app_requests_total", "Errors: app_requests_total"],
    );
  });

  it("has requests, errors and latency first, then the process, then everything else", () => {
    const where = '{job=~"$job",instance=~"$instance"}';
    const failed = '{job=~"$job",instance=~"$instance",status=~"5.."}';
    const per = "[$__rate_interval]";
    assert.deepEqual(dashboard([requests, latency, users, gauge("process_open_fds")]).panels.map(asked), [
      ["Requests"],
      ["Requests: app_requests_total", `sum by (status) (rate(app_requests_total${where}${per}))`],
      [
        "Errors: app_requests_total",
        `(sum(rate(app_requests_total${failed}${per})) or 0 * sum(rate(app_requests_total${where}${per}))) / sum(rate(app_requests_total${where}${per}))`,
      ],
      ["Distribution: app_latency_seconds", `sum by (le) (increase(app_latency_seconds_bucket${where}${per}))`],
      [
        "Quantiles: app_latency_seconds",
        `histogram_quantile(0.5, sum by (le) (rate(app_latency_seconds_bucket${where}${per})))`,
        `histogram_quantile(0.9, sum by (le) (rate(app_latency_seconds_bucket${where}${per})))`,
        `histogram_quantile(0.99, sum by (le) (rate(app_latency_seconds_bucket${where}${per})))`,
      ],
      ["Runtime"],
      ["process_open_fds", `process_open_fds${where}`],
      ["Everything else"],
      ["app_active_users", `app_active_users${where}`],
    ]);
  });

  it("has a panel for every family, whatever its type, with the query that fits the type", () => {
    const { panels } = dashboard(everyType);
    const text = JSON.stringify(panels);
    for (const { name } of everyType) assert.ok(text.includes(name), name);
    const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
    for (const expected of [
      'sum(rate(app_sent_bytes_total{job=~"$job",instance=~"$instance",worker=~"$worker"}[$__rate_interval]))',
      'process_start_time_seconds{job=~"$job",instance=~"$instance"} * 1000',
      'process_open_fds{job=~"$job",instance=~"$instance"} / process_max_fds{job=~"$job",instance=~"$instance"}',
      'sum(increase(app_sizes_bytes{job=~"$job",instance=~"$instance"}[$__rate_interval]))',
      'max(app_wait_seconds{job=~"$job",instance=~"$instance",quantile="0.5"})',
      'max by (app_phase) (app_phase{job=~"$job",instance=~"$instance"})',
      'sum by (le) (app_depth_bucket{job=~"$job",instance=~"$instance"})',
      'build_info{job=~"$job",instance=~"$instance"}',
    ]) {
      assert.ok(expressions.includes(expected), `${expected} is not among\n${expressions.join("\n")}`);
    }
  });

  it("lays panels out without holes at the left and without overlaps, each with an id of its own", () => {
    const { panels } = dashboard(everyType);
    const taken = new Set<string>();
    for (const { gridPos, title } of panels) {
      assert.ok(gridPos.x + gridPos.w <= 24, title);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x++) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y++) {
          assert.ok(!taken.has(`${x},${y}`), `${title} lies on another panel`);
          taken.add(`${x},${y}`);
        }
      }
    }
    assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  });

  it("shows exemplars, and asks for a worker only where there are any", () => {
    const variables = (families: readonly MetricFamily[]) =>
      (dashboard(families)["templating"] as { list: { name: string }[] }).list.map(({ name }) => name);
    assert.deepEqual(variables([requests]), ["datasource", "job", "instance"]);
    assert.deepEqual(variables(everyType), ["datasource", "job", "instance", "worker"]);
    const targets = dashboard([requests, latency]).panels.flatMap((panel) => panel.targets ?? []);
    assert.ok(targets.every(({ exemplar }) => exemplar === true));
  });

  it("keeps its id, which differs from that of other jobs", () => {
    assert.equal(dashboardUid("app"), dashboardUid("app"));
    const uids = ["app", "äpp", "öpp", "a".repeat(100), "a".repeat(101), "a b", "a/b"].map(dashboardUid);
    assert.equal(new Set(uids).size, uids.length);
    for (const uid of uids) assert.match(uid, /^[a-zA-Z0-9_-]{1,40}$/);
  });

  describe("by the types of Grafana", { skip: isInstalled ? false : "spec/package.json is not installed" }, () => {
    const folder = isInstalled ? mkdtempSync(join(root, "spec/node_modules/.dashboard-")) : "";
    after(() => rmSync(folder, { recursive: true, force: true }));

    /** What the compiler says of dashboards that claim to be some of Grafana's. */
    function judge(...all: readonly string[]): string {
      const claims = all.map(
        (json, i) =>
          `const dashboard${i} = ${json.trim()} satisfies Partial<Dashboard>;
           dashboard${i} satisfies { panels: (Panel | RowPanel)[] };\n`,
      );
      writeFileSync(
        join(folder, "dashboard.ts"),
        `import type { Dashboard, Panel, RowPanel } from "@grafana/schema";\n${claims.join("")}`,
      );
      const flags =
        "--ignoreConfig --noEmit --strict --skipLibCheck --module esnext --moduleResolution bundler --target es2022";
      const tsc = join(root, "node_modules/.bin/tsc");
      return spawnSync(tsc, [...flags.split(" "), "--types", "", join(folder, "dashboard.ts")], {
        cwd: folder,
        encoding: "utf8",
      }).stdout;
    }

    it("is a dashboard", () => {
      const hostile = everyType.map((family) => ({
        ...family,
        name: `"\n\${${family.name} {{ \\`,
        help: "</script>\u2028'`",
      }));
      const inventory = inventoryOf([...everyType, ...hostile]);
      assert.equal(judge(dashboardJson(inventory, signalsOf(inventory), '"\n{{é')), "");
    });

    it("would not be one with another word in it", () => {
      const inventory = inventoryOf([users]);
      const json = dashboardJson(inventory, signalsOf(inventory), "app");
      const said = judge(
        json.replace('"graphTooltip": 1', '"graphTooltip": "shared"'),
        json.replace('"x": 0', '"x": "left"'),
      );
      assert.match(said, /'string' is not assignable to type 'DashboardCursorSync/);
      assert.match(said, /'string' is not assignable to type 'number'/);
    });
  });
});
