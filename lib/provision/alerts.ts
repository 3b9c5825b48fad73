// Alerts, chosen by what the metrics are.
import { numberText } from "../formats/numbers.ts";
import { durationText } from "./duration.ts";
import type { InventoryEntry } from "./inventory.ts";
import { spelledAs } from "./label-numbers.ts";
import type { ProvisionSettings } from "./options.ts";
import { by, matcher, selector } from "./promql.ts";
import { recordedErrorRatio, recordedQuantile } from "./recorded.ts";
import type { RequestSignal, SaturationSignal, Signals } from "./signals.ts";
import { untemplated } from "./template.ts";

/** An alert. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: "critical" | "warning"; readonly [name: string]: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The alerts for what was found. */
export function alertRules(signals: Signals, settings: ProvisionSettings): readonly AlertRule[] {
  const { latencies, requests, saturations, eventLoopLag } = signals;
  return [
    ...targetAlerts(settings),
    ...requests.map((signal) => errorAlert(signal, settings)),
    ...latencies.map((entry) => latencyAlert(entry, settings)),
    ...(eventLoopLag === undefined ? [] : [eventLoopAlert(eventLoopLag, settings)]),
    ...saturations.map((signal) => saturationAlert(signal, settings)),
    ...restartAlerts(signals, settings),
    ...(signals.has("tallystick_worker_up") ? [workerAlert(settings)] : []),
    collectorAlert(settings),
  ];
}

function ofJob({ job }: ProvisionSettings): string {
  return matcher("job", "=", job);
}

function forText({ forMs }: ProvisionSettings): string {
  return durationText(forMs);
}

function targetAlerts(settings: ProvisionSettings): AlertRule[] {
  const up = selector("up", [ofJob(settings)]);
  const patience = durationText(MINUTE * settings.timeScale);
  return [
    {
      alert: "TargetDown",
      expr: `${up} == 0`,
      for: patience,
      labels: { severity: "critical" },
      annotations: {
        summary: "{{ $labels.job }}: {{ $labels.instance }} can't be scraped",
        description: "The process is down, unreachable, too slow to answer, or its answer can't be read.",
      },
    },
    {
      alert: "TargetMissing",
      expr: `absent(${up})`,
      for: patience,
      labels: { severity: "critical" },
      annotations: {
        summary: "{{ $labels.job }}: Prometheus has no target",
        description: "No target of this job is configured or discovered.",
      },
    },
  ];
}

function errorAlert({ entry, statusLabel }: RequestSignal, settings: ProvisionSettings): AlertRule {
  const { errorRatio } = settings.thresholds;
  const ratio = recordedErrorRatio(entry, durationText(settings.rateWindowMs));
  return {
    alert: "ErrorRatioHigh",
    expr: `${selector(ratio, [ofJob(settings)])} > ${numberText(errorRatio)}`,
    for: forText(settings),
    labels: { severity: "critical", metric: untemplated(entry.name) },
    annotations: {
      summary: "{{ $labels.job }}: {{ $value | humanizePercentage }} of the requests fail",
      description: `More than ${percentText(errorRatio)} of ${untemplated(entry.name)} have a ${statusLabel} of 5xx.`,
    },
  };
}

function latencyAlert(entry: InventoryEntry, settings: ProvisionSettings): AlertRule {
  const { latencySeconds } = settings.thresholds;
  const { quantile, expr } = latencyQuery(entry, settings);
  return {
    alert: "LatencyHigh",
    expr: `${expr} > ${numberText(latencySeconds)}`,
    for: forText(settings),
    labels: { severity: "warning", metric: untemplated(entry.name) },
    annotations: {
      summary: "{{ $labels.job }}: requests take {{ $value | humanizeDuration }}",
      description: `The ${numberText(quantile)} quantile of ${untemplated(entry.name)} is above ${numberText(latencySeconds)} s.`,
    },
  };
}

/** The quantile that is watched. A summary has it already, one for each process: the slowest of them counts. */
function latencyQuery(entry: InventoryEntry, settings: ProvisionSettings): { quantile: number; expr: string } {
  const wanted = settings.thresholds.latencyQuantile;
  if (entry.type === "histogram") {
    const recorded = recordedQuantile(entry, wanted, durationText(settings.rateWindowMs));
    return { quantile: wanted, expr: selector(recorded, [ofJob(settings)]) };
  }
  const distance = (quantile: number) => Math.abs(quantile - wanted);
  const quantile = entry.quantiles.reduce((a, b) => (distance(b) < distance(a) ? b : a));
  const series = selector(entry.name, [ofJob(settings), spelledAs("quantile", quantile)]);
  return { quantile, expr: by("max", ["job"], series) };
}

function eventLoopAlert(lag: string, settings: ProvisionSettings): AlertRule {
  const { eventLoopLagSeconds } = settings.thresholds;
  return {
    alert: "EventLoopLate",
    expr: `${by("max", ["job", "instance"], selector(lag, [ofJob(settings)]))} > ${numberText(eventLoopLagSeconds)}`,
    for: forText(settings),
    labels: { severity: "warning" },
    annotations: {
      summary: "{{ $labels.job }}: the event loop of {{ $labels.instance }} is {{ $value | humanizeDuration }} late",
      description: "Something computes for too long without letting the event loop turn, so everybody waits.",
    },
  };
}

function saturationAlert({ title, used, limit }: SaturationSignal, settings: ProvisionSettings): AlertRule {
  const { saturationRatio } = settings.thresholds;
  const matchers = [ofJob(settings)];
  return {
    alert: "NearLimit",
    expr: `${selector(used, matchers)} / ${selector(limit, matchers)} > ${numberText(saturationRatio)}`,
    for: forText(settings),
    labels: { severity: "warning", resource: title.replaceAll(" ", "_") },
    annotations: {
      summary: `{{ $labels.job }}: {{ $labels.instance }} uses {{ $value | humanizePercentage }} of its ${title}`,
      description: `${used} is near ${limit}, and what needs more will fail.`,
    },
  };
}

/** The start of a process changes with each, and its uptime falls. */
function restartAlerts({ has }: Signals, settings: ProvisionSettings): AlertRule[] {
  const { restarts } = settings.thresholds;
  const window = durationText(HOUR * settings.timeScale);
  const told = [
    ["changes", "process_start_time_seconds"],
    ["resets", "process_uptime_seconds"],
  ].find(([, name]) => has(name as string)) as [string, string] | undefined;
  if (told === undefined) return [];
  const starts = `${told[0]}(${selector(told[1], [ofJob(settings)])}[${window}])`;
  return [
    {
      alert: "RestartsOften",
      expr: `${by("sum", ["job", "instance"], starts)} > ${numberText(restarts)}`,
      labels: { severity: "warning" },
      annotations: {
        summary: "{{ $labels.job }}: {{ $labels.instance }} restarted {{ $value }} times",
        description: `It began anew more than ${numberText(restarts)} times within ${window}.`,
      },
    },
  ];
}

function workerAlert(settings: ProvisionSettings): AlertRule {
  return {
    alert: "WorkerDown",
    expr: `${selector("tallystick_worker_up", [ofJob(settings)])} == 0`,
    for: forText(settings),
    labels: { severity: "warning" },
    annotations: {
      summary: "{{ $labels.job }}: worker {{ $labels.worker }} of {{ $labels.instance }} is down",
      description: "It ended or does not report, and no successor has taken its place.",
    },
  };
}

/** The family appears with the first failure, so that it need not be there yet. */
function collectorAlert(settings: ProvisionSettings): AlertRule {
  const errors = selector("tallystick_collector_errors_total", [ofJob(settings)]);
  return {
    alert: "CollectorFails",
    expr: `${by("sum", ["job", "collector"], `increase(${errors}[${durationText(settings.rateWindowMs)}])`)} > 0`,
    for: forText(settings),
    labels: { severity: "warning" },
    annotations: {
      summary: "{{ $labels.job }}: the collector {{ $labels.collector }} fails",
      description: "Its families are missing from scrapes, and alerts on them can't fire.",
    },
  };
}

/** A share as people read it: `5 %`. */
export function percentText(share: number): string {
  return `${numberText(Number((share * 100).toPrecision(12)))} %`;
}
