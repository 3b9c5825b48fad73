// The slow way to protobuf, a series at a time: whatever is not written byte by byte from columns.
import type { FamilyDescriptor, HistogramSeries, LabelSet, MetricFamily, NativeBucket } from "../model/family.ts";
import type { FamilyView } from "../storage/column-family.ts";
import { COARSEST_SCHEMA, coarserKey } from "../storage/exponential-keys.ts";
import { BackwardWriter } from "./backward-writer.ts";
import { CHUNK_BYTES, type Chunk } from "./chunk.ts";
import type { EscapingScheme } from "./name-escaping.ts";
import { type AnySeries, plainSeries } from "./plain-series.ts";
import { copyPart, LEAST_SPARE, type MetricsPart, type Spare } from "./protobuf-family.ts";
import type { ProtobufPlan } from "./protobuf-plan.ts";
import { RowWriter, suitsRowWriter } from "./protobuf-row-writer.ts";
import { writeSeries } from "./protobuf-series.ts";

/** Series between two returns to the caller. */
const SERIES_PER_STEP = 64;
/** How many bytes are written between them, and how many buckets looked at: native ones may be many in one series. */
const EFFORT_PER_STEP = 16_384;
/** Places to look at between them, of which many may be empty. */
const PLACES_PER_STEP = 4096;

/** What all series of a family are written with. */
export interface SeriesStyle {
  readonly family: Pick<FamilyDescriptor, "type" | "name">;
  readonly constantLabels: LabelSet;
  readonly escaping: EscapingScheme;
}

/** Writes series one after the other; one that is longer than a chunk takes several. */
abstract class SeriesPart implements MetricsPart {
  abstract readonly isVariable: boolean;
  bytes = 0;
  protected readonly out: BackwardWriter = new BackwardWriter();
  readonly #style: SeriesStyle;
  #next = 0;
  /** What is left of a series that did not fit. */
  #rest: Uint8Array = new Uint8Array(0);

  constructor(style: SeriesStyle) {
    this.#style = style;
  }

  /** The place after which there is none. */
  protected abstract get end(): number;
  /**
   * Encodes what stands at a place, if anything does, in no more than so many bytes.
   *
   * @returns how many buckets were looked at that take no bytes
   */
  protected abstract encode(place: number, most: number): number;
  /** Takes note of how long it is. */
  protected abstract keep(place: number, bytes: number): void;
  /** How long it was. */
  protected abstract measured(place: number): number;

  protected encodeSeries(series: AnySeries): void {
    const { family, constantLabels, escaping } = this.#style;
    this.out.clear();
    writeSeries(this.out, family, series, constantLabels, escaping);
  }

  restart(): void {
    this.#next = 0;
    this.bytes = 0;
  }

  measure(): boolean {
    const { end, out } = this;
    const last = Math.min(end, this.#next + PLACES_PER_STEP);
    let effort = 0;
    for (let count = 0; count < SERIES_PER_STEP && effort < EFFORT_PER_STEP && this.#next < last; this.#next++) {
      out.clear();
      effort += this.encode(this.#next, Number.POSITIVE_INFINITY) + out.length;
      this.keep(this.#next, out.length);
      this.bytes += out.length;
      if (out.length > 0) count++;
    }
    if (this.#next < end) return false;
    this.#next = 0;
    return true;
  }

  write(chunk: Chunk, spare: Spare): boolean {
    const { end, out } = this;
    if (this.#rest.length > 0) this.#rest = copyPart(this.#rest, chunk);
    const last = Math.min(end, this.#next + PLACES_PER_STEP);
    let effort = 0;
    for (let count = 0; count < SERIES_PER_STEP && effort < EFFORT_PER_STEP && this.#next < last; this.#next++) {
      if (this.#rest.length > 0) return false;
      const measured = this.measured(this.#next);
      if (measured === 0) continue;
      count++;
      out.clear();
      effort += this.encode(this.#next, measured + Math.max(0, spare.bytes - LEAST_SPARE)) + out.length;
      spare.bytes += measured - out.length;
      if (chunk.length + out.length <= CHUNK_BYTES) {
        out.copyTo(chunk.view, chunk.length);
        chunk.length += out.length;
      } else {
        this.#rest = copyPart(out.written, chunk);
      }
    }
    return this.#rest.length === 0 && this.#next === end;
  }
}

/** The series of a custom collector, which do not change. */
export class PlainSeriesPart extends SeriesPart {
  readonly isVariable = false;
  readonly #series: readonly AnySeries[];
  readonly #lengths: Uint32Array;

  constructor({ series }: MetricFamily, style: SeriesStyle) {
    super(style);
    this.#series = series;
    this.#lengths = new Uint32Array(series.length);
  }

  protected get end(): number {
    return this.#series.length;
  }

  protected encode(place: number): number {
    this.encodeSeries(this.#series[place] as AnySeries);
    return 0;
  }

  protected keep(place: number, bytes: number): void {
    this.#lengths[place] = bytes;
  }

  protected measured(place: number): number {
    return this.#lengths[place] as number;
  }
}

/** Rows of things that have any length: exemplars, native buckets, further labels, huge label values. */
export class RowSeriesPart extends SeriesPart {
  readonly isVariable = true;
  readonly #view: FamilyView;
  /** Writes those that it can write. */
  readonly #writer: RowWriter | undefined;
  readonly #numbers: Float64Array;
  /** How long each row was, by page and place. */
  readonly #lengths: Uint32Array[] = [];

  constructor(plan: ProtobufPlan, view: FamilyView, style: SeriesStyle) {
    super(style);
    this.#view = view;
    this.#writer = suitsRowWriter(view.family) ? new RowWriter(plan, view, style.escaping) : undefined;
    this.#numbers = new Float64Array(view.family.samples.length);
  }

  /** Places are row numbers. */
  protected get end(): number {
    return this.#view.limit;
  }

  protected encode(row: number, most: number): number {
    const view = this.#view;
    const { table } = view.family;
    // Asked for at each row: the view may have been frozen since the last one.
    const ids = view.idPages[row >>> table.rowShift];
    const first = (row & table.placeMask) * table.idStride;
    if (ids === undefined || !((ids[first] as number) >= 0)) return 0;
    const effort = this.#writer?.write(this.out, row, ids, first) ?? 0;
    if (this.#writer === undefined || this.out.length > most) this.#encodePlain(row, ids, first, most);
    return effort;
  }

  #encodePlain(row: number, ids: Int32Array, first: number, most: number): void {
    const view = this.#view;
    const own = view.family.table.values.map((values, i) => [values.labelName, values.text(ids[first + i] as number)]);
    const labels = { ...Object.fromEntries(own), ...view.extraLabels(row) };
    const series = plainSeries(view, row, labels, this.#numbers);
    this.encodeSeries(series);
    if (this.out.length <= most) return;
    for (const shorter of shorterForms(series)) {
      this.encodeSeries(shorter);
      if (this.out.length <= most) return;
    }
    this.out.clear();
  }

  protected keep(row: number, bytes: number): void {
    const { rowShift, placeMask } = this.#view.family.table;
    const page = row >>> rowShift;
    while (this.#lengths.length <= page) this.#lengths.push(new Uint32Array(placeMask + 1));
    (this.#lengths[page] as Uint32Array)[row & placeMask] = bytes;
  }

  protected measured(row: number): number {
    const { rowShift, placeMask } = this.#view.family.table;
    return this.#lengths[row >>> rowShift]?.[row & placeMask] ?? 0;
  }
}

/**
 * Ways to say less, for a series that has grown beyond what was announced: without exemplars, and then with native
 * buckets joined two by two, as they are when there are too many of them.
 */
function* shorterForms(series: AnySeries): Iterable<AnySeries> {
  if ("value" in series) {
    const { exemplar: _, ...rest } = series;
    yield rest;
  }
  if (!("buckets" in series)) return;
  const { native, ...rest } = series;
  const plain: HistogramSeries = { ...rest, buckets: series.buckets.map(({ bound, count }) => ({ bound, count })) };
  if (native === undefined) {
    yield plain;
    return;
  }
  const { exemplars: _, ...buckets } = native;
  for (let { schema } = native; schema >= COARSEST_SCHEMA; schema--) {
    const join = (side: readonly NativeBucket[]) => joined(side, native.schema - schema);
    const { positive, negative } = buckets;
    yield { ...plain, native: { ...buckets, schema, positive: join(positive), negative: join(negative) } };
  }
}

function joined(buckets: readonly NativeBucket[], halvings: number): NativeBucket[] {
  const all: { key: number; count: number }[] = [];
  for (const { key: finer, count } of buckets) {
    const key = coarserKey(finer, halvings);
    const last = all.at(-1);
    if (last?.key === key) last.count += count;
    else all.push({ key, count });
  }
  return all;
}
