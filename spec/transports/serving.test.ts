import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect } from "node:net";
import { describe, it } from "node:test";
import { connect as connectTls } from "node:tls";
import { Connections } from "../../lib/transports/connections.ts";
import { type Serving, type ServingOptions, serveApp } from "../../lib/transports/serving.ts";
import { StartError } from "../../lib/transports/start-error.ts";
import { FakeExposer } from "./fake-exposer.ts";
import { connectTo, readAll } from "./raw-client.ts";

const fail = (error: unknown) => assert.fail(error as Error);
const free = { host: "127.0.0.1", port: 0 };
const get = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

function start(app: unknown, options: Partial<ServingOptions> = {}): Promise<Serving> {
  return serveApp({
    app,
    bind: free,
    metricsBind: free,
    registry: new FakeExposer(["a 1\n"]),
    onError: fail,
    ...options,
  });
}

/** An app whose answers are given when the test says so. */
function patientApp(): {
  app: (request: IncomingMessage, response: ServerResponse) => void;
  next(): Promise<ServerResponse>;
} {
  const waiting: ServerResponse[] = [];
  let wake = () => {};
  return {
    app: (_request, response) => {
      waiting.push(response);
      wake();
    },
    async next() {
      while (waiting.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return waiting.shift() as ServerResponse;
    },
  };
}

describe("serveApp", () => {
  it("serves the app and its metrics, each on its port", async () => {
    const serving = await start(() => new Response("hello"));
    assert.equal(await (await fetch(serving.appUrl)).text(), "hello");
    assert.equal(await (await fetch(serving.metricsUrl as string)).text(), "a 1\n");
    assert.equal(await serving.close(1_000), 0);
    await assert.rejects(fetch(serving.appUrl));
    await assert.rejects(fetch(serving.metricsUrl as string));
  });

  it("lets requests finish when it closes, and has metrics until they have", async () => {
    const { app, next } = patientApp();
    const serving = await start(app);
    const answered = fetch(serving.appUrl);
    const response = await next();
    const closed = serving.close(10_000);
    await assert.rejects(fetch(serving.appUrl));
    assert.equal(await (await fetch(serving.metricsUrl as string)).text(), "a 1\n");
    response.end("late");
    assert.equal(await (await answered).text(), "late");
    assert.equal(await closed, 0);
    await assert.rejects(fetch(serving.metricsUrl as string));
  });

  it("cuts off what doesn't finish in time, and says how much that was", async () => {
    const { app, next } = patientApp();
    const serving = await start(app);
    const answers = Promise.allSettled([fetch(serving.appUrl), fetch(serving.appUrl)]);
    await next();
    await next();
    const closed = serving.close(20);
    assert.deepEqual(
      (await answers).map(({ status }) => status),
      ["rejected", "rejected"],
    );
    assert.equal(await closed, 2);
  });

  it("answers what is asked meanwhile on open connections, and closes them with that", async () => {
    const { app, next } = patientApp();
    const serving = await start(app);
    const client = await connectTo(Number(new URL(serving.appUrl).port));
    client.write(get);
    const first = await next();
    const closed = serving.close(10_000);
    client.write(get);
    const second = await next();
    first.end("1");
    second.end("2");
    const answers = await readAll(client);
    assert.deepEqual(
      answers.match(/Connection: .*|\r\n\r\n\d/g)?.map((text) => text.trim()),
      ["Connection: keep-alive", "1", "Connection: close", "2"],
    );
    assert.equal(await closed, 0);
  });

  it("lets upgraded connections go on until the deadline", async () => {
    const server = createServer();
    server.on("upgrade", (_request, socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\n\r\n"));
    const serving = await start(server);
    const client = await connectTo(Number(new URL(serving.appUrl).port));
    client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    await once(client, "data");
    const closed = serving.close(50);
    client.resume();
    await once(client, "close");
    assert.equal(await closed, 1);
  });

  it("closes the app itself, too, and doesn't wait for ever", async () => {
    const errors: unknown[] = [];
    const failure = new Error("can't close");
    let closes: () => Promise<unknown> = async () => {};
    const app = () => ({ server: createServer(), routing() {}, async ready() {}, close: () => closes() });
    for (const close of [async () => {}, () => Promise.reject(failure), () => new Promise<never>(() => {})]) {
      closes = close;
      const serving = await start(app(), { onError: (error) => errors.push(error) });
      assert.equal(await serving.close(30), 0);
    }
    assert.deepEqual(errors, [failure]);
  });

  it("takes a server that listens already as it is", async () => {
    const server = createServer((_request, response) => response.end("mine"));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const serving = await serveApp({
      app: server,
      metricsBind: free,
      registry: new FakeExposer([]),
      onError: fail,
    });
    assert.equal(serving.appUrl, `http://127.0.0.1:${port}`);
    assert.equal(await (await fetch(serving.appUrl)).text(), "mine");
    assert.equal(await serving.close(1_000), 0);
    assert.equal(server.listening, false);
  });

  it("refuses to move a server that listens already", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    await assert.rejects(
      start(server),
      new StartError(
        `The app listens already, on http://127.0.0.1:${port}, and not on 127.0.0.1:0. Don't call listen() in it, or don't say where.`,
      ),
    );
  });

  it("leaves nothing listening when one of the two can't", async () => {
    const taken = createServer();
    taken.listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const there = { host: "127.0.0.1", port };
    const error = { name: "StartError", message: `Can't listen on 127.0.0.1:${port}: the port is taken.` };
    const app = createServer();
    await assert.rejects(start(app, { metricsBind: there }), error);
    await assert.rejects(start(app, { bind: there }), error);
    assert.equal(app.listening, false);
    taken.close();
    await once(taken, "close");
    const serving = await start(app, { bind: there });
    assert.equal(await serving.close(1_000), 0);
  });
});

describe("Connections", () => {
  it("lets requests over TLS finish, too", async () => {
    const { app, next } = patientApp();
    // A key that both know makes certificates needless.
    const psk = { ciphers: "PSK", maxVersion: "TLSv1.2" } as const;
    const key = Buffer.from("0123456789abcdef");
    const server = createTlsServer({ ...psk, pskCallback: () => key }, app);
    const connections = new Connections(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const open = async () => {
      const client = connectTls({
        ...psk,
        port,
        host: "127.0.0.1",
        pskCallback: () => ({ psk: key, identity: "test" }),
        checkServerIdentity: () => undefined,
      });
      await once(client, "secureConnect");
      return client;
    };
    const idle = await open();
    const client = await open();
    client.write(get);
    const response = await next();
    assert.equal(connections.requestsUnderWay, 1);
    const closed = connections.close(10_000);
    assert.equal(await readAll(idle), "");
    response.end("late");
    assert.match(await readAll(client), /late/);
    assert.equal(await closed, 0);
  });

  it("closes a TLS server on whose connections nobody has spoken TLS", async () => {
    const server = createTlsServer();
    const connections = new Connections(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    // A connection that never gets as far as TLS is no request, and holds nobody up.
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    await once(client, "connect");
    assert.equal(connections.requestsUnderWay, 0);
    client.on("error", () => {});
    client.resume();
    const [cutOff] = await Promise.all([connections.close(50), once(client, "close")]);
    assert.equal(cutOff, 0);
  });
});
