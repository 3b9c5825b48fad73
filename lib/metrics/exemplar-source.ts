// Where exemplars come from that nobody gives by hand: whoever knows the active trace sets a function here.
import type { ExemplarLabels } from "../model/exemplars.ts";

/** Returns the labels of the trace that is active now, or `undefined` when there is none or it is not sampled. */
export type ExemplarSource = () => ExemplarLabels | undefined;

let current: ExemplarSource | undefined;

/**
 * Sets the function that gives the labels of automatic exemplars, in place of the one before; `undefined` for none.
 *
 * It is called by metrics that have `enableExemplars`, when they count or observe without an exemplar of the caller's,
 * and only where the one they have is at least {@link SHORTEST_AGE_MS} old. What it throws, and labels that can't be an
 * exemplar's, are taken for none: no metric fails for the sake of an exemplar that nobody asked for.
 *
 * @example
 * setExemplarSource(() => {
 *   const span = trace.getActiveSpan()?.spanContext();
 *   return span && { trace_id: span.traceId, span_id: span.spanId };
 * });
 */
export function setExemplarSource(source: ExemplarSource | undefined): void {
  if (source !== undefined && typeof source !== "function") {
    throw new TypeError(`An exemplar source is a function, but got ${source === null ? "null" : typeof source}.`);
  }
  current = source;
}

/** The function that was set last. */
export function exemplarSource(): ExemplarSource | undefined {
  return current;
}

/**
 * How old an exemplar is at least before an automatic one replaces it, in milliseconds. It is the shortest time that the
 * Java client keeps one: several scrapes see each, and a busy series asks for no more than one in seven seconds.
 */
export const SHORTEST_AGE_MS = 7_000;
