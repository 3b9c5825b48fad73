// When the budget of errors that a promise leaves is used up too fast.

/** Two windows over which errors come `factor` times as fast as the promise allows for the whole of its period. */
export interface BurnRate {
  readonly factor: number;
  readonly longMs: number;
  /** Whether it still goes on: without it, an alert would stay long after the trouble ended. */
  readonly shortMs: number;
  readonly severity: "critical" | "warning";
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * The windows and factors for a period of 30 days: 2 % of the budget in an hour and 5 % in six hours are worth waking
 * somebody, 10 % in a day or in three are not.
 *
 * @see https://sre.google/workbook/alerting-on-slos/ "Multiwindow, Multi-Burn-Rate Alerts"
 */
export const burnRates: readonly BurnRate[] = [
  { factor: 14.4, longMs: HOUR, shortMs: 5 * MINUTE, severity: "critical" },
  { factor: 6, longMs: 6 * HOUR, shortMs: 30 * MINUTE, severity: "critical" },
  { factor: 3, longMs: DAY, shortMs: 2 * HOUR, severity: "warning" },
  { factor: 1, longMs: 3 * DAY, shortMs: 6 * HOUR, severity: "warning" },
];

/** The shortest of the windows. */
export const shortestBurnWindowMs: number = Math.min(...burnRates.map(({ shortMs }) => shortMs));
