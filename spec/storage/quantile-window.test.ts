import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { ExponentialBuckets } from "../../lib/storage/exponential-buckets.ts";
import {
  AGE_BUCKET_MAX_BYTES,
  QUANTILE_MAX_LENGTH,
  QUANTILE_SCHEMA,
  QuantileWindow,
} from "../../lib/storage/quantile-window.ts";
import { WindowClock } from "../../lib/storage/window-clock.ts";
import { Random } from "../judges/random.ts";
import { FakeTime } from "./fake-time.ts";
import { assertQuantiles, shapes, someQuantiles } from "./quantile-judge.ts";

/** A window of five age buckets of two seconds each. */
function tenSeconds(): { time: FakeTime; clock: WindowClock; window: QuantileWindow } {
  const time = new FakeTime();
  const clock = new WindowClock({ maxAgeSeconds: 10, ageBuckets: 5, ...time });
  return { time, clock, window: new QuantileWindow(clock) };
}

function quantilesOf(window: QuantileWindow, qs: readonly number[] = [0, 1]): number[] {
  const into = new Float64Array(qs.length);
  window.quantiles(qs, into);
  return [...into];
}

function countOf(window: QuantileWindow): number {
  const all = new ExponentialBuckets({ schema: QUANTILE_SCHEMA });
  window.mergeInto(all);
  return all.count;
}

setFlagsFromString("--expose-gc");
const gc = runInNewContext("gc") as () => void;

/** Collects all that can be. What a WeakRef was made for or has given out lives until the job ends, so it waits for that. */
async function collectGarbage(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  gc();
}

describe("QuantileWindow", () => {
  for (const [shape, draw] of Object.entries(shapes)) {
    it(`tells quantiles to within 0.55 %, in one age bucket and in five, where observations are ${shape}`, () => {
      const { time, window: moving } = tenSeconds();
      const standing = new QuantileWindow(new WindowClock({ maxAgeSeconds: Number.POSITIVE_INFINITY, ageBuckets: 1 }));
      const random = new Random(11);
      const values = Array.from({ length: 1_000 }, (_, i) => draw(random, i));
      values.forEach((value, i) => {
        moving.observe(value);
        standing.observe(value);
        if (i % 200 === 199 && i < 999) time.pass(2_000);
      });
      assertQuantiles(values, someQuantiles, quantilesOf(moving, someQuantiles), 0.0055);
      assertQuantiles(values, someQuantiles, quantilesOf(standing, someQuantiles), 0.0055);
      assert.ok(standing.bytes <= AGE_BUCKET_MAX_BYTES);
      assert.ok(moving.bytes <= 5 * AGE_BUCKET_MAX_BYTES);
    });
  }

  it("holds six orders of magnitude of both signs at full resolution, wherever they lie", () => {
    const random = new Random(12);
    for (let i = 0; i < 300; i++) {
      const least = 2 ** random.between(-1000, 990) * (1 + random.next());
      const ends = [least, -least, 1e6 * least, -1e6 * least, 0];
      const all = new ExponentialBuckets({ schema: QUANTILE_SCHEMA, maxLength: QUANTILE_MAX_LENGTH });
      const { window } = tenSeconds();
      for (const value of ends) window.observe(value);
      window.mergeInto(all);
      assert.equal(all.schema, QUANTILE_SCHEMA, String(least));
      assert.ok(window.bytes <= AGE_BUCKET_MAX_BYTES, `${window.bytes} bytes`);
    }
  });

  it("tells twelve orders of magnitude to within 1.1 %, twenty-four to within 2.2 %, and takes no more memory", () => {
    for (const [orders, relativeError] of [
      [12, 0.011],
      [24, 0.022],
      [600, 0.6],
    ] as const) {
      const random = new Random(orders);
      const { window } = tenSeconds();
      const values = Array.from({ length: 5_000 }, () => random.pick([-1, 1]) * 10 ** (orders * (random.next() - 0.5)));
      for (const value of values) window.observe(value);
      assertQuantiles(values, someQuantiles, quantilesOf(window, someQuantiles), relativeError);
      assert.ok(window.bytes <= AGE_BUCKET_MAX_BYTES, `${window.bytes} bytes`);
    }
  });

  it("returns to full resolution when what was too wide has expired", () => {
    const { time, window } = tenSeconds();
    window.observe(1e-300);
    window.observe(1e300);
    time.pass(10_000);
    const values = [1, 1.02, 1.04, 1.06, 1.08];
    for (const value of values) window.observe(value);
    assertQuantiles(values, someQuantiles, quantilesOf(window, someQuantiles), 0.0055);
  });

  it("tells NaN where there is nothing, and writes no further than it should", () => {
    const { window } = tenSeconds();
    const into = Float64Array.of(1, 2, 3, 4);
    window.quantiles([0.5, 0.9], into, 1);
    assert.deepEqual(into, Float64Array.of(1, Number.NaN, Number.NaN, 4));
    window.observe(7);
    window.quantiles([0.5, 0.9], into, 1);
    assert.deepEqual(into, Float64Array.of(1, 7, 7, 4));
  });

  it("counts each observation once, however many age buckets there are", () => {
    const { time, window } = tenSeconds();
    for (let i = 0; i < 400; i++) {
      window.observe(i < 200 ? 100 : 50);
      if (i % 100 === 99) time.pass(1_000);
    }
    assert.equal(countOf(window), 400);
    assert.deepEqual(quantilesOf(window, [0.25, 0.75]).map(Math.round), [50, 100]);
  });

  it("forgets what is older than the window though nobody scrapes", () => {
    const { time, window } = tenSeconds();
    window.observe(1_000);
    for (let second = 0; second < 10; second++) {
      time.pass(1_000);
      window.observe(second);
    }
    // The first one is ten seconds old now, and the next one nine and in the same age bucket.
    assert.deepEqual(quantilesOf(window), [1, 9]);
    time.pass(9_999);
    assert.deepEqual(quantilesOf(window), [9, 9]);
    time.pass(1);
    assert.deepEqual(quantilesOf(window), [Number.NaN, Number.NaN]);
  });

  it("keeps what is younger than the window less one age bucket, and nothing older than the window", () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = new Random(seed);
      const { time, clock, window } = tenSeconds();
      const observedAt: number[] = [];
      for (let i = 0; i < 200; i++) {
        time.pass(random.pick([0, 1, 300, 1_700, 2_000, 12_345]) * random.next());
        if (random.chance(0.8)) {
          window.observe(1);
          observedAt.push(time.nowMs);
        }
        const isRead = random.chance(0.3);
        if (!isRead) continue;
        clock.advance();
        const youngerThan = (ms: number) => observedAt.filter((atMs) => time.nowMs - atMs < ms).length;
        const count = countOf(window);
        assert.ok(count >= youngerThan(8_000) && count <= youngerThan(10_001), `seed ${seed}, step ${i}: ${count}`);
      }
    }
  });

  it("forgets at a scrape what a late timer has left", () => {
    const { time, clock, window } = tenSeconds();
    window.observe(1);
    time.block(4_000);
    clock.advance();
    window.observe(2);
    time.block(6_000);
    assert.deepEqual(quantilesOf(window), [1, 2]);
    clock.advance();
    assert.deepEqual(quantilesOf(window), [2, 2]);
    time.block(60_000);
    clock.advance();
    assert.deepEqual(quantilesOf(window), [Number.NaN, Number.NaN]);
  });

  it("keeps its observations apart from those of other windows that share the clock", () => {
    const { time, clock, window } = tenSeconds();
    const other = new QuantileWindow(clock);
    window.observe(1);
    time.pass(2_000);
    other.observe(5);
    other.observe(6);
    time.pass(2_000);
    window.observe(2);
    assert.deepEqual(
      [quantilesOf(window), quantilesOf(other)],
      [
        [1, 2],
        [5, 6],
      ],
    );
    time.pass(8_000);
    assert.deepEqual(
      [quantilesOf(window), quantilesOf(other)],
      [
        [2, 2],
        [Number.NaN, Number.NaN],
      ],
    );
  });

  it("keeps all for ever where there is no greatest age", () => {
    const time = new FakeTime();
    const clock = new WindowClock({ maxAgeSeconds: Number.POSITIVE_INFINITY, ageBuckets: 5, ...time });
    const window = new QuantileWindow(clock);
    for (let i = 1; i <= 10; i++) {
      window.observe(i);
      time.pass(1e9);
      clock.advance();
    }
    assert.deepEqual(quantilesOf(window), [1, 10]);
    assert.equal(time.delays.length, 0);
  });

  it("reads no clock and asks for no memory at an observation, but at the first of an epoch", () => {
    const { time, clock } = tenSeconds();
    let pages = 0;
    const window = new QuantileWindow(clock, (cells) => {
      pages++;
      return new Float64Array(cells);
    });
    const observeSome = () => {
      for (let i = 0; i < 100; i++) window.observe(1 + i / 100);
    };
    observeSome();
    const before = [time.reads, pages];
    observeSome();
    assert.deepEqual([time.reads, pages], before);
    // In the second round of age buckets those of the first are written again.
    for (let epoch = 1; epoch < 5; epoch++) {
      time.pass(2_000);
      observeSome();
    }
    const afterOneRound = pages;
    for (let epoch = 5; epoch < 15; epoch++) {
      time.pass(2_000);
      observeSome();
    }
    assert.equal(pages, afterOneRound);
  });

  it("takes no memory before it is used, and lets it go once all has expired and it is read", () => {
    const { time, window } = tenSeconds();
    assert.equal(window.bytes, 0);
    for (let epoch = 0; epoch < 5; epoch++) {
      window.observe(epoch);
      time.pass(2_000);
    }
    assert.ok(window.bytes > 0);
    time.pass(10_000);
    assert.deepEqual(quantilesOf(window), [Number.NaN, Number.NaN]);
    assert.equal(window.bytes, 0);
    window.observe(3);
    assert.deepEqual(quantilesOf(window), [3, 3]);
  });

  it("forgets all at a reset", () => {
    const { time, window } = tenSeconds();
    window.observe(1);
    time.pass(2_000);
    window.observe(2);
    window.reset();
    assert.deepEqual([window.bytes, quantilesOf(window)], [0, [Number.NaN, Number.NaN]]);
    window.observe(3);
    assert.deepEqual(quantilesOf(window), [3, 3]);
    time.pass(10_000);
    assert.deepEqual(quantilesOf(window), [Number.NaN, Number.NaN]);
  });

  it("is collected while the timer of its clock still runs", async () => {
    const { time, clock } = tenSeconds();
    const dropped = (() => {
      const window = new QuantileWindow(clock);
      window.observe(1);
      return new WeakRef(window);
    })();
    await collectGarbage();
    assert.equal(dropped.deref(), undefined);
    assert.equal(time.waiting, 1);
    time.pass(10_000);
    assert.equal(time.waiting, 0);
  });

  it("holds no expired age bucket once it was read", async () => {
    const { time, clock } = tenSeconds();
    const pages: WeakRef<Float64Array>[] = [];
    const window = new QuantileWindow(clock, (cells) => {
      const page = new Float64Array(cells);
      pages.push(new WeakRef(page));
      return page;
    });
    window.observe(1);
    time.pass(2_000);
    window.observe(1);
    time.pass(10_000);
    quantilesOf(window);
    await collectGarbage();
    assert.deepEqual(
      pages.filter((page) => page.deref() !== undefined),
      [],
    );
    window.observe(2);
    assert.deepEqual(quantilesOf(window), [2, 2]);
  });
});
