// prom-client's way to count with an exemplar: one object that holds labels, value and exemplar.
import type { ExemplarLabels } from "../model/exemplars.ts";
import type { LabelValues } from "../model/labels.ts";
import type { WithLabels } from "./labelled.ts";

/** What such a call says besides the labels of the series. */
interface CallValues {
  /** How many events, or what was observed. */
  readonly value?: number | undefined;
  readonly exemplarLabels?: ExemplarLabels | undefined;
}

type CallLabels<Name extends string> = [Name] extends [never]
  ? { readonly labels?: LabelValues<never> | undefined }
  : string extends Name
    ? { readonly labels?: LabelValues<Name> | undefined }
    : { readonly labels: LabelValues<Name> };

/** A call as one object, in prom-client's shape. */
export type ExemplarCall<Name extends string, Values extends CallValues = CallValues> = CallLabels<Name> & Values;

/**
 * What a call with an exemplar takes: labels, its own arguments, and the exemplar's labels; or all in one object. A
 * metric that has a label of the name `labels`, `value` or `exemplarLabels` does not take the object, which could be
 * meant for labels.
 */
export type WithExemplar<Name extends string, Own extends readonly unknown[], Values extends CallValues = CallValues> =
  | WithLabels<Name, [...own: Own, exemplarLabels?: ExemplarLabels | undefined]>
  | OneObject<Name, Values>;

type OneObject<Name extends string, Values extends CallValues> = [Extract<Name, CallKey>] extends [never]
  ? [call: ExemplarCall<Name, Values>]
  : never;

type CallKey = "labels" | "value" | "exemplarLabels";

const callKeys: ReadonlySet<string> = new Set<CallKey>(["labels", "value", "exemplarLabels"]);

/** A call taken apart. */
export interface ReadCall {
  readonly labels: object;
  readonly value: unknown;
  readonly exemplarLabels: unknown;
}

/** Whether metrics with these labels take the one object: only where it can't be meant for labels. */
export function takesCalls(labelNames: readonly string[]): boolean {
  return !labelNames.some((name) => callKeys.has(name));
}

/** Whether an object is such a call, given to a metric that takes them: no label of the metric has one of its names. */
export function isCall(given: object): boolean {
  for (const key in given) if (callKeys.has(key)) return true;
  return false;
}

/** @throws {TypeError} when the object holds anything else, or its labels are no object */
export function readCall(owner: string, given: object): ReadCall {
  for (const key in given) {
    if (!callKeys.has(key)) {
      throw new TypeError(
        `${owner} takes labels, value and exemplarLabels in one object, but got "${key}" among them.`,
      );
    }
  }
  const { labels = {}, value, exemplarLabels } = given as Partial<ReadCall>;
  if (typeof labels !== "object" || labels === null) {
    throw new TypeError(`${owner}: labels must be an object, but got ${labels === null ? "null" : typeof labels}.`);
  }
  return { labels, value, exemplarLabels };
}

/** Takes the arguments of a call apart, in whichever of the ways they were given. */
export function readArguments(owner: string, hasCalls: boolean, args: readonly unknown[]): ReadCall {
  const [first, second, third] = args;
  if (typeof first !== "object" || first === null) {
    // Without labels: a number, if any, and then the exemplar. The number may also come second, after nothing.
    const isSecondValue = (first === undefined || first === null) && typeof second !== "object";
    return isSecondValue
      ? { labels: NO_LABELS, value: second, exemplarLabels: third }
      : { labels: NO_LABELS, value: first ?? undefined, exemplarLabels: second };
  }
  if (hasCalls && isCall(first)) return readCall(owner, first);
  return { labels: first, value: second, exemplarLabels: third };
}

const NO_LABELS = Object.freeze({});
