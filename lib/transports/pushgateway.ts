import * as http from "node:http";
import * as https from "node:https";
import { Readable } from "node:stream";
import type { LabelValue } from "../model/labels.ts";
import { register } from "../registry/default-registry.ts";
import type { LeasedChunk } from "../registry/scrape.ts";
import { type Exposer, isExposer } from "./exposer.ts";
import { groupingPath } from "./grouping-key.ts";
import { PushError } from "./push-error.ts";
import { checkDelay } from "./scrape-responder.ts";
import { zlibEncodings } from "./zlib-encodings.ts";

/** The formats that a Pushgateway reads. */
const accepted = {
  text: "text/plain;version=0.0.4",
  protobuf: "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
} as const;

/** No answer of a gateway is longer but by mistake. */
const LONGEST_ANSWER = 65_536;

/** How a Pushgateway is reached; beyond these, each option of `https.request` is passed on to it. */
export interface PushgatewayOptions
  extends Omit<https.RequestOptions, "method" | "path" | "headers" | "timeout" | "protocol"> {
  /**
   * How long a request may take in all, from the asking of the collectors to the end of the answer, in milliseconds.
   * @default 10000
   */
  readonly timeout?: number;
  /**
   * Sent with each request, as for `Authorization`. With `"Content-Encoding": "gzip"` what is pushed is compressed.
   * @default none
   */
  readonly headers?: http.OutgoingHttpHeaders;
  /**
   * What the metrics are written in: text 0.0.4, or delimited protobuf, which alone has native histograms.
   * @default "text"
   */
  readonly format?: "text" | "protobuf";
  /**
   * Whether a request without a job is refused. Other receivers than a Pushgateway may need none.
   * @default true
   */
  readonly requireJobName?: boolean;
}

/** The group that is written or deleted. */
export interface PushParameters {
  /** The value of the label `job`. */
  readonly jobName?: string;
  /**
   * Further labels that name the group, and that all its series get.
   * @default none: the job alone names the group
   */
  readonly groupings?: Readonly<Record<string, LabelValue>>;
}

/** What a Pushgateway answered. */
export interface PushAnswer {
  /** Its body was read. */
  readonly resp: http.IncomingMessage;
  readonly body: string;
}

/**
 * Pushes metrics to a Pushgateway: for batch jobs that end before anybody could scrape them. What runs for long is
 * better scraped, for a gateway remembers what it was given for ever, and can't tell who is down.
 *
 * A redirection is not followed, and is an error: what was pushed has not been stored.
 *
 * @see https://prometheus.io/docs/practices/pushing/
 * @example
 * const gateway = new Pushgateway("http://127.0.0.1:9091");
 * await gateway.pushAdd({ jobName: "backup", groupings: { instance: "db1" } });
 */
export class Pushgateway {
  readonly #exposer: Exposer;
  readonly #url: URL;
  readonly #requestOptions: https.RequestOptions;
  readonly #headers: http.OutgoingHttpHeaders;
  readonly #isCompressed: boolean;
  readonly #timeoutMs: number;
  readonly #format: "text" | "protobuf";
  readonly #requireJobName: boolean;

  /**
   * @param url where the gateway is, with the path that it was given by `--web.route-prefix`; without a scheme it is http
   * @param options may be left out before the registry
   * @param registry whose metrics are pushed; the default registry when it is left out
   * @throws {TypeError} when the URL can't be read or is neither of http nor of https, or the registry is none
   * @throws {RangeError} when an option is out of range
   */
  constructor(url: string | URL, options: PushgatewayOptions | Exposer = {}, registry: Exposer = register) {
    const isLeftOut = isExposer(options);
    this.#exposer = isLeftOut ? options : registry;
    if (!isExposer(this.#exposer)) {
      throw new TypeError(
        `A registry is needed to push its metrics, but got ${registry === null ? "null" : typeof registry}.`,
      );
    }
    const {
      timeout = 10_000,
      headers = {},
      format = "text",
      requireJobName = true,
      ...requestOptions
    } = isLeftOut ? {} : (options ?? {});
    this.#url = readUrl(url);
    this.#timeoutMs = checkDelay("timeout", timeout);
    if (!Object.hasOwn(accepted, format)) {
      throw new RangeError(`"format" must be "text" or "protobuf", but got ${JSON.stringify(format)}.`);
    }
    this.#format = format;
    this.#requireJobName = requireJobName;
    this.#requestOptions = requestOptions;
    // Those that tell about the body are written here; a DELETE has none.
    const encoding = headerOf(headers, "content-encoding");
    if (encoding !== undefined && encoding !== "gzip" && encoding !== "identity") {
      throw new RangeError(`"Content-Encoding" must be "gzip" or "identity", but got ${JSON.stringify(encoding)}.`);
    }
    this.#isCompressed = encoding === "gzip";
    this.#headers = Object.fromEntries(
      Object.entries(headers).filter(([name]) => !/^(content-.*|transfer-encoding)$/i.test(name)),
    );
  }

  /**
   * Writes the group anew: whatever it held before is gone.
   *
   * @throws {PushError} when the gateway is not reached in time, or doesn't take the metrics
   * @throws {TypeError} when the name of the job is missing
   * @throws {RangeError} when the name of a label is not valid
   */
  async push(parameters: PushParameters = {}): Promise<PushAnswer> {
    return this.#send("PUT", parameters);
  }

  /**
   * Adds to the group: families of the same name are replaced, others stay.
   *
   * @throws what {@link push} throws
   */
  async pushAdd(parameters: PushParameters = {}): Promise<PushAnswer> {
    return this.#send("POST", parameters);
  }

  /**
   * Removes the group.
   *
   * @throws what {@link push} throws
   */
  async delete(parameters: PushParameters = {}): Promise<PushAnswer> {
    return this.#send("DELETE", parameters);
  }

  async #send(method: "PUT" | "POST" | "DELETE", parameters: PushParameters): Promise<PushAnswer> {
    const path = this.#pathOf(parameters);
    const place = `${method} ${this.#url.origin}${path}`;
    const { request: start } = this.#url.protocol === "https:" ? https : http;
    const exposition = method === "DELETE" ? undefined : this.#expose();
    const headers = { ...this.#headers, ...exposition?.headers };
    const request = start(this.#url, { ...this.#requestOptions, method, path, headers });
    const giveUp = () => request.destroy(new Error(`It took longer than ${this.#timeoutMs} ms.`));
    const timer = setTimeout(giveUp, this.#timeoutMs);
    try {
      const answered = answerOf(request);
      if (exposition === undefined) request.end();
      else exposition.bytes.once("error", (error) => request.destroy(error)).pipe(request);
      const answer = await answered;
      const { statusCode: status = 0 } = answer.resp;
      if (status >= 200 && status < 300) return answer;
      const [line = ""] = answer.body.trim().split("\n");
      const said = line === "" ? "" : `: ${line}`;
      throw new PushError(`${place} was answered with status ${status}${said}`, { status, answer: line });
    } catch (cause) {
      if (cause instanceof PushError) throw cause;
      throw new PushError(`${place} failed: ${reasonOf(cause)}`, { cause });
    } finally {
      clearTimeout(timer);
      // A gateway that answers early need not read the rest, and nothing more is collected for it.
      if (!request.writableFinished) request.destroy();
      exposition?.end();
    }
  }

  #pathOf({ jobName, groupings }: PushParameters): string {
    const base = `${this.#url.pathname.replace(/\/+$/, "")}/metrics`;
    if (jobName !== undefined && jobName !== null && jobName !== "") return base + groupingPath(jobName, groupings);
    if (this.#requireJobName) throw new TypeError('A push needs a "jobName", by which the Pushgateway files it.');
    if (groupings !== undefined && Object.keys(groupings).length > 0) {
      throw new TypeError('"groupings" need a "jobName": a Pushgateway names no group without a job.');
    }
    return base;
  }

  /** The exposition, which begins when its bytes are asked for, and what the headers say of it. */
  #expose(): Exposition {
    const abort = new AbortController();
    const format = this.#exposer.negotiate?.(accepted[this.#format]);
    const chunks = this.#exposer.chunks({ signal: abort.signal, ...(format && { format }) });
    const encoding = this.#isCompressed ? zlibEncodings.find(({ name }) => name === "gzip") : undefined;
    const bytes = Readable.from(kept(encoding?.encode(chunks) ?? chunks), { highWaterMark: 1 });
    return {
      headers: {
        "Content-Type": (format ?? this.#exposer).contentType,
        ...(encoding && { "Content-Encoding": encoding.name }),
      },
      bytes,
      end() {
        abort.abort();
        bytes.destroy();
      },
    };
  }
}

/** What is sent. */
interface Exposition {
  readonly headers: http.OutgoingHttpHeaders;
  readonly bytes: Readable;
  /** Ends the scrape that it comes from, if it goes on still. */
  end(): void;
}

/** The chunks as bytes of the reader's own: a stream doesn't tell when it has done with what it was given. */
async function* kept(chunks: AsyncGenerator<LeasedChunk>): AsyncGenerator<Uint8Array> {
  for await (const { bytes, release } of chunks) {
    const own = bytes.slice();
    release();
    yield own;
  }
}

/** The answer to a request, with its body as far as that makes sense. */
function answerOf(request: http.ClientRequest): Promise<PushAnswer> {
  return new Promise((resolve, reject) => {
    request.once("error", reject);
    request.once("response", (resp) => {
      let body = "";
      resp.setEncoding("utf8");
      resp.on("data", (part: string) => {
        if (body.length < LONGEST_ANSWER) body += part.slice(0, LONGEST_ANSWER - body.length);
      });
      resp.once("error", reject);
      resp.once("end", () => resolve({ resp, body }));
    });
  });
}

function readUrl(url: string | URL): URL {
  const text = String(url);
  const whole = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`;
  if (!URL.canParse(whole)) throw new TypeError(`The URL of a Pushgateway can't be read: ${JSON.stringify(text)}.`);
  const read = new URL(whole);
  if (read.protocol === "http:" || read.protocol === "https:") return read;
  throw new TypeError(`A Pushgateway is reached by http or https, but got a URL of "${read.protocol}".`);
}

function headerOf(headers: http.OutgoingHttpHeaders, wanted: string): unknown {
  const [, value] = Object.entries(headers).find(([name]) => name.toLowerCase() === wanted) ?? [];
  return typeof value === "string" ? value.trim().toLowerCase() : value;
}

/** Errors of connections that tried several addresses have no message of their own. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.message || ((cause as NodeJS.ErrnoException).code ?? cause.name);
}
