// What lines a series has, whatever it comes from: the samples of its type, but for those that the format has no place for.
import type {
  Exemplar,
  HistogramSeries,
  MetricType,
  NumberSeries,
  SeriesBase,
  StateSetSeries,
  SummarySeries,
} from "../model/family.ts";
import type { SampleLayout } from "../storage/column-family.ts";
import type { Block, Dialect } from "./dialect.ts";

/** In place of the index of a sample: the line has the moment when the series began. */
export const CREATED = -1;

/** One of the lines that each series of a family has. */
export interface SampleLine {
  readonly suffix: string;
  /** The value of the label that the type writes. */
  readonly label?: number | string;
  /** The index of its sample in the layout, or {@link CREATED}. */
  readonly sample: number;
  /** Whether a series with such numbers does without the line. */
  readonly isOmitted?: (numbers: ArrayLike<number>) => boolean;
  readonly takesExemplar: boolean;
}

/** The lines of a series whose samples are laid out so. */
export function sampleLines(
  { type, suffixes }: Pick<Block, "type" | "suffixes">,
  layout: readonly SampleLayout[],
  { omitsForbidden, writesCreated }: Pick<Dialect, "omitsForbidden" | "writesCreated">,
): SampleLine[] {
  const lines: SampleLine[] = [];
  const omission = omitsForbidden ? omissionsOf(type, layout) : () => undefined;
  for (const [sample, { suffix, label }] of layout.entries()) {
    if (suffixes !== undefined && !suffixes.includes(suffix)) continue;
    const isOmitted = omission(suffix, sample);
    if (isOmitted === always) continue;
    lines.push({
      suffix,
      sample,
      takesExemplar: type === "counter" || suffix === "_bucket",
      ...(label !== undefined && { label: label.value }),
      ...(isOmitted && { isOmitted }),
    });
  }
  if (writesCreated && hasCreated(type)) lines.push({ suffix: "_created", sample: CREATED, takesExemplar: false });
  return lines;
}

/** The name of the sample in a line: what says when a counter began lacks its `_total`. */
export function sampleName({ name, title }: Pick<Block, "name" | "title">, { sample, suffix }: SampleLine): string {
  return (sample === CREATED ? title : name) + suffix;
}

/** Whether a type's series begin to count at some time. */
export function hasCreated(type: MetricType): boolean {
  return type === "counter" || type === "histogram" || type === "summary";
}

type Omission = (numbers: ArrayLike<number>) => boolean;

const always: Omission = () => true;

/**
 * What OpenMetrics forbids. The sum and count of a histogram go together, and only where the sum can't fall: not where
 * there are negative observations. Neither a summary's sum nor its quantiles are negative. A gauge histogram may have a
 * negative sum, but only beside negative bounds.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/#histogram
 */
function omissionsOf(
  type: MetricType,
  layout: readonly SampleLayout[],
): (suffix: string, sample: number) => Omission | undefined {
  const sum = layout.findIndex(({ suffix }) => suffix === "_sum" || suffix === "_gsum");
  const hasNegativeBound = layout.some(({ label }) => typeof label?.value === "number" && label.value < 0);
  const isSumBad: Omission = (numbers) => !((numbers[sum] as number) >= 0);
  const isSumNaN: Omission = (numbers) => Number.isNaN(numbers[sum]);
  return (suffix, sample) => {
    switch (type) {
      case "histogram":
        if (suffix === "_bucket") return undefined;
        return sum < 0 || hasNegativeBound ? always : isSumBad;
      case "gaugehistogram":
        if (suffix === "_bucket") return undefined;
        if (sum < 0) return always;
        return hasNegativeBound ? isSumNaN : isSumBad;
      case "summary":
        if (suffix === "_sum") return isSumBad;
        if (suffix === "_count") return (numbers) => !Number.isInteger(numbers[sample]);
        return (numbers) => (numbers[sample] as number) < 0;
      default:
        return undefined;
    }
  };
}

/** What one series of a custom collector exposes. */
export interface PlainSamples {
  readonly layout: readonly SampleLayout[];
  readonly numbers: readonly number[];
  readonly exemplars: readonly (Exemplar | undefined)[];
  readonly createdMs: number | undefined;
}

const single: readonly SampleLayout[] = [{ suffix: "" }];

/** The samples of one series of a family of that type, in the order of their lines. */
export function plainSamples(type: MetricType, series: SeriesBase): PlainSamples {
  switch (type) {
    case "counter":
    case "gauge":
    case "info":
    case "unknown": {
      const { value, exemplar, createdMs } = series as NumberSeries;
      return { layout: single, numbers: [value], exemplars: [exemplar], createdMs };
    }
    case "stateset": {
      const { states } = series as StateSetSeries;
      const layout = Object.keys(states).map((value) => ({ suffix: "", label: { name: "", value } }));
      return { layout, numbers: Object.values(states).map(Number), exemplars: [], createdMs: undefined };
    }
    case "summary":
      return summarySamples(series as SummarySeries);
    case "histogram":
      return histogramSamples(series as HistogramSeries, "_sum", "_count");
    case "gaugehistogram":
      return histogramSamples(series as HistogramSeries, "_gsum", "_gcount");
    default:
      return type satisfies never;
  }
}

function summarySamples({ quantiles, sum, count, createdMs }: SummarySeries): PlainSamples {
  const layout: SampleLayout[] = quantiles.map(({ quantile: value }) => ({
    suffix: "",
    label: { name: "quantile", value },
  }));
  const numbers = quantiles.map(({ value }) => value);
  if (sum !== undefined) numbers[layout.push({ suffix: "_sum" }) - 1] = sum;
  if (count !== undefined) numbers[layout.push({ suffix: "_count" }) - 1] = count;
  return { layout, numbers, exemplars: [], createdMs };
}

function histogramSamples(
  { buckets, sum, count, createdMs }: HistogramSeries,
  sumSuffix: string,
  countSuffix: string,
): PlainSamples {
  const layout: SampleLayout[] = [];
  const numbers: number[] = [];
  const exemplars: (Exemplar | undefined)[] = [];
  let below = Number.NEGATIVE_INFINITY;
  const add = (bound: number, upTo: number, exemplar: Exemplar | undefined) => {
    layout.push({ suffix: "_bucket", label: { name: "le", value: bound } });
    numbers.push(upTo);
    // One that does not lie in its bucket is of no use there, and forbidden.
    const isInside = exemplar !== undefined && exemplar.value <= bound && exemplar.value > below;
    exemplars.push(isInside ? exemplar : undefined);
    below = bound;
  };
  for (const { bound, count: upTo, exemplar } of buckets) {
    if (bound < Number.POSITIVE_INFINITY) add(bound, upTo, exemplar);
  }
  const last = buckets.at(-1);
  add(Number.POSITIVE_INFINITY, count, last?.bound === Number.POSITIVE_INFINITY ? last.exemplar : undefined);
  if (sum !== undefined) numbers[layout.push({ suffix: sumSuffix }) - 1] = sum;
  numbers[layout.push({ suffix: countSuffix }) - 1] = count;
  return { layout, numbers, exemplars, createdMs };
}

/** Whether a series is one that OpenMetrics can hold at all: its histograms count whole observations. */
export function isExpressible(type: MetricType, series: SeriesBase): boolean {
  if (type !== "histogram" && type !== "gaugehistogram") return true;
  const { count, buckets } = series as HistogramSeries;
  return Number.isInteger(count) && buckets.every((bucket) => Number.isInteger(bucket.count));
}
