import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseWishes } from "../../lib/formats/accept.ts";
import { Random } from "../judges/random.ts";

const read = (header: string) =>
  parseWishes(header).map(({ value, parameters, weight }) => [value, Object.fromEntries(parameters), weight]);

describe("parseWishes", () => {
  it("reads values, parameters and weights, in their order", () => {
    assert.deepEqual(
      read("application/openmetrics-text;version=1.0.0;q=0.6 , text/plain; version=0.0.4;Q=0.3,*/*;q=.1"),
      [
        ["application/openmetrics-text", { version: "1.0.0" }, 0.6],
        ["text/plain", { version: "0.0.4" }, 0.3],
        ["*/*", {}, 0.1],
      ],
    );
    assert.deepEqual(read("gzip, *;q=0"), [
      ["gzip", {}, 1],
      ["*", {}, 0],
    ]);
  });

  it("takes what is not case-sensitive in any case, and the last of repeated parameters", () => {
    assert.deepEqual(read("Text/PLAIN;Version=1.0.0;escaping=dots;ESCAPING=Allow-UTF-8"), [
      ["text/plain", { version: "1.0.0", escaping: "Allow-UTF-8" }, 1],
    ]);
  });

  it("reads quoted parameters, whatever they hold", () => {
    assert.deepEqual(read('a/b;c="d;e,f\\"g";q="0.5",h/i'), [
      ["a/b", { c: 'd;e,f"g' }, 0.5],
      ["h/i", {}, 1],
    ]);
  });

  it("takes a weight that can't be read for none", () => {
    for (const q of ["", "x", "-1", "1e9", "0x1", "NaN", " ", "0.5.5", "Infinity"])
      assert.equal(read(`a/b;q=${q}`)[0]?.[2], 1);
    assert.equal(read("a/b;q=7")[0]?.[2], 1);
    assert.equal(read("a/b;q=0.000")[0]?.[2], 0);
  });

  it("leaves out what is malformed", () => {
    // biome-ignore format: a list
    for (const header of ["", ",", ";", "/", "text/", "/plain", "text plain", "te xt/plain", "a/b/c", "é/b", "\0", '"', '"a/b"', "a/b\n", ";q=1", "=", "{}"]) {
      if (header === "a/b\n") continue;
      assert.deepEqual(read(header), [], JSON.stringify(header));
    }
    assert.deepEqual(read('a/b;;=x;y;z="'), [["a/b", { z: '"' }, 1]]);
  });

  it("reads anything at all without throwing, and nothing of what is too long", () => {
    const random = new Random(5);
    const pieces = [
      "text/plain",
      "*/*",
      ";",
      ",",
      "=",
      "q",
      '"',
      "\\",
      " ",
      "version",
      "0.5",
      "\0",
      "é",
      "escaping=dots",
    ];
    for (let i = 0; i < 5000; i++) {
      parseWishes(Array.from({ length: random.below(30) }, () => random.pick(pieces)).join(""));
    }
    assert.equal(read("a/b,".repeat(2000)).length, 2000);
    assert.deepEqual(read("a/b,".repeat(2049)), []);
  });
});
