import type { LabelSet } from "../model/family.ts";
import type { SampleLabels } from "./sample-labels.ts";
import { SeriesDraft } from "./series-draft.ts";
import { strings } from "./string-table.ts";
import type { TextScanner } from "./text-scanner.ts";
import type { TextSeries } from "./text-series.ts";

/**
 * Puts samples of the Prometheus text format together to series, in whatever order they come. Most come as they should, a
 * series after the other: then one draft serves all.
 */
export class SeriesJoiner {
  /** The series of the last sample, if it was the last line too; and the ones that it is among. */
  #draft: SeriesDraft | undefined;
  #series: TextSeries | undefined;
  /** The place of `le` or `quantile` in the last sample. */
  #rankLabel = -1;
  #hash = 0;
  /** A draft that is done with. */
  #spare: SeriesDraft | undefined;

  /**
   * The series that a sample is part of.
   *
   * @param series those of its family
   * @param labels those of the sample
   * @param rankLabel the place of `le` or `quantile` among the labels, or -1
   */
  draftOf(
    series: TextSeries,
    scanner: TextScanner,
    labels: SampleLabels,
    rankLabel: number,
    timestampMs: number | undefined,
  ): SeriesDraft {
    const draft = this.#draft;
    const isLikeBefore = rankLabel === this.#rankLabel && labels.isLikeBefore(rankLabel);
    this.#rankLabel = rankLabel;
    const labelCount = labels.countWithout(rankLabel);
    if (
      draft !== undefined &&
      draft.timestampMs === timestampMs &&
      labelCount === draft.labelCount &&
      (isLikeBefore || labels.hasLabels(scanner, draft.labels, rankLabel))
    ) {
      return draft;
    }
    this.leave();
    this.#series = series;
    this.#hash = labels.hash(scanner, rankLabel);
    if (timestampMs !== undefined) this.#hash ^= strings.hashText(String(timestampMs));
    const place = series.find(scanner, labels, rankLabel, timestampMs, this.#hash);
    if (place < 0)
      return this.#begin(series, labels.labelSet(scanner, rankLabel), labelCount, timestampMs, scanner.line);
    this.#draft = series.resume(place, labelCount);
    return this.#draft;
  }

  /** Begins the series of the last sample once more, for whoever looks for duplicates to find. */
  repeat({ labels, labelCount, timestampMs }: SeriesDraft, line: number): SeriesDraft {
    const series = this.#series as TextSeries;
    this.leave();
    this.#series = series;
    return this.#begin(series, labels, labelCount, timestampMs, line);
  }

  #begin(
    series: TextSeries,
    labels: LabelSet,
    labelCount: number,
    timestampMs: number | undefined,
    line: number,
  ): SeriesDraft {
    const draft = this.#spare ?? new SeriesDraft();
    this.#spare = undefined;
    draft.begin(labels, labelCount, timestampMs, line);
    draft.place = series.add(this.#hash);
    this.#draft = draft;
    return draft;
  }

  /** Says that the next line is none of the last sample's series, or that there is none. */
  leave(): void {
    if (this.#draft !== undefined && this.#series?.leave(this.#draft)) this.#spare = this.#draft;
    this.#draft = undefined;
    this.#series = undefined;
  }
}
