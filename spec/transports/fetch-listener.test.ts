import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, describe, it } from "node:test";
import { type FetchHandler, fetchListener } from "../../lib/transports/fetch-listener.ts";
import { connectTo, exchange, readAll, withoutDate } from "./raw-client.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

async function serve(handler: FetchHandler, errors: unknown[] = []): Promise<number> {
  const server = createServer(fetchListener(handler, (error) => errors.push(error)));
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const close = "Connection: close\r\n";
const get = (target = "/", headers = "Host: app.example:81\r\n") => `GET ${target} HTTP/1.1\r\n${headers}${close}\r\n`;
const bodyOf = (answer: string) => answer.slice(answer.indexOf("\r\n\r\n") + 4);

describe("fetchListener", () => {
  it("hands over method, URL, headers and body", async () => {
    const port = await serve(async (request) => {
      const { method, url, headers } = request;
      return Response.json({
        method,
        url,
        type: headers.get("content-type"),
        twice: headers.get("x-twice"),
        body: await request.text(),
      });
    });
    const response = await fetch(`http://127.0.0.1:${port}/a%20b?c=d`, {
      method: "PUT",
      headers: [
        ["Content-Type", "text/x"],
        ["X-Twice", "1"],
        ["X-Twice", "2"],
      ],
      body: "what is sent",
    });
    assert.deepEqual(await response.json(), {
      method: "PUT",
      url: `http://127.0.0.1:${port}/a%20b?c=d`,
      type: "text/x",
      twice: "1, 2",
      body: "what is sent",
    });
  });

  it("sends status, headers, every cookie, and the body", async () => {
    const port = await serve(
      () =>
        new Response("hello", {
          status: 418,
          statusText: "Teapot",
          headers: [
            ["Set-Cookie", "a=1"],
            ["Set-Cookie", "b=2"],
            ["X-A", "1"],
            ["Content-Type", "text/x"],
          ],
        }),
    );
    assert.equal(
      withoutDate(await exchange(port, get())),
      `HTTP/1.1 418 Teapot\r\ncontent-type: text/x\r\nset-cookie: a=1\r\nset-cookie: b=2\r\nx-a: 1\r\n${close}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    );
  });

  it("answers HEAD without the body, which is cancelled", async () => {
    let isCancelled = false;
    const port = await serve(
      () =>
        new Response(
          new ReadableStream({
            cancel() {
              isCancelled = true;
            },
          }),
          { headers: { "X-A": "1" } },
        ),
    );
    const answer = withoutDate(await exchange(port, get().replace("GET", "HEAD")));
    assert.equal(answer, `HTTP/1.1 200 OK\r\nx-a: 1\r\n${close}\r\n`);
    assert.equal(isCancelled, true);
  });

  for (const [target, host, url] of [
    ["/a?b", "app.example:81", "http://app.example:81/a?b"],
    ["//other.example/a", "app.example", "http://app.example//other.example/a"],
    ["http://other.example/a", "app.example", "http://other.example/a"],
    ["/", "[::1]:81", "http://[::1]:81/"],
  ] as const) {
    it(`makes ${url} of ${target} at ${host}`, async () => {
      const port = await serve(({ url }) => new Response(url));
      assert.equal(bodyOf(await exchange(port, get(target, `Host: ${host}\r\n`))).split("\r\n")[1], url);
    });
  }

  it("answers 400 to what the Fetch standard can't express", async () => {
    const errors: unknown[] = [];
    const port = await serve(() => new Response("reached"), errors);
    for (const request of [
      get("/", "Host: a/b\r\n"),
      get("/", "Host: user@a\r\n"),
      get("/", "Host: a b\r\n"),
      get("/", "Host: a?b\r\n"),
      get("http://["),
      get().replace("GET", "TRACE"),
    ]) {
      const answer = withoutDate(await exchange(port, request));
      assert.equal(
        answer,
        `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n${close}Transfer-Encoding: chunked\r\n\r\n23\r\nThis request can't be understood.\n\r\n0\r\n\r\n`.replace(
          "\r\n23\r\n",
          "\r\n22\r\n",
        ),
        request,
      );
    }
    assert.deepEqual(errors, []);
  });

  it("answers 500 when the handler throws, rejects, or returns no response, and reports why", async () => {
    const errors: unknown[] = [];
    const failure = new Error("secret");
    const handlers: Record<string, () => unknown> = {
      "/throws": () => {
        throw failure;
      },
      "/rejects": () => Promise.reject(failure),
      "/forgets": () => undefined,
      "/object": () => ({ body: "x" }),
      "/text": () => "text",
      "/error": () => Response.error(),
    };
    const port = await serve(({ url }) => handlers[new URL(url).pathname]?.() as Response, errors);
    for (const path of Object.keys(handlers)) {
      const answer = await exchange(port, get(path));
      assert.equal(answer.split("\r\n")[0], "HTTP/1.1 500 Internal Server Error");
      assert.doesNotMatch(answer, /secret/);
    }
    assert.deepEqual(errors, [
      failure,
      failure,
      new TypeError("A fetch-style handler must return a Response, but returned undefined."),
      new TypeError("A fetch-style handler must return a Response, but returned an object."),
      new TypeError("A fetch-style handler must return a Response, but returned a string."),
      new TypeError("A fetch-style handler must return a Response, but returned an object."),
    ]);
  });

  it("breaks the connection when the body fails in the middle", async () => {
    const errors: unknown[] = [];
    const failure = new Error("secret");
    const port = await serve(() => {
      let parts = 0;
      return new Response(
        new ReadableStream({
          pull(controller) {
            if (parts++ === 3) throw failure;
            controller.enqueue(new Uint8Array(10));
          },
        }),
      );
    }, errors);
    const answer = await exchange(port, get());
    assert.doesNotMatch(answer, /0\r\n\r\n$|secret/);
    assert.deepEqual(errors, [failure]);
  });

  it("reads a body no faster than its client does, and cancels it when the client goes away", async () => {
    let pulled = 0;
    let cancelled = () => {};
    const isCancelled = new Promise<void>((resolve) => {
      cancelled = resolve;
    });
    let waits = () => {};
    const isWaiting = new Promise<void>((resolve) => {
      waits = resolve;
    });
    let signal: AbortSignal | undefined;
    const errors: unknown[] = [];
    const port = await serve((request) => {
      signal = request.signal;
      let calm: NodeJS.Timeout;
      return new Response(
        new ReadableStream({
          pull(controller) {
            pulled++;
            clearTimeout(calm);
            calm = setTimeout(waits, 50);
            controller.enqueue(new Uint8Array(65_536));
          },
          cancel: () => cancelled(),
        }),
      );
    }, errors);
    const client = await connectTo(port);
    client.pause();
    client.write(get());
    await isWaiting;
    assert.ok(pulled < 500, `${pulled} parts were asked for`);
    client.destroy();
    await isCancelled;
    assert.equal(signal?.aborted, true);
    assert.deepEqual(errors, []);
  });

  it("aborts the request of a client that goes away before it is answered, which is no error", async () => {
    const errors: unknown[] = [];
    let begun = (_: Request) => {};
    const request = new Promise<Request>((resolve) => {
      begun = resolve;
    });
    const port = await serve(async (request) => {
      begun(request);
      await once(request.signal, "abort");
      throw new Error("because it went away");
    }, errors);
    const client = await connectTo(port);
    client.write(get());
    const { signal } = await request;
    client.destroy();
    if (!signal.aborted) await once(signal, "abort");
    assert.deepEqual(errors, []);
  });

  it("streams the body of a request as it comes", async () => {
    const port = await serve(async (request) => {
      const reader = (request.body as ReadableStream<Uint8Array>).getReader();
      const { value } = await reader.read();
      await reader.cancel();
      return new Response(`first: ${new TextDecoder().decode(value)}`);
    });
    const client = await connectTo(port);
    client.write(`POST / HTTP/1.1\r\nHost: a\r\n${close}Content-Length: 1000000\r\n\r\nhello`);
    assert.match(await readAll(client), /first: hello/);
  });
});
