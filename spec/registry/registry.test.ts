import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AlreadyRegisteredError,
  type Collector,
  Counter,
  Gauge,
  Histogram,
  Info,
  type Metric,
  type MetricFamily,
  type MetricType,
  Registry,
  StateSet,
  Summary,
} from "../../lib/core.ts";
import { collecting, failures, listening, numberFamily } from "./collectors.ts";

function counter(name: string, ...registers: Registry[]): Counter<never> {
  return new Counter({ name, help: `${name}.`, registers });
}

function written(name: string, value = 0, labels = ""): string {
  return `# HELP ${name} ${name}.\n# TYPE ${name} counter\n${name}${labels} ${value}\n`;
}

describe("Registering", () => {
  it("exposes metrics and collectors in the order of their registration", async () => {
    const registry = new Registry();
    counter("b", registry);
    registry.registerMetric(collecting("custom", [numberFamily("a")]));
    const c = counter("c");
    registry.registerMetric(c);
    registry.registerMetric(c);
    assert.equal(await registry.metrics(), `${written("b")}# HELP a a.\n# TYPE a gauge\na 1\n${written("c")}`);
    assert.equal(registry.contentType, "text/plain; version=0.0.4; charset=utf-8");
  });

  it("lets a metric be in several registries", async () => {
    const [one, other] = [new Registry(), new Registry()];
    counter("a", one, other).inc(3);
    assert.equal(await one.metrics(), written("a", 3));
    assert.equal(await other.metrics(), written("a", 3));
  });

  it("refuses what can't be collected", () => {
    const cases: readonly [given: unknown, got: string][] = [
      [undefined, "undefined"],
      [null, "null"],
      [{}, "object"],
      ["counter", "string"],
      [{ collect: 7 }, "object"],
    ];
    for (const [given, got] of cases) {
      assert.throws(
        () => new Registry().registerMetric(given as Collector),
        new TypeError(`A collector has a method "collect", but got ${got}.`),
      );
    }
  });

  it("refuses a second metric of a name, and carries the first", () => {
    const registry = new Registry();
    const existing = counter("a", registry);
    const message =
      'Gauge "a": a metric of that name is registered already. Use getOrCreate to share it, or another registry.';
    assert.throws(() => new Gauge({ name: "a", help: "A.", registers: [registry] }), {
      name: "AlreadyRegisteredError",
      message,
      existing,
    });
    assert.throws(() => counter("a", registry), AlreadyRegisteredError);
    assert.deepEqual(registry.getMetricsAsArray(), [existing]);
  });

  it("takes metrics that bear names of JavaScript's own", async () => {
    const registry = new Registry();
    const names = ["constructor", "toString", "__proto__", "hasOwnProperty"];
    for (const name of names) counter(name, registry);
    assert.equal(await registry.metrics(), names.map((name) => written(name)).join(""));
    for (const name of names) assert.equal(registry.getSingleMetric(name)?.name, name);
    assert.equal(new Registry().getSingleMetric("constructor"), undefined);
  });

  /** A metric of each type that could be in the way of another. */
  function make(type: MetricType, name: string, registry: Registry): Metric {
    const options = { name, help: "M.", registers: [registry] };
    switch (type) {
      case "counter":
        return new Counter(options);
      case "gauge":
        return new Gauge(options);
      case "histogram":
        return new Histogram(options);
      case "summary":
        return new Summary(options);
      case "info":
        return new Info(options);
      case "stateset":
        return new StateSet({ ...options, states: ["on"] });
      default:
        throw new TypeError(`There is no instrument for ${type}.`);
    }
  }

  const clashes: readonly [first: [MetricType, string], second: [MetricType, string], message: string][] = [
    [
      ["histogram", "h"],
      ["counter", "h_count"],
      'Counter "h_count": histogram "h" already exposes that name. Rename one, or use two registries.',
    ],
    [
      ["histogram", "wait_seconds"],
      ["gauge", "wait_seconds_sum"],
      'Gauge "wait_seconds_sum": histogram "wait_seconds" already exposes that name. Rename one, or use two registries.',
    ],
    [
      ["counter", "h_bucket"],
      ["histogram", "h"],
      'Histogram "h" exposes the name "h_bucket", as counter "h_bucket" already does. Rename one, or use two registries.',
    ],
    [
      ["summary", "s"],
      ["gauge", "s_sum"],
      'Gauge "s_sum": summary "s" already exposes that name. Rename one, or use two registries.',
    ],
    [
      ["stateset", "s_count"],
      ["summary", "s"],
      'Summary "s" exposes the name "s_count", as state set "s_count" already does. Rename one, or use two registries.',
    ],
  ];
  for (const [first, second, message] of clashes) {
    it(`refuses ${second[0]} ${second[1]} beside ${first[0]} ${first[1]}`, () => {
      const registry = new Registry();
      const existing = make(...first, registry);
      assert.throws(() => make(...second, registry), { name: "AlreadyRegisteredError", message, existing });
      assert.deepEqual(registry.getMetricsAsArray(), [existing]);
    });
  }

  const neighbours: readonly [first: [MetricType, string], second: [MetricType, string]][] = [
    [
      ["counter", "jobs"],
      ["counter", "jobs_total"],
    ],
    [
      ["gauge", "nodejs_active_handles"],
      ["gauge", "nodejs_active_handles_total"],
    ],
    [
      ["summary", "s"],
      ["gauge", "s_bucket"],
    ],
    [
      ["gauge", "g"],
      ["gauge", "g_count"],
    ],
    [
      ["histogram", "h"],
      ["gauge", "h_created"],
    ],
    [
      ["histogram", "h"],
      ["counter", "h_total"],
    ],
    [
      ["counter", "app_info_total"],
      ["info", "app_info"],
    ],
  ];
  for (const [first, second] of neighbours) {
    it(`takes ${first[0]} ${first[1]} beside ${second[0]} ${second[1]}, in either order`, () => {
      for (const order of [
        [first, second],
        [second, first],
      ] as const) {
        const registry = new Registry();
        for (const one of order) make(...one, registry);
        assert.equal(registry.getMetricsAsArray().length, 2);
      }
    });
  }

  it("refuses a collector that says it will expose a name that is taken, and registers nothing of it", async () => {
    const registry = new Registry();
    const existing = new Histogram({ name: "h", help: "H.", registers: [registry] });
    const custom = collecting("custom", [], () => [
      { name: "fine", type: "gauge", help: "F." },
      { name: "h_sum", type: "gauge", help: "H." },
    ]);
    assert.throws(() => registry.registerMetric(custom), {
      name: "AlreadyRegisteredError",
      message: 'Gauge "h_sum": histogram "h" already exposes that name. Rename one, or use two registries.',
      existing,
    });
    counter("fine", registry);
    assert.equal(registry.unregister(custom), false);
  });

  it("refuses a collector that describes what can't be exposed", () => {
    const registry = new Registry();
    const cases: readonly [described: unknown, message: string][] = [
      [{ name: "m", type: "guage", help: "M." }, 'metric "m" has the unknown type "guage".'],
      [{ type: "gauge", help: "M." }, "undefined is no metric name."],
      [null, "expected a metric family, but got null."],
    ];
    for (const [described, message] of cases) {
      const custom = collecting("custom", [], () => [described as MetricFamily]);
      assert.throws(() => registry.registerMetric(custom), new TypeError(message));
    }
    assert.deepEqual(registry.getMetricsAsArray(), []);
  });
});

describe("Taking out", () => {
  it("unregisters a metric or collector, whose names are free then", async () => {
    const registry = new Registry();
    const histogram = new Histogram({ name: "h", help: "H.", registers: [registry] });
    const custom = collecting("custom", [numberFamily("a")]);
    registry.registerMetric(custom);
    assert.equal(registry.unregister(histogram), true);
    assert.equal(registry.unregister(histogram), false);
    assert.equal(registry.unregister(custom), true);
    assert.equal(await registry.metrics(), "");
    counter("h_count", registry);
    registry.registerMetric(collecting("custom", [numberFamily("h")]));
    assert.equal(await registry.metrics(), `${written("h_count")}# HELP h h.\n# TYPE h gauge\nh 1\n`);
  });

  it("removes a metric by its name, and does nothing for an unknown one", async () => {
    const registry = new Registry();
    const a = counter("a", registry);
    counter("b", registry);
    registry.removeSingleMetric("c");
    registry.removeSingleMetric("a");
    assert.equal(registry.getSingleMetric("a"), undefined);
    assert.equal(await registry.metrics(), written("b"));
    a.inc();
    registry.registerMetric(a);
    assert.equal(await registry.metrics(), written("b") + written("a", 1));
  });

  it("clears everything: collectors, default labels, and what was counted of failures", async () => {
    const { registry } = listening();
    counter("a", registry);
    registry.setDefaultLabels({ app: "x" });
    registry.registerMetric(collecting("bad", () => Promise.reject(new Error("sour"))));
    await registry.metrics();
    registry.clear();
    assert.equal(await registry.metrics(), "");
    counter("a", registry);
    assert.equal(await registry.metrics(), written("a"));
  });

  it("resets all metrics, and leaves them registered", async () => {
    const { registry } = listening();
    const a = counter("a", registry);
    const g = new Gauge({ name: "g", help: "g.", labelNames: ["n"], registers: [registry] });
    registry.registerMetric(collecting("bad", () => Promise.reject(new Error("sour"))));
    a.inc(3);
    g.set({ n: "x" }, 3);
    assert.equal(
      await registry.metrics(),
      `${written("a", 3)}# HELP g g.\n# TYPE g gauge\ng{n="x"} 3\n${failures({ bad: 1 })}`,
    );
    registry.resetMetrics();
    assert.equal(await registry.metrics(), written("a") + failures({ bad: 1 }));
    a.inc();
    assert.equal(await registry.metrics(), written("a", 1) + failures({ bad: 2 }));
  });

  it("does not disturb a scrape that has begun", async () => {
    const registry = new Registry();
    counter("a", registry);
    counter("b", registry);
    const text = registry.metrics();
    registry.clear();
    assert.equal(await text, written("a") + written("b"));
    assert.equal(await registry.metrics(), "");
  });
});

describe("Finding", () => {
  it("finds a metric by its name, and none by those of its samples", () => {
    const registry = new Registry();
    const histogram = new Histogram({ name: "h", help: "H.", registers: [registry] });
    registry.registerMetric(collecting("custom", [numberFamily("a")]));
    assert.equal(registry.getSingleMetric("h"), histogram);
    for (const name of ["h_count", "h_bucket", "a", "custom", "unknown"]) {
      assert.equal(registry.getSingleMetric(name), undefined);
    }
  });

  it("lists the metrics in their order, each once", () => {
    const registry = new Registry();
    const [b, a] = [counter("b", registry), counter("a", registry)];
    registry.registerMetric(collecting("custom", []));
    registry.scoped({ prefix: "again_" }).registerMetric(b);
    assert.deepEqual(registry.getMetricsAsArray(), [b, a]);
  });

  it("writes a single metric, with the default labels and after its collect", async () => {
    const { registry } = listening();
    registry.setDefaultLabels({ app: "x" });
    counter("other", registry);
    registry.registerMetric(collecting("bad", () => Promise.reject(new Error("sour"))));
    new Counter({
      name: "a",
      help: "a.",
      registers: [registry],
      collect() {
        this.inc();
      },
    });
    await registry.metrics();
    assert.equal(await registry.getSingleMetricAsString("a"), written("a", 2, '{app="x"}'));
    for (const name of ["unknown", "bad", "constructor"])
      assert.equal(await registry.getSingleMetricAsString(name), "");
  });
});

describe("Default labels", () => {
  it("are added to every series, which beat them by labels of their own", async () => {
    const registry = new Registry();
    const c = new Counter({ name: "c", help: "c.", labelNames: ["app", "n"], registers: [registry] });
    registry.setDefaultLabels({ app: "shop", zone: 7 });
    c.inc({ app: "own", n: 1 });
    c.inc({ app: "", n: 2 });
    registry.registerMetric(
      collecting("custom", [{ name: "g", type: "gauge", help: "g.", series: [{ labels: { zone: "own" }, value: 1 }] }]),
    );
    assert.equal(
      await registry.metrics(),
      [
        "# HELP c c.",
        "# TYPE c counter",
        'c{app="own",n="1",zone="7"} 1',
        'c{app="shop",n="2",zone="7"} 1',
        "# HELP g g.",
        "# TYPE g gauge",
        'g{zone="own",app="shop"} 1',
        "",
      ].join("\n"),
    );
    assert.deepEqual(
      (await registry.getMetricsAsJSON()).map(({ values }) => values.map(({ labels }) => labels)),
      [
        [
          { app: "own", n: "1", zone: "7" },
          { app: "shop", n: "2", zone: "7" },
        ],
        [{ zone: "own", app: "shop" }],
      ],
    );
  });

  it("are read, and not kept", async () => {
    const registry = new Registry();
    counter("c", registry);
    const labels: Record<string, unknown> = { app: "x", none: undefined, empty: "" };
    registry.setDefaultLabels(labels);
    labels["app"] = "changed";
    labels["more"] = "y";
    assert.equal(await registry.metrics(), written("c", 0, '{app="x"}'));
    registry.setDefaultLabels({ other: true });
    assert.equal(await registry.metrics(), written("c", 0, '{other="true"}'));
    registry.setDefaultLabels({});
    assert.equal(await registry.metrics(), written("c"));
  });

  it("are refused where no series can have them; then the old ones stay", async () => {
    const registry = new Registry();
    counter("c", registry);
    registry.setDefaultLabels({ app: "x" });
    const cases: readonly [labels: object, error: Error][] = [
      [
        { "a-b": 1 },
        new RangeError('Label name "a-b" is not valid: "-" at position 1. Names match [a-zA-Z_][a-zA-Z0-9_]*.'),
      ],
      [{ ok: 1, "": 1 }, new RangeError("Label name is empty. Names match [a-zA-Z_][a-zA-Z0-9_]*.")],
      [
        { __name__: "x" },
        new RangeError('Label name "__name__" is not valid: names that begin with "__" are reserved by Prometheus.'),
      ],
      [{ a: { b: 1 } }, new TypeError('Label "a" must be a string, number or boolean, but got an object.')],
    ];
    for (const [labels, error] of cases) assert.throws(() => registry.setDefaultLabels(labels), error);
    assert.equal(await registry.metrics(), written("c", 0, '{app="x"}'));
  });

  it("give way to the labels that a type writes itself", async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ le: "d", quantile: "d", s: "d" });
    counter("c", registry);
    new Histogram({ name: "h", help: "h.", buckets: [1], registers: [registry] });
    new Summary({ name: "q", help: "q.", percentiles: [0.5], registers: [registry] });
    new StateSet({ name: "s", help: "s.", states: ["on"], registers: [registry] });
    assert.equal(
      await registry.metrics(),
      [
        "# HELP c c.",
        "# TYPE c counter",
        'c{le="d",quantile="d",s="d"} 0',
        "# HELP h h.",
        "# TYPE h histogram",
        'h_bucket{quantile="d",s="d",le="1"} 0',
        'h_bucket{quantile="d",s="d",le="+Inf"} 0',
        'h_sum{quantile="d",s="d"} 0',
        'h_count{quantile="d",s="d"} 0',
        "# HELP q q.",
        "# TYPE q summary",
        'q{le="d",s="d",quantile="0.5"} NaN',
        'q_sum{le="d",s="d"} 0',
        'q_count{le="d",s="d"} 0',
        "# HELP s s.",
        "# TYPE s gauge",
        's{le="d",quantile="d",s="on"} 0',
        "",
      ].join("\n"),
    );
  });
});

describe("getMetricsAsJSON", () => {
  it("tells all families in prom-client's shape, also those without series", async () => {
    const registry = new Registry();
    counter("a", registry).inc(2);
    new Gauge({ name: "g", help: "g.", labelNames: ["n"], aggregator: "max", registers: [registry] });
    registry.registerMetric(collecting("custom", [numberFamily("x", { a: 1 })]));
    assert.deepEqual(await registry.getMetricsAsJSON(), [
      { name: "a", help: "a.", type: "counter", values: [{ value: 2, labels: {} }], aggregator: "sum" },
      { name: "g", help: "g.", type: "gauge", values: [], aggregator: "max" },
      { name: "x", help: "x.", type: "gauge", values: [{ value: 1, labels: { n: "a" } }], aggregator: "sum" },
    ]);
  });

  it("calls collect first", async () => {
    const registry = new Registry();
    new Gauge({
      name: "g",
      help: "g.",
      registers: [registry],
      collect() {
        this.set(7);
      },
    });
    assert.deepEqual((await registry.getMetricsAsJSON())[0]?.values, [{ value: 7, labels: {} }]);
  });

  it("is a copy: whoever edits it changes no metric", async () => {
    const registry = new Registry();
    const c = new Counter({ name: "c", help: "c.", labelNames: ["n"], registers: [registry] });
    c.inc({ n: "x" }, 2);
    const before = await registry.metrics();
    for (const json of [(await registry.getMetricsAsJSON())[0], await c.get()]) {
      assert.ok(json !== undefined);
      const values = json.values as { value: number; labels: Record<string, string | number> }[];
      Object.assign(json, { help: "changed" });
      Object.assign(values[0] ?? {}, { value: 99 });
      Object.assign(values[0]?.labels ?? {}, { n: "changed" });
      values.push({ value: 1, labels: {} });
    }
    assert.equal(await registry.metrics(), before);
  });
});

describe("Registry.merge", () => {
  it("has everything of all registries, each with its default labels and scopes", async () => {
    const [one, other] = [new Registry(), new Registry()];
    one.setDefaultLabels({ app: "one" });
    counter("a", one).inc();
    counter("shared", one).inc(2);
    other.setDefaultLabels({ app: "other" });
    const scope = other.scoped({ prefix: "pool_", labels: { pool: "main" } });
    new Counter({ name: "size", help: "pool_size.", registers: [scope] }).inc(3);
    counter("shared", other).inc(4);
    const merged = Registry.merge([one, other]);
    assert.equal(
      await merged.metrics(),
      `${written("a", 1, '{app="one"}')}${written("shared", 2, '{app="one"}')}shared{app="other"} 4\n${written("pool_size", 3, '{app="other",pool="main"}')}`,
    );
    one.setDefaultLabels({ app: "changed" });
    counter("late", one);
    assert.equal((await merged.metrics()).includes("late"), false);
    assert.equal((await merged.metrics()).includes("changed"), false);
  });

  it("has a metric once that is in both", async () => {
    const [one, other] = [new Registry(), new Registry()];
    counter("a", one, other).inc();
    assert.equal(await Registry.merge([one, other]).metrics(), written("a", 1));
  });

  it("is empty where there is nothing to merge", async () => {
    assert.equal(await Registry.merge([]).metrics(), "");
  });

  it("refuses two metrics of one name that nothing tells apart", () => {
    const [one, other] = [new Registry(), new Registry()];
    const existing = counter("a", one);
    counter("a", other);
    other.setDefaultLabels({ app: "other" });
    assert.throws(() => Registry.merge([one, other]), {
      name: "AlreadyRegisteredError",
      message:
        'Counter "a": a metric of that name is registered already. Use getOrCreate to share it, or another registry.',
      existing,
    });
  });
});
