import type { Metric, MetricDefinition } from "../model/collector.ts";
import { describeMetric } from "../model/names.ts";
import { AlreadyRegisteredError } from "./errors.ts";
import type { MetricClass, Registrar } from "./registrar.ts";

/** The metric of the same definition that is registered there, or a new one. */
export function getOrCreate<Options extends { readonly name: string }, Made extends Metric>(
  registrar: Registrar,
  metricClass: MetricClass<Options, Made>,
  options: Options,
): Made {
  // The class itself knows what its options come to, so the candidate is made first, registered nowhere.
  const candidate = new metricClass({ ...options, registers: [] });
  const existing = registrar.getSingleMetric(candidate.name);
  if (existing === undefined) {
    registrar.registerMetric(candidate);
    return candidate;
  }
  const difference = firstDifference(existing.definition, candidate.definition);
  if (difference === undefined) return existing as Made;
  throw new AlreadyRegisteredError(
    `${describeMetric(candidate.type, candidate.name)} is registered already, but with ${difference}.`,
    existing,
  );
}

/** In words, the first property in which two definitions differ. They are plain data, so their JSON tells. */
export function firstDifference(a: MetricDefinition, b: MetricDefinition): string | undefined {
  const flat = ({ details, ...rest }: MetricDefinition): Record<string, unknown> => ({ ...rest, ...details });
  const [x, y] = [flat(a), flat(b)];
  const say = (value: unknown) => JSON.stringify(value) ?? "none";
  const key = Object.keys({ ...x, ...y }).find((one) => say(x[one]) !== say(y[one]));
  return key && `${key} ${say(x[key])} and not ${say(y[key])}`;
}
