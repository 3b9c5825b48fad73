import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { labelCharacters, readExemplarLabels } from "../../lib/model/exemplars.ts";

const owner = 'Counter "c"';

describe("readExemplarLabels", () => {
  it("copies and freezes the labels, as texts, without those that are absent", () => {
    const given = { trace_id: "abc", attempt: 2, isRetry: true, none: undefined, nothing: null, empty: "" };
    const read = readExemplarLabels(owner, given);
    given.trace_id = "changed";
    assert.deepEqual(read, { trace_id: "abc", attempt: "2", isRetry: "true" });
    assert.equal(Object.isFrozen(read), true);
  });

  it("takes 128 characters of names and values together, counted by code point", () => {
    assert.equal(labelCharacters(readExemplarLabels(owner, { a: "x".repeat(127) })), 128);
    assert.equal(labelCharacters(readExemplarLabels(owner, { a: "😀".repeat(127) })), 128);
    assert.equal(labelCharacters(readExemplarLabels(owner, { a: "\ud83d".repeat(127) })), 128);
    const tooLong = new RangeError('Counter "c": the labels of an exemplar, "a", hold more than 128 characters.');
    for (const value of ["x".repeat(128), "😀".repeat(128), "x".repeat(10_000_000)]) {
      assert.throws(() => readExemplarLabels(owner, { a: value }), tooLong);
    }
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`label_${i}`, i]));
    assert.throws(() => readExemplarLabels(owner, many), {
      name: "RangeError",
      message: `Counter "c": the labels of an exemplar, ${Object.keys(many)
        .map((name) => `"${name}"`)
        .join(", ")
        .slice(0, 80)}, hold more than 128 characters.`,
    });
  });

  it("refuses what is no object of labels, and names that can't be label names", () => {
    for (const [given, kind] of [
      ["abc", "a string"],
      [5, "a number"],
      [null, "null"],
      [["a"], "an array"],
    ] as const) {
      assert.throws(
        () => readExemplarLabels(owner, given),
        new TypeError(`Counter "c": an exemplar has an object of labels, but got ${kind}.`),
      );
    }
    assert.throws(
      () => readExemplarLabels(owner, { "bad-name": "x" }),
      new RangeError('Label name "bad-name" is not valid: "-" at position 3. Names match [a-zA-Z_][a-zA-Z0-9_]*.'),
    );
    assert.throws(
      () => readExemplarLabels(owner, { __trace: "x" }),
      new RangeError('Label name "__trace" is not valid: names that begin with "__" are reserved by Prometheus.'),
    );
    assert.throws(
      () => readExemplarLabels(owner, { a: { b: 1 } }),
      new TypeError('Label "a" must be a string, number or boolean, but got an object.'),
    );
  });
});
