import type { Exemplar, FamilyDescriptor, HistogramSeries, MetricType, SummarySeries } from "../model/family.ts";
import type { EscapingScheme } from "./name-escaping.ts";

/** A stretch of a text format that begins with lines about a family. Most families are one, some of some formats several. */
export interface Block {
  /** What its metadata calls it. */
  readonly title: string;
  /** What the names of its samples begin with. */
  readonly name: string;
  /** The type that it has in this format; `unknown` where it can't have its own. */
  readonly type: MetricType;
  /** The label that the type writes itself, `""` if none; a name that is not escaped yet. */
  readonly typeLabel: string;
  /** The lines before its samples. */
  readonly head: string;
  /** Which of the samples it has, by their suffixes. Absent where it has all. */
  readonly suffixes?: readonly string[];
}

/** The types whose series are several numbers. A state set's are as many lines in every format. */
export type CompositeType = "histogram" | "gaugehistogram" | "summary";
export type CompositeSeries = HistogramSeries | SummarySeries;

export function isCompositeType(type: MetricType): type is CompositeType {
  return type === "histogram" || type === "gaugehistogram" || type === "summary";
}

/** What tells one text format from the others. All else they share. */
export interface Dialect {
  /** How names are written that are no legacy names. */
  readonly escaping: EscapingScheme;
  /** Whether it leaves out the samples that OpenMetrics forbids. */
  readonly omitsForbidden: boolean;
  /** Whether the created timestamps of series are samples of their own. */
  readonly writesCreated: boolean;
  /** The blocks of each of the families, in their order. A family that the format has no place for has none. */
  blocksOf(families: readonly FamilyDescriptor[]): readonly (readonly Block[])[];
  /** Spells a bound or quantile. */
  boundText(value: number): string;
  /** Spells a sample's timestamp, with a space before it; `""` where it can't be written. */
  timestampText(milliseconds: number): string;
  /** Spells an exemplar, with what comes before it; `""` where it can't be written. Absent where the format has none. */
  readonly exemplarText?: (exemplar: Exemplar) => string;
  /** What stands between a value and the time since when the series counts. Absent where no line says it so. */
  readonly startPrefix?: string;
  /**
   * Spells a series that is several numbers as one value, `""` where it can't be written. Absent where each number has a
   * line of its own.
   */
  readonly compositeText?: (type: CompositeType, series: CompositeSeries) => string;
  /** What stands at the very end. */
  readonly end: string;
}

/**
 * The label that a type writes itself, `""` if none, as while no type is known. A state set's is its family's name,
 * whatever prefix that got.
 */
export function typeLabelOf({ type, name }: { readonly type: MetricType | undefined; readonly name: string }): string {
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
    case undefined:
      return "";
    default:
      return type satisfies never;
  }
}
