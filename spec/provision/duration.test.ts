import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { durationText, readDuration } from "../../lib/provision/duration.ts";

describe("durationText", () => {
  it("spells a length of time as Prometheus does, in its largest units", () => {
    const cases: readonly (readonly [number, string])[] = [
      [1, "1ms"],
      [0.2, "1ms"],
      [1_500, "1s500ms"],
      [15_000, "15s"],
      [90_000, "1m30s"],
      [300_000, "5m"],
      [5_400_000, "1h30m"],
      [86_400_000 * 3, "3d"],
    ];
    for (const [milliseconds, text] of cases) assert.equal(durationText(milliseconds), text);
  });
});

describe("readDuration", () => {
  it("reads what Prometheus spells, and decimals", () => {
    const cases: readonly (readonly [string, number])[] = [
      ["5m", 300_000],
      ["1h30m", 5_400_000],
      ["0.4s", 400],
      ["250ms", 250],
      ["1d", 86_400_000],
    ];
    for (const [text, milliseconds] of cases) assert.equal(readDuration(text), milliseconds);
  });

  it("reads nothing else", () => {
    for (const text of ["", "0s", "5", "m", "-5m", "5m ", " 5m", "5 m", "1e3s", "5x", "Infinitys", "5m5"]) {
      assert.equal(readDuration(text), undefined, text);
    }
  });
});
