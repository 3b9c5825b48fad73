import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Gauge, type GaugeOptions, Registry } from "../../lib/core.ts";
import { deferred } from "../deferred.ts";

function depth(options: Partial<GaugeOptions<"queue" | "host">> = {}): Gauge<"queue" | "host"> {
  return new Gauge({ name: "depth", help: "Depth.", labelNames: ["queue", "host"], registers: [], ...options });
}

function level(options: Partial<GaugeOptions<never>> = {}): Gauge<never> {
  return new Gauge({ name: "level", help: "Level.", registers: [], ...options });
}

/** A gauge, as programs without types may call it. */
interface Loose {
  set(...args: unknown[]): void;
  inc(...args: unknown[]): void;
  dec(...args: unknown[]): void;
}

async function valuesOf(gauge: Pick<Gauge, "get">): Promise<[labels: object, value: number][]> {
  const { values } = await gauge.get();
  return values.map(({ labels, value }) => [labels, value]);
}

/** Clocks that stand still until the test turns them. */
function clockAt(nowMs: number) {
  const clock = { nowMs, monotonicMs: 50 };
  return Object.assign(clock, { now: () => clock.nowMs, monotonicNow: () => clock.monotonicMs });
}

describe("Gauge", () => {
  it("starts at zero, is set, and goes up and down", async () => {
    const gauge = level();
    assert.deepEqual(await valuesOf(gauge), [[{}, 0]]);
    gauge.set(10);
    gauge.inc();
    gauge.inc(2.5);
    gauge.dec();
    gauge.dec(20);
    assert.deepEqual(await valuesOf(gauge), [[{}, -7.5]]);
    gauge.inc(-0.5);
    gauge.dec(-8);
    assert.deepEqual(await valuesOf(gauge), [[{}, 0]]);
  });

  it("does so for each set of label values", async () => {
    const gauge = depth();
    gauge.set({ queue: "mail", host: "a" }, 3);
    gauge.inc({ queue: "mail", host: "a" });
    gauge.inc({ queue: "mail", host: "b" }, 2);
    gauge.dec({ queue: "news", host: "a" });
    gauge.dec({ queue: "news", host: "b" }, 5);
    gauge.labels("mail", "b").set(8);
    gauge.labels({ queue: "mail", host: "b" }).inc(0.5);
    gauge.labels("mail", "b").dec();
    assert.equal(gauge.labels("mail", "b").value, 7.5);
    assert.deepEqual(await valuesOf(gauge), [
      [{ queue: "mail", host: "a" }, 4],
      [{ queue: "mail", host: "b" }, 7.5],
      [{ queue: "news", host: "a" }, -1],
      [{ queue: "news", host: "b" }, -5],
    ]);
  });

  it("is set to any number, NaN and the infinities included", async () => {
    const gauge = level();
    const labelled = depth();
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -1e300, 5e-324]) {
      gauge.set(value);
      labelled.set({ queue: "mail", host: "a" }, value);
      assert.deepEqual(await valuesOf(gauge), [[{}, value]]);
      labelled.labels("mail", "a").set(value);
      assert.equal(labelled.labels("mail", "a").value, value);
    }
  });

  it("refuses what is no number and keeps its value", async () => {
    const gauge = level();
    const labelled = depth();
    gauge.set(1);
    labelled.set({ queue: "mail", host: "a" }, 1);
    const cases: readonly [value: unknown, got: string][] = [
      ["5", "string"],
      [undefined, "undefined"],
      [null, "object"],
      [true, "boolean"],
    ];
    for (const [value, got] of cases) {
      const error = (owner: string) => new TypeError(`${owner}: set() takes a number, but got ${got}.`);
      assert.throws(() => (gauge as Loose).set(value), error('Gauge "level"'));
      assert.throws(() => gauge.labels().set(value as number), error('Gauge "level"'));
      assert.throws(() => (labelled as Loose).set({ queue: "mail", host: "a" }, value), error('Gauge "depth"'));
      assert.throws(() => (labelled as Loose).set({ queue: "new", host: "a" }, value), error('Gauge "depth"'));
    }
    assert.deepEqual(await valuesOf(gauge), [[{}, 1]]);
    assert.deepEqual(await valuesOf(labelled), [[{ queue: "mail", host: "a" }, 1]]);
  });

  it("refuses to add or subtract what would spoil the value, and keeps it", async () => {
    const gauge = level();
    const labelled = depth();
    const kept = labelled.labels("mail", "a");
    gauge.set(1);
    kept.set(1);
    for (const call of ["inc", "dec"] as const) {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const error = (owner: string) =>
          new RangeError(`${owner}: ${call}(${value}) would spoil the value for ever. Use set() for any number.`);
        assert.throws(() => gauge[call](value), error('Gauge "level"'));
        assert.throws(() => kept[call](value), error('Gauge "depth"'));
        assert.throws(() => labelled[call]({ queue: "new", host: "a" }, value), error('Gauge "depth"'));
      }
      const error = (owner: string) => new TypeError(`${owner}: ${call}() takes a number, but got string.`);
      assert.throws(() => (gauge as Loose)[call]("5"), error('Gauge "level"'));
      assert.throws(() => (kept as Loose)[call]("5"), error('Gauge "depth"'));
      assert.throws(() => (labelled as Loose)[call]({ queue: "new", host: "a" }, "5"), error('Gauge "depth"'));
    }
    assert.deepEqual(await valuesOf(gauge), [[{}, 1]]);
    assert.deepEqual(await valuesOf(labelled), [[{ queue: "mail", host: "a" }, 1]]);
  });

  it("takes null and undefined for an amount left out", () => {
    const gauge = level();
    (gauge as Loose).inc(null);
    (gauge as Loose).inc(undefined);
    (gauge as Loose).inc({}, null);
    (gauge as Loose).inc(undefined, 10);
    assert.equal(gauge.labels().value, 13);
    (gauge as Loose).dec(null);
    (gauge as Loose).dec({}, undefined);
    assert.equal(gauge.labels().value, 11);
  });

  it("is set to the current time in seconds, by the clock it is given", async () => {
    const clock = clockAt(1_700_000_000_250);
    const gauge = level({ clock });
    const labelled = depth({ clock });
    gauge.setToCurrentTime();
    labelled.setToCurrentTime({ queue: "mail", host: "a" });
    clock.nowMs += 500;
    labelled.labels("mail", "b").setToCurrentTime();
    assert.deepEqual(await valuesOf(gauge), [[{}, 1_700_000_000.25]]);
    assert.deepEqual(await valuesOf(labelled), [
      [{ queue: "mail", host: "a" }, 1_700_000_000.25],
      [{ queue: "mail", host: "b" }, 1_700_000_000.75],
    ]);
  });

  it("is set to the seconds that something took, whatever the wall clock does", async () => {
    const clock = clockAt(0);
    const labelled = depth({ clock });
    const end = labelled.startTimer({ queue: "mail" });
    const endKept = labelled.labels("news", "a").startTimer();
    const endSingle = level({ clock }).startTimer();
    clock.monotonicMs += 1_500;
    clock.nowMs -= 3_600_000;
    assert.equal(end({ host: "b" }), 1.5);
    assert.equal(endKept(), 1.5);
    assert.equal(endSingle(), 1.5);
    assert.deepEqual(await valuesOf(labelled), [
      [{ queue: "news", host: "a" }, 1.5],
      [{ queue: "mail", host: "b" }, 1.5],
    ]);
  });

  it("reads the labels of a timer when it starts; those of its end beat them", async () => {
    const labels = { queue: "mail", host: "a" };
    const labelled = depth({ clock: clockAt(0) });
    const end = labelled.startTimer(labels);
    labels.queue = "changed";
    end();
    end({ host: "b" });
    assert.deepEqual(await valuesOf(labelled), [
      [{ queue: "mail", host: "a" }, 0],
      [{ queue: "mail", host: "b" }, 0],
    ]);
  });

  it("counts what is under way: functions, promises, and those that fail", async () => {
    const gauge = level();
    const series = depth().labels("mail", "a");
    for (const one of [gauge, series]) {
      const value = () => (one === gauge ? gauge.labels().value : series.value);
      assert.equal(one.trackInProgress(value), 1);
      assert.equal(value(), 0);
      const [first, second] = [deferred<string>(), deferred<string>()];
      const running = [one.trackInProgress(() => first.promise), one.trackInProgress(() => second.promise)];
      assert.equal(value(), 2);
      first.resolve("done");
      assert.equal(await running[0], "done");
      assert.equal(value(), 1);
      second.reject(new Error("sour"));
      await assert.rejects(running[1] as Promise<unknown>, new Error("sour"));
      assert.equal(value(), 0);
      assert.throws(
        () =>
          one.trackInProgress(() => {
            throw new Error("salty");
          }),
        new Error("salty"),
      );
      assert.equal(value(), 0);
    }
  });

  it("tells its values in prom-client's shape, and is exposed", async () => {
    const registry = new Registry();
    const gauge = depth({ registers: [registry] });
    gauge.set({ queue: "mail", host: "a" }, Number.NaN);
    gauge.set({ queue: "mail", host: "" }, -1.5);
    assert.deepEqual(await gauge.get(), {
      name: "depth",
      help: "Depth.",
      type: "gauge",
      values: [
        { value: Number.NaN, labels: { queue: "mail", host: "a" } },
        { value: -1.5, labels: { queue: "mail" } },
      ],
      aggregator: "sum",
    });
    assert.equal(
      await registry.metrics(),
      '# HELP depth Depth.\n# TYPE depth gauge\ndepth{queue="mail",host="a"} NaN\ndepth{queue="mail"} -1.5\n',
    );
  });

  it("begins anew, from zero, when a kept series is written after its removal", async () => {
    const gauge = depth();
    const kept = gauge.labels("mail", "a");
    const writes: readonly [write: () => void, value: number][] = [
      [() => kept.set(4), 4],
      [() => kept.inc(), 1],
      [() => kept.dec(), -1],
      [() => kept.inc(-2), -2],
    ];
    for (const [write, value] of writes) {
      kept.set(100);
      gauge.clear();
      assert.equal(kept.value, 0);
      assert.deepEqual(await valuesOf(gauge), []);
      write();
      assert.deepEqual(await valuesOf(gauge), [[{ queue: "mail", host: "a" }, value]]);
    }
  });

  it("goes back to its first series with reset(), and to none with clear()", async () => {
    const gauge = depth({ series: [{ queue: "mail", host: "a" }] });
    gauge.set({ queue: "mail", host: "a" }, 3);
    gauge.set({ queue: "news", host: "a" }, 3);
    gauge.reset();
    assert.deepEqual(await valuesOf(gauge), [[{ queue: "mail", host: "a" }, 0]]);
    gauge.clear();
    assert.deepEqual(await valuesOf(gauge), []);
    assert.equal(gauge.remove("mail", "a"), false);
    gauge.set({ queue: "news", host: "a" }, 3);
    assert.equal(gauge.removeMatching({ queue: "news" }), 1);
  });

  it("is brought up to date by collect", async () => {
    const gauge = new Gauge({
      name: "depth",
      help: "Depth.",
      labelNames: ["queue"],
      registers: [],
      async collect() {
        this.reset();
        this.set({ queue: "mail" }, 7);
      },
    });
    gauge.set({ queue: "gone" }, 1);
    assert.deepEqual(await valuesOf(gauge), [[{ queue: "mail" }, 7]]);
  });
});
