// What servers answer, measured with real connections: each request once, however it ends.
import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { describe, it } from "node:test";
import { ask, instrumented, rawConnection, received, serve, turn } from "./instrumented.ts";
import { load, missingPackages } from "./packages.ts";

const get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const last = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/** The line of requests of one kind, as it is exposed. */
function answered(count: number, status = "200", more = "", method = "GET"): string {
  const code = status === "" ? "" : `,http_response_status_code="${status}"`;
  return `server_request_duration_seconds_count{http_request_method="${method}",url_scheme="http"${code}${more},network_protocol_version="1.1"} ${count}`;
}

const aborted = ',error_type="aborted"';
const active = (count: number) => `server_active_requests{http_request_method="GET",url_scheme="http"} ${count}`;

interface WebSocketLike {
  on(event: "message", listener: (data: unknown) => void): void;
  send(data: unknown): void;
}

describe("instrumentHttp for servers", () => {
  it("exposes the metrics of the semantic conventions", async (t) => {
    let nowMs = 0;
    const clock = { now: () => 0, monotonicNow: () => nowMs };
    const { registry, until } = instrumented(t, { clock, sizes: true, buckets: [0.05, 0.1] });
    const { url } = await serve(t, (request, response) => {
      request.resume().once("end", () => {
        nowMs += 75;
        response.end("hello");
      });
    });
    await ask(url, { method: "POST", headers: { "Content-Length": 3 } }, "abc");
    await until((lines) => lines.length === 3);
    const labels =
      'http_request_method="POST",url_scheme="http",http_response_status_code="200",network_protocol_version="1.1"';
    const sizes = (name: string, bytes: number) => [
      ...[100, 1000, 10000, 100000, 1000000, 10000000, 100000000, "+Inf"].map(
        (bound) => `${name}_bucket{${labels},le="${bound}"} 1`,
      ),
      `${name}_sum{${labels}} ${bytes}`,
      `${name}_count{${labels}} 1`,
    ];
    assert.deepEqual((await registry.metrics()).split("\n"), [
      "# HELP http_server_request_duration_seconds How long HTTP requests took, from their headers to the end of the answer.",
      "# TYPE http_server_request_duration_seconds histogram",
      `http_server_request_duration_seconds_bucket{${labels},le="0.05"} 0`,
      `http_server_request_duration_seconds_bucket{${labels},le="0.1"} 1`,
      `http_server_request_duration_seconds_bucket{${labels},le="+Inf"} 1`,
      `http_server_request_duration_seconds_sum{${labels}} 0.075`,
      `http_server_request_duration_seconds_count{${labels}} 1`,
      "# HELP http_server_active_requests HTTP requests that are being answered.",
      "# TYPE http_server_active_requests gauge",
      'http_server_active_requests{http_request_method="POST",url_scheme="http"} 0',
      "# HELP http_server_request_body_size_bytes Sizes of the bodies of HTTP requests that told their Content-Length.",
      "# TYPE http_server_request_body_size_bytes histogram",
      ...sizes("http_server_request_body_size_bytes", 3),
      "# HELP http_server_response_body_size_bytes Sizes of the bodies of HTTP answers that told their Content-Length.",
      "# TYPE http_server_response_body_size_bytes histogram",
      ...sizes("http_server_response_body_size_bytes", 5),
      "",
    ]);
  });

  it("counts the requests of a kept connection one by one", async (t) => {
    const { until } = instrumented(t);
    const { port } = await serve(t, (_, response) => response.end("ok"));
    const socket = await rawConnection(t, port);
    socket.write(get);
    await once(socket, "data");
    socket.write(get);
    await once(socket, "data");
    socket.write(last);
    await received(socket);
    assert.deepEqual(await until((lines) => lines.includes(answered(3))), [answered(3)]);
  });

  it("counts pipelined requests, also those whose answers are written in another order", async (t) => {
    const { until } = instrumented(t);
    const waiting: ServerResponse[] = [];
    const { port } = await serve(t, (_, response) => {
      if (waiting.push(response) < 3) return;
      for (const one of waiting.reverse()) one.end("ok");
    });
    const socket = await rawConnection(t, port);
    socket.write(get + get + last);
    await received(socket);
    assert.deepEqual(await until((lines) => lines.includes(answered(3))), [answered(3)]);
  });

  it("counts pipelined requests that nobody waits for as aborted, those before as answered", async (t) => {
    const { until } = instrumented(t);
    let requests = 0;
    const { port } = await serve(t, (_, response) => {
      if (++requests === 1) response.end("ok");
    });
    const socket = await rawConnection(t, port);
    socket.write(get + get + get);
    await until((lines) => lines.includes(active(2)));
    socket.destroy();
    assert.deepEqual(await until((lines) => lines.length === 2 && !lines.includes(active(2))), [
      answered(1),
      answered(2, "", aborted),
    ]);
  });

  it("knows what is active still when the metrics were reset meanwhile", async (t) => {
    const { registry, until } = instrumented(t);
    const responses: ServerResponse[] = [];
    const { url } = await serve(t, (_, response) => responses.push(response));
    const asked = [ask(url), ask(url)];
    await until((lines) => lines.includes(active(2)));
    registry.resetMetrics();
    responses[0]?.end("ok");
    await until((lines) => lines.includes(active(1)));
    responses[1]?.end("ok");
    await Promise.all(asked);
    await until((lines) => lines.includes(answered(2)) && !lines.some((line) => line.includes("_active_")));
  });

  it("counts a request as active from its headers to its end", async (t) => {
    const { until, lines } = instrumented(t);
    const { url } = await serve(t, () => {});
    const asked = [1, 2].map(() => new AbortController());
    const failures = asked.map(({ signal }) => assert.rejects(fetch(url, { signal })));
    await until((now) => now.includes(active(2)));
    asked[0]?.abort();
    await until((now) => now.includes(active(1)));
    asked[1]?.abort();
    await Promise.all(failures);
    await until((now) => now.includes(answered(2, "", aborted)));
    assert.deepEqual(await lines(), [answered(2, "", aborted)]);
  });

  it("counts a request once whose client goes away in the middle of the answer", async (t) => {
    const { until } = instrumented(t);
    const { port } = await serve(t, (_, response) => {
      response.writeHead(200);
      response.write("the first half");
      // The rest comes when there is nobody any more to take it.
      response.once("close", () => response.end("the second half"));
    });
    const socket = await rawConnection(t, port);
    socket.write(get);
    await once(socket, "data");
    socket.destroy();
    assert.deepEqual(await until((lines) => lines.includes(answered(1, "200", aborted))), [
      answered(1, "200", aborted),
    ]);
    await turn();
    assert.deepEqual(await until(() => true), [answered(1, "200", aborted)]);
  });

  it("counts an answer that the program gives up itself", async (t) => {
    const { until } = instrumented(t);
    const { url } = await serve(t, (request, response) => {
      if (request.url === "/response") response.destroy();
      else request.socket.destroy();
    });
    await assert.rejects(ask(`${url}/response`));
    await assert.rejects(ask(`${url}/socket`));
    assert.deepEqual(await until((lines) => lines.includes(answered(2, "", aborted))), [answered(2, "", aborted)]);
  });

  it("tells errors by the status of their answers, from 500 on", async (t) => {
    const { until } = instrumented(t);
    const { url } = await serve(t, (request, response) => {
      response.statusCode = Number(request.url?.slice(1));
      response.end();
    });
    for (const status of [404, 500, 503]) assert.equal(await ask(`${url}/${status}`), status);
    assert.deepEqual(await until((lines) => lines.length === 3), [
      answered(1, "404"),
      answered(1, "500", ',error_type="500"'),
      answered(1, "503", ',error_type="503"'),
    ]);
  });

  it("tells the class of the status instead of its code, if told to", async (t) => {
    const { until } = instrumented(t, { statusClass: true });
    const { url } = await serve(t, (request, response) => {
      response.statusCode = Number(request.url?.slice(1));
      response.end();
    });
    for (const status of [200, 204, 404, 418, 500]) await ask(`${url}/${status}`);
    assert.deepEqual(await until((lines) => lines.length === 3), [
      answered(2, "2xx"),
      answered(2, "4xx"),
      answered(1, "5xx", ',error_type="5xx"'),
    ]);
  });

  it("counts streamed answers, answers without a body, and requests that ask whether they may go on", async (t) => {
    const { until } = instrumented(t, { sizes: true });
    const { url, server } = await serve(t, (request, response) => {
      request.resume();
      if (request.url === "/streamed") {
        response.write("one");
        setImmediate(() => response.end("two"));
      } else if (request.url === "/none") response.writeHead(204).end();
      else response.writeHead(200, { "Content-Length": 5 }).end(request.method === "HEAD" ? undefined : "hello");
    });
    await ask(`${url}/streamed`);
    await ask(`${url}/none`);
    await ask(url, { method: "HEAD" });
    await ask(url, { method: "PUT", headers: { Expect: "100-continue", "Content-Length": 0 } });
    server.once("checkContinue", (_, response) => {
      response.writeContinue();
      response.end("hello");
    });
    await ask(url, { method: "PUT", headers: { Expect: "100-continue", "Transfer-Encoding": "chunked" } });
    assert.deepEqual(await until((lines) => lines.includes(answered(2, "200", "", "PUT"))), [
      answered(1, "200"),
      answered(1, "204"),
      answered(1, "200", "", "HEAD"),
      answered(2, "200", "", "PUT"),
      // One request told its length, and two answers.
      answered(1, "200", "", "PUT").replace("duration_seconds", "body_size_bytes"),
      answered(2, "200", "", "PUT").replace("request_duration_seconds", "response_body_size_bytes"),
    ]);
  });

  it("tells methods that are not known as one", async (t) => {
    const { until } = instrumented(t);
    const { url } = await serve(t, (_, response) => response.end());
    for (const method of ["PROPFIND", "M-SEARCH", "PATCH"]) await ask(url, { method });
    assert.deepEqual(await until((lines) => lines.length === 2), [
      answered(2, "200", "", "_OTHER"),
      answered(1, "200", "", "PATCH"),
    ]);
  });

  it("lets the program say which methods are known", async (t) => {
    const { until } = instrumented(t, { methods: ["PROPFIND"] });
    const { url } = await serve(t, (_, response) => response.end());
    for (const method of ["PROPFIND", "GET"]) await ask(url, { method });
    assert.deepEqual(await until((lines) => lines.length === 2), [
      answered(1, "200", "", "PROPFIND"),
      answered(1, "200", "", "_OTHER"),
    ]);
  });

  it("lets the environment say which methods are known", async (t) => {
    process.env["OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"] = "REPORT, GET,,";
    t.after(() => delete process.env["OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"]);
    const { until } = instrumented(t);
    const { url } = await serve(t, (_, response) => response.end());
    for (const method of ["REPORT", "GET", "POST"]) await ask(url, { method });
    assert.deepEqual(await until((lines) => lines.length === 3), [
      answered(1, "200", "", "REPORT"),
      answered(1, "200", "", "GET"),
      answered(1, "200", "", "_OTHER"),
    ]);
  });

  it("makes no label of what a client sends", async (t) => {
    const { until } = instrumented(t, { sizes: true });
    const { port } = await serve(t, (_, response) => response.end());
    const hosts = ['a"} 1\nevil 1', "../..", "a".repeat(5000), "xn--", "0", ":", "[::1]:x"];
    for (const [i, host] of hosts.entries()) {
      const socket = await rawConnection(t, port);
      socket.write(
        `GET http://${encodeURIComponent(host)}/${i}?q=%00 HTTP/1.1\r\nHost: ${host.replace("\n", " ")}\r\n`,
      );
      socket.write("X-Forwarded-Proto: evil\r\nUpgrade: evil\r\nConnection: close\r\n\r\n");
      await received(socket);
    }
    const size = answered(hosts.length).replace("request_duration_seconds", "response_body_size_bytes");
    assert.deepEqual(await until((lines) => lines.length === 2), [answered(hosts.length), size]);
  });

  it("counts nothing of what is no request", async (t) => {
    const { lines } = instrumented(t);
    const { port } = await serve(t, (_, response) => response.end());
    for (const text of ["\0\0\0", "EVIL / HTTP/1.1\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET"]) {
      const socket = await rawConnection(t, port);
      socket.end(text);
      await received(socket);
    }
    assert.deepEqual(await lines(), []);
  });

  const webSocket = "counts an upgrade as the program takes the connection over, and nothing of what follows";
  it(webSocket, { skip: missingPackages }, async (t) => {
    const { until } = instrumented(t);
    const { WebSocket, WebSocketServer } = await load("ws");
    const { server, port, url } = await serve(t, (_, response) => response.end());
    const sockets = new WebSocketServer({ server });
    t.after(() => sockets.close());
    sockets.on("connection", (socket: WebSocketLike) => socket.on("message", (data) => socket.send(data)));
    for (let i = 0; i < 2; i++) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}`);
      await once(socket, "open");
      socket.send("hello");
      await once(socket, "message");
      socket.close();
      await once(socket, "close");
    }
    await ask(url);
    assert.deepEqual(await until((lines) => lines.length === 2), [
      answered(2, "", ',network_protocol_name="websocket"'),
      answered(1),
    ]);
  });

  it("leaves a server as it was that takes no upgrades", async (t) => {
    const { until } = instrumented(t);
    const { url, server } = await serve(t, (_, response) => response.end());
    await ask(url, { headers: { Connection: "Upgrade", Upgrade: "websocket" } });
    assert.deepEqual(await until((lines) => lines.length === 1), [answered(1)]);
    assert.equal(server.listenerCount("upgrade"), 0);
  });

  it("ends a connection that asks for an upgrade when the program has ceased to take them", async (t) => {
    const { until } = instrumented(t);
    const { server, port, url } = await serve(t, (_, response) => response.end());
    const listener = () => {};
    server.on("upgrade", listener);
    await ask(url);
    server.off("upgrade", listener);
    const socket = await rawConnection(t, port);
    socket.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n");
    await received(socket);
    assert.deepEqual(await until((lines) => lines.length === 2), [answered(1), answered(1, "")]);
  });

  it("counts in servers that were there before it, and requests that come after it only", async (t) => {
    const held: ServerResponse[] = [];
    const { url } = await serve(t, (request, response) => {
      if (request.url === "/held") held.push(response);
      else response.end();
    });
    const early = ask(`${url}/held`);
    while (held.length === 0) await turn();
    const { until } = instrumented(t);
    held[0]?.end();
    await early;
    await ask(url);
    assert.deepEqual(await until((lines) => lines.length > 0), [answered(1)]);
  });

  it("leaves nothing behind when it is stopped", async (t) => {
    const { stop, lines, until } = instrumented(t);
    const held: ServerResponse[] = [];
    const { url, server } = await serve(t, (request, response) => {
      if (request.url === "/held") held.push(response);
      else response.end();
    });
    server.on("upgrade", () => {});
    await ask(url);
    const late = ask(`${url}/held`);
    await until((now) => now.includes(active(1)));
    assert.equal(server.listenerCount("upgrade"), 2);
    const listeners = held[0]?.socket?.listenerCount("close") as number;
    stop();
    assert.equal(held[0]?.socket?.listenerCount("close"), listeners - 1);
    assert.equal(server.listenerCount("upgrade"), 1);
    assert.equal(server.listenerCount("close"), 0);
    held[0]?.end();
    await late;
    await ask(url);
    assert.deepEqual(await lines(), [answered(1)]);
    stop();
  });

  it("hooks again after it was stopped, and takes over from a call before", async (t) => {
    const { registry, stop, until } = instrumented(t);
    const { url } = await serve(t, (_, response) => response.end());
    await ask(url);
    await until((lines) => lines.includes(answered(1)));
    const again = instrumented(t, { register: registry });
    await ask(url);
    await until((lines) => lines.includes(answered(2)));
    again.stop();
    stop();
    await ask(url);
    instrumented(t, { register: registry });
    await ask(url);
    assert.deepEqual(await until((lines) => lines.includes(answered(3))), [answered(3)]);
  });
});
