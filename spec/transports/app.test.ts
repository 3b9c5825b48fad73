import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttp2Server } from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "node:test";
import { type ServableApp, servableApp } from "../../lib/transports/app.ts";
import { StartError } from "../../lib/transports/start-error.ts";

const fail = (error: unknown) => assert.fail(error as Error);
const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** Serves what a module exports, and returns what it answers. */
async function answerOf(exported: unknown, errors: unknown[] = []): Promise<string> {
  const { server }: ServableApp = await servableApp(exported, (error) => errors.push(error));
  open.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  return `${response.status} ${await response.text()}`;
}

const listener = (_request: IncomingMessage, response: ServerResponse) => {
  response.end("hello");
};
const handler = (_request: Request) => new Response("hello");

describe("servableApp", () => {
  for (const [what, app] of [
    ["a request listener", listener],
    [
      "a listener with a third parameter, as Express' apps are",
      (request: IncomingMessage, response: ServerResponse, _next: unknown) => listener(request, response),
    ],
    ["an async listener", async (request: IncomingMessage, response: ServerResponse) => listener(request, response)],
    ["a fetch-style handler", handler],
    ["one that doesn't look at the request", () => new Response("hello")],
    ["an async one", async () => new Response("hello")],
    ["an object with fetch()", { fetch: handler }],
    [
      "an object whose fetch() needs it",
      new (class {
        greeting = "hello";
        fetch() {
          return new Response(this.greeting);
        }
      })(),
    ],
    ["an http.Server", createServer(listener)],
    ["an object with callback(), as Koa's apps are", { use() {}, callback: () => listener }],
    ["a promise of an app", Promise.resolve(listener)],
    ["a promise of a server", Promise.resolve(createServer(listener))],
  ] as const) {
    it(`serves ${what}`, async () => assert.equal(await answerOf(app), "200 hello"));
  }

  it("waits until an app with ready(), as Fastify's are, is ready, and closes it", async () => {
    const calls: string[] = [];
    const app = {
      server: createServer(listener),
      routing: listener,
      ready: async () => calls.push("ready"),
      close: async () => calls.push("close"),
      // Fastify's apps are thenable, which must not make them promises.
      // biome-ignore lint/suspicious/noThenProperty: that is what they are like
      then: () => calls.push("then"),
    };
    const served = await servableApp(app, fail);
    assert.equal(served.server, app.server);
    await served.close?.();
    assert.deepEqual(calls, ["ready", "close"]);
  });

  it("leaves a server as it is", async () => {
    const server = createServer(listener);
    assert.deepEqual(await servableApp(server, fail), { server });
  });

  for (const [what, app] of [
    [
      "throws",
      (_request: unknown, _response: unknown) => {
        throw new Error("secret");
      },
    ],
    [
      "rejects",
      async (_request: unknown, _response: unknown) => {
        throw new Error("secret");
      },
    ],
  ] as const) {
    it(`answers 500 when a listener ${what}, and reports it`, async () => {
      const errors: unknown[] = [];
      assert.equal(await answerOf(app, errors), "500 Internal server error.\n");
      assert.deepEqual(errors, [new Error("secret")]);
    });
  }

  const expected =
    "but should be a request listener (request, response) => …, an http.Server, a fetch-style handler (request) => Response, an object with fetch(), or an app of Express, Koa, Fastify or Hono.";
  for (const [app, found] of [
    [undefined, "undefined"],
    [null, "null"],
    [7, "a number"],
    ["app", "a string"],
    [{}, "an empty object"],
    [{ a: 1, b: 2 }, 'an object with "a", "b"'],
    [{ a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }, 'an object with "a", "b", "c", "d", "e", …'],
    [class App {}, 'the class "App"'],
    [Promise.resolve(undefined), "undefined"],
    [{ ready() {}, routing() {}, server: {} }, 'an object with "ready", "routing", "server"'],
  ] as const) {
    it(`refuses ${found}`, async () => {
      await assert.rejects(servableApp(app, fail), new StartError(`The app is ${found}, ${expected}`));
    });
  }

  it("refuses a server that doesn't speak HTTP/1", async () => {
    await assert.rejects(servableApp(createHttp2Server(), fail), StartError);
  });

  it("fails as the app fails", async () => {
    const failure = new Error("no database");
    await assert.rejects(servableApp(Promise.reject(failure), fail), failure);
  });
});
