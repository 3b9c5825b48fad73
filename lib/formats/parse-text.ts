import type { MetricFamily, MetricType } from "../model/family.ts";
import { showText } from "./parse-error.ts";
import type { ParseLimits } from "./parse-limits.ts";
import { SampleHead } from "./sample-head.ts";
import { scanInteger, scanNumber } from "./scan-number.ts";
import { scanRank } from "./scan-rank.ts";
import type { SamplePart } from "./series-draft.ts";
import { SeriesJoiner } from "./series-joiner.ts";
import { makeNumberSeries } from "./series-shapes.ts";
import { TextFamily } from "./text-family.ts";
import { HASH, NEWLINE, QUOTE, SPACE, TAB, TextScanner } from "./text-scanner.ts";

/** What the format calls the types that it has. */
const typeWords: ReadonlyMap<string, MetricType> = new Map<string, MetricType>([
  ["counter", "counter"],
  ["gauge", "gauge"],
  ["histogram", "histogram"],
  ["summary", "summary"],
  ["untyped", "unknown"],
]);

/** A type by its word, in any case. Most are spelled as they should be. */
function typeOf(word: string): MetricType | undefined {
  return typeWords.get(word) ?? typeWords.get(word.trimEnd().toLowerCase());
}

/** What histograms, and summaries but for the first, add to their names. */
const suffixes = ["_bucket", "_sum", "_count"];

/** What a name ends in, if that is one of them. */
function suffixOf(name: string): string | undefined {
  for (const suffix of suffixes) if (name.endsWith(suffix)) return suffix;
  return undefined;
}

/**
 * Reads the Prometheus text format: 0.0.4, and 1.0.0 with its names in quotes, which readers take in either.
 *
 * It is as lenient as the format is: blanks between any two tokens, empty lines, comments, the samples of a series in
 * any order.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export class TextParser {
  readonly scanner: TextScanner = new TextScanner({ isLenient: true, escapes: '\\"n', needsLastNewline: true });
  readonly #limits: Required<ParseLimits>;
  readonly #joins: boolean;
  readonly #head: SampleHead;
  readonly #joiner = new SeriesJoiner();
  /** By each name that a family has or gives its samples. */
  readonly #names = new Map<string, TextFamily>();
  readonly #families: TextFamily[] = [];
  #namesLeft: number;
  #done: MetricFamily[] = [];
  /** What the last sample is. */
  #family: TextFamily | undefined;
  #part: SamplePart = "value";
  /** The family that metadata were about last. */
  #described: TextFamily | undefined;
  /** The last histogram or summary that was declared, if it gives its samples all the names that it can. */
  #declared: TextFamily | undefined;
  /** The names of which some family has a name with a suffix, though it is none of their samples. */
  readonly #bases = new Set<string>();

  /**
   * @param joins whether families are kept to the end of the input, so that lines that stand apart come together; if not,
   *   a family is done when another one's samples come, and what comes of it later is a further part of the same name
   */
  constructor(limits: Required<ParseLimits>, joins: boolean) {
    this.#limits = limits;
    this.#joins = joins;
    this.#head = new SampleHead(limits.maxLabels);
    this.#namesLeft = limits.maxFamilies;
  }

  /** Reads the lines that are laid into the scanner. */
  read(): void {
    const { scanner } = this;
    while (scanner.nextLine()) {
      scanner.skipBlanks();
      const c = scanner.bytes[scanner.pos];
      if (c === HASH) this.#readComment();
      else if (c === NEWLINE) scanner.endLine();
      else this.#readSample();
    }
  }

  /** Says that there are no more lines. */
  end(): void {
    this.#joiner.leave();
    for (const family of this.#families) this.#finish(family);
  }

  /** The families that were done since this was last asked. */
  take(): MetricFamily[] {
    const done = this.#done;
    this.#done = [];
    return done;
  }

  #readComment(): void {
    const { scanner } = this;
    scanner.pos++;
    scanner.skipBlanks();
    const isHelp = scanner.skip("HELP");
    const isMetadata = isHelp || scanner.skip("TYPE");
    // With nothing behind the word it is a comment like any other.
    if (!isMetadata || !this.#skipBlank() || scanner.bytes[scanner.pos] === NEWLINE) {
      scanner.skipLine();
      return;
    }
    const at = scanner.pos;
    const name = scanner.bytes[at] === QUOTE ? scanner.quoted() : scanner.metricName();
    if (name === "") scanner.fail("a metric name", at);
    const isBlank = isHelp ? this.#skipOneBlank() : this.#skipBlank();
    // Without a text or type, it says nothing.
    if (scanner.bytes[scanner.pos] === NEWLINE) {
      scanner.endLine();
      return;
    }
    if (!isBlank) scanner.fail("a blank after the metric name");
    const family = this.#describe(name, at);
    if (isHelp) this.#readHelp(family, at);
    else this.#readType(family, at);
  }

  /** Goes over blanks; returns whether there are any. */
  #skipBlank(): boolean {
    const start = this.scanner.pos;
    this.scanner.skipBlanks();
    return this.scanner.pos > start;
  }

  /** Goes over the blank before a help text. What blanks come then are the beginning of the text. */
  #skipOneBlank(): boolean {
    const { scanner } = this;
    const isBlank = scanner.bytes[scanner.pos] === SPACE || scanner.bytes[scanner.pos] === TAB;
    if (isBlank) scanner.pos++;
    return isBlank;
  }

  #readHelp(family: TextFamily, at: number): void {
    const { scanner } = this;
    if (family.help !== undefined) scanner.fail(`one HELP line for ${showText(family.name)}`, at, "another");
    family.help = scanner.restOfText(false);
  }

  #readType(family: TextFamily, at: number): void {
    const { scanner } = this;
    if (family.type !== undefined) scanner.fail(`one TYPE line for ${showText(family.name)}`, at, "another");
    if (family.hasSamples) {
      scanner.fail(`the TYPE line of ${showText(family.name)} before its samples`, at, "it behind them");
    }
    const wordAt = scanner.pos;
    family.type = typeOf(scanner.restOfLine());
    if (family.type === undefined) scanner.fail("counter, gauge, histogram, summary or untyped", wordAt);
    if ((family.type === "histogram" || family.type === "summary") && !this.#bases.has(family.name)) {
      this.#declared = family;
    }
  }

  /** The family of samples of a name. A name that no family has may be one that a histogram or summary gives to a sample. */
  #find(name: string): TextFamily | undefined {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const suffix = suffixOf(name);
    if (suffix === undefined) return undefined;
    const family = this.#names.get(name.slice(0, -suffix.length));
    if (family === undefined || family.partOf(suffix) === undefined) return undefined;
    this.#names.set(name, family);
    return family;
  }

  /**
   * The suffix of the sample at hand, if it is one of the histogram or summary that was declared last: most follow their
   * TYPE line, and need no search.
   */
  #suffixOfDeclared(): string | undefined {
    if (this.#declared === undefined) return undefined;
    for (const suffix of suffixes) {
      if (this.#head.isNamed(this.scanner, this.#declared.name, suffix)) return suffix;
    }
    return undefined;
  }

  /** The family that metadata are about. */
  #describe(name: string, at: number): TextFamily {
    if (this.#described?.name === name) return this.#described;
    const family = this.#find(name) ?? this.#begin(name);
    if (family.name !== name) {
      this.scanner.fail("the name of a family", at, `${showText(name)}, which is a sample of ${family.owner}`);
    }
    this.#described = family;
    return family;
  }

  #begin(name: string): TextFamily {
    const { scanner } = this;
    // Names are remembered to the end of the input, so that long ones count as several.
    this.#namesLeft -= 1 + Math.floor(name.length / 1024);
    if (this.#namesLeft < 0) {
      scanner.fail(`at most ${this.#limits.maxFamilies} families`, scanner.lineStart, "another");
    }
    const family = new TextFamily(name, scanner.line);
    this.#names.set(name, family);
    const suffix = suffixOf(name);
    if (suffix !== undefined) this.#bases.add(name.slice(0, -suffix.length));
    this.#families.push(family);
    return family;
  }

  #readSample(): void {
    const { scanner } = this;
    const head = this.#head;
    const at = scanner.pos;
    head.read(scanner);
    if (head.hasNewName) this.#goTo(at);
    const family = this.#family as TextFamily;
    const part = this.#part;
    scanner.skipBlanks();
    const value = scanNumber(scanner, "a value");
    if (scanner.bytes[scanner.pos] !== NEWLINE) scanner.skipBlanks();
    let timestampMs: number | undefined;
    if (scanner.bytes[scanner.pos] !== NEWLINE) {
      timestampMs = scanInteger(scanner, "a timestamp in milliseconds");
      scanner.skipBlanks();
    }
    if (++family.sampleCount > this.#limits.maxSamples) {
      scanner.fail(`at most ${this.#limits.maxSamples} samples of ${showText(family.name)}`, at, "another");
    }
    if (part === "value") {
      const labels = head.labels.labelSet(scanner);
      family.addNumber(timestampMs === undefined ? makeNumberSeries(labels, value) : { labels, value, timestampMs });
    } else {
      this.#addPart(family, part, value, timestampMs);
    }
    scanner.endLine();
  }

  #addPart(family: TextFamily, part: SamplePart, value: number, timestampMs: number | undefined): void {
    const { scanner } = this;
    const head = this.#head;
    const { labels } = head;
    const { type } = family;
    const label = type === "histogram" ? "le" : "quantile";
    const labelAt = labels.indexOf(label);
    let rank = 0;
    if (part === "bucket" || part === "quantile") {
      rank = scanRank(scanner, head, labelAt, label);
    } else if (labelAt >= 0) {
      scanner.fail(`no label "${label}" at ${showText(head.name(scanner))}`, labels.valueOffset(labelAt) - 1, "it");
    }
    const joiner = this.#joiner;
    const draft = joiner.draftOf(family.sampled, scanner, labels, labelAt, timestampMs);
    if (!draft.add(part, rank, value)) joiner.repeat(draft, scanner.line).add(part, rank, value);
  }

  /** Goes over to samples of another name. */
  #goTo(at: number): void {
    const before = this.#family;
    let family = this.#declared;
    let suffix = this.#suffixOfDeclared();
    let part = suffix === undefined ? undefined : family?.partOf(suffix);
    if (family === undefined || part === undefined) {
      const name = this.#head.name(this.scanner);
      family = this.#find(name) ?? this.#begin(name);
      suffix = name.slice(family.name.length);
      part = family.partOf(suffix);
      if (part === undefined) {
        this.scanner.fail(`_bucket, _sum or _count in a sample of ${family.owner}`, at, showText(name));
      }
    }
    this.#family = family;
    this.#part = part;
    family.hasSamples = true;
    if (before === undefined || before === family) return;
    this.#joiner.leave();
    if (!this.#joins) this.#finish(before);
  }

  #finish(family: TextFamily): void {
    const done = family.take();
    if (done !== undefined) this.#done.push(done);
  }
}
