// What can be said to bin/check.
import type { ReadableFormat } from "../lib/formats/content-type.ts";
import { describeOptions, readArguments, UsageError } from "./arguments.mts";

const formats: readonly string[] = ["text", "openmetrics", "protobuf"] satisfies ReadableFormat[];

const specs = {
  format: {
    value: "FORMAT",
    help: "text, openmetrics or protobuf: what the input is, whatever it says;\na server is asked for it",
  },
  diff: { help: "tell what two expositions differ in" },
  json: { help: "print one JSON object, for programs" },
  top: { value: "COUNT", help: "how many of the largest families the table has (10); 0: no table" },
  "max-series": { value: "COUNT", help: "how many series a family may have without a finding (1000)" },
  "max-bytes": { value: "BYTES", help: "how much input is read before it is refused (268435456)" },
  timeout: { value: "SECONDS", help: "how long a server may take to answer in full (10)" },
  help: { short: "h", help: "print this and exit" },
  version: { help: "print the version and exit" },
};

/** What `check --help` prints. */
export const help = `Usage: check [url | file | -] [options]
       check --diff A B [options]

Reads the exposition that a server gives, that lies in a file, or that comes on
standard input (-, or nothing), in text 0.0.4 or 1.0.0, OpenMetrics 1.0 or
delimited protobuf. Prints what is not as it should be in it, a line each, and
the largest metric families. A file's format is told by its beginning and end.

${describeOptions(specs)}
Exit code 0: nothing was found; 1: something was, or the two differ; 2: the
input can't be read, or the arguments are wrong.
`;

/** What the arguments of `check` say. */
export interface Settings {
  /** One exposition, or two that are compared. */
  readonly sources: readonly [string] | readonly [string, string];
  readonly format: ReadableFormat | undefined;
  readonly isJson: boolean;
  readonly top: number;
  readonly maxSeries: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

/**
 * Reads the arguments of `check`.
 *
 * @throws {UsageError} for the first thing that is wrong with them
 */
export function readSettings(args: readonly string[]): Settings | "help" | "version" {
  const { options, rest } = readArguments(specs, args);
  if (options.help) return "help";
  if (options.version) return "version";
  const last = (name: keyof typeof specs) => options[name]?.at(-1);
  return {
    sources: readSources(rest, options.diff !== undefined),
    format: readFormat(last("format")),
    isJson: options.json !== undefined,
    top: readCount("--top", last("top")) ?? 10,
    maxSeries: readCount("--max-series", last("max-series")) ?? 1000,
    maxBytes: readCount("--max-bytes", last("max-bytes")) ?? 2 ** 28,
    timeoutMs: readSeconds("--timeout", last("timeout")) ?? 10_000,
  };
}

function readSources(rest: readonly string[], isDiff: boolean): Settings["sources"] {
  const [first = "-", second] = rest;
  const given = rest.map((one) => `"${one}"`).join(", ") || "none";
  if (!isDiff) {
    if (rest.length > 1) throw new UsageError(`one exposition is checked, but got ${given}.`);
    return [first];
  }
  if (second === undefined || rest.length > 2) throw new UsageError(`--diff takes two expositions, but got ${given}.`);
  if (first === "-" && second === "-") throw new UsageError("only one of two expositions can come on standard input.");
  return [first, second];
}

function readFormat(text: string | undefined): ReadableFormat | undefined {
  if (text === undefined) return undefined;
  if (formats.includes(text)) return text as ReadableFormat;
  throw new UsageError(`--format takes ${formats.join(", ")}, but got "${text}".`);
}

function readCount(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,12}$/.test(text)) return Number(text);
  throw new UsageError(`${option} takes a number, such as 100, but got "${text}".`);
}

function readSeconds(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,6}(\.\d+)?$/.test(text) && Number(text) > 0) return Number(text) * 1_000;
  throw new UsageError(`${option} takes a number of seconds, such as 10 or 0.5, but got "${text}".`);
}
