import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { joinText } from "../../lib/registry/join-text.ts";

/** Lends the bytes one after the other, and spoils what was given back. */
function lending(pieces: Iterable<Uint8Array>) {
  const lent = { released: 0, isEnded: false };
  async function* chunks() {
    try {
      for (const bytes of pieces) {
        const release = () => {
          bytes.fill(0x21);
          lent.released++;
        };
        yield { bytes, release };
      }
    } finally {
      lent.isEnded = true;
    }
  }
  return { lent, chunks: chunks() };
}

const encode = (text: string) => new TextEncoder().encode(text);

describe("joinText", () => {
  it("is empty where there is nothing", async () => {
    assert.equal(await joinText(lending([]).chunks), "");
  });

  it("joins the chunks and gives each back", async () => {
    const { lent, chunks } = lending(["a 1\n", "b 2\n", ""].map(encode));
    assert.equal(await joinText(chunks), "a 1\nb 2\n");
    assert.deepEqual(lent, { released: 3, isEnded: true });
  });

  it("puts characters together that lie in two chunks, wherever they are cut", async () => {
    const text = "\ufeffaé花😱\u2028z";
    const bytes = encode(text);
    for (let size = 1; size <= bytes.length; size++) {
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
        bytes.slice(i * size, (i + 1) * size),
      );
      assert.equal(await joinText(lending(pieces).chunks), text);
    }
  });

  it("says what to do when a string can't hold it all, and ends the scrape", async (t) => {
    // Half of the longest string that there is. It is a repetition, which takes no room before somebody reads it.
    const half = "a".repeat(2 ** 28);
    t.mock.method(TextDecoder.prototype, "decode", () => half);
    const { lent, chunks } = lending(["a", "b", "c"].map(encode));
    await assert.rejects(joinText(chunks), (error) => {
      assert.ok(error instanceof RangeError);
      assert.equal(
        error.message,
        "The exposition is longer than a string can be. Use stream(), which gives it in pieces.",
      );
      assert.ok(error.cause instanceof RangeError);
      return true;
    });
    assert.deepEqual(lent, { released: 2, isEnded: true });
  });

  it("passes on the error of a scrape that failed", async () => {
    const error = new Error("gone");
    async function* failing() {
      yield { bytes: encode("a"), release: () => {} };
      throw error;
    }
    await assert.rejects(joinText(failing()), error);
  });
});
