// What all six kinds of metrics have in common in their declarations.
import { type Aggregator, aggregators } from "../model/aggregator.ts";
import type { Clock } from "../model/clock.ts";
import type { FamilyDescriptor, MetricType } from "../model/family.ts";
import type { LabelValues } from "../model/labels.ts";
import { checkLabelNames, checkMetricName, describeMetric, isUtf8Name } from "../model/names.ts";
import type { Registrar } from "../registry/registrar.ts";
import type { PageFactory } from "../storage/pages.ts";

export type { Aggregator };

/** What every metric is declared with. */
export interface MetricOptions<Name extends string> {
  /** As it is queried: `http_requests_total`, `request_duration_seconds`. */
  readonly name: string;
  /** What the metric tells, in a sentence. */
  readonly help: string;
  /**
   * The labels that its series differ in.
   * @default none: the metric is one series
   */
  readonly labelNames?: readonly Name[];
  /**
   * Where the metric is registered.
   * @default the default registry
   */
  readonly registers?: readonly Registrar[];
  /** The unit, which the name must end in (before `_total`): `seconds`, `bytes`, `ratio`. */
  readonly unit?: string;
  /**
   * Series that exist from the beginning, at zero. `rate()` can't see the first event of a series that appears with it.
   * @default a metric without labels has its one series, one with labels none
   */
  readonly series?: readonly LabelValues<NoInfer<Name>>[];
  /**
   * How the values of several processes become one.
   * @default "sum"
   */
  readonly aggregator?: Aggregator;
  /**
   * Whether names may hold any UTF-8 text. Where such names were not agreed on with the reader, `_` stands for each
   * character that old readers can't take.
   * @default false
   */
  readonly utf8Names?: boolean;
  /** @default the system's clocks */
  readonly clock?: Clock;
  /**
   * Where the numbers are kept.
   * @default ordinary memory
   */
  readonly pages?: PageFactory;
}

/**
 * Checks what all declarations have in common.
 *
 * @throws {TypeError | RangeError} at the first thing that is not valid
 */
export function checkOptions(type: MetricType, options: MetricOptions<string>): FamilyDescriptor {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(
      `A ${type} is declared by an object with name and help, but got ${options === null ? "null" : typeof options}.`,
    );
  }
  const { name, help, labelNames = [], unit, aggregator, utf8Names = false, registers, series = [] } = options;
  checkMetricName(name, utf8Names);
  const owner = describeMetric(type, name);
  if (typeof help !== "string" || help === "") throw new TypeError(`${owner} needs a help text: what does it tell?`);
  if (!Array.isArray(labelNames)) throw new TypeError(`${owner}: labelNames must be an array of strings.`);
  checkLabelNames(type, name, labelNames, utf8Names);
  if (!(Array.isArray(series) && series.every((labels) => typeof labels === "object" && labels !== null))) {
    throw new TypeError(`${owner}: series must be an array of label objects.`);
  }
  if (aggregator !== undefined && !aggregators.includes(aggregator)) {
    throw new RangeError(`${owner}: aggregator must be one of ${aggregators.join(", ")}, but got "${aggregator}".`);
  }
  if (
    registers !== undefined &&
    !(Array.isArray(registers) && registers.every((one) => typeof one?.registerMetric === "function"))
  ) {
    throw new TypeError(`${owner}: registers must be an array of registries.`);
  }
  if (unit !== undefined) checkUnit(owner, type, name, unit);
  return { name, type, help, ...(unit !== undefined && { unit }) };
}

function checkUnit(owner: string, type: MetricType, name: string, unit: unknown): void {
  if (type === "info" || type === "stateset")
    throw new RangeError(`${owner} can't have a unit: its values measure nothing.`);
  if (typeof unit !== "string" || !isUtf8Name(unit))
    throw new TypeError(`${owner}: unit must be a text such as "seconds".`);
  const base = type === "counter" ? name.replace(/_total$/, "") : name;
  if (!base.endsWith(`_${unit}`)) {
    throw new RangeError(
      `${owner} has the unit "${unit}", so its name must end in "_${unit}"${type === "counter" ? ' before "_total"' : ""}.`,
    );
  }
}
