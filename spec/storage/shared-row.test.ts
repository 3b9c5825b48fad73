import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sharedRow } from "../../lib/storage/shared-row.ts";

describe("A row in shared memory", () => {
  it("has behind its numbers what its metric needs, and nothing else", () => {
    const none = { blocks: 0, exemplars: -1, nativeExemplars: 0 };
    assert.deepEqual(sharedRow(1, {}), { ...none, firstBlock: 1, cells: 1 });
    assert.deepEqual(sharedRow(2, { percentiles: [] }), { ...none, firstBlock: 2, cells: 2 });
    assert.deepEqual(sharedRow(2, { percentiles: [0.5] }), { ...none, firstBlock: 2, blocks: 1, cells: 4 });
    const window = { percentiles: [0.5], ageBuckets: 5 };
    assert.deepEqual(sharedRow(2, window), { ...none, firstBlock: 2, blocks: 5, cells: 12 });
    assert.deepEqual(sharedRow(1, { enableExemplars: true }), { ...none, firstBlock: 1, exemplars: 1, cells: 2 });
    const native = { exemplars: 10 };
    assert.deepEqual(sharedRow(5, { native }), { ...none, firstBlock: 5, blocks: 1, cells: 7 });
    assert.deepEqual(sharedRow(5, { native, enableExemplars: true }), {
      firstBlock: 5,
      blocks: 1,
      exemplars: 7,
      nativeExemplars: 10,
      cells: 8,
    });
  });
});
