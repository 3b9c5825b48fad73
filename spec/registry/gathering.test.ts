import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, Gauge, Histogram, Info, type MetricFamily, StateSet } from "../../lib/core.ts";
import { collecting, failures, listening, numberFamily } from "./collectors.ts";

/** A histogram with one series, told apart by the label `n`. */
function histogramFamily(name: string, n: string): MetricFamily {
  return {
    name,
    type: "histogram",
    help: `${name}.`,
    series: [{ labels: { n }, count: 2, sum: 3, buckets: [{ bound: 1, count: 1 }] }],
  };
}

function lines(...all: string[]): string {
  return all.map((line) => `${line}\n`).join("");
}

describe("A family of several collectors", () => {
  it("stands once, under the first help, with the series of all", async () => {
    const { registry, said } = listening();
    registry.registerMetric(collecting("one", [{ ...numberFamily("depth", { a: 1 }), help: "First." }]));
    registry.registerMetric(collecting("other", [numberFamily("other")]));
    registry.registerMetric(collecting("two", [{ ...numberFamily("depth", { b: 2 }), help: "Second." }]));
    assert.equal(
      await registry.metrics(),
      lines(
        "# HELP depth First.",
        "# TYPE depth gauge",
        'depth{n="a"} 1',
        'depth{n="b"} 2',
        "# HELP other other.",
        "# TYPE other gauge",
        "other 1",
      ),
    );
    assert.deepEqual(said(), []);
  });

  it("may be one of several samples a series", async () => {
    const { registry, said } = listening();
    for (const n of ["a", "b"]) registry.registerMetric(collecting(n, [histogramFamily("h", n)]));
    const series = (n: string) => [
      `h_bucket{n="${n}",le="1"} 1`,
      `h_bucket{n="${n}",le="+Inf"} 2`,
      `h_sum{n="${n}"} 3`,
      `h_count{n="${n}"} 2`,
    ];
    assert.equal(await registry.metrics(), lines("# HELP h h.", "# TYPE h histogram", ...series("a"), ...series("b")));
    assert.deepEqual(said(), []);
  });

  for (const isMetricFirst of [true, false]) {
    it(`may be a metric's as well, when that was registered ${isMetricFirst ? "before" : "after"}`, async () => {
      const { registry, said } = listening();
      const custom = collecting("custom", [
        numberFamily("depth", { b: 2 }),
        { ...histogramFamily("wait", "b"), help: "Custom." },
      ]);
      if (!isMetricFirst) registry.registerMetric(custom);
      const gauge = new Gauge({ name: "depth", help: "Metric.", labelNames: ["n"], registers: [registry] });
      gauge.set({ n: "a" }, 1);
      new Histogram({ name: "wait", help: "Metric.", buckets: [1], registers: [registry] });
      if (isMetricFirst) registry.registerMetric(custom);
      assert.equal(
        await registry.metrics(),
        lines(
          `# HELP depth ${isMetricFirst ? "Metric." : "depth."}`,
          "# TYPE depth gauge",
          'depth{n="a"} 1',
          'depth{n="b"} 2',
          `# HELP wait ${isMetricFirst ? "Metric." : "Custom."}`,
          "# TYPE wait histogram",
          'wait_bucket{le="1"} 0',
          'wait_bucket{le="+Inf"} 0',
          "wait_sum 0",
          "wait_count 0",
          'wait_bucket{n="b",le="1"} 1',
          'wait_bucket{n="b",le="+Inf"} 2',
          'wait_sum{n="b"} 3',
          'wait_count{n="b"} 2',
        ),
      );
      assert.deepEqual(said(), []);
    });

    it(`loses the collector that repeats a metric's series, registered ${isMetricFirst ? "after" : "before"} it`, async () => {
      const { registry, said } = listening();
      const custom = collecting("custom", [numberFamily("depth", { a: 9, b: 9 }), numberFamily("more")]);
      if (!isMetricFirst) registry.registerMetric(custom);
      const gauge = new Gauge({ name: "depth", help: "Metric.", labelNames: ["n"], registers: [registry] });
      gauge.set({ n: "a" }, 1);
      if (isMetricFirst) registry.registerMetric(custom);
      assert.equal(
        await registry.metrics(),
        lines("# HELP depth Metric.", "# TYPE depth gauge", 'depth{n="a"} 1') + failures({ custom: 1 }),
      );
      assert.deepEqual(said(), ['Collector "custom": it returned a series of "depth" that is exposed already.']);
    });
  }

  it("loses each collector that repeats a series of those before it", async () => {
    const { registry, said } = listening();
    registry.registerMetric(collecting("one", [numberFamily("depth", { a: 1 })]));
    registry.registerMetric(collecting("two", [numberFamily("depth", { b: 2 })]));
    registry.registerMetric(collecting("three", [numberFamily("depth", { c: 3, b: 3 })]));
    registry.registerMetric(collecting("four", [numberFamily("depth", { c: 4 })]));
    assert.equal(
      await registry.metrics(),
      lines("# HELP depth depth.", "# TYPE depth gauge", 'depth{n="a"} 1', 'depth{n="b"} 2', 'depth{n="c"} 4') +
        failures({ three: 1 }),
    );
    assert.deepEqual(said(), ['Collector "three": it returned a series of "depth" that is exposed already.']);
  });

  it("loses the collector that says another type or unit", async () => {
    const { registry, said } = listening();
    new Gauge({ name: "wait_seconds", help: "W.", unit: "seconds", registers: [registry] });
    const family = numberFamily("wait_seconds", { a: 1 });
    registry.registerMetric(collecting("type", [{ ...family, type: "counter", unit: "seconds" }]));
    registry.registerMetric(collecting("unit", [family]));
    registry.registerMetric(collecting("both", [{ ...family, unit: "seconds" }]));
    assert.equal(
      await registry.metrics(),
      lines("# HELP wait_seconds W.", "# TYPE wait_seconds gauge", "wait_seconds 0", 'wait_seconds{n="a"} 1') +
        failures({ type: 1, unit: 1 }),
    );
    assert.deepEqual(said(), [
      'Collector "type": its "wait_seconds" is a counter in seconds, but a gauge in seconds of that name is exposed already.',
      'Collector "unit": its "wait_seconds" is a gauge, but a gauge in seconds of that name is exposed already.',
    ]);
  });
});

describe("A clash of names", () => {
  it("between families of one collector loses that collector, both ways round", async () => {
    const count = numberFamily("h_count", { x: 1 });
    const histogram = histogramFamily("h", "a");
    for (const [families, message] of [
      [[histogram, count], 'its gauge "h_count" exposes the name "h_count", which "h" exposes already.'],
      [[count, histogram], 'its histogram "h" exposes the name "h_count", which "h_count" exposes already.'],
      [[count, count], 'it returned the family "h_count" twice.'],
    ] as const) {
      const { registry, said } = listening();
      registry.registerMetric(collecting("custom", families));
      assert.equal(await registry.metrics(), failures({ custom: 1 }));
      assert.deepEqual(said(), [`Collector "custom": ${message}`]);
    }
  });

  it("between two collectors loses the second, whole", async () => {
    const { registry, said } = listening();
    registry.registerMetric(collecting("one", [numberFamily("h_sum"), numberFamily("fine")]));
    registry.registerMetric(collecting("two", [numberFamily("also_fine"), histogramFamily("h", "a")]));
    assert.equal(
      await registry.metrics(),
      lines(
        "# HELP h_sum h_sum.",
        "# TYPE h_sum gauge",
        "h_sum 1",
        "# HELP fine fine.",
        "# TYPE fine gauge",
        "fine 1",
      ) + failures({ two: 1 }),
    );
    assert.deepEqual(said(), [
      'Collector "two": its histogram "h" exposes the name "h_sum", which "h_sum" exposes already.',
    ]);
  });

  for (const isMetricFirst of [true, false]) {
    it(`with a metric loses the custom collector, registered ${isMetricFirst ? "after" : "before"} it`, async () => {
      const { registry, said } = listening();
      const custom = collecting("custom", [histogramFamily("h", "a")]);
      if (!isMetricFirst) registry.registerMetric(custom);
      new Counter({ name: "h_count", help: "H.", registers: [registry] });
      if (isMetricFirst) registry.registerMetric(custom);
      assert.equal(
        await registry.metrics(),
        lines("# HELP h_count H.", "# TYPE h_count counter", "h_count 0") + failures({ custom: 1 }),
      );
      assert.deepEqual(said(), [
        'Collector "custom": its histogram "h" exposes the name "h_count", which "h_count" exposes already.',
      ]);
    });
  }

  it("with what another collector said it will expose loses who did not say so, also while the other is silent", async () => {
    const { registry, said } = listening();
    registry.registerMetric(collecting("stray", [numberFamily("h_count")]));
    const described = collecting("owner", [], () => [{ name: "h", type: "histogram", help: "H." }]);
    registry.registerMetric(described);
    assert.equal(await registry.metrics(), failures({ stray: 1 }));
    assert.deepEqual(said(), [
      'Collector "stray": its gauge "h_count" exposes the name "h_count", which "h" exposes already.',
    ]);
  });

  it("is none where a collector returns what it said", async () => {
    const { registry, said } = listening();
    const family = histogramFamily("h", "a");
    registry.registerMetric(collecting("owner", [family], () => [family]));
    assert.equal(
      await registry.metrics(),
      lines(
        "# HELP h h.",
        "# TYPE h histogram",
        'h_bucket{n="a",le="1"} 1',
        'h_bucket{n="a",le="+Inf"} 2',
        'h_sum{n="a"} 3',
        'h_count{n="a"} 2',
      ),
    );
    assert.deepEqual(said(), []);
  });

  it("is none between a counter's name and the same with _total", async () => {
    const { registry, said } = listening();
    const counter = (name: string): MetricFamily => numberFamily(name, { "": 1 }, "counter");
    registry.registerMetric(collecting("custom", [counter("jobs"), counter("jobs_total")]));
    assert.equal(
      await registry.metrics(),
      lines(
        "# HELP jobs jobs.",
        "# TYPE jobs counter",
        "jobs 1",
        "# HELP jobs_total jobs_total.",
        "# TYPE jobs_total counter",
        "jobs_total 1",
      ),
    );
    assert.deepEqual(said(), []);
  });
});

describe("Constant labels", () => {
  it("tell the parts of one collector apart that came through two scopes", async () => {
    const { registry, said } = listening();
    const custom = collecting("custom", [histogramFamily("h", "a")]);
    for (const pool of ["main", "spare"]) registry.scoped({ prefix: "app_", labels: { pool } }).registerMetric(custom);
    const series = (pool: string) => [
      `app_h_bucket{n="a",pool="${pool}",le="1"} 1`,
      `app_h_bucket{n="a",pool="${pool}",le="+Inf"} 2`,
      `app_h_sum{n="a",pool="${pool}"} 3`,
      `app_h_count{n="a",pool="${pool}"} 2`,
    ];
    assert.equal(
      await registry.metrics(),
      lines("# HELP app_h h.", "# TYPE app_h histogram", ...series("main"), ...series("spare")),
    );
    assert.deepEqual(said(), []);
  });

  it("lose a collector whose series only they would make alike", async () => {
    const { registry, said } = listening();
    registry.setDefaultLabels({ n: "a" });
    registry.registerMetric(collecting("custom", [numberFamily("depth", { "": 1, a: 2 })]));
    assert.equal(await registry.metrics(), withDefault(failures({ custom: 1 })));
    assert.deepEqual(said(), ['Collector "custom": it returned a series of "depth" that is exposed already.']);

    function withDefault(text: string): string {
      return text.replace('collector="custom"', 'collector="custom",n="a"');
    }
  });

  it("lose an info whose facts undo what told it from another", async () => {
    const { registry, said } = listening();
    const infos = ["main", "spare"].map(
      (pool) => new Info({ name: "pool_info", help: "P.", registers: [registry.scoped({ labels: { pool } })] }),
    );
    for (const info of infos) info.set({ version: "1" });
    const both = lines(
      "# HELP pool_info P.",
      "# TYPE pool_info gauge",
      'pool_info{version="1",pool="main"} 1',
      'pool_info{version="1",pool="spare"} 1',
    );
    assert.equal(await registry.metrics(), both);
    infos[1]?.set({ version: "1", pool: "main" });
    assert.equal(
      await registry.metrics(),
      lines("# HELP pool_info P.", "# TYPE pool_info gauge", 'pool_info{version="1",pool="main"} 1') +
        failures({ pool_info: 1 }),
    );
    assert.deepEqual(said(), ['Collector "pool_info": it returned a series of "pool_info" that is exposed already.']);
  });
});

describe("A prefix", () => {
  it("loses a state set that it gives the name of a label", async () => {
    const { registry, said } = listening();
    const scope = registry.scoped({ prefix: "app_" });
    const family: MetricFamily = {
      name: "phase",
      type: "stateset",
      help: "P.",
      series: [{ labels: { app_phase: "x" }, states: { on: true } }],
    };
    scope.registerMetric(collecting("custom", [family]));
    assert.equal(await registry.metrics(), failures({ custom: 1 }));
    assert.deepEqual(said(), [
      'Collector "custom": its stateset "app_phase" has a series with the label "app_phase", which names the states.',
    ]);
    assert.throws(
      () => new StateSet({ name: "phase", help: "P.", labelNames: ["app_phase"], states: ["on"], registers: [scope] }),
      new RangeError('State set "app_phase" can\'t have the label "app_phase": it names the states.'),
    );
    assert.equal(registry.getSingleMetric("app_phase"), undefined);
  });
});
