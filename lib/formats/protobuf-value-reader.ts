// What metrics have in protobuf: labels, and the values of every type.
import type { Bucket, Exemplar, HistogramSeries, NumberSeries, Quantile, SummarySeries } from "../model/family.ts";
import { NativeSide, type Span } from "./native-side.ts";
import { showText } from "./parse-error.ts";
import type { ParseLimits } from "./parse-limits.ts";
import type { ProtobufReader } from "./protobuf-reader.ts";

/** The schemas of native histograms that have exponential buckets. */
const LEAST_SCHEMA = -4;
const MOST_SCHEMA = 8;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What was read of the value of a metric, whatever its type. */
export type Value = Partial<Mutable<Omit<NumberSeries & SummarySeries & HistogramSeries, "labels" | "timestampMs">>>;

/** Reads the messages within the metrics of one family, each where its reader stands. */
export class ValueReader {
  readonly #reader: ProtobufReader;
  readonly #limits: Required<ParseLimits>;
  #samplesLeft: number;

  constructor(reader: ProtobufReader, limits: Required<ParseLimits>) {
    this.#reader = reader;
    this.#limits = limits;
    this.#samplesLeft = limits.maxSamples;
  }

  /** Counts one of the samples that a family may have. */
  countSample(): void {
    if (this.#samplesLeft-- > 0) return;
    this.#reader.fail(`at most ${this.#limits.maxSamples} samples in a family`, "another");
  }

  /** A label, put to those there are. */
  label(labels: Map<string, string>): void {
    const reader = this.#reader;
    const at = reader.pos;
    let name = "";
    let value = "";
    reader.message((field) => {
      if (field === 1) name = reader.string();
      else if (field === 2) value = reader.string();
      else reader.skip();
    });
    if (name === "") reader.fail("the name of a label", "none", at);
    if (labels.has(name)) reader.fail("each label once", `${showText(name)} again`, at);
    if (labels.size >= this.#limits.maxLabels) reader.fail(`at most ${this.#limits.maxLabels} labels`, "another", at);
    labels.set(name, value);
  }

  /** The value of a gauge, or of what is unknown. */
  number(): Value {
    const reader = this.#reader;
    const read: Value = { value: 0 };
    reader.message((field) => {
      if (field === 1) read.value = reader.double();
      else reader.skip();
    });
    return read;
  }

  counter(): Value {
    const reader = this.#reader;
    const read: Value = { value: 0 };
    reader.message((field) => {
      if (field === 1) read.value = reader.double();
      else if (field === 2) read.exemplar = this.#exemplar();
      else if (field === 3) read.createdMs = this.#timestamp();
      else reader.skip();
    });
    return read;
  }

  summary(): Value {
    const reader = this.#reader;
    const quantiles: Quantile[] = [];
    const read: Value = { quantiles };
    reader.message((field) => {
      if (field === 1) read.count = reader.unsigned();
      else if (field === 2) read.sum = reader.double();
      else if (field === 3) quantiles.push(this.#quantile());
      else if (field === 4) read.createdMs = this.#timestamp();
      else reader.skip();
    });
    return read;
  }

  #quantile(): Quantile {
    const reader = this.#reader;
    const read = { quantile: 0, value: 0 };
    this.countSample();
    reader.message((field) => {
      if (field === 1) read.quantile = reader.double();
      else if (field === 2) read.value = reader.double();
      else reader.skip();
    });
    return read;
  }

  histogram(): Value {
    const reader = this.#reader;
    const at = reader.pos;
    const buckets: Bucket[] = [];
    const exemplars: Exemplar[] = [];
    const negative = new NativeSide();
    const positive = new NativeSide();
    const read: Value & { count: number } = { count: 0, buckets };
    let schema = 0;
    let zeroThreshold = 0;
    let zeroCount = 0;
    let isNative = false;
    reader.message((field) => {
      isNative ||= field >= 5 && field <= 14;
      switch (field) {
        case 1:
          read.count ||= reader.unsigned();
          return;
        case 2:
          read.sum = reader.double();
          return;
        case 3:
          buckets.push(this.#bucket());
          return;
        case 4:
          // A count that is no integer wins over the other one, if it is there.
          read.count = reader.double() || read.count;
          return;
        case 5:
          schema = reader.zigzag();
          return;
        case 6:
          zeroThreshold = reader.double();
          return;
        case 7:
          zeroCount ||= reader.unsigned();
          return;
        case 8:
          zeroCount = reader.double() || zeroCount;
          return;
        case 9:
          negative.spans.push(this.#span());
          return;
        case 10:
          reader.zigzags(negative.deltas);
          return;
        case 11:
          reader.doubles(negative.counts);
          return;
        case 12:
          positive.spans.push(this.#span());
          return;
        case 13:
          reader.zigzags(positive.deltas);
          return;
        case 14:
          reader.doubles(positive.counts);
          return;
        case 15:
          read.createdMs = this.#timestamp();
          return;
        case 16:
          exemplars.push(this.#exemplar());
          return;
        default:
          reader.skip();
      }
    });
    // The last bucket may be left out, as the count tells it; a native histogram may have no buckets at all.
    if ((!isNative || buckets.length > 0) && buckets.at(-1)?.bound !== Number.POSITIVE_INFINITY) {
      buckets.push({ bound: Number.POSITIVE_INFINITY, count: read.count });
    }
    if (!isNative) return read;
    if (schema < LEAST_SCHEMA || schema > MOST_SCHEMA) {
      reader.fail(`a schema from ${LEAST_SCHEMA} to ${MOST_SCHEMA}`, String(schema), at);
    }
    read.native = {
      schema,
      zeroThreshold,
      zeroCount,
      positive: positive.buckets() ?? failSpans(reader, at),
      negative: negative.buckets() ?? failSpans(reader, at),
      ...(exemplars.length > 0 && { exemplars }),
    };
    return read;
  }

  #span(): Span {
    const reader = this.#reader;
    const read = { offset: 0, length: 0 };
    reader.message((field) => {
      if (field === 1) read.offset = reader.zigzag();
      else if (field === 2) read.length = reader.unsigned();
      else reader.skip();
    });
    return read;
  }

  #bucket(): Bucket {
    const reader = this.#reader;
    const read: Mutable<Bucket> = { bound: 0, count: 0 };
    this.countSample();
    reader.message((field) => {
      if (field === 1) read.count ||= reader.unsigned();
      else if (field === 2) read.bound = reader.double();
      else if (field === 3) read.exemplar = this.#exemplar();
      else if (field === 4) read.count = reader.double() || read.count;
      else reader.skip();
    });
    return read;
  }

  #exemplar(): Exemplar {
    const reader = this.#reader;
    const labels = new Map<string, string>();
    const read: Mutable<Exemplar> = { labels: {}, value: 0 };
    reader.message((field) => {
      if (field === 1) this.label(labels);
      else if (field === 2) read.value = reader.double();
      else if (field === 3) read.timestampMs = this.#timestamp();
      else reader.skip();
    });
    read.labels = Object.fromEntries(labels);
    return read;
  }

  /** A moment, in milliseconds. */
  #timestamp(): number {
    const reader = this.#reader;
    let seconds = 0;
    let nanos = 0;
    reader.message((field) => {
      if (field === 1) seconds = reader.signed();
      else if (field === 2) nanos = reader.signed();
      else reader.skip();
    });
    return seconds * 1000 + nanos / 1e6;
  }
}

function failSpans(reader: ProtobufReader, at: number): never {
  return reader.fail("spans that cover each native bucket", "more or fewer", at);
}
