// What a client gets, before it is known how it is sent: the same answer goes out through node:http and through fetch.
import type { RunningScrape } from "./running-scrape.ts";

/** What an answer depends on. */
export interface Inquiry {
  /** As HTTP writes it: `GET`. */
  readonly method: string;
  /** What stands behind the `?` of the URL; `""` where there is none. */
  readonly query: string;
  /** The value of a header, whose name is given in lower case. */
  header(name: string): string | null | undefined;
}

/** The answer to one request. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | RunningScrape | undefined;
}

/** What stands behind the `?` of a URL, or of its part that requests name. */
export function queryOf(url: string): string {
  const start = url.indexOf("?");
  return start < 0 ? "" : url.slice(start + 1).replace(/#.*$/s, "");
}

/** The methods that everything here answers; the others get a 405. */
export const ALLOWED_METHODS = "GET, HEAD, OPTIONS";

/** An answer of a few words. They are fixed words: nothing that a client sent may come back to it. */
export function plainAnswer(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
  contentType = "text/plain; charset=utf-8",
): Answer {
  const body = new TextEncoder().encode(text);
  return {
    status,
    headers: { ...safeHeaders(contentType), "Content-Length": String(body.byteLength), ...headers },
    body,
  };
}

/** The headers of every answer that has a body. It is what its type says, and is true only now. */
export function safeHeaders(contentType: string): Record<string, string> {
  return { "Content-Type": contentType, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store" };
}

/** The answer to what is neither GET nor HEAD. */
export function otherMethodAnswer(method: string): Answer {
  if (method === "OPTIONS") return { status: 204, headers: { Allow: ALLOWED_METHODS }, body: undefined };
  return plainAnswer(405, "This method is not allowed here.\n", { Allow: ALLOWED_METHODS });
}
