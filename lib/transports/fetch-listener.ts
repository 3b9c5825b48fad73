import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Readable } from "node:stream";

/** A handler in the manner of the Fetch standard, as Hono, Bun and Deno have it. */
export type FetchHandler = (request: Request) => Response | Promise<Response>;

/**
 * Makes a request listener for `node:http` out of a fetch-style handler.
 *
 * Bodies stream both ways at the pace of their readers; when the client goes away, `request.signal` is aborted and the
 * response's body is cancelled. A handler that throws, or returns no `Response`, is answered for with a 500.
 *
 * @param onError told what the handler threw; the client is not
 */
export function fetchListener(handler: FetchHandler, onError: (error: unknown) => void): RequestListener {
  return (incoming, outgoing) => void serve(handler, onError, incoming, outgoing);
}

async function serve(
  handler: FetchHandler,
  onError: (error: unknown) => void,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const client = new AbortController();
  outgoing.once("close", () => {
    if (!outgoing.writableFinished) client.abort();
  });
  const request = requestOf(incoming, client.signal);
  if (request === undefined) {
    outgoing.writeHead(400, { "Content-Type": "text/plain; charset=utf-8" }).end("This request can't be understood.\n");
    return;
  }
  try {
    const response = await handler(request);
    if (!isResponse(response)) {
      throw new TypeError(`A fetch-style handler must return a Response, but returned ${kindOf(response)}.`);
    }
    await sendResponse(response, incoming, outgoing, client.signal);
  } catch (error) {
    // What a handler throws because its client went away is no failure of its own.
    if (!client.signal.aborted) onError(error);
    failResponse(outgoing);
  }
}

/** Ends a response whose maker failed: by a 500, or where one has begun, by a connection that breaks. */
export function failResponse(response: ServerResponse): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  response.writeHead(500, { "Content-Type": "text/plain; charset=utf-8" }).end("Internal server error.\n");
}

/** The request as the Fetch standard has it; `undefined` for one that the standard can't express. */
function requestOf(incoming: IncomingMessage, signal: AbortSignal): Request | undefined {
  const { method = "GET", url = "/", rawHeaders } = incoming;
  try {
    const headers = new Headers();
    for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i] as string, rawHeaders[i + 1] as string);
    const init: RequestInit = { method, headers, signal };
    if (method !== "GET" && method !== "HEAD") {
      init.body = Readable.toWeb(incoming) as ReadableStream<Uint8Array>;
      init.duplex = "half";
    }
    return new Request(absoluteUrl(url, incoming), init);
  } catch {
    return undefined;
  }
}

function absoluteUrl(target: string, { headers, socket }: IncomingMessage): URL {
  const scheme = "encrypted" in socket ? "https" : "http";
  const origin = new URL(`${scheme}://${headers.host ?? "localhost"}`);
  // A host with a path, a query or a user in it is no host. Joined as text, since "//x" would name another host.
  if (origin.href !== `${origin.origin}/`) throw new TypeError("The header Host holds more than a host.");
  if (target === "*") return origin;
  return new URL(target.startsWith("/") ? origin.origin + target : target);
}

async function sendResponse(
  response: Response,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  client: AbortSignal,
): Promise<void> {
  const { body } = response;
  if (client.aborted) {
    await body?.cancel();
    return;
  }
  outgoing.statusCode = response.status;
  if (response.statusText) outgoing.statusMessage = response.statusText;
  for (const [name, value] of response.headers) {
    // Cookies are the one header that can't be joined to one line.
    if (name === "set-cookie") outgoing.appendHeader(name, value);
    else outgoing.setHeader(name, value);
  }
  if (body === null || incoming.method === "HEAD") {
    outgoing.end();
    await body?.cancel();
    return;
  }
  const reader = body.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  client.addEventListener("abort", cancel, { once: true });
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    if (!outgoing.write(part.value)) await drained(outgoing, client);
  }
  if (!client.aborted) outgoing.end();
}

function drained(outgoing: ServerResponse, client: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (client.aborted) return resolve();
    const done = () => {
      outgoing.removeListener("drain", done);
      client.removeEventListener("abort", done);
      resolve();
    };
    outgoing.once("drain", done);
    client.addEventListener("abort", done);
  });
}

/** Told by its shape: frameworks and fetch libraries bring response classes of their own. */
function isResponse(value: unknown): value is Response {
  const { status, headers, body } = (value ?? {}) as Partial<Response>;
  return typeof status === "number" && status >= 200 && typeof headers?.get === "function" && body !== undefined;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}
