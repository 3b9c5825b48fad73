import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ordinaryPages, type PageFactory } from "../../lib/storage/pages.ts";
import { SeriesTable } from "../../lib/storage/series-table.ts";

describe("ordinary pages", () => {
  it("have as many cells as were asked for, all zero", () => {
    for (const cells of [1, 2, 4096, 100_000]) {
      const page = ordinaryPages(cells);
      assert.ok(page instanceof Float64Array);
      assert.deepEqual([page.length, page.every((cell) => Object.is(cell, 0))], [cells, true]);
    }
  });

  it("are memory of their own, each of them", () => {
    const [one, other] = [ordinaryPages(4), ordinaryPages(4)];
    one[0] = 1;
    assert.equal(other[0], 0);
    assert.notEqual(one.buffer, other.buffer);
  });
});

describe("a page factory of another kind", () => {
  it("is asked for every page of numbers, with room for whole rows", () => {
    const asked: number[] = [];
    const shared: PageFactory = (cells) => {
      asked.push(cells);
      return new Float64Array(new SharedArrayBuffer(cells * 8));
    };
    const table = new SeriesTable({ labelNames: ["a"], cells: 3, owner: "Gauge", pages: shared });
    for (let i = 0; i < 100; i++) {
      const row = table.rowOf({ a: i });
      table.pageOf(row)[table.offsetOf(row) + 2] = i;
    }
    assert.deepEqual(
      asked.map((cells) => cells % 3),
      asked.map(() => 0),
    );
    assert.deepEqual(
      table.pages.map((page) => page.length),
      asked,
    );
    assert.ok(table.pages.every((page) => page.buffer instanceof SharedArrayBuffer));
    for (let i = 0; i < 100; i++) {
      const row = table.find({ a: i });
      assert.equal(table.pageOf(row)[table.offsetOf(row) + 2], i);
    }
  });
});
