import type { LabelSet } from "./family.ts";

/** What a label can be given as; it is written as text. The last three mean that the label is absent. */
export type LabelValue = string | number | boolean | null | undefined;

/** A value for each label name. */
export type LabelValues<Name extends string> = [Name] extends [never]
  ? Readonly<Record<string, never>>
  : { readonly [N in Name]: LabelValue };

/** Values for some of the label names. */
export type SomeLabelValues<Name extends string> = [Name] extends [never]
  ? Readonly<Record<string, never>>
  : { readonly [N in Name]?: LabelValue };

/**
 * The text of a label value. `undefined`, `null` and `""` are the same absent label, as they are to Prometheus; half
 * a surrogate pair, which UTF-8 can't encode, becomes U+FFFD.
 *
 * @throws {TypeError} for an object, array, symbol, bigint or function: its text would rarely be what was meant
 */
export function labelText(labelName: string, value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.toWellFormed();
    case "number":
    case "boolean":
      return String(value);
    case "undefined":
      return "";
    default:
      if (value === null) return "";
      throw new TypeError(`Label "${labelName}" must be a string, number or boolean, but got ${kindOf(value)}.`);
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" ? "an object" : `a ${typeof value}`;
}

/** A frozen label set of its own, from whatever object it is read of; absent labels are left out. */
export function readLabelSet(values: object): LabelSet {
  const entries: [string, string][] = [];
  for (const [name, value] of Object.entries(values)) {
    const text = labelText(name, value);
    if (text !== "") entries.push([name, text]);
  }
  return Object.freeze(Object.fromEntries(entries));
}

/** One text for each label set, whatever its order: two sets are the same exactly when their keys are. */
export function labelKey(labels: LabelSet): string {
  // Length before text, so that no two label sets share a key, whatever the values contain.
  let key = "";
  for (const name of Object.keys(labels).sort()) {
    const value = labels[name] as string;
    if (value !== "") key += `${name.length}:${name}${value.length}:${value}`;
  }
  return key;
}
