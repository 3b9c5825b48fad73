// What a process asks of others, by node:http and by fetch, with real servers: each request once.
import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, get, type IncomingMessage, request } from "node:http";
import { createServer } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { ask, instrumented, rawConnection, serve, turn } from "./instrumented.ts";
import { load, missingPackages } from "./packages.ts";

function instrumentedClient(t: TestContext, options: Parameters<typeof instrumented>[1] = {}) {
  return instrumented(t, { server: false, client: true, ...options });
}

/** The line of requests of one kind, as it is exposed; `fetch` does not tell the version. */
function asked(count: number, port: number, more: string, method = "GET"): string {
  return `client_request_duration_seconds_count{http_request_method="${method}",server_address="127.0.0.1",server_port="${port}"${more}} ${count}`;
}

const ok = ',http_response_status_code="200"';
const version = ',network_protocol_version="1.1"';

/** A server that closes every connection at the first byte. */
async function closing(t: TestContext): Promise<number> {
  const server = createServer((socket) => socket.once("data", () => socket.destroy()).on("error", () => {}));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return (server.address() as { port: number }).port;
}

/** A port that nobody listens on, nor can while the test runs: it is the client's end of a connection. */
async function closedPort(t: TestContext): Promise<number> {
  const { port } = await serve(t, () => {});
  return (await rawConnection(t, port)).localPort as number;
}

describe("instrumentHttp for node:http's client", () => {
  it("exposes the metric of the semantic conventions", async (t) => {
    let nowMs = 0;
    const clock = { now: () => 0, monotonicNow: () => nowMs };
    const { registry, until } = instrumentedClient(t, { clock, buckets: [0.05, 0.1] });
    const { url, port } = await serve(t, (_, response) => {
      nowMs += 75;
      response.end("ok");
    });
    await ask(url);
    await until((lines) => lines.length === 1);
    const labels = `http_request_method="GET",server_address="127.0.0.1",server_port="${port}"${ok}${version}`;
    assert.deepEqual((await registry.metrics()).split("\n"), [
      "# HELP http_client_request_duration_seconds How long HTTP requests to other servers took, from their making to the end of the answer.",
      "# TYPE http_client_request_duration_seconds histogram",
      `http_client_request_duration_seconds_bucket{${labels},le="0.05"} 0`,
      `http_client_request_duration_seconds_bucket{${labels},le="0.1"} 1`,
      `http_client_request_duration_seconds_bucket{${labels},le="+Inf"} 1`,
      `http_client_request_duration_seconds_sum{${labels}} 0.075`,
      `http_client_request_duration_seconds_count{${labels}} 1`,
      "",
    ]);
  });

  it("counts requests by method and status, over kept connections too", async (t) => {
    const { until } = instrumentedClient(t);
    const { url, port } = await serve(t, (request, response) => {
      response.statusCode = Number(request.url?.slice(1));
      request.resume().once("end", () => response.end("ok"));
    });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    for (const status of [200, 200, 404, 500]) await ask(`${url}/${status}`, { agent, method: "POST" }, "body");
    await ask(`${url}/200`, { method: "HEAD" });
    await ask(`${url}/204`, { method: "BREW" }).catch(() => {});
    await ask(`${url}/204`, { method: "PROPFIND" });
    const code = (status: number, error = "") => `,http_response_status_code="${status}"${error}${version}`;
    const lines = await until((now) => now.length === 5 + 1);
    assert.deepEqual(lines, [
      asked(2, port, code(200), "POST"),
      asked(1, port, code(404, ',error_type="404"'), "POST"),
      asked(1, port, code(500, ',error_type="500"'), "POST"),
      asked(1, port, code(200), "HEAD"),
      // The server's parser does not know this one.
      asked(1, port, code(400, ',error_type="400"'), "_OTHER"),
      asked(1, port, code(204), "_OTHER"),
    ]);
  });

  it("counts a request that fails, by the code of its error", async (t) => {
    const { until } = instrumentedClient(t);
    const [refused, reset] = [await closedPort(t), await closing(t)];
    for (const port of [refused, reset]) await assert.rejects(ask(`http://127.0.0.1:${port}`));
    assert.deepEqual(await until((lines) => lines.length === 2), [
      asked(1, refused, ',error_type="ECONNREFUSED"'),
      asked(1, reset, ',error_type="ECONNRESET"'),
    ]);
  });

  it("counts a request that is given up once: before the answer, in its middle, before it was sent", async (t) => {
    const { until } = instrumentedClient(t);
    const { url, port } = await serve(t, (request, response) => {
      if (request.url === "/half") response.write("half");
    });
    const silent = get(url).on("error", () => {});
    await once(silent, "finish");
    silent.destroy();
    const half = get(`${url}/half`).on("error", () => {});
    const [response] = (await once(half, "response")) as [IncomingMessage];
    response.on("error", () => {});
    response.destroy();
    const signal = AbortSignal.abort();
    const early = request(url, { signal });
    await once(early, "error");
    const lines = await until((now) => now.length >= 3);
    assert.deepEqual(
      lines,
      [
        asked(1, port, ',error_type="ECONNRESET"'),
        asked(1, port, `${ok},error_type="aborted"${version}`),
        asked(1, port, ',error_type="ABORT_ERR"'),
      ].sort((a, b) => lines.indexOf(a) - lines.indexOf(b)),
    );
  });

  it("tells the server as the program named it, whatever the Host header says", async (t) => {
    const { until } = instrumentedClient(t);
    const { url, port } = await serve(t, (_, response) => response.end());
    for (const Host of ["127.0.0.1.example", "evil:9", ""]) await ask(url, { headers: { Host } });
    await until((lines) => lines.includes(asked(3, port, ok + version)));
  });

  it("tells no more than so many servers apart", async (t) => {
    const { until } = instrumentedClient(t, { maxServers: 1 });
    const servers = [await serve(t, (_, response) => response.end()), await serve(t, (_, response) => response.end())];
    for (const { url } of servers) for (let i = 0; i < 2; i++) await ask(url);
    const rest = `client_request_duration_seconds_count{http_request_method="GET",server_address="_OTHER"${ok}${version}} 2`;
    assert.deepEqual(await until((now) => now.includes(rest)), [
      asked(2, servers[0]?.port as number, ok + version),
      rest,
    ]);
  });

  it("counts an upgrade", async (t) => {
    const { until } = instrumentedClient(t);
    const { url, server, port } = await serve(t, () => {});
    server.on("upgrade", (_, socket) => {
      socket.end("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    });
    const upgrading = request(url, { headers: { Connection: "Upgrade", Upgrade: "x" } }).end();
    const [, socket] = await once(upgrading, "upgrade");
    socket.destroy();
    await until((lines) => lines.includes(asked(1, port, `,http_response_status_code="101"${version}`)));
  });
});

describe("instrumentHttp for fetch", () => {
  it("counts each request once, and each hop of a redirection", async (t) => {
    const { until } = instrumentedClient(t);
    const { url, port } = await serve(t, (request, response) => {
      if (request.url === "/moved") response.writeHead(302, { Location: "/" });
      response.end("ok");
    });
    await (await fetch(url)).text();
    await (await fetch(`${url}/moved`)).text();
    await (await fetch(url, { method: "HEAD" })).text();
    assert.deepEqual(await until((lines) => lines.length === 3), [
      asked(2, port, ok),
      asked(1, port, ',http_response_status_code="302"'),
      asked(1, port, ok, "HEAD"),
    ]);
  });

  it("counts what fails or is given up", async (t) => {
    const { until } = instrumentedClient(t);
    const { url, port } = await serve(t, (request, response) => {
      if (request.url === "/half") response.write("half");
    });
    const refused = await closedPort(t);
    await assert.rejects(fetch(`http://127.0.0.1:${refused}`));
    const controller = new AbortController();
    const half = await fetch(`${url}/half`, { signal: controller.signal });
    controller.abort();
    await assert.rejects(half.text());
    const lines = await until((now) => now.length === 2);
    assert.deepEqual(lines, [
      asked(1, refused, ',error_type="ECONNREFUSED"'),
      asked(1, port, `${ok},error_type="AbortError"`),
    ]);
  });

  it("counts the requests of the package undici", { skip: missingPackages }, async (t) => {
    const { until } = instrumentedClient(t);
    const { url, port } = await serve(t, (_, response) => response.end("ok"));
    const { request: send, Agent } = await load("undici");
    const dispatcher = new Agent();
    t.after(() => dispatcher.close());
    const { body } = await send(url, { dispatcher });
    await body.dump();
    assert.deepEqual(await until((lines) => lines.length === 1), [asked(1, port, ok)]);
  });

  it("counts a request on both its sides when client and server are the same process", async (t) => {
    const { until } = instrumented(t, { client: true });
    const { url } = await serve(t, (_, response) => response.end("ok"));
    await (await fetch(url)).text();
    await ask(url);
    const lines = await until((now) => now.length === 3);
    assert.deepEqual(
      lines.map((line) => line.replace(/\{.*\}/, "")),
      [
        "server_request_duration_seconds_count 2",
        "client_request_duration_seconds_count 1",
        "client_request_duration_seconds_count 1",
      ],
    );
  });

  it("counts nothing any more after stop(), nor what was under way", async (t) => {
    const { stop, lines } = instrumentedClient(t);
    const { url } = await serve(t, (_, response) => setImmediate(() => response.end("ok")));
    const both = [ask(url), fetch(url).then((response) => response.text())];
    stop();
    await Promise.all(both);
    await (await fetch(url)).text();
    await turn();
    assert.deepEqual(await lines(), []);
  });
});
