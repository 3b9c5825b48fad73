// Plain writers of the formats that are read, which share no code with those of lib/: one string for each line, one array
// of bytes for each field.
import type { Exemplar, LabelSet, MetricFamily, NativeBucket } from "../../lib/model/family.ts";

const quote = (text: string) => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;

const spell = (value: number) => String(value).replace("Infinity", "Inf").replace(/^Inf/, "+Inf");

const isLegacy = (name: string, colon = "") => new RegExp(`^[a-zA-Z_${colon}][a-zA-Z0-9_${colon}]*$`).test(name);

function sample(name: string, labels: LabelSet, value: string | number): string {
  const written = Object.entries(labels).map(
    ([label, text]) => `${isLegacy(label) ? label : quote(label)}=${quote(text)}`,
  );
  const spelled = typeof value === "number" ? spell(value) : value;
  if (!isLegacy(name, ":")) return `{${[quote(name), ...written].join(",")}} ${spelled}`;
  return `${name}${written.length > 0 ? `{${written.join(",")}}` : ""} ${spelled}`;
}

const named = (name: string) => (isLegacy(name, ":") ? name : quote(name));

/** Milliseconds as seconds, digit by digit. */
function seconds(ms: number): string {
  const digits = String(ms).padStart(4, "0");
  return `${digits.slice(0, -3)}.${digits.slice(-3)}`;
}

/** The samples of a family, each with its suffix. */
function* samplesOf(family: MetricFamily, dialect: "text" | "openmetrics"): Iterable<string> {
  const isOpen = dialect === "openmetrics";
  const suffixes = family.type === "gaugehistogram" ? ["_gsum", "_gcount"] : ["_sum", "_count"];
  const base = isOpen
    ? family.name.replace({ counter: /_total$/, info: /_info$/ }[family.type as string] ?? /$^/, "")
    : family.name;
  for (const series of family.series) {
    const { labels, timestampMs } = series;
    const time = timestampMs === undefined ? "" : ` ${isOpen ? seconds(timestampMs) : timestampMs}`;
    const line = (suffix: string, value: number, more: LabelSet = {}, exemplar?: Exemplar) => {
      const tail = isOpen && exemplar !== undefined ? ` # ${exemplarText(exemplar)}` : "";
      return `${sample(base + suffix, { ...labels, ...more }, value)}${time}${tail}\n`;
    };
    if ("value" in series) {
      const suffix = isOpen ? ({ counter: "_total", info: "_info" }[family.type as string] ?? "") : "";
      yield line(suffix, series.value, {}, series.exemplar);
    } else if ("states" in series) {
      for (const [state, on] of Object.entries(series.states)) yield line("", on ? 1 : 0, { [base]: state });
    } else if ("quantiles" in series) {
      for (const { quantile, value } of series.quantiles) yield line("", value, { quantile: spell(quantile) });
      if (series.sum !== undefined) yield line("_sum", series.sum);
      if (series.count !== undefined) yield line("_count", series.count);
    } else {
      for (const { bound, count, exemplar } of series.buckets) {
        yield line("_bucket", count, { le: spell(bound) }, exemplar);
      }
      if (series.sum !== undefined) yield line(suffixes[0] as string, series.sum);
      if (series.sum !== undefined || !isOpen) yield line(suffixes[1] as string, series.count);
    }
    if (isOpen && "createdMs" in series && series.createdMs !== undefined) {
      yield `${sample(`${base}_created`, labels, seconds(series.createdMs))}${time}\n`;
    }
  }
}

function exemplarText({ labels, value, timestampMs }: Exemplar): string {
  const written = Object.entries(labels).map(([name, text]) => `${isLegacy(name) ? name : quote(name)}=${quote(text)}`);
  return `{${written.join(",")}} ${spell(value)}${timestampMs === undefined ? "" : ` ${seconds(timestampMs)}`}`;
}

/** Prometheus text, with names in quotes where they need them. */
export function naiveText(families: readonly MetricFamily[]): string {
  let text = "";
  for (const family of families) {
    const { name, type, help } = family;
    if (help !== "") text += `# HELP ${named(name)} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}\n`;
    text += `# TYPE ${named(name)} ${type === "unknown" ? "untyped" : type}\n`;
    text += [...samplesOf(family, "text")].join("");
  }
  return text;
}

/** OpenMetrics 1.0. */
export function naiveOpenMetrics(families: readonly MetricFamily[]): string {
  let text = "";
  for (const family of families) {
    const { type, help, unit } = family;
    const suffix = { counter: /_total$/, info: /_info$/ }[type as string] ?? /$^/;
    const name = named(family.name.replace(suffix, ""));
    text += `# TYPE ${name} ${type}\n`;
    if (unit !== undefined) text += `# UNIT ${name} ${unit}\n`;
    if (help !== "") text += `# HELP ${name} ${quote(help).slice(1, -1)}\n`;
    text += [...samplesOf(family, "openmetrics")].join("");
  }
  return `${text}# EOF\n`;
}

type Bytes = readonly number[];

/** A varint of 64 bits, of a negative number in two's complement. */
export function varint(value: number | bigint): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return [...bytes, Number(rest)];
}

const tag = (field: number, wire: number) => varint(field * 8 + wire);
export const integerField = (field: number, value: number | bigint): Bytes => [...tag(field, 0), ...varint(value)];
export const bytesField = (field: number, ...parts: readonly Bytes[]): Bytes => {
  const bytes = parts.flat();
  return [...tag(field, 2), ...varint(bytes.length), ...bytes];
};
export const textField = (field: number, text: string): Bytes => bytesField(field, [...new TextEncoder().encode(text)]);
export const zigzag = (value: number): bigint => (BigInt(value) << 1n) ^ (BigInt(value) >> 63n);

export function doubleBytes(value: number): Bytes {
  return [...new Uint8Array(Float64Array.of(value).buffer)];
}

export const doubleField = (field: number, value: number): Bytes => [...tag(field, 1), ...doubleBytes(value)];

const timestampField = (field: number, ms: number): Bytes =>
  bytesField(field, integerField(1, Math.floor(ms / 1000)), integerField(2, (ms % 1000) * 1e6));

const labelFields = (labels: LabelSet): Bytes =>
  Object.entries(labels).flatMap(([name, value]) => bytesField(1, textField(1, name), textField(2, value)));

const exemplarField = (field: number, { labels, value, timestampMs }: Exemplar): Bytes =>
  bytesField(
    field,
    labelFields(labels),
    doubleField(2, value),
    timestampMs === undefined ? [] : timestampField(3, timestampMs),
  );

/** One span and one delta for each bucket: as long as can be, and right. */
function sideFields(buckets: readonly NativeBucket[], spanField: number, packed: boolean): Bytes {
  const bytes: number[] = [];
  let nextKey = 0;
  let last = 0;
  const deltas = buckets.map(({ key, count }) => {
    bytes.push(...bytesField(spanField, integerField(1, zigzag(key - nextKey)), integerField(2, 1)));
    nextKey = key + 1;
    const delta = zigzag(count - last);
    last = count;
    return delta;
  });
  if (packed)
    return [
      ...bytes,
      ...bytesField(
        spanField + 1,
        deltas.flatMap((delta) => varint(delta)),
      ),
    ];
  return [...bytes, ...deltas.flatMap((delta) => integerField(spanField + 1, delta))];
}

const typeNumbers: Readonly<Record<string, number>> = {
  counter: 0,
  gauge: 1,
  summary: 2,
  unknown: 3,
  histogram: 4,
  gaugehistogram: 5,
};
const valueFields: Readonly<Record<string, number>> = {
  counter: 3,
  gauge: 2,
  summary: 4,
  unknown: 5,
  histogram: 7,
  gaugehistogram: 7,
};

/** Delimited protobuf. Each other family has its deltas packed. */
export function naiveProtobuf(families: readonly MetricFamily[]): Uint8Array {
  const bytes: number[] = [];
  for (const [i, family] of families.entries()) {
    const { name, help, type, unit } = family;
    const metrics = family.series.map((series) => {
      const fields: number[] = [];
      if ("value" in series) {
        fields.push(...doubleField(1, series.value));
        if (series.exemplar !== undefined) fields.push(...exemplarField(2, series.exemplar));
        if (series.createdMs !== undefined) fields.push(...timestampField(3, series.createdMs));
      } else if ("quantiles" in series) {
        if (series.count !== undefined) fields.push(...integerField(1, series.count));
        if (series.sum !== undefined) fields.push(...doubleField(2, series.sum));
        for (const { quantile, value } of series.quantiles) {
          fields.push(...bytesField(3, doubleField(1, quantile), doubleField(2, value)));
        }
        if (series.createdMs !== undefined) fields.push(...timestampField(4, series.createdMs));
      } else if ("buckets" in series) {
        fields.push(...integerField(1, series.count));
        if (series.sum !== undefined) fields.push(...doubleField(2, series.sum));
        for (const { bound, count, exemplar } of series.buckets) {
          const tail = exemplar === undefined ? [] : exemplarField(3, exemplar);
          fields.push(...bytesField(3, integerField(1, count), doubleField(2, bound), tail));
        }
        const { native, createdMs } = series;
        if (native !== undefined) {
          fields.push(...integerField(5, zigzag(native.schema)), ...doubleField(6, native.zeroThreshold));
          fields.push(...integerField(7, native.zeroCount));
          fields.push(...sideFields(native.negative, 9, i % 2 === 0), ...sideFields(native.positive, 12, i % 2 === 0));
          for (const exemplar of native.exemplars ?? []) fields.push(...exemplarField(16, exemplar));
        }
        if (createdMs !== undefined) fields.push(...timestampField(15, createdMs));
      }
      const time = series.timestampMs === undefined ? [] : integerField(6, series.timestampMs);
      return bytesField(4, labelFields(series.labels), bytesField(valueFields[type] as number, fields), time);
    });
    const message = [
      ...textField(1, name),
      ...textField(2, help),
      ...integerField(3, typeNumbers[type] as number),
      ...metrics.flat(),
      ...(unit === undefined ? [] : textField(5, unit)),
    ];
    for (const part of [varint(message.length), message]) for (const byte of part) bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
