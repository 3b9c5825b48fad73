import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { HashIndex } from "../../lib/formats/hash-index.ts";
import { Random } from "../judges/random.ts";

describe("HashIndex", () => {
  for (const [sentence, hashes] of [
    ["with many hashes", 2 ** 32],
    ["with few hashes", 20],
    ["with one hash for all", 1],
  ] as const) {
    it(`finds all things of a hash, the last one first, ${sentence}`, () => {
      const random = new Random(hashes);
      const index = new HashIndex();
      const added: number[] = [];
      for (let i = 0; i < 300; i++) {
        const hash = random.below(hashes) | 0;
        for (const sought of [hash, hash ^ 1024, added[random.below(i + 1)] ?? 0]) {
          const found: number[] = [];
          for (let at = index.lastBefore(i, sought); at >= 0; at = index.lastBefore(at, sought)) found.push(at);
          assert.deepEqual(found, [...added.keys()].filter((at) => added[at] === sought).reverse());
        }
        index.add(hash);
        added.push(hash);
      }
    });
  }
});
