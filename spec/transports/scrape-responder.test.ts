import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Answer, Inquiry } from "../../lib/transports/answer.ts";
import { RunningScrape } from "../../lib/transports/running-scrape.ts";
import {
  type MetricsHandlerOptions,
  ScrapeResponder,
  scrapeDeadlineMs,
} from "../../lib/transports/scrape-responder.ts";
import { endless, FakeExposer } from "./fake-exposer.ts";

function inquiry(method = "GET", headers: Record<string, string> = {}, query = ""): Inquiry {
  return { method, query, header: (name) => headers[name] };
}

const stays = () => new AbortController().signal;

/** What a client would see of an answer. */
async function seen({ status, headers, body }: Answer): Promise<{ status: number; headers: object; text: string }> {
  const decoder = new TextDecoder();
  let text = "";
  if (body instanceof RunningScrape) {
    for (let chunk = await body.next(); chunk !== undefined; chunk = await body.next()) {
      text += decoder.decode(chunk.bytes, { stream: true });
      chunk.release();
    }
  } else text = decoder.decode(body);
  return { status, headers, text };
}

const safe = { "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store" };
const exposition = {
  "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
  ...safe,
  Vary: "Accept, Accept-Encoding",
};
const plain = { "Content-Type": "text/plain; charset=utf-8", ...safe };

describe("scrapeDeadlineMs", () => {
  for (const [header, deadlineMs, why] of [
    [undefined, 5_000, "without a header the limit stands"],
    [null, 5_000, "nor with fetch's null"],
    ["5", 4_000, "80 % of a shorter time-out"],
    ["0.3", 240, "in whole milliseconds"],
    ["10", 5_000, "a longer one doesn't lengthen"],
    ["999999999", 5_000, "however long"],
    ["0.01", 100, "a tenth of a second is the least"],
    ["0.30000000000000004", 240, "digits as Go writes them"],
    ["0", 5_000, "zero is no time-out"],
    ["0.0", 5_000, "in no spelling"],
    ["-1", 5_000, "nor is a negative one"],
    ["1e-3", 5_000, "exponents are not what servers send"],
    ["NaN", 5_000, "not a number"],
    ["Infinity", 5_000, "not a time"],
    ["0x10", 5_000, "not decimal"],
    ["1, 2", 5_000, "a header sent twice"],
    [" 1", 5_000, "blanks"],
    ["1".repeat(10_000), 5_000, "a very long one"],
  ] as const) {
    it(`makes ${deadlineMs} ms of ${JSON.stringify(header)?.slice(0, 30)}: ${why}`, () => {
      assert.equal(scrapeDeadlineMs(header, 5_000), deadlineMs);
    });
  }
});

describe("ScrapeResponder", () => {
  it("answers GET with the exposition, and with its length where one chunk holds it", async () => {
    const exposer = new FakeExposer(["a 1\n"]);
    const answer = await seen(await new ScrapeResponder(exposer).answer(inquiry(), stays()));
    assert.deepEqual(answer, { status: 200, headers: { ...exposition, "Content-Length": "4" }, text: "a 1\n" });
    assert.deepEqual([exposer.lent, exposer.released, exposer.ended], [1, 1, 1]);
  });

  it("answers an empty exposition", async () => {
    const answer = await seen(await new ScrapeResponder(new FakeExposer([])).answer(inquiry(), stays()));
    assert.deepEqual(answer, { status: 200, headers: { ...exposition, "Content-Length": "0" }, text: "" });
  });

  it("leaves the length out where there is more than one chunk", async () => {
    const exposer = new FakeExposer(["a 1\n", "b 2\n", "c 3\n"]);
    const answer = await seen(await new ScrapeResponder(exposer).answer(inquiry(), stays()));
    assert.deepEqual(answer, { status: 200, headers: exposition, text: "a 1\nb 2\nc 3\n" });
    assert.deepEqual([exposer.lent, exposer.released, exposer.ended], [3, 3, 1]);
  });

  it("answers HEAD without a scrape", async () => {
    const exposer = new FakeExposer(["a 1\n"]);
    const answer = await seen(await new ScrapeResponder(exposer).answer(inquiry("HEAD"), stays()));
    assert.deepEqual(answer, { status: 200, headers: exposition, text: "" });
    assert.equal(exposer.scrapes.length, 0);
  });

  it("tells by OPTIONS, and by 405, what is allowed", async () => {
    const responder = new ScrapeResponder(new FakeExposer([]));
    assert.deepEqual(await seen(await responder.answer(inquiry("OPTIONS"), stays())), {
      status: 204,
      headers: { Allow: "GET, HEAD, OPTIONS" },
      text: "",
    });
    for (const method of ["POST", "DELETE", "get", "<script>"]) {
      assert.deepEqual(await seen(await responder.answer(inquiry(method), stays())), {
        status: 405,
        headers: { ...plain, "Content-Length": "33", Allow: "GET, HEAD, OPTIONS" },
        text: "This method is not allowed here.\n",
      });
    }
  });

  it("asks for credentials before anything else", async () => {
    const exposer = new FakeExposer(["a 1\n"]);
    const responder = new ScrapeResponder(exposer, { authorization: { type: "bearer", token: "s3cret" } });
    for (const method of ["GET", "HEAD", "OPTIONS", "POST"]) {
      assert.deepEqual(await seen(await responder.answer(inquiry(method), stays())), {
        status: 401,
        headers: { ...plain, "Content-Length": "29", "WWW-Authenticate": 'Bearer realm="metrics"' },
        text: "Credentials are needed here.\n",
      });
    }
    assert.equal(exposer.scrapes.length, 0);
    const answer = await responder.answer(inquiry("GET", { authorization: "Bearer s3cret" }), stays());
    assert.equal((await seen(answer)).text, "a 1\n");
  });

  it("hands the deadline on to the exposer", async () => {
    const exposer = new FakeExposer([]);
    const header = "x-prometheus-scrape-timeout-seconds";
    await new ScrapeResponder(exposer).answer(inquiry(), stays());
    await new ScrapeResponder(exposer).answer(inquiry("GET", { [header]: "2" }), stays());
    await new ScrapeResponder(exposer, { deadlineMs: 700 }).answer(inquiry("GET", { [header]: "2" }), stays());
    assert.deepEqual(
      exposer.scrapes.map(({ deadlineMs }) => deadlineMs),
      [5_000, 1_600, 700],
    );
  });

  it("runs no more scrapes at once than it may, and frees a place however a scrape ends", async () => {
    const exposer = new FakeExposer(endless);
    const responder = new ScrapeResponder(exposer, { maxConcurrentScrapes: 2 });
    const clients = [new AbortController(), new AbortController()];
    const answers = await Promise.all(clients.map(({ signal }) => responder.answer(inquiry(), signal)));
    const second = answers[1]?.body as RunningScrape;
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200],
    );

    const busy = {
      status: 503,
      headers: { ...plain, "Content-Length": "30", "Retry-After": "1" },
      text: "Too many scrapes are running.\n",
    };
    assert.deepEqual(await seen(await responder.answer(inquiry(), stays())), busy);
    clients[0]?.abort();
    const third = await responder.answer(inquiry(), stays());
    assert.equal(third.status, 200);
    assert.deepEqual(await seen(await responder.answer(inquiry(), stays())), busy);
    (third.body as RunningScrape).end();
    second.end();
    // Ending again, in whatever way, frees no second place.
    second.end();
    clients[1]?.abort();
    const more = await Promise.all([1, 2, 3].map(() => responder.answer(inquiry(), stays())));
    assert.deepEqual(
      more.map(({ status }) => status),
      [200, 200, 503],
    );
    for (const { body } of more) if (body instanceof RunningScrape) body.end();
    await exposer.whenEnded(5);
    assert.equal(exposer.lent, exposer.released);
  });

  it("answers 500 when the exposer fails, says why to its owner only, and frees the place", async () => {
    const errors: unknown[] = [];
    const failure = new Error("secret");
    let fails = true;
    const exposer = new FakeExposer(["a 1\n"]);
    exposer.before = async () => {
      if (fails) throw failure;
    };
    const responder = new ScrapeResponder(exposer, { maxConcurrentScrapes: 1, onError: (error) => errors.push(error) });
    assert.deepEqual(await seen(await responder.answer(inquiry(), stays())), {
      status: 500,
      headers: { ...plain, "Content-Length": "19" },
      text: "The scrape failed.\n",
    });
    assert.deepEqual(errors, [failure]);
    fails = false;
    assert.equal((await seen(await responder.answer(inquiry(), stays()))).text, "a 1\n");
  });

  it("survives an onError that throws", async () => {
    const exposer = new FakeExposer([]);
    exposer.before = () => Promise.reject(new Error("no"));
    const onError = () => {
      throw new Error("nor here");
    };
    assert.equal((await new ScrapeResponder(exposer, { onError }).answer(inquiry(), stays())).status, 500);
  });

  it("aborts a scrape whose client goes away while collectors are asked", async () => {
    const exposer = new FakeExposer(["a 1\n"]);
    const errors: unknown[] = [];
    const client = new AbortController();
    let signal: AbortSignal | undefined;
    exposer.before = () => {
      signal = exposer.scrapes[0]?.signal;
      return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal?.reason)));
    };
    const answered = new ScrapeResponder(exposer, { onError: (error) => errors.push(error) }).answer(
      inquiry(),
      client.signal,
    );
    await exposer.whenBegun(1);
    client.abort();
    const { body } = await answered;
    assert.equal(signal?.aborted, true);
    assert.equal(await (body as RunningScrape).next(), undefined);
    assert.deepEqual([errors, exposer.ended], [[], 1]);
  });

  it("doesn't begin a scrape for a client that is gone", async () => {
    const exposer = new FakeExposer(["a 1\n"]);
    const { body } = await new ScrapeResponder(exposer).answer(inquiry(), AbortSignal.abort());
    assert.equal(await (body as RunningScrape).next(), undefined);
    assert.equal(exposer.lent, 0);
  });

  for (const [limit, options] of [
    ["one chunk", { stallTimeoutMs: 20 }],
    ["the whole", { sendTimeoutMs: 20 }],
  ] as const) {
    it(`ends a scrape whose reader takes too long over ${limit}`, async () => {
      const exposer = new FakeExposer(endless);
      const { body } = await new ScrapeResponder(exposer, options).answer(inquiry(), stays());
      const scrape = body as RunningScrape;
      (await scrape.next())?.release();
      await exposer.whenEnded(1);
      assert.equal(scrape.signal.aborted, true);
      assert.equal(await scrape.next(), undefined);
      assert.equal(exposer.lent, exposer.released);
    });
  }

  it("ends a scrape that its reader never begins to read", async () => {
    const exposer = new FakeExposer(["a 1\n", "b 1\n"]);
    await new ScrapeResponder(exposer, { stallTimeoutMs: 20 }).answer(inquiry(), stays());
    await exposer.whenEnded(1);
    assert.deepEqual([exposer.lent, exposer.released], [2, 2]);
  });

  it("cuts a reader off that is steady but takes too long over the whole", async () => {
    const exposer = new FakeExposer(endless);
    const { body } = await new ScrapeResponder(exposer, { sendTimeoutMs: 50 }).answer(inquiry(), stays());
    const scrape = body as RunningScrape;
    for (let chunk = await scrape.next(); chunk !== undefined; chunk = await scrape.next()) {
      chunk.release();
      await new Promise(setImmediate);
    }
    assert.equal(scrape.signal.aborted, true);
  });

  const registry = new FakeExposer([]);
  for (const [options, message] of [
    [{ deadlineMs: 0 }, '"deadlineMs" must be between 0 and 2147483647 milliseconds, but got 0.'],
    [{ stallTimeoutMs: Number.NaN }, '"stallTimeoutMs" must be between 0 and 2147483647 milliseconds, but got NaN.'],
    [
      { sendTimeoutMs: Number.POSITIVE_INFINITY },
      '"sendTimeoutMs" must be between 0 and 2147483647 milliseconds, but got Infinity.',
    ],
    [{ maxConcurrentScrapes: 0 }, '"maxConcurrentScrapes" must be a whole number above zero, but got 0.'],
    [{ maxConcurrentScrapes: 1.5 }, '"maxConcurrentScrapes" must be a whole number above zero, but got 1.5.'],
  ] as const satisfies readonly (readonly [MetricsHandlerOptions, string])[]) {
    it(`refuses the option ${Object.keys(options)[0]} with ${Object.values(options)[0]}`, () => {
      assert.throws(() => new ScrapeResponder(registry, options), new RangeError(message));
    });
  }

  it("refuses what is no registry", () => {
    assert.throws(
      () => new ScrapeResponder(null as never),
      new TypeError("A registry is needed to answer scrapes, but got null."),
    );
    assert.throws(
      () => new ScrapeResponder({} as never),
      new TypeError("A registry is needed to answer scrapes, but got object."),
    );
  });
});
