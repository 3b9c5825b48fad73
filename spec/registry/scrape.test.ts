import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Collector,
  Counter,
  Gauge,
  Histogram,
  type LeasedChunk,
  type MetricFamily,
  Registry,
  type ScrapeContext,
} from "../../lib/core.ts";
import { COLUMNS, type ColumnFamily } from "../../lib/storage/column-family.ts";
import type { SeriesTable } from "../../lib/storage/series-table.ts";
import { type Deferred, deferred } from "../deferred.ts";
import { Random } from "../judges/random.ts";
import { collecting, failures, listening, numberFamily, turn } from "./collectors.ts";

/** A collector whose answers the test gives one by one. */
class Gated implements Collector {
  readonly name: string;
  readonly contexts: ScrapeContext[] = [];
  readonly #gates: Deferred<MetricFamily[]>[] = [];

  constructor(name: string) {
    this.name = name;
  }

  collect(context: ScrapeContext): Promise<MetricFamily[]> {
    this.contexts.push(context);
    const gate = deferred<MetricFamily[]>();
    this.#gates.push(gate);
    return gate.promise;
  }

  get calls(): number {
    return this.contexts.length;
  }

  /** Lets the first call that has no answer yet return a family of its name. */
  answer(value: number): void {
    this.#gates.shift()?.resolve([numberFamily(this.name, { "": value })]);
  }
}

function single(name: string, value: number, help = `${name}.`): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value}\n`;
}

const decoder = new TextDecoder();

/** Reads a scrape to its end, giving back what was lent, and calling `between` after each chunk. */
async function read(chunks: AsyncIterable<LeasedChunk>, between: () => unknown = () => {}): Promise<string> {
  let text = "";
  for await (const { bytes, release } of chunks) {
    text += decoder.decode(bytes, { stream: true });
    release();
    await between();
  }
  return text + decoder.decode();
}

function tableOf(metric: Collector): SeriesTable {
  return (metric as Collector & { readonly [COLUMNS]: ColumnFamily })[COLUMNS].table;
}

describe("Collecting", () => {
  it("shows what a late asynchronous collect set on a metric registered before it", async () => {
    const registry = new Registry();
    const first = new Gauge({ name: "first", help: "first.", registers: [registry] });
    const labelled = new Gauge({ name: "labelled", help: "labelled.", labelNames: ["n"], registers: [registry] });
    new Gauge({
      name: "second",
      help: "second.",
      registers: [registry],
      async collect() {
        await turn();
        first.set(1);
        labelled.set({ n: "new" }, 2);
        this.set(3);
      },
    });
    assert.equal(
      await registry.metrics(),
      `${single("first", 1)}# HELP labelled labelled.\n# TYPE labelled gauge\nlabelled{n="new"} 2\n${single("second", 3)}`,
    );
  });

  it("asks all side by side", async () => {
    const { registry } = listening();
    const [a, b] = [new Gated("a"), new Gated("b")];
    for (const one of [a, b]) registry.registerMetric(one);
    const text = registry.metrics();
    await turn();
    assert.deepEqual([a.calls, b.calls], [1, 1]);
    b.answer(2);
    await turn();
    a.answer(1);
    assert.equal(await text, single("a", 1) + single("b", 2));
  });

  const fail = new Error("out of tune");
  for (const [how, collect, counts] of [
    [
      "throws",
      () => {
        throw fail;
      },
      { bad: 1, custom: 1 },
    ],
    // A metric's promise is seen one tick later, as its answer is what it set meanwhile.
    ["rejects", () => Promise.reject(fail), { custom: 1, bad: 1 }],
  ] as const) {
    it(`leaves out a metric or collector that ${how}, and serves the rest`, async () => {
      const { registry, errors } = listening();
      new Gauge({ name: "before", help: "before.", registers: [registry] });
      new Gauge({ name: "bad", help: "bad.", registers: [registry], collect });
      registry.registerMetric(collecting("custom", collect));
      new Gauge({ name: "after", help: "after.", registers: [registry] });
      assert.equal(await registry.metrics(), single("before", 0) + single("after", 0) + failures(counts));
      assert.deepEqual(
        errors
          .map(({ name, message, collector, cause }) => ({ name, message, collector, cause }))
          .sort((a, b) => (a.message < b.message ? -1 : 1)),
        [
          { name: "CollectorError", message: 'Collector "bad": out of tune', collector: "bad", cause: fail },
          { name: "CollectorError", message: 'Collector "custom": out of tune', collector: "custom", cause: fail },
        ],
      );
    });
  }

  it("calls a collector once a scrape though it is registered twice, also when it fails at once", async () => {
    const { registry, said } = listening();
    let calls = 0;
    const bad = collecting("bad", () => {
      calls++;
      throw new Error("sour");
    });
    registry.registerMetric(bad);
    registry.scoped({ prefix: "app_" }).registerMetric(bad);
    assert.equal(await registry.metrics(), failures({ bad: 1 }));
    assert.deepEqual([calls, said()], [1, ['Collector "bad": sour']]);
  });

  it("calls it once for all scrapes that wait, of whatever registry, and again for later ones", async () => {
    const [one, other] = [new Registry(), new Registry()];
    const gated = new Gated("gated");
    for (const registry of [one, other]) registry.registerMetric(gated);
    const texts = [one.metrics(), one.metrics(), other.metrics(), other.getMetricsAsJSON()] as const;
    await turn();
    gated.answer(1);
    assert.deepEqual(await Promise.all([texts[0], texts[1], texts[2]]), Array(3).fill(single("gated", 1)));
    assert.deepEqual((await texts[3])[0]?.values, [{ value: 1, labels: {} }]);
    assert.equal(gated.calls, 1);
    const later = one.metrics();
    await turn();
    gated.answer(2);
    assert.equal(await later, single("gated", 2));
    assert.equal(gated.calls, 2);
  });
});

describe("The deadline of a scrape", () => {
  it("is five seconds, after which it goes on without whoever hangs", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { registry, said } = listening();
    const [custom, late] = [new Gated("custom"), deferred()];
    registry.registerMetric(custom);
    new Gauge({ name: "late", help: "late.", registers: [registry], collect: () => late.promise });
    new Gauge({ name: "fine", help: "fine.", registers: [registry], collect: async () => {} });
    const text = registry.metrics();
    await turn();
    t.mock.timers.tick(4_999);
    await turn();
    assert.deepEqual(said(), []);
    assert.equal(custom.contexts[0]?.signal.aborted, false);
    t.mock.timers.tick(1);
    assert.equal(await text, single("fine", 0) + failures({ custom: 1, late: 1 }));
    assert.deepEqual(said(), [
      'Collector "custom": it did not answer within 5000 ms.',
      'Collector "late": it did not answer within 5000 ms.',
    ]);
    assert.equal(custom.contexts[0]?.signal.aborted, true);
  });

  it("can be told", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { registry, said } = listening();
    registry.registerMetric(new Gated("custom"));
    const text = read(registry.chunks({ deadlineMs: 20 }));
    await turn();
    t.mock.timers.tick(20);
    assert.equal(await text, failures({ custom: 1 }));
    assert.deepEqual(said(), ['Collector "custom": it did not answer within 20 ms.']);
  });

  it("can be put off for ever", async (t) => {
    const { registry, said } = listening();
    const gated = new Gated("gated");
    registry.registerMetric(gated);
    const timeout = t.mock.method(globalThis, "setTimeout");
    const text = read(registry.chunks({ deadlineMs: Number.POSITIVE_INFINITY }));
    await turn();
    // What is longer than this, setTimeout takes for no time at all.
    assert.deepEqual(
      timeout.mock.calls.map((call) => call.arguments[1]),
      [2 ** 31 - 1],
    );
    gated.answer(1);
    assert.equal(await text, single("gated", 1));
    assert.deepEqual(said(), []);
  });

  it("is waited for once: later scrapes go on at once until the hung one answers, and then have it again", async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { registry, said } = listening();
    const gated = new Gated("gated");
    registry.registerMetric(gated);
    const first = registry.metrics();
    await turn();
    t.mock.timers.tick(5_000);
    assert.equal(await first, failures({ gated: 1 }));
    // No timer is turned here.
    assert.equal(await registry.metrics(), failures({ gated: 2 }));
    assert.equal(await registry.metrics(), failures({ gated: 3 }));
    assert.deepEqual(said(), [
      'Collector "gated": it did not answer within 5000 ms.',
      'Collector "gated": it still has not answered an earlier scrape.',
      'Collector "gated": it still has not answered an earlier scrape.',
    ]);
    assert.equal(gated.calls, 1);
    gated.answer(1);
    await turn();
    const recovered = registry.metrics();
    await turn();
    gated.answer(2);
    assert.equal(await recovered, single("gated", 2) + failures({ gated: 3 }));
    assert.equal(gated.calls, 2);
  });

  it("leaves no timer behind when all have answered", async (t) => {
    const { registry } = listening();
    registry.registerMetric(collecting("fine", async () => [numberFamily("fine")]));
    const set = t.mock.method(globalThis, "setTimeout");
    const clear = t.mock.method(globalThis, "clearTimeout");
    await registry.metrics();
    assert.deepEqual(
      clear.mock.calls.map((call) => call.arguments[0]),
      set.mock.calls.map((call) => call.result),
    );
    assert.equal(set.mock.callCount(), 1);
  });
});

describe("A scrape whose reader goes away", () => {
  const reason = new Error("the reader went away");

  it("asks nobody when it went before", async () => {
    const { registry } = listening();
    const gated = new Gated("gated");
    registry.registerMetric(gated);
    await assert.rejects(read(registry.chunks({ signal: AbortSignal.abort(reason) })), reason);
    assert.equal(gated.calls, 0);
  });

  it("stops waiting, tells the collectors, and takes none of them for failed", async () => {
    const { registry, said } = listening();
    const gated = new Gated("gated");
    registry.registerMetric(gated);
    const controller = new AbortController();
    const text = read(registry.chunks({ signal: controller.signal }));
    await turn();
    controller.abort(reason);
    await assert.rejects(text, reason);
    assert.equal(gated.contexts[0]?.signal.aborted, true);
    // The next scrape has a whole answer, of a call of its own.
    const next = registry.metrics();
    gated.answer(1);
    await turn();
    gated.answer(2);
    assert.equal(await next, single("gated", 2));
    assert.deepEqual(said(), []);
  });

  it("hears nothing of an answer that comes while it goes", async () => {
    const controller = new AbortController();
    const gate = deferred<MetricFamily[]>();
    const shared = collecting("shared", () => gate.promise);
    const { registry, said } = listening({ onError: () => controller.abort(reason) });
    const leaving = listening();
    for (const one of [registry, leaving.registry]) one.registerMetric(shared);
    const first = registry.metrics();
    const second = read(leaving.registry.chunks({ signal: controller.signal }));
    await turn();
    gate.reject(new Error("sour"));
    assert.equal(await first, failures({ shared: 1 }));
    await assert.rejects(second, reason);
    assert.deepEqual([said(), leaving.said()], [[], []]);
  });

  it("stops in the middle of a long exposition", async () => {
    let nowMs = 0;
    const registry = new Registry({ monotonicNow: () => nowMs++ });
    const counter = new Counter({ name: "c", help: "C.", labelNames: ["n"], registers: [registry] });
    for (let n = 0; n < 10_000; n++) counter.inc({ n });
    const controller = new AbortController();
    let chunks = 0;
    await assert.rejects(
      read(registry.chunks({ signal: controller.signal }), () => {
        if (++chunks === 2) controller.abort(reason);
      }),
      reason,
    );
    assert.equal(chunks, 2);
    assertReleased(counter);
  });

  it("gives back what it holds when it ends the iteration", async () => {
    const registry = new Registry();
    const counter = new Counter({ name: "c", help: "C.", labelNames: ["n"], registers: [registry] });
    for (let n = 0; n < 10_000; n++) counter.inc({ n });
    for await (const _chunk of registry.stream()) break;
    assertReleased(counter);
    const chunks = registry.chunks();
    await chunks.next();
    await chunks.return();
    assertReleased(counter);
    const unread = registry.chunks();
    await unread.return();
    assertReleased(counter);
  });

  /** Label values that came and went are forgotten only when no scrape holds the table. */
  function assertReleased(counter: Counter<"n">): void {
    const { values } = tableOf(counter);
    const limit = () => values.map(({ idLimit }) => idLimit);
    const pass = (n: number) => {
      counter.labels(`passing ${n}`);
      counter.remove(`passing ${n}`);
    };
    pass(0);
    const before = limit();
    for (let n = 1; n <= 100; n++) pass(n);
    assert.deepEqual(limit(), before);
  }
});

describe("Failures", () => {
  it("are counted from the first one on, and not told before", async () => {
    const { registry } = listening();
    let isBroken = false;
    registry.registerMetric(
      collecting("shaky", () => {
        if (isBroken) throw new Error("sour");
        return [numberFamily("shaky")];
      }),
    );
    assert.equal(await registry.metrics(), single("shaky", 1));
    isBroken = true;
    assert.equal(await registry.metrics(), failures({ shaky: 1 }));
    assert.equal(await registry.metrics(), failures({ shaky: 2 }));
    isBroken = false;
    assert.equal(await registry.metrics(), single("shaky", 1) + failures({ shaky: 2 }));
    assert.deepEqual((await registry.getMetricsAsJSON())[1], {
      name: "tallystick_collector_errors_total",
      help: "Scrapes in which a collector failed and its families were left out.",
      type: "counter",
      values: [{ value: 2, labels: { collector: "shaky" } }],
      aggregator: "sum",
    });
  });

  it("do no harm to the scrape when onError throws as well", async () => {
    const { registry } = listening({
      onError: () => {
        throw new Error("the hook is broken too");
      },
    });
    registry.registerMetric(
      collecting("bad", () => {
        throw new Error("sour");
      }),
    );
    new Gauge({ name: "fine", help: "fine.", registers: [registry] });
    assert.equal(await registry.metrics(), single("fine", 0) + failures({ bad: 1 }));
  });

  it("are warned of by the process where nobody listens, once for each cause", async (t) => {
    const warned: string[] = [];
    t.mock.method(process, "emitWarning", (warning: Error) => warned.push(`${warning.name}: ${warning.message}`));
    const registry = new Registry();
    let reason = "sour";
    registry.registerMetric(
      collecting("bad", () => {
        throw new Error(reason);
      }),
    );
    await registry.metrics();
    await registry.metrics();
    reason = "salty";
    await registry.metrics();
    assert.deepEqual(warned, ['CollectorError: Collector "bad": sour', 'CollectorError: Collector "bad": salty']);
    for (let i = 0; i < 200; i++) {
      reason = `cause ${i}`;
      await registry.metrics();
    }
    assert.equal(warned.length, 100);
  });

  it("are told by a collector's name whatever that holds", async () => {
    const { registry } = listening();
    registry.registerMetric(collecting('a"b\\c\n', () => Promise.reject(new Error("sour"))));
    assert.equal(await registry.metrics(), failures({ 'a\\"b\\\\c\\n': 1 }));
  });

  it("leave the name of their metric to the user who has taken it", async () => {
    const { registry } = listening();
    new Counter({ name: "tallystick_collector_errors_total", help: "Mine.", registers: [registry] });
    registry.registerMetric(collecting("bad", () => Promise.reject(new Error("sour"))));
    assert.equal(
      await registry.metrics(),
      "# HELP tallystick_collector_errors_total Mine.\n# TYPE tallystick_collector_errors_total counter\ntallystick_collector_errors_total 0\n",
    );
  });
});

describe("An exposition", () => {
  /** The value of a series is told by its label, so that a line shows whether it has numbers of its own. */
  const numberOf = (n: number) => n * 3 + 1;

  function counting(registry: Registry, count: number): Counter<"n"> {
    const counter = new Counter({ name: "c", help: "C.", labelNames: ["n"], registers: [registry] });
    for (let n = 0; n < count; n++) counter.inc({ n: `s${n}` }, numberOf(n));
    return counter;
  }

  it("has the series that there were when it was collected, and their numbers of when they are written", async () => {
    const registry = new Registry();
    const counter = counting(registry, 5_000);
    let isFirst = true;
    const text = await read(registry.chunks(), () => {
      if (!isFirst) return;
      isFirst = false;
      counter.inc({ n: "new" });
      counter.inc({ n: "s4999" }, 7);
    });
    const lines = text.split("\n").slice(2, -1);
    assert.equal(lines.length, 5_000);
    assert.equal(lines[4_999], `c{n="s4999"} ${numberOf(4_999) + 7}`);
  });

  it("has no series twice that was removed and made again, nor any that came later", async () => {
    const registry = new Registry();
    const counter = counting(registry, 5_000);
    // Their rows are free when the scrape begins, and the last to be written.
    for (let n = 4_900; n < 5_000; n++) counter.remove(`s${n}`);
    const before = await registry.metrics();
    let isFirst = true;
    const text = await read(registry.chunks(), () => {
      if (!isFirst) return;
      isFirst = false;
      for (let n = 0; n < 50; n++) counter.remove(`s${n}`);
      for (let n = 0; n < 75; n++) counter.inc({ n: `later${n}` });
      for (let n = 0; n < 50; n++) counter.inc({ n: `s${n}` });
    });
    assert.equal(text, before);
  });

  it("tells a histogram's buckets, sum and count of the same moment, whatever is observed meanwhile", async () => {
    let nowMs = 0;
    const registry = new Registry({
      monotonicNow: () => nowMs++,
      turn: async () => {
        for (let n = 0; n < 2_000; n += 7) histogram.observe({ n }, n % 3);
      },
    });
    const histogram = new Histogram({
      name: "h",
      help: "H.",
      labelNames: ["n"],
      buckets: [0, 1],
      registers: [registry],
    });
    for (let n = 0; n < 2_000; n++) histogram.observe({ n }, n % 3);
    const text = await read(registry.chunks(), () => {
      for (let n = 0; n < 2_000; n += 3) histogram.observe({ n }, n % 3);
    });
    const values = text
      .split("\n")
      .slice(2, -1)
      .map((line) => Number(line.slice(line.indexOf(" ") + 1)));
    assert.equal(values.length, 2_000 * 5);
    for (let n = 0; n < 2_000; n++) {
      const [zero, one, all, sum, count] = values.slice(n * 5, n * 5 + 5) as [number, number, number, number, number];
      const bucket = n % 3;
      assert.deepEqual([zero, one, sum, count], [bucket === 0 ? all : 0, bucket < 2 ? all : 0, all * bucket, all]);
    }
  });

  it("comes in pieces of at most 64 KB that belong to the caller", async () => {
    const registry = new Registry();
    counting(registry, 20_000);
    const whole = await registry.metrics();
    const pieces: Uint8Array[] = [];
    const copies: Uint8Array[] = [];
    for await (const piece of registry.stream()) {
      assert.ok(piece.length > 0 && piece.length <= 65_536);
      pieces.push(piece);
      copies.push(piece.slice());
    }
    assert.ok(pieces.length > 5);
    assert.deepEqual(pieces, copies);
    assert.equal(Buffer.concat(pieces).toString(), whole);
  });

  it("comes in pieces that stay what they are through later scrapes, however small", async () => {
    const pieces: Uint8Array[] = [];
    const texts: string[] = [];
    for (const series of [1, 2, 500, 1_000, 3]) {
      const registry = new Registry();
      counting(registry, series);
      for await (const piece of registry.stream()) pieces.push(piece);
      texts.push(await registry.metrics());
    }
    assert.equal(Buffer.concat(pieces).toString(), texts.join(""));
    // The small ones keep no more memory than they take.
    assert.equal(pieces[0]?.buffer.byteLength, pieces[0]?.length);
  });

  it("writes nothing into a chunk that is still lent, also once the scrape is over", async () => {
    const registry = new Registry();
    counting(registry, 10);
    const whole = await registry.metrics();
    const lentBy = async (lender: Registry) => {
      const chunks = [];
      for await (const chunk of lender.chunks()) chunks.push(chunk);
      assert.equal(chunks.length, 1);
      return chunks[0] as (typeof chunks)[0];
    };
    const lent = await lentBy(registry);
    const larger = new Registry();
    counting(larger, 20);
    await larger.metrics();
    assert.equal(Buffer.from(lent.bytes).toString(), whole);
    lent.release();
    lent.release();
    const [one, other] = await Promise.all([lentBy(registry), lentBy(registry)]);
    assert.notEqual(one.bytes.buffer, other.bytes.buffer);
    assert.deepEqual(one.bytes, other.bytes);
  });

  it("is nothing at all for an empty registry", async () => {
    for await (const piece of new Registry().stream()) assert.fail(`${piece}`);
    assert.equal(await new Registry().metrics(), "");
  });

  it("writes again into chunks that were given back, and never into others", async () => {
    const registry = new Registry();
    counting(registry, 20_000);
    const used = new Map<ArrayBufferLike, number>();
    for await (const { bytes, release } of registry.chunks()) {
      used.set(bytes.buffer, (used.get(bytes.buffer) ?? 0) + 1);
      release();
      release();
    }
    assert.ok(used.size <= 2, `${used.size} chunks for a reader that gives each back`);
    const held = new Set<ArrayBufferLike>();
    let count = 0;
    for await (const { bytes } of registry.chunks()) {
      held.add(bytes.buffer);
      count++;
    }
    assert.equal(held.size, count);
  });

  it("spans chunks with a label value that is larger than one", async () => {
    const registry = new Registry();
    const counter = new Counter({ name: "c", help: "C.", labelNames: ["n"], registers: [registry] });
    const long = "é".repeat(100_000);
    counter.inc({ n: long });
    counter.inc({ n: "x" }, 2);
    assert.equal(await registry.metrics(), `# HELP c C.\n# TYPE c counter\nc{n="${long}"} 1\nc{n="x"} 2\n`);
  });
});

describe("The event loop", () => {
  /** A registry on a clock that goes on by `stepMs` whenever it is looked at. */
  function turning(stepMs: number) {
    const seen = { nowMs: 0, turns: 0, longestMs: 0, lastTurnMs: 0 };
    const registry = new Registry({
      monotonicNow: () => {
        seen.nowMs += stepMs;
        seen.longestMs = Math.max(seen.longestMs, seen.nowMs - seen.lastTurnMs);
        return seen.nowMs;
      },
      turn: async () => {
        seen.turns++;
        seen.lastTurnMs = seen.nowMs;
      },
    });
    return { seen, registry };
  }

  function fill(registry: Registry): void {
    const counter = new Counter({ name: "c", help: "C.", labelNames: ["n"], registers: [registry] });
    const histogram = new Histogram({ name: "h", help: "H.", labelNames: ["n"], registers: [registry] });
    for (let n = 0; n < 20_000; n++) counter.inc({ n });
    for (let n = 0; n < 1_000; n++) histogram.observe({ n }, n);
    registry.registerMetric(
      collecting("custom", [
        numberFamily("g", Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`n${i}`, i]))),
      ]),
    );
  }

  it("turns whenever about a millisecond has gone by", async () => {
    const { seen, registry } = turning(0.25);
    fill(registry);
    await registry.metrics();
    assert.ok(seen.turns >= 50, `only ${seen.turns} turns`);
    assert.ok(seen.longestMs <= 1.5, `no turn for ${seen.longestMs} ms`);
    assert.ok(seen.turns <= seen.nowMs, `${seen.turns} turns in ${seen.nowMs} ms`);
  });

  it("does not turn as long as no time goes by", async () => {
    const { seen, registry } = turning(0);
    fill(registry);
    await registry.metrics();
    assert.equal(seen.turns, 0);
  });

  it("lets the event loop turn while it puts thousands of families together", async () => {
    let nowMs = 0;
    let turns = 0;
    const registry = new Registry({
      monotonicNow: () => nowMs++,
      turn: async () => {
        turns++;
        // What leaves meanwhile is still of this scrape, and takes no other with it.
        if (turns === 1) registry.removeSingleMetric("g0");
      },
    });
    const names = Array.from({ length: 1000 }, (_, i) => `g${i}`);
    for (const name of names) new Gauge({ name, help: "H.", registers: [registry] });
    const first = await registry.chunks().next();
    // And once for every sixteen families while they are written.
    assert.equal(turns, 7 + 62);
    assert.ok(first.done !== true);
    assert.match(new TextDecoder().decode(first.value.bytes), /^# HELP g0 /);
    const text = await registry.metrics();
    assert.equal(
      text,
      names
        .slice(1)
        .map((name) => `# HELP ${name} H.\n# TYPE ${name} gauge\n${name} 0\n`)
        .join(""),
    );
  });

  it("really turns: others run between the slices of a long scrape", async () => {
    let nowMs = 0;
    const registry = new Registry({ monotonicNow: () => nowMs++ });
    fill(registry);
    let others = 0;
    let isOver = false;
    const run = () => {
      others++;
      if (!isOver) setImmediate(run);
    };
    setImmediate(run);
    await registry.metrics();
    isOver = true;
    assert.ok(others >= 50, `only ${others}`);
  });
});

describe("Two scrapes at once", () => {
  /** What a series of each kind is written as, when it was written once with a value of its own. */
  const kinds = [
    {
      kind: "counters",
      make: (registry: Registry) => {
        const counter = new Counter({ name: "c", help: "C.", labelNames: ["n"], registers: [registry] });
        return { metric: counter, write: (n: string, value: number) => counter.inc({ n }, value) };
      },
      lines: (n: string, value: number) => [`c{n="${n}"} ${value}`],
    },
    {
      kind: "histograms",
      make: (registry: Registry) => {
        const histogram = new Histogram({
          name: "h",
          help: "H.",
          labelNames: ["n"],
          buckets: [500],
          registers: [registry],
        });
        return { metric: histogram, write: (n: string, value: number) => histogram.observe({ n }, value) };
      },
      lines: (n: string, value: number) => [
        `h_bucket{n="${n}",le="500"} ${value <= 500 ? 1 : 0}`,
        `h_bucket{n="${n}",le="+Inf"} 1`,
        `h_sum{n="${n}"} ${value}`,
        `h_count{n="${n}"} 1`,
      ],
    },
  ];

  for (const { kind, make, lines } of kinds) {
    it(`print each series at most once and with bytes of its own, while ${kind} come and go`, async () => {
      const random = new Random(11);
      const registry = new Registry();
      const { metric, write } = make(registry);
      const live = new Map<string, number>();
      let made = 0;
      const add = () => {
        // Some names are new, some come back, and their lengths vary, so that memory is used again for others.
        const name = random.chance(0.3) ? `again${random.below(500)}` : `${"x".repeat(random.below(30))}${made}`;
        if (live.has(name)) return;
        const value = ++made;
        live.set(name, value);
        write(name, value);
      };
      const drop = () => {
        const name = random.pick([...live.keys()].slice(0, 50));
        live.delete(name);
        metric.remove(name);
      };
      while (live.size < 4_000) add();
      for (let round = 0; round < 6; round++) {
        // Every series that lived at any time while the slow one ran, and those that lived all the while.
        const start = new Map(live);
        const ever = new Map<string, Set<number>>();
        const note = () => {
          for (const [name, value] of live) ever.set(name, (ever.get(name) ?? new Set()).add(value));
        };
        note();
        const slow = await read(registry.chunks(), async () => {
          for (let i = 0; i < 40; i++) {
            drop();
            add();
            add();
            drop();
          }
          note();
          if (random.chance(0.3)) {
            const before = new Map(live);
            const fast = await registry.metrics();
            assert.deepEqual(
              seriesOf(fast, lines("", 0).length),
              new Set([...before].map(([n, value]) => lines(n, value).join("\n"))),
            );
          }
        });
        const printed = seriesOf(slow, lines("", 0).length);
        const possible = new Set(
          [...ever].flatMap(([n, values]) => [...values].map((value) => lines(n, value).join("\n"))),
        );
        for (const series of printed) assert.ok(possible.has(series), `not a series that there was: ${series}`);
        for (const [n, value] of start) {
          if (live.get(n) !== value) continue;
          assert.ok(printed.has(lines(n, value).join("\n")), `missing: ${n}`);
        }
        const names = [...printed].map((series) =>
          series.slice(series.indexOf('"') + 1, series.indexOf('"', series.indexOf('"') + 1)),
        );
        assert.equal(new Set(names).size, names.length, "a series was printed twice");
        while (live.size > 4_000) drop();
        while (live.size < 4_000) add();
      }
    });
  }

  /** The series of an exposition of one family, each as its lines; none stands there twice. */
  function seriesOf(text: string, linesEach: number): Set<string> {
    const lines = text.split("\n").slice(2, -1);
    const series: string[] = [];
    for (let i = 0; i < lines.length; i += linesEach) series.push(lines.slice(i, i + linesEach).join("\n"));
    assert.equal(new Set(series).size, series.length);
    return new Set(series);
  }

  for (const isAsync of [true, false]) {
    it(`never print a gauge half set by its ${isAsync ? "asynchronous" : "synchronous"} collect`, async () => {
      const registry = new Registry();
      const count = 4_000;
      let generation = 0;
      let gate: Promise<void> | undefined;
      const fill = (gauge: Gauge<"n">, from: number, to: number) => {
        for (let n = from; n < to; n++) gauge.set({ n: `g${generation % 2}-${n}` }, generation);
      };
      new Gauge({
        name: "g",
        help: "G.",
        labelNames: ["n"],
        registers: [registry],
        collect: isAsync
          ? async function () {
              generation++;
              this.reset();
              fill(this, 0, count / 2);
              await gate;
              fill(this, count / 2, count);
            }
          : function () {
              generation++;
              this.reset();
              fill(this, 0, count);
            },
      });
      // A row that was free is used again for any series, so they come in any order.
      const expected = (of: number) => Array.from({ length: count }, (_, n) => `g{n="g${of % 2}-${n}"} ${of}`).sort();
      const linesOf = (text: string) => text.split("\n").slice(2, -1).sort();

      let fast: Promise<string> | undefined;
      const opening = deferred();
      const slow = read(registry.chunks(), async () => {
        if (fast === undefined) {
          // The second scrape sets the gauge anew, and stays in the middle of that.
          gate = opening.promise;
          fast = registry.metrics();
        }
        await turn();
      });
      assert.deepEqual(linesOf(await slow), expected(1));
      opening.resolve();
      assert.deepEqual(linesOf(await (fast as Promise<string>)), expected(2));
      gate = undefined;
      assert.deepEqual(linesOf(await registry.metrics()), expected(3));
    });
  }
});
