import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { after, describe, it } from "node:test";
import { createGzip } from "node:zlib";
import { metricsHandler } from "../../lib/transports/handler.ts";
import type { MetricsHandlerOptions } from "../../lib/transports/scrape-responder.ts";
import { endless, FakeExposer, large } from "./fake-exposer.ts";
import { connectTo, exchange, readAll, withoutDate } from "./raw-client.ts";

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
});

/** `fetch` asks for compressed answers if not told otherwise. */
const asItIs = { "Accept-Encoding": "identity" };

async function serve(listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const serveExposer = (exposer: FakeExposer, options?: MetricsHandlerOptions) => serve(metricsHandler(exposer, options));

const get = (more = "") => `GET /metrics HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
const close = "Connection: close\r\n";
const exposition =
  "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nVary: Accept, Accept-Encoding\r\n";

describe("metricsHandler", () => {
  it("sends an exposition of one chunk with its length", async () => {
    const exposer = new FakeExposer(["a 1\n"]);
    const port = await serveExposer(exposer);
    assert.equal(
      withoutDate(await exchange(port, get(close))),
      `HTTP/1.1 200 OK\r\n${exposition}Content-Length: 4\r\nConnection: close\r\n\r\na 1\n`,
    );
    assert.deepEqual([exposer.lent, exposer.released, exposer.ended], [1, 1, 1]);
  });

  it("streams a larger one in the chunks as they were lent, and gives each back once it is sent", async () => {
    const exposer = new FakeExposer(large(40));
    const port = await serveExposer(exposer);
    const response = await fetch(`http://127.0.0.1:${port}`, { headers: asItIs });
    assert.deepEqual(
      [response.status, response.headers.get("content-length"), response.headers.get("transfer-encoding")],
      [200, null, "chunked"],
    );
    assert.ok((await response.text()) === large(40).join(""));
    assert.deepEqual([exposer.lent, exposer.released, exposer.ended], [40, 40, 1]);
  });

  it("answers HEAD without a scrape and without a body", async () => {
    const exposer = new FakeExposer(["a 1\n"]);
    const port = await serveExposer(exposer);
    assert.equal(
      withoutDate(await exchange(port, `HEAD / HTTP/1.1\r\nHost: localhost\r\n${close}\r\n`)),
      `HTTP/1.1 200 OK\r\n${exposition}Connection: close\r\n\r\n`,
    );
    assert.equal(exposer.lent, 0);
  });

  it("waits for a reader that doesn't read, holds little memory for it, and cuts it off", async () => {
    const exposer = new FakeExposer(endless);
    const port = await serveExposer(exposer, { stallTimeoutMs: 50 });
    const client = await connectTo(port);
    client.pause();
    client.write(get());
    await exposer.whenEnded(1);
    // What was rendered lies in the buffers of the operating system; of ours there was one to send and one ahead.
    assert.ok(exposer.lent < 500, `${exposer.lent} chunks were rendered`);
    assert.equal(exposer.mostLent, 2);
    assert.equal(exposer.lent, exposer.released);
    const answer = await readAll(client);
    assert.ok(!answer.endsWith("0\r\n\r\n"), "what was cut off looks complete");
  });

  it("cuts off a reader that takes too long over the whole", async () => {
    const exposer = new FakeExposer(endless);
    const port = await serveExposer(exposer, { sendTimeoutMs: 50 });
    const response = await fetch(`http://127.0.0.1:${port}`);
    await assert.rejects(response.text(), new TypeError("terminated"));
    await exposer.whenEnded(1);
    assert.equal(exposer.lent, exposer.released);
  });

  it("ends the scrape when its client goes away in the middle", async () => {
    const exposer = new FakeExposer(endless);
    const port = await serveExposer(exposer);
    const client = await connectTo(port);
    client.write(get());
    await once(client, "data");
    client.destroy();
    await exposer.whenEnded(1);
    assert.equal(exposer.scrapes[0]?.signal?.aborted, true);
    assert.equal(exposer.lent, exposer.released);
  });

  it("ends the scrape when its client goes away while collectors are asked", async () => {
    const exposer = new FakeExposer(["a 1\n"]);
    exposer.before = () => {
      const signal = exposer.scrapes[0]?.signal;
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
    };
    const errors: unknown[] = [];
    const client = await connectTo(await serveExposer(exposer, { onError: (error) => errors.push(error) }));
    client.write(get());
    await exposer.whenBegun(1);
    client.destroy();
    await exposer.whenEnded(1);
    assert.deepEqual([exposer.lent, errors], [0, []]);
  });

  it("collects nothing for a client that is gone before the handler is called", async () => {
    const exposer = new FakeExposer(["a 1\n"]);
    const answer = metricsHandler(exposer);
    let answered = () => {};
    const isAnswered = new Promise<void>((resolve) => {
      answered = resolve;
    });
    const port = await serve(async (request, response) => {
      await once(response, "close");
      await answer(request, response);
      answered();
    });
    const client = await connectTo(port);
    client.write(get());
    await new Promise(setImmediate);
    client.destroy();
    await isAnswered;
    assert.equal(exposer.lent, 0);
  });

  it("breaks the connection, and reports, when the exposer fails in the middle", async () => {
    const failure = new Error("secret");
    const errors: unknown[] = [];
    const exposer = new FakeExposer({
      *[Symbol.iterator]() {
        yield* large(3);
        throw failure;
      },
    });
    const port = await serveExposer(exposer, { onError: (error) => errors.push(error) });
    const answer = await exchange(port, get());
    assert.ok(answer.startsWith("HTTP/1.1 200 OK\r\n") && !answer.endsWith("0\r\n\r\n") && !answer.includes("secret"));
    assert.deepEqual(errors, [failure]);
    assert.deepEqual([exposer.lent, exposer.released, exposer.ended], [3, 3, 1]);
  });

  it("answers pipelined requests in their order, each as it should be", async () => {
    const exposer = new FakeExposer(large(3));
    const port = await serveExposer(exposer, { maxConcurrentScrapes: 8 });
    const answer = await exchange(port, get().repeat(7) + get(close));
    const body = large(3)
      .map((text) => `10000\r\n${text}\r\n`)
      .join("");
    assert.equal(answer.split(`${body}0\r\n\r\n`).length, 9);
    assert.deepEqual([exposer.lent, exposer.released, exposer.ended], [24, 24, 8]);
  });

  it("ends the scrapes of pipelined requests, whose turn has not come, with their connection", async () => {
    const exposer = new FakeExposer(endless);
    const port = await serveExposer(exposer);
    const client = await connectTo(port);
    client.write(get().repeat(5));
    await exposer.whenBegun(5);
    await once(client, "data");
    client.destroy();
    await exposer.whenEnded(5);
    assert.equal(exposer.lent, exposer.released);
  });

  it("lets middleware that compresses have bytes of its own", async () => {
    // As npm's "compression" does it: write() is replaced, forgets the callback, and is drained when gzip is.
    const exposer = new FakeExposer(large(40));
    const answer = metricsHandler(exposer);
    const port = await serve((request, response) => {
      const write = response.write.bind(response);
      const end = response.end.bind(response);
      const gzip = createGzip();
      gzip.on("data", (part) => void write(part));
      gzip.on("end", () => void end());
      gzip.on("drain", () => response.emit("drain"));
      response.setHeader("Content-Encoding", "gzip");
      response.write = (part: Uint8Array) => gzip.write(part);
      response.end = () => {
        gzip.end();
        return response;
      };
      void answer(request, response);
    });
    const response = await fetch(`http://127.0.0.1:${port}`, { headers: asItIs });
    assert.ok((await response.text()) === large(40).join(""));
    assert.deepEqual([exposer.lent, exposer.released, exposer.ended], [40, 40, 1]);
  });

  it("answers over HTTP/2", async () => {
    const exposer = new FakeExposer(large(20));
    const server = http2.createServer(metricsHandler(exposer) as never);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    const stream = client.request({ ":path": "/" });
    let text = "";
    stream.setEncoding("utf8");
    for await (const part of stream) text += part;
    client.close();
    server.close();
    assert.ok(text === large(20).join(""));
    assert.deepEqual([exposer.lent, exposer.released], [20, 20]);
  });

  it("breaks the connection, and reports, when somebody has answered already", async () => {
    const errors: unknown[] = [];
    const exposer = new FakeExposer(["a 1\n"]);
    const answer = metricsHandler(exposer, { onError: (error) => errors.push((error as NodeJS.ErrnoException).code) });
    const port = await serve((request, response) => {
      response.write("I was here first.");
      void answer(request, response);
    });
    await exchange(port, get());
    assert.deepEqual(errors, ["ERR_HTTP_HEADERS_SENT"]);
    assert.deepEqual([exposer.lent, exposer.released, exposer.ended], [1, 1, 1]);
  });

  it("tells by its promise when the answer is out", async () => {
    const exposer = new FakeExposer(["a 1\n"]);
    const answer = metricsHandler(exposer);
    const ended: Promise<boolean>[] = [];
    const port = await serve((request, response) => {
      ended.push(answer(request, response).then(() => response.writableEnded));
    });
    await exchange(port, get(close));
    assert.deepEqual(await Promise.all(ended), [true]);
  });
});
