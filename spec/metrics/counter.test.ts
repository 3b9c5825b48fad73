import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, type CounterOptions, type CounterSeries, Gauge, Registry } from "../../lib/core.ts";
import { Random } from "../judges/random.ts";

const requestsDeclaration = { name: "requests_total", help: "Requests.", labelNames: ["method", "code"] } as const;

function requests(options: Partial<CounterOptions<"method" | "code">> = {}): Counter<"method" | "code"> {
  return new Counter({ ...requestsDeclaration, registers: [], ...options });
}

function jobs(options: Partial<CounterOptions<never>> = {}): Counter<never> {
  return new Counter({ name: "jobs_total", help: "Jobs.", registers: [], ...options });
}

/** Its values as [labels, value], in the order of exposition. */
async function valuesOf(counter: Pick<Counter, "get">): Promise<[labels: object, value: number][]> {
  const { values } = await counter.get();
  return values.map(({ labels, value }) => [labels, value]);
}

/** Amounts that a counter refuses, with its error. */
const refused: readonly [amount: unknown, error: (owner: string) => Error][] = [
  [-1, (owner) => new RangeError(`${owner}: inc(-1) would make it go down. Use a Gauge for values that fall.`)],
  [-1e-9, (owner) => new RangeError(`${owner}: inc(-1e-9) would make it go down. Use a Gauge for values that fall.`)],
  [Number.NaN, (owner) => new RangeError(`${owner}: inc(NaN) would spoil the count for ever.`)],
  [Number.POSITIVE_INFINITY, (owner) => new RangeError(`${owner}: inc(Infinity) would spoil the count for ever.`)],
  [Number.NEGATIVE_INFINITY, (owner) => new RangeError(`${owner}: inc(-Infinity) would spoil the count for ever.`)],
  ["5", (owner) => new TypeError(`${owner}: inc() takes a number, but got string.`)],
  [true, (owner) => new TypeError(`${owner}: inc() takes a number, but got boolean.`)],
  [5n, (owner) => new TypeError(`${owner}: inc() takes a number, but got bigint.`)],
];

describe("Counter", () => {
  it("starts at zero and counts by ones and by any amount", async () => {
    const counter = jobs();
    assert.deepEqual(await valuesOf(counter), [[{}, 0]]);
    counter.inc();
    counter.inc(2.5);
    counter.inc(0);
    assert.deepEqual(await valuesOf(counter), [[{}, 3.5]]);
  });

  it("counts each set of label values for itself", async () => {
    const counter = requests();
    counter.inc({ method: "GET", code: 200 });
    counter.inc({ method: "GET", code: 200 }, 2);
    counter.inc({ code: 500, method: "GET" }, 4);
    counter.labels("POST", 200).inc(8);
    counter.labels({ method: "POST", code: "200" }).inc(16);
    assert.deepEqual(await valuesOf(counter), [
      [{ method: "GET", code: "200" }, 3],
      [{ method: "GET", code: "500" }, 4],
      [{ method: "POST", code: "200" }, 24],
    ]);
  });

  it("has no series with labels before they are used", async () => {
    assert.deepEqual(await valuesOf(requests()), []);
  });

  it("tells its values in prom-client's shape", async () => {
    const counter = requests({ aggregator: "max" });
    counter.inc({ method: "GET", code: 200 }, 7);
    assert.deepEqual(await counter.get(), {
      name: "requests_total",
      help: "Requests.",
      type: "counter",
      values: [{ value: 7, labels: { method: "GET", code: "200" } }],
      aggregator: "max",
    });
  });

  it("is exposed with help, type and one line a series", async () => {
    const registry = new Registry();
    const counter = requests({ registers: [registry] });
    counter.inc({ method: "GET", code: 200 }, 3);
    counter.labels("POST", "").inc();
    assert.equal(
      await registry.metrics(),
      [
        "# HELP requests_total Requests.",
        "# TYPE requests_total counter",
        'requests_total{method="GET",code="200"} 3',
        'requests_total{method="POST"} 1',
        "",
      ].join("\n"),
    );
  });

  it("takes null and undefined for an amount left out", async () => {
    const counter = jobs() as Counter;
    counter.inc(undefined);
    (counter as { inc(...args: unknown[]): void }).inc(null);
    (counter as { inc(...args: unknown[]): void }).inc({}, null);
    counter.inc({}, undefined);
    (counter as { inc(...args: unknown[]): void }).inc(undefined, 10);
    assert.deepEqual(await valuesOf(counter), [[{}, 14]]);
  });

  for (const [amount, error] of refused) {
    it(`refuses ${String(amount)} of type ${typeof amount} and keeps its value`, async () => {
      const counter = jobs();
      const labelled = requests();
      const kept = labelled.labels("GET", 200);
      counter.inc(2);
      kept.inc(2);
      const given = amount as number;
      assert.throws(() => counter.inc(given), error('Counter "jobs_total"'));
      assert.throws(() => counter.labels().inc(given), error('Counter "jobs_total"'));
      assert.throws(() => kept.inc(given), error('Counter "requests_total"'));
      assert.throws(() => labelled.inc({ method: "GET", code: 200 }, given), error('Counter "requests_total"'));
      assert.throws(() => labelled.inc({ method: "new", code: 200 }, given), error('Counter "requests_total"'));
      assert.deepEqual(await valuesOf(counter), [[{}, 2]]);
      assert.deepEqual(await valuesOf(labelled), [[{ method: "GET", code: "200" }, 2]]);
    });
  }
});

describe("The label values of a metric", () => {
  it("may be strings, numbers and booleans, and are the same where their text is", async () => {
    const counter = requests();
    counter.inc({ method: true, code: 1 });
    counter.inc({ method: "true", code: "1" });
    counter.labels(true, 1).inc();
    counter.inc({ method: 0.5, code: -0 });
    counter.inc({ method: "0.5", code: 0 });
    assert.deepEqual(await valuesOf(counter), [
      [{ method: "true", code: "1" }, 3],
      [{ method: "0.5", code: "0" }, 2],
    ]);
  });

  it("are the same absent label when they are missing, undefined, null or empty", async () => {
    const counter = requests() as Counter;
    counter.inc({ method: "GET" });
    counter.inc({ method: "GET", code: undefined });
    counter.inc({ method: "GET", code: null });
    counter.inc({ method: "GET", code: "" });
    counter.labels("GET", undefined).inc();
    counter.labels("GET", null).inc();
    assert.deepEqual(await valuesOf(counter), [[{ method: "GET" }, 6]]);
    counter.inc({});
    counter.inc();
    counter.inc(2);
    assert.deepEqual(await valuesOf(counter), [
      [{ method: "GET" }, 6],
      [{}, 4],
    ]);
  });

  const unfit: readonly [value: unknown, got: string][] = [
    [{}, "an object"],
    [['x"} 1\nevil{a="y'], "an array"],
    [Symbol("x"), "a symbol"],
    [() => 1, "a function"],
    [1n, "a bigint"],
  ];
  for (const [value, got] of unfit) {
    it(`can't be ${got}`, async () => {
      const counter = requests() as Counter;
      const error = new TypeError(`Label "code" must be a string, number or boolean, but got ${got}.`);
      const code = value as string;
      assert.throws(() => counter.inc({ method: "GET", code }), error);
      assert.throws(() => counter.labels("GET", code), error);
      assert.throws(() => counter.labels({ method: "GET", code }), error);
      assert.throws(() => counter.remove("GET", code), error);
      assert.throws(() => counter.removeMatching({ code }), error);
      assert.deepEqual(await valuesOf(counter), []);
    });
  }

  it("must be for labels that were declared", async () => {
    const counter = requests() as Counter;
    const owner = 'Counter "requests_total" has the labels "method", "code"';
    const error = new TypeError(`${owner}, but got "method", "status": "status" is unknown.`);
    const labels = { method: "GET", status: 200 };
    assert.throws(() => counter.inc(labels), error);
    assert.throws(() => counter.labels(labels), error);
    assert.throws(() => counter.remove(labels), error);
    assert.throws(() => counter.removeMatching(labels), error);
    assert.throws(
      () => counter.inc({ constructor: "x" } as never),
      new TypeError(`${owner}, but got "constructor": "constructor" is unknown.`),
    );
    assert.throws(
      () => (jobs() as Counter).inc({ a: 1 }),
      new TypeError('Counter "jobs_total" has no labels, but got "a": "a" is unknown.'),
    );
    assert.deepEqual(await valuesOf(counter), []);
  });

  it("must be as many as were declared, where they are given in their order", async () => {
    const counter = requests();
    const owner = 'Counter "requests_total" has the labels "method", "code"';
    assert.throws(() => counter.labels("GET"), new TypeError(`${owner}, but got 1 label values.`));
    assert.throws(() => counter.labels("a", "b", "c"), new TypeError(`${owner}, but got 3 label values.`));
    assert.throws(() => counter.labels(...([] as never)), new TypeError(`${owner}, but got 0 label values.`));
    assert.throws(() => counter.remove("GET"), new TypeError(`${owner}, but got 1 label values.`));
    assert.throws(
      () => (jobs() as Counter).labels("x"),
      new TypeError('Counter "jobs_total" has no labels, but got 1 label values.'),
    );
    assert.deepEqual(await valuesOf(counter), []);
  });

  it("may be of more than a few labels", async () => {
    const names = ["a", "b", "c", "d", "e", "f", "g"] as const;
    const counter = new Counter({ name: "c", help: "C.", labelNames: names, registers: [] });
    counter.labels("1", "2", "3", "4", "5", "6", "7").inc();
    counter.inc({ g: 7, f: 6, e: 5, d: 4, c: 3, b: 2, a: 1 });
    (counter as Counter).inc({ a: 1, g: 7 });
    assert.deepEqual(await valuesOf(counter), [
      [{ a: "1", b: "2", c: "3", d: "4", e: "5", f: "6", g: "7" }, 2],
      [{ a: "1", g: "7" }, 1],
    ]);
  });
});

describe("A kept series", () => {
  it("is the same object for the same label values", () => {
    const counter = requests();
    const kept = counter.labels("GET", 200);
    assert.equal(counter.labels("GET", "200"), kept);
    assert.equal(counter.labels({ code: 200, method: "GET" }), kept);
    assert.notEqual(counter.labels("GET", 201), kept);
    const single = jobs();
    assert.equal(single.labels(), single.labels());
  });

  it("makes its series appear at zero", async () => {
    const counter = requests();
    counter.labels("GET", 200);
    assert.deepEqual(await valuesOf(counter), [[{ method: "GET", code: "200" }, 0]]);
  });

  it("tells its value, whoever counted", () => {
    const counter = requests();
    const kept = counter.labels("GET", 200);
    counter.inc({ method: "GET", code: 200 }, 3);
    kept.inc();
    assert.equal(kept.value, 4);
  });

  it("begins anew, from zero, when it is written after its removal", async () => {
    const counter = requests();
    const kept = counter.labels("GET", 200);
    kept.inc(5);
    assert.equal(counter.remove("GET", 200), true);
    assert.equal(kept.value, 0);
    assert.deepEqual(await valuesOf(counter), []);
    kept.inc(2);
    assert.equal(kept.value, 2);
    assert.deepEqual(await valuesOf(counter), [[{ method: "GET", code: "200" }, 2]]);
    kept.inc();
    assert.deepEqual(await valuesOf(counter), [[{ method: "GET", code: "200" }, 3]]);
  });

  it("tells the value of its series, when that was made anew by other means than writing it", () => {
    const counter = requests();
    const kept = counter.labels("GET", 200);
    kept.inc(5);
    counter.remove("GET", 200);
    counter.inc({ method: "GET", code: 200 }, 2);
    assert.equal(kept.value, 2);
    kept.inc();
    assert.equal(counter.labels("GET", 200).value, 3);
    const gauge = new Gauge({ name: "g", help: "G.", registers: [] });
    const single = gauge.labels();
    gauge.reset();
    gauge.set(7);
    assert.equal(single.value, 7);
  });

  it("stays gone when what is written after its removal is refused", async () => {
    const counter = requests();
    const kept = counter.labels("GET", 200);
    counter.clear();
    assert.throws(() => kept.inc(-1), RangeError);
    assert.deepEqual(await valuesOf(counter), []);
  });

  it("never touches a series that came after it", async () => {
    const counter = requests();
    const kept = counter.labels("GET", 200);
    kept.inc(5);
    counter.clear();
    counter.inc({ method: "POST", code: 500 }, 7);
    kept.inc();
    assert.deepEqual(await valuesOf(counter), [
      [{ method: "POST", code: "500" }, 7],
      [{ method: "GET", code: "200" }, 1],
    ]);
  });

  it("counts together with one that was kept after its removal", async () => {
    const counter = requests();
    const older = counter.labels("GET", 200);
    counter.remove("GET", 200);
    const newer = counter.labels("GET", 200);
    newer.inc(2);
    older.inc(3);
    newer.inc(4);
    assert.equal(older.value, 9);
    assert.equal(newer.value, 9);
    counter.clear();
    newer.inc();
    older.inc();
    assert.deepEqual(await valuesOf(counter), [[{ method: "GET", code: "200" }, 2]]);
  });

  it("holds against a naive judge through random writes, removals and clearings", async () => {
    const random = new Random(7);
    const counter = requests();
    const kept: { series: CounterSeries; key: string }[] = [];
    const judge = new Map<string, number>();
    for (let step = 0; step < 20_000; step++) {
      const method = `m${random.below(12)}`;
      const code = random.below(6);
      const key = `${method} ${code}`;
      const choice = random.below(100);
      if (choice < 40) {
        const one = random.chance(0.5) && kept.length > 0 ? random.pick(kept) : undefined;
        const amount = random.below(5);
        if (one === undefined) counter.inc({ method, code }, amount);
        else one.series.inc(amount);
        const written = one?.key ?? key;
        judge.set(written, (judge.get(written) ?? 0) + amount);
      } else if (choice < 70) {
        if (kept.length > 200) kept.length = 0;
        kept.push({ series: counter.labels(method, code), key });
        if (!judge.has(key)) judge.set(key, 0);
      } else if (choice < 96) {
        assert.equal(counter.remove(method, code), judge.delete(key));
      } else if (choice < 99) {
        const matching = [...judge.keys()].filter((one) => one.startsWith(`${method} `));
        assert.equal(counter.removeMatching({ method }), matching.length);
        for (const one of matching) judge.delete(one);
      } else {
        counter.clear();
        judge.clear();
      }
    }
    const values = (await counter.get()).values.map(({ labels, value }) => [
      `${labels["method"]} ${labels["code"]}`,
      value,
    ]);
    assert.deepEqual(values.sort(), [...judge].sort());
  });
});

describe("Taking series away", () => {
  it("removes the series of the label values, given either way, and says whether there was one", async () => {
    const counter = requests();
    counter.labels("GET", 200).inc();
    counter.labels("GET", 500).inc();
    assert.equal(counter.remove("GET", 404), false);
    assert.equal(counter.remove("POST", 200), false);
    assert.equal(counter.remove({ code: 200, method: "GET" }), true);
    assert.equal(counter.remove("GET", 200), false);
    assert.equal(counter.remove("GET", "500"), true);
    assert.deepEqual(await valuesOf(counter), []);
  });

  it("removes the one series of a metric without labels until it is written", async () => {
    const counter = jobs();
    counter.inc(3);
    assert.equal(counter.remove(), true);
    assert.equal(counter.remove(), false);
    assert.deepEqual(await valuesOf(counter), []);
    counter.inc();
    assert.deepEqual(await valuesOf(counter), [[{}, 1]]);
  });

  it("removes all that have the given labels", async () => {
    const counter = requests();
    for (const method of ["GET", "POST"]) for (const code of [200, 500, ""]) counter.labels(method, code).inc();
    assert.equal(counter.removeMatching({ method: "PUT" }), 0);
    assert.equal(counter.removeMatching({ method: "GET", code: 500 }), 1);
    assert.equal(counter.removeMatching({ code: 200 }), 2);
    assert.equal(counter.removeMatching({ code: undefined }), 2);
    assert.deepEqual(await valuesOf(counter), [[{ method: "POST", code: "500" }, 1]]);
    assert.equal(counter.removeMatching({}), 1);
    assert.deepEqual(await valuesOf(counter), []);
  });

  it("refuses to match nothing at all, which would remove everything", async () => {
    const counter = requests();
    counter.labels("GET", 200);
    for (const partial of [undefined, null, "GET"] as unknown as { code: number }[]) {
      assert.throws(
        () => counter.removeMatching(partial),
        new TypeError('Counter "requests_total": removeMatching() takes an object of labels.'),
      );
    }
    assert.deepEqual(await valuesOf(counter), [[{ method: "GET", code: "200" }, 0]]);
  });

  it("clears everything: what was there at first comes back with reset() only", async () => {
    const counter = requests({ series: [{ method: "GET", code: 200 }] });
    counter.inc({ method: "GET", code: 200 }, 3);
    counter.inc({ method: "GET", code: 500 }, 3);
    counter.clear();
    assert.deepEqual(await valuesOf(counter), []);
    counter.inc({ method: "GET", code: 500 }, 3);
    counter.reset();
    assert.deepEqual(await valuesOf(counter), [[{ method: "GET", code: "200" }, 0]]);

    const single = jobs();
    single.inc(3);
    single.clear();
    assert.deepEqual(await valuesOf(single), []);
    single.reset();
    assert.deepEqual(await valuesOf(single), [[{}, 0]]);
    single.inc(2);
    assert.deepEqual(await valuesOf(single), [[{}, 2]]);
  });
});

describe("Series declared from the beginning", () => {
  it("exist at zero before anything is counted", async () => {
    const counter = requests({
      series: [
        { method: "GET", code: 200 },
        { method: "GET", code: null },
        { method: "GET", code: 200 },
      ],
    });
    assert.deepEqual(await valuesOf(counter), [
      [{ method: "GET", code: "200" }, 0],
      [{ method: "GET" }, 0],
    ]);
  });
});

describe("countErrors", () => {
  const failing = () => {
    throw new Error("sour");
  };

  it("returns what the function returned, and counts nothing", async () => {
    const counter = jobs();
    assert.equal(
      counter.countErrors(() => 7),
      7,
    );
    assert.equal(await counter.countErrors(async () => 8), 8);
    assert.equal(counter.labels().value, 0);
  });

  it("counts what was thrown, and throws it on", () => {
    const counter = jobs();
    assert.throws(() => counter.countErrors(failing), new Error("sour"));
    assert.equal(counter.labels().value, 1);
  });

  it("counts a rejection when it happens, and passes it on", async () => {
    const counter = jobs();
    const promise = counter.countErrors(async () => failing());
    assert.equal(counter.labels().value, 0);
    await assert.rejects(promise, new Error("sour"));
    assert.equal(counter.labels().value, 1);
  });

  it("counts only errors that the filter says yes to", async () => {
    const counter = jobs();
    const isTypeError = (error: unknown) => error instanceof TypeError;
    assert.throws(() => counter.countErrors(failing, isTypeError), new Error("sour"));
    await assert.rejects(
      counter.countErrors(async () => failing(), isTypeError),
      new Error("sour"),
    );
    assert.equal(counter.labels().value, 0);
    assert.throws(
      () =>
        counter.countErrors(() => {
          throw new TypeError("salty");
        }, isTypeError),
      new TypeError("salty"),
    );
    assert.equal(counter.labels().value, 1);
  });

  it("counts in one series of a labelled counter", () => {
    const counter = requests();
    assert.throws(() => counter.labels("GET", 500).countErrors(failing), new Error("sour"));
    assert.equal(counter.labels("GET", 500).value, 1);
  });
});

describe("A counter of many events", () => {
  const large = 2 ** 53;

  it("loses none of a million events that are each too small for its sum", () => {
    const counter = jobs();
    const labelled = requests();
    const kept = labelled.labels("GET", 200);
    counter.inc(large);
    kept.inc(large);
    labelled.inc({ method: "POST", code: 200 }, large);
    for (let i = 0; i < 1_000_000; i++) {
      counter.inc();
      kept.inc();
      labelled.inc({ method: "POST", code: 200 });
    }
    assert.equal(counter.labels().value, large + 1_000_000);
    assert.equal(kept.value, large + 1_000_000);
    assert.equal(labelled.labels("POST", 200).value, large + 1_000_000);
  });

  it("keeps what was rounded away of amounts of every size, as exact arithmetic tells", () => {
    const random = new Random(53);
    const series = jobs().labels();
    let exact = 0n;
    for (let i = 0; i < 10_000; i++) {
      const amount = random.below(2 ** random.between(1, 31)) * 2 ** random.below(30);
      series.inc(amount);
      exact += BigInt(amount);
    }
    assert.ok(exact > BigInt(large));
    assert.equal(series.value, Number(exact));
  });

  it("crosses the limit exactly", () => {
    const series = jobs().labels();
    series.inc(large - 1);
    for (let i = 0; i < 5; i++) series.inc();
    assert.equal(series.value, large + 4);
    series.inc(0.5);
    series.inc(0.5);
    series.inc();
    assert.equal(series.value, large + 6);
  });

  it("takes no remainder along when its series begins anew", () => {
    const counter = requests();
    const kept = counter.labels("GET", 200);
    // Doubles of this size are eight apart.
    kept.inc(4 * large);
    kept.inc(3);
    counter.clear();
    kept.inc(large);
    assert.equal(kept.value, large);
    kept.inc(3);
    assert.equal(kept.value, large + 4);
    kept.inc();
    assert.equal(kept.value, large + 4);
    kept.inc();
    kept.inc();
    assert.equal(kept.value, large + 6);
  });

  it("stays at infinity once it got there, and is not spoiled", () => {
    const series = jobs().labels();
    for (let i = 0; i < 3; i++) series.inc(Number.MAX_VALUE);
    series.inc();
    assert.equal(series.value, Number.POSITIVE_INFINITY);
  });
});

describe("collect", () => {
  it("is called at each get and scrape, with the metric as this", async () => {
    const registry = new Registry();
    const seen: unknown[] = [];
    const counter = new Counter({
      name: "c_total",
      help: "C.",
      registers: [registry],
      collect() {
        seen.push(this);
        this.inc();
      },
    });
    assert.deepEqual(await valuesOf(counter), [[{}, 1]]);
    assert.equal(await registry.metrics(), "# HELP c_total C.\n# TYPE c_total counter\nc_total 2\n");
    assert.deepEqual((await registry.getMetricsAsJSON())[0]?.values, [{ value: 3, labels: {} }]);
    assert.equal(
      await registry.getSingleMetricAsString("c_total"),
      "# HELP c_total C.\n# TYPE c_total counter\nc_total 4\n",
    );
    assert.deepEqual(seen, Array(4).fill(counter));
  });

  it("is waited for when it is asynchronous", async () => {
    const counter = jobs({
      collect: async () => {
        await new Promise(setImmediate);
        counter.inc();
      },
    } as Partial<CounterOptions<never>>);
    assert.deepEqual(await valuesOf(counter), [[{}, 1]]);
  });

  it("lets its error reach whoever called get()", async () => {
    const error = new Error("no answer");
    for (const collect of [() => Promise.reject(error), () => assert.fail(error)]) {
      const counter = jobs({ collect } as Partial<CounterOptions<never>>);
      await assert.rejects(counter.get(), error);
    }
  });

  it("runs once for all that ask at the same time, be it get() or a scrape", async () => {
    const registry = new Registry();
    let calls = 0;
    const counter = new Counter({
      name: "c_total",
      help: "C.",
      registers: [registry],
      async collect() {
        calls++;
        this.reset();
        await new Promise(setImmediate);
        this.inc(5);
      },
    });
    const [json, text] = await Promise.all([counter.get(), registry.metrics(), counter.get()]);
    assert.equal(calls, 1);
    assert.deepEqual(json.values, [{ value: 5, labels: {} }]);
    assert.equal(text, "# HELP c_total C.\n# TYPE c_total counter\nc_total 5\n");
  });
});
