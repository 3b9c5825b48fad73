import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Collector, CollectResult, MetricFamily, ScrapeContext } from "../../lib/core.ts";
import { CollectorError } from "../../lib/core.ts";
import { ask, nameOf, type Outcome } from "../../lib/registry/collection.ts";
import { deferred } from "../deferred.ts";

const depth: MetricFamily = { name: "depth", type: "gauge", help: "Depth.", series: [{ labels: {}, value: 3 }] };

/** A collector that does what it is told, and notes how it was called. */
class Source implements Collector {
  readonly name = "source";
  readonly contexts: ScrapeContext[] = [];
  readonly #answer: (context: ScrapeContext) => unknown;

  constructor(answer: (context: ScrapeContext) => unknown) {
    this.#answer = answer;
  }

  get calls(): number {
    return this.contexts.length;
  }

  collect(context: ScrapeContext): CollectResult {
    this.contexts.push(context);
    return this.#answer(context) as CollectResult;
  }
}

/** Asks as a scrape does, and keeps what it hears. */
function asking(source: Collector) {
  const outcomes: Outcome[] = [];
  const { promise, resolve } = deferred<Outcome>();
  const stopWaiting = ask(
    source,
    (context) => source.collect(context),
    (outcome) => {
      outcomes.push(outcome);
      resolve(outcome);
    },
  );
  return { outcomes, outcome: promise, stopWaiting };
}

/** Lets all that is ready to run, run. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function failure(reason: string, cause?: unknown): Outcome {
  return { ok: false, error: new CollectorError("source", reason, cause) };
}

/** The error of a failed outcome, with all that a user meets in it. */
function errorOf(outcome: Outcome | undefined): unknown {
  assert.ok(outcome !== undefined && !outcome.ok);
  const { name, message, collector, cause } = outcome.error;
  assert.ok(outcome.error instanceof CollectorError);
  return { name, message, collector, cause };
}

describe("nameOf", () => {
  it("is the collector's name, else its class's, else anonymous", () => {
    const collect = () => [];
    class Pool {
      collect = collect;
    }
    class Sneaky {
      static readonly name = 7 as unknown as string;
      collect = collect;
    }
    const named = (name: unknown) => ({ name, collect }) as Collector;
    assert.equal(nameOf(named("pool")), "pool");
    assert.equal(nameOf(new Pool()), "Pool");
    assert.equal(nameOf(Object.assign(new Pool(), { name: "" })), "Pool");
    assert.equal(nameOf(named(7)), "Object");
    assert.equal(nameOf(new Sneaky()), "anonymous");
    assert.equal(nameOf(Object.assign(Object.create(null), { collect })), "anonymous");
  });
});

describe("Asking a collector", () => {
  it("tells the families at once, when the collector answers at once", () => {
    const { outcomes } = asking(new Source(() => [depth]));
    assert.deepEqual(outcomes, [{ ok: true, families: [depth] }]);
  });

  it("copies what the collector returned", () => {
    const series = [{ labels: { a: "x" }, value: 1 }];
    const { outcomes } = asking(new Source(() => [{ ...depth, series }]));
    series[0] = { labels: { a: "y" }, value: 2 };
    series.push({ labels: { a: "z" }, value: 3 });
    assert.deepEqual(outcomes, [{ ok: true, families: [{ ...depth, series: [{ labels: { a: "x" }, value: 1 }] }] }]);
  });

  const other: MetricFamily = { ...depth, name: "other" };
  const answers: readonly [how: string, answer: () => unknown][] = [
    ["a set", () => new Set([depth, other])],
    [
      "a generator",
      function* () {
        yield depth;
        yield other;
      },
    ],
    ["a promise of an array", async () => [depth, other]],
    [
      "an asynchronous generator",
      async function* () {
        yield depth;
        await turn();
        yield other;
      },
    ],
    [
      "a promise of an asynchronous generator",
      async () =>
        (async function* () {
          yield depth;
          yield other;
        })(),
    ],
    [
      "something that can be awaited but is no promise",
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: it is the case
        then: (resolve: (families: unknown) => void) => resolve([depth, other]),
      }),
    ],
  ];
  for (const [how, answer] of answers) {
    it(`takes ${how}`, async () => {
      assert.deepEqual(await asking(new Source(answer)).outcome, { ok: true, families: [depth, other] });
    });
  }

  const rubbish: readonly [what: string, answer: () => unknown, reason: string][] = [
    ["nothing", () => undefined, "expected a list of metric families, but got undefined."],
    ["null", () => null, "expected a list of metric families, but got null."],
    ["a number", async () => 7, "expected a list of metric families, but got number."],
    ["one family instead of a list", () => depth, "expected a list of metric families, but got object."],
    ["a text", () => "depth 3", 'expected a metric family, but got "d".'],
    ["a list of anything", async () => [depth, null], "expected a metric family, but got null."],
    [
      "a family that can't be exposed",
      async function* () {
        yield { ...depth, type: "guage" };
      },
      'metric "depth" has the unknown type "guage".',
    ],
  ];
  for (const [what, answer, reason] of rubbish) {
    it(`fails when it returns ${what}`, async () => {
      const outcome = await asking(new Source(answer)).outcome;
      assert.deepEqual(errorOf(outcome), errorOf(failure(reason, new TypeError(reason))));
    });
  }

  const cause = new RangeError("out of tune");
  const noMessage = new TypeError();
  const mute = Object.create(null);
  const failures: readonly [how: string, answer: () => unknown, reason: string, cause: unknown][] = [
    [
      "throws",
      () => {
        throw cause;
      },
      "out of tune",
      cause,
    ],
    ["rejects", () => Promise.reject(cause), "out of tune", cause],
    [
      "throws in the middle of a generator",
      function* () {
        yield depth;
        throw cause;
      },
      "out of tune",
      cause,
    ],
    [
      "throws in the middle of an asynchronous generator",
      async function* () {
        yield depth;
        throw cause;
      },
      "out of tune",
      cause,
    ],
    ["rejects with a text", () => Promise.reject("flat"), "it threw flat.", "flat"],
    ["rejects with nothing", () => Promise.reject(), "it threw undefined.", undefined],
    ["rejects with an error without a message", () => Promise.reject(noMessage), "it threw TypeError.", noMessage],
    ["rejects with what has no text", () => Promise.reject(mute), "it threw what can't be shown.", mute],
    [
      "returns a thenable whose then throws",
      () => ({
        // biome-ignore lint/suspicious/noThenProperty: it is the case
        get then() {
          throw cause;
        },
      }),
      "out of tune",
      cause,
    ],
  ];
  for (const [how, answer, reason, kept] of failures) {
    it(`fails when it ${how}, and keeps the cause`, async () => {
      const outcome = await asking(new Source(answer)).outcome;
      assert.deepEqual(errorOf(outcome), {
        name: "CollectorError",
        message: `Collector "source": ${reason}`,
        collector: "source",
        cause: kept,
      });
    });
  }

  it("calls it once for all that wait at the same time", async () => {
    const gate = deferred<MetricFamily[]>();
    const source = new Source(() => gate.promise);
    const [a, b, c] = [asking(source), asking(source), asking(source)];
    assert.equal(source.calls, 1);
    gate.resolve([depth]);
    for (const one of [a, b, c]) assert.deepEqual(await one.outcome, { ok: true, families: [depth] });
    assert.equal(source.calls, 1);
  });

  it("calls it again for whoever comes after the answer", async () => {
    let value = 0;
    const source = new Source(async () => [{ ...depth, series: [{ labels: {}, value: ++value }] }]);
    await asking(source).outcome;
    assert.deepEqual(await asking(source).outcome, {
      ok: true,
      families: [{ ...depth, series: [{ labels: {}, value: 2 }] }],
    });
    const failing = new Source(() => Promise.reject(new Error("sour")));
    await asking(failing).outcome;
    await asking(failing).outcome;
    assert.equal(failing.calls, 2);
  });

  it("tells nothing to who stopped waiting, and the others all", async () => {
    const gate = deferred<MetricFamily[]>();
    const source = new Source(() => gate.promise);
    const [leaver, stayer] = [asking(source), asking(source)];
    leaver.stopWaiting(false);
    assert.equal(source.contexts[0]?.signal.aborted, false);
    gate.resolve([depth]);
    assert.deepEqual(await stayer.outcome, { ok: true, families: [depth] });
    await turn();
    assert.deepEqual(leaver.outcomes, []);
  });

  it("says by its signal that nobody waits any more", async () => {
    const source = new Source(() => new Promise(() => {}));
    const [a, b] = [asking(source), asking(source)];
    a.stopWaiting(true);
    assert.equal(source.contexts[0]?.signal.aborted, false);
    b.stopWaiting(true);
    b.stopWaiting(true);
    assert.equal(source.contexts[0]?.signal.aborted, true);
  });

  it("does not wait again for one that is late, nor call it a second time beside the first", async () => {
    const gate = deferred<MetricFamily[]>();
    const source = new Source(() => gate.promise);
    const first = asking(source);
    const patient = asking(source);
    first.stopWaiting(true);
    const { outcomes } = asking(source);
    assert.deepEqual(outcomes.map(errorOf), [errorOf(failure("it still has not answered an earlier scrape."))]);
    assert.equal(source.calls, 1);
    // Who began before goes on waiting.
    gate.resolve([depth]);
    assert.deepEqual(await patient.outcome, { ok: true, families: [depth] });
  });

  it("asks a late one again when it has answered at last", async () => {
    const gates = [deferred<MetricFamily[]>(), deferred<MetricFamily[]>()];
    const source = new Source(() => gates[source.calls - 1]?.promise);
    const first = asking(source);
    first.stopWaiting(true);
    gates[0]?.resolve([depth]);
    await turn();
    const second = asking(source);
    gates[1]?.resolve([other]);
    assert.deepEqual(await second.outcome, { ok: true, families: [other] });
    assert.deepEqual(first.outcomes, []);
    assert.equal(source.calls, 2);
  });

  it("gives a whole answer to who comes after all others went away, though the first call was told to stop", async () => {
    const source = new Source(async function* (context) {
      for (const family of [depth, other]) {
        yield family;
        await turn();
        if (context.signal.aborted) return;
      }
    });
    asking(source).stopWaiting(false);
    assert.equal(source.contexts[0]?.signal.aborted, true);
    const [later, another] = [asking(source), asking(source)];
    assert.equal(source.calls, 1, "it is never called beside itself");
    assert.deepEqual(await later.outcome, { ok: true, families: [depth, other] });
    assert.deepEqual(await another.outcome, { ok: true, families: [depth, other] });
    assert.equal(source.calls, 2);
    assert.equal(source.contexts[1]?.signal.aborted, false);
  });

  it("stops reading an asynchronous generator that nobody waits for", async () => {
    let isClosed = false;
    const source = new Source(async function* () {
      try {
        for (;;) {
          yield depth;
          await turn();
        }
      } finally {
        isClosed = true;
      }
    });
    const { stopWaiting } = asking(source);
    await turn();
    stopWaiting(true);
    while (!isClosed) await turn();
  });

  it("hears a thenable once, whatever it says", async () => {
    const resolvers: ((families: unknown) => void)[] = [];
    const source = new Source(() => ({
      // biome-ignore lint/suspicious/noThenProperty: it is the case
      then: (resolve: (families: unknown) => void) => resolvers.push(resolve),
    }));
    const first = asking(source);
    await turn();
    resolvers[0]?.([depth]);
    resolvers[0]?.([other]);
    await first.outcome;
    const second = asking(source);
    await turn();
    resolvers[0]?.([other]);
    await turn();
    assert.deepEqual(second.outcomes, []);
    assert.equal(asking(source).outcomes.length, 0);
    assert.equal(source.calls, 2);
    resolvers[1]?.([depth]);
    assert.deepEqual(await second.outcome, { ok: true, families: [depth] });
    assert.deepEqual(first.outcomes.length, 1);
  });
});
