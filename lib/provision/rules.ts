// Recording rules: rates, error ratios and quantiles of a job, computed once for all who look.

import { durationText } from "./duration.ts";
import type { InventoryEntry } from "./inventory.ts";
import type { ProvisionSettings } from "./options.ts";
import { by, eventRate, histogramQuantile, type Matcher, matcher } from "./promql.ts";
import { recordedErrorRatio, recordedQuantile, recordedRate } from "./recorded.ts";
import { failedStatus, isRuntime, type RequestSignal, type Signals } from "./signals.ts";
import type { YamlValue } from "./yaml.ts";

/** A recording rule. */
export interface RecordingRule {
  readonly record: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** The labels that a target and its workers differ in, which rules add up. */
const placeLabels = ["instance", "worker"];

/** The quantiles of histograms that are recorded, beside the one that is watched. */
const usualQuantiles = [0.5, 0.9, 0.99];

/** The rules for an inventory. */
export function recordingRules(
  inventory: readonly InventoryEntry[],
  signals: Signals,
  settings: ProvisionSettings,
): readonly RecordingRule[] {
  const window = durationText(settings.rateWindowMs);
  const matchers = [matcher("job", "=", settings.job)];
  const service = inventory.filter((entry) => !isRuntime(entry));
  return [
    ...service.flatMap((entry) => rateRule(entry, matchers, window) ?? []),
    ...signals.requests.map((signal) => errorRatioRule(signal, matchers, window)),
    ...service
      .filter(({ type, hasBuckets }) => type === "histogram" && hasBuckets)
      .flatMap((entry) => quantileRules(entry, settings, window)),
  ];
}

/** The quantiles that are recorded of each histogram, increasing. */
export function recordedQuantiles({ thresholds }: ProvisionSettings): readonly number[] {
  return [...new Set([...usualQuantiles, thresholds.latencyQuantile])].sort((a, b) => a - b);
}

function rateRule(entry: InventoryEntry, matchers: readonly Matcher[], window: string): RecordingRule | undefined {
  const { type } = entry;
  if (type !== "counter" && type !== "histogram" && type !== "summary") return undefined;
  const perSecond = eventRate(entry, matchers, window);
  return {
    record: recordedRate(entry, window),
    expr: `sum without (${placeLabels.join(", ")}) (${perSecond})`,
  };
}

function errorRatioRule(
  { entry, statusLabel }: RequestSignal,
  matchers: readonly Matcher[],
  window: string,
): RecordingRule {
  const all = by("sum", ["job"], eventRate(entry, matchers, window));
  const failed = by("sum", ["job"], eventRate(entry, [...matchers, matcher(statusLabel, "=~", failedStatus)], window));
  // Until something fails there is no series that counts it, and the share would be missing instead of zero.
  return { record: recordedErrorRatio(entry, window), expr: `(${failed} or 0 * ${all}) / ${all}` };
}

function quantileRules(entry: InventoryEntry, settings: ProvisionSettings, window: string): RecordingRule[] {
  const { name, isNative } = entry;
  return recordedQuantiles(settings).map((quantile) => ({
    record: recordedQuantile(entry, quantile, window),
    expr: histogramQuantile(quantile, {
      name,
      isNative,
      window,
      by: ["job"],
      matchers: [matcher("job", "=", settings.job)],
    }),
  }));
}

/** A file of rules, as Prometheus reads it. */
export function rulesFile(name: string, rules: readonly object[]): YamlValue {
  return { groups: [{ name, rules: rules as readonly YamlValue[] }] };
}
