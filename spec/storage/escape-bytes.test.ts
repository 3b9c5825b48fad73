import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { escapeBytes, QUOTE } from "../../lib/storage/escape-bytes.ts";
import { Random } from "../judges/random.ts";

describe("escapeBytes", () => {
  it("does what replacing in the text does, with quotes and without", () => {
    const random = new Random(3);
    for (let round = 0; round < 2_000; round++) {
      const pieces = Array.from(
        { length: random.below(12) },
        () => ["\\", '"', "\n", "a", "é", "😀", "n"][random.below(7)] as string,
      );
      const text = pieces.join("");
      for (const [other, pattern] of [
        [QUOTE, /[\\"\n]/g],
        [0x5c, /[\\\n]/g],
      ] as const) {
        const bytes = new TextEncoder().encode(`{${text}`);
        const room = new Uint8Array(2 * bytes.length + 1).fill(0x2e);
        room.set(bytes);
        const escapes = escapeBytes(room, 1, bytes.length, other);
        const expected = text.replace(pattern, (c) => (c === "\n" ? "\\n" : `\\${c}`));
        assert.equal(new TextDecoder().decode(room.subarray(0, bytes.length + escapes)), `{${expected}`);
        assert.equal(room[bytes.length + escapes], 0x2e);
      }
    }
  });

  it("escapes megabytes of nothing but quotes", () => {
    const bytes = new Uint8Array(8_000_000).fill(QUOTE, 0, 4_000_000);
    assert.equal(escapeBytes(bytes, 0, 4_000_000, QUOTE), 4_000_000);
    assert.equal(bytes.at(-1), QUOTE);
    assert.equal(bytes.at(-2), 0x5c);
  });
});
