import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { WindowClock } from "../../lib/storage/window-clock.ts";
import { FakeTime } from "./fake-time.ts";

/** A clock of five epochs of two seconds each. */
function tenSeconds(time: FakeTime): WindowClock {
  return new WindowClock({ maxAgeSeconds: 10, ageBuckets: 5, ...time });
}

describe("WindowClock", () => {
  it("has no timer before anything is observed, and stands still", () => {
    const time = new FakeTime();
    const clock = tenSeconds(time);
    time.pass(100_000);
    clock.advance();
    assert.deepEqual([clock.epoch, time.delays, time.waiting], [0, [], 0]);
  });

  it("advances by a timer from the first observation on, one epoch at a time", () => {
    const time = new FakeTime();
    const clock = tenSeconds(time);
    time.pass(500);
    clock.use();
    time.pass(1_999);
    assert.equal(clock.epoch, 0);
    time.pass(1);
    assert.equal(clock.epoch, 1);
    time.pass(4_000);
    assert.equal(clock.epoch, 3);
    assert.deepEqual([time.waiting, time.unrefs], [1, time.delays.length]);
  });

  it("keeps the observations of an epoch for as many epochs as there are age buckets", () => {
    const time = new FakeTime();
    const clock = tenSeconds(time);
    clock.use();
    time.pass(9_999);
    assert.equal(clock.isLive(0), true);
    time.pass(1);
    assert.equal(clock.isLive(0), false);
    assert.equal(clock.isLive(clock.epoch), true);
  });

  it("has no timer left once all observations have expired, and sets one again at the next", () => {
    const time = new FakeTime();
    const clock = tenSeconds(time);
    clock.use();
    time.pass(3_000);
    clock.use();
    // Used last in epoch 1, which ends 4 s after the first use and expires 8 s later.
    time.pass(8_999);
    assert.equal(time.waiting, 1);
    time.pass(1);
    assert.deepEqual([clock.epoch, time.waiting], [6, 0]);
    time.pass(60_000);
    assert.equal(clock.epoch, 6);
    clock.use();
    time.pass(2_000);
    assert.deepEqual([clock.epoch, time.waiting], [7, 1]);
  });

  it("makes up for a timer that is late", () => {
    const time = new FakeTime();
    const clock = tenSeconds(time);
    clock.use();
    time.block(5_000);
    time.fireAll();
    assert.equal(clock.epoch, 2);
    // The third epoch is half over.
    assert.deepEqual(time.delays, [2_000, 1_000]);
    time.pass(1_000);
    assert.equal(clock.epoch, 3);
  });

  it("waits for the rest when a timer fires early", () => {
    const time = new FakeTime();
    const clock = tenSeconds(time);
    clock.use();
    time.block(1_999.25);
    time.fireAll();
    assert.equal(clock.epoch, 0);
    assert.deepEqual(time.delays, [2_000, 1]);
    time.pass(1);
    assert.equal(clock.epoch, 1);
  });

  it("advances at a scrape by the time that has passed, without waiting for the timer", () => {
    const time = new FakeTime();
    const clock = tenSeconds(time);
    clock.use();
    time.block(4_500);
    clock.advance();
    assert.equal(clock.epoch, 2);
    clock.advance(time.nowMs + 1_500);
    assert.equal(clock.epoch, 3);
    clock.advance(time.nowMs + 1_400);
    assert.equal(clock.epoch, 3);
  });

  it("expires everything at a scrape long after, and takes the timer away", () => {
    const time = new FakeTime();
    const clock = tenSeconds(time);
    clock.use();
    time.block(1e12);
    clock.advance();
    assert.deepEqual([clock.isLive(0), clock.epoch, time.waiting], [false, 5, 0]);
  });

  it("never advances where observations are kept for ever", () => {
    const time = new FakeTime();
    const clock = new WindowClock({ maxAgeSeconds: Number.POSITIVE_INFINITY, ageBuckets: 1, ...time });
    clock.use();
    time.pass(1e12);
    clock.advance();
    assert.deepEqual([clock.epoch, clock.isLive(0), time.delays], [0, true, []]);
  });

  it("can have one age bucket, which expires as a whole", () => {
    const time = new FakeTime();
    const clock = new WindowClock({ maxAgeSeconds: 1, ageBuckets: 1, ...time });
    clock.use();
    time.pass(1_000);
    assert.deepEqual([clock.epoch, clock.isLive(0), time.waiting], [1, false, 0]);
  });

  it("waits in parts for what is longer than a timer can be set for", () => {
    const time = new FakeTime();
    const days = 24 * 3_600;
    const clock = new WindowClock({ maxAgeSeconds: 60 * days, ageBuckets: 1, ...time });
    clock.use();
    time.pass(60 * days * 1000 - 1);
    assert.equal(clock.epoch, 0);
    time.pass(1);
    assert.equal(clock.epoch, 1);
    const longest = 2 ** 31 - 1;
    assert.deepEqual(time.delays, [longest, longest, 60 * days * 1000 - 2 * longest]);
  });

  it("has ten minutes in five parts by default", () => {
    const time = new FakeTime();
    const clock = new WindowClock({ ...time });
    clock.use();
    assert.deepEqual([clock.ageBuckets, time.delays], [5, [120_000]]);
  });

  it("keeps no process alive with the timers of Node.js", () => {
    const timers = () => process.getActiveResourcesInfo().filter((type) => type === "Timeout").length;
    const before = timers();
    const clock = new WindowClock();
    clock.use();
    assert.equal(timers(), before);
    // The same without unref, to see that it would have shown.
    const held = new WindowClock({ setTimer: (callback, delayMs) => Number(setTimeout(callback, delayMs)) });
    held.use();
    assert.equal(timers(), before + 1);
    held.advance(performance.now() + 1e9);
    assert.equal(timers(), before);
    clock.advance(performance.now() + 1e9);
  });

  it("refuses a window without length or parts", () => {
    for (const maxAgeSeconds of [0, -1, Number.NaN]) {
      assert.throws(() => new WindowClock({ maxAgeSeconds }), {
        name: "RangeError",
        message: `maxAgeSeconds must be above zero, but got ${maxAgeSeconds}.`,
      });
    }
    for (const ageBuckets of [0, 2.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => new WindowClock({ ageBuckets }), {
        name: "RangeError",
        message: `ageBuckets must be an integer above zero, but got ${ageBuckets}.`,
      });
    }
  });
});
