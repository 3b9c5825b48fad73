import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LabelSetTable } from "../../lib/formats/label-set-table.ts";
import { labelKey } from "../../lib/model/labels.ts";
import { Random } from "../judges/random.ts";

describe("LabelSetTable", () => {
  for (const [sentence, hashes] of [
    ["with many hashes", 2 ** 32],
    ["with few hashes", 20],
    ["with one hash for all", 1],
  ] as const) {
    it(`tells a label set that was there, ${sentence}`, () => {
      const random = new Random(hashes);
      const table = new LabelSetTable();
      const hashOf = new Map<string, number>();
      for (let i = 0; i < 2_000; i++) {
        const labels = { a: `${random.below(30)}`, b: ["", "x", "y"][random.below(3)] as string };
        const key = labelKey(labels);
        const isNew = !hashOf.has(key);
        if (isNew) hashOf.set(key, random.below(hashes) | 0);
        assert.equal(table.add(labels, hashOf.get(key) as number), isNew, key);
      }
    });
  }

  it("takes labels in another order, and empty ones left out, for the same", () => {
    const table = new LabelSetTable();
    assert.equal(table.add({ a: "1", b: "2" }, 7), true);
    assert.equal(table.add({ b: "2", c: "", a: "1" }, 7), false);
    assert.equal(table.add({ a: "2", b: "1" }, 7), true);
  });
});
