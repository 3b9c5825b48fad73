import assert from "node:assert/strict";
import { once } from "node:events";
import { PassThrough, Readable, Writable } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { describe, it, type TestContext } from "node:test";
import { Counter, countErrors, Gauge, Histogram, measure, Summary, trackInProgress } from "../../lib/index.ts";
import { deferred } from "../deferred.ts";

/** What one call did to the metrics: durations in seconds, calls in progress, errors. */
interface Counted {
  readonly seconds: readonly number[];
  readonly inProgress: number;
  readonly errors: number;
}

/** The three metrics around one call, on a clock that the test turns. */
function measured(t: TestContext) {
  let nowMs = 0;
  t.mock.method(performance, "now", () => nowMs);
  const durations = new Histogram({
    name: "d_seconds",
    help: "D.",
    labelNames: ["a"],
    registers: [],
    buckets: [1, 2, 3],
  });
  const active = new Gauge({ name: "g", help: "G.", labelNames: ["a"], registers: [] });
  const errors = new Counter({ name: "c", help: "C.", labelNames: ["a"], registers: [] });
  const labels = { a: "x" };
  return {
    pass(seconds: number) {
      nowMs += seconds * 1000;
    },
    call<Result>(run: () => Result, filter?: (error: unknown) => boolean): Result {
      return measure(durations, labels, () =>
        trackInProgress(active, labels, () => countErrors(errors, labels, run, filter)),
      );
    },
    get counted(): Counted {
      const { sum, count } = durations.labels(labels).value;
      const seconds = count === 0 ? [] : [sum];
      assert.ok(count <= 1);
      return { seconds, inProgress: active.labels(labels).value, errors: errors.labels(labels).value };
    },
  };
}

const underWay: Counted = { seconds: [], inProgress: 1, errors: 0 };
const after = (seconds: number, errors = 0): Counted => ({ seconds: [seconds], inProgress: 0, errors });

describe("measure, trackInProgress and countErrors", () => {
  it("follow a function until it returns, and hand on what it returned", (t) => {
    const all = measured(t);
    for (const result of [7, "text", undefined, null, [1, 2], new Map([[1, 2]]), () => {}, { next: 1 }]) {
      const one = measured(t);
      assert.equal(
        one.call(() => {
          assert.deepEqual(one.counted, underWay);
          one.pass(2);
          return result;
        }),
        result,
      );
      assert.deepEqual(one.counted, after(2));
    }
    assert.deepEqual(all.counted, { ...underWay, inProgress: 0 });
  });

  it("follow a function until it throws, and hand on what it threw", (t) => {
    const one = measured(t);
    const error = new Error("failed");
    const fail = () => {
      one.pass(1);
      throw error;
    };
    assert.throws(
      () => one.call(fail),
      (thrown) => thrown === error,
    );
    assert.deepEqual(one.counted, after(1, 1));
  });

  it("count the errors that the filter says yes to", (t) => {
    const one = measured(t);
    const fail = () => {
      throw new RangeError("failed");
    };
    assert.throws(() => one.call(fail, (error) => error instanceof TypeError), RangeError);
    assert.deepEqual(one.counted, after(0, 0));
  });

  it("follow a promise until it is settled, and the metrics are up to date for who awaits it", async (t) => {
    for (const isGood of [true, false]) {
      const one = measured(t);
      const { promise, resolve, reject } = deferred<number>();
      const result = one.call(() => promise);
      one.pass(3);
      assert.deepEqual(one.counted, underWay);
      if (isGood) resolve(7);
      else reject(new TypeError("failed"));
      if (isGood) assert.equal(await result, 7);
      else await assert.rejects(result, TypeError);
      assert.deepEqual(one.counted, after(3, isGood ? 0 : 1));
    }
  });

  it("follow a generator until it ends, with what is sent into it", (t) => {
    const one = measured(t);
    const generator = one.call(function* (): Generator<number, string, number> {
      const sent = yield 1;
      one.pass(1);
      return `got ${sent}`;
    });
    assert.deepEqual(generator.next(), { value: 1, done: false });
    assert.deepEqual(one.counted, underWay);
    assert.deepEqual(generator.next(7), { value: "got 7", done: true });
    assert.deepEqual(one.counted, after(1));
  });

  it("follow a generator that is left early, or fails", (t) => {
    const left = measured(t);
    let isCleared = false;
    for (const value of left.call(function* () {
      try {
        yield* [1, 2, 3];
      } finally {
        isCleared = true;
      }
    })) {
      left.pass(1);
      if (value === 2) break;
    }
    assert.ok(isCleared);
    assert.deepEqual(left.counted, after(2));

    const failing = measured(t);
    assert.throws(() => [
      ...failing.call(function* () {
        yield 1;
        throw new TypeError("failed");
      }),
    ]);
    assert.deepEqual(failing.counted, after(0, 1));
  });

  it("follow an asynchronous generator", async (t) => {
    for (const isGood of [true, false]) {
      const one = measured(t);
      const seen: number[] = [];
      const walk = async () => {
        for await (const value of one.call(async function* () {
          yield 1;
          one.pass(2);
          if (!isGood) throw new TypeError("failed");
          yield 2;
        })) {
          seen.push(value);
          assert.deepEqual(one.counted, underWay);
        }
      };
      if (isGood) await walk();
      else await assert.rejects(walk(), TypeError);
      assert.deepEqual(seen, isGood ? [1, 2] : [1]);
      assert.deepEqual(one.counted, after(2, isGood ? 0 : 1));
    }
  });

  it("follow a stream until it is closed, and hand on the same", async (t) => {
    const one = measured(t);
    const source = Readable.from(["a", "b"]);
    const stream = one.call(() => source);
    assert.equal(stream, source);
    assert.deepEqual(one.counted, underWay);
    one.pass(1);
    assert.deepEqual(await stream.toArray(), ["a", "b"]);
    if (!stream.closed) await once(stream, "close");
    assert.deepEqual(one.counted, after(1));

    const sink = measured(t);
    const writable = sink.call(() => new Writable({ write: (_chunk, _encoding, done) => done() }));
    await pipeline(Readable.from(["a"]), writable);
    if (!writable.closed) await once(writable, "close");
    assert.deepEqual(sink.counted, after(0));
  });

  it("follow a stream that fails, or is given up", async (t) => {
    for (const error of [new TypeError("failed"), undefined]) {
      const one = measured(t);
      const stream = one.call(() => new PassThrough());
      stream.destroy(error);
      await assert.rejects(finished(stream));
      assert.deepEqual(one.counted, after(0, 1));
    }
  });

  it("leave a stream's error to be handled by who uses it", async (t) => {
    const one = measured(t);
    const stream = one.call(() => new PassThrough());
    assert.equal(stream.listenerCount("error"), 0);
    stream.on("error", () => {});
    stream.destroy(new Error("failed"));
    await new Promise((resolve) => stream.on("close", resolve));
    assert.deepEqual(one.counted, after(0, 1));
  });

  it("follow a stream of the web", async (t) => {
    const one = measured(t);
    const stream = one.call(() => new Blob(["abc"]).stream());
    one.pass(1);
    assert.equal(await new Response(stream).text(), "abc");
    while (one.counted.inProgress > 0) await new Promise(setImmediate);
    assert.deepEqual(one.counted, after(1));
  });

  it("follow what a promise leads to", async (t) => {
    const one = measured(t);
    const stream = await one.call(async () => Readable.from(["a"]));
    assert.deepEqual(one.counted, underWay);
    stream.resume();
    await once(stream, "close");
    assert.deepEqual(one.counted, after(0));
  });

  it("take metrics without labels, and summaries", (t) => {
    t.mock.method(performance, "now", () => 0);
    const summary = new Summary({ name: "s_seconds", help: "S.", registers: [] });
    const gauge = new Gauge({ name: "g", help: "G.", registers: [] });
    assert.equal(
      measure(summary, {}, () => trackInProgress(gauge, {}, () => gauge.labels().value)),
      1,
    );
    assert.deepEqual(summary.labels().value, { count: 1, sum: 0 });
    assert.equal(gauge.labels().value, 0);
  });

  it("refuse labels that the metric has not, before the function is called", () => {
    const gauge = new Gauge({ name: "g", help: "G.", labelNames: ["a"], registers: [] });
    let isCalled = false;
    assert.throws(
      () =>
        trackInProgress(gauge, { b: 1 } as never, () => {
          isCalled = true;
        }),
      { name: "TypeError", message: 'Gauge "g" has the label "a", but got "b": "b" is unknown.' },
    );
    assert.ok(!isCalled);
  });
});
