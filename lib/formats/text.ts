import type { FamilyDescriptor, HistogramSeries, LabelSet, MetricFamily, MetricType } from "../model/family.ts";
import { isLegacyLabelName } from "../model/names.ts";
import type { FamilyView, SampleLayout } from "../storage/column-family.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { escapeHelp, escapeLabelValue, underscoreFamilyNames, underscoreLabelNames } from "./escaping.ts";
import type { FamilyPart, Format, ScrapedFamily, Section } from "./format.ts";
import { LineSection } from "./lines.ts";
import { numberText } from "./numbers.ts";
import { fitsRows, type TextPlan, TextRows, textPlan } from "./text-rows.ts";

/**
 * Prometheus text format 0.0.4, which every reader of metrics reads.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export const textFormat: Format = {
  contentType: "text/plain; version=0.0.4; charset=utf-8",

  *sections(families: readonly ScrapedFamily[]): Iterable<Section> {
    const names = underscoreFamilyNames(families.map(({ descriptor }) => descriptor));
    for (const [i, { descriptor, parts }] of families.entries()) {
      if (!parts.some(hasSeries)) continue;
      const { type, help } = descriptor;
      const name = names[i] as string;
      const typeLabel = typeLabelOf(descriptor);
      yield new LineSection(familyLines(name, type, help));
      for (const part of parts) yield samples(name, typeLabel, part);
      if (type !== "gaugehistogram") continue;
      yield new LineSection(gaugeHistogramLines(`${name}_gsum`, help, parts, ({ sum }) => sum));
      yield new LineSection(gaugeHistogramLines(`${name}_gcount`, help, parts, ({ count }) => count));
    }
  },
};

function hasSeries(part: FamilyPart): boolean {
  return part.kind === "columns" ? part.view.hasSeries : part.family.series.length > 0;
}

/** What the format calls a type. It has no info, state set or gauge histogram of its own. */
function typeWord(type: MetricType): string {
  switch (type) {
    case "info":
    case "stateset":
      return "gauge";
    case "gaugehistogram":
      return "histogram";
    case "unknown":
      return "untyped";
    case "counter":
    case "gauge":
    case "histogram":
    case "summary":
      return type;
    default:
      return type satisfies never;
  }
}

/** The label that the type writes itself, `""` if none. A state set's is its family's name, whatever prefix that got. */
function typeLabelOf({ type, name }: FamilyDescriptor): string {
  switch (type) {
    case "histogram":
    case "gaugehistogram":
      return "le";
    case "summary":
      return "quantile";
    case "stateset":
      return name;
    case "counter":
    case "gauge":
    case "info":
    case "unknown":
      return "";
    default:
      return type satisfies never;
  }
}

function familyLines(name: string, type: MetricType, help: string): string[] {
  const helpLine = help === "" ? "" : `# HELP ${name} ${escapeHelp(help)}\n`;
  return [`${helpLine}# TYPE ${name} ${typeWord(type)}\n`];
}

/** The constant labels of a part. They give way to the label that the type writes, as they do to a series' own. */
function constantLabelsOf({ constantLabels }: FamilyPart, typeLabel: string): LabelSet {
  if (!Object.hasOwn(constantLabels, typeLabel)) return constantLabels;
  return Object.fromEntries(Object.entries(constantLabels).filter(([name]) => name !== typeLabel));
}

function samples(name: string, typeLabel: string, part: FamilyPart): Section {
  const constantLabels = constantLabelsOf(part, typeLabel);
  if (part.kind === "plain") return new LineSection(seriesLines(name, typeLabel, part.family, constantLabels));
  const { view } = part;
  const { table, extraLabels } = view.family;
  const names = [...table.labelNames, ...Object.keys(constantLabels), ...(typeLabel === "" ? [] : [typeLabel])];
  if (extraLabels === undefined && names.every(isLegacyLabelName)) {
    const plan = planFor(name, typeLabel, view, constantLabels);
    if (fitsRows(plan, table)) return new TextRows(plan, view);
  }
  return new LineSection(rowLines(name, typeLabel, view, constantLabels));
}

/** The plans made so far; a family is nearly always scraped under the same name with the same constant labels. */
const plans = new WeakMap<SeriesTable, TextPlan>();

function planFor(name: string, typeLabel: string, view: FamilyView, constantLabels: LabelSet): TextPlan {
  const { table, samples: layout, labelNames } = view.family;
  const known = plans.get(table);
  if (known !== undefined && known.name === name && known.constantLabels === constantLabels) return known;
  const own = new Set(labelNames);
  const behind = Object.entries(constantLabels).filter(([label]) => !own.has(label));
  const plan = textPlan(
    name,
    constantLabels,
    layout.map(({ suffix, label }) => ({
      head: name + suffix,
      labels: labelText(label === undefined ? behind : withLabel(behind, typeLabel, label.value)),
    })),
    labelNames.map((label) => labelText(Object.entries(constantLabels).filter(([constant]) => constant === label))),
  );
  plans.set(table, plan);
  return plan;
}

type Labels = readonly (readonly [name: string, value: string])[];

/** Labels with a comma before each. */
function labelText(labels: Labels): string {
  const names = underscoreLabelNames(labels.map(([name]) => name));
  return labels.map(([, value], i) => `,${names[i]}="${escapeLabelValue(value)}"`).join("");
}

function withLabel(labels: Labels, name: string, value: number | string): Labels {
  return [...labels, [name, typeof value === "number" ? numberText(value) : value]];
}

function line(name: string, labels: Labels, value: number, timestampMs = Number.NaN): string {
  const written = labels.length === 0 ? "" : `{${labelText(labels).slice(1)}}`;
  // Prometheus' own lexer of this format can't read a negative timestamp, and none reads one that is no integer of
  // 64 bits.
  const timestamp = timestampMs >= 0 && timestampMs <= Number.MAX_SAFE_INTEGER ? ` ${Math.round(timestampMs)}` : "";
  return `${name}${written} ${numberText(value)}${timestamp}\n`;
}

/** A series' labels, and the constant ones that it does not have itself: in the place of an absent label, or behind. */
function mergeLabels(labels: LabelSet, constantLabels: LabelSet): Labels {
  const missing = Object.entries(constantLabels).filter(
    ([name]) => !Object.hasOwn(labels, name) || labels[name] === "",
  );
  return Object.entries({ ...labels, ...Object.fromEntries(missing) }).filter(([, value]) => value !== "");
}

/** The lines of rows that are not written byte by byte: those with extra labels, odd names, or huge label values. */
function* rowLines(name: string, typeLabel: string, view: FamilyView, constantLabels: LabelSet): Iterable<string> {
  const { table, samples: layout } = view.family;
  const numbers = new Float64Array(layout.length);
  for (let page = 0; view.rowsIn(page) > 0; page++) {
    for (let place = 0; place < view.rowsIn(page); place++) {
      // Asked for at each row: the view may have been frozen since the last one.
      const ids = view.idPages[page] as Int32Array;
      const first = place * table.idStride;
      if ((ids[first] as number) < 0) continue;
      const row = (page << table.rowShift) | place;
      view.read(row, numbers);
      const own = table.values.map((values, i) => [values.labelName, values.text(ids[first + i] as number)]);
      const labels = mergeLabels({ ...Object.fromEntries(own), ...view.extraLabels(row) }, constantLabels);
      for (let i = 0; i < layout.length; i++) {
        const { suffix, label } = layout[i] as SampleLayout;
        const all = label === undefined ? labels : withLabel(labels, typeLabel, label.value);
        yield line(name + suffix, all, numbers[i] as number);
      }
    }
  }
}

/** The lines of plain series: a custom collector's. */
function* seriesLines(
  name: string,
  typeLabel: string,
  family: MetricFamily,
  constantLabels: LabelSet,
): Iterable<string> {
  switch (family.type) {
    case "counter":
    case "gauge":
    case "info":
    case "unknown":
      for (const { labels, value, timestampMs } of family.series) {
        yield line(name, mergeLabels(labels, constantLabels), value, timestampMs);
      }
      return;
    case "stateset":
      for (const { labels, states, timestampMs } of family.series) {
        const merged = mergeLabels(labels, constantLabels);
        for (const [state, on] of Object.entries(states)) {
          yield line(name, withLabel(merged, typeLabel, state), on ? 1 : 0, timestampMs);
        }
      }
      return;
    case "summary":
      for (const { labels, quantiles, sum, count, timestampMs } of family.series) {
        const merged = mergeLabels(labels, constantLabels);
        for (const { quantile, value } of quantiles) {
          yield line(name, withLabel(merged, typeLabel, quantile), value, timestampMs);
        }
        if (sum !== undefined) yield line(`${name}_sum`, merged, sum, timestampMs);
        if (count !== undefined) yield line(`${name}_count`, merged, count, timestampMs);
      }
      return;
    case "histogram":
    case "gaugehistogram":
      for (const { labels, buckets, sum, count, timestampMs } of family.series) {
        const merged = mergeLabels(labels, constantLabels);
        for (const bucket of buckets) {
          if (bucket.bound === Number.POSITIVE_INFINITY) continue;
          yield line(`${name}_bucket`, withLabel(merged, typeLabel, bucket.bound), bucket.count, timestampMs);
        }
        yield line(`${name}_bucket`, withLabel(merged, typeLabel, Number.POSITIVE_INFINITY), count, timestampMs);
        if (family.type === "gaugehistogram") continue;
        if (sum !== undefined) yield line(`${name}_sum`, merged, sum, timestampMs);
        yield line(`${name}_count`, merged, count, timestampMs);
      }
      return;
    default:
      family satisfies never;
  }
}

/** The sums or counts of gauge histograms: gauges of their own, as no type of this format has such samples. */
function* gaugeHistogramLines(
  name: string,
  help: string,
  parts: readonly FamilyPart[],
  read: (series: HistogramSeries) => number | undefined,
): Iterable<string> {
  let isFirst = true;
  for (const part of parts) {
    if (part.kind !== "plain" || part.family.type !== "gaugehistogram") continue;
    const constantLabels = constantLabelsOf(part, "le");
    for (const series of part.family.series) {
      const value = read(series);
      if (value === undefined) continue;
      if (isFirst) yield* familyLines(name, "gauge", help);
      isFirst = false;
      yield line(name, mergeLabels(series.labels, constantLabels), value, series.timestampMs);
    }
  }
}
