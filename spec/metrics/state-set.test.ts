import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Registry, StateSet } from "../../lib/core.ts";

const states = ["starting", "ready", "draining"] as const;

function phase(registers: readonly Registry[] = []) {
  return new StateSet({ name: "phase", help: "Phase.", states, registers });
}

function flags(registers: readonly Registry[] = []) {
  return new StateSet({ name: "flags", help: "Flags.", labelNames: ["site"], states: ["beta", "dark"], registers });
}

describe("StateSet", () => {
  it("starts with every state off", async () => {
    const registry = new Registry();
    phase([registry]);
    assert.equal(
      await registry.metrics(),
      [
        "# HELP phase Phase.",
        "# TYPE phase gauge",
        'phase{phase="starting"} 0',
        'phase{phase="ready"} 0',
        'phase{phase="draining"} 0',
        "",
      ].join("\n"),
    );
  });

  it("turns one on and all others off", () => {
    const set = phase();
    set.switchTo("starting");
    assert.deepEqual(set.labels().value, { starting: true, ready: false, draining: false });
    set.switchTo("draining");
    assert.deepEqual(set.labels().value, { starting: false, ready: false, draining: true });
    set.labels().switchTo("ready");
    assert.deepEqual(set.labels().value, { starting: false, ready: true, draining: false });
  });

  it("turns each on and off for itself", async () => {
    const registry = new Registry();
    const set = flags([registry]);
    set.set({ site: "a" }, "beta");
    set.set({ site: "a" }, "dark", true);
    set.set({ site: "a" }, "beta", false);
    set.labels("b").set("beta");
    set.labels("b").set("dark");
    set.labels("b").set("dark", false);
    set.switchTo({ site: "c" }, "dark");
    assert.deepEqual((await set.get()).values, [
      { value: 0, labels: { site: "a", flags: "beta" } },
      { value: 1, labels: { site: "a", flags: "dark" } },
      { value: 1, labels: { site: "b", flags: "beta" } },
      { value: 0, labels: { site: "b", flags: "dark" } },
      { value: 0, labels: { site: "c", flags: "beta" } },
      { value: 1, labels: { site: "c", flags: "dark" } },
    ]);
    assert.equal(
      await registry.metrics(),
      [
        "# HELP flags Flags.",
        "# TYPE flags gauge",
        'flags{site="a",flags="beta"} 0',
        'flags{site="a",flags="dark"} 1',
        'flags{site="b",flags="beta"} 1',
        'flags{site="b",flags="dark"} 0',
        'flags{site="c",flags="beta"} 0',
        'flags{site="c",flags="dark"} 1',
        "",
      ].join("\n"),
    );
  });

  it("sets the states of a set without labels", () => {
    const set = phase();
    set.set("ready");
    set.set("draining", true);
    set.set("ready", false);
    assert.deepEqual(set.labels().value, { starting: false, ready: false, draining: true });
  });

  it("refuses a state that there is not, and changes nothing", async () => {
    const set = phase();
    const labelled = flags();
    set.switchTo("ready");
    const gone = "gone" as "ready";
    const error = new RangeError('State set "phase" has the states "starting", "ready", "draining", but got "gone".');
    assert.throws(() => set.set(gone), error);
    assert.throws(() => set.switchTo(gone), error);
    assert.throws(() => set.labels().set(gone), error);
    assert.throws(() => set.labels().switchTo(gone), error);
    assert.deepEqual(set.labels().value, { starting: false, ready: true, draining: false });
    const labelledError = new RangeError('State set "flags" has the states "beta", "dark", but got "gone".');
    assert.throws(() => labelled.set({ site: "a" }, "gone" as "beta"), labelledError);
    assert.throws(() => labelled.switchTo({ site: "a" }, "gone" as "beta"), labelledError);
    assert.deepEqual((await labelled.get()).values, []);
  });

  it("refuses what is neither on nor off, and changes nothing", () => {
    const set = phase();
    for (const isOn of [1, "true", null] as unknown as boolean[]) {
      const error = new TypeError(`State set "phase": a state is on or off by true or false, but got ${typeof isOn}.`);
      assert.throws(() => set.set("ready", isOn), error);
      assert.throws(() => set.labels().set("ready", isOn), error);
    }
    assert.deepEqual(set.labels().value, { starting: false, ready: false, draining: false });
  });

  it("has all states off again when a removed series is written", () => {
    const set = flags();
    const kept = set.labels("a");
    kept.set("beta");
    kept.set("dark");
    assert.equal(set.remove("a"), true);
    assert.deepEqual(kept.value, { beta: false, dark: false });
    kept.set("dark");
    assert.deepEqual(kept.value, { beta: false, dark: true });
    set.clear();
    kept.switchTo("beta");
    assert.deepEqual(kept.value, { beta: true, dark: false });
  });

  const refused: readonly [given: unknown, error: Error][] = [
    [undefined, new TypeError('State set "s": states must be an array of at least one text.')],
    [[], new TypeError('State set "s": states must be an array of at least one text.')],
    ["on", new TypeError('State set "s": states must be an array of at least one text.')],
    [["on", ""], new TypeError('State set "s": a state must be a text that is not empty, but got "".')],
    [[1], new TypeError('State set "s": a state must be a text that is not empty, but got 1.')],
    [[undefined], new TypeError('State set "s": a state must be a text that is not empty, but got undefined.')],
    [["\ud800"], new TypeError('State set "s": a state must be a text that is not empty, but got "\\ud800".')],
    [["on", "off", "on"], new RangeError('State set "s" has the state "on" twice.')],
  ];
  for (const [given, error] of refused) {
    it(`is not declared with the states ${JSON.stringify(given) ?? "left out"}`, () => {
      assert.throws(() => new StateSet({ name: "s", help: "S.", states: given as string[], registers: [] }), error);
    });
  }

  it("can't have a label of its own name, which names the states", () => {
    assert.throws(
      () => new StateSet({ name: "s", help: "S.", labelNames: ["s"], states: ["on"], registers: [] }),
      new RangeError('State set "s" can\'t have the label "s": it names the states.'),
    );
  });

  it("keeps the states as they were declared", () => {
    const given = ["on", "off"];
    const set = new StateSet({ name: "s", help: "S.", states: given, registers: [] });
    given.push("else");
    assert.deepEqual(set.states, ["on", "off"]);
  });

  it("takes states that bear names of JavaScript's own", async () => {
    const set = new StateSet({ name: "s", help: "S.", states: ["__proto__", "constructor"], registers: [] });
    set.switchTo("__proto__");
    assert.deepEqual(
      (await set.get()).values.map(({ value, labels }) => [labels["s"], value]),
      [
        ["__proto__", 1],
        ["constructor", 0],
      ],
    );
  });
});
