// Bun, Deno and a browser run the package as it is built: the same expositions as under Node.js, and what they lack is
// left out.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";
import { launchBrowser } from "./browser.ts";
import { missing, root, until } from "./harness.ts";

const run = promisify(execFile);
const packages = join(root, "spec/node_modules");
/** What only some of them tell. */
const optional = [
  "nodejs_gc_duration_seconds",
  "nodejs_active_handles_total",
  "nodejs_heap_space_size_used_bytes",
  "http_server_request_duration_seconds",
];

const runtimes = [
  { name: "Bun", program: join(packages, "@oven/bun-linux-x64/bin/bun"), args: [], lacks: optional },
  {
    name: "Deno",
    program: join(packages, "@deno/linux-x64-glibc/deno"),
    args: ["run", "--allow-all", "--no-check"],
    lacks: ["nodejs_gc_duration_seconds"],
  },
];

const built = (file: string) => JSON.stringify(join(root, "dist/esm/lib", file));

/** Counts with every type, and prints the exposition in every format. */
const everyFormat = (library: string) => `
import { Counter, Gauge, Histogram, Info, Registry, StateSet, Summary, parse } from ${library};
const registry = new Registry();
const registers = [registry];
const hits = new Counter({ name: "hits_total", help: "H.", labelNames: ["a"], enableExemplars: true, registers });
for (const a of ["x", 'q"\\\\\\n', "\\0", "😀", "\\ud800", "__proto__"]) hits.inc({ a }, 1.5);
const free = new Gauge({ name: "free", help: "F.", labelNames: ["n"], registers });
for (const [n, value] of [0, -0, 1e21, 1e-7, 0.1, NaN, Infinity, 5e-324, 2 ** 53].entries()) free.set({ n }, value);
const wait = new Histogram({ name: "wait_seconds", help: "W.", native: { factor: 1.1 }, registers });
const size = new Summary({ name: "size", help: "S.", registers });
for (let i = -50; i < 1000; i++) wait.observe(i / 7), size.observe(i * i);
new Info({ name: "build_info", help: "B.", registers }).set({ version: "1" });
new StateSet({ name: "phase", help: "P.", states: ["up", "down"], registers }).switchTo("up");
new Gauge({ name: "http.open", help: "Dotted.", utf8Names: true, registers }).set(1);
for (const accept of [
  "text/plain;version=0.0.4",
  "text/plain;version=1.0.0;escaping=allow-utf-8",
  "application/openmetrics-text;version=1.0.0",
]) {
  console.log(await registry.metrics({ format: registry.negotiate(accept) }));
}
const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
const format = registry.negotiate(protobuf);
const pieces = [];
for await (const piece of registry.stream({ format })) pieces.push(...piece);
const withoutTimes = (key, value) => (key === "createdMs" ? undefined : typeof value === "number" ? String(value) : value);
console.log(JSON.stringify(parse(Uint8Array.from(pieces), format.contentType), withoutTimes));
`;

/** Serves, and prints what an instrumented server with the default metrics exposes. */
const service = `
import { collectDefaultMetrics, instrumentHttp, startMetricsServer } from ${built("index.js")};
process.on("warning", (warning) => console.error(String(warning)));
const collecting = collectDefaultMetrics();
const http = instrumentHttp();
const server = await startMetricsServer({ port: 0 });
await new Promise((resolve) => setTimeout(resolve, 100));
const ask = async () => (await fetch(server.url)).text();
await ask();
console.log(await ask());
await server.close();
http.stop();
collecting.stop();
`;

/** Counts in threads that end, and then in processes that end. */
const threads = `
import { Worker, isMainThread, parentPort } from "node:worker_threads";
import { Counter, register } from ${built("index.js")};
const jobs = new Counter({ name: "jobs_total", help: "J." });
if (isMainThread) {
  jobs.inc(100);
  for (let i = 0; i < 2; i++) {
    const worker = new Worker(new URL(import.meta.url));
    await new Promise((resolve) => worker.once("message", resolve));
    while (!(await register.metrics()).includes("jobs_total " + (107 + 7 * i) + "\\n")) await new Promise((resolve) => setTimeout(resolve, 20));
    await worker.terminate();
  }
  console.log(await register.metrics());
} else {
  jobs.inc(7);
  parentPort.postMessage("counted");
  setInterval(() => {}, 1000);
}
`;

const processes = `
import cluster from "node:cluster";
import { AggregatorRegistry, Counter } from ${built("index.js")};
if (cluster.isPrimary) {
  const registry = new AggregatorRegistry({ intervalMs: 50 });
  const workers = [cluster.fork(), cluster.fork()];
  const jobs = async () => (await registry.metrics()).split("\\n").filter((line) => line.startsWith("jobs_total"));
  while ((await jobs())[0] !== "jobs_total 10") await new Promise((resolve) => setTimeout(resolve, 20));
  for (const worker of workers) {
    const exit = new Promise((resolve) => worker.once("exit", resolve));
    worker.process.kill("SIGKILL");
    await exit;
  }
  console.log(await jobs());
  process.exit();
} else {
  new Counter({ name: "jobs_total", help: "J." }).inc(5);
  setInterval(() => {}, 1000);
}
`;

describe("Other runtimes", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "tallystick-spec-"));
    writeFileSync(join(folder, "package.json"), "{}");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  async function output(program: string, args: readonly string[], source: string): Promise<string> {
    const file = join(folder, "program.mjs");
    writeFileSync(file, source);
    const { stdout, stderr } = await run(program, [...args, file], { timeout: 60_000, cwd: folder });
    assert.equal(stderr, "");
    return stdout;
  }

  for (const { name, program, args, lacks } of runtimes) {
    const isMissing = !existsSync(program);
    const skip = isMissing && `${name} is not installed in spec/`;
    if (isMissing && process.env["CI"] === "true") throw new Error(`Integration specs can't run: ${skip}.`);

    describe(name, { skip }, () => {
      it("writes every format as Node.js does, by the part without Node.js and by the whole", async () => {
        const expected = await output(process.execPath, [], everyFormat(built("core.js")));
        for (const file of ["core.js", "index.js"]) {
          assert.equal(await output(program, args, everyFormat(built(file))), expected);
        }
      });

      it("serves what it can measure of itself, and nothing else", async () => {
        const lines = (await output(program, args, service)).split("\n");
        const families = lines.filter((line) => line.startsWith("# TYPE")).map((line) => line.split(" ")[2]);
        for (const family of [
          "process_cpu_seconds_total",
          "process_resident_memory_bytes",
          "nodejs_eventloop_delay_seconds",
          "nodejs_heap_size_used_bytes",
          "nodejs_version_info",
        ]) {
          assert.ok(families.includes(family), `${family} is not among ${families.join(" ")}`);
        }
        // They have the functions, or some of them, and these tell nothing.
        for (const family of optional) assert.equal(families.includes(family), !lacks.includes(family), family);
        assert.deepEqual(
          lines.filter((line) => /^tallystick_collector_errors_total| (NaN|-\d)/.test(line)),
          [],
        );
      });

      it("counts what threads count, also after their end", async () => {
        assert.equal(
          await output(program, args, threads),
          "# HELP jobs_total J.\n# TYPE jobs_total counter\njobs_total 114\n\n",
        );
      });

      it("counts what the processes of a cluster count, also after their end", async () => {
        assert.match(await output(program, args, processes), /^\[ "?'?jobs_total 10"?'? \]\n$/);
      });
    });
  }

  describe("A browser", { skip: missing("chromium") }, () => {
    it("writes every format as Node.js does, by the part without Node.js", async (t) => {
      const files: Readonly<Record<string, string>> = {
        "/": '<!doctype html><title>Metrics</title><script type="module" src="program.js"></script>',
        "/program.js": `const printed = [];\nconsole.log = (text) => printed.push(text + "\\n");\n${everyFormat('"/lib/core.js"')}\nglobalThis.printed = printed.join("");`,
      };
      const server = createServer((request, response) => {
        const path = request.url as string;
        const file = join(root, "dist/esm", path);
        response.setHeader("Content-Type", path === "/" ? "text/html" : "text/javascript");
        response.end(files[path] ?? (existsSync(file) ? readFileSync(file) : ""));
      }).listen(0, "127.0.0.1");
      await once(server, "listening");
      const browser = await launchBrowser();
      t.after(async () => {
        await browser.close();
        server.close();
      });
      const page = await browser.newPage();
      const failures: string[] = [];
      page.on("pageerror", (error) => failures.push(error.message));
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const printed = await until("the program is done", async () => {
        assert.deepEqual(failures, []);
        return page.evaluate(() => (globalThis as { printed?: string }).printed);
      });
      assert.equal(printed, await output(process.execPath, [], everyFormat(built("core.js"))));
    });
  });
});
