// The routes that the real frameworks declare, found for the requests that they answer: templates, and never a path.
import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import { describe, it, type TestContext } from "node:test";
import { httpRoute, setHttpRoute } from "../../lib/index.ts";
import { Random } from "../judges/random.ts";
import { ask, instrumented, rawConnection, serve, turn } from "./instrumented.ts";
import { load, missingPackages } from "./packages.ts";

/** Asks for paths one after the other, and tells the status and the route of each as the metrics have them. */
async function routesOf(
  t: TestContext,
  app: RequestListener | Server,
  paths: readonly string[],
  options: Parameters<typeof instrumented>[1] = {},
): Promise<string[]> {
  const { registry, until } = instrumented(t, options);
  const { url } = await serve(t, app);
  const routes: string[] = [];
  for (const path of paths) {
    await ask(url + path);
    const lines = await until((now) => now.length === 1 && !now[0]?.includes("_active_"));
    registry.resetMetrics();
    const [, status] = /status_code="(\d+)"/.exec(lines[0] as string) ?? [];
    const [, route] = /http_route="((?:[^"\\]|\\.)*)"/.exec(lines[0] as string) ?? [];
    routes.push(`${status} ${route ?? "-"}`);
  }
  return routes;
}

for (const name of ["express4", "express", "express5.1"]) {
  describe(`instrumentHttp with ${name}`, { skip: missingPackages }, () => {
    it("tells the templates of routes, with where their routers and apps are mounted", async (t) => {
      const { default: express } = await load(name);
      const app = express();
      const ok = (_: unknown, response: { send(text: string): void }) => response.send("ok");
      app.use((_: unknown, __: unknown, next: () => void) => next());
      app.get("/", ok);
      app.get("/users/:id", ok);
      app.get(["/either", "/or/:this"], ok);
      app.get(/^\/files?\/(\d+)$/, ok);
      app.get("/refused/:id", (_: unknown, response: { sendStatus(status: number): void }) => response.sendStatus(403));
      app.get("/fails/:id", () => {
        throw new Error("failed");
      });
      app.get("/passed/:id", (_: unknown, __: unknown, next: () => void) => next());

      const posts = express.Router({ mergeParams: true });
      posts.get("/", ok);
      posts.get("/:post", ok);
      posts.get("/fails/:post", (_: unknown, __: unknown, next: (error: Error) => void) => next(new Error("failed")));
      const users = express.Router();
      users.use("/:user/posts", posts);
      app.use("/api/v1.0/users", users);
      app.use("/twice/a", posts);
      app.use("/twice/:b/b", posts);

      const admin = express();
      admin.get("/", ok);
      admin.get("/users/:id", ok);
      admin.use("/:tenant/posts", posts);
      app.use("/admin/:area", admin);
      const inner = express();
      inner.get("/x/:y", ok);
      express.Router();
      const hidden = express.Router();
      hidden.use("/inner/:secret", inner);
      app.use("/hidden", hidden);
      app.use("/static", ok);
      app.use(
        (_error: unknown, _: unknown, response: { status(code: number): { send(text: string): void } }, __: unknown) =>
          response.status(500).send("handled"),
      );

      const expected: readonly (readonly [path: string, route: string])[] = [
        ["/", "200 /"],
        ["/?q=1", "200 /"],
        ["/users/7?q=1", "200 /users/:id"],
        ["/users/%2F..%2F", "200 /users/:id"],
        ["/or/that", "200 /either,/or/:this"],
        ["/file/12", "200 /^\\\\/files?\\\\/(\\\\d+)$/"],
        ["/refused/1", "403 /refused/:id"],
        ["/fails/1", "500 /fails/:id"],
        ["/passed/1", "404 /passed/:id"],
        ["/nothing/here", "404 -"],
        ["/static/some/file.js", "200 -"],
        ["/api/v1.0/users/7/posts/", "200 /api/v1.0/users/:user/posts"],
        ["/API/v1.0/USERS/7/POSTS/8", "200 /api/v1.0/users/:user/posts/:post"],
        ["/api/v1.0/users/posts/posts/posts", "200 /api/v1.0/users/:user/posts/:post"],
        ["/twice/a/1", "200 /twice/a/:post"],
        ["/twice/x/b/1", "200 /twice/:b/b/:post"],
        ["/admin/x", "200 /admin/:area"],
        ["/admin/x/users/1", "200 /admin/:area/users/:id"],
        // Where an app lies in a router nobody can tell.
        ["/hidden/inner/s/x/1", "200 -"],
      ];
      const routes = await routesOf(
        t,
        app,
        expected.map(([path]) => path),
      );
      assert.deepEqual(
        routes.map((route, i) => [expected[i]?.[0], route]),
        expected.map((pair) => [...pair]),
      );
    });
  });
}

describe("instrumentHttp with Fastify", { skip: missingPackages }, () => {
  const paths = ["/", "/users/7", "/api/posts/8", "/refused/1", "/fails/1", "/checked/x", "/nothing"];

  async function made() {
    const { default: fastify } = await load("fastify");
    let listener: RequestListener | undefined;
    const app = fastify({
      serverFactory: (handler: RequestListener) => {
        listener = handler;
        return createServer(handler);
      },
    });
    app.get("/", async () => "ok");
    app.get("/users/:id", async () => "ok");
    app.register(async (plugin: typeof app) => plugin.get("/posts/:post", async () => "ok"), { prefix: "/api" });
    app.addHook(
      "onRequest",
      (request: { url: string }, reply: { code(code: number): { send(): void } }, done: () => void) => {
        if (request.url.startsWith("/refused")) reply.code(401).send();
        else done();
      },
    );
    app.get("/refused/:id", async () => "ok");
    app.get("/fails/:id", async () => {
      throw new Error("failed");
    });
    app.get("/checked/:id", { schema: { params: { properties: { id: { type: "number" } } } } }, async () => "ok");
    await app.ready();
    return { app, listener: listener as RequestListener };
  }

  it("tells the routes of an instance that is made afterwards", async (t) => {
    let ready: Promise<RequestListener> | undefined;
    const routes = routesOf(t, (request, response) => ready?.then((answer) => answer(request, response)), paths);
    ready = made().then(({ listener }) => listener);
    assert.deepEqual(await routes, [
      "200 /",
      "200 /users/:id",
      "200 /api/posts/:post",
      "401 /refused/:id",
      "500 /fails/:id",
      "400 /checked/:id",
      "404 -",
    ]);
  });

  it("tells the routes of one that was there before, where the request reaches its handler", async (t) => {
    const { listener } = await made();
    assert.deepEqual(await routesOf(t, listener, paths), [
      "200 /",
      "200 /users/:id",
      "200 /api/posts/:post",
      "401 -",
      "500 /fails/:id",
      "400 -",
      "404 -",
    ]);
  });
});

describe("instrumentHttp with Koa and @koa/router", { skip: missingPackages }, () => {
  it("tells the routes, nested ones too, by the middleware httpRoute", async (t) => {
    const { default: Koa } = await load("koa");
    const { default: Router } = await load("@koa/router");
    const ok = (context: { body: string }) => {
      context.body = "ok";
    };
    const posts = new Router();
    posts.get("/:post", ok);
    const router = new Router({ prefix: "/api" });
    router.get("/users/:id", ok);
    router.get("/fails/:id", (context: { throw(status: number): void }) => context.throw(500));
    router.get(/^\/(\d+)$/, ok);
    router.use("/users/:user/posts", posts.routes());
    const app = new Koa();
    app.silent = true;
    app.use(httpRoute);
    app.use(router.routes());
    app.use(router.allowedMethods());
    assert.deepEqual(
      await routesOf(t, app.callback(), ["/api/users/7", "/api/users/7/posts/8", "/api/fails/1", "/api", "/nothing"]),
      ["200 /api/users/:id", "200 /api/users/:user/posts/:post", "500 /api/fails/:id", "404 -", "404 -"],
    );
  });

  it("leaves the route out without it", async (t) => {
    const { default: Koa } = await load("koa");
    const { default: Router } = await load("@koa/router");
    const router = new Router();
    router.get("/users/:id", (context: { body: string }) => {
      context.body = "ok";
    });
    const app = new Koa();
    app.use(router.routes());
    assert.deepEqual(await routesOf(t, app.callback(), ["/users/7"]), ["200 -"]);
  });
});

describe("instrumentHttp with Hono on @hono/node-server", { skip: missingPackages }, () => {
  it("tells the routes, nested ones too, by the middleware httpRoute", async (t) => {
    const { Hono } = await load("hono");
    const { getRequestListener } = await load("@hono/node-server");
    interface HonoContext {
      text(text: string, status?: number): unknown;
    }
    const ok = (context: HonoContext) => context.text("ok");
    const posts = new Hono();
    posts.get("/:post", ok);
    const app = new Hono();
    app.use(httpRoute);
    app.use("/api/*", async (_: unknown, next: () => Promise<void>) => next());
    app.get("/", ok);
    app.get("/users/:id", ok);
    app.all("/all/:id", ok);
    app.get("/fails/:id", () => {
      throw new Error("failed");
    });
    app.onError((_: unknown, context: HonoContext) => context.text("handled", 500));
    app.route("/api/users/:user/posts", posts);
    assert.deepEqual(
      await routesOf(t, getRequestListener(app.fetch), [
        "/",
        "/users/7",
        "/all/1",
        "/fails/1",
        "/api/users/7/posts/8",
        "/api/nothing",
        "/nothing",
      ]),
      [
        "200 /",
        "200 /users/:id",
        "200 /all/:id",
        "500 /fails/:id",
        "200 /api/users/:user/posts/:post",
        "404 -",
        "404 -",
      ],
    );
  });
});

for (const [adapter, prefix] of [
  ["ExpressAdapter", "@nestjs/platform-express"],
  ["FastifyAdapter", "@nestjs/platform-fastify"],
] as const) {
  describe(`instrumentHttp with NestJS on ${prefix}`, { skip: missingPackages }, () => {
    it("tells the routes of controllers", async (t) => {
      await load("reflect-metadata");
      const { Controller, Get, Module } = await load("@nestjs/common");
      const { NestFactory } = await load("@nestjs/core");
      const { [adapter]: Adapter } = await load(prefix);
      // Decorators are functions; the compiler of this project takes no syntax that has to be transformed.
      class Users {
        one() {
          return "ok";
        }
      }
      Get("/:id")(Users.prototype, "one", Object.getOwnPropertyDescriptor(Users.prototype, "one"));
      Controller("users")(Users);
      class App {}
      Module({ controllers: [Users] })(App);
      let ready: Promise<RequestListener> | undefined;
      const listener: RequestListener = (request, response) => ready?.then((answer) => answer(request, response));
      const routes = routesOf(t, listener, ["/api/users/7", "/api/nothing"]);
      ready = (async () => {
        const app = await NestFactory.create(App, new Adapter(), { logger: false });
        t.after(() => app.close());
        app.setGlobalPrefix("api");
        await app.init();
        const instance = app.getHttpAdapter().getInstance();
        if (typeof instance.ready === "function") await instance.ready();
        // Fastify's listener, or Express' app itself.
        return instance.routing ?? instance;
      })();
      // On Express, what nothing else takes is taken by a route of Nest's own.
      const rest = adapter === "ExpressAdapter" ? "404 /api*path" : "404 -";
      assert.deepEqual(await routes, ["200 /api/users/:id", rest]);
    });
  });
}

describe("instrumentHttp with Polka", { skip: missingPackages }, () => {
  it("leaves out the route, which Polka tells nobody, and takes it from the program", async (t) => {
    const { default: polka } = await load("polka");
    const app = polka();
    app.get("/users/:id", (_: unknown, response: { end(text: string): void }) => response.end("ok"));
    app.get("/posts/:id", (request: object, response: { end(text: string): void }) => {
      setHttpRoute(request, "/posts/:id");
      response.end("ok");
    });
    assert.deepEqual(await routesOf(t, app.handler, ["/users/7", "/posts/8"]), ["200 -", "200 /posts/:id"]);
  });
});

describe("The hook route", () => {
  const app: RequestListener = (request, response) => {
    setHttpRoute(request, "/said/:by/program");
    response.end();
  };

  it("decides, or leaves it to the framework, or leaves the route out", async (t) => {
    const route = ({ url = "" }) => (url.startsWith("/mine") ? "/mine/:own" : url === "/none" ? null : undefined);
    assert.deepEqual(await routesOf(t, app, ["/mine/1", "/none", "/else"], { route }), [
      "200 /mine/:own",
      "200 -",
      "200 /said/:by/program",
    ]);
  });

  it("knows nothing when it throws, and ends nobody's process", async (t) => {
    const warnings: Error[] = [];
    const listener = (warning: Error) => warnings.push(warning);
    process.on("warning", listener);
    t.after(() => process.off("warning", listener));
    const route = () => {
      throw new RangeError("no idea");
    };
    assert.deepEqual(await routesOf(t, app, ["/a", "/b"], { route }), ["200 -", "200 -"]);
    while (warnings.length === 0) await turn();
    assert.deepEqual(
      warnings.map(({ message }) => message),
      ["A request could not be measured in full: no idea"],
    );
  });

  it("may return what is no text, which is no route", async (t) => {
    const route = (() => 7) as unknown as () => string;
    assert.deepEqual(await routesOf(t, app, ["/a"], { route }), ["200 -"]);
  });
});

describe("A raw path", () => {
  it("never becomes a label: 10,000 random URLs make no more series than there are routes", {
    skip: missingPackages,
  }, async (t) => {
    const { default: express } = await load("express");
    const app = express();
    const ok = (_: unknown, response: { end(): void }) => response.end();
    const router = express.Router();
    router.get("/:b", ok);
    app.get("/a/:b", ok);
    app.use("/:x/r", router);
    app.use((_: unknown, response: { status(status: number): { end(): void } }) => response.status(404).end());
    const { until, registry } = instrumented(t);
    const { port } = await serve(t, app);
    const random = new Random(7);
    const word = () => random.below(2 ** 31).toString(36);
    const shapes = [
      () => `/a/${word()}`,
      () => `/${word()}/r/${word()}`,
      () => `/${word()}`,
      () => `/${word()}/${word()}?${word()}`,
    ];
    // Pipelined over one connection, as that many requests of a client would take longer than the answers.
    const socket = await rawConnection(t, port);
    socket.resume();
    for (let i = 0; i < 10_000; i++) socket.write(`GET ${random.pick(shapes)()} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const total = (lines: readonly string[]) => lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    const lines = await until((now) => now.every((line) => !line.includes("_active_")) && total(now) === 10_000);
    assert.deepEqual(lines.map((line) => /status_code="(\d+)"(?:,http_route="([^"]*)")?/.exec(line)?.slice(1)).sort(), [
      ["200", "/:x/r/:b"],
      ["200", "/a/:b"],
      ["404", undefined],
    ]);
    // Three series of 14 bounds, +Inf, sum and count, and one gauge.
    const samples = (await registry.metrics()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    assert.equal(samples.length, 3 * 17 + 1);
  });
});
