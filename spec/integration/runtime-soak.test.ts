// What is left of metrics of the process and of HTTP that come and go.
import assert from "node:assert/strict";
import { hasSubscribers } from "node:diagnostics_channel";
import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { createServer, get, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { collectDefaultMetrics, instrumentHttp, Registry } from "../../lib/index.ts";

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;
const openFiles = () => (existsSync("/proc/self/fd") ? readdirSync("/proc/self/fd").length : 0);
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** The heap in use once what was begun is over and what nobody holds is collected. */
async function settledHeap(): Promise<number> {
  for (let i = 0; i < 4; i++) {
    await turn();
    gc();
  }
  return process.memoryUsage().heapUsed;
}

describe("collectDefaultMetrics with all collectors", () => {
  it("grows nothing in a thousand rounds of starting and stopping", async () => {
    const registry = new Registry();
    const rounds = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const handle = collectDefaultMetrics({ register: registry });
        if (i % 50 === 0) await registry.metrics();
        // What nobody can ask any more ends by itself.
        if (i % 100 === 50) registry.clear();
        else handle.stop();
        if (i % 25 === 0) await turn();
      }
      return settledHeap();
    };
    const before = await rounds(500);
    const [files, resources] = [openFiles(), process.getActiveResourcesInfo()];
    const after = await rounds(1_000);
    assert.deepEqual([openFiles(), process.getActiveResourcesInfo()], [files, resources]);
    // V8 goes on compiling, which takes a third of that, and it stops growing after two thousand rounds. What a round
    // makes is several kilobytes a metric: a leak of a single one would be more than that.
    assert.ok(after - before < 1_000_000, `${after - before} bytes`);
    assert.equal(await registry.metrics(), "");
  });
});

const channels = [
  ...["http.server.request.start", "http.server.response.finish", "http2.server.stream.start"],
  ...["http2.server.stream.close", "http.client.request.created", "http.client.request.start"],
  ...["http.client.response.finish", "http.client.request.error", "undici:request:create", "undici:request:headers"],
  ...["undici:request:trailers", "undici:request:error", "fastify.initialization"],
  "tracing:fastify.request.handler:start",
];

describe("instrumentHttp", () => {
  it("leaves no listener, no handle and no memory in a thousand rounds of starting and stopping", async (t) => {
    const registry = new Registry();
    const server = createServer((_, response) => response.end("ok")).listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const ask = async () => {
      const [response] = (await once(get({ port, agent: false }), "response")) as [IncomingMessage];
      await once(response.resume(), "close");
    };
    let isHeard = true;
    const rounds = async (count: number) => {
      for (let i = 0; i < count; i++) {
        const handle = instrumentHttp({ register: registry, exemplars: true });
        isHeard &&= channels.every((name) => hasSubscribers(name));
        if (i % 10 === 0) await ask();
        // Those that follow each other take over, and only the last of them has to be stopped.
        if (i % 3 !== 0 || i === count - 1) handle.stop();
      }
      assert.deepEqual(
        channels.filter((name) => hasSubscribers(name)),
        [],
      );
      return settledHeap();
    };
    const before = await rounds(500);
    const [files, resources] = [openFiles(), process.getActiveResourcesInfo()];
    const after = await rounds(1_000);
    assert.ok(isHeard);
    assert.deepEqual([openFiles(), process.getActiveResourcesInfo()], [files, resources]);
    assert.ok(after - before < 500_000, `${after - before} bytes`);
    t.diagnostic(`${after - before} bytes`);
    const text = await registry.metrics();
    const counted = /^http_server_request_duration_seconds_count\{.*\} (\d+)$/m.exec(text)?.[1];
    assert.equal(counted, "150");
    assert.match(text, /^http_server_active_requests\{.*\} 0$/m);
  });
});
