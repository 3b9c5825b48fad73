// The slow way to text, a line at a time: whatever is not written byte by byte from columns.
import type { Exemplar, LabelSet, MetricFamily } from "../model/family.ts";
import { isLegacyLabelName, isLegacyMetricName } from "../model/names.ts";
import type { FamilyView } from "../storage/column-family.ts";
import { exemplarsOf } from "./composite-value.ts";
import { type Block, type CompositeSeries, type CompositeType, type Dialect, isCompositeType } from "./dialect.ts";
import { escapeLabelValue, quoteName, writtenLabelNames } from "./escaping.ts";
import type { EscapingScheme } from "./name-escaping.ts";
import { numberText } from "./numbers.ts";
import { plainSeries } from "./plain-series.ts";
import {
  CREATED,
  hasCreated,
  isExpressible,
  plainSamples,
  type SampleLine,
  sampleLines,
  sampleName,
} from "./samples.ts";

export type Labels = readonly (readonly [name: string, value: string])[];

/** Labels with a comma before each. */
export function labelText(labels: Labels, escaping: EscapingScheme): string {
  const names = writtenLabelNames(
    labels.map(([name]) => name),
    escaping,
  );
  return labels.map(([, value], i) => labelPair(names[i] as string, value)).join("");
}

/** One label with a comma before it. */
export function labelPair(writtenName: string, value: string): string {
  return `,${quoteName(writtenName, isLegacyLabelName)}="${escapeLabelValue(value)}"`;
}

/** What a line begins with: the name, inside the braces where it has to be quoted. */
export function lineHead(name: string): string {
  return isLegacyMetricName(name) ? name : `{${quoteName(name, isLegacyMetricName)}`;
}

/** The value of the label that the type writes. */
export function typeLabelText(value: number | string, { boundText }: Pick<Dialect, "boundText">): string {
  return typeof value === "number" ? boundText(value) : value;
}

/** The constant labels of a part. They give way to the label that the type writes, as they do to a series' own. */
export function constantLabelsOf(constantLabels: LabelSet, typeLabel: string): LabelSet {
  if (!Object.hasOwn(constantLabels, typeLabel)) return constantLabels;
  return Object.fromEntries(Object.entries(constantLabels).filter(([name]) => name !== typeLabel));
}

/** A series' labels, and the constant ones that it does not have itself: in the place of an absent label, or behind. */
export function mergeLabels(labels: LabelSet, constantLabels: LabelSet): Labels {
  const missing = Object.entries(constantLabels).filter(
    ([name]) => !Object.hasOwn(labels, name) || labels[name] === "",
  );
  return Object.entries({ ...labels, ...Object.fromEntries(missing) }).filter(([, value]) => value !== "");
}

interface Times {
  readonly timestampMs?: number | undefined;
  readonly createdMs?: number | undefined;
}

/** What a series has beside its lines. */
interface Row extends Times {
  readonly labels: Labels;
  readonly numbers: ArrayLike<number>;
  readonly exemplar: (sample: number) => Exemplar | undefined;
}

/** A line up to its value: name and labels. */
function beginOf(head: string, labels: Labels, { escaping }: Dialect): string {
  const text = labelText(labels, escaping);
  if (head.startsWith("{")) return `${head}${text}}`;
  return text === "" ? head : `${head}{${text.slice(1)}}`;
}

/** What lines say behind the value: when it was so, and since when it counts. */
function timesText(
  { type }: Block,
  { timestampMs, createdMs }: Times,
  { timestampText, startPrefix }: Dialect,
): string {
  const timestamp = timestampMs === undefined ? "" : timestampText(timestampMs);
  if (startPrefix === undefined || createdMs === undefined || !hasCreated(type)) return timestamp;
  const start = timestampText(createdMs);
  return start === "" ? timestamp : `${timestamp}${startPrefix}${start.slice(1)}`;
}

/** The one line of a series that is several numbers, in a dialect that writes these as one value. */
function compositeLine(
  block: Block,
  type: CompositeType,
  series: CompositeSeries,
  constantLabels: LabelSet,
  dialect: Dialect,
): string {
  const value = dialect.compositeText?.(type, series) ?? "";
  if (value === "") return "";
  const begin = beginOf(lineHead(block.name), mergeLabels(series.labels, constantLabels), dialect);
  const exemplars = exemplarsOf(series).map((exemplar) => dialect.exemplarText?.(exemplar) ?? "");
  return `${begin} ${value}${timesText(block, series, dialect)}${exemplars.join("")}\n`;
}

/** The lines of one series. */
function* linesOf(block: Block, lines: readonly SampleLine[], row: Row, dialect: Dialect): Iterable<string> {
  const own = row.labels;
  const timestamp = timesText(block, row, dialect);
  for (const line of lines) {
    const { label, sample, isOmitted, takesExemplar } = line;
    if (isOmitted?.(row.numbers)) continue;
    const labels: Labels = label === undefined ? own : [...own, [block.typeLabel, typeLabelText(label, dialect)]];
    const head = lineHead(sampleName(block, line));
    const begin = beginOf(head, labels, dialect);
    if (sample === CREATED) {
      const created = row.createdMs === undefined ? "" : dialect.timestampText(row.createdMs);
      if (created !== "") yield `${begin}${created}${timestamp}\n`;
      continue;
    }
    const exemplar = takesExemplar ? row.exemplar(sample) : undefined;
    const behind = (exemplar && dialect.exemplarText?.(exemplar)) ?? "";
    yield `${begin} ${numberText(row.numbers[sample] as number)}${timestamp}${behind}\n`;
  }
}

/** The lines of rows that are not written byte by byte: those with extra labels or huge label values. */
export function* rowLines(
  block: Block,
  view: FamilyView,
  constantLabels: LabelSet,
  dialect: Dialect,
): Iterable<string> {
  const { table, samples } = view.family;
  const { type } = view.family.descriptor;
  const isComposite = dialect.compositeText !== undefined && isCompositeType(type);
  const lines = sampleLines(block, samples, dialect);
  const numbers = new Float64Array(samples.length);
  for (let page = 0; view.rowsIn(page) > 0; page++) {
    for (let place = 0; place < view.rowsIn(page); place++) {
      // Asked for at each row: the view may have been frozen since the last one.
      const ids = view.idPages[page] as Int32Array;
      const first = place * table.idStride;
      if ((ids[first] as number) < 0) continue;
      const row = (page << table.rowShift) | place;
      const own = table.values.map((values, i) => [values.labelName, values.text(ids[first + i] as number)]);
      if (isComposite) {
        const labels = Object.fromEntries(own);
        const series = plainSeries(view, row, { ...labels, ...view.extraLabels(row) }, numbers);
        yield compositeLine(block, type, series as CompositeSeries, constantLabels, dialect);
        continue;
      }
      view.read(row, numbers);
      yield* linesOf(
        block,
        lines,
        {
          labels: mergeLabels({ ...Object.fromEntries(own), ...view.extraLabels(row) }, constantLabels),
          numbers,
          exemplar: (sample) => view.exemplar(row, sample),
          createdMs: view.createdMs(row),
        },
        dialect,
      );
    }
  }
}

/** The lines of plain series: a custom collector's. */
export function* seriesLines(
  block: Block,
  family: MetricFamily,
  constantLabels: LabelSet,
  dialect: Dialect,
): Iterable<string> {
  for (const series of family.series) {
    if (dialect.omitsForbidden && !isExpressible(family.type, series)) continue;
    if (dialect.compositeText !== undefined && isCompositeType(family.type)) {
      yield compositeLine(block, family.type, series as CompositeSeries, constantLabels, dialect);
      continue;
    }
    const { layout, numbers, exemplars, createdMs } = plainSamples(family.type, series);
    const { labels, timestampMs } = series;
    const row: Row = {
      labels: mergeLabels(labels, constantLabels),
      numbers,
      exemplar: (sample) => exemplars[sample],
      timestampMs,
      createdMs,
    };
    yield* linesOf(block, sampleLines(block, layout, dialect), row, dialect);
  }
}
