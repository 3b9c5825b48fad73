// Scrapes of a real registry over HTTP, as scrapers ask for them: in a format, an encoding, and of some families only.
import assert from "node:assert/strict";
import { once } from "node:events";
import { get, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http";
import { after, before, describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import { Counter, Gauge, Histogram, Registry } from "../../lib/core.ts";
import { fetchHandler } from "../../lib/transports/fetch-handler.ts";
import { type MetricsServer, startMetricsServer } from "../../lib/transports/server.ts";

interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function ask(url: string, headers: OutgoingHttpHeaders = {}, method = "GET"): Promise<Answered> {
  const request = get(url, { headers, method, agent: false }).end();
  const [response] = await once(request, "response");
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(pieces) };
}

describe("a scrape over HTTP", () => {
  const registry = new Registry();
  const registers = [registry];
  new Counter({ name: "hits_total", help: "Hits.", registers }).inc(3);
  new Histogram({ name: "wait_seconds", help: "Waits.", buckets: [1], registers }).observe(0.5);
  const large = new Gauge({ name: "large", help: "Large.", labelNames: ["i"], registers });
  let asked = 0;
  new Gauge({
    name: "slow",
    help: "Slow.",
    registers,
    collect() {
      asked++;
      this.set(asked);
    },
  });
  registry.registerMetric({
    name: "undescribed",
    collect: () => [{ name: "free", type: "gauge", help: "Free.", series: [{ labels: {}, value: 1 }] }],
  });

  let server: MetricsServer;
  before(async () => {
    server = await startMetricsServer({ port: 0, registry });
  });
  after(() => server.close());

  const hits = "# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total 3\n";

  it("is answered in the format that is asked for, HEAD with its name", async () => {
    const Accept = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.1";
    const contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8";
    const url = `${server.url}?name[]=hits_total`;
    const answer = await ask(url, { Accept });
    assert.equal(answer.body.toString(), "# TYPE hits counter\n# HELP hits Hits.\nhits_total 3\n# EOF\n");
    assert.deepEqual(
      [answer.headers["content-type"], answer.headers.vary, answer.headers["content-length"]],
      [contentType, "Accept, Accept-Encoding", String(answer.body.length)],
    );
    const head = await ask(url, { Accept }, "HEAD");
    assert.deepEqual([head.status, head.headers["content-type"], head.body.length], [200, contentType, 0]);
  });

  it("is answered in text 0.0.4 whatever garbage is asked for, and nothing of it comes back", async () => {
    for (const Accept of ["<script>", "x".repeat(9000), "text/plain;version=<b>", ';;;"', "application/json"]) {
      const { status, headers, body } = await ask(`${server.url}?name[]=hits_total`, { Accept });
      assert.deepEqual([status, body.toString()], [200, hits]);
      assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    }
  });

  it("is of the families whose names are asked for, by their own name or a sample's; others are not collected", async () => {
    asked = 0;
    const names = async (query: string) =>
      [...(await ask(`${server.url}?${query}`)).body.toString().matchAll(/# TYPE (\S+)/g)].map(([, name]) => name);
    assert.deepEqual(await names("name[]=hits_total"), ["hits_total"]);
    assert.deepEqual(await names("name%5B%5D=wait_seconds_bucket&name[]=free"), ["wait_seconds", "free"]);
    assert.deepEqual(await names("name[]=nothing"), []);
    assert.equal(asked, 0);
    assert.deepEqual(await names("name[]=slow"), ["slow"]);
    assert.equal(asked, 1);
    assert.deepEqual(await names("other=1"), ["hits_total", "wait_seconds", "slow", "free"]);
  });

  it("is refused when more is asked for than anybody needs, and nothing of it comes back", async () => {
    const many = await ask(`${server.url}?${"name[]=a&".repeat(257)}`);
    assert.deepEqual([many.status, many.body.toString()], [400, "More than 256 names were asked for.\n"]);
    const long = await ask(`${server.url}?name[]=${"<".repeat(1025)}`);
    assert.equal(long.status, 400);
    assert.equal(long.body.toString(), "A name of more than 1024 characters was asked for.\n");
  });

  it("is compressed where that is taken and worth it", async () => {
    const small = await ask(`${server.url}?name[]=hits_total`, { "Accept-Encoding": "gzip" });
    assert.deepEqual([small.headers["content-encoding"], small.body.toString()], [undefined, hits]);
    for (const size of [100, 5_000]) {
      for (let i = 0; i < size; i++) large.set({ i }, i);
      const plain = await ask(`${server.url}?name[]=large`);
      const zipped = await ask(`${server.url}?name[]=large`, { "Accept-Encoding": "gzip" });
      assert.deepEqual([plain.headers["content-encoding"], zipped.headers["content-encoding"]], [undefined, "gzip"]);
      assert.ok(gunzipSync(zipped.body).equals(plain.body));
      assert.ok(zipped.body.length * 2 < plain.body.length, `${zipped.body.length} of ${plain.body.length} bytes`);
      // What one chunk holds has a length, so that half of it does not look like all of it.
      assert.equal(zipped.headers["content-length"], size === 100 ? String(zipped.body.length) : undefined);
      assert.equal(zipped.headers.vary, "Accept, Accept-Encoding");
    }
  });

  it("is compressed in any case for who takes nothing else, and refused to who takes nothing", async () => {
    const forced = await ask(`${server.url}?name[]=hits_total`, { "Accept-Encoding": "gzip, identity;q=0" });
    assert.deepEqual([forced.headers["content-encoding"], gunzipSync(forced.body).toString()], ["gzip", hits]);
    const refused = await ask(server.url, { "Accept-Encoding": "deflate, identity;q=0" });
    assert.deepEqual(
      [refused.status, refused.body.toString()],
      [406, "The exposition is not there in such an encoding.\n"],
    );
  });

  it("is never compressed where that is turned off", async () => {
    const other = await startMetricsServer({ port: 0, registry, compression: false });
    const { headers } = await ask(`${other.url}?name[]=large`, { "Accept-Encoding": "gzip" });
    assert.equal(headers["content-encoding"], undefined);
    await other.close();
  });

  it("is answered likewise by a fetch handler", async () => {
    const handler = fetchHandler(registry);
    const request = (query: string, headers: Record<string, string>, method = "GET") =>
      handler(new Request(`http://localhost/metrics?${query}`, { headers, method }));
    const openMetrics = await request("name[]=hits_total", { Accept: "application/openmetrics-text" });
    assert.equal(await openMetrics.text(), "# TYPE hits counter\n# HELP hits Hits.\nhits_total 3\n# EOF\n");
    assert.equal(
      (await request("", { Accept: "application/openmetrics-text" }, "HEAD")).headers.get("Content-Type"),
      "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores",
    );
    const plain = await request("name[]=large", {});
    const zipped = await request("name[]=large", { "Accept-Encoding": "gzip" });
    assert.equal(zipped.headers.get("Content-Encoding"), "gzip");
    assert.equal(gunzipSync(Buffer.from(await zipped.arrayBuffer())).toString(), await plain.text());
    assert.equal((await request(`name[]=${"x".repeat(2000)}`, {})).status, 400);
  });
});
