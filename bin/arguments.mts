// Reads the arguments of a program: `node:util` splits them, and what is wrong is said here.
import { parseArgs } from "node:util";

/** An option that a program has, by its long name. */
export interface OptionSpec {
  /** What its value is called in the help; an option without is a switch. */
  readonly value?: string;
  /** One letter. */
  readonly short?: string;
  /** What it does, for the help. */
  readonly help: string;
}

/** What was wrong with the arguments of a program. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The arguments of a program: each option's values in the order they were given, and what is no option. */
export interface Arguments<Name extends string> {
  readonly options: { readonly [N in Name]?: readonly string[] };
  readonly rest: readonly string[];
}

/**
 * Sorts arguments into options and the rest. A switch has the value `""`.
 *
 * @throws {UsageError} for an option that there isn't, with the one that was probably meant; for a missing value, and
 *   for one too many
 */
export function readArguments<Name extends string>(
  specs: { readonly [N in Name]: OptionSpec },
  args: readonly string[],
): Arguments<Name> {
  const known = Object.entries<OptionSpec>(specs).map(([name, { value, short }]) => {
    return [name, { type: value === undefined ? "boolean" : "string", ...(short && { short }) }] as const;
  });
  // Not strict, since its messages are Node.js' own; so what it would check is checked below.
  const { tokens } = parseArgs({ args: [...args], options: Object.fromEntries(known), strict: false, tokens: true });
  const options: Partial<Record<string, string[]>> = {};
  const rest: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") rest.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    if (!Object.hasOwn(specs, name)) {
      const nearest = nearestOf(name, Object.keys(specs));
      throw new UsageError(
        `there is no option ${rawName}.${nearest === undefined ? "" : ` Did you mean --${nearest}?`}`,
      );
    }
    const { value: expected } = specs[name as Name];
    if (expected === undefined && value !== undefined) throw new UsageError(`${rawName} takes no value.`);
    // What looks like the next option is not taken for a value, unless "=" says that it is one.
    if (expected !== undefined && (value === undefined || value === "" || (value.startsWith("-") && !inlineValue))) {
      throw new UsageError(`${rawName} needs a value: ${rawName} ${expected}.`);
    }
    options[name] ??= [];
    options[name].push(value ?? "");
  }
  return { options: options as Arguments<Name>["options"], rest };
}

/** One line of help for each option, the texts below one another. */
export function describeOptions(specs: Readonly<Record<string, OptionSpec>>): string {
  const lines = Object.entries(specs).map(([name, { value, short, help }]) => {
    return [`${short ? `-${short}, ` : ""}--${name}${value ? ` ${value}` : ""}`, help] as const;
  });
  const width = Math.max(...lines.map(([option]) => option.length));
  return lines
    .map(([option, help]) => `  ${option.padEnd(width)}  ${help.replaceAll("\n", `\n${" ".repeat(width + 4)}`)}\n`)
    .join("");
}

/** The name that was probably meant, if one is near enough. */
function nearestOf(name: string, names: readonly string[]): string | undefined {
  const distances = names.map((one) => ({ one, distance: one.startsWith(name) ? 0 : editDistance(name, one) }));
  const nearest = distances.sort((a, b) => a.distance - b.distance)[0];
  return nearest !== undefined && nearest.distance <= Math.max(2, name.length / 3) ? nearest.one : undefined;
}

/** How many characters must be added, left out or changed to get from one text to the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const changed = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next.push(Math.min(changed, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
