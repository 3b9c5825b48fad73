import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ExponentialBuckets } from "../../lib/storage/exponential-buckets.ts";
import { publishBlock, readBlock } from "../../lib/storage/shared-blocks.ts";
import { SharedMemory } from "../../lib/storage/shared-memory.ts";

describe("Shared memory", () => {
  it("makes pages side by side, all zero, as it grows", () => {
    const memory = new SharedMemory();
    const pages = [10, 4096, 1, 60_000].map((cells) => memory.pages(cells));
    for (const [i, page] of pages.entries()) page.fill(i + 1);
    for (const [i, page] of pages.entries()) assert.ok(page.every((number) => number === i + 1));
    assert.ok(memory.pages(100).every((number) => number === 0));
    assert.ok(pages.every((page) => memory.has(page)));
    assert.equal(memory.has(new Float64Array(1)), false);
  });

  it("uses again what was given back, but not before its readers can know", () => {
    const memory = new SharedMemory();
    const page = memory.pages(100);
    page.fill(7);
    memory.pages.release?.(page);
    assert.notEqual(memory.pages(100).byteOffset, page.byteOffset);
    memory.reuseFreed();
    const again = memory.pages(98);
    assert.equal(again.byteOffset, page.byteOffset);
    assert.ok(again.every((number) => number === 0));
  });

  it("says when there is no more, and goes on with what there is", () => {
    const memory = new SharedMemory(100_000);
    assert.throws(
      () => memory.pages(20_000),
      new RangeError("The metrics of this thread need more than the 100000 bytes of memory it can share."),
    );
    assert.equal(memory.pages(100).length, 100);
  });

  it("tells where exponential buckets lie, also after they have moved", () => {
    const memory = new SharedMemory();
    const row = memory.pages(4);
    assert.equal(readBlock(row, 2), undefined);
    const onBlock = (block: Float64Array) => publishBlock(row, 2, 5, block);
    const buckets = new ExponentialBuckets({ schema: 3, pages: memory.pages, onBlock });
    for (const value of [1, 1000, -0.001, 0]) {
      buckets.observe(value);
      assert.deepEqual(readBlock(row, 2), buckets.block.slice());
    }
    assert.equal(row[2], 5);
    publishBlock(row, 2, 5);
    assert.equal(readBlock(row, 2), undefined);
    assert.deepEqual([...row], [0, 0, 0, 0]);
  });
});
