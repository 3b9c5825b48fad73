import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FamilyView } from "../../lib/storage/column-family.ts";
import { SeriesTable } from "../../lib/storage/series-table.ts";

function viewOf(table: SeriesTable): FamilyView {
  const descriptor = { name: "g", type: "gauge", help: "G." } as const;
  return new FamilyView({ descriptor, labelNames: table.labelNames, table, samples: [{ suffix: "" }] });
}

describe("SeriesTable, while scrapes look on or something fails", () => {
  it("takes no more memory, however many series come and go while scrapes look on", () => {
    const table = new SeriesTable({ labelNames: ["a"], cells: 1, owner: "Counter" });
    const live: number[] = [];
    let made = 0;
    const comeAndGo = (times: number) => {
      for (let i = 0; i < times; i++) {
        table.rowOf({ a: made });
        live.push(made++);
        if (live.length > 100) table.remove(table.find({ a: live.shift() }));
      }
    };
    const scrape = () => {
      comeAndGo(500);
      const [slow, fast] = [viewOf(table), viewOf(table)];
      comeAndGo(100);
      fast.close();
      comeAndGo(100);
      slow.close();
    };
    for (let i = 0; i < 5; i++) scrape();
    const { rowLimit, byteLength } = table;
    for (let i = 0; i < 100; i++) scrape();
    assert.deepEqual([table.rowLimit, table.byteLength <= byteLength * 1.5], [rowLimit, true]);
  });

  for (const [who, options] of Object.entries({
    clock: (fail: () => void) => ({
      now: () => {
        fail();
        return 1;
      },
    }),
    "page factory": (fail: () => void) => ({
      pages: (cells: number) => {
        fail();
        return new Float64Array(cells);
      },
    }),
  })) {
    it(`has made nothing when the ${who} throws`, () => {
      let isFailing = false;
      const table = new SeriesTable({
        labelNames: ["a", "b"],
        cells: 2048,
        owner: "Counter",
        ...options(() => {
          if (isFailing) throw new Error("not today");
        }),
      });
      table.rowOf({ a: "a1", b: "b1" });
      // Its page has room for one more.
      table.rowOf({ b: "b1" });
      const content = () => {
        const rows: string[] = [];
        table.forEachRow((row) => rows.push(table.textsOf(row).join()));
        return rows;
      };
      isFailing = true;
      assert.throws(() => table.rowOf({ a: "a2", b: "" }), { name: "Error", message: "not today" });
      assert.deepEqual([content(), table.size], [["a1,b1", ",b1"], 2]);
      assert.equal(table.values[0]?.idOf("a2"), -1);
      isFailing = false;
      const row = table.rowOf({ a: "a2", b: undefined });
      assert.deepEqual([table.labelsOf(row), table.size], [{ a: "a2" }, 3]);
    });
  }

  it("names an unknown label that a prototype has", () => {
    const table = new SeriesTable({ labelNames: ["a"], cells: 1, owner: 'Counter "c_total"' });
    assert.throws(() => table.rowOf(Object.create({ z: 1 }, { a: { value: 1, enumerable: true } })), {
      name: "TypeError",
      message: 'Counter "c_total" has the label "a", but got "a", "z": "z" is unknown.',
    });
  });

  it("finds the right series when a scrape ends while a label is read", () => {
    const table = new SeriesTable({ labelNames: ["a", "b"], cells: 1, owner: "Counter" });
    table.rowOf({ a: "other", b: "y" });
    const view = viewOf(table);
    table.remove(table.rowOf({ a: "x", b: "y" }));
    const row = table.rowOf({
      a: "x",
      get b() {
        view.close();
        return "y";
      },
    });
    assert.deepEqual(table.labelsOf(row), { a: "x", b: "y" });
  });
});

describe("SeriesTable, emptied and filled again", () => {
  it("gives the series the order they had", () => {
    const table = new SeriesTable({ labelNames: ["a"], cells: 1, owner: "Gauge" });
    const fill = () => {
      for (const a of ["x", "y", "z"]) table.rowOf({ a });
      const order: string[] = [];
      table.forEachRow((row) => order.push(table.textsOf(row).join()));
      return order;
    };
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(fill(), ["x", "y", "z"]);
      table.removeWhere(() => true);
    }
  });
});
