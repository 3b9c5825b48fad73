import type { MetricFamily, MetricType, NumberSeries } from "../model/family.ts";
import { describeMetric } from "../model/names.ts";
import { noteLine } from "./family-lines.ts";
import { ParseError } from "./parse-error.ts";
import type { SamplePart, SeriesDraft } from "./series-draft.ts";
import { makeFamily } from "./series-shapes.ts";
import { TextSeries } from "./text-series.ts";

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
  #sampled: TextSeries | undefined;

  constructor(name: string, line: number) {
    this.name = name;
    this.line = line;
  }

  /** What the family is called where errors speak of it. */
  get owner(): string {
    return describeMetric(this.type ?? "unknown", this.name);
  }

  /** What samples are whose name is that of the family with some suffix; nothing if it has no such samples. */
  partOf(suffix: string): SamplePart | undefined {
    const isHistogram = this.type === "histogram";
    const isSummary = this.type === "summary";
    switch (suffix) {
      case "_bucket":
        return isHistogram ? "bucket" : undefined;
      case "_sum":
        return isHistogram || isSummary ? "sum" : undefined;
      case "_count":
        return isHistogram || isSummary ? "count" : undefined;
      default:
        return isHistogram ? undefined : isSummary ? "quantile" : "value";
    }
  }

  /** Adds a series that is one number. */
  addNumber(series: NumberSeries): void {
    // An array that begins with one place takes less memory than one that grows from none, and most families have one series.
    if (this.#numbers === undefined) this.#numbers = [series];
    else this.#numbers.push(series);
  }

  /** The series of a histogram or summary. */
  get sampled(): TextSeries {
    this.#sampled ??= new TextSeries(this.type === "summary" ? "summary" : "histogram");
    return this.#sampled;
  }

  /** The family with the series that came since it was last taken; nothing if it was taken and none came. */
  take(): MetricFamily | undefined {
    if (this.#isTaken && this.sampleCount === 0) return undefined;
    const { name, type = "unknown", help = "" } = this;
    const series = this.#sampled?.finish((draft) => this.#failWithoutCount(draft)) ?? this.#numbers ?? [];
    this.#isTaken = true;
    this.sampleCount = 0;
    this.#numbers = undefined;
    this.#sampled = undefined;
    return noteLine(makeFamily(name, type, help, series), this.line);
  }

  #failWithoutCount(draft: SeriesDraft): never {
    const expected = `${this.owner} to have a _count or a bucket "+Inf" in each series`;
    throw new ParseError({ line: draft.line, column: 1 }, expected, "neither");
  }
}
