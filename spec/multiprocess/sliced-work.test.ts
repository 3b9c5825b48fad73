import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SlicedWork } from "../../lib/multiprocess/sliced-work.ts";

/** Work whose steps take a quarter of a millisecond each, and an event loop that turns when the test says so. */
function slicedWork() {
  let nowMs = 0;
  let next: (() => void) | undefined;
  const done: string[] = [];
  const work = new SlicedWork({
    monotonicNow: () => nowMs,
    nextTurn: (callback) => {
      assert.equal(next, undefined);
      next = callback;
    },
  });
  return {
    work,
    done,
    add(name: string, steps: number): void {
      work.add(function* () {
        for (let step = 1; step <= steps; step++) {
          nowMs += 0.25;
          done.push(`${name}${step}`);
          yield;
        }
      });
    },
    /** @returns whether there was anything to do in that turn */
    turn(): boolean {
      const callback = next;
      next = undefined;
      callback?.();
      return callback !== undefined;
    },
  };
}

describe("SlicedWork", () => {
  it("does at once what takes no longer than a slice", () => {
    const { add, done, work } = slicedWork();
    add("a", 3);
    assert.deepEqual(done, ["a1", "a2", "a3"]);
    assert.equal(work.pending, undefined);
  });

  it("lets the event loop turn after a slice, also between tasks, and keeps their order", () => {
    const { add, done, turn } = slicedWork();
    add("a", 6);
    add("b", 1);
    add("c", 2);
    assert.equal(done.join(" "), "a1 a2 a3 a4");
    turn();
    assert.equal(done.join(" "), "a1 a2 a3 a4 a5 a6 b1 c1");
    turn();
    assert.equal(done.at(-1), "c2");
    // The turn after the last slice has nothing to do, and then nothing is waited for.
    assert.ok(turn());
    assert.ok(!turn());
    add("d", 1);
    assert.equal(done.at(-1), "d1");
  });

  it("has one slice in a turn, however many tasks come", () => {
    const { add, done, turn } = slicedWork();
    for (let i = 0; i < 9; i++) add(`${i}-`, 1);
    assert.equal(done.join(" "), "0-1");
    turn();
    assert.equal(done.length, 5);
    turn();
    assert.equal(done.length, 9);
  });

  it("tells when all is done that was added before", async () => {
    const { add, done, turn, work } = slicedWork();
    add("a", 9);
    const { pending } = work;
    let isDone = false;
    void pending?.then(() => {
      isDone = true;
      assert.ok(done.includes("a9"));
    });
    add("b", 9);
    for (let i = 0; i < 8 && !isDone; i++) {
      turn();
      await undefined;
      await undefined;
    }
    assert.ok(isDone);
    assert.ok(!done.includes("b9"));
  });

  it("does one more task for each that comes when more come than slices can do", () => {
    const { add, done, work } = slicedWork();
    add("a", 1);
    for (let i = 0; i < 1_000; i++) add("b", 9);
    assert.equal(done.length, 1);
    add("c", 1);
    assert.deepEqual(done.slice(1), ["b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8", "b9"]);
    add("d", 1);
    assert.equal(done.length, 1 + 2 * 9);
    work.finish();
    assert.equal(done.length, 1 + 1_000 * 9 + 2);
    assert.deepEqual(done.slice(-3), ["b9", "c1", "d1"]);
    assert.equal(work.pending, undefined);
  });

  it("does all at once when it is to finish, also what has begun", () => {
    const { add, done, turn, work } = slicedWork();
    add("a", 6);
    add("b", 1);
    work.finish();
    assert.equal(done.join(" "), "a1 a2 a3 a4 a5 a6 b1");
    turn();
    assert.ok(!turn());
  });

  it("goes on with the next task when one has failed", () => {
    const { add, done, turn, work } = slicedWork();
    const fail = () => {
      throw new Error("as it should");
    };
    assert.throws(() => work.add(fail), /as it should/);
    add("a", 1);
    work.add(fail);
    add("b", 1);
    assert.throws(turn, /as it should/);
    turn();
    assert.deepEqual(done, ["a1", "b1"]);
    assert.equal(work.pending, undefined);
  });
});
