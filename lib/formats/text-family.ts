import type { MetricFamily, MetricType, NumberSeries } from "../model/family.ts";
import { describeMetric } from "../model/names.ts";
import { noteLine } from "./family-lines.ts";
import { ParseError } from "./parse-error.ts";
import type { SampleHead } from "./sample-head.ts";
import { SeriesDraft } from "./series-draft.ts";
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
  #numbers: NumberSeries[] = [];
  /** The series that take several lines, in the order of their first ones. */
  #drafts: SeriesDraft[] = [];
  /** Of those, the latest with each label set and timestamp. */
  #latest: Map<string, SeriesDraft> | undefined;
  /** The series of the last sample, if that was the last line too, and the place of `le` or `quantile` in it. */
  #current: SeriesDraft | undefined;
  #currentRank = -1;
  #currentKey = "";

  constructor(name: string, line: number) {
    this.name = name;
    this.line = line;
  }

  /** Adds a series that is one number. */
  addNumber(series: NumberSeries): void {
    this.#numbers.push(series);
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
    const labelKey = head.key(scanner, rankLabel);
    const key = timestampMs === undefined ? labelKey : `${timestampMs} ${labelKey}`;
    this.#currentKey = key;
    const draft = this.#latest?.get(key);
    const count = head.countWithout(rankLabel);
    this.#current =
      draft ?? this.#begin(new SeriesDraft(head.labels(scanner, rankLabel), count, timestampMs, scanner.line));
    return this.#current;
  }

  /** Begins the series of the last sample once more, for whoever looks for duplicates to find. */
  repeat({ labels, labelCount, timestampMs }: SeriesDraft, line: number): SeriesDraft {
    this.#current = this.#begin(new SeriesDraft(labels, labelCount, timestampMs, line));
    return this.#current;
  }

  #begin(draft: SeriesDraft): SeriesDraft {
    this.#drafts.push(draft);
    this.#latest ??= new Map();
    this.#latest.set(this.#currentKey, draft);
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
    this.#numbers = [];
    this.#drafts = [];
    this.#latest = undefined;
    this.#current = undefined;
    return noteLine({ name, type, help, series } as MetricFamily, this.line);
  }

  #takeSeries(type: MetricType): readonly unknown[] {
    switch (type) {
      case "histogram":
        return this.#drafts.map((draft) => draft.histogramSeries() ?? this.#failWithoutCount(draft));
      case "summary":
        return this.#drafts.map((draft) => draft.summarySeries());
      default:
        return this.#numbers;
    }
  }

  #failWithoutCount(draft: SeriesDraft): never {
    const expected = `${describeMetric("histogram", this.name)} to have a _count or a bucket "+Inf" in each series`;
    throw new ParseError({ line: draft.line, column: 1 }, expected, "neither");
  }
}
