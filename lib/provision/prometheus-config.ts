// prometheus.yml: what is scraped, and where rules and alerts go.
import { durationText } from "./duration.ts";
import type { InventoryEntry } from "./inventory.ts";
import type { ProvisionSettings, ScrapeCredentials } from "./options.ts";
import type { YamlValue } from "./yaml.ts";

/** From here on Prometheus is told which formats to ask for. */
const SCRAPE_PROTOCOLS_SINCE: readonly [number, number] = [2, 49];
/** From here on native histograms are asked for by the configuration; before, by a flag of the server. */
const NATIVE_BY_CONFIG_SINCE: readonly [number, number] = [3, 8];

/** What Prometheus needs beside its configuration. */
export function prometheusNotes(inventory: readonly InventoryEntry[], settings: ProvisionSettings): readonly string[] {
  const needsFlag = inventory.some(({ isNative }) => isNative) && !isAtLeast(settings, NATIVE_BY_CONFIG_SINCE);
  return needsFlag ? ["There are native histograms: start Prometheus with --enable-feature=native-histograms."] : [];
}

/** The configuration of Prometheus. Paths in it are relative to the file itself. */
export function prometheusConfig(inventory: readonly InventoryEntry[], settings: ProvisionSettings): YamlValue {
  const { target, job, intervalMs, alertmanager } = settings;
  const interval = durationText(intervalMs);
  const isNative = inventory.some((entry) => entry.isNative);
  return {
    global: { scrape_interval: interval, evaluation_interval: interval },
    rule_files: ["rules/*.yml"],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: [
      {
        job_name: job,
        scheme: target.protocol.slice(0, -1),
        metrics_path: target.pathname,
        ...(target.search !== "" && { params: paramsOf(target) }),
        // The target must have answered before it is asked again.
        scrape_timeout: durationText(Math.min(10_000, intervalMs)),
        ...(isNative && isAtLeast(settings, NATIVE_BY_CONFIG_SINCE) && { scrape_native_histograms: true }),
        ...(isNative &&
          isAtLeast(settings, SCRAPE_PROTOCOLS_SINCE) && {
            scrape_protocols: ["PrometheusProto", "OpenMetricsText1.0.0", "PrometheusText0.0.4"],
          }),
        ...credentialsOf(settings.credentials),
        static_configs: [{ targets: [hostAndPort(target)] }],
      },
    ],
  };
}

function isAtLeast(
  { prometheusVersion: [major, minor] }: ProvisionSettings,
  since: readonly [number, number],
): boolean {
  return major > since[0] || (major === since[0] && minor >= since[1]);
}

function paramsOf(target: URL): { readonly [name: string]: readonly string[] } {
  return Object.fromEntries([...target.searchParams.keys()].map((name) => [name, target.searchParams.getAll(name)]));
}

function credentialsOf(credentials: ScrapeCredentials | undefined): { readonly [name: string]: YamlValue } {
  switch (credentials?.type) {
    case undefined:
      return {};
    case "bearer":
      return { authorization: { type: "Bearer", credentials_file: credentials.tokenFile } };
    case "basic":
      return { basic_auth: { username: credentials.username, password_file: credentials.passwordFile } };
    default:
      return credentials satisfies never;
  }
}

/** Prometheus wants the port, also where a URL leaves it out. */
function hostAndPort({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || (protocol === "https:" ? "443" : "80")}`;
}
