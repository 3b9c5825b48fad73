import type { IncomingMessage, ServerResponse } from "node:http";
import { register } from "../registry/default-registry.ts";
import { type Answer, type Inquiry, queryOf } from "./answer.ts";
import { onExchangeEnd } from "./exchange-end.ts";
import type { Exposer } from "./exposer.ts";
import { RunningScrape } from "./running-scrape.ts";
import { type MetricsHandlerOptions, ScrapeResponder } from "./scrape-responder.ts";
import { zlibEncodings } from "./zlib-encodings.ts";

/** A handler as `node:http`, Express and their like call it. Its promise tells when the answer is out; it never rejects. */
export type MetricsHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * Makes a handler that answers requests for the metrics, on whatever path it is put.
 *
 * An exposition of one chunk (64 KB) is sent with its length; a larger one is rendered while it is sent, at the pace of
 * its reader, and ends when the reader goes away or stalls. GET, HEAD and OPTIONS are answered.
 *
 * @throws {TypeError | RangeError} when an option is not valid
 * @example
 * http.createServer(metricsHandler(register)).listen(8000, "127.0.0.1");
 * app.get("/metrics", metricsHandler(register));  // Express
 */
export function metricsHandler(registry: Exposer = register, options: MetricsHandlerOptions = {}): MetricsHandler {
  const responder = new ScrapeResponder(registry, options, zlibEncodings);
  return (request, response) => respond(responder, request, response);
}

/** Answers one request for an exposition; see {@link metricsHandler}. */
export async function respond(
  responder: ScrapeResponder,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const reader = new AbortController();
  onExchangeEnd(request, response, () => reader.abort());
  try {
    const answer = await responder.answer(inquiryOf(request), reader.signal);
    await sendAnswer(response, answer, reader.signal);
  } catch (error) {
    responder.report(error);
    // Half an exposition looks like a whole one unless the connection breaks.
    response.destroy();
  } finally {
    reader.abort();
  }
}

/** What an answer depends on, of a request to `node:http`. */
export function inquiryOf({ method = "GET", url = "", headers }: IncomingMessage): Inquiry {
  return { method, query: queryOf(url), header: (name) => headers[name]?.toString() };
}

/**
 * Sends an answer.
 *
 * @param reader aborted when the client is gone
 * @throws what the exposer throws while the answer is sent
 */
export async function sendAnswer(response: ServerResponse, answer: Answer, reader: AbortSignal): Promise<void> {
  const { status, headers, body } = answer;
  if (reader.aborted) return;
  response.statusCode = status;
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  if (!(body instanceof RunningScrape)) {
    response.end(body);
    return;
  }
  body.signal.addEventListener("abort", () => response.destroy(), { once: true });
  const write = Object.hasOwn(response, "write") ? writeCopy : writeLeased;
  for (let chunk = await body.next(); chunk !== undefined; chunk = await body.next()) {
    try {
      await write(response, chunk.bytes, body.signal);
    } finally {
      chunk.release();
    }
  }
  if (!body.signal.aborted) response.end();
}

/** Waits until the chunk is with the operating system, or with nobody. */
function writeLeased(response: ServerResponse, bytes: Uint8Array, scrape: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (scrape.aborted) return resolve();
    const done = () => {
      scrape.removeEventListener("abort", done);
      resolve();
    };
    scrape.addEventListener("abort", done);
    response.write(bytes, done);
  });
}

/**
 * Middleware that puts a `write` of its own on the response, as `compression` does, keeps the bytes for later and may
 * forget the callback. It gets bytes to keep, and is waited for by the event that streams have for it.
 */
function writeCopy(response: ServerResponse, bytes: Uint8Array, scrape: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (scrape.aborted) return resolve();
    const done = () => {
      scrape.removeEventListener("abort", done);
      response.removeListener("drain", done);
      resolve();
    };
    scrape.addEventListener("abort", done);
    response.once("drain", done);
    if (response.write(bytes.slice()) !== false) done();
  });
}
