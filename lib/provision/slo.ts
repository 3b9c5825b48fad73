// Promises: how many requests break them, and alerts when they break too fast.
import { numberText } from "../formats/numbers.ts";
import { type AlertRule, percentText } from "./alerts.ts";
import { burnRates } from "./burn-rates.ts";
import { durationText } from "./duration.ts";
import type { InventoryEntry } from "./inventory.ts";
import { spelledAs } from "./label-numbers.ts";
import type { ProvisionSettings, Slo } from "./options.ts";
import { by, matcher, rate, selector } from "./promql.ts";
import { recordedBreaches } from "./recorded.ts";
import type { RecordingRule } from "./rules.ts";
import { failedStatus, type RequestSignal, type Signals } from "./signals.ts";
import { untemplated } from "./template.ts";

/**
 * The rules of all promises, for each histogram of latencies.
 *
 * @throws {RangeError} when there is none that can tell
 */
export function sloRules(signals: Signals, settings: ProvisionSettings): readonly (RecordingRule | AlertRule)[] {
  const histograms = histogramsOf(signals);
  if (settings.slos.length > 0 && histograms.length === 0) {
    throw new RangeError("There is no histogram of latencies in seconds, by which a promise could be judged.");
  }
  return histograms.flatMap((entry) => {
    // Two promises may be judged by the same bound.
    const bounds = new Set(settings.slos.map((slo) => judgedBound(entry, slo)));
    return [
      ...[...bounds].flatMap((bound) => breachRules(entry, bound, signals, settings)),
      ...settings.slos.flatMap((slo) => burnAlerts(entry, judgedBound(entry, slo), slo, settings)),
    ];
  });
}

/**
 * The time by which a histogram judges. Classic buckets know no time between their bounds, so it is the greatest bound
 * that is not above the promised time: the promise is kept if anything more strictly.
 */
function judgedBound({ name, bounds, isNative }: InventoryEntry, { thresholdSeconds }: Slo): number {
  if (isNative) return thresholdSeconds;
  const bound = bounds.findLast((one) => one <= thresholdSeconds);
  if (bound !== undefined) return bound;
  throw new RangeError(
    `Histogram "${name}" can't tell which requests took ${numberText(thresholdSeconds)} s or less: its least bound is ${numberText(bounds[0] as number)}.`,
  );
}

/** Which promises are judged by another time than the promised one, in words. */
export function sloNotes(signals: Signals, { slos }: ProvisionSettings): readonly string[] {
  return histogramsOf(signals).flatMap((entry) =>
    slos.flatMap((slo) => {
      const bound = judgedBound(entry, slo);
      const { thresholdSeconds } = slo;
      if (bound === thresholdSeconds) return [];
      return [
        `Histogram "${entry.name}" has no bound at ${numberText(thresholdSeconds)} s, so the promise is judged by ${numberText(bound)} s. Add the bound to be exact.`,
      ];
    }),
  );
}

/** Those of requests where a status tells which they are: a cache or a job has promised nothing. */
function histogramsOf({ latencies, requests }: Signals): readonly InventoryEntry[] {
  const histograms = latencies.filter(({ type }) => type === "histogram");
  const ofRequests = histograms.filter((entry) => requests.some((request) => request.entry === entry));
  return ofRequests.length > 0 ? ofRequests : histograms;
}

function windowsMs(): readonly number[] {
  return [...new Set(burnRates.flatMap(({ longMs, shortMs }) => [shortMs, longMs]))].sort((a, b) => a - b);
}

/** The share of requests that were slower or failed, over each window. */
function breachRules(
  entry: InventoryEntry,
  bound: number,
  signals: Signals,
  settings: ProvisionSettings,
): RecordingRule[] {
  const matchers = [matcher("job", "=", settings.job)];
  const request = signals.requests.find((one) => one.entry === entry);
  const ofGood = request === undefined ? matchers : [...matchers, succeeded(request)];
  return windowsMs().map((windowMs) => {
    const window = durationText(windowMs * settings.timeScale);
    const { name, isNative } = entry;
    const all = isNative
      ? `histogram_count(${by("sum", ["job"], rate(selector(name, matchers), window))})`
      : by("sum", ["job"], rate(selector(`${name}_count`, matchers), window));
    const good = isNative
      ? goodOfNative(by("sum", ["job"], rate(selector(name, ofGood), window)), bound)
      : by("sum", ["job"], rate(selector(`${name}_bucket`, [...ofGood, spelledAs("le", bound)]), window));
    return { record: recordedBreaches(entry, bound, window), expr: `1 - ${good} / ${all}` };
  });
}

function goodOfNative(rates: string, bound: number): string {
  return `(histogram_fraction(0, ${numberText(bound)}, ${rates}) * histogram_count(${rates}))`;
}

function succeeded({ statusLabel }: RequestSignal): string {
  return matcher(statusLabel, "!~", failedStatus);
}

function burnAlerts(entry: InventoryEntry, bound: number, slo: Slo, settings: ProvisionSettings): AlertRule[] {
  const budget = 1 - slo.objective;
  const promise = `${percentText(slo.objective)} of ${untemplated(entry.name)} within ${numberText(slo.thresholdSeconds)} s`;
  const judged = bound === slo.thresholdSeconds ? "" : `, judged by the bound ${numberText(bound)}`;
  return burnRates.flatMap(({ factor, longMs, shortMs, severity }): AlertRule[] => {
    const limit = Number((factor * budget).toPrecision(12));
    // More than all requests can't fail: such an alert could never fire.
    if (limit >= 1) return [];
    const [long, short] = [longMs, shortMs].map((ms) => durationText(ms * settings.timeScale)) as [string, string];
    const over = (window: string) =>
      `${selector(recordedBreaches(entry, bound, window), [matcher("job", "=", settings.job)])} > ${numberText(limit)}`;
    return [
      {
        alert: "SloBurnsFast",
        expr: `${over(long)} and ${over(short)}`,
        labels: { severity, metric: untemplated(entry.name), slo: sloName(slo), window: long },
        annotations: {
          summary: "{{ $labels.job }}: {{ $value | humanizePercentage }} of the requests break the promise",
          description: `Promised are ${promise}${judged}. The budget of errors is used up more than ${numberText(factor)} times as fast as it may be.`,
        },
      },
    ];
  });
}

/** A promise as it is given to the program: `99.9:0.4s`. */
function sloName({ objective, thresholdSeconds }: Slo): string {
  return `${percentText(objective).replace(" %", "")}:${numberText(thresholdSeconds)}s`;
}
