// Which names are valid, and which names a family takes in an exposition.
import type { FamilyDescriptor, MetricType } from "./family.ts";

const metricNamePattern = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelNamePattern = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** Whether every format can write the metric name as it is, without quotes. */
export function isLegacyMetricName(name: string): boolean {
  return metricNamePattern.test(name);
}

/** Whether every format can write the label name as it is, without quotes. A colon is not allowed here. */
export function isLegacyLabelName(name: string): boolean {
  return labelNamePattern.test(name);
}

/** Whether the name can be written where UTF-8 names are agreed on: any text that UTF-8 can encode. */
export function isUtf8Name(name: string): boolean {
  return name !== "" && name.isWellFormed();
}

/** The word errors call a metric by: `Counter "http_requests_total"`. */
export function describeMetric(type: MetricType, name: string): string {
  const kind = { gaugehistogram: "Gauge histogram", stateset: "State set" }[type as string];
  return `${kind ?? type[0]?.toUpperCase() + type.slice(1)} "${name}"`;
}

/**
 * Checks a metric name.
 *
 * @throws {TypeError} when it is no string
 * @throws {RangeError} when it is not valid, with the place where it stops being so
 */
export function checkMetricName(name: unknown, utf8Names = false): asserts name is string {
  checkName("Metric", name, utf8Names, isLegacyMetricName, "[a-zA-Z_:][a-zA-Z0-9_:]*", /[a-zA-Z0-9_:]/);
}

/**
 * Checks a label name on its own; what a metric's type reserves is checked by {@link checkLabelNames}.
 *
 * @throws {TypeError} when it is no string
 * @throws {RangeError} when it is not valid
 */
export function checkLabelName(name: unknown, utf8Names = false): asserts name is string {
  checkName("Label", name, utf8Names, isLegacyLabelName, "[a-zA-Z_][a-zA-Z0-9_]*", /[a-zA-Z0-9_]/);
}

function checkName(
  kind: string,
  name: unknown,
  utf8Names: boolean,
  isLegacy: (name: string) => boolean,
  pattern: string,
  legal: RegExp,
): asserts name is string {
  if (typeof name !== "string") {
    throw new TypeError(`${kind} name must be a string, but got ${name === null ? "null" : typeof name}.`);
  }
  if (isLegacy(name)) return;
  if (utf8Names) {
    if (isUtf8Name(name)) return;
    throw new RangeError(
      name === ""
        ? `${kind} name is empty.`
        : `${kind} name ${JSON.stringify(name)} is not valid: it holds half a surrogate pair, which UTF-8 can't encode.`,
    );
  }
  if (name === "") throw new RangeError(`${kind} name is empty. Names match ${pattern}.`);
  const characters = [...name];
  const position = characters.findIndex((c, i) => !legal.test(c) || (i === 0 && /[0-9]/.test(c)));
  const shown = JSON.stringify(characters[position] ?? "");
  throw new RangeError(
    `${kind} name ${JSON.stringify(name)} is not valid: ${shown} at position ${position}. Names match ${pattern}.`,
  );
}

/** JavaScript's own `__proto__` means nothing to Prometheus, and whoever has such a label shall keep it. */
function isKeptByPrometheus(labelName: string): boolean {
  return labelName.startsWith("__") && labelName !== "__proto__";
}

/**
 * Checks the names of labels that series get from outside: from a registry or a scope of it.
 *
 * @throws {RangeError} when one is not valid, or reserved by Prometheus
 */
export function checkConstantLabelNames(labelNames: readonly string[]): void {
  for (const labelName of labelNames) {
    checkLabelName(labelName);
    if (isKeptByPrometheus(labelName)) {
      throw new RangeError(
        `Label name "${labelName}" is not valid: names that begin with "__" are reserved by Prometheus.`,
      );
    }
  }
}

/** The label that a type writes itself, and that no series of it may have; for a state set its own name. */
function reservedLabel(type: MetricType, name: string): { label: string; why: string } | undefined {
  switch (type) {
    case "histogram":
    case "gaugehistogram":
      return { label: "le", why: "it names the bucket bounds" };
    case "summary":
      return { label: "quantile", why: "it names the quantiles" };
    case "stateset":
      return { label: name, why: "it names the states" };
    case "counter":
    case "gauge":
    case "info":
    case "unknown":
      return undefined;
    default:
      return type satisfies never;
  }
}

/**
 * Checks the label names of a family: each valid, none twice, none reserved by Prometheus or by the family's type.
 *
 * @throws {TypeError} when one is no string
 * @throws {RangeError} when one is not valid, reserved, or there twice
 */
export function checkLabelNames(
  type: MetricType,
  name: string,
  labelNames: readonly unknown[],
  utf8Names = false,
): void {
  const reserved = reservedLabel(type, name);
  const seen = new Set<string>();
  for (const labelName of labelNames) {
    checkLabelName(labelName, utf8Names);
    const refuse = (why: string) =>
      new RangeError(`${describeMetric(type, name)} can't have the label "${labelName}": ${why}.`);
    if (isKeptByPrometheus(labelName)) throw refuse('names that begin with "__" are reserved by Prometheus');
    if (labelName === reserved?.label) throw refuse(reserved.why);
    if (seen.has(labelName)) throw refuse("it is declared twice");
    seen.add(labelName);
  }
}

/**
 * The names that a family takes in text 0.0.4: its own, and those of its samples. Two families clash when they share
 * one. `_created` is not among them: that format does not write it.
 */
export function occupiedNames({ type, name }: Pick<FamilyDescriptor, "type" | "name">): string[] {
  switch (type) {
    case "histogram":
      return [name, `${name}_bucket`, `${name}_sum`, `${name}_count`];
    case "gaugehistogram":
      return [name, `${name}_bucket`, `${name}_gsum`, `${name}_gcount`];
    case "summary":
      return [name, `${name}_sum`, `${name}_count`];
    case "counter":
    case "gauge":
    case "info":
    case "stateset":
    case "unknown":
      return [name];
    default:
      return type satisfies never;
  }
}
