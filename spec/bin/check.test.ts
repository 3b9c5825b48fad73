import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { runCheck } from "../../bin/check-program.mts";
import { naiveProtobuf } from "../formats/naive-writers.ts";
import { folderWith, Program, root, sourceOf } from "./program.ts";

/** Runs the program in this process. */
async function check(...args: readonly string[]) {
  return checkInput("", ...args);
}

/** Runs it with something on standard input. */
async function checkInput(input: string | Uint8Array, ...args: readonly string[]) {
  const stdout: string[] = [];
  const stderr: string[] = [];
  async function* stdin(): AsyncGenerator<Uint8Array> {
    yield typeof input === "string" ? Buffer.from(input) : input;
  }
  const code = await runCheck(args, {
    stdin: stdin(),
    print: (text) => stdout.push(text),
    tell: (line) => stderr.push(`check: ${line}\n`),
  });
  return { code, stdout: stdout.join(""), stderr: stderr.join("") };
}

async function serving<Result>(listener: RequestListener, use: (url: string) => Promise<Result>): Promise<Result> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const good = "# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total 1\n";

describe("bin/check", () => {
  it("prints each finding with its line, the largest families, and how much there is", async () => {
    const path = join(
      folderWith({ "a.prom": `${good}# TYPE wait_ms gauge\nwait_ms{q="a"} 1\nwait_ms{q="b"} 1\n` }),
      "a.prom",
    );
    assert.deepEqual(await check(path), {
      code: 1,
      stdout: `${path}:4: wait_ms metric names should not contain abbreviated units
${path}:4: wait_ms no help text

largest families  type     series  bytes
wait_ms           gauge         2     55
jobs_total        counter       1     63

2 findings in 2 families, 3 series, 118 bytes of text.
`,
      stderr: "",
    });
  });

  it("exits with 0 when there is nothing to find, and reads standard input", async () => {
    assert.deepEqual(await checkInput(good, "--top", "0"), {
      code: 0,
      stdout: "0 findings in 1 family, 1 series, 63 bytes of text.\n",
      stderr: "",
    });
  });

  it("tells formats by how they begin and end, and prints JSON", async () => {
    const family = {
      name: "a",
      type: "gauge",
      help: "A.",
      series: [{ labels: {}, value: 1 }],
    } as const;
    const expected = {
      source: "-",
      families: 1,
      series: 1,
      bytes: 31,
      findings: [],
      largest: [{ name: "a", type: "gauge", series: 1, bytes: 31 }],
    };
    for (const input of [naiveProtobuf([family]), "# TYPE a gauge\n# HELP a A.\na 1\n# EOF\n"]) {
      const { code, stdout, stderr } = await checkInput(input, "-", "--json");
      assert.deepEqual({ code, report: JSON.parse(stdout), stderr }, { code: 0, report: expected, stderr: "" });
    }
  });

  it("reads what a server says it gives, and asks for a format", async () => {
    const asked: (string | undefined)[] = [];
    const listener: RequestListener = (request, response) => {
      asked.push(request.headers.accept);
      response.setHeader("Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8");
      response.setHeader("Content-Encoding", "gzip");
      response.end(gzipSync("# TYPE a gauge\n# HELP a A.\na 1\n# EOF\n"));
    };
    await serving(listener, async (url) => {
      const summary = "0 findings in 1 family, 1 series, 31 bytes of text.\n";
      assert.deepEqual(await check(url, "--top=0"), { code: 0, stdout: summary, stderr: "" });
      assert.deepEqual(await check(url, "--top=0", "--format", "openmetrics"), {
        code: 0,
        stdout: summary,
        stderr: "",
      });
    });
    assert.match(asked[0] ?? "", /^text\/plain;version=1\.0\.0;escaping=allow-utf-8;q=0\.9,/);
    assert.equal(asked[1], "application/openmetrics-text; version=1.0.0; charset=utf-8");
  });

  it("exits with 2 when a server fails, is late, gives too much or something else", async () => {
    const cases: readonly (readonly [listener: RequestListener, args: readonly string[], problem: string])[] = [
      [(_, response) => void response.writeHead(503).end("no"), [], "the server answered 503 Service Unavailable."],
      [() => {}, ["--timeout", "0.2"], "no answer within 0.2 s."],
      [(_, response) => void response.end("a 1\n"), ["--max-bytes=3"], "more than 3 bytes."],
      [
        (_, response) => void response.setHeader("Content-Type", "text/plain").end("a 1\nb x\n"),
        [],
        '2:3: expected a value, but found "x".',
      ],
      [
        (_, response) => void response.setHeader("Content-Type", "text/html").end("<p>"),
        [],
        'Content type "text/html" can\'t be read. It must be text/plain (version 0.0.4 or 1.0.0), application/openmetrics-text (1.0.0) or application/vnd.google.protobuf (a delimited io.prometheus.client.MetricFamily).',
      ],
    ];
    await Promise.all(
      cases.map(([listener, args, problem]) =>
        serving(listener, async (url) => {
          const separator = /^\d/.test(problem) ? ":" : ": ";
          const stderr = `check: ${url}${separator}${problem}\n`;
          assert.deepEqual(await check(url, ...args), { code: 2, stdout: "", stderr });
        }),
      ),
    );
  });

  it("exits with 2 when a file is not there, and when the arguments are wrong", async () => {
    const path = join(folderWith({}), "none");
    assert.deepEqual(await check(path), {
      code: 2,
      stdout: "",
      stderr: `check: ${path}: ENOENT: no such file or directory, open '${path}'.\n`,
    });
    assert.deepEqual(await check("--top=x"), {
      code: 2,
      stdout: "",
      stderr: 'check: --top takes a number, such as 100, but got "x". See --help.\n',
    });
  });

  it("shows control characters and does not send them to the terminal", async () => {
    const { stdout } = await checkInput('{"a\u001b[2J\u202e"} 1\n');
    assert.ok(stdout.startsWith("-:1: a\\u{1b}[2J\\u{202e} no help text\n"), stdout);
  });

  it("tells what two expositions differ in", async () => {
    const folder = folderWith({
      "a.prom": `${good}b{x="1",y="2"} 1\nc 1\n`,
      "b.om": '# TYPE jobs counter\n# HELP jobs Jobs.\njobs_total 2.0\n# TYPE b gauge\nb{y="2",x="1"} 1\nb 5\n# EOF\n',
    });
    const [a, b] = [join(folder, "a.prom"), join(folder, "b.om")];
    assert.deepEqual(await check("--diff", a, b), {
      code: 1,
      stdout: `--- ${a}
+++ ${b}
- jobs_total 1
+ jobs_total 2
- # TYPE b unknown
+ # TYPE b gauge
+ b 5
- Unknown "c", 1 series
`,
      stderr: "",
    });
    assert.deepEqual(await check("--diff", a, a), { code: 0, stdout: "", stderr: "" });
    const { code, stdout } = await check("--diff", "--json", b, a);
    assert.equal(code, 1);
    assert.deepEqual(JSON.parse(stdout).differences[0], {
      metric: "jobs_total",
      what: "jobs_total",
      before: "2",
      after: "1",
    });
  });

  it("tells what it can do, and its version", async () => {
    const { code, stdout } = await check("--help");
    assert.equal(code, 0);
    assert.match(stdout, /^Usage: check \[url \| file \| -\] \[options\]\n/);
    assert.ok(stdout.split("\n").every((line) => line.length <= 100));
    assert.match((await check("--version")).stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it("runs from its source", async () => {
    const { code, stdout, stderr } = await new Program([...sourceOf("check"), "--top=x"]).end();
    const problem = 'check: --top takes a number, such as 100, but got "x". See --help.\n';
    assert.deepEqual({ code, stdout, stderr }, { code: 2, stdout: "", stderr: problem });
  });

  const built = join(root, "dist/esm/bin/check.mjs");
  it("runs when it is built", { skip: existsSync(built) ? false : "not built" }, async () => {
    const path = join(folderWith({ "a.prom": good }), "a.prom");
    const { code, stdout } = await new Program([join(root, "bin/check"), path, "--top=0"]).end();
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "0 findings in 1 family, 1 series, 63 bytes of text.\n" });
  });
});
