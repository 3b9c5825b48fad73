import type { Format } from "../formats/format.ts";
import { DEFAULT_DEADLINE_MS } from "../registry/scrape.ts";
import { type Answer, type Inquiry, otherMethodAnswer, plainAnswer, safeHeaders } from "./answer.ts";
import { type Authorization, CredentialCheck } from "./authorization.ts";
import { chooseEncoding, type Encoding } from "./content-encoding.ts";
import { type Exposer, isExposer } from "./exposer.ts";
import { namesOf } from "./name-filter.ts";
import { RunningScrape } from "./running-scrape.ts";

/** How scrapes are answered, and what a client may cost. */
export interface MetricsHandlerOptions {
  /**
   * The credentials without which a request gets a 401.
   * @default none: everybody who reaches the endpoint may read it
   */
  readonly authorization?: Authorization;
  /**
   * How long a scrape waits for its collectors, in milliseconds. A scraper whose own time-out, as told by the header
   * `X-Prometheus-Scrape-Timeout-Seconds`, is short shortens it to 80 % of that; no client can lengthen it.
   * @default 5000
   */
  readonly deadlineMs?: number;
  /**
   * How many scrapes may run at once; further ones get a 503 that asks to try again in a second. Each costs a few
   * chunks of 64 KB.
   * @default 16
   */
  readonly maxConcurrentScrapes?: number;
  /**
   * How long a reader may take over one chunk of 64 KB, in milliseconds, before the connection is cut.
   * @default 10000
   */
  readonly stallTimeoutMs?: number;
  /**
   * How long a reader may take over the whole exposition, in milliseconds, before the connection is cut.
   * @default 120000
   */
  readonly sendTimeoutMs?: number;
  /**
   * Whether an exposition is compressed where the reader takes that and it is large enough to gain by it.
   * @default true
   */
  readonly compression?: boolean;
  /**
   * Told why a scrape failed as a whole, which the client learns as a 500 or a cut connection, without the reason.
   * What a single collector throws doesn't come here but to the registry, and fails nothing else.
   * @default nobody is told
   */
  readonly onError?: (error: unknown) => void;
}

/** A scrape waits at least this long, so that no client can make collectors look late. */
const LEAST_DEADLINE_MS = 100;

/**
 * What is smaller is sent as it is: it fits into one packet anyway, and to compress even a few bytes takes a tenth of a
 * millisecond.
 */
const LEAST_COMPRESSED_BYTES = 1_024;

/** What an answer depends on, for whoever keeps answers. */
const vary = { Vary: "Accept, Accept-Encoding" };

/** Longer delays make timers fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1;

/** Decides how requests for an exposition are answered, whatever carries them. */
export class ScrapeResponder {
  readonly #exposer: Exposer;
  readonly #credentials: CredentialCheck | undefined;
  readonly #deadlineMs: number;
  readonly #maxConcurrentScrapes: number;
  readonly #stallTimeoutMs: number;
  readonly #sendTimeoutMs: number;
  readonly #onError: (error: unknown) => void;
  readonly #encodings: readonly Encoding[];
  #scrapes = 0;

  /**
   * @param encodings what the carrier can compress by
   * @throws {TypeError} when the registry or an option is not what it must be
   * @throws {RangeError} when a limit is out of range
   */
  constructor(exposer: Exposer, options: MetricsHandlerOptions = {}, encodings: readonly Encoding[] = []) {
    if (!isExposer(exposer)) {
      throw new TypeError(
        `A registry is needed to answer scrapes, but got ${exposer === null ? "null" : typeof exposer}.`,
      );
    }
    this.#exposer = exposer;
    this.#credentials = options.authorization && new CredentialCheck(options.authorization);
    this.#deadlineMs = checkDelay("deadlineMs", options.deadlineMs ?? DEFAULT_DEADLINE_MS);
    this.#stallTimeoutMs = checkDelay("stallTimeoutMs", options.stallTimeoutMs ?? 10_000);
    this.#sendTimeoutMs = checkDelay("sendTimeoutMs", options.sendTimeoutMs ?? 120_000);
    this.#maxConcurrentScrapes = checkCount("maxConcurrentScrapes", options.maxConcurrentScrapes ?? 16);
    this.#onError = options.onError ?? (() => {});
    this.#encodings = options.compression === false ? [] : encodings;
  }

  /** Why a request may not be answered at all: the 401 it gets; `undefined` when it may. */
  refuse(inquiry: Inquiry): Answer | undefined {
    if (this.#credentials === undefined || this.#credentials.accepts(inquiry.header("authorization"))) return undefined;
    return plainAnswer(401, "Credentials are needed here.\n", { "WWW-Authenticate": this.#credentials.challenge });
  }

  /**
   * The answer to a request. A running scrape in it is the caller's to read or to end. Never rejects.
   *
   * @param reader aborted when the client is gone
   */
  async answer(inquiry: Inquiry, reader: AbortSignal): Promise<Answer> {
    const refusal = this.refuse(inquiry);
    if (refusal !== undefined) return refusal;
    switch (inquiry.method) {
      case "GET":
        return this.#scrape(inquiry, reader);
      case "HEAD":
        // The headers tell what would come. What would come is not collected: a HEAD costs nothing.
        return {
          status: 200,
          headers: { ...safeHeaders(this.#formatFor(inquiry).contentType), ...vary },
          body: undefined,
        };
      default:
        return otherMethodAnswer(inquiry.method);
    }
  }

  /** Passes on why a scrape failed after its answer had begun. Never throws. */
  report(error: unknown): void {
    try {
      this.#onError(error);
    } catch {
      // A hook that fails has nobody it could be reported to.
    }
  }

  /** What the reader gets: the format of its choice, or the only one that there is. */
  #formatFor(inquiry: Inquiry): { readonly contentType: string; readonly format?: Format } {
    const format = this.#exposer.negotiate?.(inquiry.header("accept"));
    return format === undefined
      ? { contentType: this.#exposer.contentType }
      : { contentType: format.contentType, format };
  }

  async #scrape(inquiry: Inquiry, reader: AbortSignal): Promise<Answer> {
    const wished = chooseEncoding(inquiry.header("accept-encoding"), this.#encodings);
    if (wished === undefined) return plainAnswer(406, "The exposition is not there in such an encoding.\n", vary);
    let names: readonly string[] | undefined;
    try {
      names = namesOf(inquiry.query);
    } catch (error) {
      return plainAnswer(400, `${(error as RangeError).message}\n`);
    }
    if (this.#scrapes >= this.#maxConcurrentScrapes) {
      return plainAnswer(503, "Too many scrapes are running.\n", { "Retry-After": "1" });
    }
    try {
      const { contentType, format } = this.#formatFor(inquiry);
      const scrape = new RunningScrape(this.#exposer, {
        deadlineMs: scrapeDeadlineMs(inquiry.header("x-prometheus-scrape-timeout-seconds"), this.#deadlineMs),
        stallTimeoutMs: this.#stallTimeoutMs,
        sendTimeoutMs: this.#sendTimeoutMs,
        reader,
        ...(format && { format }),
        ...(names && { names }),
        onEnd: () => {
          this.#scrapes--;
        },
      });
      this.#scrapes++;
      const headers: Record<string, string> = { ...safeHeaders(contentType), ...vary };
      let sizeBytes = await scrape.measure();
      const { encoding, isRequired } = wished;
      if (encoding !== undefined && (isRequired || (sizeBytes ?? LEAST_COMPRESSED_BYTES) >= LEAST_COMPRESSED_BYTES)) {
        scrape.encode(encoding);
        headers["Content-Encoding"] = encoding.name;
        if (sizeBytes !== undefined) sizeBytes = await scrape.measure();
      }
      if (sizeBytes !== undefined) headers["Content-Length"] = String(sizeBytes);
      return { status: 200, headers, body: scrape };
    } catch (error) {
      this.report(error);
      return plainAnswer(500, "The scrape failed.\n");
    }
  }
}

/**
 * How long a scrape waits for its collectors: 80 % of the scraper's own time-out, so that there is time left to send,
 * and never longer than the limit of the endpoint. A header that is no decimal number above zero is ignored.
 */
export function scrapeDeadlineMs(timeoutSeconds: string | null | undefined, limitMs: number): number {
  if (!timeoutSeconds || !/^\d{1,9}(\.\d{1,20})?$/.test(timeoutSeconds)) return limitMs;
  const wishedMs = Math.floor(Number(timeoutSeconds) * 800);
  return wishedMs > 0 ? Math.min(limitMs, Math.max(LEAST_DEADLINE_MS, wishedMs)) : limitMs;
}

/**
 * Checks a length of time in milliseconds.
 *
 * @throws {RangeError} when timers could not wait for it
 */
export function checkDelay(name: string, value: number): number {
  if (value > 0 && value <= LONGEST_DELAY_MS) return value;
  throw new RangeError(`"${name}" must be between 0 and ${LONGEST_DELAY_MS} milliseconds, but got ${String(value)}.`);
}

/**
 * Checks how many of something there may be.
 *
 * @throws {RangeError} when it is no whole number above zero
 */
export function checkCount(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new RangeError(`"${name}" must be a whole number above zero, but got ${String(value)}.`);
}
