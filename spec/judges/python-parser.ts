// A judge of both texts: the parsers of Python's prometheus_client, which share no code with lib/.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { OpenMetricsFamily } from "./naive-openmetrics.ts";
import type { NaiveFamily } from "./naive-registry.ts";

/** A sample as the parser reads it; values in JavaScript's numbers. */
export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** In seconds; only where there is one. */
  readonly timestamp?: number;
  readonly exemplar?: ParsedExemplar;
}

export interface ParsedExemplar {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestamp?: number;
}

export interface ParsedFamily {
  /** For a counter without the `_total` that the parser takes off. */
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly ParsedSample[];
}

// Debian's own Python has the package python3-prometheus-client; another python3 on the path may well not.
const python = "/usr/bin/python3";

let missing: string | false | undefined;

/** Why the parser can't be asked on this machine; `false` when it can. Under CI it must be there. */
export function pythonParserMissing(): string | false {
  missing ??= findPythonParser();
  return missing;
}

function findPythonParser(): string | false {
  const { status } = spawnSync(python, ["-c", "import prometheus_client.parser"]);
  if (status === 0) return false;
  const reason = `${python} lacks prometheus_client (Debian: apt-get install python3-prometheus-client)`;
  if (process.env["CI"] === "true") throw new Error(reason);
  return reason;
}

/** Python's spelling of a float. */
function numberOf(text: string): number {
  return { inf: Infinity, "-inf": -Infinity, nan: NaN }[text] ?? Number(text);
}

/**
 * What the parser reads in each exposition: its families, or the error that it raised.
 *
 * It trims the help text and is lax where Prometheus is not, so a second judge is needed for the exact form.
 */
export function parseWithPython(
  expositions: readonly string[],
  format: "text" | "openmetrics" = "text",
): (readonly ParsedFamily[] | Error)[] {
  const script = fileURLToPath(new URL("parse-text.py", import.meta.url));
  const { status, stdout, stderr, error } = spawnSync(python, [script, format], {
    input: expositions.map((text) => `${JSON.stringify(text)}\n`).join(""),
    encoding: "utf8",
    maxBuffer: 2 ** 30,
  });
  if (status !== 0) throw new Error(`parse-text.py failed: ${stderr}`, { cause: error });
  return stdout
    .split("\n")
    .slice(0, -1)
    .map((line) => {
      const answer = JSON.parse(line) as { error: string } | { families: RawFamily[] };
      if ("error" in answer) return new Error(answer.error);
      return answer.families.map((family) => ({
        ...family,
        samples: family.samples.map(([name, labels, value, timestamp, exemplar]) => ({
          name,
          labels,
          value: numberOf(value),
          ...(timestamp !== null && { timestamp }),
          ...(exemplar !== null && { exemplar: exemplarOf(exemplar) }),
        })),
      }));
    });
}

/** What the parser has to read where these families were written: the same, in its own words. */
export function asPythonReads(families: readonly NaiveFamily[]): ParsedFamily[] {
  return families.map(({ name, type, help, series }) => {
    const isCounter = type === "counter";
    return {
      // It names counters as OpenMetrics does: the family without "_total", the samples with it.
      name: isCounter ? name.replace(/_total$/, "") : name,
      type: type === "info" || type === "stateset" ? "gauge" : type,
      help,
      samples: series.flat().map((sample) => ({
        name: isCounter && !name.endsWith("_total") ? `${sample.name}_total` : sample.name,
        labels: Object.fromEntries(sample.labels),
        // Zero is written without a sign.
        value: sample.value === 0 ? 0 : sample.value,
      })),
    };
  });
}

/** The same of OpenMetrics, where the parser keeps names and types as they are. */
export function asPythonReadsOpenMetrics(families: readonly OpenMetricsFamily[]): ParsedFamily[] {
  return families.map(({ series, ...family }) => ({
    ...family,
    samples: series.flat().map(({ name, labels, value }) => ({
      name,
      labels: Object.fromEntries(labels),
      value: value === 0 ? 0 : value,
    })),
  }));
}

function exemplarOf([labels, value, timestamp]: RawExemplar): ParsedExemplar {
  return { labels, value: numberOf(value), ...(timestamp !== null && { timestamp }) };
}

type RawExemplar = readonly [labels: Record<string, string>, value: string, timestamp: number | null];

interface RawFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: readonly [
    name: string,
    labels: Record<string, string>,
    value: string,
    timestamp: number | null,
    exemplar: RawExemplar | null,
  ][];
}
