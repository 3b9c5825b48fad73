/**
 * Calls a function and then `after`, however it ended: when it returned or threw, or when the promise it returned
 * was settled. What it returned or threw reaches the caller as it is.
 */
export function settle<Result>(run: () => Result, after: (error: unknown, hasFailed: boolean) => void): Result {
  let result: Result;
  try {
    result = run();
  } catch (error) {
    after(error, true);
    throw error;
  }
  const promise = result as PromiseLike<unknown> | undefined;
  if (typeof promise?.then !== "function") {
    after(undefined, false);
    return result;
  }
  // The promise that settles after `after` is handed on, so that whoever awaits it finds the metric up to date.
  return promise.then(
    (value) => {
      after(undefined, false);
      return value;
    },
    (error: unknown) => {
      after(error, true);
      throw error;
    },
  ) as Result;
}
