// How recording rules are called, by the convention level:metric:operations, so that rules and alerts agree.
import type { InventoryEntry } from "./inventory.ts";
import { shortHash } from "./short-hash.ts";

/** A text as part of a rule's name, which no Prometheus before 3 takes other characters in. */
function asWord(text: string): string {
  return text.replace(/[^a-zA-Z0-9_]/gu, "_");
}

/** A metric name as part of a rule's name; two that would come out alike are told apart. */
function asName(name: string): string {
  const word = asWord(name);
  return word === name ? name : `${word}_${shortHash(name)}`;
}

/** Events per second of a job. */
export function recordedRate({ name }: InventoryEntry, window: string): string {
  return `job:${asName(name.replace(/_total$/, ""))}:rate${window}`;
}

/** The share of failed requests of a job. */
export function recordedErrorRatio({ name }: InventoryEntry, window: string): string {
  return `job:${asName(name.replace(/_total$/, ""))}:error_ratio_rate${window}`;
}

/** A quantile of a histogram over a job. */
export function recordedQuantile({ name }: InventoryEntry, quantile: number, window: string): string {
  return `job:${asName(name)}:${quantileWord(quantile)}_rate${window}`;
}

/** The share of requests that broke a promise. */
export function recordedBreaches({ name }: InventoryEntry, thresholdSeconds: number, window: string): string {
  return `job:${asName(name)}:over_${asWord(String(thresholdSeconds))}s_ratio_rate${window}`;
}

/** What a quantile is called: `p99`, `p99_9`. */
export function quantileWord(quantile: number): string {
  return `p${asWord(String(Number((quantile * 100).toPrecision(12))))}`;
}
