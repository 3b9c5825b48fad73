// What Grafana reads at its start: where Prometheus is, and where the dashboards lie.
import { durationText } from "./duration.ts";
import type { ProvisionSettings } from "./options.ts";
import type { YamlValue } from "./yaml.ts";

/** The data source. */
export function grafanaDatasources({ prometheusUrl, intervalMs }: ProvisionSettings): YamlValue {
  return {
    apiVersion: 1,
    datasources: [
      {
        name: "Prometheus",
        uid: "prometheus",
        type: "prometheus",
        access: "proxy",
        // Grafana would fill in what it takes for the name of an environment variable.
        url: prometheusUrl.replaceAll("$", "$$$$"),
        isDefault: true,
        // Grafana makes the windows of its rates from it.
        jsonData: { httpMethod: "POST", timeInterval: durationText(intervalMs) },
      },
    ],
  };
}

/** The provider of the dashboards. The environment variable `TALLYSTICK_DASHBOARDS` tells Grafana the folder that they are in. */
export function grafanaDashboards(): YamlValue {
  return {
    apiVersion: 1,
    providers: [
      {
        name: "tallystick",
        type: "file",
        allowUiUpdates: false,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in
        options: { path: "${TALLYSTICK_DASHBOARDS}" },
      },
    ],
  };
}
