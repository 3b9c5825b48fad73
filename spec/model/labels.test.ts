import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { labelKey, labelText, readLabelSet } from "../../lib/model/labels.ts";
import { Random } from "../judges/random.ts";

describe("labelText", () => {
  it("writes strings, numbers and booleans as text", () => {
    const cases: readonly [value: unknown, text: string][] = [
      ["GET", "GET"],
      ["  ", "  "],
      [200, "200"],
      [-0, "0"],
      [0.1, "0.1"],
      [1e21, "1e+21"],
      [Number.NaN, "NaN"],
      [true, "true"],
      [false, "false"],
    ];
    for (const [value, text] of cases) assert.equal(labelText("a", value), text);
  });

  it("takes undefined, null and an empty text for the same absent label", () => {
    for (const value of [undefined, null, ""]) assert.equal(labelText("a", value), "");
  });

  it("puts U+FFFD for half a surrogate pair", () => {
    assert.equal(labelText("a", "x\ud83dy"), "x\ufffdy");
    assert.equal(labelText("a", "\udc00"), "\ufffd");
    assert.equal(labelText("a", "😱"), "😱");
  });

  it("refuses what has no text of its own, and names the label", () => {
    const cases: readonly [value: unknown, got: string][] = [
      [{}, "an object"],
      [new Date(0), "an object"],
      [new String("x"), "an object"],
      [["x"], "an array"],
      [Symbol("x"), "a symbol"],
      [() => "x", "a function"],
      [1n, "a bigint"],
    ];
    for (const [value, got] of cases) {
      assert.throws(
        () => labelText("route", value),
        new TypeError(`Label "route" must be a string, number or boolean, but got ${got}.`),
      );
    }
  });
});

describe("readLabelSet", () => {
  it("copies the labels that are not absent, as text", () => {
    const values = { a: "x", b: 1, c: true, d: undefined, e: null, f: "" };
    const labels = readLabelSet(values);
    values.a = "changed";
    assert.deepEqual(labels, { a: "x", b: "1", c: "true" });
    assert.equal(Object.isFrozen(labels), true);
  });

  it("keeps labels that bear names of JavaScript's own", () => {
    const labels = readLabelSet(JSON.parse('{"__proto__":"p","constructor":"c","toString":"t"}'));
    assert.deepEqual(Object.entries(labels), [
      ["__proto__", "p"],
      ["constructor", "c"],
      ["toString", "t"],
    ]);
  });

  it("refuses a value that can't be one", () => {
    assert.throws(
      () => readLabelSet({ a: "x", b: {} }),
      new TypeError('Label "b" must be a string, number or boolean, but got an object.'),
    );
  });
});

describe("labelKey", () => {
  it("is the same for the same labels in any order, and whether an absent one is named or not", () => {
    assert.equal(labelKey({ a: "1", b: "2" }), labelKey({ b: "2", a: "1" }));
    assert.equal(labelKey({ a: "1", b: "" }), labelKey({ a: "1" }));
    assert.equal(labelKey({}), "");
  });

  it("differs where names and values are only divided otherwise", () => {
    const sets = [
      { a: "1", b: "2" },
      { a: "1b2" },
      { a: "11:b1:2" },
      { a1: "1", b: "2" },
      { a: "x|", b: "y" },
      { a: "x", b: "|y" },
      { ab: "c" },
      { a: "bc" },
    ];
    assert.equal(new Set(sets.map(labelKey)).size, sets.length);
  });

  it("is the same exactly when the label sets are, for random sets of hostile names and values", () => {
    const random = new Random(1);
    const names = ["a", "b", "1", "11", "1:", "a1:"];
    const values = ["", "1", "11", ":", "1:", "1:a", "a", "a1:1", "b11:"];
    const sets = Array.from({ length: 2000 }, () =>
      Object.fromEntries(random.sample(names, random.between(0, 3)).map((name) => [name, random.pick(values)])),
    );
    /** The judge: sorted pairs as JSON, which can't confuse them. */
    const naive = (labels: Record<string, string>) =>
      JSON.stringify(
        Object.entries(labels)
          .filter(([, value]) => value !== "")
          .sort(),
      );
    const keys = new Map<string, string>();
    for (const labels of sets) {
      const known = keys.get(labelKey(labels));
      assert.equal(naive(labels), known ?? naive(labels));
      keys.set(labelKey(labels), naive(labels));
    }
    assert.equal(keys.size, new Set(sets.map(naive)).size);
  });
});
