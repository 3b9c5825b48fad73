// HTTP over TLS: the same requests, each once on each side, though two modules of Node.js have to do with each.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, createSecureServer } from "node:http2";
import { Agent, createServer, type RequestOptions, request } from "node:https";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { ask, instrumented, serve } from "./instrumented.ts";
import { load, missingPackages } from "./packages.ts";

/** Both sides know a secret, so that no certificate is needed. */
const psk = { ciphers: "PSK", maxVersion: "TLSv1.2" } as const;
const secret = Buffer.alloc(16);
const serverOptions = { ...psk, pskCallback: () => secret };
const clientOptions = {
  ...psk,
  pskCallback: () => ({ psk: secret, identity: "test" }),
  checkServerIdentity: () => undefined,
};

async function serveTls(t: TestContext) {
  const server = createServer(serverOptions, (asked, response) => {
    response.statusCode = Number(asked.url?.slice(1));
    asked.resume().once("end", () => response.end("ok"));
  });
  const { port } = await serve(t, server);
  return { port, url: `https://127.0.0.1:${port}` };
}

function server(count: number, status: number, more = ""): string {
  return `server_request_duration_seconds_count{http_request_method="GET",url_scheme="https",http_response_status_code="${status}"${more},network_protocol_version="1.1"} ${count}`;
}

function client(count: number, port: number, status: number, more = ""): string {
  return `client_request_duration_seconds_count{http_request_method="GET",server_address="127.0.0.1",server_port="${port}",http_response_status_code="${status}"${more} ${count}`;
}

const version = ',network_protocol_version="1.1"}';
/** Whether so many were counted on both sides together, and none is active. */
const hasCounted = (count: number) => (lines: readonly string[]) =>
  lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0) === count &&
  !lines.some((line) => line.includes("_active_"));

describe("instrumentHttp for HTTP over TLS", () => {
  it("counts each request of node:https once on each side, over new and kept connections", async (t) => {
    const { until } = instrumented(t, { client: true });
    const { url, port } = await serveTls(t);
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...clientOptions });
    t.after(() => agent.destroy());
    const get = (path: string, options: RequestOptions) => ask(`${url}${path}`, options, undefined, request);
    for (const path of ["/200", "/200", "/503"]) assert.equal(await get(path, { agent }), Number(path.slice(1)));
    assert.equal(await get("/200", clientOptions), 200);
    const failed = ',error_type="503"';
    assert.deepEqual(await until(hasCounted(8)), [
      server(3, 200),
      server(1, 503, failed),
      client(3, port, 200, version),
      client(1, port, 503, failed + version),
    ]);
  });

  it("counts requests of undici once on each side", { skip: missingPackages }, async (t) => {
    const { until } = instrumented(t, { client: true });
    const { url, port } = await serveTls(t);
    const { request: send, fetch: fetchIt, Agent: Dispatcher } = await load("undici");
    const dispatcher = new Dispatcher({ connect: clientOptions });
    t.after(() => dispatcher.close());
    await (await send(`${url}/200`, { dispatcher })).body.dump();
    await (await fetchIt(`${url}/200`, { dispatcher })).text();
    assert.deepEqual(await until(hasCounted(4)), [server(2, 200), client(2, port, 200, "}")]);
  });

  it("counts a connection that never gets as far as a request as none", async (t) => {
    const { lines, until } = instrumented(t, { client: true });
    const { url, port } = await serveTls(t);
    await assert.rejects(ask(`${url}/200`, { agent: false }, undefined, request));
    const error = /error_type="(\w+)"/.exec((await until(hasCounted(1)))[0] ?? "");
    assert.deepEqual(await lines(), [
      `client_request_duration_seconds_count{http_request_method="GET",server_address="127.0.0.1",server_port="${port}",error_type="${error?.[1]}"} 1`,
    ]);
  });

  it("counts requests of both versions of HTTP that one server answers", async (t) => {
    const { until } = instrumented(t);
    const both = createSecureServer({ ...serverOptions, allowHTTP1: true }, (_, response) => response.end("ok"));
    both.listen(0, "127.0.0.1");
    await once(both, "listening");
    t.after(() => both.close());
    const url = `https://127.0.0.1:${(both.address() as AddressInfo).port}`;
    await ask(`${url}/`, clientOptions, undefined, request);
    const session = connectHttp2(url, clientOptions);
    t.after(() => session.destroy());
    const stream = session.request({ ":path": "/" });
    stream.resume();
    await once(stream, "close");
    const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
    const isTold = major > 24 || (major === 24 && minor >= 2) || (major === 22 && minor >= 17);
    const second = server(1, 200).replace('version="1.1"', 'version="2"');
    const expected = isTold ? [server(1, 200), second] : [server(1, 200)];
    assert.deepEqual(await until(hasCounted(expected.length)), expected);
  });
});
