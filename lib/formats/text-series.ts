import type { HistogramSeries, SummarySeries } from "../model/family.ts";
import { HashIndex } from "./hash-index.ts";
import type { SampleLabels } from "./sample-labels.ts";
import { SeriesDraft } from "./series-draft.ts";
import type { TextScanner } from "./text-scanner.ts";

/** A series that takes several lines. */
type SampledSeries = HistogramSeries | SummarySeries;

const NONE: (SampledSeries | undefined)[] = [];

/** The series of a histogram or summary in the Prometheus text format, as far as they were read. */
export class TextSeries {
  readonly #type: "histogram" | "summary";
  /** In the order of their first lines. There is nothing in the places of those that have drafts. */
  #series: (SampledSeries | undefined)[] = NONE;
  /** The series by the hashes of label set and timestamp, from the second one on: many families have no other than the first. */
  #index: HashIndex | undefined;
  #firstHash = 0;
  /** Those that are not complete, or came out of order, by their places. */
  #drafts: Map<number, SeriesDraft> | undefined;

  constructor(type: "histogram" | "summary") {
    this.#type = type;
  }

  /** The place of the last series with the labels of the line at hand, but for the one at `except`; or -1. */
  find(
    scanner: TextScanner,
    labels: SampleLabels,
    except: number,
    timestampMs: number | undefined,
    hash: number,
  ): number {
    for (let place = this.#series.length; ; ) {
      place = this.#lastBefore(place, hash);
      const series = this.#series[place] ?? this.#drafts?.get(place);
      if (series === undefined) return -1;
      if (series.timestampMs === timestampMs && labels.isSameSet(scanner, series.labels, except)) return place;
    }
  }

  #lastBefore(place: number, hash: number): number {
    if (this.#index !== undefined) return this.#index.lastBefore(place, hash);
    return place === 1 && hash === this.#firstHash ? 0 : -1;
  }

  /** The draft of a series that was there before. From now on it stays a draft, in case that still more comes. */
  resume(place: number, labelCount: number): SeriesDraft {
    const series = this.#series[place];
    // Where there is no series, there is a draft.
    if (series === undefined) return this.#drafts?.get(place) as SeriesDraft;
    const draft = new SeriesDraft().resume(series, labelCount);
    this.#series[place] = undefined;
    this.#keep(draft, place);
    return draft;
  }

  /** Makes a place for a series. */
  add(hash: number): number {
    if (this.#series === NONE) {
      // An array that begins with one place takes less memory than one that grows from none.
      this.#series = [undefined];
      this.#firstHash = hash;
      return 0;
    }
    if (this.#index === undefined) {
      this.#index = new HashIndex();
      this.#index.add(this.#firstHash);
    }
    this.#index.add(hash);
    return this.#series.push(undefined) - 1;
  }

  /** Takes a draft that nothing is to be added to now; returns whether it is done with. */
  leave(draft: SeriesDraft): boolean {
    const { place } = draft;
    if (this.#drafts?.has(place)) return false;
    if (draft.isComplete) this.#series[place] = this.#finish(draft);
    else this.#keep(draft, place);
    return draft.isComplete;
  }

  #keep(draft: SeriesDraft, place: number): void {
    draft.place = place;
    this.#drafts ??= new Map();
    this.#drafts.set(place, draft);
  }

  /** All series. @param fail called for the first draft that can't become one, to throw */
  finish(fail: (draft: SeriesDraft) => never): readonly SampledSeries[] {
    const all = this.#series;
    if (this.#drafts !== undefined) {
      for (let place = 0; place < all.length; place++) {
        const draft = this.#drafts.get(place);
        if (draft !== undefined) all[place] = this.#finish(draft) ?? fail(draft);
      }
    }
    return all as SampledSeries[];
  }

  #finish(draft: SeriesDraft): SampledSeries | undefined {
    return this.#type === "histogram" ? draft.histogramSeries() : draft.summarySeries();
  }
}
