import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Gauge, Histogram, Summary } from "../../lib/core.ts";
import { startTimer } from "../../lib/metrics/timer.ts";

/** A timer on a clock that stands at `nowMs`, and what it records. */
function timer() {
  const clock = { nowMs: 1000 };
  const records: unknown[][] = [];
  const end = startTimer<"route" | "code">(
    () => clock.nowMs,
    (...args) => records.push(args),
  );
  return { clock, records, end };
}

describe("startTimer", () => {
  it("records the seconds since its start, and returns them", () => {
    const { clock, records, end } = timer();
    clock.nowMs += 250;
    assert.equal(end(), 0.25);
    assert.deepEqual(records, [[0.25, undefined]]);
  });

  it("hands on the labels that are given at the end", () => {
    const { records, end } = timer();
    const labels = { code: 200 };
    end(labels);
    assert.equal(records[0]?.[1], labels);
  });

  it("records once more at each call", () => {
    const { clock, records, end } = timer();
    clock.nowMs += 1000;
    end({ route: "/a" });
    clock.nowMs += 1000;
    end({ route: "/b" });
    assert.deepEqual(records, [
      [1, { route: "/a" }],
      [2, { route: "/b" }],
    ]);
  });

  it("records when a `using` declaration goes out of scope", () => {
    const { clock, records, end } = timer();
    clock.nowMs += 500;
    end[Symbol.dispose]();
    assert.deepEqual(records, [[0.5, undefined]]);
  });

  it("records nothing more at the end of its scope when it was ended before", () => {
    const { records, end } = timer();
    end({ code: 500 });
    end[Symbol.dispose]();
    assert.deepEqual(records, [[0, { code: 500 }]]);
  });

  it("has no shape of a label set, so that nobody passes it for one", () => {
    assert.deepEqual(Object.keys(timer().end), []);
  });
});

describe("The timer of a metric", () => {
  const clock = { now: () => 0, monotonicNow: () => 0 };
  const options = { name: "m", help: "M.", labelNames: ["route", "code"], registers: [], clock } as const;
  for (const metric of [new Gauge(options), new Histogram(options), new Summary(options)]) {
    it(`of type ${metric.type} reads its labels when it starts, and those of its end beat them`, async () => {
      const labels: { route: string; code?: number } = { route: "/a" };
      const end = metric.startTimer(labels);
      labels.route = "changed";
      labels.code = 1;
      end();
      end({ code: 200 });
      end({ route: "/b" });
      const routes = new Set((await metric.get()).values.map(({ labels: { route, code } }) => `${route} ${code}`));
      assert.deepEqual(routes, new Set(["/a undefined", "/a 200", "/b undefined"]));
    });
  }
});
