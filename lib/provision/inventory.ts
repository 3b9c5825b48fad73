// What a scrape shows of each family, without its numbers: what rules, dashboards and the catalogue are made from.
import { type EscapingScheme, escapeName } from "../formats/name-escaping.ts";
import type { MetricFamily, MetricType, NativeHistogram } from "../model/family.ts";

/** A family as it was found in a scrape. */
export interface InventoryEntry {
  /** As it is queried, with `_total` and `_info`. */
  readonly name: string;
  readonly type: MetricType;
  readonly help: string;
  /** The unit that was declared or, in formats that have none, the one that the name ends in; `""` if none. */
  readonly unit: string;
  /** The label names that its series have, in the order of their appearance. */
  readonly labelNames: readonly string[];
  /** How many series it has now. */
  readonly seriesCount: number;
  /** Some of the values of each label, for telling what the label means. */
  readonly labelValues: ReadonlyMap<string, ReadonlySet<string>>;
  /** The finite bounds of a classic histogram, increasing. */
  readonly bounds: readonly number[];
  /** Whether a histogram has exponential buckets. */
  readonly isNative: boolean;
  /** Whether a histogram has buckets that tell anything: an exponential one read as text has none. */
  readonly hasBuckets: boolean;
  /** The quantiles of a summary, increasing. */
  readonly quantiles: readonly number[];
}

/** The base units, as names end in them. */
const unitsInNames = ["seconds", "bytes", "ratio", "celsius", "meters", "grams", "joules", "volts", "amperes"] as const;

/** More values of a label are not looked at. */
const MOST_VALUES = 100;

/**
 * The families, in the order of their names, so that what is made of them does not depend on who registered first.
 *
 * @param escaping how names are spelled to the Prometheus that asks for them
 */
export function inventoryOf(
  families: Iterable<MetricFamily>,
  escaping: EscapingScheme = "allow-utf-8",
): readonly InventoryEntry[] {
  return [...families].map((family) => entryOf(family, escaping)).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function entryOf(family: MetricFamily, escaping: EscapingScheme): InventoryEntry {
  const { type, help, unit } = family;
  const name = escapeName(family.name, escaping);
  const labelValues = new Map<string, Set<string>>();
  const bounds = new Set<number>();
  const quantiles = new Set<number>();
  let isNative = false;
  for (const series of family.series) {
    for (const [original, value] of Object.entries(series.labels)) {
      const label = escapeName(original, escaping, "label");
      const values = labelValues.get(label) ?? new Set();
      labelValues.set(label, values);
      if (values.size < MOST_VALUES) values.add(value);
    }
    const histogram = series as { buckets?: readonly { bound: number }[]; native?: NativeHistogram };
    for (const { bound } of histogram.buckets ?? []) if (Number.isFinite(bound)) bounds.add(bound);
    if (histogram.native !== undefined) isNative = true;
    for (const { quantile } of (series as { quantiles?: readonly { quantile: number }[] }).quantiles ?? []) {
      quantiles.add(quantile);
    }
  }
  return {
    name,
    type,
    help,
    unit: unit ?? unitOf(name),
    labelNames: [...labelValues.keys()],
    seriesCount: family.series.length,
    labelValues,
    bounds: [...bounds].sort((a, b) => a - b),
    isNative,
    hasBuckets: isNative || bounds.size > 0,
    quantiles: [...quantiles].sort((a, b) => a - b),
  };
}

/** The unit that a name ends in, before `_total`. */
function unitOf(name: string): string {
  const base = name.replace(/_total$/, "");
  return unitsInNames.find((unit) => base.endsWith(`_${unit}`)) ?? "";
}
