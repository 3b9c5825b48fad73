import type { MetricDefinition } from "../model/collector.ts";
import type { FamilyDescriptor, LabelSet, MetricFamily } from "../model/family.ts";
import { labelKey } from "../model/labels.ts";
import type { LabelPattern } from "../storage/table-watchers.ts";
import type { Removal } from "./thread-family.ts";
import type { Part } from "./thread-part.ts";

interface Told {
  readonly texts: readonly string[];
  readonly createdMs: number;
  facts: LabelSet;
}

/**
 * An info of several threads: all that any of them tells, each thing once. What a thread told ends with it. Infos have
 * few series, so they are kept as plain data.
 */
export class ThreadInfo {
  readonly definition: MetricDefinition;
  readonly descriptor: FamilyDescriptor;
  readonly ownLabels: LabelSet;
  readonly #rows = new Map<Part, Map<number, Told>>();
  readonly #parts = new Set<Part>();

  constructor(name: string, definition: MetricDefinition, ownLabels: LabelSet) {
    this.definition = definition;
    this.descriptor = { name, type: "info", help: definition.help };
    this.ownLabels = ownLabels;
  }

  get isEmpty(): boolean {
    return [...this.#parts].every((part) => this.#rows.get(part) === undefined);
  }

  /** What is told now. */
  get series(): MetricFamily {
    const series = new Map<string, { labels: LabelSet; value: number }>();
    for (const part of [...this.#parts].sort((a, b) => a.thread - b.thread)) {
      for (const { texts, facts } of this.#rows.get(part)?.values() ?? []) {
        const own = this.definition.labelNames.map((name, i): [string, string] => [name, texts[i] as string]);
        const labels = { ...Object.fromEntries(own.filter(([, text]) => text !== "")), ...facts };
        series.set(labelKey(labels), { labels, value: 1 });
      }
    }
    return { ...this.descriptor, type: "info", series: [...series.values()] };
  }

  add(part: Part): void {
    this.#parts.add(part);
  }

  leave(part: Part): void {
    this.#parts.delete(part);
  }

  grow(): Iterable<void> {
    return [];
  }

  unlinkAll(part: Part): Iterable<void> {
    this.#rows.delete(part);
    return [];
  }

  hasRow(part: Part, row: number): boolean {
    return this.#rows.get(part)?.has(row) === true;
  }

  drop(part: Part): void {
    this.#parts.delete(part);
    this.#rows.delete(part);
  }

  link(part: Part, row: number, texts: readonly string[], createdMs: number): void {
    let rows = this.#rows.get(part);
    if (rows === undefined) {
      rows = new Map();
      this.#rows.set(part, rows);
    }
    rows.set(row, { texts, createdMs, facts: {} });
  }

  tell(part: Part, row: number, facts: LabelSet): void {
    const told = this.#rows.get(part)?.get(row);
    if (told !== undefined) told.facts = facts;
  }

  unlink(part: Part, row: number): void {
    const rows = this.#rows.get(part);
    rows?.delete(row);
    if (rows?.size === 0) this.#rows.delete(part);
  }

  wipe(pattern: LabelPattern, except: Part | undefined, onRemoval: (removal: Removal) => void): number {
    const isMeant = ({ texts }: Told) => pattern.every((text, i) => text === undefined || text === texts[i]);
    const keyOf = ({ texts }: Told) => JSON.stringify(texts);
    const exempt = except === undefined ? [] : [...(this.#rows.get(except)?.values() ?? [])].map(keyOf);
    const wiped = new Set<string>();
    for (const part of this.#parts) {
      if (part === except) continue;
      for (const [row, told] of this.#rows.get(part) ?? []) {
        if (!isMeant(told)) continue;
        wiped.add(keyOf(told));
        this.unlink(part, row);
        onRemoval({ part, row, texts: told.texts, createdMs: told.createdMs });
      }
    }
    return [...wiped].filter((key) => !exempt.includes(key)).length;
  }

  /** What a thread told ends with it. There is nothing to do step by step, as there is for other families. */
  retire(part: Part): Iterable<void> {
    this.drop(part);
    return [];
  }

  refresh(): Iterable<void> {
    return [];
  }
}
