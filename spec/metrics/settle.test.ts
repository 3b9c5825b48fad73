import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { settle } from "../../lib/metrics/settle.ts";

/** What `after` was called with, in order. */
function recorder(): {
  calls: [error: unknown, hasFailed: boolean][];
  after: (error: unknown, hasFailed: boolean) => void;
} {
  const calls: [unknown, boolean][] = [];
  return { calls, after: (error, hasFailed) => calls.push([error, hasFailed]) };
}

describe("settle", () => {
  it("returns what the function returned, whatever it is, after the call that follows it", () => {
    const { calls, after } = recorder();
    // biome-ignore lint/suspicious/noThenProperty: one that is no function is the case
    const thing = { then: "no function" };
    for (const value of [7, null, undefined, "", thing])
      assert.equal(
        settle(() => value, after),
        value,
      );
    assert.deepEqual(calls, Array(5).fill([undefined, false]));
  });

  it("throws on what the function threw, also where that is undefined", () => {
    const { calls, after } = recorder();
    const error = new Error("sour");
    const sour = () => {
      throw error;
    };
    assert.throws(() => settle(sour, after), error);
    let thrown: unknown = "nothing";
    try {
      settle(() => {
        throw undefined;
      }, after);
    } catch (caught) {
      thrown = caught;
    }
    assert.equal(thrown, undefined);
    assert.deepEqual(calls, [
      [error, true],
      [undefined, true],
    ]);
  });

  it("waits for a promise, and is done before whoever awaits it goes on", async () => {
    const { calls, after } = recorder();
    const promise = settle(async () => 7, after);
    assert.deepEqual(calls, []);
    assert.equal(await promise, 7);
    assert.deepEqual(calls, [[undefined, false]]);
  });

  it("passes a rejection on, after the call that follows it", async () => {
    const { calls, after } = recorder();
    const error = new Error("late");
    await assert.rejects(
      settle(() => Promise.reject(error), after),
      error,
    );
    assert.deepEqual(calls, [[error, true]]);
  });

  it("waits for whatever can be awaited", async () => {
    const { calls, after } = recorder();
    const thenable: PromiseLike<number> = {
      // biome-ignore lint/suspicious/noThenProperty: a promise of somebody else's making is the case
      then: (onFulfilled, onRejected) => Promise.resolve(7).then(onFulfilled, onRejected),
    };
    assert.equal(await settle(() => thenable, after), 7);
    assert.deepEqual(calls, [[undefined, false]]);
  });
});
