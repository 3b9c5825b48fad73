// The default registry, and several copies of the library in one process: an ES module, another that was loaded anew,
// and a CommonJS one.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { stopCoverage } from "node:v8";
import { require as requireTypeScript } from "tsx/cjs/api";
import { register as loadTypeScript } from "tsx/esm/api";
import * as ours from "../../lib/core.ts";
import { deferred } from "../deferred.ts";
import { failures, listening, turn } from "./collectors.ts";

// Coverage is told by file, and here each file is there three times, differently compiled: it would come out wrong.
stopCoverage();

type Library = typeof ours;

const loader = loadTypeScript({ namespace: "another-copy" });
const copies: readonly (readonly [which: string, theirs: Library])[] = [
  ["another ES module", (await loader.import("../../lib/core.ts", import.meta.url)) as Library],
  ["a CommonJS module", requireTypeScript("../../lib/core.ts", import.meta.url) as Library],
];
await loader.unregister();

const { register, Registry } = ours;

/** One metric of each kind, with a number that tells it apart. */
function makeAll(library: Library, prefix: string, registers: readonly ours.Registrar[]): void {
  const options = (name: string) => ({ name: `${prefix}_${name}`, help: "M.", labelNames: ["a"], registers }) as const;
  new library.Counter(options("c_total")).inc({ a: 'x"\n' }, 2);
  new library.Gauge(options("g")).set({ a: "" }, Number.NaN);
  new library.Histogram({ ...options("h"), buckets: [1, 2] }).observe({ a: "x" }, 1.5);
  new library.Summary({ ...options("s"), percentiles: [0.5] }).observe({ a: "x" }, 2);
  new library.Info(options("i_info")).set({ a: "x" }, { version: "1" });
  new library.StateSet({ ...options("t"), states: ["on", "off"] }).switchTo({ a: "x" }, "on");
}

describe("The default registry", () => {
  it("is a registry, and where metrics are registered unless they say otherwise", () => {
    assert.ok(register instanceof Registry);
    const counter = new ours.Counter({ name: "c", help: "C." });
    assert.equal(register.getSingleMetric("c"), counter);
    register.clear();
  });
});

for (const [which, theirs] of copies) {
  describe(`The library and ${which} of it in the same process`, () => {
    afterEach(() => register.clear());

    it("are two, and share the default registry", async () => {
      assert.notEqual(theirs.Counter, ours.Counter);
      assert.notEqual(theirs.Registry, ours.Registry);
      assert.equal(theirs.register, register);
      new theirs.Counter({ name: "theirs_total", help: "T." }).inc();
      new ours.Counter({ name: "ours_total", help: "O." }).inc(2);
      assert.equal(
        await register.metrics(),
        "# HELP theirs_total T.\n# TYPE theirs_total counter\ntheirs_total 1\n# HELP ours_total O.\n# TYPE ours_total counter\nours_total 2\n",
      );
    });

    it("expose each other's metrics as their own, of every kind, with labels and prefixes", async () => {
      const expected = new Registry();
      makeAll(ours, "m", [expected, expected.scoped({ prefix: "app_", labels: { app: "shop" } })]);
      const text = await expected.metrics();
      const json = await expected.getMetricsAsJSON();
      for (const [made, scraped] of [
        [ours, theirs],
        [theirs, ours],
      ] as const) {
        const registry = new scraped.Registry();
        makeAll(made, "m", [registry, registry.scoped({ prefix: "app_", labels: { app: "shop" } })]);
        assert.equal(await registry.metrics(), text);
        assert.deepEqual(await registry.getMetricsAsJSON(), json);
        assert.equal(
          await registry.getSingleMetricAsString("app_m_g"),
          '# HELP app_m_g M.\n# TYPE app_m_g gauge\napp_m_g{app="shop"} NaN\n',
        );
        registry.resetMetrics();
        assert.equal(await registry.metrics(), "");
      }
    });

    it("refuse each other's names", () => {
      const existing = new theirs.Histogram({ name: "h", help: "H." });
      assert.throws(() => new ours.Histogram({ name: "h", help: "H." }), {
        name: "AlreadyRegisteredError",
        message:
          'Histogram "h": a metric of that name is registered already. Use getOrCreate to share it, or another registry.',
        existing,
      });
      assert.throws(() => new ours.Counter({ name: "h_count", help: "H." }), {
        name: "AlreadyRegisteredError",
        message: 'Counter "h_count": histogram "h" already exposes that name. Rename one, or use two registries.',
      });
    });

    it("share a metric through getOrCreate", async () => {
      const declaration = { name: "jobs_total", help: "Jobs.", labelNames: ["queue"] } as const;
      const first = theirs.register.getOrCreate(theirs.Counter, declaration);
      const second = register.getOrCreate(ours.Counter, declaration);
      assert.equal(second, first);
      first.inc({ queue: "mail" });
      second.inc({ queue: "mail" });
      assert.equal(
        await register.metrics(),
        '# HELP jobs_total Jobs.\n# TYPE jobs_total counter\njobs_total{queue="mail"} 2\n',
      );
      assert.throws(() => register.getOrCreate(ours.Counter, { ...declaration, help: "Else." }), {
        name: "AlreadyRegisteredError",
        message: 'Counter "jobs_total" is registered already, but with help "Jobs." and not "Else.".',
        existing: first,
      });
    });

    it("merge registries of either", async () => {
      new theirs.Counter({ name: "theirs_total", help: "T." });
      register.setDefaultLabels({ app: "shop" });
      const [ofOurs, ofTheirs] = [new ours.Registry(), new theirs.Registry()];
      new ours.Counter({ name: "ours_total", help: "O.", registers: [ofOurs, ofTheirs] });
      const text =
        '# HELP theirs_total T.\n# TYPE theirs_total counter\ntheirs_total{app="shop"} 0\n# HELP ours_total O.\n# TYPE ours_total counter\nours_total 0\n';
      assert.equal(await ours.Registry.merge([register, ofTheirs as ours.Registry]).metrics(), text);
      assert.equal(await theirs.Registry.merge([register, ofOurs]).metrics(), text);
    });

    it("never run a metric's collect beside itself, whoever asks", async () => {
      let running = 0;
      let most = 0;
      const gauge = new theirs.Gauge({
        name: "g",
        help: "G.",
        registers: [],
        async collect() {
          most = Math.max(most, ++running);
          this.reset();
          await turn();
          this.set(7);
          running--;
        },
      });
      const registries = [new ours.Registry(), new ours.Registry(), new theirs.Registry()] as const;
      for (const registry of registries) registry.registerMetric(gauge);
      const texts = await Promise.all([
        ...registries.map((registry) => registry.metrics()),
        gauge.get().then(() => ""),
      ]);
      assert.deepEqual(texts, [...Array(3).fill("# HELP g G.\n# TYPE g gauge\ng 7\n"), ""]);
      assert.equal(most, 1);
    });

    it("leave out each other's metrics that fail or hang, until they answer again", async (t) => {
      t.mock.timers.enable({ apis: ["setTimeout"] });
      const { registry, errors } = listening();
      const error = new Error("sour");
      const gates = [deferred(), deferred()];
      let calls = 0;
      const options = { help: "M.", registers: [registry] };
      new theirs.Gauge({ ...options, name: "bad", collect: () => Promise.reject(error) });
      new theirs.Gauge({ ...options, name: "hung", collect: () => gates[calls++]?.promise });
      const first = registry.metrics();
      await turn();
      t.mock.timers.tick(5_000);
      assert.equal(await first, failures({ bad: 1, hung: 1 }));
      assert.equal(await registry.metrics(), failures({ bad: 2, hung: 2 }));
      assert.deepEqual(errors.map(({ message }) => message).sort(), [
        'Collector "bad": sour',
        'Collector "bad": sour',
        'Collector "hung": it did not answer within 5000 ms.',
        'Collector "hung": it still has not answered an earlier scrape.',
      ]);
      assert.equal(errors[0]?.cause, error);
      gates[0]?.resolve();
      await turn();
      gates[1]?.resolve();
      assert.equal(
        await registry.metrics(),
        `# HELP hung M.\n# TYPE hung gauge\nhung 0\n${failures({ bad: 3, hung: 2 })}`,
      );
      assert.equal(calls, 2);
    });
  });
}
