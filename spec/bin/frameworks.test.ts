// Serves apps of the real frameworks, as npm has them.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { builtLibrary, folderWith, freePorts, fromBuild, linkPackages, Program, root } from "./program.ts";

const isInstalled = existsSync(join(root, "spec/node_modules"));
if (process.env["CI"]) assert.ok(isInstalled, "The packages of spec/package.json are not installed.");

const lib = JSON.stringify(builtLibrary);
const counter = `import { Counter, fetchHandler, metricsHandler, register } from ${lib};
  const hits = new Counter({ name: "hits_total", help: "Hits.", labelNames: ["id"] });`;

/** Each answers /hello/:id, counts it, has the metrics at /metrics, and fails at /fail. */
const apps = {
  "express.mjs": `import express from "express"; ${counter}
    const app = express();
    app.get("/hello/:id", ({ params }, response) => { hits.inc(params); response.send("hello " + params.id); });
    app.get("/metrics", metricsHandler(register));
    app.get("/fail", () => { throw new Error("failed"); });
    app.use((error, request, response, next) => { response.status(500).send("handled"); });
    export default app;`,
  "koa.mjs": `import Koa from "koa"; ${counter}
    const app = new Koa();
    const answer = metricsHandler(register);
    app.silent = true;
    app.use(async (context) => {
      const [, route, id] = context.path.split("/");
      if (route === "hello") { hits.inc({ id }); context.body = "hello " + id; }
      if (route === "metrics") { context.respond = false; await answer(context.req, context.res); }
      if (route === "fail") { context.status = 500; context.body = "handled"; }
    });
    export default app;`,
  "fastify.mjs": `import fastify from "fastify"; ${counter}
    const app = fastify();
    const answer = metricsHandler(register);
    // What a plugin adds is there only once the app is ready.
    app.register(async (plugin) => {
      plugin.get("/hello/:id", async ({ params }) => { hits.inc({ id: params.id }); return "hello " + params.id; });
    });
    app.get("/metrics", (request, reply) => { reply.hijack(); return answer(request.raw, reply.raw); });
    app.get("/fail", async () => { throw new Error("failed"); });
    app.setErrorHandler((error, request, reply) => { reply.code(500).send("handled"); });
    app.addHook("onClose", async () => { console.log("closed"); });
    export default app;`,
  "hono.mjs": `import { Hono } from "hono"; ${counter}
    const app = new Hono();
    const answer = fetchHandler(register);
    app.get("/hello/:id", (context) => { const { id } = context.req.param(); hits.inc({ id }); return context.text("hello " + id); });
    app.get("/metrics", (context) => answer(context.req.raw));
    app.get("/fail", () => { throw new Error("failed"); });
    app.onError((error, context) => context.text("handled", 500));
    export default app;`,
  "compressing.mjs": `import express from "express"; import compression from "compression"; ${counter}
    for (let i = 0; i < 20000; i++) hits.inc({ id: "number " + i });
    const app = express();
    app.use(compression());
    app.get("/metrics", metricsHandler(register));
    export default app;`,
};

describe("bin/serve", { skip: !isInstalled && "spec/package.json is not installed" }, () => {
  const folder = folderWith(apps);
  if (isInstalled) linkPackages(folder);

  for (const framework of ["express", "koa", "fastify", "hono"]) {
    it(`serves an app of ${framework}, whose own /metrics works as well`, async () => {
      const program = new Program([...fromBuild, framework, ...freePorts, "--no-default-metrics"], folder);
      const { app, metrics } = await program.urls();
      assert.equal(await (await fetch(`${app}/hello/a`)).text(), "hello a");
      assert.equal(await (await fetch(`${app}/hello/b`)).text(), "hello b");
      const failed = await fetch(`${app}/fail`);
      assert.deepEqual([failed.status, await failed.text()], [500, "handled"]);
      assert.equal((await fetch(`${app}/nothing`)).status, 404);

      const exposition =
        '# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total{id="a"} 1\nhits_total{id="b"} 1\n';
      for (const url of [metrics, `${app}/metrics`]) {
        const response = await fetch(url);
        assert.equal(response.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        assert.equal(await response.text(), exposition, url);
      }
      const { code, stdout, stderr } = await program.stop();
      assert.deepEqual({ code, stderr }, { code: 0, stderr: "" });
      assert.equal(stdout.includes("closed\n"), framework === "fastify");
    });
  }

  it("lets the package compression have an exposition of many chunks", async () => {
    const program = new Program([...fromBuild, "compressing", ...freePorts, "--no-default-metrics"], folder);
    const { app, metrics } = await program.urls();
    const plain = await (await fetch(metrics)).text();
    assert.ok(plain.length > 500_000);
    const response = await fetch(`${app}/metrics`, { headers: { "Accept-Encoding": "gzip" } });
    assert.equal(response.headers.get("content-encoding"), "gzip");
    assert.ok((await response.text()) === plain);
    await program.stop();
  });
});
