import type { LabelSet, MetricFamily, MetricType, NumberSeries } from "../model/family.ts";
import { describeMetric } from "../model/names.ts";
import { noteLine } from "./family-lines.ts";
import { HashIndex } from "./hash-index.ts";
import { ParseError } from "./parse-error.ts";
import type { SampleHead } from "./sample-head.ts";
import { SeriesDraft } from "./series-draft.ts";
import { strings } from "./string-table.ts";
import type { TextScanner } from "./text-scanner.ts";

/** A family of the Prometheus text format, as far as it was read. Its lines may come in any order. */
export class TextFamily {
  readonly name: string;
  /** Where its first line is. */
  readonly line: number;
  type: MetricType | undefined;
  help: string | undefined;
  /** Whether it ever had any. */
  hasSamples = false;
  /** How many samples it has now. */
  sampleCount = 0;
  #isTaken = false;
  #numbers: NumberSeries[] | undefined;
  /** The series that take several lines, in the order of their first ones. */
  #drafts: SeriesDraft[] | undefined;
  /** Those, by the hashes of label set and timestamp. */
  #index = new HashIndex();
  /** The series of the last sample, if that was the last line too, and the place of `le` or `quantile` in it. */
  #current: SeriesDraft | undefined;
  #currentRank = -1;
  #currentHash = 0;

  constructor(name: string, line: number) {
    this.name = name;
    this.line = line;
  }

  /** Adds a series that is one number. */
  addNumber(series: NumberSeries): void {
    // An array that begins with one place takes less memory than one that grows from none, and most families have one series.
    if (this.#numbers === undefined) this.#numbers = [series];
    else this.#numbers.push(series);
  }

  /**
   * The series that a sample is part of.
   *
   * @param head what the sample's line begins with
   * @param rankLabel the place of `le` or `quantile` among the labels, or -1
   */
  draftOf(scanner: TextScanner, head: SampleHead, rankLabel: number, timestampMs: number | undefined): SeriesDraft {
    const current = this.#current;
    const isLikeBefore = rankLabel === this.#currentRank && head.isLikeBefore(rankLabel);
    this.#currentRank = rankLabel;
    if (
      current !== undefined &&
      current.timestampMs === timestampMs &&
      head.countWithout(rankLabel) === current.labelCount &&
      (isLikeBefore || head.hasLabels(scanner, current.labels, rankLabel))
    ) {
      return current;
    }
    this.#currentHash = head.hash(scanner, rankLabel);
    if (timestampMs !== undefined) this.#currentHash ^= strings.hashText(String(timestampMs));
    this.#current =
      this.#find(scanner, head, rankLabel, timestampMs) ??
      this.#begin(head.labels(scanner, rankLabel), head.countWithout(rankLabel), timestampMs, scanner.line);
    return this.#current;
  }

  #find(
    scanner: TextScanner,
    head: SampleHead,
    rankLabel: number,
    timestampMs: number | undefined,
  ): SeriesDraft | undefined {
    if (this.#drafts === undefined) return undefined;
    for (let at = this.#drafts.length; ; ) {
      at = this.#index.lastBefore(at, this.#currentHash);
      const draft = this.#drafts[at];
      if (draft === undefined) return undefined;
      if (draft.timestampMs === timestampMs && head.isSameSet(scanner, draft.labels, rankLabel)) return draft;
    }
  }

  /** Begins the series of the last sample once more, for whoever looks for duplicates to find. */
  repeat({ labels, labelCount, timestampMs }: SeriesDraft, line: number): SeriesDraft {
    this.#current = this.#begin(labels, labelCount, timestampMs, line);
    return this.#current;
  }

  #begin(labels: LabelSet, labelCount: number, timestampMs: number | undefined, line: number): SeriesDraft {
    const draft = new SeriesDraft().begin(labels, labelCount, timestampMs, line);
    if (this.#drafts === undefined) this.#drafts = [draft];
    else this.#drafts.push(draft);
    this.#index.add(this.#currentHash);
    return draft;
  }

  /** Says that the next line is one of another family, so that no line before it says anything of what comes here. */
  leave(): void {
    this.#current = undefined;
  }

  /** The family with the series that came since it was last taken; nothing if it was taken and none came. */
  take(): MetricFamily | undefined {
    if (this.#isTaken && this.sampleCount === 0) return undefined;
    const { name, type = "unknown", help = "" } = this;
    const series = this.#takeSeries(type);
    this.#isTaken = true;
    this.sampleCount = 0;
    this.#numbers = undefined;
    this.#drafts = undefined;
    this.#index = new HashIndex();
    this.#current = undefined;
    return noteLine({ name, type, help, series } as MetricFamily, this.line);
  }

  #takeSeries(type: MetricType): readonly unknown[] {
    switch (type) {
      case "histogram":
        return (this.#drafts ?? []).map((draft) => draft.histogramSeries() ?? this.#failWithoutCount(draft));
      case "summary":
        return (this.#drafts ?? []).map((draft) => draft.summarySeries());
      default:
        return this.#numbers ?? [];
    }
  }

  #failWithoutCount(draft: SeriesDraft): never {
    const expected = `${describeMetric("histogram", this.name)} to have a _count or a bucket "+Inf" in each series`;
    throw new ParseError({ line: draft.line, column: 1 }, expected, "neither");
  }
}
