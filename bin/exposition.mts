// Gets expositions from servers, files and standard input, and reads them.
import { createReadStream } from "node:fs";
import { contentTypes, guessFormat, type ReadableFormat } from "../lib/formats/content-type.ts";
import { type MetricFamily, ParseError, parse } from "../lib/index.ts";

/** What may be asked of a server, and how much is read. */
export interface ReadLimits {
  readonly format: ReadableFormat | undefined;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  /** What `-` stands for. */
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Further headers for a server: credentials, or other formats than are asked for otherwise. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** An exposition that can't be read. The message says which, and why. */
export class UnreadableError extends Error {
  override readonly name = "UnreadableError";
}

/** Text first: it has lines that findings can be shown at. */
const accept = [
  "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.9",
  "text/plain;version=0.0.4;q=0.8",
  `${contentTypes.openmetrics.replaceAll(" ", "")};q=0.5`,
  `${contentTypes.protobuf.replaceAll(" ", "")};q=0.3`,
  "*/*;q=0.1",
].join(",");

/**
 * The families of an exposition.
 *
 * @param source a URL of http or https, the path of a file, or `-` for standard input
 * @throws {UnreadableError} when it can't be had, is too large, or is not what its format says
 */
export async function readExposition(source: string, limits: ReadLimits): Promise<readonly MetricFamily[]> {
  const { bytes, contentType } = await getBytes(source, limits);
  const format = limits.format ?? (contentType === undefined ? guessFormat(bytes) : undefined);
  try {
    return parse(bytes, format === undefined ? (contentType as string) : contentTypes[format]);
  } catch (error) {
    if (error instanceof ParseError)
      throw new UnreadableError(`${placeIn(source, error)}: expected ${error.expected}, but found ${error.found}.`, {
        cause: error,
      });
    if (error instanceof RangeError) throw new UnreadableError(`${source}: ${error.message}`, { cause: error });
    throw error;
  }
}

function placeIn(source: string, { line, column, offset }: ParseError): string {
  return line === undefined ? `${source}: byte ${offset}` : `${source}:${line}:${column}`;
}

interface Body {
  readonly bytes: Uint8Array;
  /** What the server said it is. */
  readonly contentType?: string;
}

async function getBytes(source: string, limits: ReadLimits): Promise<Body> {
  try {
    if (/^https?:\/\//i.test(source)) return await getFromServer(source, limits);
    const stream = source === "-" ? limits.stdin : createReadStream(source);
    return { bytes: await readAll(source, stream, limits.maxBytes) };
  } catch (error) {
    if (error instanceof UnreadableError) throw error;
    throw new UnreadableError(`${source}: ${reasonOf(error, limits)}`, { cause: error });
  }
}

async function getFromServer(url: string, { format, maxBytes, timeoutMs, headers }: ReadLimits): Promise<Body> {
  const response = await fetch(url, {
    headers: { accept: format === undefined ? accept : contentTypes[format], ...headers },
    signal: AbortSignal.timeout(timeoutMs),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new UnreadableError(`${url}: the server answered ${`${response.status} ${response.statusText}`.trim()}.`);
  }
  const bytes = response.body === null ? new Uint8Array() : await readAll(url, response.body, maxBytes);
  const contentType = response.headers.get("content-type");
  return { bytes, ...(contentType !== null && { contentType }) };
}

async function readAll(source: string, stream: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream) {
    length += piece.length;
    if (length > maxBytes) throw new UnreadableError(`${source}: more than ${maxBytes} bytes.`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

function reasonOf(error: unknown, { timeoutMs }: ReadLimits): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return `no answer within ${timeoutMs / 1000} s.`;
  // What fetch throws says why in its cause only.
  const cause = error.cause instanceof Error ? error.cause : error;
  return `${cause.message || ("code" in cause ? String(cause.code) : cause.name)}.`;
}
