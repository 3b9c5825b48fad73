// Panels of a Grafana dashboard: one query or a few, and how they are drawn.
import type { InventoryEntry } from "./inventory.ts";
import { spelledAs } from "./label-numbers.ts";
import { by, eventRate, histogramQuantile, type Matcher, matcher, rate, selector } from "./promql.ts";
import { quantileWord } from "./recorded.ts";
import { failedStatus, type RequestSignal, type SaturationSignal } from "./signals.ts";

/** A query of a panel. */
export interface Query {
  readonly expr: string;
  readonly legend: string;
  /** `heatmap` for buckets, `table` for what is asked once. */
  readonly format?: "time_series" | "heatmap" | "table";
}

/** A panel, before it has its place. */
export interface PanelPlan {
  readonly title: string;
  readonly description: string;
  readonly type: "timeseries" | "heatmap" | "table" | "state-timeline";
  /** As Grafana calls it: `s`, `bytes`, `percentunit`. */
  readonly unit: string;
  /** Where the axis begins; left out where values may be negative, or far from zero. */
  readonly min?: 0;
  readonly queries: readonly Query[];
}

/** The variables of the dashboard, as conditions. A series without worker is that of an app without workers. */
export const dashboardMatchers: readonly Matcher[] = ['job=~"$job"', 'instance=~"$instance"'];
const workerMatcher: Matcher = 'worker=~"$worker"';

/** Grafana's own choice of a window that always holds several scrapes. */
const WINDOW = "$__rate_interval";

const panelQuantiles = [0.5, 0.9, 0.99];

/** Labels that a panel does not split by: the dashboard has a variable for each. */
const placeLabels: ReadonlySet<string> = new Set(["job", "instance", "worker"]);

const grafanaUnits: Readonly<Record<string, string>> = {
  seconds: "s",
  bytes: "bytes",
  ratio: "percentunit",
  celsius: "celsius",
  meters: "lengthm",
  grams: "massg",
  joules: "joule",
  volts: "volt",
  amperes: "amp",
};

function matchersOf({ labelNames }: InventoryEntry): readonly Matcher[] {
  return labelNames.includes("worker") ? [...dashboardMatchers, workerMatcher] : dashboardMatchers;
}

function splitBy({ labelNames }: InventoryEntry): readonly string[] {
  return labelNames.filter((name) => !placeLabels.has(name));
}

function legendOf(labels: readonly string[], otherwise: string): string {
  return labels.length === 0 ? otherwise : labels.map((label) => `{{${label}}}`).join(" ");
}

function unitOf({ unit }: InventoryEntry): string {
  return grafanaUnits[unit] ?? "short";
}

/** Requests per second, split as their series are. */
export function requestsPanel({ entry, statusLabel }: RequestSignal): PanelPlan {
  return {
    title: `Requests: ${entry.name}`,
    description: entry.help,
    type: "timeseries",
    unit: "reqps",
    min: 0,
    queries: [
      {
        expr: by("sum", [statusLabel], eventRate(entry, matchersOf(entry), WINDOW)),
        legend: `{{${statusLabel}}}`,
      },
    ],
  };
}

/** The share of requests that failed. */
export function errorsPanel({ entry, statusLabel }: RequestSignal): PanelPlan {
  const matchers = matchersOf(entry);
  const all = by("sum", [], eventRate(entry, matchers, WINDOW));
  const failure = matcher(statusLabel, "=~", failedStatus);
  const failed = by("sum", [], eventRate(entry, [...matchers, failure], WINDOW));
  return {
    title: `Errors: ${entry.name}`,
    description: "The share of requests that were answered with a status of 5xx.",
    type: "timeseries",
    unit: "percentunit",
    min: 0,
    queries: [{ expr: `(${failed} or 0 * ${all}) / ${all}`, legend: "failed" }],
  };
}

/** The quantiles of a histogram or summary. */
export function quantilesPanel(entry: InventoryEntry): PanelPlan {
  return {
    title: `Quantiles: ${entry.name}`,
    description: entry.help,
    type: "timeseries",
    unit: unitOf(entry),
    queries: entry.type === "summary" ? summaryQueries(entry) : histogramQueries(entry),
  };
}

function histogramQueries(entry: InventoryEntry): Query[] {
  const { name, isNative } = entry;
  return panelQuantiles.map((quantile) => ({
    expr: histogramQuantile(quantile, { name, isNative, window: WINDOW, by: [], matchers: matchersOf(entry) }),
    legend: quantileWord(quantile),
  }));
}

/** Quantiles can't be added up, so of several processes the slowest one is shown. */
function summaryQueries(entry: InventoryEntry): Query[] {
  return entry.quantiles.map((quantile) => ({
    expr: by("max", [], selector(entry.name, [...matchersOf(entry), spelledAs("quantile", quantile)])),
    legend: quantileWord(quantile),
  }));
}

/** How many observations fell into each bucket over time. */
export function heatmapPanel(entry: InventoryEntry): PanelPlan {
  const { name, isNative, type } = entry;
  const matchers = matchersOf(entry);
  const series = selector(isNative ? name : `${name}_bucket`, matchers);
  // The buckets of a gauge histogram tell what is now, and not what has been counted.
  const counts = type === "gaugehistogram" ? series : `increase(${series}[${WINDOW}])`;
  return {
    title: `Distribution: ${name}`,
    description: entry.help,
    type: "heatmap",
    unit: unitOf(entry),
    queries: [{ expr: by("sum", isNative ? [] : ["le"], counts), legend: "{{le}}", format: "heatmap" }],
  };
}

/** What is in use of a limit. */
export function saturationPanel({ title, used, limit }: SaturationSignal): PanelPlan {
  return {
    title: `In use: ${title}`,
    description: `${used} of ${limit}.`,
    type: "timeseries",
    unit: "percentunit",
    min: 0,
    queries: [
      {
        expr: `${selector(used, dashboardMatchers)} / ${selector(limit, dashboardMatchers)}`,
        legend: "{{instance}}",
      },
    ],
  };
}

/** Any family, by its type and unit. */
export function familyPanels(entry: InventoryEntry): readonly PanelPlan[] {
  const { name, type, help } = entry;
  const labels = splitBy(entry);
  const matchers = matchersOf(entry);
  const panel = { title: name, description: help, unit: unitOf(entry) };
  switch (type) {
    case "counter": {
      const queries = [
        { expr: by("sum", labels, rate(selector(name, matchers), WINDOW)), legend: legendOf(labels, "per second") },
      ];
      return [{ ...panel, type: "timeseries", unit: entry.unit === "bytes" ? "Bps" : "ops", min: 0, queries }];
    }
    case "gauge":
    case "unknown": {
      const isTime = name.endsWith("_timestamp_seconds") || name.endsWith("_time_seconds");
      const series = selector(name, matchers);
      // Grafana takes times in milliseconds.
      const expr = isTime ? `${series} * 1000` : series;
      const legend = legendOf(["instance", ...(entry.labelNames.includes("worker") ? ["worker"] : []), ...labels], "");
      return [{ ...panel, type: "timeseries", ...(isTime && { unit: "dateTimeAsIso" }), queries: [{ expr, legend }] }];
    }
    case "histogram":
      return entry.hasBuckets ? [heatmapPanel(entry), quantilesPanel(entry)] : [meanPanel(entry)];
    case "gaugehistogram":
      return [heatmapPanel(entry)];
    case "summary":
      return entry.quantiles.length > 0 ? [quantilesPanel(entry)] : [meanPanel(entry)];
    case "info":
      return [{ ...panel, type: "table", queries: [{ expr: selector(name, matchers), legend: "", format: "table" }] }];
    case "stateset": {
      const expr = by("max", [...labels, name].filter(unique), selector(name, matchers));
      return [{ ...panel, type: "state-timeline", queries: [{ expr, legend: `{{${name}}}` }] }];
    }
    default:
      return type satisfies never;
  }
}

function unique(label: string, i: number, labels: readonly string[]): boolean {
  return labels.indexOf(label) === i;
}

/** What a summary without quantiles can tell, or a histogram without buckets. */
function meanPanel(entry: InventoryEntry): PanelPlan {
  const part = (suffix: string) => by("sum", [], rate(selector(`${entry.name}${suffix}`, matchersOf(entry)), WINDOW));
  return {
    title: `Mean: ${entry.name}`,
    description: entry.help,
    type: "timeseries",
    unit: unitOf(entry),
    queries: [{ expr: `${part("_sum")} / ${part("_count")}`, legend: "mean" }],
  };
}
