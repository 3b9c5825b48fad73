import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, Gauge, Registry, type ScopeOptions, StateSet } from "../../lib/core.ts";
import { collecting, numberFamily } from "./collectors.ts";

function size(...registers: ReturnType<Registry["scoped"]>[]): Gauge<never> {
  return new Gauge({ name: "size", help: "Size.", registers });
}

describe("A scope", () => {
  it("makes metrics appear in the registry with its prefix and labels", async () => {
    const registry = new Registry();
    const pool = registry.scoped({ prefix: "pool_", labels: { pool: "main", port: 5432 } });
    size(pool).set(3);
    const waits = new Counter({ name: "waits_total", help: "Waits.", labelNames: ["kind"], registers: [pool] });
    waits.inc({ kind: "lock" });
    const state = new StateSet({ name: "state", help: "State.", states: ["on", "off"], registers: [pool] });
    state.switchTo("on");
    assert.equal(
      await registry.metrics(),
      [
        "# HELP pool_size Size.",
        "# TYPE pool_size gauge",
        'pool_size{pool="main",port="5432"} 3',
        "# HELP pool_waits_total Waits.",
        "# TYPE pool_waits_total counter",
        'pool_waits_total{kind="lock",pool="main",port="5432"} 1',
        "# HELP pool_state State.",
        "# TYPE pool_state gauge",
        'pool_state{pool="main",port="5432",pool_state="on"} 1',
        'pool_state{pool="main",port="5432",pool_state="off"} 0',
        "",
      ].join("\n"),
    );
    assert.deepEqual((await registry.getMetricsAsJSON())[2]?.values[0], {
      value: 1,
      labels: { pool: "main", port: "5432", pool_state: "on" },
    });
  });

  it("may stand in another, whose labels it beats", async () => {
    const registry = new Registry();
    const app = registry.scoped({ prefix: "app_", labels: { app: "shop", level: "outer" } });
    const pool = app.scoped({ prefix: "pool_", labels: { pool: "main", level: "inner" } });
    const gauge = size(pool);
    assert.equal(
      await registry.metrics(),
      '# HELP app_pool_size Size.\n# TYPE app_pool_size gauge\napp_pool_size{app="shop",level="inner",pool="main"} 0\n',
    );
    assert.equal(pool.getSingleMetric("size"), gauge);
    assert.equal(app.getSingleMetric("pool_size"), undefined);
    assert.equal(registry.getSingleMetric("app_pool_size"), gauge);
  });

  it("beats the default labels, and is beaten by the labels of a series", async () => {
    const registry = new Registry();
    registry.setDefaultLabels({ a: "default", b: "default", c: "default" });
    const scope = registry.scoped({ labels: { b: "scope", c: "scope" } });
    new Gauge({ name: "g", help: "G.", labelNames: ["c"], registers: [scope] }).set({ c: "own" }, 1);
    assert.equal(await registry.metrics(), '# HELP g G.\n# TYPE g gauge\ng{c="own",a="default",b="scope"} 1\n');
  });

  it("shares a family with other scopes whose labels tell the series apart", async () => {
    const registry = new Registry();
    const [main, spare] = ["main", "spare"].map((pool) => registry.scoped({ prefix: "pool_", labels: { pool } })) as [
      ReturnType<Registry["scoped"]>,
      ReturnType<Registry["scoped"]>,
    ];
    size(main).set(1);
    new Gauge({ name: "between", help: "Between.", registers: [registry] });
    size(spare).set(2);
    assert.equal(
      await registry.metrics(),
      [
        "# HELP pool_size Size.",
        "# TYPE pool_size gauge",
        'pool_size{pool="main"} 1',
        'pool_size{pool="spare"} 2',
        "# HELP between Between.",
        "# TYPE between gauge",
        "between 0",
        "",
      ].join("\n"),
    );
    assert.deepEqual((await registry.getMetricsAsJSON())[0], {
      name: "pool_size",
      help: "Size.",
      type: "gauge",
      values: [
        { value: 1, labels: { pool: "main" } },
        { value: 2, labels: { pool: "spare" } },
      ],
      aggregator: "sum",
    });
  });

  const clashing: readonly [why: string, first: ScopeOptions, second: ScopeOptions, labelNames: readonly string[]][] = [
    ["the labels are the same", { labels: { a: "x" } }, { labels: { a: "x" } }, []],
    ["only one of them has labels", { labels: { a: "x" } }, {}, []],
    ["they have no label in common", { labels: { a: "x" } }, { labels: { b: "x" } }, []],
    ["only one has the label, though it bears a name of JavaScript's own", { labels: { constructor: "x" } }, {}, []],
    ["a series can have the label itself", { labels: { a: "x" } }, { labels: { a: "y" } }, ["a"]],
  ];
  for (const [why, first, second, labelNames] of clashing) {
    it(`refuses a metric of the same name when ${why}`, () => {
      const registry = new Registry();
      const make = (scope: ScopeOptions) =>
        new Gauge({ name: "g", help: "G.", labelNames, registers: [registry.scoped(scope)] });
      const existing = make(first);
      assert.throws(() => make(second), {
        name: "AlreadyRegisteredError",
        message:
          'Gauge "g": a metric of that name is registered already. Use getOrCreate to share it, or another registry.',
        existing,
      });
    });
  }

  it("refuses another type or unit under the name of a family", () => {
    const registry = new Registry();
    const scope = (a: string) => registry.scoped({ labels: { a } });
    new Gauge({ name: "g_seconds", help: "G.", registers: [scope("x")] });
    const message =
      '"g_seconds": a metric of that name is registered already. Use getOrCreate to share it, or another registry.';
    assert.throws(() => new Counter({ name: "g_seconds", help: "G.", registers: [scope("y")] }), {
      message: `Counter ${message}`,
    });
    assert.throws(() => new Gauge({ name: "g_seconds", help: "G.", unit: "seconds", registers: [scope("z")] }), {
      message: `Gauge ${message}`,
    });
  });

  it("says the exposed names where they clash", () => {
    const registry = new Registry();
    new Gauge({ name: "app_wait_sum", help: "W.", registers: [registry] });
    const scope = registry.scoped({ prefix: "app_" });
    assert.throws(
      () => scope.registerMetric(collecting("custom", [], () => [{ name: "wait", type: "summary", help: "W." }])),
      {
        message:
          'Summary "app_wait" exposes the name "app_wait_sum", as gauge "app_wait_sum" already does. Rename one, or use two registries.',
      },
    );
  });

  it("finds what was registered with the same prefix and labels, and nothing else", () => {
    const registry = new Registry();
    const scope = (pool: string) => registry.scoped({ prefix: "pool_", labels: { pool } });
    const [main, spare] = [size(scope("main")), size(scope("spare"))];
    assert.equal(scope("main").getSingleMetric("size"), main);
    assert.equal(scope("spare").getSingleMetric("size"), spare);
    assert.equal(scope("third").getSingleMetric("size"), undefined);
    assert.equal(registry.scoped({ prefix: "pool_" }).getSingleMetric("size"), undefined);
    assert.equal(registry.getSingleMetric("pool_size"), main);
    assert.equal(registry.getSingleMetric("size"), undefined);
  });

  it("makes a metric for itself, or gives the one that it has", async () => {
    const registry = new Registry();
    const scope = (pool: string) => registry.scoped({ prefix: "pool_", labels: { pool } });
    const declaration = { name: "size", help: "Size." };
    const main = scope("main").getOrCreate(Gauge, declaration);
    const spare = scope("spare").getOrCreate(Gauge, declaration);
    assert.notEqual(main, spare);
    assert.equal(scope("main").getOrCreate(Gauge, declaration), main);
    main.set(1);
    spare.set(2);
    assert.equal(
      await registry.metrics(),
      '# HELP pool_size Size.\n# TYPE pool_size gauge\npool_size{pool="main"} 1\npool_size{pool="spare"} 2\n',
    );
  });

  it("takes out what was registered with it, and leaves the same in other scopes", async () => {
    const registry = new Registry();
    const scope = (pool: string) => registry.scoped({ labels: { pool } });
    const gauge = size(scope("main"), scope("spare"));
    assert.equal(scope("third").unregister(gauge), false);
    assert.equal(scope("main").unregister(gauge), true);
    assert.equal(scope("main").unregister(gauge), false);
    assert.equal(await registry.metrics(), '# HELP size Size.\n# TYPE size gauge\nsize{pool="spare"} 0\n');
    assert.equal(registry.unregister(gauge), true);
    assert.equal(await registry.metrics(), "");
  });

  it("hands custom collectors on as well", async () => {
    const registry = new Registry();
    registry
      .scoped({ prefix: "app_", labels: { app: "x" } })
      .registerMetric(collecting("custom", [numberFamily("depth", { a: 1 })]));
    assert.equal(
      await registry.metrics(),
      '# HELP app_depth depth.\n# TYPE app_depth gauge\napp_depth{n="a",app="x"} 1\n',
    );
  });

  it("reads its labels, and keeps no hold of them", async () => {
    const registry = new Registry();
    const labels: Record<string, unknown> = { pool: "main", none: null };
    const scope = registry.scoped({ labels });
    labels["pool"] = "changed";
    size(scope);
    assert.equal(await registry.metrics(), '# HELP size Size.\n# TYPE size gauge\nsize{pool="main"} 0\n');
  });

  it("refuses a prefix that no name begins with, and labels that no series can have", () => {
    const registry = new Registry();
    const cases: readonly [options: ScopeOptions, error: Error][] = [
      [
        { prefix: "9_" },
        new RangeError('Metric name "9_" is not valid: "9" at position 0. Names match [a-zA-Z_:][a-zA-Z0-9_:]*.'),
      ],
      [
        { labels: { "a-b": 1 } },
        new RangeError('Label name "a-b" is not valid: "-" at position 1. Names match [a-zA-Z_][a-zA-Z0-9_]*.'),
      ],
      [
        { labels: { __meta: 1 } },
        new RangeError('Label name "__meta" is not valid: names that begin with "__" are reserved by Prometheus.'),
      ],
      [{ labels: { a: [] } }, new TypeError('Label "a" must be a string, number or boolean, but got an array.')],
    ];
    for (const [options, error] of cases) assert.throws(() => registry.scoped(options), error);
  });
});
