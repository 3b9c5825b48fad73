// What all kinds of metrics have in common in their declarations: one suite for each of them.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Collector,
  Counter,
  Gauge,
  Histogram,
  Info,
  type MetricClass,
  type MetricType,
  Registry,
  register,
  StateSet,
  Summary,
} from "../../lib/core.ts";
import type { LabelledMetric } from "../../lib/metrics/labelled.ts";

type AnyMetric = LabelledMetric<string, object>;
/** Options as JavaScript programs could write them. */
type AnyOptions = Readonly<Record<string, unknown>>;

interface Kind {
  readonly word: string;
  readonly type: MetricType;
  readonly make: (options: AnyOptions) => AnyMetric;
  /** A declaration with all that the kind needs. */
  readonly needs: { readonly name: string; readonly help: string; readonly states?: readonly string[] };
}

function kind(word: string, type: MetricType, metricClass: unknown, needs: Kind["needs"]): Kind {
  const made = metricClass as MetricClass<AnyOptions, AnyMetric>;
  return { word, type, make: (options) => new made(options), needs };
}

const kinds: readonly Kind[] = [
  kind("Counter", "counter", Counter, { name: "things_total", help: "Things." }),
  kind("Gauge", "gauge", Gauge, { name: "things", help: "Things." }),
  kind("Histogram", "histogram", Histogram, { name: "things", help: "Things." }),
  kind("Summary", "summary", Summary, { name: "things", help: "Things." }),
  kind("Info", "info", Info, { name: "things_info", help: "Things." }),
  kind("State set", "stateset", StateSet, { name: "things", help: "Things.", states: ["on", "off"] }),
];

for (const { word, type, make, needs } of kinds) {
  const owner = `${word} "${needs.name}"`;
  const declare = (options: AnyOptions = {}) => make({ ...needs, registers: [], ...options });
  const refuses = (options: AnyOptions, error: Error) => {
    const registry = new Registry();
    assert.throws(() => declare({ registers: [registry], ...options }), error);
    assert.deepEqual(registry.getMetricsAsArray(), []);
  };

  describe(`The declaration of a ${word.toLowerCase()}`, () => {
    it("tells what was declared", () => {
      const metric = declare({ labelNames: ["a", "b"] });
      assert.equal(metric.name, needs.name);
      assert.equal(metric.help, "Things.");
      assert.equal(metric.type, type);
      assert.deepEqual(metric.labelNames, ["a", "b"]);
      assert.deepEqual(metric.describe(), [{ name: needs.name, type, help: "Things." }]);
      assert.equal(metric.constructor.name, word === "State set" ? "StateSet" : word);
    });

    it("is read once: what happens to the options afterwards changes nothing", async () => {
      const labelNames = ["a"];
      const series = [{ a: "x" }];
      const metric = declare({ labelNames, series });
      labelNames.push("b");
      (series[0] as { a: string }).a = "changed";
      series.push({ a: "y" });
      metric.reset();
      assert.deepEqual(metric.labelNames, ["a"]);
      assert.deepEqual(new Set((await metric.get()).values.map(({ labels }) => labels["a"])), new Set(["x"]));
    });

    it("registers the metric with the default registry, unless it says where", () => {
      const registry = new Registry();
      const other = new Registry();
      const here = declare({ registers: [registry, other] });
      assert.equal(registry.getSingleMetric(needs.name), here);
      assert.equal(other.getSingleMetric(needs.name), here);
      assert.equal(register.getSingleMetric(needs.name), undefined);
      declare({ registers: [] });
      assert.equal(register.getSingleMetric(needs.name), undefined);
      const there = make(needs);
      assert.equal(register.getSingleMetric(needs.name), there);
      register.clear();
    });

    it("registers with none of the registries when one of them refuses", () => {
      const [first, second] = [new Registry(), new Registry()];
      const existing = declare({ registers: [second] });
      assert.throws(() => declare({ registers: [first, second] }), {
        name: "AlreadyRegisteredError",
        message: `${owner}: a metric of that name is registered already. Use getOrCreate to share it, or another registry.`,
        existing,
      });
      assert.equal(first.getSingleMetric(needs.name), undefined);
      assert.equal(second.getSingleMetric(needs.name), existing);
    });

    it("is refused without a valid name", () => {
      refuses({ name: undefined }, new TypeError("Metric name must be a string, but got undefined."));
      refuses({ name: "" }, new RangeError("Metric name is empty. Names match [a-zA-Z_:][a-zA-Z0-9_:]*."));
      refuses(
        { name: "a-b_info" },
        new RangeError('Metric name "a-b_info" is not valid: "-" at position 1. Names match [a-zA-Z_:][a-zA-Z0-9_:]*.'),
      );
    });

    it("is refused without a help text", () => {
      for (const help of [undefined, null, "", 7]) {
        refuses({ help }, new TypeError(`${owner} needs a help text: what does it tell?`));
      }
    });

    it("is refused with label names that no series can have", () => {
      refuses({ labelNames: "ab" }, new TypeError(`${owner}: labelNames must be an array of strings.`));
      refuses({ labelNames: [1] }, new TypeError("Label name must be a string, but got number."));
      refuses(
        { labelNames: ["a b"] },
        new RangeError('Label name "a b" is not valid: " " at position 1. Names match [a-zA-Z_][a-zA-Z0-9_]*.'),
      );
      refuses({ labelNames: ["a", "a"] }, new RangeError(`${owner} can't have the label "a": it is declared twice.`));
      refuses(
        { labelNames: ["__name__"] },
        new RangeError(
          `${owner} can't have the label "__name__": names that begin with "__" are reserved by Prometheus.`,
        ),
      );
    });

    it("is refused with registers that are none", () => {
      const error = new TypeError(`${owner}: registers must be an array of registries.`);
      for (const registers of [new Registry(), [{}], [null], "x"]) {
        assert.throws(() => make({ ...needs, registers }), error);
      }
      assert.equal(register.getSingleMetric(needs.name), undefined);
    });

    it("is refused with an unknown aggregator, and keeps a known one", async () => {
      refuses(
        { aggregator: "median" },
        new RangeError(
          `${owner}: aggregator must be one of sum, first, min, max, average, omit, latest, livesum, all, but got "median".`,
        ),
      );
      assert.equal((await declare().get()).aggregator, "sum");
      for (const aggregator of ["sum", "first", "min", "max", "average", "omit"]) {
        assert.equal((await declare({ aggregator }).get()).aggregator, aggregator);
      }
    });

    it("is refused with a collect that can't be called", () => {
      for (const collect of [7, {}, null]) {
        refuses({ collect }, new TypeError(`${owner}: collect must be a function.`));
      }
    });

    it("is refused with series that are no label objects", () => {
      for (const series of ["x", {}, [null], ["x"]]) {
        refuses({ labelNames: ["a"], series }, new TypeError(`${owner}: series must be an array of label objects.`));
      }
      refuses(
        { labelNames: ["a"], series: [{ a: "x" }, { b: "y" }] },
        new TypeError(`${owner} has the label "a", but got "b": "b" is unknown.`),
      );
    });

    it("is refused when it is no object", () => {
      const cases: readonly [options: unknown, got: string][] = [
        [undefined, "undefined"],
        [null, "null"],
        ["things", "string"],
      ];
      for (const [options, got] of cases) {
        const message =
          type === "stateset"
            ? 'State set "undefined": states must be an array of at least one text.'
            : `A ${type} is declared by an object with name and help, but got ${got}.`;
        assert.throws(() => make(options as AnyOptions), new TypeError(message));
      }
    });

    it("may have names of any text, when it says so", () => {
      const metric = declare({ name: "things.im.flur_info", labelNames: ["http.route"], utf8Names: true });
      assert.equal(metric.name, "things.im.flur_info");
      metric.labels({ "http.route": "/" });
      refuses({ name: "", utf8Names: true }, new RangeError("Metric name is empty."));
      refuses({ labelNames: [""], utf8Names: true }, new RangeError("Label name is empty."));
    });

    it("takes the time from the clock it is given", async () => {
      let nowMs = 1_000;
      const metric = declare({ labelNames: ["a"], clock: { now: () => nowMs, monotonicNow: () => 0 } });
      metric.labels("x");
      nowMs = 2_000;
      metric.labels("y");
      const [{ series } = { series: [] }] = await collected(metric);
      const created = (series as readonly { createdMs?: number }[]).map(({ createdMs }) => createdMs);
      const hasCreated = ["counter", "histogram", "summary"].includes(type);
      assert.deepEqual(created, hasCreated ? [1_000, 2_000] : [undefined, undefined]);
    });

    it("keeps the numbers in the pages it is given", async () => {
      const pages: Float64Array[] = [];
      const metric = declare({
        labelNames: ["a"],
        pages: (cells: number) => {
          const page = new Float64Array(new SharedArrayBuffer(cells * 8));
          pages.push(page);
          return page;
        },
      });
      metric.labels("x");
      assert.ok(pages.length > 0);
    });
  });
}

/** What a registry of another copy of the library would get. */
async function collected(collector: Collector) {
  const families = await collector.collect({ signal: new AbortController().signal });
  return [...(families as Iterable<{ series: readonly unknown[] }>)];
}

describe("A unit", () => {
  const inSeconds = { help: "Waiting.", unit: "seconds", registers: [] } as const;

  it("is part of the metric's description", () => {
    assert.deepEqual(new Gauge({ ...inSeconds, name: "wait_seconds" }).describe(), [
      { name: "wait_seconds", type: "gauge", help: "Waiting.", unit: "seconds" },
    ]);
  });

  it("stands before the _total of a counter", () => {
    new Counter({ ...inSeconds, name: "wait_seconds_total" });
    new Counter({ ...inSeconds, name: "wait_seconds" });
    assert.throws(
      () => new Counter({ ...inSeconds, name: "wait_total_seconds_all" }),
      new RangeError(
        'Counter "wait_total_seconds_all" has the unit "seconds", so its name must end in "_seconds" before "_total".',
      ),
    );
  });

  it("must end the name of every other metric", () => {
    for (const made of [Gauge, Histogram, Summary]) {
      new made({ ...inSeconds, name: "wait_seconds" });
      for (const name of ["wait_seconds_total", "wait", "seconds", "waitseconds"]) {
        assert.throws(
          () => new made({ ...inSeconds, name }),
          new RangeError(`${made.name} "${name}" has the unit "seconds", so its name must end in "_seconds".`),
        );
      }
    }
  });

  it("can't be had by an info or a state set, which measure nothing", () => {
    const options = { ...inSeconds, name: "wait_seconds_info", states: ["on"] };
    assert.throws(
      () => new Info(options),
      new RangeError('Info "wait_seconds_info" can\'t have a unit: its values measure nothing.'),
    );
    assert.throws(
      () => new StateSet(options),
      new RangeError('State set "wait_seconds_info" can\'t have a unit: its values measure nothing.'),
    );
  });

  it("is a text", () => {
    for (const unit of ["", 7, "\ud800"] as string[]) {
      assert.throws(
        () => new Gauge({ ...inSeconds, name: "wait_seconds", unit }),
        new TypeError('Gauge "wait_seconds": unit must be a text such as "seconds".'),
      );
    }
  });
});
