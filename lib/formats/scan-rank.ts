import { showText } from "./parse-error.ts";
import type { SampleHead } from "./sample-head.ts";
import { scanQuotedNumber } from "./scan-number.ts";
import type { TextScanner } from "./text-scanner.ts";

/**
 * Reads what the label `le` or `quantile` of a sample says.
 *
 * @param index the place of the label, or -1
 */
export function scanRank(scanner: TextScanner, head: SampleHead, index: number, label: "le" | "quantile"): number {
  if (index < 0) scanner.fail(`the label "${label}" at ${showText(head.name(scanner))}`, scanner.lineStart, "none");
  const at = head.labels.valueOffset(index);
  const expected = label === "le" ? "a number in the label" : "a quantile from 0 to 1";
  const rank = scanQuotedNumber(scanner, at, expected);
  if (Number.isNaN(rank) || (label === "quantile" && !(rank >= 0 && rank <= 1))) scanner.fail(expected, at);
  return rank;
}
