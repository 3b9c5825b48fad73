/** The two clocks that metrics read, handed in so that tests can turn them. */
export interface Clock {
  /** The wall clock, in milliseconds since the epoch. */
  readonly now: () => number;
  /** A clock that only goes forward, in milliseconds since any moment, with fractions. */
  readonly monotonicNow: () => number;
}

/** The clocks of the JavaScript engine, read where they are called so that a test's replacement of them counts. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicNow: () => performance.now(),
};
