import type { LabelSet, MetricFamily, MetricType } from "../model/family.ts";
import type { ParseLimits } from "./parse-limits.ts";
import { ProtobufReader } from "./protobuf-reader.ts";
import { type Value, ValueReader } from "./protobuf-value-reader.ts";

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

/** One that stays, of no input, for its shapes and those of what it consists of: see `keepShapes`. */
const begun: FamilyMessage[] = [];

/**
 * Reads one family in protobuf: an `io.prometheus.client.MetricFamily`.
 *
 * @param base where in the input the message begins, for errors
 * @see https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto
 */
export function parseFamilyMessage(bytes: Uint8Array, base: number, limits: Required<ParseLimits>): MetricFamily {
  if (begun.length === 0) begun.push(new FamilyMessage(new Uint8Array(1), 0, limits));
  return new FamilyMessage(bytes, base, limits).read();
}

class FamilyMessage {
  readonly #reader: ProtobufReader;
  readonly #values: ValueReader;

  constructor(bytes: Uint8Array, base: number, limits: Required<ParseLimits>) {
    this.#reader = new ProtobufReader(bytes, base);
    this.#values = new ValueReader(this.#reader, limits);
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
    this.#values.countSample();
    reader.message((field) => {
      switch (field) {
        case 1:
          this.#values.label(labels);
          return;
        case 2:
        case 5:
          metric.value = this.#values.number();
          break;
        case 3:
          metric.value = this.#values.counter();
          break;
        case 4:
          metric.value = this.#values.summary();
          break;
        case 6:
          metric.timestampMs = reader.signed();
          return;
        case 7:
          metric.value = this.#values.histogram();
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
