// Conditions on labels that hold a number, `le` and `quantile`: the format of a scrape decides whether 1 is "1" or "1.0".
import { canonicalNumberText, numberText } from "../formats/numbers.ts";
import { literalPattern, type Matcher, matcher } from "./promql.ts";

/** A condition that a label holds a number, however that is spelled. */
export function spelledAs(label: string, value: number): Matcher {
  const spellings = [...new Set([numberText(value), canonicalNumberText(value)])];
  return spellings.length === 1
    ? matcher(label, "=", spellings[0] as string)
    : matcher(label, "=~", spellings.map(literalPattern).join("|"));
}
