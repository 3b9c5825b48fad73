// What bin/check does: tells what is not as it should be in an exposition, or what two of them differ in.
import { differenceLines, diffFamilies } from "../lib/formats/diff-families.ts";
import { lint } from "../lib/index.ts";
import { UsageError } from "./arguments.mts";
import { makeReport, printable, reportText } from "./check-report.mts";
import { help, readSettings, type Settings } from "./check-settings.mts";
import { readExposition, UnreadableError } from "./exposition.mts";
import { version } from "./version.mts";

/** Where the program reads and writes. */
export interface Surroundings {
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Writes to standard output. */
  print(text: string): unknown;
  /** Writes a line to standard error. */
  tell(line: string): unknown;
}

/**
 * Runs the program, and returns its exit code: 1 when something was found, 2 when something can't be read or the arguments
 * are wrong.
 */
export async function runCheck(args: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    const settings = readSettings(args);
    if (settings !== "help" && settings !== "version") return await check(settings, surroundings);
    surroundings.print(settings === "help" ? help : `${version()}\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof UnreadableError)) throw error;
    surroundings.tell(printable(error.message) + (error instanceof UsageError ? " See --help." : ""));
    return 2;
  }
}

async function check(settings: Settings, { stdin, print }: Surroundings): Promise<number> {
  const [source, other] = settings.sources;
  const limits = { ...settings, stdin };
  const families = await readExposition(source, limits);
  if (other !== undefined) {
    const differences = diffFamilies(families, await readExposition(other, limits));
    const lines = [`--- ${source}`, `+++ ${other}`, ...differenceLines(differences)].map(printable);
    if (settings.isJson) print(`${JSON.stringify({ sources: settings.sources, differences })}\n`);
    else if (differences.length > 0) print(`${lines.join("\n")}\n`);
    return differences.length > 0 ? 1 : 0;
  }
  const findings = lint(families, { maxSeries: settings.maxSeries });
  const report = makeReport(source, families, findings, settings.top);
  print(settings.isJson ? `${JSON.stringify(report)}\n` : reportText(report));
  return findings.length > 0 ? 1 : 0;
}
