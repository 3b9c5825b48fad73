// What is not HTTP, measured: calls of functions, by whatever these begin.
import type { Counter, CounterSeries } from "../metrics/counter.ts";
import type { Gauge, GaugeSeries } from "../metrics/gauge.ts";
import type { Histogram, HistogramSeries } from "../metrics/histogram.ts";
import type { Summary, SummarySeries } from "../metrics/summary.ts";
import { systemClock } from "../model/clock.ts";
import type { LabelValues } from "../model/labels.ts";
import { whenDone } from "./when-done.ts";

/**
 * Calls a function and observes how many seconds it took, also when it fails: until it has returned, or until its promise
 * is settled, its generator has ended, or its stream is finished.
 *
 * @param metric a histogram or summary, in seconds
 * @param labels all of its labels; `{}` if it has none
 * @returns what the function returned; a generator or promise as one that does the same
 * @throws what the function throws
 * @example
 * const rows = await measure(queries, { table: "users" }, () => database.query("…"));
 * measure(exports, {}, () => createReadStream(path)).pipe(response);
 */
export function measure<Name extends string, Result>(
  metric: Histogram<Name> | Summary<Name>,
  labels: LabelValues<NoInfer<Name>>,
  run: () => Result,
): Result {
  const series = seriesOf<HistogramSeries | SummarySeries>(metric, labels);
  const startMs = systemClock.monotonicNow();
  return whenDone(run, () => series.observe((systemClock.monotonicNow() - startMs) / 1000));
}

/**
 * Calls a function, one up before and one down when it is over; see {@link measure} for when that is.
 *
 * @param labels all of the gauge's labels; `{}` if it has none
 * @example
 * await trackInProgress(uploads, { bucket: "photos" }, () => upload(photo));
 */
export function trackInProgress<Name extends string, Result>(
  gauge: Gauge<Name>,
  labels: LabelValues<NoInfer<Name>>,
  run: () => Result,
): Result {
  const series = seriesOf<GaugeSeries>(gauge, labels);
  series.inc();
  return whenDone(run, () => series.dec());
}

/**
 * Calls a function and counts it when it fails, however late; see {@link measure}. The error goes on to the caller.
 *
 * @param labels all of the counter's labels; `{}` if it has none
 * @param filter counts only the errors that it says yes to
 * @example
 * await countErrors(failures, { job: "mail" }, () => send(mail));
 */
export function countErrors<Name extends string, Result>(
  counter: Counter<Name>,
  labels: LabelValues<NoInfer<Name>>,
  run: () => Result,
  filter: (error: unknown) => boolean = () => true,
): Result {
  const series = seriesOf<CounterSeries>(counter, labels);
  return whenDone(run, (error, hasFailed) => {
    if (hasFailed && filter(error)) series.inc();
  });
}

/** The series of a label object, which every metric takes, also one without labels. */
function seriesOf<Series>(metric: object, labels: object): Series {
  return (metric as { labels(labels: object): Series }).labels(labels);
}
