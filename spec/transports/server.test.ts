import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { Agent, get as httpGet, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { afterEach, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Counter } from "../../lib/metrics/counter.ts";
import { register } from "../../lib/registry/default-registry.ts";
import { Registry } from "../../lib/registry/registry.ts";
import { LIVE_PAGE } from "../../lib/transports/live-page/document.ts";
import { type MetricsServer, type MetricsServerOptions, startMetricsServer } from "../../lib/transports/server.ts";
import { deferred } from "../deferred.ts";
import { eventually } from "../until.ts";
import { endless, FakeExposer, large } from "./fake-exposer.ts";
import { connectTo, exchange, readAll, withoutDate } from "./raw-client.ts";

const servers: MetricsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close({ timeoutMs: 0 });
});

async function start(options: Partial<MetricsServerOptions> = {}): Promise<MetricsServer> {
  const server = await startMetricsServer({ port: 0, registry: new FakeExposer(["a 1\n"]), ...options });
  servers.push(server);
  return server;
}

const get = (path: string, more = "", method = "GET") => `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;
const close = "Connection: close\r\n";

/** The answer to one request on a connection of its own. */
async function ask(server: MetricsServer, path: string, { method = "GET", headers = "" } = {}): Promise<string> {
  return withoutDate(await exchange(server.port, get(path, headers + close, method)));
}

const plain =
  "Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n";
const metrics = `HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nVary: Accept, Accept-Encoding\r\nContent-Length: 4\r\n${close}\r\na 1\n`;
const notFound = `HTTP/1.1 404 Not Found\r\n${plain}Content-Length: 52\r\n${close}\r\nThere is nothing here. The metrics are at /metrics.\n`;
const notAllowed = `HTTP/1.1 405 Method Not Allowed\r\n${plain}Content-Length: 33\r\nAllow: GET, HEAD, OPTIONS\r\n${close}\r\nThis method is not allowed here.\n`;
const healthy = `HTTP/1.1 200 OK\r\n${plain}Content-Length: 9\r\n${close}\r\nHealthy.\n`;

describe("startMetricsServer", () => {
  it("serves the metrics on the loopback interface, at a URL that it tells", async () => {
    const server = await start();
    assert.equal(server.url, `http://127.0.0.1:${server.port}/metrics`);
    assert.equal(await (await fetch(server.url)).text(), "a 1\n");
    assert.equal(await ask(server, "/metrics"), metrics);
  });

  it("serves the default registry if not told otherwise", async () => {
    const server = await startMetricsServer({ port: 0 });
    servers.push(server);
    assert.equal(await (await fetch(server.url)).text(), await register.metrics());
  });

  it("streams what a registry exposes, byte for byte, to several readers at once", async () => {
    const registry = new Registry();
    const hits = new Counter({ name: "hits_total", help: "Hits.", labelNames: ["id"], registers: [registry] });
    for (let i = 0; i < 20_000; i++) hits.inc({ id: `number ${i}` }, i / 8);
    const server = await start({ registry });
    const text = await registry.metrics();
    assert.ok(text.length > 8 * 65_536);
    for (const got of await Promise.all(Array.from({ length: 10 }, () => fetch(server.url)))) {
      assert.ok((await got.text()) === text);
    }
  });

  it("listens where it is told, and tells a URL that this machine can go to", async () => {
    const everywhere = await start({ host: "0.0.0.0" });
    assert.equal(everywhere.url, `http://127.0.0.1:${everywhere.port}/metrics`);
    assert.equal(await (await fetch(everywhere.url)).text(), "a 1\n");
    const v6 = await start({ host: "::1" });
    assert.equal(v6.url, `http://[::1]:${v6.port}/metrics`);
    assert.equal(await (await fetch(v6.url)).text(), "a 1\n");
  });

  it("finds the path in whatever form a target has", async () => {
    const server = await start();
    for (const target of [
      "/metrics?name=a",
      "http://elsewhere.example/metrics",
      "HTTPS://user@h:1/metrics?x#y",
      "/metrics#/",
    ]) {
      assert.equal(await ask(server, target), metrics, target);
    }
    for (const target of [
      "/metrics/",
      "/Metrics",
      "//metrics",
      "/%6detrics",
      "/metrics%00",
      "/../metrics",
      "*",
      "/<script>",
    ]) {
      assert.equal(await ask(server, target), notFound, target);
    }
  });

  it("has a live page for people, which may do nothing but ask its own server", async () => {
    const server = await start();
    const response = await fetch(`http://127.0.0.1:${server.port}/`);
    assert.deepEqual(
      [response.status, response.headers.get("content-type"), response.headers.get("content-security-policy")],
      [200, "text/html; charset=utf-8", LIVE_PAGE.policy],
    );
    assert.match(
      LIVE_PAGE.policy,
      /^default-src 'none'; script-src 'sha256-[A-Za-z0-9+/=]{44}'; style-src 'sha256-[A-Za-z0-9+/=]{44}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    assert.equal(await response.text(), LIVE_PAGE.html);
  });

  it("has a page that loads nothing and runs nothing, when the live one is off", async () => {
    const server = await start({ livePage: false });
    const response = await fetch(`http://127.0.0.1:${server.port}/`);
    assert.deepEqual(
      [response.status, response.headers.get("content-type"), response.headers.get("content-security-policy")],
      [
        200,
        "text/html; charset=utf-8",
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      ],
    );
    const page = await response.text();
    assert.match(page, /<a href="metrics">\/metrics<\/a>/);
    assert.doesNotMatch(page, /<script|<style|<link|<img|style=|\son\w+=/i);
  });

  it("says that it is healthy without a scrape", async () => {
    const exposer = new FakeExposer([]);
    const server = await start({ registry: exposer });
    assert.equal(await ask(server, "/-/healthy"), healthy);
    assert.equal(exposer.scrapes.length, 0);
  });

  it("answers HEAD as GET without the body, and OPTIONS, on each path", async () => {
    const server = await start();
    const headOf = (answer: string) => answer.slice(0, answer.indexOf("\r\n\r\n") + 4);
    for (const path of ["/", "/-/healthy", "/nothing"]) {
      assert.equal(await ask(server, path, { method: "HEAD" }), headOf(await ask(server, path)), path);
    }
    for (const path of ["/", "/metrics", "/-/healthy"]) {
      assert.equal(
        await ask(server, path, { method: "OPTIONS" }),
        `HTTP/1.1 204 No Content\r\nAllow: GET, HEAD, OPTIONS\r\n${close}\r\n`,
      );
    }
  });

  it("refuses other methods, and reads no body", async () => {
    const server = await start();
    for (const path of ["/", "/metrics", "/-/healthy"]) {
      for (const method of ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"]) {
        assert.equal(await ask(server, path, { method }), notAllowed, `${method} ${path}`);
      }
    }
    // No "Connection: close" of the client's: the server closes it itself rather than read what was announced.
    for (const body of ["Content-Length: 99999999999\r\n", "Transfer-Encoding: chunked\r\n"]) {
      assert.equal(
        withoutDate(await exchange(server.port, get("/metrics", body, "POST"))).split("\r\n")[0],
        "HTTP/1.1 405 Method Not Allowed",
      );
    }
  });

  it("asks for credentials everywhere but at /-/healthy", async () => {
    const server = await start({ authorization: { type: "bearer", token: "s3cret" } });
    const refusal = `HTTP/1.1 401 Unauthorized\r\n${plain}Content-Length: 29\r\nWWW-Authenticate: Bearer realm="metrics"\r\n${close}\r\nCredentials are needed here.\n`;
    for (const path of ["/", "/metrics", "/nothing"]) {
      assert.equal(await ask(server, path), refusal, path);
      assert.equal(await ask(server, path, { headers: "Authorization: Bearer wrong\r\n" }), refusal, path);
    }
    assert.equal(await ask(server, "/metrics", { headers: "Authorization: Bearer s3cret\r\n" }), metrics);
    assert.equal(await ask(server, "/-/healthy"), healthy);
  });

  for (const [options, error] of [
    [{ port: 65_536 }, new RangeError("A port is a whole number from 0 to 65535, but got 65536.")],
    [{ port: "80" }, new RangeError("A port is a whole number from 0 to 65535, but got 80.")],
    [{ port: undefined }, new RangeError("A port is a whole number from 0 to 65535, but got undefined.")],
    [
      { host: "" },
      new TypeError('A host is an address or a name, such as "127.0.0.1"; an empty one would mean every interface.'),
    ],
    [
      { headersTimeoutMs: -1 },
      new RangeError('"headersTimeoutMs" must be between 0 and 2147483647 milliseconds, but got -1.'),
    ],
    [{ maxConnections: 0 }, new RangeError('"maxConnections" must be a whole number above zero, but got 0.')],
    [{ registry: 7 }, new TypeError("A registry is needed to answer scrapes, but got number.")],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}`, () => assert.rejects(start(options as never), error));
  }

  it("says where it can't listen, and why", async () => {
    const { port } = await start();
    await assert.rejects(start({ port }), (error: Error) => {
      assert.equal(error.message, `Can't listen on 127.0.0.1:${port}: the port is taken.`);
      assert.equal((error.cause as NodeJS.ErrnoException).code, "EADDRINUSE");
      return true;
    });
    await assert.rejects(start({ host: "192.0.2.1" }), {
      message: "Can't listen on 192.0.2.1:0: this machine has no such address.",
    });
  });
});

describe("a metrics server among hostile clients", () => {
  for (const [what, request, status] of [
    ["garbage", "\x00\xff\x01garbage\r\n\r\n", "400 Bad Request"],
    ["a header without a name", get("/metrics", ": <b>x</b>\r\n"), "400 Bad Request"],
    ["no host", "GET /metrics HTTP/1.1\r\n\r\n", "400 Bad Request"],
    ["two lengths", get("/metrics", "Content-Length: 1\r\nContent-Length: 2\r\n"), "400 Bad Request"],
    [
      "a request inside a request",
      get("/metrics", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "POST"),
      "400 Bad Request",
    ],
    ["a huge header", get("/metrics", `X-Long: ${"x".repeat(20_000)}\r\n`), "431 Request Header Fields Too Large"],
    ["very many headers", get("/metrics", "X-Many: 12345678\r\n".repeat(1_900)), "431 Request Header Fields Too Large"],
    ["a huge target", get(`/${"x".repeat(20_000)}`), "431 Request Header Fields Too Large"],
    ["HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400 Bad Request"],
    ["an expectation", get("/metrics", "Expect: <script>\r\n"), "417 Expectation Failed"],
  ] as const) {
    it(`answers ${what} with ${status}, and echoes nothing of it`, async () => {
      const server = await start();
      const answer = await exchange(server.port, request + get("/-/healthy", close));
      assert.equal(answer.split("\r\n")[0], `HTTP/1.1 ${status}`);
      assert.doesNotMatch(answer, /<|garbage|xxx|X-Long|X-Many/);
      assert.equal(await ask(server, "/metrics"), metrics);
    });
  }

  it("answers a scrape whatever its headers say", async () => {
    const server = await start();
    for (const headers of [
      `Accept: ${"a/b;q=".repeat(1_000)}\r\n`,
      "Accept: \xff\xfe;;;,,,q==\r\n",
      "X-Prometheus-Scrape-Timeout-Seconds: -1e999\r\n",
      "X-Prometheus-Scrape-Timeout-Seconds: 1\r\nX-Prometheus-Scrape-Timeout-Seconds: 2\r\n",
      "__proto__: 1\r\nconstructor: 2\r\n",
      "Cookie: a\r\nCookie: b\r\nUpgrade: websocket\r\n",
    ]) {
      assert.equal(await ask(server, "/metrics", { headers }), metrics, headers.slice(0, 40));
    }
  });

  it("closes connections on which nothing comes, or half a request", async () => {
    const server = await start({ headersTimeoutMs: 50 });
    const silent = await connectTo(server.port);
    const half = await connectTo(server.port);
    half.write("GET /metrics HTTP/1.1\r\nHost: loc");
    const timeout = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";
    assert.deepEqual(await Promise.all([readAll(silent), readAll(half)]), [timeout, timeout]);
  });

  it("accepts no more connections than it may", async () => {
    const server = await start({ maxConnections: 2 });
    const clients = [await connectTo(server.port), await connectTo(server.port)];
    for (const client of clients) {
      client.write(get("/-/healthy"));
      await once(client, "data");
    }
    const third = connect(server.port, "127.0.0.1");
    third.on("error", () => {});
    third.write(get("/-/healthy"));
    assert.equal(await readAll(third), "");
  });

  it("answers a thousand scrapes at once, as many as it may with the exposition and the rest with 503", async () => {
    const exposer = new FakeExposer(large(3));
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    exposer.before = () => opened;
    const server = await start({ registry: exposer, maxConcurrentScrapes: 100 });
    const agent = new Agent({ maxSockets: 1_000 });
    const answers = Array.from({ length: 1_000 }, async () => {
      const [response] = (await once(httpGet(server.url, { agent }), "response")) as [IncomingMessage];
      if (response.statusCode === 503 && ++refused === 900) open();
      let size = 0;
      for await (const part of response) size += part.length;
      return `${response.statusCode}: ${size}`;
    });
    let refused = 0;
    const counts = new Map<string, number>();
    for (const answer of await Promise.all(answers)) counts.set(answer, (counts.get(answer) ?? 0) + 1);
    agent.destroy();
    assert.deepEqual(Object.fromEntries(counts), { [`200: ${3 * 65_536}`]: 100, "503: 30": 900 });
    assert.deepEqual([exposer.ended, exposer.lent, exposer.released], [100, 300, 300]);
  });

  it("has a place again for those who wait, when stalled readers are cut off", async () => {
    const exposer = new FakeExposer(endless);
    const mayBegin = deferred();
    exposer.before = () => mayBegin.promise;
    const server = await start({ registry: exposer, maxConcurrentScrapes: 3, stallTimeoutMs: 100 });
    const stalled: Socket[] = [];
    for (let i = 0; i < 3; i++) {
      const client = await connectTo(server.port);
      client.pause();
      client.write(get("/metrics"));
      stalled.push(client);
    }
    await exposer.whenBegun(3);
    assert.equal((await fetch(server.url)).status, 503);
    mayBegin.resolve();
    await exposer.whenEnded(3);
    const response = await fetch(server.url);
    assert.equal(response.status, 200);
    await response.body?.cancel();
    for (const client of stalled) client.destroy();
  });
});

describe("closing a metrics server", () => {
  it("lets a running scrape finish, closes idle connections, and refuses new ones", async () => {
    const exposer = new FakeExposer(["a 1\n"]);
    let finish = () => {};
    exposer.before = () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      });
    const server = await start({ registry: exposer });
    const idle = await connectTo(server.port);
    idle.write(get("/-/healthy"));
    await once(idle, "data");
    const silent = await connectTo(server.port);
    const scraping = await connectTo(server.port);
    scraping.write(get("/metrics"));
    await exposer.whenBegun(1);

    const closed = server.close();
    const closedAgain = server.close();
    await Promise.all([readAll(idle), readAll(silent)]);
    await assert.rejects(connectTo(server.port), { code: "ECONNREFUSED" });
    finish();
    assert.match(await readAll(scraping), /\r\n\r\na 1\n$/);
    await Promise.all([closed, closedAgain]);
  });

  it("lets a response finish that had begun, and closes its connection then", async () => {
    const exposer = new FakeExposer(large(200));
    const server = await start({ registry: exposer });
    const client = await connectTo(server.port);
    client.write(get("/metrics"));
    await once(client, "readable");
    const closed = server.close();
    const answer = await readAll(client);
    await closed;
    assert.ok(answer.endsWith("\r\n0\r\n\r\n"));
    assert.doesNotMatch(answer, /Connection: close/);
    assert.equal(exposer.released, 200);
  });

  it("cuts off what takes longer than the deadline", async () => {
    const exposer = new FakeExposer(endless);
    const server = await start({ registry: exposer });
    const client = await connectTo(server.port);
    client.pause();
    client.write(get("/metrics"));
    await exposer.whenBegun(1);
    await server.close({ timeoutMs: 20 });
    await exposer.whenEnded(1);
    assert.ok(!(await readAll(client)).endsWith("\r\n0\r\n\r\n"));
    assert.equal(exposer.lent, exposer.released);
  });

  it("leaves nothing behind", async () => {
    const before = process.getActiveResourcesInfo();
    for (let i = 0; i < 20; i++) {
      const server = await startMetricsServer({ port: 0, registry: new FakeExposer(["a 1\n"]) });
      await ask(server, "/metrics");
      await server.close();
    }
    // What the tests before have left may be gone by now; there is nothing more.
    await eventually(() => {
      const left = process.getActiveResourcesInfo();
      for (const type of before) if (left.includes(type)) left.splice(left.indexOf(type), 1);
      assert.deepEqual(left, []);
    });
  });

  /** Runs a program and returns what it printed, once it ended by itself. */
  async function run(program: string): Promise<string> {
    const from = fileURLToPath(new URL("../../lib/transports/server.ts", import.meta.url));
    const source = `import { startMetricsServer } from ${JSON.stringify(from)}; import { connect } from "node:net"; ${program}`;
    const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", source], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.on("data", (part) => {
      output += part;
    });
    const [code] = await once(child, "close");
    return `${output}exit ${code}`;
  }

  it("is not needed for the process to end, not even while somebody is connected", async () => {
    const client = 'connect(server.port, "127.0.0.1").unref().on("connect", () => console.log("connected"))';
    assert.equal(
      await run(
        `const server = await startMetricsServer({ port: 0 }); const s = ${client}; await new Promise((r) => s.ref().once("connect", r)); s.unref();`,
      ),
      "connected\nexit 0",
    );
  });

  it("is needed when the server shall keep the process alive", async () => {
    assert.equal(
      await run(
        'const server = await startMetricsServer({ port: 0, keepProcessAlive: true }); process.on("exit", () => console.log("end")); setTimeout(() => { console.log("still here"); server.close(); }, 50).unref();',
      ),
      "still here\nend\nexit 0",
    );
  });
});
