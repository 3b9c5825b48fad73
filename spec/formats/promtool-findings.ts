// Compares what lint finds with what `promtool check metrics` printed.
import { lint } from "../../lib/formats/lint.ts";
import { parse } from "../../lib/formats/parse.ts";

/** The rules that promlint has. */
const shared = new Set(["help", "unit", "total", "reserved", "type-in-name", "colon", "camel-case", "abbreviation"]);

/**
 * The findings that only one of the two has, but for two differences that are meant:
 *
 * promtool looks at the labels of each series and says the same of each; lint says it of the family, once. And of several
 * units in a name promtool looks at one, which one is chance; lint names each that is no base unit.
 */
export function differencesFromPromtool(input: string, printed: string): string[] {
  const theirs = new Set(printed.split("\n").filter((line) => line !== ""));
  const ours = new Set(
    lint(parse(input, "text/plain"))
      .filter(({ rule }) => shared.has(rule))
      .map(({ metric, text }) => `${metric} ${text}`),
  );
  const unit = / use base unit .*/;
  const units = new Set([...theirs].filter((line) => unit.test(line)).map((line) => line.replace(unit, "")));
  return [
    ...[...theirs].filter((line) => !ours.has(line)).map((line) => `only promtool: ${line}`),
    ...[...ours]
      .filter((line) => !theirs.has(line) && !(unit.test(line) && units.has(line.replace(unit, ""))))
      .map((line) => `only lint: ${line}`),
  ];
}
