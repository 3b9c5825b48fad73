import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";

const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
const library = new URL("../lib/index.ts", import.meta.url).href;
const run = promisify(execFile);

/** The code blocks of a language, in their order. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"))].map(
    ([, code]) => code as string,
  );
}

/** Runs a program that imports the package by its name, and gives what it prints. */
async function output(program: string): Promise<string> {
  const source = program.replaceAll(
    /from "tallystick(\/testing)?"/g,
    (_, testing?: string) => `from "${testing === undefined ? library : library.replace("index.ts", "testing.ts")}"`,
  );
  const { stdout } = await run(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", source], {
    cwd: new URL("..", import.meta.url),
  });
  return stdout;
}

/** What the blocks of the guide take for granted: the metrics of the first program, and an application around them. */
const surroundings = `
import {
  AlreadyRegisteredError, Counter, Gauge, Histogram, Info, Pushgateway, Registry, StateSet, Summary, collectDefaultMetrics,
  countErrors, fetchHandler, httpRoute, instrumentHttp, lint, measure, metricsHandler, parse, register, setHttpRoute,
  startMetricsServer, trackInProgress,
} from "tallystick";
import { createReadStream } from "node:fs";
import { Writable } from "node:stream";
const requests = new Counter({ name: "http_requests_total", help: "Requests.", labelNames: ["method", "code"] });
const duration = new Histogram({ name: "http_request_duration_seconds", help: "Durations." });
const queue = { length: async () => 3 };
const work = async () => {};
const app = { get() {} };
const database = { query: async () => [] };
const queries = new Histogram({ name: "query_seconds", help: "Queries.", labelNames: ["table"] });
const uploads = new Gauge({ name: "uploads", help: "Uploads.", labelNames: ["bucket"] });
const failures = new Counter({ name: "failures_total", help: "Failures.", labelNames: ["job"] });
const downloads = new Histogram({ name: "download_seconds", help: "Downloads." });
const [upload, send, photo, mail, path] = [work, work, {}, {}, "package.json"];
const response = new Writable({ write: (chunk, encoding, done) => done() });
const redis = { dbSize: async () => 3, hGetAll: async () => ({}), hSet: work, lLen: async () => 2, lPop: async () => '{"at":0}' };
`;

/** The address of a Pushgateway that takes whatever it is given, while the test runs. */
async function gateway(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().once("end", () => response.end());
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("README.md", () => {
  it("has a program that prints what stands below it", async () => {
    const [program] = blocks("ts");
    const [printed] = blocks("text");
    assert.equal(await output(program as string), printed);
  });

  it("has a guide whose every piece runs, one after the other, and leaves an exposition", async (t) => {
    const pieces = blocks("ts").slice(1);
    assert.ok(pieces.length > 5);
    const imports = pieces.flatMap((piece) => piece.match(/^import .*$/gm) ?? []);
    const own = imports.filter((line) => !line.includes('"tallystick"'));
    // Each piece in a block of its own, so that two may use the same names.
    const bodies = pieces.map((piece) => `{\n${piece.replaceAll(/^import .*$/gm, "")}\n}`);
    const end = `console.log(await register.metrics()); process.exit(0);`;
    const program = [...own, surroundings, ...bodies, end].join("\n");
    const printed = await output(program.replace("127.0.0.1:9091", await gateway(t)));
    const families: string[] = printed.match(/^# TYPE \S+/gm) ?? [];
    for (const name of [
      "jobs_total",
      "open_connections",
      "queue_length",
      "latency_seconds",
      "build_info",
      "app_phase",
    ]) {
      assert.ok(families.includes(`# TYPE ${name}`), `${name} is missing in\n${printed}`);
    }
  });
});
