import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { parse } from "../../lib/formats/parse.ts";
import { Counter } from "../../lib/metrics/counter.ts";
import { Histogram } from "../../lib/metrics/histogram.ts";
import { register } from "../../lib/registry/default-registry.ts";
import { Registry } from "../../lib/registry/registry.ts";
import { PushError } from "../../lib/transports/push-error.ts";
import { Pushgateway, type PushgatewayOptions } from "../../lib/transports/pushgateway.ts";
import { deferred } from "../deferred.ts";
import { FakeExposer, large } from "./fake-exposer.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** What came over the wire. */
interface Received {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** A gateway that keeps what it is sent, and answers as it is told. */
async function gateway(
  answer: (response: ServerResponse, request: IncomingMessage) => unknown = (response) => response.writeHead(202).end(),
): Promise<{ readonly url: string; readonly received: Received[] }> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    try {
      for await (const part of request) parts.push(part);
    } catch {
      return;
    }
    const { method, url, headers } = request;
    received.push({ method, url, headers, body: Buffer.concat(parts) });
    answer(response, request);
  }).listen(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

function filled(): Registry {
  const registry = new Registry();
  new Counter({ name: "rows_total", help: "Rows.", labelNames: ["table"], registers: [registry] }).inc(
    { table: "a" },
    3,
  );
  return registry;
}

const exposition = '# HELP rows_total Rows.\n# TYPE rows_total counter\nrows_total{table="a"} 3\n';
const text = "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
const errorOf = async (pushed: Promise<unknown>): Promise<PushError> => {
  const error = await pushed.then(
    () => assert.fail("It was not refused."),
    (thrown) => thrown,
  );
  assert.ok(error instanceof PushError, String(error));
  return error;
};

describe("Pushgateway", () => {
  it("replaces a group by PUT, adds to it by POST, and removes it by DELETE", async () => {
    const { url, received } = await gateway();
    const client = new Pushgateway(url, {}, filled());
    const group = { jobName: "backup", groupings: { instance: "db/1", shard: 2 } };
    await client.push(group);
    await client.pushAdd(group);
    await client.delete(group);
    const path = "/metrics/job/backup/instance@base64/ZGIvMQ/shard/2";
    assert.deepEqual(
      received.map(({ method, url, body, headers }) => [method, url, headers["content-type"], body.toString()]),
      [
        ["PUT", path, text, exposition],
        ["POST", path, text, exposition],
        ["DELETE", path, undefined, ""],
      ],
    );
  });

  it("gives the answer of the gateway, with its body", async () => {
    const { url } = await gateway((response) => response.writeHead(200, { "X-Seen": "yes" }).end("stored"));
    const { resp, body } = await new Pushgateway(url, filled()).push({ jobName: "a" });
    assert.deepEqual([resp.statusCode, resp.headers["x-seen"], body], [200, "yes", "stored"]);
  });

  it("pushes the default registry if not told otherwise", async () => {
    const { url, received } = await gateway();
    await new Pushgateway(url).push({ jobName: "a" });
    assert.equal(received[0]?.body.toString(), await register.metrics());
  });

  it("takes the registry in the place of the options, too", async () => {
    const { url, received } = await gateway();
    await new Pushgateway(url, filled()).push({ jobName: "a" });
    assert.equal(received[0]?.body.toString(), exposition);
  });

  it("writes text 0.0.4 whatever the registry exposes to others", async () => {
    const { url, received } = await gateway();
    const registry = filled();
    registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
    await new Pushgateway(url, registry).push({ jobName: "a" });
    assert.deepEqual([received[0]?.headers["content-type"], received[0]?.body.toString()], [text, exposition]);
  });

  it("writes protobuf when it is told, with native histograms", async () => {
    const { url, received } = await gateway();
    const registry = new Registry();
    new Histogram({ name: "wait", help: "W.", native: { factor: 1.1 }, registers: [registry] }).observe(1);
    await new Pushgateway(url, { format: "protobuf" }, registry).push({ jobName: "a" });
    const { headers, body } = received[0] as Received;
    const [family] = parse(body, headers["content-type"] as string);
    assert.deepEqual(family?.type === "histogram" && family.series.map(({ native }) => native?.positive), [
      [{ key: 0, count: 1 }],
    ]);
  });

  it("compresses what it pushes when the headers say so, each time anew, and a DELETE never", async () => {
    const { url, received } = await gateway();
    const headers = { "content-encoding": "gzip", Authorization: "Bearer x", "Content-Length": 5 };
    const client = new Pushgateway(url, { headers }, filled());
    for (const method of ["push", "delete", "pushAdd"] as const) await client[method]({ jobName: "a" });
    assert.deepEqual(
      received.map(({ headers, body }) => [
        headers["content-encoding"],
        headers.authorization,
        body.length > 0 && gunzipSync(body).toString(),
      ]),
      [
        ["gzip", "Bearer x", exposition],
        [undefined, "Bearer x", false],
        ["gzip", "Bearer x", exposition],
      ],
    );
    assert.deepEqual(headers, { "content-encoding": "gzip", Authorization: "Bearer x", "Content-Length": 5 });
  });

  it("sends an exposition of any size, and gives back all that was lent", async () => {
    for (const headers of [{}, { "Content-Encoding": "gzip" }]) {
      const { url, received } = await gateway();
      const exposer = new FakeExposer(large(40));
      await new Pushgateway(url, { headers }, exposer).push({ jobName: "a" });
      const { body } = received[0] as Received;
      assert.equal(
        "Content-Encoding" in headers ? gunzipSync(body).length : body.length,
        [...large(40)].join("").length,
      );
      assert.equal(exposer.lent, exposer.released);
      assert.equal(exposer.ended, 1);
    }
  });

  it("finds the gateway below a path, without a scheme, and with credentials in the URL", async () => {
    const { url, received } = await gateway();
    const host = url.slice("http://".length);
    for (const place of [`${host}`, `${url}/`, `${url}/push/gateway//`, `http://user:p%40ss@${host}`, new URL(url)]) {
      await new Pushgateway(place, {}, filled()).push({ jobName: "a" });
    }
    assert.deepEqual(
      received.map(({ url, headers }) => [url, headers.authorization]),
      [
        ["/metrics/job/a", undefined],
        ["/metrics/job/a", undefined],
        ["/push/gateway/metrics/job/a", undefined],
        ["/metrics/job/a", `Basic ${Buffer.from("user:p@ss").toString("base64")}`],
        ["/metrics/job/a", undefined],
      ],
    );
  });

  it("reaches it by https, with the options of https.request", async () => {
    // Both sides know a secret, so that no certificate is needed.
    const psk = { ciphers: "PSK", maxVersion: "TLSv1.2" } as const;
    const secret = Buffer.alloc(16);
    const paths: (string | undefined)[] = [];
    const server = createHttpsServer({ ...psk, pskCallback: () => secret }, (request, response) => {
      paths.push(request.url);
      request.resume().once("end", () => response.writeHead(202).end());
    }).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const options = {
      ...psk,
      pskCallback: () => ({ psk: secret, identity: "job" }),
      checkServerIdentity: () => undefined,
    } as PushgatewayOptions;
    await new Pushgateway(`https://127.0.0.1:${port}`, options, filled()).push({ jobName: "a" });
    assert.deepEqual(paths, ["/metrics/job/a"]);
  });

  it("needs a job, unless it is told that the receiver needs none", async () => {
    const { url, received } = await gateway();
    const refused = { name: "TypeError", message: 'A push needs a "jobName", by which the Pushgateway files it.' };
    for (const method of ["push", "pushAdd", "delete"] as const) {
      await assert.rejects(new Pushgateway(url, filled())[method](), refused);
    }
    const free = new Pushgateway(url, { requireJobName: false }, filled());
    await assert.rejects(free.push({ groupings: { a: "b" } }), {
      name: "TypeError",
      message: '"groupings" need a "jobName": a Pushgateway names no group without a job.',
    });
    assert.deepEqual(received, []);
    await free.push();
    assert.deepEqual(
      received.map(({ url }) => url),
      ["/metrics"],
    );
  });

  it("fails with the status and the first line of the answer when the gateway refuses", async () => {
    const { url } = await gateway((response) => response.writeHead(400).end("\npushed metrics are invalid\nmore\n"));
    const error = await errorOf(new Pushgateway(url, filled()).push({ jobName: "a" }));
    assert.equal(error.message, `PUT ${url}/metrics/job/a was answered with status 400: pushed metrics are invalid`);
    assert.deepEqual([error.status, error.answer, error.cause], [400, "pushed metrics are invalid", undefined]);
  });

  it("fails when it is redirected, for then nothing was stored", async () => {
    const { url } = await gateway((response) => response.writeHead(301, { Location: "/elsewhere" }).end());
    const error = await errorOf(new Pushgateway(url, filled()).pushAdd({ jobName: "a" }));
    assert.equal(error.message, `POST ${url}/metrics/job/a was answered with status 301`);
    assert.deepEqual([error.status, error.answer], [301, ""]);
  });

  it("does not tell the credentials of the URL in errors", async () => {
    const { url } = await gateway((response) => response.writeHead(403).end());
    const secret = url.replace("http://", "http://user:secret@");
    const { message } = await errorOf(new Pushgateway(secret, filled()).push({ jobName: "a" }));
    assert.equal(message, `PUT ${url}/metrics/job/a was answered with status 403`);
  });

  it("fails with the reason when the gateway is not there", async () => {
    const { url } = await gateway();
    const [server] = servers.splice(0);
    await new Promise((resolve) => server?.close(resolve));
    const error = await errorOf(new Pushgateway(url, filled()).push({ jobName: "a" }));
    const { host } = new URL(url);
    assert.equal(error.message, `PUT ${url}/metrics/job/a failed: connect ECONNREFUSED ${host}`);
    assert.deepEqual([error.status, (error.cause as NodeJS.ErrnoException).code], [undefined, "ECONNREFUSED"]);
  });

  it("fails in time when the gateway does not answer, or stops in the midst of it", async () => {
    const silent = await gateway(() => {});
    const halting = await gateway((response) => response.writeHead(200, { "Content-Length": 100 }).write("x"));
    for (const { url } of [silent, halting]) {
      const error = await errorOf(new Pushgateway(url, { timeout: 100 }, filled()).push({ jobName: "a" }));
      assert.equal(error.message, `PUT ${url}/metrics/job/a failed: It took longer than 100 ms.`);
    }
  });

  it("fails in time when a collector hangs, and ends the scrape", async () => {
    const { url, received } = await gateway();
    const exposer = new FakeExposer(["a 1\n"]);
    const hanging = deferred<void>();
    exposer.before = () => hanging.promise;
    const error = await errorOf(new Pushgateway(url, { timeout: 50 }, exposer).push({ jobName: "a" }));
    assert.equal(error.message, `PUT ${url}/metrics/job/a failed: It took longer than 50 ms.`);
    assert.equal(exposer.scrapes[0]?.signal?.aborted, true);
    hanging.resolve();
    await exposer.whenEnded(1);
    assert.deepEqual(received, []);
  });

  it("fails when the exposition does, and the gateway gets no half of it", async () => {
    const { url, received } = await gateway();
    const exposer = new FakeExposer(
      (function* () {
        yield "a 1\n";
        throw new Error("No more.");
      })(),
    );
    const error = await errorOf(new Pushgateway(url, exposer).push({ jobName: "a" }));
    assert.equal(error.message, `PUT ${url}/metrics/job/a failed: No more.`);
    assert.deepEqual(received, []);
    assert.equal(exposer.lent, exposer.released);
  });

  it("takes an answer that comes before all was sent, and sends no more", async () => {
    const server = createServer((_, response) => response.writeHead(413).end("Too much.\n")).listen(0, "127.0.0.1");
    servers.push(server);
    await once(server, "listening");
    const exposer = new FakeExposer(
      (function* () {
        for (;;) yield "a 1\n".repeat(16_384);
      })(),
    );
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { status, answer } = await errorOf(new Pushgateway(url, exposer).push({ jobName: "a" }));
    assert.deepEqual([status, answer], [413, "Too much."]);
    await exposer.whenEnded(1);
    assert.equal(exposer.lent, exposer.released);
  });

  it("ends when its caller's signal does", async () => {
    const { url } = await gateway(() => {});
    const controller = new AbortController();
    const exposer = new FakeExposer(["a 1\n"]);
    const pushed = errorOf(new Pushgateway(url, { signal: controller.signal }, exposer).push({ jobName: "a" }));
    await exposer.whenBegun(1);
    controller.abort();
    const error = await pushed;
    assert.equal(error.message, `PUT ${url}/metrics/job/a failed: The operation was aborted`);
    assert.equal((error.cause as Error).name, "AbortError");
  });

  it("refuses what it can't use when it is made", () => {
    const refuses = (run: () => unknown, kind: typeof RangeError | typeof TypeError, message: string) =>
      assert.throws(run, (error: Error) => error instanceof kind && error.message === message);
    const make =
      (options: unknown, url = "http://localhost") =>
      () =>
        new Pushgateway(url, options as PushgatewayOptions);
    refuses(make({}, "http://"), TypeError, 'The URL of a Pushgateway can\'t be read: "http://".');
    refuses(make({}, ""), TypeError, 'The URL of a Pushgateway can\'t be read: "".');
    refuses(make({}, "ftp://a"), TypeError, 'A Pushgateway is reached by http or https, but got a URL of "ftp:".');
    refuses(make({ timeout: 0 }), RangeError, '"timeout" must be between 0 and 2147483647 milliseconds, but got 0.');
    refuses(make({ format: "json" }), RangeError, '"format" must be "text" or "protobuf", but got "json".');
    refuses(
      make({ headers: { "Content-Encoding": "br" } }),
      RangeError,
      '"Content-Encoding" must be "gzip" or "identity", but got "br".',
    );
    refuses(
      () => new Pushgateway("http://localhost", {}, {} as Registry),
      TypeError,
      "A registry is needed to push its metrics, but got object.",
    );
  });
});
