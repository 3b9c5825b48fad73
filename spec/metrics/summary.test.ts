import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { Registry, Summary, type SummaryOptions } from "../../lib/core.ts";

/** Small seeded generator: mulberry32. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const declaration = { name: "wait_seconds", help: "Waiting." } as const;

function unlabelled(options: Partial<SummaryOptions<never>> = {}): { registry: Registry; wait: Summary<never> } {
  const registry = new Registry();
  return { registry, wait: new Summary({ ...declaration, registers: [registry], ...options }) };
}

async function quantilesOf(wait: Summary<never>): Promise<number[]> {
  const { values } = await wait.get();
  return values.filter(({ labels }) => "quantile" in labels).map(({ value }) => value);
}

/** A clock that the test turns, and timers that follow it. */
function turnClock(t: TestContext): {
  clock: { now: () => number; monotonicNow: () => number };
  pass: (ms: number) => void;
} {
  let nowMs = 1_000;
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const pass = (ms: number) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
  };
  return { clock: { now: () => nowMs, monotonicNow: () => nowMs }, pass };
}

describe("Summary", () => {
  it("exposes quantiles, sum and count, with NaN where nothing was observed", async () => {
    const registry = new Registry();
    const wait = new Summary({ ...declaration, labelNames: ["queue"], percentiles: [0.5, 1], registers: [registry] });
    wait.observe({ queue: "mail" }, 2);
    wait.labels("mail").observe(4);
    wait.labels("idle");
    assert.equal(
      await registry.metrics(),
      [
        "# HELP wait_seconds Waiting.",
        "# TYPE wait_seconds summary",
        'wait_seconds{queue="mail",quantile="0.5"} 2',
        'wait_seconds{queue="mail",quantile="1"} 4',
        'wait_seconds_sum{queue="mail"} 6',
        'wait_seconds_count{queue="mail"} 2',
        'wait_seconds{queue="idle",quantile="0.5"} NaN',
        'wait_seconds{queue="idle",quantile="1"} NaN',
        'wait_seconds_sum{queue="idle"} 0',
        'wait_seconds_count{queue="idle"} 0',
        "",
      ].join("\n"),
    );
  });

  it("has prom-client's quantiles by default, and none when told so", async () => {
    const { wait } = unlabelled();
    assert.deepEqual(
      (await wait.get()).values.map(({ labels }) => labels["quantile"]),
      [0.01, 0.05, 0.5, 0.9, 0.95, 0.99, 0.999, undefined, undefined],
    );
    const { wait: plain, registry } = unlabelled({ percentiles: [] });
    plain.observe(3);
    assert.equal(
      await registry.metrics(),
      "# HELP wait_seconds Waiting.\n# TYPE wait_seconds summary\nwait_seconds_sum 3\nwait_seconds_count 1\n",
    );
  });

  it("tells quantiles to within 0.55 % of the exact ones over six orders of magnitude", async () => {
    const random = randomFrom(7);
    const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
    const shapes: Record<string, () => number> = {
      lognormal: () => Math.min(100, Math.max(1e-4, 0.04 * Math.exp(normal()))),
      uniform: () => random() * 10 + 1e-5,
      bimodal: () => (random() < 0.7 ? 0.01 + random() * 0.001 : 5 + random()),
      constant: () => 0.25,
      negative: () => -(1e-3 + random() * 100),
      mixed: () => (random() < 0.2 ? 0 : (random() - 0.5) * 20),
    };
    const percentiles = [0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 1];
    for (const [shape, draw] of Object.entries(shapes)) {
      const { wait } = unlabelled({ percentiles, maxAgeSeconds: 600, ageBuckets: 5 });
      const sorted = Float64Array.from({ length: 20_000 }, draw);
      for (const value of sorted) wait.observe(value);
      sorted.sort();
      const told = await quantilesOf(wait);
      percentiles.forEach((q, i) => {
        const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] as number;
        const error = Math.abs((told[i] as number) - exact);
        // Values within the mixed shape that are nearer to zero than six orders below the largest are beyond the promise.
        if (Math.abs(exact) < 1e-5 && shape === "mixed") return;
        assert.ok(error <= 0.0055 * Math.abs(exact), `${shape}, quantile ${q}: ${told[i]} for ${exact}`);
      });
    }
  });

  it("forgets observations when their age bucket leaves the window, also when nobody scrapes", async (t) => {
    const { clock, pass } = turnClock(t);
    const { wait } = unlabelled({ percentiles: [0.5], maxAgeSeconds: 10, ageBuckets: 5, clock });
    wait.observe(100);
    pass(2_000);
    wait.observe(1);
    assert.deepEqual(await quantilesOf(wait), [1]);
    wait.observe(0.5);
    assert.deepEqual((await wait.get()).values[1]?.value, 101.5);
    pass(8_000);
    // The first observation is ten seconds old now, and gone; the other two are younger.
    assert.deepEqual(await quantilesOf(wait), [0.5]);
    pass(2_000);
    assert.deepEqual(await quantilesOf(wait), [Number.NaN]);
    assert.deepEqual(wait.labels().value, { count: 3, sum: 101.5 });
  });

  it("keeps observations for ever without a greatest age, whatever the number of age buckets", async (t) => {
    const { clock, pass } = turnClock(t);
    const { wait } = unlabelled({ percentiles: [0.5], ageBuckets: 3, clock });
    wait.observe(5);
    pass(1e9);
    assert.deepEqual(await quantilesOf(wait), [5]);
  });

  it("counts each observation once, however many age buckets there are", async () => {
    const { wait } = unlabelled({ percentiles: [0.5], maxAgeSeconds: 60, ageBuckets: 5 });
    for (let i = 1; i <= 400; i++) wait.observe(i <= 200 ? 100 : 50);
    // The peers share one digest between all age buckets, and get 70.88 here.
    const [median] = await quantilesOf(wait);
    assert.ok(Math.abs((median as number) - 50) <= 0.0055 * 50, String(median));
  });

  it("begins anew after its removal, the window included", async () => {
    const registry = new Registry();
    const wait = new Summary({ ...declaration, labelNames: ["queue"], percentiles: [0.5], registers: [registry] });
    const mail = wait.labels("mail");
    mail.observe(100);
    assert.equal(wait.remove("mail"), true);
    assert.deepEqual(mail.value, { count: 0, sum: 0 });
    mail.observe(2);
    assert.deepEqual((await wait.get()).values, [
      { value: 2, labels: { queue: "mail", quantile: 0.5 } },
      { metricName: "wait_seconds_sum", value: 2, labels: { queue: "mail" } },
      { metricName: "wait_seconds_count", value: 1, labels: { queue: "mail" } },
    ]);
    assert.equal(wait.labels("mail"), mail);
  });

  it("finds the windows of many series", async () => {
    const registry = new Registry();
    const wait = new Summary({ ...declaration, labelNames: ["id"], percentiles: [1], registers: [registry] });
    for (let id = 0; id < 5_000; id++) wait.observe({ id }, id + 1);
    const { values } = await wait.get();
    const wrong = values.filter(({ labels, value }) => "quantile" in labels && value !== Number(labels["id"]) + 1);
    assert.deepEqual(wrong, []);
  });

  it("resets to its first series, empty", async () => {
    const { wait } = unlabelled({ percentiles: [0.5] });
    wait.observe(4);
    wait.reset();
    assert.deepEqual(wait.labels().value, { count: 0, sum: 0 });
    assert.deepEqual(await quantilesOf(wait), [Number.NaN]);
  });

  it("times functions and blocks in seconds", async () => {
    let nowMs = 0;
    const clock = { now: () => nowMs, monotonicNow: () => nowMs };
    const registry = new Registry();
    const wait = new Summary({ ...declaration, labelNames: ["queue"], percentiles: [], clock, registers: [registry] });
    const end = wait.startTimer({ queue: "mail" });
    nowMs = 1_500;
    assert.equal(end(), 1.5);
    const { wait: only } = unlabelled({ percentiles: [], clock });
    assert.equal(
      only.time(() => {
        nowMs += 250;
        return "done";
      }),
      "done",
    );
    assert.deepEqual(
      [wait.labels("mail").value, only.labels().value],
      [
        { count: 1, sum: 1.5 },
        { count: 1, sum: 0.25 },
      ],
    );
  });

  it("refuses what would spoil the sum, and changes nothing", () => {
    const { wait } = unlabelled();
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const message = `Summary "wait_seconds": observe(${value}) would spoil the sum for ever.`;
      assert.throws(() => wait.observe(value), { name: "RangeError", message });
      assert.throws(() => wait.labels().observe(value), { name: "RangeError", message });
    }
    assert.throws(() => wait.observe("5" as unknown as number), {
      name: "TypeError",
      message: 'Summary "wait_seconds": observe() takes a number, but got string.',
    });
    assert.deepEqual(wait.labels().value, { count: 0, sum: 0 });
  });

  it("checks its declaration whole", () => {
    const cases: [object, string, string][] = [
      [{ percentiles: 0.5 }, "TypeError", "percentiles must be an array of ranks in 0…1."],
      [{ percentiles: ["0.5"] }, "TypeError", "quantiles are numbers, but got string at index 0."],
      [{ percentiles: [0.5, 1.1] }, "RangeError", "quantiles are ranks in 0…1, but got 1.1 at index 1."],
      [{ percentiles: [Number.NaN] }, "RangeError", "quantiles are ranks in 0…1, but got NaN at index 0."],
      [{ percentiles: [0.9, 0.5] }, "RangeError", "quantiles must increase, but 0.5 at index 1 follows 0.9."],
      [{ ageBuckets: 0 }, "RangeError", "ageBuckets must be a whole number above zero, but got 0."],
      [{ maxAgeSeconds: -1 }, "RangeError", "maxAgeSeconds must be a positive number, but got -1."],
      [{ maxAgeSeconds: "60" }, "RangeError", "maxAgeSeconds must be a positive number, but got 60."],
    ];
    for (const [options, name, message] of cases) {
      assert.throws(() => new Summary({ ...declaration, registers: [], ...options }), {
        name,
        message: `Summary "wait_seconds": ${message}`,
      });
    }
    assert.throws(() => new Summary({ ...declaration, registers: [], labelNames: ["quantile"] }), {
      name: "RangeError",
      message: 'Summary "wait_seconds" can\'t have the label "quantile": it names the quantiles.',
    });
  });
});
