// The catalogue of metrics: what there is, for people.
import type { InventoryEntry } from "./inventory.ts";

/** The catalogue in Markdown. */
export function catalogueMarkdown(inventory: readonly InventoryEntry[], job: string): string {
  const rows = inventory.map((entry) => {
    const { name, unit, labelNames, help, seriesCount } = entry;
    const cells = [code(name), typeText(entry), unit, labelNames.map(code).join(", "), text(help), String(seriesCount)];
    return `| ${cells.join(" | ")} |`;
  });
  return `${[
    `# Metrics of ${text(job)}`,
    "",
    "| name | type | unit | labels | what it tells | series now |",
    "| --- | --- | --- | --- | --- | --: |",
    ...rows,
  ].join("\n")}\n`;
}

/** The catalogue in JSON: an array of families. */
export function catalogueJson(inventory: readonly InventoryEntry[]): string {
  const families = inventory.map(
    ({ name, type, unit, labelNames, help, seriesCount, bounds, isNative, quantiles }) => ({
      name,
      type,
      ...(unit !== "" && { unit }),
      labelNames,
      help,
      seriesCount,
      ...(bounds.length > 0 && { bounds }),
      ...(isNative && { isNative }),
      ...(quantiles.length > 0 && { quantiles }),
    }),
  );
  return `${JSON.stringify(families, undefined, 2)}\n`;
}

function typeText({ type, isNative }: InventoryEntry): string {
  return isNative ? `native ${type}` : type;
}

/** A text in a cell of a table, where it is only a text whatever it holds. */
function text(value: string): string {
  return value.replace(/[\\`*_{}[\]<>|#&~!]/g, "\\$&").replace(/\s+/g, " ");
}

/** A name in a cell, spelled as it is. */
function code(name: string): string {
  const shown = name.replace(/\s+/g, " ").replaceAll("|", "\\|");
  // A fence must be longer than any within.
  const longest = Math.max(0, ...(name.match(/`+/g) ?? []).map(({ length }) => length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${shown}${fence}` : `${fence} ${shown} ${fence}`;
}

/** A catalogue without the numbers of series, which differ from hour to hour: for comparing two of them. */
export function withoutSeriesCounts(catalogue: string): string {
  return catalogue.replace(/ \| \d+ \|$/gm, " | |").replace(/^ {4}"seriesCount": \d+/gm, '    "seriesCount": 0');
}
