import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fetchHandler } from "../../lib/transports/fetch-handler.ts";
import { endless, FakeExposer, large } from "./fake-exposer.ts";

const url = "http://localhost/metrics";
const safe = { "cache-control": "no-store", "x-content-type-options": "nosniff" };
const exposition = {
  "content-type": "text/plain; version=0.0.4; charset=utf-8",
  vary: "Accept, Accept-Encoding",
  ...safe,
};

async function seen(response: Response): Promise<{ status: number; headers: object; text: string }> {
  return { status: response.status, headers: Object.fromEntries(response.headers), text: await response.text() };
}

describe("fetchHandler", () => {
  it("answers with the exposition", async () => {
    const exposer = new FakeExposer(["a 1\n"]);
    assert.deepEqual(await seen(await fetchHandler(exposer)(new Request(url))), {
      status: 200,
      headers: { ...exposition, "content-length": "4" },
      text: "a 1\n",
    });
    assert.deepEqual([exposer.lent, exposer.released, exposer.ended], [1, 1, 1]);
  });

  it("streams a large one, byte for byte", async () => {
    const exposer = new FakeExposer(large(30));
    const answer = await seen(await fetchHandler(exposer)(new Request(url)));
    assert.deepEqual({ ...answer, text: "" }, { status: 200, headers: exposition, text: "" });
    assert.ok(answer.text === large(30).join(""));
    assert.deepEqual([exposer.lent, exposer.released, exposer.ended], [30, 30, 1]);
  });

  it("renders no faster than it is read, and ends when its reader has enough", async () => {
    const exposer = new FakeExposer(endless);
    const { body } = await fetchHandler(exposer)(new Request(url));
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    // Two are read ahead, to know whether there is more than one.
    for (const lent of [2, 2, 3, 4]) {
      assert.equal((await reader.read()).value?.byteLength, 65_536);
      assert.equal(exposer.lent, lent);
    }
    await reader.cancel();
    await exposer.whenEnded(1);
    assert.equal(exposer.scrapes[0]?.signal?.aborted, true);
    assert.equal(exposer.lent, exposer.released);
  });

  it("ends when the request is aborted", async () => {
    const exposer = new FakeExposer(endless);
    const client = new AbortController();
    const { body } = await fetchHandler(exposer)(new Request(url, { signal: client.signal }));
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    client.abort();
    await assert.rejects(reader.read(), new Error("The scrape was ended before it was read to its end."));
    await exposer.whenEnded(1);
    assert.equal(exposer.lent, exposer.released);
  });

  it("ends when nobody reads on, so that what is half read looks broken", async () => {
    const exposer = new FakeExposer(endless);
    const { body } = await fetchHandler(exposer, { stallTimeoutMs: 20 })(new Request(url));
    const reader = (body as ReadableStream<Uint8Array>).getReader();
    await reader.read();
    await exposer.whenEnded(1);
    await assert.rejects(reader.read(), new Error("The scrape was ended before it was read to its end."));
  });

  it("breaks off, and reports, when the exposer fails in the middle", async () => {
    const failure = new Error("secret");
    const errors: unknown[] = [];
    const exposer = new FakeExposer({
      *[Symbol.iterator]() {
        yield* large(3);
        throw failure;
      },
    });
    const response = await fetchHandler(exposer, { onError: (error) => errors.push(error) })(new Request(url));
    assert.equal(response.status, 200);
    await assert.rejects(response.text());
    assert.deepEqual(errors, [failure]);
    assert.deepEqual([exposer.lent, exposer.released, exposer.ended], [3, 3, 1]);
  });

  it("answers HEAD with the headers and without a scrape", async () => {
    const exposer = new FakeExposer(["a 1\n"]);
    const response = await fetchHandler(exposer)(new Request(url, { method: "HEAD" }));
    assert.deepEqual(await seen(response), { status: 200, headers: exposition, text: "" });
    assert.equal(exposer.lent, 0);
  });

  it("answers OPTIONS, and refuses other methods", async () => {
    const answer = fetchHandler(new FakeExposer([]));
    assert.deepEqual(await seen(await answer(new Request(url, { method: "OPTIONS" }))), {
      status: 204,
      headers: { allow: "GET, HEAD, OPTIONS" },
      text: "",
    });
    const posted = await answer(new Request(url, { method: "POST", body: "x" }));
    assert.deepEqual([posted.status, posted.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
  });

  it("asks for credentials, also by HEAD, whose answer has no body", async () => {
    const answer = fetchHandler(new FakeExposer(["a 1\n"]), {
      authorization: { type: "basic", username: "u", password: "p" },
    });
    assert.equal((await answer(new Request(url, { headers: { Authorization: `Basic ${btoa("u:p")}` } }))).status, 200);
    const refused = await answer(new Request(url, { method: "HEAD" }));
    assert.deepEqual([refused.status, await refused.text()], [401, ""]);
  });
});
