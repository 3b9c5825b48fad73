import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CHUNK_BYTES, Chunk, COPY_SLACK_BYTES, copyBits, copyBytes } from "../../lib/formats/chunk.ts";
import { Random } from "../judges/random.ts";

describe("Chunk", () => {
  it("begins empty, and is empty again when it is cleared", () => {
    const chunk = new Chunk();
    assert.deepEqual([chunk.length, chunk.isFull], [0, false]);
    chunk.length = 10;
    chunk.isFull = true;
    chunk.clear();
    assert.deepEqual([chunk.length, chunk.isFull], [0, false]);
  });

  it("has the same memory under both of its faces, and room for a copy or a number behind its end", () => {
    const { bytes, view } = new Chunk();
    assert.equal(view.buffer, bytes.buffer);
    assert.equal(view.byteLength, bytes.length);
    assert.ok(bytes.length >= CHUNK_BYTES + 32);
  });
});

for (const copy of [copyBytes, copyBits]) {
  describe(copy.name, () => {
    it("copies every number of bytes from any place to any place", () => {
      const random = new Random(1);
      const from = new Uint8Array(400).map(() => random.below(128));
      const view = new DataView(from.buffer);
      for (let length = 0; length <= 200; length++) {
        const start = random.below(150);
        const offset = random.below(150);
        const to = new Uint8Array(400).fill(7);
        assert.equal(copy(view, start, new DataView(to.buffer), offset, length), offset + length);
        assert.deepEqual(to.subarray(offset, offset + length), from.subarray(start, start + length));
        assert.ok(
          to.subarray(0, offset).every((byte) => byte === 7),
          "nothing before the offset is touched",
        );
        assert.ok(
          to.subarray(offset + length + COPY_SLACK_BYTES).every((byte) => byte === 7),
          "at most the slack behind is touched",
        );
      }
    });

    it("needs no more than its slack on either side", () => {
      for (let length = 0; length <= 64; length++) {
        const from = new DataView(new Uint8Array(length + COPY_SLACK_BYTES).fill(1).buffer);
        const to = new DataView(new ArrayBuffer(length + COPY_SLACK_BYTES));
        assert.equal(copy(from, 0, to, 0, length), length);
      }
    });
  });
}

describe("copyBytes", () => {
  it("keeps every byte of UTF-8 text as it is", () => {
    // All pairs of bytes that UTF-8 has, at all places in a block: as parts of doubles they must not change.
    const text = Array.from({ length: 0x800 }, (_, i) => String.fromCharCode(i)).join("");
    const source = new TextEncoder().encode(`${text}漢字😀\u{10ffff}\ufffd\uffff${text}`);
    const padded = new Uint8Array(source.length + 16 + COPY_SLACK_BYTES);
    for (let shift = 0; shift < 16; shift++) {
      padded.set(source, shift);
      const to = new Uint8Array(source.length + COPY_SLACK_BYTES);
      copyBytes(new DataView(padded.buffer), shift, new DataView(to.buffer), 0, source.length);
      assert.deepEqual(to.subarray(0, source.length), source);
    }
  });
});

describe("copyBits", () => {
  it("keeps every byte of anything as it is, for as long as it runs", () => {
    // Read as doubles these are NaNs, which some engines change once the loop is optimised.
    const from = new Uint8Array(64 + COPY_SLACK_BYTES);
    const to = new Uint8Array(64 + COPY_SLACK_BYTES);
    const [source, target] = [new DataView(from.buffer), new DataView(to.buffer)];
    const random = new Random(2);
    for (let round = 0; round < 20_000; round++) {
      for (let i = 0; i < 64; i++) from[i] = i % 8 === 7 ? random.pick([0x7f, 0xff]) : random.between(0xf0, 0xff);
      copyBits(source, 0, target, 0, 64);
      assert.equal(Buffer.compare(from.subarray(0, 64), to.subarray(0, 64)), 0, `round ${round}`);
    }
  });
});
