import { areSame, commonLength } from "./same-bytes.ts";
import { NOTES, SampleLabels, VALUE, VALUE_END } from "./sample-labels.ts";
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

/**
 * What a sample line begins with: the metric's name and the labels.
 *
 * Most lines begin as the line before did, and name the same labels. So the bytes of the two are compared, and only what
 * differs is read; what is known stays known.
 */
export class SampleHead {
  /** Whether the metric's name is not the one of the line before, as far as was looked. */
  hasNewName = true;
  /** The metric's name, once it was asked for. */
  #name: string | undefined;
  readonly labels: SampleLabels = new SampleLabels();
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
    this.labels.begin(start);
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
    const { notes, count: known } = this.labels;
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
        this.labels.change(i);
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
    this.labels.count = kept;
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
    if (this.#namesChanged) this.labels.checkNames(scanner);
    scanner.pos++;
  }

  #readLabel(scanner: TextScanner): void {
    const { bytes } = scanner;
    const { isLenient } = scanner.dialect;
    const { labels } = this;
    const i = labels.count++;
    const at = scanner.pos;
    if (i >= this.#maxLabels) scanner.fail(`at most ${this.#maxLabels} labels`, at, "another");
    const name = bytes[at] === QUOTE ? scanner.quoted() : scanner.labelName();
    if (labels.rename(i, name)) {
      if (name === "") scanner.fail("a label name", at);
      this.#namesChanged = true;
    }
    if (isLenient) scanner.skipBlanks();
    if (bytes[scanner.pos] !== EQUALS) scanner.fail('"="');
    scanner.pos++;
    if (isLenient) scanner.skipBlanks();
    if (bytes[scanner.pos] !== QUOTE) scanner.fail("a label value in quotes");
    labels.notes[i * NOTES + VALUE] = scanner.pos + 1 - this.#start;
    labels.setValue(i, scanner.quoted());
    labels.notes[i * NOTES + VALUE_END] = scanner.pos - 1 - this.#start;
  }
}
