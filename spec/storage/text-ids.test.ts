import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TextIds } from "../../lib/storage/text-ids.ts";
import { Random } from "../judges/random.ts";

describe("TextIds", () => {
  it("knows what a map knows, whatever the texts", () => {
    const random = new Random(1);
    const ids = new TextIds();
    const judge = new Map<string, number>();
    const texts = Array.from({ length: 500 }, () => random.hostileText());
    for (let step = 0; step < 20_000; step++) {
      const text = random.pick(texts);
      assert.equal(ids.get(text), judge.get(text) ?? -1);
      if (random.chance(0.4)) {
        ids.delete(text);
        judge.delete(text);
      } else {
        ids.set(text, step);
        judge.set(text, step);
      }
    }
  });
});
