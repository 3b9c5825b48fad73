import type { LabelSet } from "../model/family.ts";
import { labelKey } from "../model/labels.ts";
import { showText } from "./parse-error.ts";
import { areSame, commonLength } from "./same-bytes.ts";
import { strings } from "./string-table.ts";
import {
  BACKSLASH,
  CLOSE_BRACE,
  COMMA,
  EQUALS,
  NEWLINE,
  OPEN_BRACE,
  QUOTE,
  SPACE,
  type TextScanner,
} from "./text-scanner.ts";

/** Up to so many labels, each is compared with each. With more, that would take too long in a line of nothing but labels. */
const FEW_LABELS = 16;

// What is noted of each label: where its value begins and ends, within the quotes and from the start of the line; and the
// hashes of its name and, once that is a string, its value.
const VALUE = 0;
const VALUE_END = 1;
const NAME_HASH = 2;
const VALUE_HASH = 3;
const NOTES = 4;

/**
 * What a sample line begins with: the metric's name and the labels.
 *
 * Most lines begin as the line before did, and name the same labels. So the bytes of the two are compared, and only what
 * differs is read; what is known stays known. Label values become strings when they are asked for.
 */
export class SampleHead {
  /** Whether the metric's name is not the one of the line before, as far as was looked. */
  hasNewName = true;
  /** The metric's name, once it was asked for. */
  #name: string | undefined;
  /** How many labels there are. */
  count = 0;
  /** The names of the labels. What stands behind the first {@link count} is of other lines. */
  readonly names: string[] = [];
  /** Their values, as far as they were asked for. */
  readonly #values: (string | undefined)[] = [];
  #notes = new Int32Array(16 * NOTES);
  /** How many labels are not what they were in the line before, and which was the last of them. */
  #changes = 0;
  #lastChange = -1;
  #namesChanged = false;

  // Of the line that was read last: when it was at hand, where it began, and how far its name and head went.
  #generation = -1;
  #start = 0;
  #nameLength = 0;
  #length = 0;
  #hasBraces = false;
  /** Whether the name stands in the braces, in quotes. */
  #isNameInBraces = false;
  readonly #maxLabels: number;

  constructor(maxLabels: number) {
    this.#maxLabels = maxLabels;
  }

  /** Reads the head that begins at the scanner's place, and goes behind it. */
  read(scanner: TextScanner): void {
    const start = scanner.pos;
    const before = this.#start;
    const isNearby = this.#generation === scanner.generation;
    const limit = Math.min(this.#length + 1, scanner.bytes.length - start);
    const common = isNearby ? commonLength(scanner.view, before, start, limit) : 0;
    this.#generation = scanner.generation;
    this.#start = start;
    this.#changes = 0;
    this.hasNewName = false;
    if (this.#hasBraces && common >= this.#length) {
      scanner.pos = start + this.#length;
      return;
    }
    const nameLength = this.#nameLength;
    if (isNearby && (this.#isNameInBraces ? common >= nameLength : common > nameLength)) {
      scanner.pos = start + nameLength;
    } else {
      this.#readName(scanner);
    }
    const kept = isNearby && this.#hasBraces ? this.#readAlike(scanner, before, nameLength, common) : 0;
    if (kept >= 0) this.#readLabels(scanner, kept);
    this.#length = scanner.pos - start;
  }

  /**
   * Reads labels, from behind the name, as long as they have the names of those in the line before.
   *
   * @param nameLength how far the name went in the line before
   * @param common how many bytes the lines have in common at their beginning
   * @returns how many labels, or -1 if the head ended behind them
   */
  #readAlike(scanner: TextScanner, before: number, nameLength: number, common: number): number {
    const { bytes, view } = scanner;
    const start = this.#start;
    const notes = this.#notes;
    const known = this.count;
    let i = 0;
    while (i < known && (notes[i * NOTES + VALUE_END] as number) < common) i++;
    // Where the last token ended: in the line before, counted from its start, and in this one. Of a label, the quote.
    let end = i === 0 ? nameLength : (notes[(i - 1) * NOTES + VALUE_END] as number);
    let pos = i === 0 ? scanner.pos : start + end;
    for (; i < known; i++) {
      const note = i * NOTES;
      const value = notes[note + VALUE] as number;
      const valueLength = (notes[note + VALUE_END] as number) - value;
      // All that is between two values at once: comma, name, equals sign.
      const length = value - end;
      if (pos + length >= bytes.length || !areSame(view, before + end, view, pos, length)) break;
      const valueStart = pos + length;
      let next = valueStart;
      let c = bytes[next] as number;
      while (c !== QUOTE && c !== BACKSLASH && c !== NEWLINE) c = bytes[++next] as number;
      if (c !== QUOTE) break;
      if (next - valueStart !== valueLength || !areSame(view, before + value, view, valueStart, valueLength)) {
        this.#values[i] = undefined;
        this.#changes++;
        this.#lastChange = i;
      }
      end = value + valueLength;
      pos = next;
      notes[note + VALUE] = valueStart - start;
      notes[note + VALUE_END] = next - start;
    }
    scanner.pos = i === 0 ? pos : pos + 1;
    if (i === 0 || i < known || bytes[pos + 1] !== CLOSE_BRACE) return i;
    scanner.pos++;
    return -1;
  }

  /** The label set; without the label at `except`, if that is not negative. */
  labels(scanner: TextScanner, except = -1): LabelSet {
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
      let label = this.#notes[note + NAME_HASH] as number;
      label = Math.imul(label ^ (label >>> 15), 0x85ebca6b) ^ (this.#notes[note + VALUE_HASH] as number);
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
    return labelKey(labels) === labelKey(this.labels(scanner, except));
  }

  /** The metric's name. */
  name(scanner: TextScanner): string {
    this.#name ??= strings.get(scanner, this.#start, this.#start + this.#nameLength);
    return this.#name;
  }

  /** Whether the metric's name is that of a family with some suffix. */
  isNamed(scanner: TextScanner, family: string, suffix: string): boolean {
    if (this.#isNameInBraces) return this.#name === family + suffix;
    const { length } = family;
    return (
      this.#nameLength === length + suffix.length &&
      scanner.startsAt(this.#start + length, suffix) &&
      scanner.startsAt(this.#start, family)
    );
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
    return this.#start + (this.#notes[index * NOTES + VALUE] as number);
  }

  #makeValue(scanner: TextScanner, index: number): string {
    const note = index * NOTES;
    const start = this.#start + (this.#notes[note + VALUE] as number);
    const end = this.#start + (this.#notes[note + VALUE_END] as number);
    const value = strings.get(scanner, start, end);
    this.#values[index] = value;
    this.#notes[note + VALUE_HASH] = strings.hash;
    return value;
  }

  #readName(scanner: TextScanner): void {
    const { bytes } = scanner;
    this.hasNewName = true;
    this.#name = undefined;
    this.#isNameInBraces = bytes[scanner.pos] === OPEN_BRACE;
    if (this.#isNameInBraces) {
      scanner.pos++;
      if (scanner.dialect.isLenient) scanner.skipBlanks();
      const at = scanner.pos;
      if (bytes[at] !== QUOTE) scanner.fail("a metric name in quotes");
      this.#name = scanner.quoted();
      if (this.#name === "") scanner.fail("a metric name", at);
    } else {
      scanner.skipMetricName();
    }
    this.#nameLength = scanner.pos - this.#start;
  }

  /** Reads on behind the name, or behind the first `kept` labels. */
  #readLabels(scanner: TextScanner, kept: number): void {
    const { bytes } = scanner;
    const { isLenient } = scanner.dialect;
    this.count = kept;
    this.#namesChanged = false;
    if (kept === 0 && !this.#isNameInBraces) {
      if (isLenient) scanner.skipBlanks();
      this.#hasBraces = bytes[scanner.pos] === OPEN_BRACE;
      if (!this.#hasBraces) return;
      scanner.pos++;
      if (isLenient) scanner.skipBlanks();
      if (bytes[scanner.pos] !== CLOSE_BRACE) this.#readLabel(scanner);
    }
    this.#hasBraces = true;
    for (;;) {
      if (isLenient) scanner.skipBlanks();
      if (bytes[scanner.pos] === CLOSE_BRACE) break;
      if (bytes[scanner.pos] !== COMMA) scanner.fail('"," or "}"');
      scanner.pos++;
      if (isLenient) {
        scanner.skipBlanks();
        if (bytes[scanner.pos] === CLOSE_BRACE) break;
      } else if (this.#isNameInBraces && bytes[scanner.pos] === SPACE) {
        // OpenMetrics has no names in braces; where they were added to it, they came with this space.
        scanner.pos++;
      }
      this.#readLabel(scanner);
    }
    if (this.#namesChanged) this.#checkNames(scanner);
    scanner.pos++;
  }

  #readLabel(scanner: TextScanner): void {
    const { bytes } = scanner;
    const { isLenient } = scanner.dialect;
    const i = this.count++;
    const at = scanner.pos;
    if (i >= this.#maxLabels) scanner.fail(`at most ${this.#maxLabels} labels`, at, "another");
    const name = bytes[at] === QUOTE ? scanner.quoted() : scanner.labelName();
    const note = i * NOTES;
    if (note >= this.#notes.length) this.#growNotes();
    if (this.names[i] !== name) {
      if (name === "") scanner.fail("a label name", at);
      this.names[i] = name;
      this.#notes[note + NAME_HASH] = strings.hashText(name);
      this.#namesChanged = true;
    }
    if (isLenient) scanner.skipBlanks();
    if (bytes[scanner.pos] !== EQUALS) scanner.fail('"="');
    scanner.pos++;
    if (isLenient) scanner.skipBlanks();
    if (bytes[scanner.pos] !== QUOTE) scanner.fail("a label value in quotes");
    this.#notes[note + VALUE] = scanner.pos + 1 - this.#start;
    const value = scanner.quoted();
    this.#values[i] = value;
    this.#notes[note + VALUE_END] = scanner.pos - 1 - this.#start;
    this.#notes[note + VALUE_HASH] = strings.hashText(value);
    this.#changes++;
    this.#lastChange = i;
  }

  #growNotes(): void {
    const notes = new Int32Array(2 * this.#notes.length);
    notes.set(this.#notes);
    this.#notes = notes;
  }

  #checkNames(scanner: TextScanner): void {
    const { names, count } = this;
    if (this.indexOf("__name__") >= 0) scanner.fail("other labels than the metric's name", this.#start, '"__name__"');
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
