// Reads delimited protobuf a bit at a time, by a table of the fields. It shares no code with the library.

type Kind = "text" | "double" | "uint" | "int" | "sint" | MessageName;
type MessageName =
  | "MetricFamily"
  | "Metric"
  | "LabelPair"
  | "Value"
  | "Counter"
  | "Summary"
  | "Quantile"
  | "Histogram"
  | "Bucket"
  | "BucketSpan"
  | "Exemplar"
  | "Timestamp";

interface Field {
  readonly name: string;
  readonly kind: Kind;
  readonly isRepeated?: boolean;
}

const one = (name: string, kind: Kind): Field => ({ name, kind });
const many = (name: string, kind: Kind): Field => ({ name, kind, isRepeated: true });

/** io.prometheus.client, by field number. */
const messages: Readonly<Record<MessageName, Readonly<Record<number, Field>>>> = {
  MetricFamily: {
    1: one("name", "text"),
    2: one("help", "text"),
    3: one("type", "uint"),
    4: many("metric", "Metric"),
    5: one("unit", "text"),
  },
  Metric: {
    1: many("label", "LabelPair"),
    2: one("gauge", "Value"),
    3: one("counter", "Counter"),
    4: one("summary", "Summary"),
    5: one("untyped", "Value"),
    6: one("timestamp_ms", "int"),
    7: one("histogram", "Histogram"),
  },
  LabelPair: { 1: one("name", "text"), 2: one("value", "text") },
  Value: { 1: one("value", "double") },
  Counter: { 1: one("value", "double"), 2: one("exemplar", "Exemplar"), 3: one("created_timestamp", "Timestamp") },
  Summary: {
    1: one("sample_count", "uint"),
    2: one("sample_sum", "double"),
    3: many("quantile", "Quantile"),
    4: one("created_timestamp", "Timestamp"),
  },
  Quantile: { 1: one("quantile", "double"), 2: one("value", "double") },
  Histogram: {
    1: one("sample_count", "uint"),
    2: one("sample_sum", "double"),
    3: many("bucket", "Bucket"),
    4: one("sample_count_float", "double"),
    5: one("schema", "sint"),
    6: one("zero_threshold", "double"),
    7: one("zero_count", "uint"),
    8: one("zero_count_float", "double"),
    9: many("negative_span", "BucketSpan"),
    10: many("negative_delta", "sint"),
    11: many("negative_count", "double"),
    12: many("positive_span", "BucketSpan"),
    13: many("positive_delta", "sint"),
    14: many("positive_count", "double"),
    15: one("created_timestamp", "Timestamp"),
    16: many("exemplars", "Exemplar"),
  },
  Bucket: {
    1: one("cumulative_count", "uint"),
    2: one("upper_bound", "double"),
    3: one("exemplar", "Exemplar"),
    4: one("cumulative_count_float", "double"),
  },
  BucketSpan: { 1: one("offset", "sint"), 2: one("length", "uint") },
  Exemplar: { 1: many("label", "LabelPair"), 2: one("value", "double"), 3: one("timestamp", "Timestamp") },
  Timestamp: { 1: one("seconds", "int"), 2: one("nanos", "uint") },
};

/** A message by its field names. Integers beyond 2^53 are bigints, so that none is rounded. */
// biome-ignore lint/suspicious/noExplicitAny: read by tests that say what they expect
export type Message = Record<string, any>;

class Bytes {
  readonly #bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.at === this.#bytes.length;
  }

  take(length: number): Uint8Array {
    if (!(this.at + length <= this.#bytes.length)) throw new Error(`${length} bytes at ${this.at} are too many.`);
    this.at += length;
    return this.#bytes.subarray(this.at - length, this.at);
  }

  varint(): bigint {
    let value = BigInt((this.#bytes[this.at] ?? 128) & 127);
    if ((this.#bytes[this.at] ?? 128) < 128) {
      this.at++;
      return value;
    }
    value = 0n;
    for (let i = 0n; i < 10n; i++) {
      const [byte = 0] = this.take(1);
      value |= BigInt(byte & 127) << (7n * i);
      if (byte < 128) return BigInt.asUintN(64, value);
    }
    throw new Error(`The varint before ${this.at} does not end.`);
  }

  double(): number {
    const bytes = this.take(8);
    return new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true);
  }
}

function small(value: bigint): number | bigint {
  return value >= -(2n ** 53n) && value <= 2n ** 53n ? Number(value) : value;
}

function scalar(bytes: Bytes, kind: Kind): unknown {
  switch (kind) {
    case "double":
      return bytes.double();
    case "uint":
      return small(bytes.varint());
    case "int":
      return small(BigInt.asIntN(64, bytes.varint()));
    case "sint": {
      const value = bytes.varint();
      return small((value >> 1n) ^ -(value & 1n));
    }
    default:
      throw new Error(`${kind} is no scalar.`);
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decodeMessage(name: MessageName, encoded: Uint8Array): Message {
  const fields = messages[name];
  const message: Message = {};
  const bytes = new Bytes(encoded);
  while (!bytes.isAtEnd) {
    const tag = Number(bytes.varint());
    const field = fields[tag >> 3];
    if (field === undefined) throw new Error(`${name} has no field ${tag >> 3}.`);
    const { kind } = field;
    const isScalar = ["double", "uint", "int", "sint"].includes(kind);
    const wire = tag & 7;
    const expected = kind === "double" ? 1 : isScalar ? 0 : 2;
    const isPacked = wire === 2 && isScalar && field.isRepeated === true;
    if (wire !== expected && !isPacked) throw new Error(`${name}.${field.name} has the wire type ${wire}.`);
    const values: unknown[] = [];
    if (isPacked) {
      const packed = new Bytes(bytes.take(Number(bytes.varint())));
      while (!packed.isAtEnd) values.push(scalar(packed, kind));
    } else if (isScalar) {
      values.push(scalar(bytes, kind));
    } else {
      const inner = bytes.take(Number(bytes.varint()));
      values.push(kind === "text" ? decoder.decode(inner) : decodeMessage(kind as MessageName, inner));
    }
    if (field.isRepeated === true) message[field.name] = [...(message[field.name] ?? []), ...values];
    else message[field.name] = values[0];
  }
  return message;
}

/** The families of an exposition. */
export function decodeFamilies(exposition: Uint8Array): Message[] {
  const bytes = new Bytes(exposition);
  const families: Message[] = [];
  while (!bytes.isAtEnd) families.push(decodeMessage("MetricFamily", bytes.take(Number(bytes.varint()))));
  return families;
}
