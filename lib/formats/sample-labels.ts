import type { LabelSet } from "../model/family.ts";
import { labelKey } from "../model/labels.ts";
import { showText } from "./parse-error.ts";
import { strings } from "./string-table.ts";
import type { TextScanner } from "./text-scanner.ts";

/** Up to so many labels, each is compared with each. With more, that would take too long in a line of nothing but labels. */
const FEW_LABELS = 16;

// What is noted of each label: where its value begins and ends, within the quotes and from the start of the line; and the
// hashes of its name and, once that is a string, its value.
export const VALUE = 0;
export const VALUE_END = 1;
const NAME_HASH = 2;
const VALUE_HASH = 3;
export const NOTES = 4;

/**
 * The labels of a sample line: their names, and where the values stand. Values become strings when they are asked for, once
 * for all lines in a row that have the same.
 */
export class SampleLabels {
  /** How many there are. */
  count = 0;
  /** Their names. What stands behind the first {@link count} is of other lines. */
  readonly names: string[] = [];
  /** Their values, as far as they were asked for. */
  readonly #values: (string | undefined)[] = [];
  /** What is noted of each, one after the other. */
  notes: Int32Array = new Int32Array(16 * NOTES);
  /** Where the line begins. */
  start = 0;
  /** How many are not what they were in the line before, and which was the last of them. */
  #changes = 0;
  #lastChange = -1;

  /** Begins a line, with the labels of the one before. */
  begin(start: number): void {
    this.start = start;
    this.#changes = 0;
  }

  /** Notes that a value is not what it was in the line before. */
  change(index: number): void {
    this.#values[index] = undefined;
    this.#changes++;
    this.#lastChange = index;
  }

  /** Names a label, or names it anew; returns whether that changed anything. */
  rename(index: number, name: string): boolean {
    if (index * NOTES >= this.notes.length) this.#growNotes();
    if (this.names[index] === name) return false;
    this.names[index] = name;
    this.notes[index * NOTES + NAME_HASH] = strings.hashText(name);
    return true;
  }

  /** Sets a value that is at hand as a string. */
  setValue(index: number, value: string): void {
    this.change(index);
    this.#values[index] = value;
    this.notes[index * NOTES + VALUE_HASH] = strings.hashText(value);
  }

  /** The label set; without the label at `except`, if that is not negative. */
  labelSet(scanner: TextScanner, except = -1): LabelSet {
    const { count, names } = this;
    if (this.countWithout(except) === 0) return noLabels;
    const labels: Record<string, string> = {};
    for (let i = 0; i < count; i++) {
      if (i === except) continue;
      const value = this.value(scanner, i);
      const name = names[i] as string;
      if (name === "__proto__") defineProperty(labels, name, value);
      else labels[name] = value;
    }
    return labels;
  }

  /** A number that is the same for the same label set in any order, and seldom for another; without the label at `except`. */
  hash(scanner: TextScanner, except: number): number {
    let hash = 0;
    for (let i = 0; i < this.count; i++) {
      // An empty value is as good as no label.
      if (i === except || this.value(scanner, i) === "") continue;
      const note = i * NOTES;
      let label = this.notes[note + NAME_HASH] as number;
      label = Math.imul(label ^ (label >>> 15), 0x85ebca6b) ^ (this.notes[note + VALUE_HASH] as number);
      label = Math.imul(label ^ (label >>> 16), 0x85ebca6b);
      label = Math.imul(label ^ (label >>> 13), 0x9e3779b1);
      hash = (hash + (label ^ (label >>> 16))) | 0;
    }
    return hash;
  }

  /** Whether all labels but the one at `except` are those of the line before. When it says no, they may be in other places. */
  isLikeBefore(except: number): boolean {
    return this.#changes === 0 || (this.#changes === 1 && this.#lastChange === except);
  }

  /** How many labels there are, but for the one at `except`, if that is not negative. */
  countWithout(except: number): number {
    return except < 0 ? this.count : this.count - 1;
  }

  /** Whether all labels, but for the one at `except`, are among these. */
  hasLabels(scanner: TextScanner, labels: LabelSet, except: number): boolean {
    for (let i = 0; i < this.count; i++) {
      if (i === except) continue;
      const value = this.value(scanner, i);
      if (labels[this.names[i] as string] !== value) return false;
    }
    return true;
  }

  /** Whether the labels, but for the one at `except`, are the same as some others; empty ones are the same as none. */
  isSameSet(scanner: TextScanner, labels: LabelSet, except: number): boolean {
    if (this.hasLabels(scanner, labels, except) && Object.keys(labels).length === this.countWithout(except))
      return true;
    return labelKey(labels) === labelKey(this.labelSet(scanner, except));
  }

  /** The place of a label, or -1. */
  indexOf(labelName: string): number {
    for (let i = 0; i < this.count; i++) if (this.names[i] === labelName) return i;
    return -1;
  }

  /** The value of the label at a place. */
  value(scanner: TextScanner, index: number): string {
    return this.#values[index] ?? this.#makeValue(scanner, index);
  }

  /** The offset of the label's value, behind its quote. */
  valueOffset(index: number): number {
    return this.start + (this.notes[index * NOTES + VALUE] as number);
  }

  #makeValue(scanner: TextScanner, index: number): string {
    const note = index * NOTES;
    const start = this.start + (this.notes[note + VALUE] as number);
    const end = this.start + (this.notes[note + VALUE_END] as number);
    const value = strings.get(scanner, start, end);
    this.#values[index] = value;
    this.notes[note + VALUE_HASH] = strings.hash;
    return value;
  }

  #growNotes(): void {
    const notes = new Int32Array(2 * this.notes.length);
    notes.set(this.notes);
    this.notes = notes;
  }

  /** Refuses names that stand there twice, and that of the metric. */
  checkNames(scanner: TextScanner): void {
    const { names, count } = this;
    if (this.indexOf("__name__") >= 0) scanner.fail("other labels than the metric's name", this.start, '"__name__"');
    if (count > FEW_LABELS) {
      const seen = new Set<string>();
      for (let i = 0; i < count; i++) {
        if (seen.has(names[i] as string)) this.#failTwice(scanner, i);
        seen.add(names[i] as string);
      }
      return;
    }
    for (let i = 1; i < count; i++) {
      for (let j = 0; j < i; j++) if (names[i] === names[j]) this.#failTwice(scanner, i);
    }
  }

  #failTwice(scanner: TextScanner, index: number): never {
    return scanner.fail(
      "each label once",
      this.valueOffset(index) - 1,
      `${showText(this.names[index] as string)} again`,
    );
  }
}

/** What all series without labels share. */
const noLabels: LabelSet = Object.freeze({});

/** Sets a property that is assigned to has another meaning. */
function defineProperty(labels: object, name: string, value: string): void {
  Object.defineProperty(labels, name, { value, enumerable: true, writable: true, configurable: true });
}
