import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import { runProvision } from "../../bin/provision-program.mts";
import {
  Counter,
  Histogram,
  type MetricsServer,
  type MetricsServerOptions,
  Registry,
  startMetricsServer,
} from "../../lib/index.ts";
import { folderWith, root } from "./program.ts";

let server: MetricsServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

/** The URL of a small service's metrics. */
async function service(options: Partial<MetricsServerOptions> = {}): Promise<{ url: string; requests: Counter }> {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({ name: "hits_total", help: "Hits.", labelNames: ["status"], registers });
  requests.inc({ status: "200" });
  new Histogram({ name: "wait_seconds", help: "Wait.", native: true, registers }).observe(0.1);
  server = await startMetricsServer({ port: 0, registry, ...options });
  return { url: server.url, requests };
}

/** Runs the program in this process. */
async function run(folder: string, ...args: readonly string[]) {
  const stdout: string[] = [];
  const stderr: string[] = [];
  const code = await runProvision(args, {
    folder,
    print: (text) => stdout.push(text),
    tell: (line) => stderr.push(`provision: ${line}\n`),
  });
  return { code, stdout: stdout.join(""), stderr: stderr.join("") };
}

const paths = [
  "prometheus.yml",
  "alertmanager.yml",
  "rules/recording.yml",
  "rules/alerts.yml",
  "grafana/dashboards/app-1f6a832c.json",
  "grafana/provisioning/datasources/prometheus.yml",
  "grafana/provisioning/dashboards/dashboards.yml",
  "docs/metrics.md",
  "docs/metrics.json",
];
const said = (verb: string, ...some: readonly string[]) => some.map((path) => `${verb} monitoring/${path}\n`).join("");
const note = "provision: There are native histograms: start Prometheus with --enable-feature=native-histograms.\n";

describe("bin/provision", () => {
  it("writes the files of the service that it asks, and sees its native histograms", async () => {
    const folder = folderWith({});
    const { url } = await service();
    assert.deepEqual(await run(folder, "--from", url), { code: 0, stdout: said("wrote", ...paths), stderr: note });
    assert.deepEqual(
      readdirSync(join(folder, "monitoring"), { recursive: true, withFileTypes: true }).filter((one) => one.isFile())
        .length,
      paths.length,
    );
    assert.match(
      readFileSync(join(folder, "monitoring/docs/metrics.md"), "utf8"),
      /\| `wait_seconds` \| native histogram \|/,
    );
  });

  it("writes again only what differs", async () => {
    const folder = folderWith({});
    const { url } = await service();
    await run(folder, "--from", url, "--prometheus-version", "3.8");
    const again = () => run(folder, "--from", url, "--prometheus-version", "3.8");
    assert.deepEqual(await again(), { code: 0, stdout: "All 9 files are as they should be.\n", stderr: "" });
    writeFileSync(join(folder, "monitoring/alertmanager.yml"), "mine\n");
    assert.deepEqual(await again(), { code: 0, stdout: said("wrote", "alertmanager.yml"), stderr: "" });
  });

  it("checks the files, and finds those that are missing or differ; what the metrics count is no difference", async () => {
    const folder = folderWith({});
    const { url, requests } = await service();
    const check = () => run(folder, "--from", url, "--prometheus-version", "3.8", "--check");
    assert.deepEqual(await check(), { code: 1, stdout: said("differs", ...paths), stderr: "" });
    assert.equal(existsSync(join(folder, "monitoring")), false);
    await run(folder, "--from", url, "--prometheus-version", "3.8");
    requests.inc({ status: "201" }, 7);
    assert.deepEqual(await check(), { code: 0, stdout: "All 9 files are as they should be.\n", stderr: "" });
    writeFileSync(join(folder, "monitoring/rules/alerts.yml"), "mine\n");
    assert.deepEqual(await check(), { code: 1, stdout: said("differs", "rules/alerts.yml"), stderr: "" });
    assert.equal(readFileSync(join(folder, "monitoring/rules/alerts.yml"), "utf8"), "mine\n");
  });

  it("reads the registry that a module exports, by default or by name", async () => {
    const module = (how: string) => `
      import { Counter, Registry } from ${JSON.stringify(join(root, "lib/index.ts"))};
      const registry = new Registry();
      new Counter({ name: "hits_total", help: "Hits.", registers: [registry] });
      ${how}`;
    const target = ["--target", "http://app:9000/metrics"];
    const folder = folderWith({
      "default.mts": module("export default registry;"),
      "named.mts": module("export { registry as register };"),
      "none.mts": "export const other = 1;",
    });
    for (const name of ["default.mts", "named.mts"]) {
      const { code } = await run(folder, "--from", `./${name}`, ...target, "--out", name.replace(".mts", ""));
      assert.equal(code, 0);
    }
    const read = (path: string) => readFileSync(join(folder, path), "utf8");
    assert.equal(read("default/docs/metrics.md"), read("named/docs/metrics.md"));
    assert.match(read("default/prometheus.yml"), /targets:\n +- "app:9000"\n$/);
    assert.deepEqual(await run(folder, "--from", "./none.mts", ...target), {
      code: 2,
      stdout: "",
      stderr: 'provision: The module "./none.mts" exports no registry: neither by default nor as "register".\n',
    });
  });

  it("shows the server its credentials, and writes down only where they are", async () => {
    const folder = folderWith({ token: "s3cret\n" });
    const { url } = await service({ authorization: { type: "bearer", token: "s3cret" } });
    assert.deepEqual(await run(folder, "--from", url), {
      code: 2,
      stdout: "",
      stderr: `provision: ${url}: the server answered 401 Unauthorized.\n`,
    });
    assert.equal((await run(folder, "--from", url, "--bearer-token-file", "token")).code, 0);
    const config = readFileSync(join(folder, "monitoring/prometheus.yml"), "utf8");
    assert.match(config, /credentials_file: token\n/);
    assert.doesNotMatch(config, /s3cret/);
  });

  it("takes every setting from its arguments", async () => {
    const folder = folderWith({});
    const { url } = await service();
    const args =
      "--job shop --interval 1s --rate-window 10s --for 2s --time-scale 0.5 --error-ratio 0.2 --latency 0.4s --latency-quantile 0.9 --event-loop-lag 50ms --saturation 0.5 --restarts 1 --slo 99:0.25s --alertmanager a:1 --webhook http://w:2/ --prometheus-url http://p:3 --prometheus-version 3.8 --basic-user u --password-file p --out out";
    writeFileSync(join(folder, "p"), "secret");
    assert.equal((await run(folder, "--from", url, ...args.split(" "))).code, 0);
    const out = (path: string) => readFileSync(join(folder, "out", path), "utf8");
    assert.match(
      out("prometheus.yml"),
      /scrape_interval: "1s"[\s\S]*"a:1"[\s\S]*job_name: shop[\s\S]*username: u\n +password_file: p\n/,
    );
    assert.match(out("alertmanager.yml"), /group_wait: "15s"[\s\S]*url: "http:\/\/w:2\/"/);
    assert.match(
      out("rules/alerts.yml"),
      /error_ratio_rate5s\{job="shop"\} > 0\.2[\s\S]*p90_rate5s\{job="shop"\} > 0\.4/,
    );
    assert.match(out("rules/slo.yml"), /over_0_25s_ratio_rate2m30s/);
    assert.match(
      out("grafana/provisioning/datasources/prometheus.yml"),
      /url: "http:\/\/p:3"[\s\S]*timeInterval: "1s"/,
    );
  });

  it("says what is wrong with its arguments", async () => {
    const folder = folderWith({});
    const { url } = await service();
    const cases: readonly (readonly [string, string])[] = [
      ["", "--from is needed: the metrics of the running service."],
      ["--from ./app.js", "--target is needed with a module: where Prometheus finds its metrics."],
      [`--from ${url} more`, 'there is nothing to do with "more".'],
      [`--from ${url} --interval 5`, '--interval takes a time, such as 500ms, 0.4s or 5m, but got "5".'],
      [`--from ${url} --error-ratio x`, '--error-ratio takes a number, such as 0.05, but got "x".'],
      [`--from ${url} --slo 99.9`, '--slo takes PERCENT:TIME, such as 99.9:0.4s, but got "99.9".'],
      [`--from ${url} --prometheus-version 3`, '--prometheus-version takes a version, such as 2.42, but got "3".'],
      [`--from ${url} --basic-user u`, "--basic-user and --password-file belong together."],
      [
        `--from ${url} --basic-user u --password-file p --bearer-token-file t`,
        "there is either a bearer token or a user with a password.",
      ],
      [`--from ${url} --error-ratio 2`, '"errorRatio" must lie between 0 and 1, but got 2.'],
    ];
    for (const [args, message] of cases) {
      const expected = { code: 2, stdout: "", stderr: `provision: ${message} See --help.\n` };
      assert.deepEqual(await run(folder, ...args.split(" ").filter(Boolean)), expected, args);
    }
    assert.deepEqual(readdirSync(folder), []);
  });

  it("says what can't be read or written", async () => {
    const folder = folderWith({ monitoring: "a file" });
    const { url } = await service();
    const port = new URL(url).port;
    const { code, stderr } = await run(folder, "--from", url, "--prometheus-version", "3.8");
    assert.equal(code, 2);
    assert.match(stderr, /^provision: .+monitoring\/prometheus\.yml: ENOTDIR: .+\n$/);
    await server?.close();
    assert.deepEqual(await run(folder, "--from", url), {
      code: 2,
      stdout: "",
      stderr: `provision: ${url}: connect ECONNREFUSED 127.0.0.1:${port}.\n`,
    });
    assert.equal((await run(folder, "--from", "./nothing.js", "--target", url)).code, 2);
  });

  it("tells its version and its options", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    assert.deepEqual(await run("/", "--version"), { code: 0, stdout: `${version}\n`, stderr: "" });
    const { code, stdout } = await run("/", "--help");
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: provision --from URL\|MODULE \[options\]\n/);
    for (const line of stdout.split("\n")) assert.ok(line.length <= 90, line);
  });
});
