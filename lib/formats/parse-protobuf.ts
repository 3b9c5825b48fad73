import type {
  Bucket,
  Exemplar,
  HistogramSeries,
  LabelSet,
  MetricFamily,
  MetricType,
  NumberSeries,
  Quantile,
  SummarySeries,
} from "../model/family.ts";
import { NativeSide, type Span } from "./native-side.ts";
import { showText } from "./parse-error.ts";
import type { ParseLimits } from "./parse-limits.ts";
import { ProtobufReader } from "./protobuf-reader.ts";

/** The types by their numbers. */
const types = ["counter", "gauge", "summary", "unknown", "histogram", "gaugehistogram"] as const satisfies MetricType[];

type ProtobufType = (typeof types)[number];

/** The number of the field of a metric that holds the value of each type. */
const valueFields: { readonly [Type in ProtobufType]: number } = {
  gauge: 2,
  counter: 3,
  summary: 4,
  unknown: 5,
  histogram: 7,
  gaugehistogram: 7,
};

/** The schemas of native histograms that have exponential buckets. */
const LEAST_SCHEMA = -4;
const MOST_SCHEMA = 8;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** What was read of the value of a metric, whatever its type. */
type Value = Partial<Mutable<Omit<NumberSeries & SummarySeries & HistogramSeries, "labels" | "timestampMs">>>;

/**
 * Reads one family in protobuf: an `io.prometheus.client.MetricFamily`.
 *
 * @param base where in the input the message begins, for errors
 * @see https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
 */
export function parseFamilyMessage(bytes: Uint8Array, base: number, limits: Required<ParseLimits>): MetricFamily {
  return new FamilyMessage(bytes, base, limits).read();
}

class FamilyMessage {
  readonly #reader: ProtobufReader;
  readonly #limits: Required<ParseLimits>;
  #samplesLeft: number;

  constructor(bytes: Uint8Array, base: number, limits: Required<ParseLimits>) {
    this.#reader = new ProtobufReader(bytes, base);
    this.#limits = limits;
    this.#samplesLeft = limits.maxSamples;
  }

  read(): MetricFamily {
    const reader = this.#reader;
    let name = "";
    let help = "";
    let unit = "";
    let type: ProtobufType = "counter";
    const metrics: Metric[] = [];
    for (let field = reader.nextField(); field !== 0; field = reader.nextField()) {
      if (field === 1) name = reader.string();
      else if (field === 2) help = reader.string();
      else if (field === 3) type = this.#type();
      else if (field === 4) metrics.push(this.#metric());
      else if (field === 5) unit = reader.string();
      else reader.skip();
    }
    if (name === "") reader.fail("the name of the family", "none");
    // The type may come behind the metrics, so it is asked for at the end only.
    const series = metrics.map((metric) => seriesOf(type, metric, reader));
    return { name, type, help, ...(unit !== "" && { unit }), series } as unknown as MetricFamily;
  }

  #type(): ProtobufType {
    const { pos } = this.#reader;
    const number = this.#reader.unsigned();
    return types[number] ?? this.#reader.fail("a metric type from 0 to 5", String(number), pos);
  }

  #metric(): Metric {
    const reader = this.#reader;
    const metric: Metric = { at: reader.pos, labels: {}, valueField: 0, value: {} };
    const labels = new Map<string, string>();
    this.#countSample();
    reader.message((field) => {
      switch (field) {
        case 1:
          this.#label(labels);
          return;
        case 2:
        case 5:
          metric.value = this.#number();
          break;
        case 3:
          metric.value = this.#counter();
          break;
        case 4:
          metric.value = this.#summary();
          break;
        case 6:
          metric.timestampMs = reader.signed();
          return;
        case 7:
          metric.value = this.#histogram();
          break;
        default:
          reader.skip();
          return;
      }
      metric.valueField = field;
    });
    metric.labels = Object.fromEntries(labels);
    return metric;
  }

  #countSample(): void {
    if (this.#samplesLeft-- > 0) return;
    this.#reader.fail(`at most ${this.#limits.maxSamples} samples in a family`, "another");
  }

  #label(labels: Map<string, string>): void {
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

  #number(): Value {
    const reader = this.#reader;
    const read: Value = { value: 0 };
    reader.message((field) => {
      if (field === 1) read.value = reader.double();
      else reader.skip();
    });
    return read;
  }

  #counter(): Value {
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

  #summary(): Value {
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
    this.#countSample();
    reader.message((field) => {
      if (field === 1) read.quantile = reader.double();
      else if (field === 2) read.value = reader.double();
      else reader.skip();
    });
    return read;
  }

  #histogram(): Value {
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
    this.#countSample();
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
      if (field === 1) this.#label(labels);
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

interface Metric {
  /** Where it begins. */
  readonly at: number;
  labels: LabelSet;
  timestampMs?: number;
  /** The number of the field that the value was in, 0 if there was none. */
  valueField: number;
  value: Value;
}

/** The finished series. */
function seriesOf(type: ProtobufType, metric: Metric, reader: ProtobufReader): object {
  const { at, labels, timestampMs, valueField, value } = metric;
  if (valueField !== valueFields[type]) {
    reader.fail(`the value of a ${type}`, valueField === 0 ? "none" : "that of another type", at);
  }
  return { labels, ...value, ...(timestampMs !== undefined && { timestampMs }) };
}

function failSpans(reader: ProtobufReader, at: number): never {
  return reader.fail("spans that cover each native bucket", "more or fewer", at);
}
