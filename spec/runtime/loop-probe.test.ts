import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LoopProbe } from "../../lib/runtime/loop-probe.ts";
import { FakeRuntime } from "./fake-sources.ts";

function probing(precisionMs = 10) {
  const runtime = new FakeRuntime();
  const probe = new LoopProbe(precisionMs, runtime.sources);
  const delays: number[] = [];
  let looks = 0;
  probe.onDelay((seconds, nowMs, times) => {
    assert.equal(nowMs, runtime.nowMs);
    looks += times;
    if (seconds > 0) delays.push(seconds);
  });
  probe.start();
  return { runtime, probe, delays, looks: () => looks };
}

describe("LoopProbe", () => {
  it("looks at a working loop every few milliseconds, and tells how late it is", () => {
    const { runtime, probe, delays, looks } = probing();
    assert.equal(probe.lastSeconds, undefined);
    runtime.work(10);
    assert.equal(probe.lastSeconds, 0);
    runtime.work(25);
    assert.equal(probe.lastSeconds, 0.015);
    assert.equal(runtime.waitMs, 10);
    runtime.work(310);
    runtime.work(10);
    assert.deepEqual(delays, [0.015, 0.3]);
    assert.equal(looks(), 4);
  });

  it("looks ever less often at one that is calm, and counts the looks that it spares", () => {
    const { runtime, delays, looks } = probing();
    const waits = [];
    for (let i = 0; i < 11; i++) {
      waits.push(runtime.waitMs);
      runtime.idle(runtime.waitMs);
    }
    assert.deepEqual(waits, [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 5_000, 5_000]);
    assert.deepEqual(delays, []);
    assert.equal(
      looks(),
      waits.reduce((sum, wait) => sum + wait / 10, 0),
    );
  });

  it("sees the whole of a block that a long interval would hide", () => {
    for (const idleMs of [0, 200, 639]) {
      const { runtime, delays, looks } = probing();
      runtime.idle(10 + 20 + 40 + 80 + 160 + 320);
      assert.deepEqual([runtime.waitMs, looks()], [640, 63]);
      runtime.idle(idleMs);
      runtime.work(600);
      assert.deepEqual(delays, [0.6], `after ${idleMs} ms`);
      assert.equal(looks(), 63 + 1 + Math.max(0, Math.round(idleMs / 10) - 1));
      assert.equal(runtime.waitMs, 10);
    }
  });

  it("sees a block that is over before the timer is due, though many turns came before and after it", () => {
    const { runtime, delays } = probing();
    runtime.idle(630);
    for (let i = 0; i < 10; i++) {
      runtime.idle(5);
      runtime.work(0.1);
    }
    runtime.work(100);
    assert.deepEqual(delays, [0.1]);
    assert.equal(runtime.waitMs, 10);
    runtime.work(9, 90);
    runtime.idle(350);
    assert.deepEqual(delays, [0.1]);
  });

  it("sees a block by a timer that is not its own", () => {
    const { runtime, delays } = probing();
    runtime.idle(630);
    runtime.sources.setTimer(() => {
      runtime.nowMs += 300;
    }, 50);
    runtime.idle(50);
    runtime.idle(1_000);
    assert.deepEqual(delays, [0.3]);
  });

  it("does not take many short turns for a long one", () => {
    const { runtime, delays } = probing();
    runtime.idle(630);
    runtime.idle(300);
    runtime.work(200, 100);
    assert.ok(delays.length > 0);
    assert.ok(Math.max(...delays) <= 0.002 + 1e-9, delays.join());
  });

  it("times the turns of a loop that is calm, and not those of one that is busy", () => {
    const { runtime } = probing();
    let turns = 0;
    const { onTurn } = runtime.sources;
    runtime.sources.onTurn = (callback) => {
      turns++;
      return onTurn(callback);
    };
    runtime.work(1_000, 1_000);
    assert.equal(turns, 0);
    runtime.idle(60_000);
    // No more than there are timers.
    assert.ok(turns <= 50, String(turns));
    runtime.work(1_000, 10_000);
    assert.ok(turns <= 150, String(turns));
  });

  it("tells between two looks what was spared, each look once", () => {
    const { runtime, probe, delays, looks } = probing();
    probe.catchUp();
    runtime.idle(5);
    probe.catchUp();
    assert.equal(looks(), 0);
    runtime.idle(58_000);
    for (let i = 0; i < 3; i++) {
      probe.catchUp();
      assert.equal(looks(), 5_800);
    }
    runtime.idle(2_000);
    probe.catchUp();
    assert.ok(Math.abs(looks() - 6_000) <= 1, String(looks()));
    assert.deepEqual(delays, []);
    probe.stop();
    runtime.idle(1_000);
    probe.catchUp();
    assert.ok(Math.abs(looks() - 6_000) <= 1, String(looks()));
  });

  it("counts as many looks a second whether the loop is calm or busy", () => {
    const { runtime, probe, looks } = probing();
    runtime.idle(60_000);
    probe.catchUp();
    assert.ok(Math.abs(looks() - 6_000) <= 50, String(looks()));
    const before = looks();
    for (let i = 0; i < 100; i++) runtime.work(10);
    assert.ok(Math.abs(looks() - before - 100) <= 50);
  });

  it("keeps its precision where that is coarse", () => {
    const { runtime, looks } = probing(10_000);
    for (let i = 0; i < 3; i++) {
      assert.equal(runtime.waitMs, 10_000);
      runtime.idle(10_000);
    }
    assert.equal(looks(), 3);
  });

  it("takes a loop for busy whose runtime does not tell how it spends its time", () => {
    for (const loopTimes of [() => assert.fail("not here"), () => ({ idle: 0, active: 0 })]) {
      const { runtime, probe } = probing();
      runtime.sources.loopTimes = loopTimes;
      runtime.sources.loopCounts = () => undefined;
      for (let i = 0; i < 5; i++) runtime.idle(runtime.waitMs);
      runtime.work(60);
      assert.equal(probe.lastSeconds, 0.05);
      assert.equal(runtime.waitMs, 10);
    }
  });

  it("is late, and not calm, when the process was stopped from outside", () => {
    const { runtime, delays, looks } = probing();
    runtime.idle(10);
    const before = looks();
    // As SIGSTOP does it: the time passes while the loop waits.
    runtime.nowMs += 5_000;
    runtime.idleMs += 5_000;
    runtime.work(0);
    assert.deepEqual(delays, [4.98]);
    assert.equal(looks() - before, 2);
  });

  it("leaves no timer once it is stopped, and goes on when it is started again", () => {
    const { runtime, probe, looks } = probing();
    probe.start();
    assert.equal(runtime.timers.size, 1);
    probe.stop();
    probe.stop();
    assert.equal(runtime.timers.size, 0);
    runtime.idle(1_000);
    assert.equal(looks(), 0);
    probe.start();
    runtime.idle(10);
    assert.equal(looks(), 1);
  });
});
