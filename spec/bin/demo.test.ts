import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, it } from "node:test";
import { demoApp } from "../../bin/demo.mts";
import { Registry } from "../../lib/index.ts";
import { connectTo, exchange } from "../transports/raw-client.ts";

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function start(latencyMs: readonly [number, number] = [0, 0], random = Math.random) {
  const registry = new Registry();
  const server = createServer(demoApp({ registry, latencyMs, random }));
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { registry, port, url: `http://127.0.0.1:${port}` };
}

/** What is exposed, but for the times that requests took. */
async function exposed(registry: Registry): Promise<string> {
  const lines = (await registry.metrics()).split("\n");
  return lines.filter((line) => !/_bucket|_sum|quantile=|^#/.test(line)).join("\n");
}

describe("the demo app", () => {
  it("greets, fails, and counts both, and all else under fixed labels", async () => {
    const { registry, port, url } = await start();
    assert.equal(await (await fetch(url)).text(), "Hello!\n");
    assert.equal((await fetch(`${url}/?who=you`)).status, 200);
    const failed = await fetch(`${url}/error`);
    assert.deepEqual([failed.status, await failed.text()], [500, "This route always fails.\n"]);
    assert.equal((await fetch(url, { method: "HEAD" })).status, 200);
    const posted = await fetch(url, { method: "POST", body: "x" });
    assert.deepEqual([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
    for (let i = 0; i < 50; i++) assert.equal((await fetch(`${url}/${i}`)).status, 404);
    for (const method of ["PROPFIND", "M-SEARCH", "PURGE"]) {
      await exchange(port, `${method} /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    }
    // Scrapes are not what the app is for, and are not counted.
    const scraped = await fetch(`${url}/metrics`);
    assert.equal(await scraped.text(), await registry.metrics());
    assert.equal(scraped.headers.get("content-type"), registry.contentType);
    assert.equal(
      await exposed(registry),
      [
        'app_requests_total{method="GET",route="/",status="200"} 2',
        'app_requests_total{method="GET",route="/error",status="500"} 1',
        'app_requests_total{method="HEAD",route="/",status="200"} 1',
        'app_requests_total{method="POST",route="/",status="405"} 1',
        'app_requests_total{method="GET",route="unmatched",status="404"} 50',
        'app_requests_total{method="_OTHER",route="unmatched",status="404"} 3',
        "app_request_latency_seconds_count 58",
        "app_request_latency_quantiles_seconds_count 58",
        "app_active_users 0",
        "",
      ].join("\n"),
    );
  });

  it("has series at zero before the first request, so that the first one shows in a rate", async () => {
    const { registry } = await start();
    assert.equal(
      await exposed(registry),
      [
        'app_requests_total{method="GET",route="/",status="200"} 0',
        'app_requests_total{method="GET",route="/error",status="500"} 0',
        "app_request_latency_seconds_count 0",
        "app_request_latency_quantiles_seconds_count 0",
        "app_active_users 0",
        "",
      ].join("\n"),
    );
  });

  it("shows the users who wait, and forgets those who went away", async () => {
    const { registry, port } = await start([1_000_000, 1_000_000]);
    const users = await registry.getSingleMetric("app_active_users");
    const waiting = async () => (await users?.get())?.values[0]?.value;
    const clients = [await connectTo(port), await connectTo(port), await connectTo(port)];
    const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const requests = servers[0] as Server;
    for (const client of clients) {
      client.write(get);
      await once(requests, "request");
    }
    // Two requests on one connection: the second has to wait for the first.
    clients[0]?.write(get);
    await once(requests, "request");
    assert.equal(await waiting(), 4);
    const closed = clients.map((client) => once(client, "close"));
    for (const client of clients) client.destroy();
    await Promise.all(closed);
    while ((await waiting()) !== 0) await new Promise(setImmediate);
    assert.match(await exposed(registry), /app_requests_total\{method="GET",route="\/",status="499"\} 4\n/);
  });

  it("takes as long as it is told", async () => {
    const delays: number[] = [];
    const random = () => {
      delays.push(0);
      return 0.5;
    };
    const { registry, url } = await start([20, 40], random);
    await (await fetch(url)).text();
    assert.equal(delays.length, 1);
    // Timers never fire early by more than a millisecond.
    const histogram = await registry.getSingleMetric("app_request_latency_seconds")?.get();
    const sum = histogram?.values.find(({ metricName }) => metricName?.endsWith("_sum"))?.value ?? 0;
    assert.ok(sum >= 0.029, `it took ${sum} s`);
  });

  it("has names that promtool has nothing to say against", async (test) => {
    const { registry, url } = await start();
    await fetch(url);
    const { error, status, stdout, stderr } = spawnSync("promtool", ["check", "metrics"], {
      input: await registry.metrics(),
      encoding: "utf8",
    });
    if (error !== undefined) {
      assert.ok(!process.env["CI"], "promtool is missing");
      test.skip("promtool is not installed");
      return;
    }
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "", stderr: "" });
  });
});
