// What all rows of a family have in common in protobuf: names, labels, and values with places for the numbers.
import type { LabelSet } from "../model/family.ts";
import type { ColumnFamily } from "../storage/column-family.ts";
import { BackwardWriter } from "./backward-writer.ts";
import { type Piece, piece } from "./chunk.ts";
import { writtenLabelNames } from "./escaping.ts";
import type { EscapingScheme } from "./name-escaping.ts";

/** What begins a label among a metric's fields, and a value within a label. */
export const LABEL_TAG = 0x0a;
export const LABEL_VALUE_TAG = 0x12;

/**
 * How many bytes a count takes, though it needs fewer, so that no count changes the length of anything. Those of the
 * narrow kind are below 2^35; doubles count to 2^53.
 */
export const NARROW = 5;
export const WIDE = 8;
/** Likewise seconds since the epoch and nanoseconds. */
export const TIME_BYTES = 5;

/** What a metric's value is in all rows, with places for the numbers. */
export interface Template {
  readonly piece: Piece;
  /** Where numbers go, and which of the row's: doubles, and counts. */
  readonly doubles: readonly Hole[];
  readonly counts: readonly Hole[];
  /** From where the time lies on that the series was created at; undefined if nowhere. */
  readonly created: Uint8Array | undefined;
  /** The one that stands there now: that of the row that was written last. `NaN` before the first. */
  createdMs: number;
}

export interface Hole {
  readonly at: number;
  readonly sample: number;
}

/** One of the metrics that each row of the family is. Only a state set's rows are several. */
export interface MetricPlan {
  /** The labels after the row's own. */
  readonly labels: Piece;
  readonly narrow: Template;
  readonly wide: Template;
}

/** What all rows of a family have in common. */
export interface ProtobufPlan {
  /** The name that the family is exposed as. */
  readonly family: string;
  readonly constantLabels: LabelSet;
  /** What comes before each label's value: its name. */
  readonly names: readonly Piece[];
  /** The same with all that belongs to the label, and zeros for its length and that of its value. */
  readonly heads: readonly Piece[];
  /** What stands for a row's absent label: a default label of the same name, or nothing. */
  readonly absent: readonly (Piece | undefined)[];
  readonly metrics: readonly MetricPlan[];
  readonly hasCounts: boolean;
  /** The longest that all but the row's own labels can be. */
  readonly fixedBytes: number;
}

/** @param name what the family is exposed as: that is a state set's label */
export function protobufPlan(
  family: ColumnFamily,
  name: string,
  constantLabels: LabelSet,
  escaping: EscapingScheme,
): ProtobufPlan {
  const { labelNames, samples, descriptor } = family;
  const isStateSet = descriptor.type === "stateset";
  const own = new Set(labelNames);
  const behind = Object.entries(constantLabels).filter(([label, value]) => !own.has(label) && value !== "");
  const written = writtenLabelNames(
    [...labelNames, ...behind.map(([label]) => label), ...(isStateSet ? [name] : [])],
    escaping,
  );
  const labelsBehind = behind.map(([, value], i): Label => [written[labelNames.length + i] as string, value]);
  const states = isStateSet ? samples.map(({ label }) => label?.value as string) : [undefined];
  const metrics = states.map((state, sample): MetricPlan => {
    const all = state === undefined ? labelsBehind : [...labelsBehind, [written.at(-1), state] as Label];
    const shown = isStateSet ? sample : undefined;
    return {
      labels: labelsPiece(all),
      narrow: template(family, NARROW, shown),
      wide: template(family, WIDE, shown),
    };
  });
  const absent = labelNames.map((label, i) => {
    const value = Object.hasOwn(constantLabels, label) ? constantLabels[label] : undefined;
    return value === undefined || value === "" ? undefined : labelsPiece([[written[i] as string, value]]);
  });
  const absentBytes = absent.reduce((sum, one) => sum + (one?.length ?? 0), 0);
  const longest = Math.max(...metrics.map(({ labels, wide }) => labels.length + wide.piece.length));
  const names = labelNames.map((_, i) => namePiece(written[i] as string));
  const nameBytes = names.reduce((sum, { length }) => sum + length + 12, 0);
  return {
    family: name,
    constantLabels,
    names,
    heads: names.map(({ view, length }) =>
      piece(Uint8Array.of(LABEL_TAG, 0, ...new Uint8Array(view.buffer, 0, length), LABEL_VALUE_TAG, 0)),
    ),
    absent,
    metrics,
    hasCounts: metrics.some(({ narrow }) => narrow.counts.length > 0),
    fixedBytes: metrics.length * (longest + absentBytes + nameBytes + 12),
  };
}

type Label = readonly [name: string, value: string];

function labelsPiece(labels: readonly Label[]): Piece {
  const out = new BackwardWriter();
  for (const [name, value] of labels.toReversed()) {
    const { length } = out;
    out.textField(2, value);
    out.textField(1, name);
    out.message(1, length);
  }
  return piece(out.written);
}

function namePiece(name: string): Piece {
  const out = new BackwardWriter();
  out.textField(1, name);
  return piece(out.written);
}

/**
 * A metric's value with zeros for all numbers.
 *
 * @param width how many bytes each count takes
 * @param only the sample whose value it is, where a row is several metrics
 */
function template({ descriptor, samples }: ColumnFamily, width: number, only: number | undefined): Template {
  const out = new HoledWriter(width);
  const of = (suffix: string) => samples.findIndex((sample) => sample.suffix === suffix);
  const numberOf = (i: number) => samples[i]?.label?.value as number;
  const end = out.length;
  switch (descriptor.type) {
    case "counter":
      out.created(3);
      out.doubleHole(1, 0);
      out.message(3, end);
      break;
    case "gauge":
    case "info":
    case "stateset":
      out.doubleHole(1, only ?? 0);
      out.message(2, end);
      break;
    case "unknown":
      out.doubleHole(1, 0);
      out.message(5, end);
      break;
    case "summary":
      out.created(4);
      for (let i = samples.length - 1; i >= 0; i--) {
        if (samples[i]?.suffix !== "") continue;
        const { length } = out;
        out.doubleHole(2, i);
        out.doubleField(1, numberOf(i));
        out.message(3, length);
      }
      out.doubleHole(2, of("_sum"));
      out.countHole(1, of("_count"));
      out.message(4, end);
      break;
    case "histogram":
    case "gaugehistogram":
      out.created(15);
      for (let i = samples.length - 1; i >= 0; i--) {
        if (samples[i]?.suffix !== "_bucket" || numberOf(i) === Number.POSITIVE_INFINITY) continue;
        const { length } = out;
        out.doubleField(2, numberOf(i));
        out.countHole(1, i);
        out.message(3, length);
      }
      out.doubleHole(2, of("_sum"));
      out.countHole(1, of("_count"));
      out.message(7, end);
      break;
    default:
      descriptor.type satisfies never;
  }
  return out.template;
}

/** Notes where the numbers will go. */
class HoledWriter extends BackwardWriter {
  readonly #width: number;
  /** By how far they lie before the end. */
  readonly #doubles: Hole[] = [];
  readonly #counts: Hole[] = [];
  #created: number | undefined;

  constructor(width: number) {
    super();
    this.#width = width;
  }

  doubleHole(field: number, sample: number): void {
    this.double(0);
    this.#doubles.push({ at: this.length, sample });
    this.tag(field, 1);
  }

  countHole(field: number, sample: number): void {
    this.#zeros(this.#width);
    this.#counts.push({ at: this.length, sample });
    this.tag(field, 0);
  }

  created(field: number): void {
    const { length } = this;
    this.#zeros(TIME_BYTES);
    this.tag(2, 0);
    this.#zeros(TIME_BYTES);
    this.#created = this.length;
    this.tag(1, 0);
    this.message(field, length);
  }

  #zeros(count: number): void {
    for (let i = 0; i < count; i++) this.varint(0);
  }

  get template(): Template {
    const { length, written } = this;
    const fromStart = ({ at, sample }: Hole): Hole => ({ at: length - at, sample });
    const shared = piece(written);
    return {
      piece: shared,
      doubles: this.#doubles.map(fromStart),
      counts: this.#counts.map(fromStart),
      created: this.#created === undefined ? undefined : new Uint8Array(shared.view.buffer, length - this.#created),
      createdMs: Number.NaN,
    };
  }
}
