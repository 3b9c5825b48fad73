import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { escapeHelp, escapeLabelValue, writtenFamilyNames, writtenLabelNames } from "../../lib/formats/escaping.ts";
import type { MetricType } from "../../lib/model/family.ts";
import { Random } from "../judges/random.ts";

/** What a reader of the text format makes of an escaped text. */
function readBack(text: string, escapes: Readonly<Record<string, string>>): string {
  return text.replace(/\\(.)/gs, (all, c: string) => escapes[c] ?? assert.fail(`unknown escape ${all}`));
}

describe("escapeLabelValue", () => {
  // biome-ignore format: a table
  const cases: readonly (readonly [value: string, escaped: string])[] = [
    ["GET", "GET"], ["", ""], ['a"b', 'a\\"b'], ["\\", "\\\\"], ["\n", "\\n"], ["\\n", "\\\\n"], ['\\"\n', '\\\\\\"\\n'],
    ["\r\t\0\u2028\u0085", "\r\t\0\u2028\u0085"], ["é漢😀", "é漢😀"], ["'{},=#", "'{},=#"],
  ];
  for (const [value, escaped] of cases) {
    it(`writes ${JSON.stringify(value)} as ${JSON.stringify(escaped)}`, () => {
      assert.equal(escapeLabelValue(value), escaped);
    });
  }

  it("can be undone, and leaves nothing that would end the value or the line", () => {
    const random = new Random(1);
    for (let i = 0; i < 2000; i++) {
      const value = random.hostileText();
      const escaped = escapeLabelValue(value);
      assert.equal(readBack(escaped, { n: "\n", '"': '"', "\\": "\\" }), value.toWellFormed());
      assert.equal(/^(?:[^"\\\n]|\\[n"\\])*$/.test(escaped), true);
    }
  });
});

describe("escapeHelp", () => {
  // biome-ignore format: a table
  const cases: readonly (readonly [help: string, escaped: string])[] = [
    ["Requests.", "Requests."], ['of "all" kinds', 'of "all" kinds'], ["a\\b", "a\\\\b"], ["two\nlines", "two\\nlines"],
    ["\\n", "\\\\n"], ["\r\n", "\r\\n"], ["half \ud83d", "half \ufffd"], ["😀", "😀"],
  ];
  for (const [help, escaped] of cases) {
    it(`writes ${JSON.stringify(help)} as ${JSON.stringify(escaped)}`, () => assert.equal(escapeHelp(help), escaped));
  }

  it("can be undone, and leaves nothing that would end the line", () => {
    const random = new Random(2);
    for (let i = 0; i < 2000; i++) {
      const help = random.hostileText();
      assert.equal(readBack(escapeHelp(help), { n: "\n", "\\": "\\" }), help.toWellFormed());
      assert.equal(escapeHelp(help).includes("\n"), false);
    }
  });
});

describe("writtenFamilyNames", () => {
  const written = (...names: (string | [MetricType, string])[]) =>
    writtenFamilyNames(
      names.map((one) => (typeof one === "string" ? { type: "gauge", name: one } : { type: one[0], name: one[1] })),
      "underscores",
    );

  it("leaves legal names alone", () => {
    assert.deepEqual(written("a", "a:b", "_", "__proto__", "constructor", "A9"), [
      "a",
      "a:b",
      "_",
      "__proto__",
      "constructor",
      "A9",
    ]);
    assert.deepEqual(written(), []);
  });

  it("puts an underscore for each character that is not legal at its place", () => {
    assert.deepEqual(written("http.requests", "1st", "a b", "é", "😀x", " ", "a\n1", "9"), [
      "http_requests",
      "_st",
      "a_b",
      "_",
      "_x",
      "__",
      "a_1",
      "___",
    ]);
  });

  it("tells names apart that would become the same", () => {
    assert.deepEqual(written("a.b", "a_b", "a-b", "a b"), ["a_b_", "a_b", "a_b__", "a_b___"]);
    assert.deepEqual(written("a_b_", "a.b", "a_b"), ["a_b_", "a_b__", "a_b"]);
  });

  it("tells names apart that a sample of the other would have", () => {
    assert.deepEqual(written("h.x_count", ["histogram", "h_x"]), ["h_x_count_", "h_x"]);
    assert.deepEqual(written("h_x_sum", ["summary", "h.x"]), ["h_x_sum", "h_x_"]);
    assert.deepEqual(written(["histogram", "h.x"], ["counter", "h.x_bucket"]), ["h_x", "h_x_bucket_"]);
    assert.deepEqual(written(["gaugehistogram", "h.x"], ["gauge", "h_x_gsum"]), ["h_x_", "h_x_gsum"]);
  });
});

describe("writtenLabelNames", () => {
  it("leaves legal names alone", () => {
    const names = ["a", "_", "__proto__", "constructor", "le"];
    assert.equal(writtenLabelNames(names, "underscores"), names);
    assert.deepEqual(writtenLabelNames([], "underscores"), []);
  });

  it("puts an underscore for each character that is not legal at its place, a colon too", () => {
    assert.deepEqual(writtenLabelNames(["http.method", "a:b", "1", "é😀", "ok"], "underscores"), [
      "http_method",
      "a_b",
      "_",
      "__",
      "ok",
    ]);
  });

  it("gives no label of a series another one's name, nor that of the metric's own", () => {
    assert.deepEqual(writtenLabelNames(["a.b", "a_b", "a:b"], "underscores"), ["a_b_", "a_b", "a_b__"]);
    assert.deepEqual(writtenLabelNames(["..name..", ".", "_"], "underscores"), ["__name___", "__", "_"]);
  });
});
