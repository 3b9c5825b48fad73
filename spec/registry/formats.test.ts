// A registry's choice of format, and scrapes of some of its families.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, Gauge, openMetricsContentType, prometheusContentType, Registry } from "../../lib/core.ts";
import { collecting, failures, listening, numberFamily } from "./collectors.ts";

const text = "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n";
const openMetrics = "# TYPE a counter\n# HELP a A.\na_total 1\n# EOF\n";

function counting(registry: Registry): Registry {
  new Counter({ name: "a_total", help: "A.", registers: [registry] }).inc();
  return registry;
}

describe("A registry's content type", () => {
  it("is text 0.0.4 unless it is told another one, as prom-client tells it or by an option", async () => {
    assert.equal(Registry.PROMETHEUS_CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    assert.equal(Registry.OPENMETRICS_CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert.deepEqual(
      [prometheusContentType, openMetricsContentType],
      [Registry.PROMETHEUS_CONTENT_TYPE, Registry.OPENMETRICS_CONTENT_TYPE],
    );
    assert.equal(await counting(new Registry()).metrics(), text);
    assert.equal(await counting(new Registry(openMetricsContentType)).metrics(), openMetrics);
    assert.equal(await counting(new Registry({ contentType: openMetricsContentType })).metrics(), openMetrics);
    const registry = counting(new Registry());
    registry.setContentType(openMetricsContentType);
    assert.equal(registry.contentType, openMetricsContentType);
    assert.equal(await registry.metrics(), openMetrics);
    assert.equal(await registry.getSingleMetricAsString("a_total"), openMetrics);
    assert.equal(await Registry.merge([registry]).metrics(), openMetrics);
    registry.setContentType(prometheusContentType);
    assert.equal(await registry.metrics(), text);
  });

  it("is one that can be written; else nothing changes", () => {
    const registry = new Registry(openMetricsContentType);
    const message = (shown: string) =>
      new TypeError(
        `Content type ${shown} is not supported. Use Registry.PROMETHEUS_CONTENT_TYPE or Registry.OPENMETRICS_CONTENT_TYPE.`,
      );
    assert.throws(() => registry.setContentType("text/html"), message('"text/html"'));
    assert.throws(() => registry.setContentType(undefined as never), message("undefined"));
    assert.throws(() => new Registry("application/json"), message('"application/json"'));
    assert.equal(registry.contentType, openMetricsContentType);
  });

  it("does not matter to who asks for another one", async () => {
    for (const contentType of [prometheusContentType, openMetricsContentType]) {
      const registry = counting(new Registry(contentType));
      const format = registry.negotiate("application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
      assert.equal(await registry.metrics({ format }), openMetrics);
      assert.equal(await registry.metrics({ format: registry.negotiate("text/plain") }), text);
      assert.equal(registry.negotiate("*/*").contentType, contentType);
      assert.equal(registry.negotiate(undefined).contentType, contentType);
      const pieces: Uint8Array[] = [];
      for await (const piece of registry.stream({ format })) pieces.push(piece);
      assert.equal(Buffer.concat(pieces).toString(), openMetrics);
    }
  });

  it("changes nothing about an empty registry: it is valid in each", async () => {
    assert.equal(await new Registry().metrics(), "");
    assert.equal(await new Registry(openMetricsContentType).metrics(), "# EOF\n");
  });
});

describe("Created timestamps", () => {
  it("are samples of OpenMetrics, of a registry that is told so", async () => {
    const registry = new Registry({ contentType: openMetricsContentType, created: true });
    const clock = { now: () => 1_600_000_000_250, monotonicNow: () => 0 };
    new Counter({ name: "a_total", help: "A.", registers: [registry], clock }).inc();
    new Gauge({ name: "g", help: "G.", registers: [registry], clock });
    assert.equal(
      await registry.metrics(),
      "# TYPE a counter\n# HELP a A.\na_total 1\na_created 1600000000.25\n# TYPE g gauge\n# HELP g G.\ng 0\n# EOF\n",
    );
    assert.equal(
      await registry.metrics({ format: registry.negotiate("text/plain") }),
      `${text}# HELP g G.\n# TYPE g gauge\ng 0\n`,
    );
  });
});

describe("A scrape of some names", () => {
  it("asks nobody who told that it has none of them", async () => {
    const { registry, said } = listening();
    const asked: string[] = [];
    const asking = (name: string, isDescribed: boolean) =>
      registry.registerMetric(
        collecting(
          name,
          () => {
            asked.push(name);
            return [numberFamily(name), numberFamily(`${name}_more`)];
          },
          isDescribed ? () => [numberFamily(name)] : undefined,
        ),
      );
    asking("told", true);
    asking("other", true);
    asking("untold", false);
    counting(registry);
    assert.equal(await registry.metrics({ names: ["told"] }), "# HELP told told.\n# TYPE told gauge\ntold 1\n");
    assert.deepEqual(asked.splice(0), ["told", "untold"]);
    assert.equal(
      await registry.metrics({ names: ["untold_more", "a_total"] }),
      `# HELP untold_more untold_more.\n# TYPE untold_more gauge\nuntold_more 1\n${text}`,
    );
    assert.deepEqual(asked.splice(0), ["untold"]);
    assert.equal(await registry.metrics({ names: [] }), "");
    assert.deepEqual(said(), []);
  });

  it("knows families by the names that they are exposed by", async () => {
    const registry = new Registry();
    new Counter({ name: "size_total", help: "A.", registers: [registry.scoped({ prefix: "pool_" })] });
    assert.equal(await registry.metrics({ names: ["size_total"] }), "");
    assert.match(await registry.metrics({ names: ["pool_size_total"] }), /^pool_size_total 0$/m);
  });

  it("tells of failures if they are asked for", async () => {
    const { registry } = listening();
    registry.registerMetric(collecting("bad", () => Promise.reject(new Error("No."))));
    assert.equal(await registry.metrics({ names: ["a"] }), "");
    assert.equal(await registry.metrics({ names: ["tallystick_collector_errors_total"] }), failures({ bad: 2 }));
  });
});
