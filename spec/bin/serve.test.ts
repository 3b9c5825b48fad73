import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { builtLibrary, folderWith, freePorts, fromBuild, Program, root } from "./program.ts";

/** Runs the program to its end. */
function run(args: readonly string[], folder?: string, from = fromBuild) {
  return new Program([...from, ...args], folder).end();
}

async function text(url: string): Promise<string> {
  return (await fetch(url)).text();
}

const lib = JSON.stringify(builtLibrary);

describe("bin/serve without an app", () => {
  it("serves the demo, says where in one line, and ends with 0 when it is told to", async () => {
    // The process's own metrics would not be the same twice.
    const program = new Program([...fromBuild, ...freePorts, "--demo-latency", "0-1", "--no-default-metrics"]);
    const { app, metrics } = await program.urls();
    for (let i = 0; i < 3; i++) assert.equal(await text(app), "Hello!\n");
    assert.match(await text(metrics), /^app_requests_total\{method="GET",route="\/",status="200"\} 3$/m);
    assert.equal(await text(`${app}/metrics`), await text(metrics));
    const { code, stdout, stderr } = await program.stop();
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.equal(stdout, `The demo is on ${app} and its metrics are on ${metrics}\n`);
  });

  it("ends with 0 after SIGINT, too", async () => {
    const program = new Program([...fromBuild, ...freePorts]);
    await program.urls();
    program.kill("SIGINT");
    assert.equal((await program.end()).code, 0);
  });

  it("listens on IPv6", async () => {
    const program = new Program([...fromBuild, "--bind", "[::1]:0", "--metrics-bind=[::1]:0", "--demo-latency=0-0"]);
    const { app, metrics } = await program.urls();
    assert.match(`${app} ${metrics}`, /^http:\/\/\[::1\]:\d+ http:\/\/\[::1\]:\d+\/metrics$/);
    assert.equal(await text(app), "Hello!\n");
    await program.stop();
  });

  it("tells what it can do", async () => {
    const { code, stdout, stderr } = await run(["--help"]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
    assert.match(stdout, /^Usage: serve \[app\] \[options\]\n/);
    for (const option of [
      "--bind",
      "--metrics-bind",
      "--import",
      "--no-default-metrics",
      "--drain-timeout",
      "--demo-latency",
      "-h, --help",
      "--version",
    ]) {
      assert.ok(stdout.includes(`\n  ${option} `), option);
    }
    assert.ok(stdout.split("\n").every((line) => line.length <= 100));
    assert.deepEqual(await run(["-h", "app.js"]), { code, stdout, stderr });
  });

  it("tells its version", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    assert.deepEqual(await run(["--version"]), { code: 0, stdout: `${version}\n`, stderr: "" });
  });
});

describe("bin/serve with wrong arguments", () => {
  it("says what is wrong, with exit code 2", async () => {
    for (const [args, message] of [
      [["--bidn", "127.0.0.1:0"], "there is no option --bidn. Did you mean --bind?"],
      [["a.js", "b.js"], 'one app is served, but got "a.js" and "b.js".'],
    ] as const) {
      assert.deepEqual(await run(args), { code: 2, stdout: "", stderr: `serve: ${message} See serve --help.\n` });
    }
  });
});

describe("bin/serve with an app", () => {
  const folder = folderWith({
    "listener.mjs": 'export default (request, response) => { response.end("a listener"); };',
    "listener.cjs": 'module.exports = (request, response) => { response.end("module.exports"); };',
    "node_modules/new/package.json": '{ "type": "module", "exports": { "import": "./app.js" } }',
    "node_modules/new/app.js": 'export default { fetch() { return new Response("a package"); } };',
  });

  for (const [app, answer] of [
    ["listener.mjs", "a listener"],
    ["./listener.cjs", "module.exports"],
    ["new", "a package"],
  ] as const) {
    it(`serves ${app}`, async () => {
      const program = new Program([...fromBuild, app, ...freePorts], folder);
      const urls = await program.urls();
      assert.equal(await text(urls.app), answer);
      const { code, stdout, stderr } = await program.stop();
      const line = `The app "${app}" is on ${urls.app} and its metrics are on ${urls.metrics}\n`;
      assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: line, stderr: "" });
    });
  }

  for (const [format, file, source] of [
    ["an ES module", "count.mjs", `import { Counter } from ${lib};`],
    ["CommonJS", "count.cjs", `const { Counter } = require(${lib.replace("/esm/", "/cjs/")});`],
  ] as const) {
    const app = 'const hits = new Counter({ name: "hits_total", help: "Hits." });';
    const handler = 'const app = () => { hits.inc(); return new Response("counted"); };';
    const ending = format === "CommonJS" ? "module.exports = app;" : "export default app;";
    it(`exposes what an app counts that imports the library as ${format}`, async () => {
      const folder = folderWith({ [file]: source + app + handler + ending });
      // The same file in two formats is what coverage can't tell apart; it would report nonsense.
      const program = new Program([...fromBuild, file, ...freePorts, "--no-default-metrics"], folder, {
        NODE_V8_COVERAGE: "",
      });
      const urls = await program.urls();
      await text(urls.app);
      await text(urls.app);
      assert.equal(await text(urls.metrics), "# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total 2\n");
      await program.stop();
    });
  }

  it("exposes the process and Node.js beside what the app counts", async () => {
    const program = new Program([...fromBuild, "listener.mjs", ...freePorts], folder);
    const { metrics } = await program.urls();
    const names: string[] = (await text(metrics)).match(/(?<=^# TYPE )\S+/gm) ?? [];
    for (const name of ["process_cpu_seconds_total", "process_start_time_seconds", "nodejs_version_info"]) {
      assert.ok(names.includes(name), name);
    }
    const { code, stderr } = await program.stop();
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  });

  it("leaves that to an app that does it in its own way", async () => {
    const folder = folderWith({
      "app.mjs": `import { collectDefaultMetrics } from ${lib};
        collectDefaultMetrics({ include: ["version"] });
        export default () => new Response();`,
    });
    const program = new Program([...fromBuild, "app", ...freePorts], folder);
    const { metrics } = await program.urls();
    assert.deepEqual((await text(metrics)).match(/(?<=^# TYPE )\S+/gm), ["nodejs_version_info"]);
    const { code, stderr } = await program.stop();
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  });

  it("loads what --import names first, in order", async () => {
    const folder = folderWith({
      "one.mjs": "globalThis.loaded = ['one'];",
      "two.cjs": "globalThis.loaded.push('two');",
      "app.mjs": "const loaded = globalThis.loaded; export default () => Response.json(loaded);",
    });
    const program = new Program(
      [...fromBuild, "app.mjs", "--import", "./one.mjs", "--import=two", ...freePorts],
      folder,
    );
    assert.equal(await text((await program.urls()).app), '["one","two"]');
    await program.stop();
  });

  it("answers 500 when the app fails, and prints why", async () => {
    const folder = folderWith({ "app.mjs": 'export default () => { throw new Error("no database"); };' });
    const program = new Program([...fromBuild, "app", ...freePorts], folder);
    const response = await fetch((await program.urls()).app);
    assert.deepEqual([response.status, await response.text()], [500, "Internal server error.\n"]);
    const { code, stderr } = await program.stop();
    assert.equal(code, 0);
    assert.match(stderr, /^serve: Error: no database\n {4}at /);
  });
});

describe("bin/serve with an app that can't start", () => {
  const expected =
    "but should be a request listener (request, response) => …, an http.Server, a fetch-style handler (request) => Response, an object with fetch(), or an app of Express, Koa, Fastify or Hono.";
  const folder = folderWith({
    "object.cjs": "module.exports = { app: 1, start: 2 };",
    "throws.mjs": 'throw new Error("no database"); export default 1;',
    "imports.mjs": 'import "./missing.js"; export default 1;',
    "syntax.mjs": "export default (",
    "app.mjs": "export default () => new Response();",
    "open.mjs": "setInterval(() => {}, 1000); export default 1;",
  });

  for (const [app, message] of [
    ["missing.mjs", `There is no file and no package "missing.mjs", as seen from ${folder}.`],
    ["object.cjs", `The app is an object with "app", "start", ${expected}`],
    ["open.mjs", `The app is a number, ${expected}`],
  ] as const) {
    it(`says what is wrong with ${app}, with exit code 1`, async () => {
      assert.deepEqual(await run([app, ...freePorts], folder), { code: 1, stdout: "", stderr: `serve: ${message}\n` });
    });
  }

  for (const [app, pattern] of [
    ["throws.mjs", /^serve: the app failed to start\.\nError: no database\n {4}at file:.*throws\.mjs/],
    [
      "imports.mjs",
      /^serve: the app failed to start\.\nError.*: Cannot find module '.*missing\.js' imported from .*imports\.mjs\n/,
    ],
    ["syntax.mjs", /^serve: the app failed to start\.\n(?:.*\n)*SyntaxError: Unexpected/],
  ] as const) {
    it(`shows the error of ${app}, with exit code 1`, async () => {
      const { code, stdout, stderr } = await run([app, ...freePorts], folder);
      assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
      assert.match(stderr, pattern);
    });
  }

  it("says which port is taken, with exit code 1", async () => {
    const taken = createServer();
    taken.listen(0, "127.0.0.1");
    await once(taken, "listening");
    const address = `127.0.0.1:${(taken.address() as AddressInfo).port}`;
    const answer = { code: 1, stdout: "", stderr: `serve: Can't listen on ${address}: the port is taken.\n` };
    assert.deepEqual(await run(["app", "--bind", address, "--metrics-bind", "127.0.0.1:0"], folder), answer);
    assert.deepEqual(await run(["app", "--bind", "127.0.0.1:0", "--metrics-bind", address], folder), answer);
    taken.close();
  });
});

describe("bin/serve when it is told to stop", () => {
  // The app hears of the signal as well: so the test knows when it has come, and needs not wait for a while.
  const folder = folderWith({
    "app.mjs": `
      let finish = () => {};
      process.on("SIGTERM", () => { console.log("told to stop"); setImmediate(() => finish()); });
      setInterval(() => {}, 1_000_000);
      export default (request, response) => {
        console.log("asked " + request.url);
        if (request.url === "/late") finish = () => response.end("late");
      };`,
  });

  it("lets requests finish", async () => {
    const program = new Program([...fromBuild, "app", ...freePorts], folder);
    const { app } = await program.urls();
    const answered = text(`${app}/late`);
    await program.line(/asked \/late\n/);
    const ended = program.stop();
    assert.equal(await answered, "late");
    const { code, stderr } = await ended;
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  });

  it("cuts off what doesn't finish in time, and says so", async () => {
    const program = new Program([...fromBuild, "app", ...freePorts, "--drain-timeout", "0.05"], folder);
    const { app } = await program.urls();
    const answered = assert.rejects(text(`${app}/never`));
    await program.line(/asked \/never\n/);
    const { code, stderr } = await program.stop();
    await answered;
    assert.deepEqual(
      { code, stderr },
      { code: 0, stderr: "serve: 1 request was not finished in time, and cut off.\n" },
    );
  });

  it("stops at once when it is told a second time", async () => {
    const program = new Program([...fromBuild, "app", ...freePorts, "--drain-timeout", "1000"], folder);
    const { app } = await program.urls();
    const answered = assert.rejects(text(`${app}/never`));
    await program.line(/asked \/never\n/);
    program.kill("SIGTERM");
    await program.line(/told to stop\n/);
    const { code } = await program.stop();
    await answered;
    assert.equal(code, 143);
  });
});

const isBuilt = existsSync(join(root, "dist/esm/bin/serve.mjs"));
if (process.env["CI"]) assert.ok(isBuilt, "The project is not built.");

describe("bin/serve as it was built", { skip: !isBuilt && "it is not built" }, () => {
  const readsTypeScript = Boolean((process.features as { typescript?: unknown }).typescript);
  const typeScript = 'const greeting: string = "typed"; export default () => new Response(greeting);';

  it("serves an app, and exposes what it counts with either build of the library", async () => {
    const folder = folderWith({
      "app.mjs": `
        import { createRequire } from "node:module";
        import * as esm from ${JSON.stringify(join(root, "dist/esm/lib/index.js"))};
        const cjs = createRequire(import.meta.url)(${JSON.stringify(join(root, "dist/cjs/lib/index.js"))});
        const one = new esm.Counter({ name: "one_total", help: "One." });
        const two = new cjs.Counter({ name: "two_total", help: "Two." });
        export default () => { one.inc(); two.inc(2); return new Response("counted"); };`,
    });
    const program = new Program([...fromBuild, "app", ...freePorts, "--no-default-metrics"], folder);
    const { app, metrics } = await program.urls();
    assert.equal(await text(app), "counted");
    assert.equal(
      await text(metrics),
      "# HELP one_total One.\n# TYPE one_total counter\none_total 1\n# HELP two_total Two.\n# TYPE two_total counter\ntwo_total 2\n",
    );
    const { code, stderr } = await program.stop();
    assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
  });

  it("serves TypeScript with a loader", async () => {
    const folder = folderWith({ "app.mts": typeScript });
    const loader = join(root, "node_modules/tsx/dist/loader.mjs");
    const program = new Program([...fromBuild, "app.mts", "--import", loader, ...freePorts], folder);
    assert.equal(await text((await program.urls()).app), "typed");
    await program.stop();
  });

  it("says what TypeScript takes where it can't be read", {
    skip: readsTypeScript && "this Node.js reads it",
  }, async () => {
    const folder = folderWith({ "app.mts": typeScript, "imports.mjs": 'export { default } from "./app.mts";' });
    for (const app of ["app.mts", "imports"]) {
      assert.deepEqual(await run([app, ...freePorts], folder, fromBuild), {
        code: 1,
        stdout: "",
        stderr: `serve: The module "${app}" is, or imports, TypeScript that Node.js ${process.version} can't read by itself. Bring a loader, as by --import tsx, or compile it first.\n`,
      });
    }
  });
});
