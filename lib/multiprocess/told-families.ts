import type { AggregateFamily } from "./aggregate-family.ts";
import type { Declaration } from "./declaration.ts";
import { ConflictError, type FamilySet } from "./family-set.ts";
import type { FamilySource } from "./family-source.ts";
import { type FrameVisitor, type KnownFamily, knownOf } from "./frame-reader.ts";
import { RowMap } from "./row-map.ts";

/** What is told of goes to these families. */
export interface ToldFamiliesHost {
  readonly families: FamilySet;
  /** Hears of families that can't be put together with those of others. */
  readonly refuse: (reason: "family", error: Error) => void;
  /** A family of this name has no living process any more. */
  readonly retell: (name: string) => void;
}

/** A family as the process has declared it. */
interface ToldFamily extends KnownFamily {
  rowLimit: number;
  /** Undefined when it was refused. */
  readonly family: AggregateFamily | undefined;
  readonly source: FamilySource | undefined;
  /** Where each label of the aggregated family is among those declared. */
  readonly order: readonly number[];
  /** The aggregated rows by the process's own numbers. */
  readonly rows: RowMap;
}

/**
 * The families that one process has told of, as it numbers them and their rows, and its share in those that several have.
 *
 * What takes long is done step by step, and after each step all numbers are right: none is there twice, and none that
 * counts is less than before.
 */
export class ToldFamilies {
  /** The names of those that can't be put together with those of others. */
  readonly refused = new Set<string>();
  readonly #slot: number;
  readonly #host: ToldFamiliesHost;
  readonly #told = new Map<number, ToldFamily>();
  readonly #sources = new Map<AggregateFamily, FamilySource>();
  #selected: ToldFamily | undefined;
  /** The label values that are told of, in the order of the aggregated family. */
  readonly #ordered: string[] = [];

  constructor(slot: number, host: ToldFamiliesHost) {
    this.#slot = slot;
    this.#host = host;
  }

  /** What it has told, by family. */
  get sources(): ReadonlyMap<AggregateFamily, FamilySource> {
    return this.#sources;
  }

  /** What is known of the family of a number, to read on. */
  known(id: number): KnownFamily | undefined {
    return this.#told.get(id);
  }

  /** Everything is told anew. */
  beginAll(): void {
    this.#told.clear();
    this.refused.clear();
    for (const source of this.#sources.values()) source.beginAll();
  }

  /** Everything was told; what was not told again is gone. */
  *endAll(): Iterable<void> {
    const declared = new Set([...this.#told.values()].map(({ family }) => family));
    for (const [family, source] of this.#sources) {
      if (declared.has(family)) yield* family.sweep(source);
      else yield* this.#withdraw(family, source);
    }
  }

  /** The process has ended, or starts over with another life of its own. What it has counted stays. */
  *retire(): Iterable<void> {
    for (const [family, source] of this.#sources) {
      yield* family.retire(source);
      this.#settle(family);
    }
    this.#sources.clear();
    this.#told.clear();
  }

  /** Makes room for further series of the family that is told of. */
  *grow(): Iterable<void> {
    const family = this.#selected?.family;
    if (family !== undefined) yield* family.grow();
  }

  /** What takes in a frame. @param timeMs when the process read what it tells */
  visitor(timeMs: number): FrameVisitor {
    const at = (number: number): number => this.#selected?.rows.get(number) ?? -1;
    return {
      declare: (id, declaration) => this.#told.set(id, this.#declare(declaration)),
      retract: (id) => this.#retract(id),
      select: (id) => {
        this.#selected = this.#told.get(id);
      },
      announce: (number, texts, createdMs) => this.#announce(number, texts, createdMs, timeMs),
      remove: (number) => {
        const row = at(number);
        if (this.#selected?.family === undefined || this.#selected.source === undefined || row < 0) return;
        this.#selected.family.remove(this.#selected.source, row);
        this.#selected.rows.set(number, -1);
      },
      numbers: (number, cells, values) => {
        const { family, source } = this.#selected ?? {};
        const row = at(number);
        if (row < 0 || source === undefined) return;
        family?.set(source, row, cells, values);
        family?.endRow(source, row, timeMs);
      },
      block: (number, block) => {
        const row = at(number);
        if (row >= 0) this.#selected?.family?.setBlock(this.#selected.source as FamilySource, row, block);
      },
      exemplar: (number, sample, exemplar) => {
        const row = at(number);
        if (row >= 0) this.#selected?.source?.exemplars.set(row, sample, exemplar);
      },
    };
  }

  #announce(number: number, texts: readonly string[], createdMs: number, timeMs: number): void {
    const selected = this.#selected;
    if (selected === undefined) return;
    selected.rowLimit = Math.max(selected.rowLimit, number + 1);
    const { family, source, order, rows } = selected;
    if (family === undefined || source === undefined) return;
    const before = rows.get(number);
    if (before >= 0) family.remove(source, before);
    const ordered = this.#ordered;
    ordered.length = 0;
    for (const place of order) ordered.push(texts[place] as string);
    const row = family.announce(source, ordered, createdMs);
    rows.set(number, row);
    if (row >= 0) family.endRow(source, row, timeMs);
  }

  #declare(declaration: Declaration): ToldFamily {
    const known = { ...knownOf(declaration), rows: new RowMap() };
    try {
      const family = this.#host.families.familyOf(declaration);
      let source = this.#sources.get(family);
      if (source === undefined) {
        source = family.join(this.#slot);
        this.#sources.set(family, source);
      }
      const order = family.declaration.labelNames.map((name) => declaration.labelNames.indexOf(name));
      return { ...known, family, source, order };
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      this.refused.add(error.family);
      this.#host.refuse(
        "family",
        new ConflictError(error.family, `The process in slot ${this.#slot}: ${error.message}`),
      );
      return { ...known, family: undefined, source: undefined, order: [] };
    }
  }

  /** Registrars with labels of their own may have declared one family several times, so only its own rows go. */
  *#retract(id: number): Iterable<void> {
    const { family, source, rows } = this.#told.get(id) as ToldFamily;
    this.#told.delete(id);
    if (family === undefined || source === undefined) return;
    yield* family.removeAll(source, rows.rows());
    if (![...this.#told.values()].some((other) => other.source === source)) yield* this.#withdraw(family, source);
  }

  *#withdraw(family: AggregateFamily, source: FamilySource): Iterable<void> {
    yield* family.withdraw(source);
    this.#sources.delete(family);
    this.#settle(family);
  }

  /** What is to be done when a family lost a process. */
  #settle(family: AggregateFamily): void {
    this.#host.families.tidy(family);
    if (!family.isLive) this.#host.retell(family.declaration.name);
  }
}
