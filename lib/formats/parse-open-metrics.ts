import type { Exemplar, MetricFamily, MetricType } from "../model/family.ts";
import { typeLabelOf } from "./dialect.ts";
import { isMetricType, OpenMetricsFamily, samplesOf, suffixOf } from "./open-metrics-family.ts";
import { ParseError, showText } from "./parse-error.ts";
import type { ParseLimits } from "./parse-limits.ts";
import { SampleHead } from "./sample-head.ts";
import { scanExemplar, scanTimestamp } from "./scan-exemplar.ts";
import { scanNumber } from "./scan-number.ts";
import { scanRank } from "./scan-rank.ts";
import { type Part, SeriesDraft } from "./series-draft.ts";
import { HASH, NEWLINE, QUOTE, TextScanner } from "./text-scanner.ts";

/**
 * Reads OpenMetrics 1.0, with the names in quotes that Prometheus 3 added to it.
 *
 * It is as strict as the specification: whatever that forbids is an error, and the input as a whole is refused.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export class OpenMetricsParser {
  readonly scanner: TextScanner = new TextScanner({ isLenient: false, needsLastNewline: false });
  readonly #limits: Required<ParseLimits>;
  readonly #head: SampleHead;
  /** The types of the families that are done, by their names. */
  readonly #types = new Map<string, MetricType>();
  /** What their names end in, if some family adds that to its name for its samples; by what stands before. */
  readonly #endings = new Map<string, string[]>();
  #namesLeft: number;
  readonly #draft = new SeriesDraft();
  #family: OpenMetricsFamily | undefined;
  #done: MetricFamily[] = [];
  #hasEnded = false;
  /** What the last sample is to the family; nothing when another family began since. */
  #part: Part | undefined;

  constructor(limits: Required<ParseLimits>) {
    this.#limits = limits;
    this.#head = new SampleHead(limits.maxLabels);
    this.#namesLeft = limits.maxFamilies;
  }

  /** Reads the lines that are laid into the scanner. */
  read(): void {
    const { scanner } = this;
    while (scanner.nextLine()) {
      if (this.#hasEnded) scanner.fail('nothing behind "# EOF"');
      if (scanner.bytes[scanner.pos] === HASH) this.#readMetadata();
      else this.#readSample();
    }
  }

  /** Says that there are no more lines. */
  end(): void {
    if (this.#hasEnded) return;
    throw new ParseError({ line: this.scanner.line + 1, column: 1 }, '"# EOF"', "the end of the input");
  }

  /** The families that were done since this was last asked. */
  take(): MetricFamily[] {
    const done = this.#done;
    this.#done = [];
    return done;
  }

  #readMetadata(): void {
    const { scanner } = this;
    const start = scanner.pos;
    if (scanner.skip("# EOF")) {
      scanner.endLine();
      this.#finish();
      this.#hasEnded = true;
      return;
    }
    const isTypeLine = scanner.skip("# TYPE ");
    const isUnit = !isTypeLine && scanner.skip("# UNIT ");
    if (!isTypeLine && !isUnit && !scanner.skip("# HELP "))
      scanner.fail('"# TYPE", "# UNIT", "# HELP" or "# EOF"', start);
    const at = scanner.pos;
    const name = scanner.bytes[at] === QUOTE ? scanner.quoted() : scanner.metricName();
    if (name === "") scanner.fail("a metric name", at);
    if (!scanner.skip(" ")) scanner.fail("a space");
    const family = name === this.#family?.name ? this.#family : this.#begin(name, at);
    if (family.sampleCount > 0) scanner.fail(`metadata of ${family.owner} before its samples`, start, "them behind");
    if (isTypeLine) this.#readType(family, start);
    else if (isUnit) this.#readUnit(family, start);
    else {
      if (family.help !== undefined) scanner.fail(`one HELP line for ${showText(name)}`, start, "another");
      family.help = scanner.restOfText(true);
    }
  }

  #readType(family: OpenMetricsFamily, start: number): void {
    const { scanner } = this;
    if (family.type !== undefined) scanner.fail(`one TYPE line for ${showText(family.name)}`, start, "another");
    const at = scanner.pos;
    const word = scanner.restOfLine();
    family.type = isMetricType(word) ? word : this.#refuseType(word, at);
    this.#checkUnit(family, at);
  }

  #refuseType(word: string, at: number): never {
    const expected = "counter, gauge, histogram, gaugehistogram, stateset, info, summary or unknown";
    return this.scanner.fail(expected, at, showText(word));
  }

  #readUnit(family: OpenMetricsFamily, start: number): void {
    const { scanner } = this;
    if (family.unit !== undefined) scanner.fail(`one UNIT line for ${showText(family.name)}`, start, "another");
    const at = scanner.pos;
    family.unit = scanner.restOfLine();
    this.#checkUnit(family, at);
  }

  #checkUnit({ name, type, unit = "" }: OpenMetricsFamily, at: number): void {
    if (unit === "") return;
    if (type === "info" || type === "stateset") this.scanner.fail(`no unit for a family of type ${type}`, at);
    if (!name.endsWith(`_${unit}`)) this.scanner.fail(`a unit that ${showText(name)} ends in`, at);
  }

  #begin(name: string, at: number): OpenMetricsFamily {
    const { scanner } = this;
    this.#finish();
    // Names are remembered to the end of the input, so that long ones count as several.
    this.#namesLeft -= 1 + Math.floor(name.length / 1024);
    if (this.#namesLeft < 0) scanner.fail(`at most ${this.#limits.maxFamilies} families`, at, "another");
    if (this.#isTaken(name)) {
      scanner.fail("the name of a new family", at, `${showText(name)}, which another family has`);
    }
    this.#family = new OpenMetricsFamily(name, scanner.line, this.#draft);
    this.#part = undefined;
    return this.#family;
  }

  /** Whether a family that is done has some name, or gives it to its samples. */
  #isTaken(name: string): boolean {
    if (this.#types.has(name)) return true;
    const suffix = suffixOf(name);
    if (suffix === undefined) return false;
    const type = this.#types.get(name.slice(0, -suffix.length));
    return type !== undefined && samplesOf[type].has(suffix);
  }

  /** Closes the family at hand. What it is, and so which names it takes, may have been said in its last line only. */
  #finish(): void {
    const family = this.#family;
    if (family === undefined) return;
    const { name, type = "unknown" } = family;
    // Its own name was free when it began, and no suffix is the end of another one.
    const endings = this.#endings.get(name);
    if (endings !== undefined) {
      for (const suffix of samplesOf[type].keys()) {
        if (!endings.includes(suffix)) continue;
        const found = `${showText(name + suffix)}, which another family has`;
        this.scanner.failAtLine(family.line, `names of its own for ${family.owner}`, found);
      }
    }
    this.#types.set(name, type);
    const suffix = suffixOf(name);
    if (suffix !== undefined) {
      const base = name.slice(0, -suffix.length);
      this.#endings.set(base, [...(this.#endings.get(base) ?? []), suffix]);
    }
    this.#done.push(family.finish(this.scanner));
    this.#family = undefined;
  }

  #readSample(): void {
    const { scanner } = this;
    const head = this.#head;
    const at = scanner.pos;
    head.read(scanner);
    if (head.hasNewName || this.#part === undefined) this.#goTo(at);
    const family = this.#family as OpenMetricsFamily;
    // A family without metadata has samples of its own name.
    const part = this.#part as Part;
    if (!scanner.skip(" ")) scanner.fail("a space");
    const valueAt = scanner.pos;
    const value = scanNumber(scanner, "a value", part === "created" ? 3 : 0);
    let timestampMs: number | undefined;
    let exemplar: Exemplar | undefined;
    if (this.#hasMore()) {
      if (scanner.bytes[scanner.pos] !== HASH) timestampMs = scanTimestamp(scanner);
      if (timestampMs === undefined || this.#hasMore()) {
        exemplar = this.#readExemplar(family, part);
      }
    }
    if (++family.sampleCount > this.#limits.maxSamples) {
      scanner.fail(`at most ${this.#limits.maxSamples} samples of ${showText(family.name)}`, at, "another");
    }
    this.#add(family, part, value, valueAt, timestampMs, exemplar);
    scanner.endLine();
  }

  /** Whether the line goes on, for which there must be a space. */
  #hasMore(): boolean {
    if (this.scanner.bytes[this.scanner.pos] === NEWLINE) return false;
    return this.scanner.skip(" ") || this.scanner.fail("a space or the end of the line");
  }

  #readExemplar(family: OpenMetricsFamily, part: Part): Exemplar {
    const { scanner } = this;
    if (scanner.bytes[scanner.pos] !== HASH) scanner.fail("an exemplar or the end of the line");
    if (part !== "bucket" && !(part === "value" && family.type === "counter")) {
      scanner.fail(`no exemplar at ${showText(this.#head.name(scanner))}`);
    }
    return scanExemplar(scanner);
  }

  #add(
    family: OpenMetricsFamily,
    part: Part,
    value: number,
    valueAt: number,
    timestampMs: number | undefined,
    exemplar: Exemplar | undefined,
  ): void {
    const { scanner } = this;
    const head = this.#head;
    const { labels } = head;
    const fault = faultOf(family, part, value);
    if (fault !== undefined) scanner.fail(fault, valueAt);
    const label = typeLabelOf(family);
    const labelAt = label === "" ? -1 : labels.indexOf(label);
    let rank = 0;
    if (part === "bucket" || part === "quantile") {
      rank = scanRank(scanner, head, labelAt, label as "le" | "quantile");
      this.#checkRank(rank, labels.valueOffset(labelAt), exemplar);
    } else if (labelAt >= 0 !== (part === "state")) {
      const expected = part === "state" ? "the" : "no";
      scanner.fail(`${expected} label ${showText(label)} at ${showText(head.name(scanner))}`, scanner.lineStart);
    }
    const draft = family.draftOf(scanner, labels, labelAt, timestampMs);
    if (part === "bucket") this.#checkOrder(draft, rank, value, valueAt, labels.valueOffset(labelAt));
    const isNew =
      part === "state"
        ? draft.addState(labels.value(scanner, labelAt), value === 1)
        : draft.add(part, rank, value, exemplar);
    // At the same time once more is what becomes of two times that differ by less than was written.
    if (!isNew && timestampMs === undefined) scanner.fail("each sample once", scanner.lineStart, "it again");
  }

  #checkRank(rank: number, at: number, exemplar: Exemplar | undefined): void {
    const { scanner } = this;
    if (rank === Number.POSITIVE_INFINITY && !scanner.startsAt(at, '+Inf"'))
      scanner.fail('infinity spelled "+Inf"', at);
    if (exemplar !== undefined && exemplar.value > rank) {
      scanner.fail(`an exemplar of at most ${rank}, as the bucket has`, scanner.lineStart, String(exemplar.value));
    }
  }

  #checkOrder({ lastBucket }: SeriesDraft, bound: number, count: number, valueAt: number, boundAt: number): void {
    if (lastBucket === undefined) return;
    if (!(bound > lastBucket.bound)) this.scanner.fail(`a bound above ${lastBucket.bound}`, boundAt);
    if (count < lastBucket.count) this.scanner.fail(`at least ${lastBucket.count}, as in the bucket before`, valueAt);
  }

  /** Goes over to samples of another name. */
  #goTo(at: number): void {
    const { scanner } = this;
    const head = this.#head;
    let part = this.#family?.partOf(scanner, head);
    if (part === undefined) {
      const name = head.name(scanner);
      if (name === this.#family?.name) scanner.fail(`${this.#family.sampleNames()} in ${this.#family.owner}`, at);
      part = this.#begin(name, at).partOf(scanner, head);
    }
    this.#part = part;
  }
}

/** What should stand in the place of a value that the sample can't have; nothing if it can. */
function faultOf({ type }: OpenMetricsFamily, part: Part, value: number): string | undefined {
  switch (part) {
    case "bucket":
    case "count":
      return Number.isInteger(value) && value >= 0 ? undefined : "a count: an integer from 0 on";
    case "sum":
      if (Number.isNaN(value)) return "a sum that is a number";
      return value < 0 && type !== "gaugehistogram" ? "a sum that is not negative" : undefined;
    case "quantile":
      return value < 0 ? "a quantile that is not negative" : undefined;
    case "created":
      return Number.isFinite(value) ? undefined : "a timestamp in seconds";
    case "state":
      return value === 0 || value === 1 ? undefined : "0 or 1";
    case "value":
      if (type === "counter" && !(value >= 0)) return "a number from 0 on";
      return type === "info" && value !== 1 ? "1" : undefined;
    default:
      return part satisfies never;
  }
}
