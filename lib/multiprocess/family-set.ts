import { occupiedNames } from "../model/names.ts";
import type { ColumnFamily } from "../storage/column-family.ts";
import { AggregateFamily } from "./aggregate-family.ts";
import { type Declaration, layoutOf } from "./declaration.ts";

/** A family can't be put together with one that other processes have. */
export class ConflictError extends Error {
  override readonly name = "ConflictError";
  /** The name of the family. */
  readonly family: string;

  constructor(family: string, message: string) {
    super(message);
    this.family = family;
  }
}

/** The families of several processes, by name and label names. */
export class FamilySet {
  readonly #families = new Map<string, AggregateFamily>();
  readonly #byName = new Map<string, readonly AggregateFamily[]>();
  /** Every name that is exposed, and the family that exposes it. */
  readonly #owners = new Map<string, string>();
  readonly #isHeard: (slot: number) => boolean;

  /** @param isHeard whether a process was heard of lately */
  constructor(isHeard: (slot: number) => boolean) {
    this.#isHeard = isHeard;
  }

  /** Those that have a series. */
  get columns(): ColumnFamily[] {
    return [...this.#families.values()].map(({ columns }) => columns).filter(({ table }) => table.size > 0);
  }

  /** All of them. */
  [Symbol.iterator](): Iterator<AggregateFamily> {
    return this.#families.values();
  }

  /**
   * The family of a declaration; made if there is none.
   *
   * @throws {ConflictError} when a living process has one of the name that differs in more than help and labels
   */
  familyOf(declaration: Declaration): AggregateFamily {
    const { name } = declaration;
    const layout = layoutOf(declaration);
    for (const known of this.#ofName(name)) {
      if (known.layout === layout) continue;
      if (this.#ofName(name).some((one) => one.isLive)) throw conflict(declaration, known.declaration);
      // Nobody alive has it any more: after an update of the program the new declaration counts.
      this.#delete(known);
    }
    for (const occupied of occupiedNames(declaration)) {
      const owner = this.#owners.get(occupied);
      if (owner === undefined || owner === name) continue;
      throw new ConflictError(name, `its ${declaration.type} "${name}" exposes "${occupied}", as "${owner}" does.`);
    }
    const key = keyOf(declaration);
    let family = this.#families.get(key);
    if (family === undefined) {
      family = new AggregateFamily(declaration, this.#isHeard);
      this.#families.set(key, family);
      this.#byName.set(name, [...this.#ofName(name), family]);
      for (const occupied of occupiedNames(declaration)) this.#owners.set(occupied, name);
    }
    return family;
  }

  /** Forgets a family that nobody has any more. */
  tidy(family: AggregateFamily): void {
    if (family.isEmpty) this.#delete(family);
  }

  #delete(family: AggregateFamily): void {
    const { name } = family.declaration;
    const others = this.#ofName(name).filter((one) => one !== family);
    this.#families.delete(keyOf(family.declaration));
    this.#byName.set(name, others);
    if (others.length > 0) return;
    this.#byName.delete(name);
    for (const occupied of occupiedNames(family.declaration)) this.#owners.delete(occupied);
  }

  #ofName(name: string): readonly AggregateFamily[] {
    return this.#byName.get(name) ?? [];
  }
}

function keyOf({ name, labelNames }: Declaration): string {
  return JSON.stringify([name, ...[...labelNames].sort()]);
}

function conflict(given: Declaration, known: Declaration): ConflictError {
  return new ConflictError(
    given.name,
    `its ${say(given)} "${given.name}" can't be put together with the ${say(known)} that other processes have.`,
  );
}

function say({ type, unit, aggregator, details }: Declaration): string {
  const { buckets, percentiles, maxAgeSeconds, states } = details;
  const parts = [
    unit !== undefined && `in ${unit}`,
    aggregator !== "sum" && `aggregated by ${aggregator}`,
    buckets !== undefined && `with the bounds ${buckets.slice(0, 20).join(", ")}`,
    percentiles !== undefined && `with the quantiles ${percentiles.slice(0, 20).join(", ")}`,
    maxAgeSeconds !== undefined && `over ${maxAgeSeconds} s`,
    states !== undefined && `with the states ${states.slice(0, 20).join(", ")}`,
  ].filter((part) => part !== false);
  return [type, ...parts].join(" ");
}
