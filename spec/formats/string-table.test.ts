import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { StringTable } from "../../lib/formats/string-table.ts";
import { Random } from "../judges/random.ts";

function sourceOf(string: string) {
  const bytes = new TextEncoder().encode(string);
  const text = bytes.length === string.length ? string : undefined;
  return { bytes, view: new DataView(bytes.buffer), text };
}

describe("StringTable", () => {
  it("gives what stands in the bytes, however many strings there were", () => {
    const random = new Random(5);
    const table = new StringTable(() => 0.5);
    for (let i = 0; i < 60_000; i++) {
      const length = random.below(100) === 0 ? 120 + random.below(20) : random.below(20);
      const body = `${random.below(9)}`.repeat(length) + random.below(20_000);
      const string = random.below(5) === 0 ? `é${body}😀` : body;
      const source = sourceOf(`"${string}"`);
      assert.equal(table.get(source, 1, source.bytes.length - 1), string);
      assert.equal(table.hash, table.hashText(string));
    }
  });

  it("tells strings apart that begin and end alike, and have one length", () => {
    const table = new StringTable();
    for (let round = 0; round < 3; round++) {
      for (const string of ["abcd1wxyz", "abcd2wxyz", "abcd3wxyz", "", "\0", "\0\0"]) {
        const source = sourceOf(string);
        assert.equal(table.get(source, 0, source.bytes.length), string);
      }
    }
  });
});
