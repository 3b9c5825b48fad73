// What bin/check prints.
import { type FamilySize, familySize } from "../lib/formats/family-size.ts";
import type { Finding, MetricFamily } from "../lib/index.ts";

/** What was read and what was found in it. */
export interface Report {
  readonly source: string;
  readonly families: number;
  readonly series: number;
  readonly bytes: number;
  readonly findings: readonly Finding[];
  /** By series, then by bytes. */
  readonly largest: readonly (FamilySize & { readonly name: string; readonly type: string })[];
}

/** Puts together what is known of an exposition. */
export function makeReport(
  source: string,
  families: readonly MetricFamily[],
  findings: readonly Finding[],
  top: number,
): Report {
  const sizes = families.map((family) => ({ name: family.name, type: family.type, ...familySize(family) }));
  const sum = (of: (size: FamilySize) => number) => sizes.reduce((total, size) => total + of(size), 0);
  return {
    source,
    families: families.length,
    series: sum(({ series }) => series),
    bytes: sum(({ bytes }) => bytes),
    findings,
    largest: sizes.sort((a, b) => b.series - a.series || b.bytes - a.bytes).slice(0, top),
  };
}

/** The report for people to read: the findings with their places, the largest families, and how much it was. */
export function reportText({ source, families, series, bytes, findings, largest }: Report): string {
  const lines = findings.map(({ metric, text, line }) => {
    return `${source}${line === undefined ? "" : `:${line}`}: ${printable(metric)} ${printable(text)}`;
  });
  if (largest.length > 0) {
    if (lines.length > 0) lines.push("");
    const rows = largest.map((size) => [printable(size.name), size.type, String(size.series), String(size.bytes)]);
    lines.push(...table([["largest families", "type", "series", "bytes"], ...rows]), "");
  }
  const found = `${findings.length} ${findings.length === 1 ? "finding" : "findings"}`;
  lines.push(
    `${found} in ${families} ${families === 1 ? "family" : "families"}, ${series} series, ${bytes} bytes of text.`,
  );
  return `${lines.join("\n")}\n`;
}

/** Rows with their cells below one another, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i] as number) : cell.padStart(widths[i] as number)))
      .join("  ")
      .trimEnd(),
  );
}

/** Text of the input on one line: what a terminal would take for a command is shown and not done. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (c) => `\\u{${(c.codePointAt(0) as number).toString(16)}}`);
}
