import type { MetricFamily } from "../model/family.ts";
import { formatOf, type ReadableFormat } from "./content-type.ts";
import { LineSplitter } from "./line-splitter.ts";
import { MessageSplitter } from "./message-splitter.ts";
import { ParseError } from "./parse-error.ts";
import { type ParseLimits, parseLimits } from "./parse-limits.ts";
import { OpenMetricsParser } from "./parse-open-metrics.ts";
import { parseFamilyMessage } from "./parse-protobuf.ts";
import { TextParser } from "./parse-text.ts";
import { countCharacters } from "./utf8-places.ts";

const encoder = new TextEncoder();

/** Reads an exposition that comes piece by piece. */
interface FamilyReader {
  /** Takes a piece of the input, and gives the families that it completed. */
  add(piece: Uint8Array): Iterable<MetricFamily>;
  /** Says that this was all, and gives the families that were left. */
  end(): Iterable<MetricFamily>;
}

/**
 * Reads an exposition into metric families: the ones that a custom collector may return.
 *
 * Text 0.0.4 and 1.0.0 is read leniently, as that format is. It and protobuf take numbers as they stand: what is odd about
 * them is for {@link lint} to say. OpenMetrics is read strictly: whatever its specification forbids is an error. Of a histogram that
 * does not say its count, the bucket `+Inf` tells it.
 *
 * It takes about as much memory as the families do that it makes. For input that is larger than that should be, there is
 * {@link parseStream}.
 *
 * @param input the body of a scrape's answer; for text it may be a string
 * @param contentType the `Content-Type` header that came with it: `text/plain`, `application/openmetrics-text` or
 *   `application/vnd.google.protobuf`, with their parameters
 * @param limits what it may cost at most
 * @throws {ParseError} at the first thing that is wrong with the input, with its place
 * @throws {RangeError} for a content type that can't be read, and for a limit below 1
 * @throws {TypeError} for a protobuf input that is a string
 * @example
 * const answer = await fetch("http://127.0.0.1:8000/metrics");
 * const families = parse(new Uint8Array(await answer.arrayBuffer()), answer.headers.get("content-type") ?? "");
 */
export function parse(input: Uint8Array | string, contentType: string, limits: ParseLimits = {}): MetricFamily[] {
  const reader = readerFor(contentType, limits, true);
  return [...reader.add(bytesOf(input, contentType)), ...reader.end()];
}

/**
 * Like {@link parse}, for input that comes piece by piece, wherever it is cut; yields each family as soon as it is complete.
 *
 * Of the input it keeps a line of text at a time, or a message of protobuf, and one family of what was read. So in text
 * 0.0.4 a family ends where the samples of another begin; where its lines don't stand together, as they should, it is
 * yielded in several parts.
 *
 * @throws {ParseError} at the first thing that is wrong with the input; the families before it have been yielded
 * @example
 * for await (const { name } of parseStream(createReadStream("metrics.prom"), "text/plain")) console.log(name);
 */
export async function* parseStream(
  source: AsyncIterable<Uint8Array>,
  contentType: string,
  limits: ParseLimits = {},
): AsyncGenerator<MetricFamily, void, undefined> {
  const reader = readerFor(contentType, limits, false);
  for await (const piece of source) yield* reader.add(piece);
  yield* reader.end();
}

function readerFor(contentType: string, limits: ParseLimits, joins: boolean): FamilyReader {
  const all = parseLimits(limits);
  const format = formatOf(contentType);
  keepShapes(format);
  return newReader(format, all, joins);
}

function newReader(format: ReadableFormat, limits: Required<ParseLimits>, joins: boolean): FamilyReader {
  switch (format) {
    case "text":
      return readText(new TextParser(limits, joins), limits);
    case "openmetrics":
      return readText(new OpenMetricsParser(limits), limits);
    case "protobuf":
      return readProtobuf(limits);
    default:
      return format satisfies never;
  }
}

/** A histogram that breaks off, as either text format spells it. */
const HISTOGRAM = `# TYPE k histogram
k_bucket{l="m",le="1.0"} 1
k_bucket{l="m",le="+Inf"} 2
k_sum{l="m"} 1.5
k_count{l="m"} 2
k_bucket{l="n",le="1.0"} 1
`;

/** Something of each kind, that breaks off in the midst of it. */
const beginnings: { readonly [Format in ReadableFormat]: string } = {
  text: `# HELP a A.
# TYPE a counter
a{b="c",d="e"} 1
a{b="f",d="e"} 2.5
# TYPE g summary
g{h="i",quantile="0.5"} 1
g_sum{h="i"} 1
g_count{h="i"} 1
g{h="j",quantile="0.5"} 1
${HISTOGRAM}`,
  openmetrics: `# TYPE a counter
# HELP a A.
a_total{b="c",d="e"} 1
a_total{b="f",d="e"} 2.5
${HISTOGRAM}`,
  // What reads a message is made for each, and one of these is kept where it is made.
  protobuf: "",
};

/** Of each format that was ever read, a reader that has read its beginning. */
const begun = new Map<ReadableFormat, FamilyReader>();

/**
 * Sees to it that there is always a reader of the format, with all that it consists of. V8 forgets the shapes of objects of
 * which there are none, and with them the code that it compiled for these: the first parse after each full garbage
 * collection, and few programs read more than one exposition between two, took five times as long.
 */
function keepShapes(format: ReadableFormat): void {
  if (begun.has(format)) return;
  const reader = newReader(format, parseLimits({}), true);
  begun.set(format, reader);
  for (const _ of reader.add(encoder.encode(beginnings[format])));
}

function readText(parser: TextParser | OpenMetricsParser, { maxLineBytes }: Required<ParseLimits>): FamilyReader {
  const { scanner } = parser;
  const splitter = new LineSplitter(maxLineBytes, () =>
    scanner.failAtLine(scanner.line + 1, `a line of at most ${maxLineBytes} bytes`, "a longer one"),
  );
  function* read(lines: Uint8Array, isTerminated: boolean): Iterable<MetricFamily> {
    scanner.open(lines, isTerminated);
    try {
      parser.read();
    } finally {
      // Before an error too, so that wherever the input is cut, the same families come before it.
      yield* parser.take();
    }
  }
  return {
    *add(piece) {
      for (const lines of splitter.add(piece)) yield* read(lines, true);
    },
    *end() {
      const last = splitter.end();
      if (last !== undefined) yield* read(last, false);
      parser.end();
      yield* parser.take();
    },
  };
}

function readProtobuf(limits: Required<ParseLimits>): FamilyReader {
  const splitter = new MessageSplitter(limits.maxMessageBytes);
  let familiesLeft = limits.maxFamilies;
  return {
    *add(piece) {
      for (const { bytes, offset } of splitter.add(piece)) {
        if (familiesLeft-- <= 0) throw new ParseError({ offset }, `at most ${limits.maxFamilies} families`, "another");
        yield parseFamilyMessage(bytes, offset, limits);
      }
    },
    end() {
      splitter.end();
      return [];
    },
  };
}

function bytesOf(input: Uint8Array | string, contentType: string): Uint8Array {
  if (typeof input !== "string") return input;
  if (formatOf(contentType) === "protobuf") throw new TypeError("An input in protobuf must be bytes, not a string.");
  if (!input.isWellFormed()) failIllFormed(input);
  return encoder.encode(input);
}

function failIllFormed(input: string): never {
  const repaired = input.toWellFormed();
  let at = 0;
  while (input.charCodeAt(at) === repaired.charCodeAt(at)) at++;
  const before = input.slice(0, at);
  const lineStart = before.lastIndexOf("\n") + 1;
  const place = {
    line: before.split("\n").length,
    column: countCharacters(encoder.encode(before.slice(lineStart))) + 1,
  };
  throw new ParseError(place, "text", "half a surrogate pair");
}
