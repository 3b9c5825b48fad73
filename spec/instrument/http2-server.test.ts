// HTTP/2, where the running Node.js publishes its channels: elsewhere nothing is counted.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, it } from "node:test";
import { instrumented } from "./instrumented.ts";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const isTold = major > 24 || (major === 24 && minor >= 2) || (major === 22 && minor >= 17);

describe("instrumentHttp for node:http2's server", () => {
  it("counts streams once each, answered or given up", async (t) => {
    const { lines, until } = instrumented(t, { sizes: true });
    const server = createServer((request, response) => {
      if (request.url === "/held") return;
      response.setHeader("Content-Length", 2);
      response.statusCode = request.url === "/fails" ? 500 : 200;
      response.end("ok");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    t.after(() => {
      client.destroy();
      server.close();
    });
    for (const path of ["/", "/", "/fails"]) {
      const stream = client.request({ ":path": path, ":authority": "evil.example", ":scheme": "evil" });
      stream.resume();
      await once(stream, "close");
    }
    const held = client.request({ ":path": "/held" });
    if (isTold) await until((now) => now.some((line) => line.includes("_active_")));
    held.close();
    await once(held, "close");
    if (!isTold) {
      assert.deepEqual(await lines(), []);
      return;
    }
    const labels = (more: string) =>
      `{http_request_method="GET",url_scheme="http"${more},network_protocol_version="2"}`;
    const ok = labels(',http_response_status_code="200"');
    const failed = labels(',http_response_status_code="500",error_type="500"');
    assert.deepEqual(await until((now) => now.length === 5 && !now.some((line) => line.includes("_active_"))), [
      `server_request_duration_seconds_count${ok} 2`,
      `server_request_duration_seconds_count${failed} 1`,
      `server_request_duration_seconds_count${labels(',error_type="aborted"')} 1`,
      `server_response_body_size_bytes_count${ok} 2`,
      `server_response_body_size_bytes_count${failed} 1`,
    ]);
  });
});
