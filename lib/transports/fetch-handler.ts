import { register } from "../registry/default-registry.ts";
import { type Answer, queryOf } from "./answer.ts";
import type { Exposer } from "./exposer.ts";
import { RunningScrape } from "./running-scrape.ts";
import { type MetricsHandlerOptions, ScrapeResponder } from "./scrape-responder.ts";
import { webEncodings } from "./web-encodings.ts";

/**
 * Makes a function that answers a `Request` for the metrics with a `Response`: for Hono, Bun, Deno, service workers
 * and whatever else speaks the Fetch standard.
 *
 * It answers on whatever path it is asked; which path that is, is the router's to say. A large exposition is rendered
 * as it is read; one whose reader cancels, goes away or stalls, ends. The function never rejects.
 *
 * @throws {TypeError | RangeError} when an option is not valid
 * @example
 * app.get("/metrics", (context) => answer(context.req.raw));  // Hono, with const answer = fetchHandler(register)
 */
export function fetchHandler(
  registry: Exposer = register,
  options: MetricsHandlerOptions = {},
): (request: Request) => Promise<Response> {
  const responder = new ScrapeResponder(registry, options, webEncodings);
  return async (request) => {
    const { method, headers, url } = request;
    const inquiry = { method, query: queryOf(url), header: (name: string) => headers.get(name) };
    return responseOf(request.method, await responder.answer(inquiry, request.signal), (error) =>
      responder.report(error),
    );
  };
}

async function responseOf(method: string, answer: Answer, report: (error: unknown) => void): Promise<Response> {
  const { status, headers, body } = answer;
  if (!(body instanceof RunningScrape))
    return new Response(method === "HEAD" ? null : (body ?? null), { status, headers });
  return new Response(streamOf(body, report), { status, headers });
}

/** Chunks are copied, since a stream's reader keeps what it gets; and one is made only when one is asked for. */
function streamOf(scrape: RunningScrape, report: (error: unknown) => void): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        const cut = () => controller.error(new Error("The scrape was ended before it was read to its end."));
        if (scrape.signal.aborted) cut();
        else scrape.signal.addEventListener("abort", cut, { once: true });
      },
      async pull(controller) {
        try {
          const chunk = await scrape.next();
          if (chunk === undefined) {
            if (!scrape.signal.aborted) controller.close();
            return;
          }
          controller.enqueue(chunk.bytes.slice());
          chunk.release();
        } catch (error) {
          report(error);
          throw error;
        }
      },
      cancel() {
        scrape.end();
      },
    },
    { highWaterMark: 0 },
  );
}
