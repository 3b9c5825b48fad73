import { escapeName } from "../formats/name-escaping.ts";
import { type LabelValue, labelText } from "../model/labels.ts";
import { checkLabelName } from "../model/names.ts";

/** What a path segment can't say, or means something else by: nothing at all, a slash, this folder and the one above. */
const needsBase64 = /^$|\/|^\.\.?$/;

/**
 * The path of a group in a Pushgateway, from `/job` on. A label that is `undefined` or `null` is left out; one that is
 * `""` is part of the key.
 *
 * @throws {TypeError} when a value is no string, number or boolean
 * @throws {RangeError} when the job is empty, or a label name is not valid, reserved, or `job`
 * @see https://github.com/prometheus/pushgateway#url
 * @example
 * groupingPath("backup", { instance: "db/1" }); // "/job/backup/instance@base64/ZGIvMQ"
 */
export function groupingPath(jobName: LabelValue, groupings: Readonly<Record<string, LabelValue>> = {}): string {
  const job = labelText("job", jobName);
  if (job === "") throw new RangeError("The name of the job is empty; a Pushgateway files groups by it.");
  let path = segments("job", job);
  for (const [name, value] of Object.entries(groupings)) {
    checkLabelName(name, true);
    if (name.startsWith("__")) {
      throw new RangeError(`The grouping key can't have the label "${name}": Prometheus reserves names in "__".`);
    }
    if (name === "job")
      throw new RangeError('The grouping key can\'t have the label "job": it is the name of the job.');
    if (value === undefined || value === null) continue;
    path += segments(escapeName(name, "values", "label"), labelText(name, value));
  }
  return path;
}

function segments(name: string, value: string): string {
  if (!needsBase64.test(value)) return `/${name}/${encodeURIComponent(value)}`;
  // Of an empty value nothing is left but the padding.
  return `/${name}@base64/${Buffer.from(value).toString("base64url") || "="}`;
}
