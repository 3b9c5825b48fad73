import type { HistogramSeries, LabelSet, MetricFamily, MetricType, NumberSeries } from "../model/family.ts";
import { describeMetric } from "../model/names.ts";
import { noteLine } from "./family-lines.ts";
import { HashIndex } from "./hash-index.ts";
import { showText } from "./parse-error.ts";
import type { AnySeries } from "./plain-series.ts";
import type { SampleHead } from "./sample-head.ts";
import type { SampleLabels } from "./sample-labels.ts";
import type { Part, SeriesDraft } from "./series-draft.ts";
import type { TextScanner } from "./text-scanner.ts";

/** What each type adds to the name of the family for its samples. */
export const samplesOf: { readonly [Type in MetricType]: ReadonlyMap<string, Part> } = {
  counter: new Map<string, Part>([
    ["_total", "value"],
    ["_created", "created"],
  ]),
  gauge: new Map<string, Part>([["", "value"]]),
  unknown: new Map<string, Part>([["", "value"]]),
  info: new Map<string, Part>([["_info", "value"]]),
  stateset: new Map<string, Part>([["", "state"]]),
  summary: new Map<string, Part>([
    ["", "quantile"],
    ["_sum", "sum"],
    ["_count", "count"],
    ["_created", "created"],
  ]),
  histogram: new Map<string, Part>([
    ["_bucket", "bucket"],
    ["_sum", "sum"],
    ["_count", "count"],
    ["_created", "created"],
  ]),
  gaugehistogram: new Map<string, Part>([
    ["_bucket", "bucket"],
    ["_gsum", "sum"],
    ["_gcount", "count"],
  ]),
};

const suffixes = new Set(Object.values(samplesOf).flatMap((samples) => [...samples.keys()]));

/** What a name ends in, if some type adds that to the name of the family. */
export function suffixOf(name: string): string | undefined {
  const at = name.lastIndexOf("_");
  const suffix = at < 0 ? "" : name.slice(at);
  return suffix !== "" && suffixes.has(suffix) ? suffix : undefined;
}

/** Whether a text is a type of OpenMetrics. */
export function isMetricType(text: string): text is MetricType {
  return Object.hasOwn(samplesOf, text);
}

/** A family of OpenMetrics, as far as it was read: its lines stand together, and those of each of its series too. */
export class OpenMetricsFamily {
  /** The name in its metadata: without `_total` and `_info`. */
  readonly name: string;
  /** Where its first line is. */
  readonly line: number;
  type: MetricType | undefined;
  help: string | undefined;
  unit: string | undefined;
  sampleCount = 0;
  /** The series that are complete. */
  readonly #series: AnySeries[] = [];
  /** The series of the last sample, if there was one, and the hash of its labels. */
  readonly #current: SeriesDraft;
  #currentHash = 0;
  #hasCurrent = false;
  /** All series by their labels, so that none comes back after another. */
  readonly #index = new HashIndex();

  /** @param draft one that no other family uses any more, to put each series together in */
  constructor(name: string, line: number, draft: SeriesDraft) {
    this.name = name;
    this.line = line;
    this.#current = draft;
  }

  /** What the sample at hand is to the family; nothing if the family has no samples of that name. */
  partOf(scanner: TextScanner, head: SampleHead): Part | undefined {
    for (const [suffix, part] of samplesOf[this.type ?? "unknown"]) {
      if (head.isNamed(scanner, this.name, suffix)) return part;
    }
    return undefined;
  }

  /** What its samples are called, for an error. */
  sampleNames(): string {
    return [...samplesOf[this.type ?? "unknown"].keys()].map((suffix) => showText(this.name + suffix)).join(" or ");
  }

  /** What the family is called where errors speak of it. */
  get owner(): string {
    return describeMetric(this.type ?? "unknown", this.name);
  }

  /**
   * The series that a sample is part of: the last one, or a new one, which then makes that one complete.
   *
   * @param rankLabel the place of the label that is the sample's own and not the series', or -1
   */
  draftOf(scanner: TextScanner, labels: SampleLabels, rankLabel: number, timestampMs: number | undefined): SeriesDraft {
    const current = this.#current;
    const count = labels.countWithout(rankLabel);
    const isSameSeries =
      this.#hasCurrent && count === current.labelCount && labels.hasLabels(scanner, current.labels, rankLabel);
    if (isSameSeries && current.timestampMs === timestampMs) return current;
    this.#complete(scanner);
    if (isSameSeries) {
      const { timestampMs: before } = current;
      if (before === undefined || timestampMs === undefined) {
        scanner.fail("a timestamp at all samples of a series or at none", scanner.lineStart, "both");
      }
      if (timestampMs < before) scanner.fail("no earlier time than before", scanner.lineStart, "one");
      return this.#begin(current.labels, count, timestampMs, scanner.line);
    }
    this.#currentHash = labels.hash(scanner, rankLabel);
    if (this.#hasSeries(scanner, labels, rankLabel)) {
      scanner.fail(
        `the samples of each series of ${this.owner} in one place`,
        scanner.lineStart,
        "more of an earlier one",
      );
    }
    return this.#begin(labels.labelSet(scanner, rankLabel), count, timestampMs, scanner.line);
  }

  #hasSeries(scanner: TextScanner, labels: SampleLabels, rankLabel: number): boolean {
    const hash = this.#currentHash;
    const all = this.#series;
    let at = this.#index.lastBefore(all.length, hash);
    while (at >= 0 && !labels.isSameSet(scanner, (all[at] as AnySeries).labels, rankLabel)) {
      at = this.#index.lastBefore(at, hash);
    }
    return at >= 0;
  }

  #begin(labels: LabelSet, labelCount: number, timestampMs: number | undefined, line: number): SeriesDraft {
    this.#hasCurrent = true;
    this.#index.add(this.#currentHash);
    return this.#current.begin(labels, labelCount, timestampMs, line);
  }

  /** Checks the last series, of which no more samples come, and keeps it. */
  #complete(scanner: TextScanner): void {
    if (!this.#hasCurrent) return;
    this.#check(scanner, this.#current);
    this.#series.push(seriesOf(this.type ?? "unknown", this.#current));
  }

  #check(scanner: TextScanner, draft: SeriesDraft): void {
    const refuse = (expected: string, found: string): never =>
      scanner.failAtLine(draft.line, `${expected} in a series of ${this.owner}`, found);
    switch (this.type) {
      case "counter":
        if (draft.value === undefined) refuse(`the sample ${showText(`${this.name}_total`)}`, "none");
        return;
      case "histogram":
      case "gaugehistogram":
        completeHistogram(this.type, draft, refuse);
        return;
      default:
    }
  }

  /** The whole family. */
  finish(scanner: TextScanner): MetricFamily {
    this.#complete(scanner);
    const { name, type = "unknown", help = "", unit = "", line } = this;
    const suffix = type === "counter" ? "_total" : type === "info" ? "_info" : "";
    const family = {
      name: name + suffix,
      type,
      help,
      ...(unit !== "" && { unit }),
      series: this.#series,
    } as MetricFamily;
    return noteLine(family, line);
  }
}

function completeHistogram(
  type: "histogram" | "gaugehistogram",
  { lastBucket, hasNegativeBound, count, sum }: SeriesDraft,
  refuse: (expected: string, found: string) => never,
): void {
  if (lastBucket?.bound !== Number.POSITIVE_INFINITY) refuse('a bucket "+Inf"', "none");
  if ((count === undefined) !== (sum === undefined)) {
    refuse("both count and sum, or neither,", count === undefined ? "the sum alone" : "the count alone");
  }
  if (count !== undefined && count !== lastBucket?.count) {
    refuse(`the count to be that of the bucket "+Inf", ${lastBucket?.count},`, String(count));
  }
  if (type === "histogram" && sum !== undefined && hasNegativeBound) {
    refuse("no sum beside bounds below zero", "one");
  }
  if (type === "gaugehistogram" && sum !== undefined && sum < 0 && !hasNegativeBound) {
    refuse("no negative sum without bounds below zero", String(sum));
  }
}

/** The finished series. It was checked to be complete. */
function seriesOf(type: MetricType, draft: SeriesDraft): AnySeries {
  switch (type) {
    case "counter":
    case "gauge":
    case "info":
    case "unknown":
      return draft.numberSeries() as NumberSeries;
    case "stateset":
      return draft.stateSetSeries();
    case "summary":
      return draft.summarySeries();
    case "histogram":
    case "gaugehistogram":
      return draft.histogramSeries() as HistogramSeries;
    default:
      return type satisfies never;
  }
}
