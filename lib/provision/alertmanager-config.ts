// alertmanager.yml: one receiver, and what is told together or not at all.
import { durationText } from "./duration.ts";
import type { ProvisionSettings } from "./options.ts";
import type { YamlValue } from "./yaml.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** The configuration of Alertmanager. */
export function alertmanagerConfig({ timeScale, webhookUrl }: ProvisionSettings): YamlValue {
  const scaled = (milliseconds: number) => durationText(milliseconds * timeScale);
  return {
    route: {
      receiver: "webhook",
      // What goes wrong in one service for one reason is one message, of however many of its processes.
      group_by: ["alertname", "job"],
      group_wait: scaled(30 * SECOND),
      group_interval: scaled(5 * MINUTE),
      repeat_interval: scaled(4 * HOUR),
    },
    receivers: [{ name: "webhook", webhook_configs: [{ url: webhookUrl, send_resolved: true }] }],
    inhibit_rules: [
      // A process that can't be scraped explains whatever else is said of it.
      {
        source_matchers: ['alertname="TargetDown"'],
        target_matchers: ['alertname!="TargetDown"'],
        equal: ["job", "instance"],
      },
      // Who is woken by an alert needs no warning of the same metric. Labels that neither has are equal, too.
      {
        source_matchers: ['severity="critical"', 'metric!=""'],
        target_matchers: ['severity="warning"'],
        equal: ["job", "metric"],
      },
    ],
  };
}
