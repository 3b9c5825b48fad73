import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SlidingWindow } from "../../lib/runtime/sliding-window.ts";
import { UtilizationWindow } from "../../lib/runtime/utilization-window.ts";
import { Random } from "../judges/random.ts";

const ranks = [0, 0.01, 0.5, 0.9, 0.99, 1];

describe("SlidingWindow", () => {
  it("has nothing to say while nothing was observed", () => {
    const window = new SlidingWindow(60_000, 6);
    assert.equal(window.read(0), undefined);
    window.observe(1, 0);
    assert.equal(window.read(60_000), undefined);
  });

  it("says of one observation what it was, exactly", () => {
    for (const value of [0, 1e-9, 0.123, 5, 1e6]) {
      const window = new SlidingWindow(60_000, 6);
      window.observe(value, 5);
      const { min, max, mean, stddev, quantile } = window.read(5) ?? assert.fail();
      assert.deepEqual(
        [min, max, mean, stddev, ...ranks.map(quantile)],
        [value, value, value, 0, ...ranks.map(() => value)],
      );
    }
  });

  it("forgets a part at a time, by the clock and not by being read", () => {
    const window = new SlidingWindow(60_000, 6);
    window.observe(9, 9_999);
    window.observe(1, 10_000);
    const max = (nowMs: number) => window.read(nowMs)?.max;
    assert.deepEqual(
      [max(10_000), max(10_000), max(59_999), max(60_000), max(69_999), max(70_000)],
      [9, 9, 9, 1, 1, undefined],
    );
  });

  it("agrees with a list of all observations", () => {
    const random = new Random(7);
    const next = () => random.next();
    const window = new SlidingWindow(6_000, 6);
    const all: { value: number; atMs: number }[] = [];
    let nowMs = 0;
    for (let i = 0; i < 3_000; i++) {
      nowMs += Math.floor(next() * 20);
      // From ten microseconds to a hundred seconds, and now and then none at all.
      const value = next() < 0.1 ? 0 : 10 ** (next() * 7 - 5);
      const times = 1 + Math.floor(next() * 3);
      window.observe(value, nowMs, times);
      for (let n = 0; n < times; n++) all.push({ value, atMs: nowMs });
      if (i % 50 !== 0) continue;
      const begin = (Math.floor(nowMs / 1_000) - 5) * 1_000;
      const live = all
        .filter(({ atMs }) => atMs >= begin)
        .map((one) => one.value)
        .sort((a, b) => a - b);
      const mean = live.reduce((sum, one) => sum + one, 0) / live.length;
      const stddev = Math.sqrt(live.reduce((sum, one) => sum + (one - mean) ** 2, 0) / live.length);
      const read = window.read(nowMs) ?? assert.fail();
      assert.deepEqual([read.min, read.max], [live[0], live.at(-1)]);
      close(read.mean, mean, 1e-9);
      close(read.stddev, stddev, 1e-6);
      for (const rank of ranks) {
        close(read.quantile(rank), live[Math.max(0, Math.ceil(rank * live.length) - 1)] as number, 0.025);
      }
    }
  });
});

function close(actual: number, expected: number, relative: number): void {
  assert.ok(Math.abs(actual - expected) <= relative * expected, `${actual} is not close to ${expected}`);
}

describe("UtilizationWindow", () => {
  it("tells the share of the window that ends now, whoever reads it and how often", () => {
    const window = new UtilizationWindow(60_000, 6);
    const at = (seconds: number, activeSeconds: number) => {
      const times = { active: activeSeconds * 1_000, idle: (seconds - activeSeconds) * 1_000 };
      window.note(times, seconds * 1_000);
      return window.ratio(times);
    };
    assert.equal(at(0, 0), undefined);
    assert.equal(at(10, 5), 0.5);
    assert.equal(at(10, 5), 0.5);
    assert.equal(at(20, 5), 0.25);
    // From here on it worked all the time.
    assert.equal(at(60, 45), 0.75);
    assert.equal(at(75, 60), 55 / 65);
    assert.equal(at(80, 65), 1);
  });

  it("says nothing of times that went backwards", () => {
    const window = new UtilizationWindow(60_000, 6);
    window.note({ active: 10, idle: 10 }, 0);
    assert.equal(window.ratio({ active: 5, idle: 20 }), undefined);
    assert.equal(window.ratio({ active: 15, idle: 5 }), undefined);
    assert.equal(window.ratio({ active: 15, idle: 15 }), 0.5);
  });
});
