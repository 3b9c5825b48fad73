import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CHUNK_BYTES, Chunk } from "../../lib/formats/chunk.ts";
import { LineSection } from "../../lib/formats/lines.ts";
import { Random } from "../judges/random.ts";

/** Everything that a section of the lines writes, and how many steps and chunks it took. */
function write(lines: Iterable<string>, start = 0): { text: string; steps: number; chunks: number } {
  const section = new LineSection(lines);
  const chunk = new Chunk();
  chunk.length = start;
  const pieces: Uint8Array[] = [];
  let first = start;
  for (let steps = 1; ; steps++) {
    const isDone = section.write(chunk);
    assert.ok(chunk.length <= CHUNK_BYTES);
    if (isDone || chunk.isFull) {
      pieces.push(chunk.bytes.slice(first, chunk.length));
      first = 0;
      chunk.clear();
    }
    if (isDone) return { text: Buffer.concat(pieces).toString(), steps, chunks: pieces.length };
  }
}

describe("LineSection", () => {
  it("writes the lines one after the other, as UTF-8", () => {
    assert.equal(write(["a 1\n", 'é{b="漢字😀"} 2\n', "", "c\0 3\n"]).text, 'a 1\né{b="漢字😀"} 2\nc\0 3\n');
    assert.equal(write([]).text, "");
  });

  it("writes U+FFFD for half a surrogate pair", () => {
    assert.equal(write(["a\ud83d 1\n", "b\ude00\n"]).text, "a\ufffd 1\nb\ufffd\n");
  });

  it("returns after some dozens of lines, so that its caller can look at the clock", () => {
    const { text, steps, chunks } = write(Array.from({ length: 1000 }, (_, i) => `a ${i}\n`));
    assert.equal(text, Array.from({ length: 1000 }, (_, i) => `a ${i}\n`).join(""));
    assert.ok(steps >= 10 && steps <= 100, `${steps} steps`);
    assert.equal(chunks, 1);
  });

  it("asks for a line only when there is something to do with it", () => {
    let asked = 0;
    const lines = (function* () {
      for (;;) {
        asked++;
        yield `${"x".repeat(999)}\n`;
      }
    })();
    const section = new LineSection(lines);
    assert.equal(asked, 0);
    const chunk = new Chunk();
    while (!chunk.isFull) assert.equal(section.write(chunk), false);
    assert.ok(asked <= 67, `${asked} lines for a chunk`);
  });

  it("goes on in the next chunk wherever the first one ends, inside a character too", () => {
    const lines = ["first 1\n", 'é{b="漢字😀\u{10ffff}"} 2\n', "\n", "last 漢\n"];
    const bytes = Buffer.byteLength(lines.join(""));
    for (let room = 0; room <= bytes + 10; room++) {
      const { text, chunks } = write(lines, CHUNK_BYTES - room);
      assert.equal(text, lines.join(""));
      // A chunk has an end where it is full, and none behind the last byte.
      if (room >= bytes) assert.equal(chunks, 1);
      else assert.equal(chunks, 2);
    }
  });

  it("writes lines of any length, over as many chunks as they take", () => {
    const random = new Random(1);
    for (const length of [1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 1_000_000]) {
      for (const character of ["x", "é", "漢", "😀"]) {
        const long = `${"y".repeat(random.below(4))}${character.repeat(Math.ceil(length / Buffer.byteLength(character)))}\n`;
        const lines = ["before\n", long, "between\n", long, long, "after\n"];
        assert.ok(write(lines).text === lines.join(""), `${length} bytes of ${character}`);
      }
    }
  });

  it("writes lines of random lengths in chunks that are full but for the last", () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = new Random(seed);
      const lines = Array.from(
        { length: 200 },
        () => `${random.hostileText().toWellFormed().repeat(random.below(400))}\n`,
      );
      const { text } = write(lines, random.below(CHUNK_BYTES));
      assert.ok(text === lines.join(""), `seed ${seed}`);
    }
  });
});
