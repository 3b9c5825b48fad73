import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, Gauge, Histogram, Summary } from "../../lib/core.ts";
import { ByteReader, ByteWriter, FrameError } from "../../lib/multiprocess/bytes.ts";
import { Random } from "../judges/random.ts";
import { type FakeProcess, Processes } from "./processes.ts";

/** A process with something of everything, and its reports. */
function busyProcess(processes: Processes): FakeProcess {
  const process = processes.start();
  const { registers } = process;
  new Counter({ name: "jobs_total", help: "Jobs.", labelNames: ["queue"], registers }).inc(
    { queue: "mail\n\ud83d\ude00" },
    3,
  );
  new Gauge({ name: "load", help: "Load.", registers }).set(-0.25);
  new Histogram({ name: "size_bytes", help: "Sizes.", buckets: [1, 10], registers }).observe(7);
  new Summary({ name: "wait_seconds", help: "Waits.", registers }).observe(0.3);
  return process;
}

describe("ByteWriter and ByteReader", () => {
  it("give back every number and text as it was", () => {
    const random = new Random(1);
    const special = [0, -0, 1, 2 ** 51 - 1, 2 ** 51, 2 ** 53, -1, 0.5, Infinity, -Infinity, NaN, 5e-324, 1e300];
    const numbers = [...special, ...Array.from({ length: 500 }, () => random.double())];
    const texts = ["", "a", "\0", "é".repeat(200), "\u{1f600}", "x".repeat(100_000)];
    const writer = new ByteWriter();
    for (const number of numbers) writer.number(number);
    for (const text of texts) writer.text(text);
    for (const integer of [0, 127, 128, 2 ** 52]) writer.integer(integer);
    const reader = new ByteReader(writer.take());
    for (const number of numbers) assert.ok(Object.is(reader.number(), number), String(number));
    for (const text of texts) assert.equal(reader.text(), text);
    for (const integer of [0, 127, 128, 2 ** 52]) assert.equal(reader.integer(), integer);
    assert.equal(reader.isAtEnd, true);
    assert.throws(() => reader.byte(), new FrameError("it is cut off."));
  });
});

describe("A frame", () => {
  it("is small when little has changed", () => {
    const processes = new Processes();
    const process = processes.start();
    const counter = new Counter({ name: "x_total", help: "X.", labelNames: ["n"], registers: process.registers });
    const series = Array.from({ length: 10_000 }, (_, n) => counter.labels(n));
    process.report();
    process.frames.length = 0;
    for (let i = 0; i < 100; i++) series[i * 97]?.inc(i);
    process.report();
    assert.equal(process.frames.length, 1);
    assert.ok((process.frames[0]?.length ?? 0) < 600, `${process.frames[0]?.length} bytes`);
  });

  it("is not longer than about 64 KB, however much there is to tell", async () => {
    const processes = new Processes();
    const process = processes.start();
    const counter = new Counter({ name: "x_total", help: "X.", labelNames: ["n"], registers: process.registers });
    for (let n = 0; n < 20_000; n++) counter.inc({ n });
    process.report();
    assert.ok(process.frames.length > 3);
    for (const frame of process.frames) assert.ok(frame.length < 65_536);
    assert.equal((await processes.exposition()).split("\n").length, 20_003);
  });

  it("is refused whole when it is cut off anywhere, and all is told anew", async () => {
    const text = await expositionOf(new Processes());
    const processes = new Processes();
    const process = busyProcess(processes);
    process.carry = () => {};
    process.report();
    const frame = process.frames[0] as Uint8Array;
    for (let length = 0; length < frame.length; length++) {
      assert.equal(process.receive(frame.subarray(0, length)), false);
      assert.equal(await processes.exposition(), "");
    }
    assert.equal(processes.errors.length, frame.length);
    assert.match(
      await processes.exposed.metrics(),
      new RegExp(`^tallystick_reports_refused_total{reason="frame"} ${frame.length}$`, "m"),
    );
    process.receive(frame);
    assert.equal(await processes.exposition(), text);
  });

  it("harms nothing when its bytes were changed at random", async () => {
    const random = new Random(11);
    for (let round = 0; round < 60; round++) {
      const processes = new Processes();
      const [good, bad] = [busyProcess(processes), busyProcess(processes)];
      good.report();
      bad.carry = () => {};
      bad.report();
      const frame = bad.frames[0] as Uint8Array;
      for (let i = 0; i < 40; i++) {
        const broken = frame.slice();
        for (let n = random.between(1, 4); n > 0; n--) broken[random.below(broken.length)] = random.below(256);
        bad.receive(broken);
      }
      // Whatever was taken of it, the exposition can be written, and the other process's counts are in it.
      const text = await processes.exposed.metrics();
      assert.match(text, /^jobs_total\{queue="mail\\n\u{1f600}"\} (3|[4-9]|\d{2,}|.*e.*|.*\..*)$/mu);
      bad.kill();
      assert.match(await processes.exposed.metrics(), /^load -0.25$/m);
    }
  });

  const refusals: readonly (readonly [string, (frame: Buffer) => Uint8Array, string])[] = [
    ["something else", () => Buffer.from("GET / HTTP/1.1\r\n\r\n"), "it is no frame of this library."],
    ["nothing", () => new Uint8Array(), "it is cut off."],
    [
      "another version",
      (frame) => {
        frame[3] = 2;
        return frame;
      },
      "it has version 2, and this process reads version 1.",
    ],
    ["more than it says", (frame) => Buffer.concat([frame, Buffer.of(0)]), "it has "],
  ];
  for (const [what, change, reason] of refusals) {
    it(`is refused when it is ${what}`, () => {
      const processes = new Processes();
      const process = busyProcess(processes);
      process.carry = (frame) => void process.receive(change(Buffer.from(frame)));
      process.report();
      assert.equal(processes.errors.length, 1);
      assert.ok(processes.errors[0]?.startsWith(`A frame of the process in slot 0: ${reason}`), processes.errors[0]);
    });
  }

  it("is taken once: a process whose frames come again or out of order is asked to tell everything", async () => {
    const processes = new Processes();
    const process = busyProcess(processes);
    process.report();
    process.report();
    process.report();
    const text = await processes.exposition();
    assert.equal(process.receive(process.frames[1] as Uint8Array), false);
    assert.equal(process.asked, 1);
    process.report();
    assert.equal(await processes.exposition(), text);
    assert.deepEqual(processes.errors, []);
  });
});

async function expositionOf(processes: Processes): Promise<string> {
  busyProcess(processes).report();
  return processes.exposition();
}
