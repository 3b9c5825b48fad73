// What is seen while something is half done: each turn of the event loop does one step, and the numbers are looked at
// after each.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, Gauge, Histogram, type Registry } from "../../lib/core.ts";
import type { NativeHistogram } from "../../lib/model/family.ts";
import { Aggregation, plainFamilies } from "../../lib/multiprocess/aggregation.ts";
import { Reporter } from "../../lib/multiprocess/reporter.ts";
import { ROWS_PER_STEP } from "../../lib/multiprocess/sliced-work.ts";
import { Random } from "../judges/random.ts";
import { FakeProcess } from "./processes.ts";
import { steppedWork } from "./turns.ts";

/** Enough for several steps. */
const SERIES = 5 * ROWS_PER_STEP;

class Stepped {
  readonly #stepped = steppedWork();
  readonly errors: string[] = [];
  readonly aggregation = new Aggregation({
    work: this.#stepped.work,
    now: () => 1_000_000,
    onError: (error) => this.errors.push(error.message),
  });

  turn(): boolean {
    return this.#stepped.turn();
  }

  /** Calls back after each step until there are no more: the first was done when work was added. Returns how many. */
  run(afterStep: () => void = () => {}): number {
    let steps = 0;
    do {
      steps++;
      afterStep();
    } while (this.turn());
    return steps;
  }

  /** A process whose frames are taken in step by step. */
  start(): FakeProcess {
    const process = new FakeProcess(this.aggregation, () => 1_000_000);
    process.carry = (frame) => this.aggregation.receive(process.member, frame);
    return process;
  }

  /** What a scrape would find now: the value of each sample that counts, by name and labels. */
  counts(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const family of plainFamilies(this.aggregation.columns)) {
      for (const one of family.series) {
        const key = `${family.name} ${JSON.stringify(one.labels)}`;
        if ("buckets" in one && "count" in one) {
          counts.set(`${key} count`, one.count as number);
          if (one.native !== undefined) assert.equal(countOf(one.native), one.count, `${key} in native buckets`);
          for (const { bound, count } of one.buckets) counts.set(`${key} ${bound}`, count);
        } else if ("value" in one) counts.set(key, one.value as number);
      }
    }
    return counts;
  }

  /** What one sample of each series adds up to. */
  total(name: string): number {
    let total = 0;
    for (const [key, value] of this.counts()) {
      if (key.startsWith(`${name} `) && (!key.includes("} ") || key.endsWith(" count"))) total += value;
    }
    return total;
  }

  seriesOf(name: string): number {
    return [...this.counts().keys()].filter((key) => key.startsWith(`${name} `)).length;
  }
}

function countOf({ zeroCount, positive, negative }: NativeHistogram): number {
  return [...positive, ...negative].reduce((sum, { count }) => sum + count, zeroCount);
}

function hits(registers: Registry[], aggregator: "sum" | "all" = "sum"): Counter<"path"> {
  return new Counter({ name: "hits_total", help: "Hits.", labelNames: ["path"], aggregator, registers });
}

function incAll(counter: Counter<"path">, amount = 1): void {
  for (let path = 0; path < SERIES; path++) counter.inc({ path }, amount);
}

/** Counts what becomes more or less between two looks, and sees to it that nothing becomes less. */
function watch(stepped: Stepped): () => number {
  let before = stepped.counts();
  return () => {
    const now = stepped.counts();
    let changed = 0;
    for (const [key, value] of now) {
      const was = before.get(key) ?? 0;
      assert.ok(value >= was, `${key} fell from ${was} to ${value}`);
      if (value !== was) changed++;
    }
    for (const key of before.keys()) assert.ok(now.has(key), `${key} is gone`);
    before = now;
    return changed;
  };
}

describe("A step", () => {
  it("takes in so many series at most of a first report, and of a later one", () => {
    const stepped = new Stepped();
    const process = stepped.start();
    const counter = hits(process.registers);
    for (let report = 1; report <= 2; report++) {
      incAll(counter);
      const look = watch(stepped);
      process.report();
      const steps = stepped.run(() => assert.ok(look() <= ROWS_PER_STEP));
      assert.ok(steps >= SERIES / ROWS_PER_STEP);
      assert.equal(stepped.total("hits_total"), report * SERIES);
    }
  });

  it("takes in so many series at most when all is told anew, and no count falls meanwhile", () => {
    const stepped = new Stepped();
    const process = stepped.start();
    const counter = hits(process.registers);
    incAll(counter);
    process.report();
    stepped.run();
    incAll(counter);
    process.reporter.startOver();
    process.report();
    const look = watch(stepped);
    stepped.run(() => assert.ok(look() <= ROWS_PER_STEP));
    assert.equal(stepped.total("hits_total"), 2 * SERIES);
  });

  it("makes a family at most", () => {
    const stepped = new Stepped();
    const process = stepped.start();
    const { registers } = process;
    for (let i = 0; i < 20; i++) new Counter({ name: `jobs_${i}_total`, help: "Jobs.", registers }).inc();
    const look = watch(stepped);
    process.report();
    stepped.run(() => assert.ok(look() <= 1));
    assert.equal(stepped.counts().size, 20);
  });

  it("leaves native buckets that count as much as the others, also when all is told anew", () => {
    const stepped = new Stepped();
    const process = stepped.start();
    const { registers } = process;
    const options = { name: "size", help: "Sizes.", labelNames: ["path"], buckets: [1], native: true } as const;
    const size = new Histogram({ ...options, registers });
    for (let round = 0; round < 2; round++) {
      for (let path = 0; path < SERIES; path++) size.observe({ path }, path / 100);
      const look = watch(stepped);
      process.reporter.startOver();
      process.report();
      stepped.run(() => assert.ok(look() <= 4 * ROWS_PER_STEP));
    }
    assert.equal(stepped.total("size"), 2 * SERIES);
  });

  const goings: readonly (readonly [string, (process: FakeProcess, stepped: Stepped) => void])[] = [
    ["has ended", ({ member }, { aggregation }) => aggregation.leave(member)],
    [
      "has unregistered its metric",
      (process) => {
        process.registry.clear();
        process.report();
      },
    ],
    [
      "no longer has the metric when it tells everything anew",
      (process) => {
        process.registry.clear();
        process.reporter.startOver();
        process.report();
      },
    ],
    [
      "no longer has the series when it tells everything anew",
      (process) => {
        (process.registry.getSingleMetric("depth") as Gauge).reset();
        process.reporter.startOver();
        process.report();
      },
    ],
    [
      "starts over with another life of its own",
      (process, { aggregation }) => {
        const reporter = new Reporter({
          registries: () => [],
          send: (frame) => aggregation.receive(process.member, frame),
        });
        reporter.report();
      },
    ],
  ];
  for (const [what, go] of goings) {
    it(`takes away so many series at most when a process ${what}`, () => {
      const stepped = new Stepped();
      const process = stepped.start();
      const depth = new Gauge({ name: "depth", help: "Depth.", labelNames: ["path"], registers: process.registers });
      for (let path = 0; path < SERIES; path++) depth.set({ path }, 1);
      process.report();
      stepped.run();
      let before = stepped.seriesOf("depth");
      assert.equal(before, SERIES);
      go(process, stepped);
      stepped.run(() => {
        const now = stepped.seriesOf("depth");
        assert.ok(before - now <= ROWS_PER_STEP, `${before - now} at once`);
        before = now;
      });
      assert.equal(before, 0);
    });
  }
});

describe("Reports and ends in the midst of each other", () => {
  it("count once what a process told whose report was cut off by its end", () => {
    const stepped = new Stepped();
    const process = stepped.start();
    const counter = hits(process.registers);
    incAll(counter);
    process.report();
    stepped.run();
    // All is told anew; what comes after the first frame is lost with the process.
    const text = "x".repeat(1_000);
    for (let path = 0; path < 200; path++) counter.inc({ path: `${text}${path}` });
    const frames: Uint8Array[] = [];
    process.carry = (frame) => frames.push(frame);
    process.reporter.startOver();
    process.report();
    assert.ok(frames.length > 2);
    const look = watch(stepped);
    stepped.aggregation.receive(process.member, frames[0] as Uint8Array);
    assert.ok(stepped.turn());
    look();
    stepped.aggregation.leave(process.member);
    stepped.run(look);
    const told = stepped.total("hits_total");
    assert.ok(told > SERIES && told < SERIES + 200, `${told}`);
    assert.deepEqual(stepped.errors, []);
  });

  it("let a successor have the slot at once, and take in its first report after its predecessor is folded", () => {
    for (const aggregator of ["sum", "all"] as const) {
      const stepped = new Stepped();
      const [first, other] = [stepped.start(), stepped.start()];
      for (const { registers } of [first, other]) incAll(hits(registers, aggregator), 2);
      first.report();
      other.report();
      stepped.run();
      const look = watch(stepped);
      // Its last report is still taken in.
      incAll(first.registry.getSingleMetric("hits_total") as Counter<"path">, 3);
      first.report();
      stepped.aggregation.leave(first.member);
      stepped.turn();
      const successor = stepped.start();
      assert.equal(successor.member.slot, first.member.slot);
      incAll(hits(successor.registers, aggregator), 10);
      successor.report();
      stepped.run(() => assert.ok(look() <= ROWS_PER_STEP));
      assert.equal(stepped.total("hits_total"), (5 + 2 + 10) * SERIES);
      assert.equal(stepped.seriesOf("hits_total"), aggregator === "all" ? 2 * SERIES : SERIES);
    }
  });

  it("keep the order in which a process told, and answer its questions after that", async () => {
    const stepped = new Stepped();
    const process = stepped.start();
    const counter = hits(process.registers);
    incAll(counter);
    process.report();
    incAll(counter);
    process.isBusy = true;
    let isAnswered = false;
    const answered = process.member.refresh(2 ** 30).then(() => {
      isAnswered = true;
      assert.equal(stepped.total("hits_total"), 2 * SERIES);
    });
    process.report();
    stepped.aggregation.answer(process.member, 0);
    while (stepped.turn()) await undefined;
    await answered;
    assert.ok(isAnswered);
    assert.equal(process.asked, 0);
  });

  it("are saved whole, also those of a process that has ended and is not folded yet", () => {
    const stepped = new Stepped();
    const [a, b] = [stepped.start(), stepped.start()];
    for (const { registers } of [a, b]) incAll(hits(registers), 4);
    a.report();
    b.report();
    stepped.run();
    // Something else is being done when the process ends, and after that it is saved.
    b.report();
    b.report();
    const saves: Uint8Array[][] = [];
    const save = () => {
      stepped.aggregation.work.add(() => {
        saves.push([...stepped.aggregation.save()]);
        return [];
      });
    };
    save();
    stepped.aggregation.leave(a.member);
    save();
    stepped.run();
    assert.equal(saves.length, 2);
    for (const frames of saves) {
      const restored = new Stepped();
      const link = { askForAll: () => {}, askForFresh: () => {} };
      restored.aggregation.work.add(() => restored.aggregation.restore(frames, link));
      restored.run();
      assert.equal(restored.total("hits_total"), 8 * SERIES);
    }
  });

  it("are restored with the time at which the first process began, whether it lives or not", () => {
    const saved = new Stepped();
    for (const timeMs of [5_000, 7_000]) {
      const process = new FakeProcess(saved.aggregation, () => timeMs);
      process.registry.registerMetric({
        name: "jobs",
        collect: () => [
          { name: "jobs_total", type: "counter", help: "Jobs.", series: [{ labels: {}, value: 1, createdMs: timeMs }] },
        ],
      });
      process.report();
      if (timeMs > 5_000) process.kill();
    }
    const restored = new Stepped();
    const frames = [...saved.aggregation.save()];
    restored.aggregation.work.add(() => restored.aggregation.restore(frames, { askForAll() {}, askForFresh() {} }));
    restored.run();
    const families = plainFamilies(restored.aggregation.columns);
    assert.deepEqual(families[0]?.series, [{ labels: {}, value: 2, createdMs: 5_000 }]);
  });

  for (const seed of [1, 3])
    it(`let nothing fall and nothing be lost, whatever happens (seed ${seed})`, () => playAtRandom(seed));
});

/** Processes that count, report, lose frames, end and are succeeded, while the loop turns now and then. */
function playAtRandom(seed: number): void {
  const random = new Random(seed);
  const stepped = new Stepped();
  const look = watch(stepped);
  interface Player {
    readonly process: FakeProcess;
    readonly counter: Counter<"path">;
    readonly size: Histogram<"path">;
    counted: number;
    observed: number;
    isLosing: boolean;
  }
  let counted = 0;
  let observed = 0;
  const start = (): Player => {
    const process = stepped.start();
    const { registers } = process;
    const counter = hits(registers);
    const size = new Histogram({
      name: "size",
      help: "Sizes.",
      labelNames: ["path"],
      buckets: [1, 2],
      native: { schema: 3 },
      registers,
    });
    const player = { process, counter, size, counted: 0, observed: 0, isLosing: false };
    process.carry = (frame) => {
      if (!player.isLosing || random.chance(0.5)) stepped.aggregation.receive(process.member, frame);
    };
    return player;
  };
  const players = [start(), start(), start()];
  /** Until everything was told and taken in. */
  const settle = (player: Player) => {
    player.isLosing = false;
    player.process.reporter.startOver();
    player.process.report();
  };
  for (let move = 0; move < 150; move++) {
    const index = random.between(0, players.length - 1);
    const player = players[index] as Player;
    switch (random.between(0, 5)) {
      case 0:
      case 1:
        for (let path = random.between(0, 200); path < 200; path++) {
          player.counter.inc({ path });
          player.counted++;
          if (path % 10 !== 0) continue;
          player.size.observe({ path }, random.next() * 3);
          player.observed++;
        }
        break;
      case 2:
        player.process.report();
        break;
      case 3:
        player.isLosing = random.chance(0.3);
        if (random.chance(0.2)) player.process.reporter.startOver();
        break;
      case 4:
        if (random.chance(0.7)) break;
        settle(player);
        stepped.aggregation.leave(player.process.member);
        counted += player.counted;
        observed += player.observed;
        players[index] = start();
        break;
      default:
        for (let turns = random.between(0, 9); turns > 0; turns--) {
          stepped.turn();
          look();
        }
    }
  }
  for (const player of players) {
    settle(player);
    counted += player.counted;
    observed += player.observed;
  }
  stepped.run(look);
  assert.equal(stepped.total("hits_total"), counted);
  assert.equal(stepped.total("size"), observed);
  assert.deepEqual(stepped.errors, []);
}
