// The second step of a scrape: families by their exposed names, each name and each series once.
import type { FamilyPart, ScrapedFamily } from "../formats/format.ts";
import type { Collector } from "../model/collector.ts";
import type { FamilyDescriptor } from "../model/family.ts";
import { labelKey } from "../model/labels.ts";
import { occupiedNames } from "../model/names.ts";

/** A family that a collector gave, under the name it is exposed by. */
export interface Found {
  readonly descriptor: FamilyDescriptor;
  readonly part: FamilyPart;
  /** Whether its name and labels were declared at registration. */
  readonly isDeclared?: boolean;
}

/** Who exposes a name since its registration, and in which family. */
export interface NameOwner {
  readonly collector: Collector;
  readonly descriptor: FamilyDescriptor;
}

interface Gathered extends ScrapedFamily {
  descriptor: FamilyDescriptor;
  readonly parts: FamilyPart[];
  /** The first of the registrations that have a part in it. */
  order: number;
  /** The keys of all series, known once they had to be compared. */
  keys?: Set<string>;
}

/** Puts the parts of families together. */
export class Gathering {
  readonly #byName = new Map<string, Gathered>();
  readonly #ownersOf: (name: string) => readonly NameOwner[];
  /** Names taken by families that were checked here, with the families' names. */
  readonly #taken = new Map<string, string>();
  #lastOrder = 0;
  #isInOrder = true;

  /** @param ownersOf who exposes a name since registration */
  constructor(ownersOf: (name: string) => readonly NameOwner[]) {
    this.#ownersOf = ownersOf;
  }

  /** The families, in the order of registration. */
  get families(): ScrapedFamily[] {
    const families = [...this.#byName.values()];
    return this.#isInOrder ? families : families.sort((a, b) => a.order - b.order);
  }

  /** Adds a part whose names and labels were checked at registration. */
  add({ descriptor, part }: Found, order: number): void {
    if (order < this.#lastOrder) this.#isInOrder = false;
    this.#lastOrder = order;
    const family = this.#byName.get(descriptor.name);
    if (family === undefined) {
      this.#byName.set(descriptor.name, { descriptor, parts: [part], order });
      return;
    }
    family.parts.push(part);
    if (order >= family.order) return;
    family.order = order;
    family.descriptor = descriptor;
  }

  /**
   * Adds what a collector gave at this scrape: all of it or, when a part of it clashes, nothing. What needs no check
   * comes before, so that all else is checked against the whole of it.
   *
   * @throws {RangeError} that says what clashes
   */
  addChecked(collector: Collector, found: readonly Found[], order: number): void {
    const names = new Map<string, string>();
    const keys = found.map((one) => {
      this.#checkNames(collector, one.descriptor, names);
      return this.#checkSeries(one);
    });
    for (const [i, one] of found.entries()) {
      const known = this.#byName.get(one.descriptor.name)?.keys;
      for (const key of keys[i] ?? []) known?.add(key);
      this.add(one, order);
    }
    for (const [name, family] of names) this.#taken.set(name, family);
  }

  /** @param names those that other families of the same collector take, and then also those of this one */
  #checkNames(collector: Collector, descriptor: FamilyDescriptor, names: Map<string, string>): void {
    if (names.get(descriptor.name) === descriptor.name) {
      throw new RangeError(`it returned the family "${descriptor.name}" twice.`);
    }
    for (const name of occupiedNames(descriptor)) {
      // A family may have parts of several collectors, so only other families are in its way.
      const owner = this.#ownersOf(name).find((one) => one.collector !== collector);
      const other = names.get(name) ?? this.#taken.get(name) ?? owner?.descriptor.name ?? descriptor.name;
      if (other !== descriptor.name) {
        throw new RangeError(
          `its ${descriptor.type} "${descriptor.name}" exposes the name "${name}", which "${other}" exposes already.`,
        );
      }
    }
    for (const name of occupiedNames(descriptor)) names.set(name, descriptor.name);
  }

  /** @returns the keys of the series, if they had to be compared */
  #checkSeries({ descriptor, part }: Found): ReadonlySet<string> | undefined {
    const { name, type } = descriptor;
    // Only a prefix can do that: without one, the label's name was checked with the series.
    if (
      type === "stateset" &&
      part.kind === "plain" &&
      part.family.series.some((one) => Object.hasOwn(one.labels, name))
    ) {
      throw new RangeError(`its stateset "${name}" has a series with the label "${name}", which names the states.`);
    }
    const family = this.#byName.get(name);
    if (family !== undefined && (family.descriptor.type !== type || family.descriptor.unit !== descriptor.unit)) {
      throw new RangeError(
        `its "${name}" is ${say(descriptor)}, but ${say(family.descriptor)} of that name is exposed already.`,
      );
    }
    // The labels of one part differ, but constant ones that fill in for an absent label can make them alike.
    if (family === undefined && Object.keys(part.constantLabels).length === 0) return undefined;
    const known = knownKeys(family);
    const keys = new Set<string>();
    for (const key of keysOf(part)) {
      if (known.has(key) || keys.has(key))
        throw new RangeError(`it returned a series of "${name}" that is exposed already.`);
      keys.add(key);
    }
    return keys;
  }
}

function say({ type, unit }: FamilyDescriptor): string {
  return `a ${type}${unit === undefined ? "" : ` in ${unit}`}`;
}

function knownKeys(family: Gathered | undefined): ReadonlySet<string> {
  if (family === undefined) return new Set();
  family.keys ??= new Set(family.parts.flatMap(keysOf));
  return family.keys;
}

function keysOf({ constantLabels, ...part }: FamilyPart): string[] {
  if (part.kind === "plain") {
    return part.family.series.map(({ labels }) => labelKey({ ...constantLabels, ...labels }));
  }
  const keys: string[] = [];
  const { table } = part.view.family;
  part.view.forEachRow((row) => {
    keys.push(labelKey({ ...constantLabels, ...table.labelsOf(row), ...part.view.extraLabels(row) }));
  });
  return keys;
}
