// What an exemplar may say.
import type { LabelSet } from "./family.ts";
import { type LabelValue, labelText } from "./labels.ts";
import { checkConstantLabelNames } from "./names.ts";

/** What the names and values of an exemplar's labels hold together at most, in characters: code points, not UTF-16 units. */
export const MOST_EXEMPLAR_CHARACTERS = 128;

/** The labels of an exemplar as they are given: usually the id of a trace. */
export type ExemplarLabels = Readonly<Record<string, LabelValue>>;

/**
 * A frozen copy of an exemplar's labels; absent ones are left out.
 *
 * @param owner which metric it is, for errors
 * @throws {TypeError} when it is no object, or a value can't be a label value
 * @throws {RangeError} when a name is not valid, or they are too long
 */
export function readExemplarLabels(owner: string, given: unknown): LabelSet {
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new TypeError(`${owner}: an exemplar has an object of labels, but got ${kindOf(given)}.`);
  }
  const entries: [string, string][] = [];
  for (const [name, value] of Object.entries(given)) {
    const text = labelText(name, value);
    if (text !== "") entries.push([name, text]);
  }
  checkConstantLabelNames(entries.map(([name]) => name));
  if (charactersOf(entries.flat()) > MOST_EXEMPLAR_CHARACTERS) {
    const names = entries.map(([name]) => `"${name}"`).join(", ");
    throw new RangeError(
      `${owner}: the labels of an exemplar, ${names.slice(0, 80)}, hold more than ${MOST_EXEMPLAR_CHARACTERS} characters.`,
    );
  }
  return Object.freeze(Object.fromEntries(entries));
}

/** How many characters a label set has, names and values together. */
export function labelCharacters(labels: LabelSet): number {
  return charactersOf(Object.entries(labels).flat());
}

/** How many code points some texts hold together; where it is more than the most, any number above that. */
function charactersOf(texts: readonly string[]): number {
  let characters = 0;
  for (const text of texts) {
    // A code point has at most two units, so this is too long however it is counted.
    if (text.length > 2 * MOST_EXEMPLAR_CHARACTERS) return Number.POSITIVE_INFINITY;
    for (const _ of text) characters++;
  }
  return characters;
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a ${typeof value}`;
}
