// Decoded protobuf as the families of the library, to compare what was written with what was meant.
import type {
  Exemplar,
  HistogramFamilySeries as HistogramSeries,
  LabelSet,
  MetricFamily,
  NativeBucket,
  NativeHistogram,
} from "../../lib/core.ts";
import { decodeFamilies, type Message } from "./naive-protobuf.ts";

const types = ["counter", "gauge", "summary", "unknown", "histogram", "gaugehistogram"] as const;

const timeOf = ({ seconds = 0, nanos = 0 }: Message) => seconds * 1000 + nanos / 1e6;

function labelsOf(labels: readonly Message[] = []): LabelSet {
  return Object.fromEntries(labels.map(({ name, value }) => [name, value]));
}

function exemplarOf({ label, value, timestamp }: Message): Exemplar {
  return { labels: labelsOf(label), value, ...(timestamp && { timestampMs: timeOf(timestamp) }) };
}

function sideOf(
  spans: readonly Message[] = [],
  deltas: readonly (number | bigint)[] = [],
  counts: readonly number[] = [],
) {
  const buckets: NativeBucket[] = [];
  let key = 0;
  let at = 0;
  let count = 0n;
  for (const { offset, length } of spans) {
    key += offset;
    for (let i = 0; i < length; i++, key++, at++) {
      count += BigInt(deltas[at] ?? 0);
      const own = counts[at] ?? Number(count);
      if (own !== 0) buckets.push({ key, count: own });
    }
  }
  return buckets;
}

function nativeOf(h: Message): NativeHistogram | undefined {
  if (h["schema"] === undefined) return undefined;
  return {
    schema: h["schema"],
    zeroThreshold: h["zero_threshold"],
    zeroCount: Number(h["zero_count_float"] ?? h["zero_count"]),
    positive: sideOf(h["positive_span"], h["positive_delta"], h["positive_count"]),
    negative: sideOf(h["negative_span"], h["negative_delta"], h["negative_count"]),
    ...(h["exemplars"] && { exemplars: h["exemplars"].map(exemplarOf) }),
  };
}

function histogramOf(h: Message): Partial<HistogramSeries> {
  const native = nativeOf(h);
  return {
    count: Number(h["sample_count_float"] ?? h["sample_count"]),
    ...(h["sample_sum"] !== undefined && { sum: h["sample_sum"] }),
    buckets: ((h["bucket"] ?? []) as Message[]).map((b) => ({
      bound: b["upper_bound"],
      count: Number(b["cumulative_count_float"] ?? b["cumulative_count"]),
      ...(b["exemplar"] && { exemplar: exemplarOf(b["exemplar"]) }),
    })),
    ...(native && { native }),
  };
}

function readValue({ counter, gauge, untyped, summary, histogram }: Message): object {
  const created = (counter ?? summary ?? histogram)?.created_timestamp;
  const createdMs = created && { createdMs: timeOf(created) };
  if (counter) {
    return { value: counter.value, ...createdMs, ...(counter.exemplar && { exemplar: exemplarOf(counter.exemplar) }) };
  }
  if (summary) {
    return {
      ...(summary.sample_count !== undefined && { count: Number(summary.sample_count) }),
      ...(summary.sample_sum !== undefined && { sum: summary.sample_sum }),
      quantiles: summary.quantile ?? [],
      ...createdMs,
    };
  }
  return histogram ? { ...histogramOf(histogram), ...createdMs } : { value: (gauge ?? untyped).value };
}

/** The families of an exposition. Infos and state sets come back as the gauges that they are in this format. */
export function readFamilies(exposition: Uint8Array): MetricFamily[] {
  return decodeFamilies(exposition).map(({ name, help = "", type, unit, metric = [] }) => ({
    name,
    help,
    type: types[type] as "gauge",
    ...(unit !== undefined && { unit }),
    series: (metric as Message[]).map((one) => ({
      labels: labelsOf(one["label"]),
      ...(one["timestamp_ms"] !== undefined && { timestampMs: one["timestamp_ms"] }),
      ...(readValue(one) as { value: number }),
    })),
  }));
}
