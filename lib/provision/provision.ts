// All files of a monitored service, made from what one scrape of it shows.
import type { MetricFamily } from "../model/family.ts";
import { alertmanagerConfig } from "./alertmanager-config.ts";
import { alertRules } from "./alerts.ts";
import { catalogueJson, catalogueMarkdown } from "./catalogue.ts";
import { dashboardJson, dashboardUid } from "./dashboard.ts";
import { grafanaDashboards, grafanaDatasources } from "./grafana-provisioning.ts";
import { inventoryOf } from "./inventory.ts";
import { type ProvisionOptions, provisionSettings } from "./options.ts";
import { prometheusConfig, prometheusNotes } from "./prometheus-config.ts";
import { recordingRules, rulesFile } from "./rules.ts";
import { signalsOf } from "./signals.ts";
import { sloNotes, sloRules } from "./slo.ts";
import { yamlDocument } from "./yaml.ts";

/** The files, and what the user should know of them. */
export interface Provisioned {
  /** Texts by path, relative to the folder that they are written to. */
  readonly files: ReadonlyMap<string, string>;
  /** What the files can't do, or need beside them. */
  readonly notes: readonly string[];
}

/**
 * Makes the files that Prometheus, Alertmanager and Grafana need to watch a service. The same families and options give the same files, whatever the metrics count at the time.
 *
 * @param families one scrape of the service, best after some traffic: what has no series yet is not seen
 * @throws {TypeError | RangeError} when an option is not valid, or a promise can't be judged by the metrics there are
 * @example
 * const { files } = provision(parse(text, contentType), { target: "http://127.0.0.1:8000/metrics" });
 */
export function provision(families: Iterable<MetricFamily>, options: ProvisionOptions): Provisioned {
  const settings = provisionSettings(options);
  // Prometheus 2 knows legacy names only, and is told the others with underscores.
  const inventory = inventoryOf(families, settings.prometheusVersion[0] < 3 ? "underscores" : "allow-utf-8");
  const signals = signalsOf(inventory);
  const { job, slos } = settings;
  const files = new Map<string, string>([
    ["prometheus.yml", yamlDocument(prometheusConfig(inventory, settings))],
    ["alertmanager.yml", yamlDocument(alertmanagerConfig(settings))],
    ["rules/recording.yml", yamlDocument(rulesFile(`${job} rates`, recordingRules(inventory, signals, settings)))],
    ["rules/alerts.yml", yamlDocument(rulesFile(`${job} alerts`, alertRules(signals, settings)))],
    [`grafana/dashboards/${dashboardUid(job)}.json`, dashboardJson(inventory, signals, job)],
    ["grafana/provisioning/datasources/prometheus.yml", yamlDocument(grafanaDatasources(settings))],
    ["grafana/provisioning/dashboards/dashboards.yml", yamlDocument(grafanaDashboards())],
    ["docs/metrics.md", catalogueMarkdown(inventory, job)],
    ["docs/metrics.json", catalogueJson(inventory)],
  ]);
  if (slos.length > 0) {
    files.set("rules/slo.yml", yamlDocument(rulesFile(`${job} promises`, sloRules(signals, settings))));
  }
  return { files, notes: [...prometheusNotes(inventory, settings), ...sloNotes(signals, settings)] };
}
