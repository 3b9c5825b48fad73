import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ExemplarColumn } from "../../lib/storage/exemplar-column.ts";

const exemplar = (value: number) => ({ labels: { trace_id: `${value}` }, value, timestampMs: 1 });

describe("ExemplarColumn", () => {
  it("keeps one exemplar for each sample of a row, the latest", () => {
    const column = new ExemplarColumn();
    column.set(7, 2, exemplar(1));
    column.set(7, 0, exemplar(2));
    column.set(7, 2, exemplar(3));
    assert.deepEqual(
      [0, 1, 2, 3].map((sample) => column.get(7, sample)?.value),
      [2, undefined, 3, undefined],
    );
    assert.equal(column.get(6, 2), undefined);
  });

  it("has nothing for rows without exemplars, and forgets those that are removed", () => {
    const column = new ExemplarColumn();
    column.set(1, 0, exemplar(1));
    column.set(2, 0, exemplar(2));
    assert.equal(column.size, 2);
    column.remove(1);
    column.remove(9);
    assert.deepEqual([column.get(1, 0), column.get(2, 0)?.value, column.size], [undefined, 2, 1]);
  });
});
