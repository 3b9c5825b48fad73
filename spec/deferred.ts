/** A promise that the test settles when it is time. */
export interface Deferred<Value> {
  readonly promise: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
}

export function deferred<Value = void>(): Deferred<Value> {
  let resolve: Deferred<Value>["resolve"] | undefined;
  let reject: Deferred<Value>["reject"] | undefined;
  const promise = new Promise<Value>((...settle) => {
    [resolve, reject] = settle;
  });
  // A promise calls its executor before its constructor returns.
  return { promise, resolve: resolve as Deferred<Value>["resolve"], reject: reject as Deferred<Value>["reject"] };
}
