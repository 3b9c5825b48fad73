import type { LabelSet } from "../model/family.ts";
import { showText } from "./parse-error.ts";
import { areSame, commonLength } from "./same-bytes.ts";
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

// What is noted of each label: where its value begins and ends, within the quotes and from the start of the line; and its
// hash, or 0 if that is not known yet.
const VALUE = 0;
const VALUE_END = 1;
const LABEL_HASH = 2;
const NOTES = 3;

/**
 * What a sample line begins with: the metric's name and the labels.
 *
 * Most lines begin as the line before did, and name the same labels. So the bytes of the two are compared, and only what
 * differs is read; what is known stays known. Label values become strings when they are asked for.
 */
export class SampleHead {
  /** The metric's name; the very same string as long as the name is the same. */
  name = "";
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
  /** The places of the labels in the order of their names, and what a key has of each name; empty if not known yet. */
  #order: number[] = [];
  #keys: string[] = [];

  // Of the line that was read last: when it was at hand, where it began, and how far its name and head went.
  #generation = -1;
  #start = 0;
  #nameLength = 0;
  #length = 0;
  #hasBraces = false;
  /** Whether the name stands in the braces, in quotes. */
  #isNameInBraces = false;
  readonly #maxLabels: number;
  /** Odd, and not to be guessed, so that no input can be made of label sets that all have one hash. */
  readonly #multiplier: number;

  constructor(maxLabels: number, random: () => number = Math.random) {
    this.#maxLabels = maxLabels;
    this.#multiplier = Math.floor(random() * 2 ** 32) | 1;
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
      if (pos + length >= bytes.length || !areSame(view, before + end, pos, length)) break;
      const valueStart = pos + length;
      let next = valueStart;
      let c = bytes[next] as number;
      while (c !== QUOTE && c !== BACKSLASH && c !== NEWLINE) c = bytes[++next] as number;
      if (c !== QUOTE) break;
      if (next - valueStart !== valueLength || !areSame(view, before + value, valueStart, valueLength)) {
        this.#values[i] = undefined;
        notes[note + LABEL_HASH] = 0;
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

  /** One text for each label set, as `labelKey` makes it; without the label at `except`. */
  key(scanner: TextScanner, except: number): string {
    const { count } = this;
    if (this.countWithout(except) === 0) return "";
    if (this.#order.length === 0) this.#sortNames();
    let key = "";
    for (let j = 0; j < count; j++) {
      const i = this.#order[j] as number;
      if (i === except) continue;
      const value = this.value(scanner, i);
      if (value !== "") key += `${this.#keys[j]}${value.length}:${value}`;
    }
    return key;
  }

  /** A number that is the same for the same label set in any order, and seldom for another; without the label at `except`. */
  hash(scanner: TextScanner, except: number): number {
    let hash = 0;
    for (let i = 0; i < this.count; i++) {
      if (i !== except) hash = (hash + (this.#notes[i * NOTES + LABEL_HASH] || this.#hashLabel(scanner, i))) | 0;
    }
    return hash;
  }

  /** The hash of one label; 0 for an empty value, which is as good as no label. */
  #hashLabel(scanner: TextScanner, index: number): number {
    const value = this.value(scanner, index);
    if (value === "") return 0;
    let hash = hashText(this.names[index] as string, 0, this.#multiplier);
    hash = hashText(value, Math.imul(hash ^ (hash >>> 15), 0x85ebca6b), this.#multiplier);
    // From its upper bits, which depend upon all characters, to the lower ones, which find places in tables.
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0x9e3779b1);
    hash ^= hash >>> 16;
    this.#notes[index * NOTES + LABEL_HASH] = hash;
    return hash;
  }

  #sortNames(): void {
    const { names, count } = this;
    for (let i = 0; i < count; i++) this.#order[i] = i;
    this.#order.sort((a, b) => ((names[a] as string) < (names[b] as string) ? -1 : 1));
    this.#keys = this.#order.map((i) => `${names[i]?.length}:${names[i]}`);
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
    const value = scanner.strings.get(start, end);
    this.#values[index] = value;
    return value;
  }

  #readName(scanner: TextScanner): void {
    const { bytes } = scanner;
    this.#isNameInBraces = bytes[scanner.pos] === OPEN_BRACE;
    let name: string;
    if (this.#isNameInBraces) {
      scanner.pos++;
      if (scanner.dialect.isLenient) scanner.skipBlanks();
      const at = scanner.pos;
      if (bytes[at] !== QUOTE) scanner.fail("a metric name in quotes");
      name = scanner.quoted();
      if (name === "") scanner.fail("a metric name", at);
    } else {
      name = scanner.metricName();
    }
    if (name !== this.name) this.name = name;
    this.#nameLength = scanner.pos - this.#start;
  }

  /** Reads on behind the name, or behind the first `kept` labels. */
  #readLabels(scanner: TextScanner, kept: number): void {
    const { bytes } = scanner;
    const { isLenient } = scanner.dialect;
    const countBefore = this.count;
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
    if (this.count !== countBefore || this.#namesChanged) this.#order.length = 0;
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
    if (this.names[i] !== name) {
      if (name === "") scanner.fail("a label name", at);
      this.names[i] = name;
      this.#namesChanged = true;
    }
    if (isLenient) scanner.skipBlanks();
    if (bytes[scanner.pos] !== EQUALS) scanner.fail('"="');
    scanner.pos++;
    if (isLenient) scanner.skipBlanks();
    if (bytes[scanner.pos] !== QUOTE) scanner.fail("a label value in quotes");
    const note = i * NOTES;
    if (note >= this.#notes.length) this.#growNotes();
    this.#notes[note + VALUE] = scanner.pos + 1 - this.#start;
    this.#notes[note + LABEL_HASH] = 0;
    this.#values[i] = scanner.quoted();
    this.#notes[note + VALUE_END] = scanner.pos - 1 - this.#start;
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

/** A polynomial of the characters, computed modulo 2^32. */
function hashText(text: string, start: number, multiplier: number): number {
  let hash = start + text.length;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, multiplier) + text.charCodeAt(i)) | 0;
  return hash;
}

/** Sets a property that is assigned to has another meaning. */
function defineProperty(labels: object, name: string, value: string): void {
  Object.defineProperty(labels, name, { value, enumerable: true, writable: true, configurable: true });
}
