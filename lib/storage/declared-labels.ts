import { labelText } from "../model/labels.ts";
import type { LabelPattern } from "./table-watchers.ts";

/** The labels that a metric declares, and the label objects of its callers: read in that order, or refused. */
export class DeclaredLabels {
  readonly #names: readonly string[];
  readonly #positions: ReadonlyMap<string, number>;
  /** Says in errors which metric it is. */
  readonly #owner: string;

  constructor(names: readonly string[], owner: string) {
    this.#names = names;
    this.#positions = new Map(names.map((name, i) => [name, i]));
    this.#owner = owner;
  }

  /** Which of the labels has a name, if any has. */
  positionOf(name: string): number | undefined {
    return this.#positions.get(name);
  }

  /**
   * The values of a label object in the order of the names, as they are.
   *
   * @throws {TypeError} for an unknown label
   */
  valuesOf(labels: object): unknown[] {
    const values: unknown[] = new Array(this.#names.length).fill(undefined);
    for (const name in labels) {
      const position = this.#positions.get(name);
      if (position === undefined) throw this.#unknownLabel(labels);
      values[position] = (labels as Record<string, unknown>)[name];
    }
    return values;
  }

  /** The pattern of some label values, given by name. Labels that are not named may have any. */
  patternOf(partial: object): LabelPattern {
    const values = this.valuesOf(partial);
    const named = new Set<string>();
    for (const name in partial) named.add(name);
    return this.#names.map((name, i) => (named.has(name) ? labelText(name, values[i]) : undefined));
  }

  /** The error for more or fewer values than there are labels. */
  wrongCount(values: readonly unknown[]): TypeError {
    return new TypeError(`${this.#owner} ${this.#sayLabels()}, but got ${values.length} label values.`);
  }

  #unknownLabel(labels: object): TypeError {
    const given: string[] = [];
    for (const name in labels) given.push(name);
    const unknown = given.find((name) => !this.#positions.has(name));
    const said = given.map((name) => `"${name}"`).join(", ");
    return new TypeError(`${this.#owner} ${this.#sayLabels()}, but got ${said}: "${unknown}" is unknown.`);
  }

  #sayLabels(): string {
    const { length } = this.#names;
    if (length === 0) return "has no labels";
    return `has the label${length > 1 ? "s" : ""} ${this.#names.map((name) => `"${name}"`).join(", ")}`;
  }
}
