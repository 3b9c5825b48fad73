// An app of one framework, with HTTP and the process measured: node instrumented-app.ts FRAMEWORK. It prints where the app
// and its metrics are. Asked over IPC, it tells how much memory is in use after a collection, and what keeps it alive.
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Counter, collectDefaultMetrics, httpRoute, instrumentHttp, startMetricsServer } from "../../lib/index.ts";
import { load } from "../instrument/packages.ts";

// The metrics are scraped from another port, whose requests are not this program's.
const isScrape = ({ url }: { readonly url?: string | undefined }) => url === "/metrics";
instrumentHttp({ exemplars: true, client: false, route: (request) => (isScrape(request) ? "/metrics" : undefined) });
collectDefaultMetrics();
const greetings = new Counter({ name: "greetings_total", help: "Greetings.", enableExemplars: true });

function greet(id: string): string {
  greetings.inc();
  if (id === "0") throw new Error("failed");
  return `hello ${id}`;
}

/** Each answers /users/:id, of which 0 fails. */
const frameworks: Readonly<Record<string, () => Promise<RequestListener>>> = {
  async express() {
    const { default: express } = await load("express");
    const users = express.Router();
    users.get("/:id", ({ params }: { params: { id: string } }, response: { send(text: string): void }) =>
      response.send(greet(params.id)),
    );
    const app = express();
    app.use("/users", users);
    app.use((_error: unknown, _: unknown, response: { sendStatus(status: number): void }, __: unknown) =>
      response.sendStatus(500),
    );
    return app;
  },
  async fastify() {
    const { default: fastify } = await load("fastify");
    const app = fastify();
    app.get("/users/:id", async ({ params }: { params: { id: string } }) => greet(params.id));
    await app.ready();
    return app.routing;
  },
  async koa() {
    const { default: Koa } = await load("koa");
    const { default: Router } = await load("@koa/router");
    const router = new Router({ prefix: "/users" });
    router.get("/:id", (context: { params: { id: string }; body: string }) => {
      context.body = greet(context.params.id);
    });
    const app = new Koa();
    app.silent = true;
    app.use(httpRoute);
    app.use(router.routes());
    return app.callback();
  },
  async hono() {
    const { Hono } = await load("hono");
    const { getRequestListener } = await load("@hono/node-server");
    const app = new Hono();
    app.use(httpRoute);
    app.get("/users/:id", (context: { req: { param(name: string): string }; text(text: string): unknown }) =>
      context.text(greet(context.req.param("id"))),
    );
    app.onError((_: unknown, context: { text(text: string, status: number): unknown }) => context.text("failed", 500));
    return getRequestListener(app.fetch);
  },
};

const make = frameworks[process.argv[2] as string];
if (make === undefined) throw new RangeError(`There is no framework "${process.argv[2]}".`);
const server = createServer(await make());
server.listen(0, "127.0.0.1", async () => {
  const metrics = await startMetricsServer({ port: 0 });
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port} ${metrics.url}`);
});

process.on("message", () => {
  const { gc } = globalThis as { readonly gc?: () => void };
  gc?.();
  gc?.();
  process.send?.({ heapBytes: process.memoryUsage().heapUsed, resources: process.getActiveResourcesInfo().sort() });
});
