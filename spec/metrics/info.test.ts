import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Facts, Info, type InfoOptions, Registry } from "../../lib/core.ts";

function build(options: Partial<InfoOptions<never>> = {}): Info<never> {
  return new Info({ name: "build_info", help: "Build.", registers: [], ...options });
}

function plugins(options: Partial<InfoOptions<"plugin">> = {}): Info<"plugin"> {
  return new Info({ name: "plugin_info", help: "Plugins.", labelNames: ["plugin"], registers: [], ...options });
}

async function labelsOf(info: Pick<Info, "get">): Promise<object[]> {
  const { values } = await info.get();
  assert.ok(values.every(({ value }) => value === 1));
  return values.map(({ labels }) => labels);
}

describe("Info", () => {
  it("has nothing to tell before it is set", async () => {
    const registry = new Registry();
    const info = build({ registers: [registry] });
    assert.deepEqual(await labelsOf(info), []);
    assert.equal(await registry.metrics(), "");
  });

  it("tells facts as the labels of a series whose value is 1", async () => {
    const registry = new Registry();
    const info = build({ registers: [registry] });
    info.set({ version: "1.4.0", revision: 8, dirty: false, branch: undefined, tag: null, note: "" });
    assert.deepEqual(await info.get(), {
      name: "build_info",
      help: "Build.",
      type: "info",
      values: [{ value: 1, labels: { version: "1.4.0", revision: "8", dirty: "false" } }],
      aggregator: "sum",
    });
    assert.equal(
      await registry.metrics(),
      '# HELP build_info Build.\n# TYPE build_info gauge\nbuild_info{version="1.4.0",revision="8",dirty="false"} 1\n',
    );
  });

  it("says what is so now, in place of what was said before", async () => {
    const info = build();
    info.set({ version: "1", revision: "a" });
    info.set({ version: "2" });
    assert.deepEqual(await labelsOf(info), [{ version: "2" }]);
  });

  it("reads the facts and keeps no hold of them", async () => {
    const info = build();
    const facts = { version: "1" };
    info.set(facts);
    facts.version = "2";
    assert.deepEqual(await labelsOf(info), [{ version: "1" }]);
    assert.throws(() => Object.assign(info.labels().value, { version: "3" }), TypeError);
  });

  it("tells for each set of label values what is so there", async () => {
    const registry = new Registry();
    const info = plugins({ registers: [registry] });
    info.set({ plugin: "auth" }, { version: "1" });
    info.labels("cache").set({ vendor: 'A "B"\n' });
    info.labels("cache").set({ vendor: "C", size: 3 });
    info.labels("idle");
    assert.deepEqual(info.labels("cache").value, { vendor: "C", size: "3" });
    assert.equal(
      await registry.metrics(),
      [
        "# HELP plugin_info Plugins.",
        "# TYPE plugin_info gauge",
        'plugin_info{plugin="auth",version="1"} 1',
        'plugin_info{plugin="cache",vendor="C",size="3"} 1',
        'plugin_info{plugin="idle"} 1',
        "",
      ].join("\n"),
    );
  });

  it("forgets what was told of a series that was removed", async () => {
    const info = plugins();
    const kept = info.labels("auth");
    kept.set({ version: "1" });
    assert.equal(info.remove("auth"), true);
    assert.deepEqual(kept.value, {});
    assert.deepEqual(await labelsOf(info), []);
    info.labels("cache");
    info.labels("auth");
    assert.deepEqual(await labelsOf(info), [{ plugin: "cache" }, { plugin: "auth" }]);
    info.clear();
    kept.set({ version: "2" });
    assert.deepEqual(await labelsOf(info), [{ plugin: "auth", version: "2" }]);
    assert.equal(info.removeMatching({ plugin: "auth" }), 1);
    info.reset();
    assert.deepEqual(await labelsOf(info), []);
  });

  const refused: readonly [facts: unknown, error: (owner: string) => Error][] = [
    [undefined, (owner) => new TypeError(`${owner}: set() takes an object of facts, but got undefined.`)],
    [null, (owner) => new TypeError(`${owner}: set() takes an object of facts, but got null.`)],
    ["1.4.0", (owner) => new TypeError(`${owner}: set() takes an object of facts, but got string.`)],
    [
      { "a-b": 1 },
      () => new RangeError('Label name "a-b" is not valid: "-" at position 1. Names match [a-zA-Z_][a-zA-Z0-9_]*.'),
    ],
    [
      { __name__: "x" },
      (owner) =>
        new RangeError(
          `${owner} can't have the label "__name__": names that begin with "__" are reserved by Prometheus.`,
        ),
    ],
    [
      { version: { major: 1 } },
      () => new TypeError('Label "version" must be a string, number or boolean, but got an object.'),
    ],
    [{ version: ["1"] }, () => new TypeError('Label "version" must be a string, number or boolean, but got an array.')],
  ];
  for (const [facts, error] of refused) {
    it(`refuses ${JSON.stringify(facts) ?? "nothing"} and tells what it told before`, async () => {
      const info = build();
      const labelled = plugins();
      info.set({ version: "1" });
      assert.throws(() => info.set(facts as Facts), error('Info "build_info"'));
      assert.throws(() => info.labels().set(facts as Facts), error('Info "build_info"'));
      assert.throws(() => labelled.set({ plugin: "auth" }, facts as Facts), error('Info "plugin_info"'));
      assert.deepEqual(await labelsOf(info), [{ version: "1" }]);
      assert.deepEqual(await labelsOf(labelled), []);
    });
  }

  it("refuses a fact that is a label of the series", async () => {
    const info = plugins();
    const error = new RangeError('Info "plugin_info": "plugin" is a label of the series, and no fact about it.');
    assert.throws(() => info.set({ plugin: "auth" }, { plugin: "other" }), error);
    const kept = info.labels("auth");
    assert.throws(() => kept.set({ version: "1", plugin: "other" }), error);
    assert.deepEqual(kept.value, {});
  });

  it("refuses a name that does not end in _info, as OpenMetrics could not write it", () => {
    for (const name of ["build", "info", "build_info_total"]) {
      assert.throws(
        () => build({ name }),
        new RangeError(`Info "${name}": the name of an info ends in "_info". Call it "${name}_info".`),
      );
    }
  });

  it("tells facts of any name where it may", async () => {
    const info = build({ utf8Names: true });
    info.set({ "git.revision": "8f3c" });
    assert.deepEqual(await labelsOf(info), [{ "git.revision": "8f3c" }]);
  });

  it("tells facts that bear names of JavaScript's own", async () => {
    const info = build();
    info.set(JSON.parse('{"__proto__":"p","constructor":"c"}'));
    const [labels] = await labelsOf(info);
    assert.deepEqual(Object.entries(labels as object), [
      ["__proto__", "p"],
      ["constructor", "c"],
    ]);
  });

  it("is brought up to date by collect", async () => {
    const info = new Info({
      name: "build_info",
      help: "Build.",
      registers: [],
      collect() {
        this.set({ version: "3" });
      },
    });
    assert.deepEqual(await labelsOf(info), [{ version: "3" }]);
  });
});
