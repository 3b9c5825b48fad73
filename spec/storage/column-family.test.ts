import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Exemplar, LabelSet } from "../../lib/model/family.ts";
import { type ColumnFamily, FamilyView } from "../../lib/storage/column-family.ts";
import type { NativeRow } from "../../lib/storage/native-row.ts";
import { SeriesTable } from "../../lib/storage/series-table.ts";
import { nativeRow } from "../judges/native-rows.ts";
import { Random } from "../judges/random.ts";

function familyOf(
  labelNames: readonly string[],
  more: Partial<ColumnFamily> & { cells?: number; now?: () => number } = {},
): ColumnFamily {
  const { cells = 1, now, ...rest } = more;
  const table = new SeriesTable({ labelNames, cells, owner: "Gauge", ...(now && { now }) });
  const samples = Array.from({ length: cells }, (_, i) => ({ suffix: i === 0 ? "" : `_${i}` }));
  return { descriptor: { name: "g", type: "gauge", help: "G." }, labelNames, table, samples, ...rest };
}

function set({ table }: ColumnFamily, labels: object, ...numbers: number[]): number {
  const row = table.rowOf(labels);
  table.pageOf(row).set(numbers, table.offsetOf(row));
  return row;
}

function exemplarOf(traceId: string): Exemplar {
  return { labels: { trace_id: traceId }, value: 1, timestampMs: 1000 };
}

function nativeOf(count: number): NativeRow {
  return nativeRow({ schema: 3, zeroThreshold: 0, zeroCount: 0, positive: [{ key: 1, count }], negative: [] });
}

/** What a view shows: label texts and exposed numbers, in the order of its rows. */
function shown(view: FamilyView): string[] {
  const { table, samples } = view.family;
  const numbers = new Float64Array(samples.length);
  const all: string[] = [];
  view.forEachRow((row) => {
    view.read(row, numbers);
    const ids = view.idPages[row >>> table.rowShift] as Int32Array;
    const texts = table.values.map((values, i) =>
      values.text(ids[(row & table.placeMask) * table.idStride + i] as number),
    );
    all.push(`${texts.join("/")} ${numbers.join(" ")}`);
  });
  assert.equal(view.hasSeries, all.length > 0);
  return all;
}

describe("FamilyView", () => {
  it("shows the series there were when it was opened, with the numbers they have when they are read", () => {
    const family = familyOf(["a"]);
    set(family, { a: "x" }, 1);
    const view = new FamilyView(family);
    set(family, { a: "x" }, 2);
    set(family, { a: "y" }, 3);
    assert.deepEqual(shown(view), ["x 2"]);
    view.close();
    const later = new FamilyView(family);
    assert.deepEqual(shown(later), ["x 2", "y 3"]);
    later.close();
  });

  it("no longer shows a series that was removed, and not what was made after it", () => {
    const family = familyOf(["a"]);
    for (const a of ["x", "y", "z"]) set(family, { a }, 1);
    const view = new FamilyView(family);
    family.table.remove(family.table.find({ a: "y" }));
    set(family, { a: "new" }, 9);
    set(family, { a: "y" }, 2);
    assert.deepEqual(shown(view), ["x 1", "z 1"]);
    view.close();
  });

  it("shows nothing of a family without series", () => {
    for (const names of [[], ["a"], ["a", "b", "c", "d", "e"]]) {
      const family = familyOf(names);
      const empty = new FamilyView(family);
      assert.deepEqual([shown(empty), empty.rowsIn(0)], [[], 0]);
      const row = family.table.rowOf({});
      assert.deepEqual(shown(empty), []);
      empty.close();
      const full = new FamilyView(family);
      family.table.remove(row);
      assert.deepEqual(shown(full), []);
      full.close();
    }
  });

  it("shows every series once, on pages of any size", () => {
    for (const cells of [1, 13, 5000]) {
      const family = familyOf(["i"], { cells });
      const expected: string[] = [];
      for (let i = 0; i < (cells > 1000 ? 30 : 6000); i++) {
        const numbers = new Array(cells).fill(i);
        set(family, { i }, ...numbers);
        expected.push(`${i} ${numbers.join(" ")}`);
        if (i % 997 !== 0) continue;
        const view = new FamilyView(family);
        assert.deepEqual(shown(view), expected);
        view.close();
      }
    }
  });

  it("reads what the family exposes, where that is not what it stores", () => {
    const family = familyOf(["a"], {
      cells: 2,
      samples: [{ suffix: "_sum" }, { suffix: "_count" }, { suffix: "_mean" }],
      expose(row, into) {
        const [sum = 0, count = 0] = family.table.pageOf(row).subarray(family.table.offsetOf(row));
        into.set([sum, count, sum / count]);
      },
    });
    set(family, { a: "x" }, 6, 2);
    set(family, { a: "y" }, 5, 1);
    set(family, { a: "z" }, 8, 8);
    const view = new FamilyView(family);
    assert.deepEqual(shown(view), ["x 6 2 3", "y 5 1 5", "z 8 8 1"]);
    set(family, { a: "x" }, 10, 4);
    assert.deepEqual(shown(view), ["x 10 4 2.5", "y 5 1 5", "z 8 8 1"]);
    view.freeze();
    for (const a of ["x", "y", "z"]) set(family, { a }, 0, 1);
    assert.deepEqual(shown(view), ["x 10 4 2.5", "y 5 1 5", "z 8 8 1"]);
    view.close();
  });

  it("tells the created times and extra labels", () => {
    let time = 100;
    const facts = new Map<number, LabelSet>();
    const family = familyOf(["a"], { now: () => ++time, extraLabels: (row) => facts.get(row) });
    const [x, y] = [set(family, { a: "x" }, 1), set(family, { a: "y" }, 1)];
    facts.set(x, { version: "1" });
    const view = new FamilyView(family);
    assert.deepEqual([view.createdMs(x), view.createdMs(y)], [101, 102]);
    assert.deepEqual([view.extraLabels(x), view.extraLabels(y)], [{ version: "1" }, undefined]);
    facts.set(x, { version: "2" });
    assert.deepEqual(view.extraLabels(x), { version: "2" });
    view.close();
  });

  it("tells the exemplars of samples and the exponential buckets of rows, where the family has such", () => {
    const plain = new FamilyView(familyOf(["a"]));
    const nothing = plain.family.table.rowOf({ a: "x" });
    assert.deepEqual(
      [plain.hasExemplars, plain.exemplar(nothing, 0), plain.native(nothing)],
      [false, undefined, undefined],
    );
    plain.close();

    const exemplars = new Map<string, Exemplar>();
    const natives = new Map<number, NativeRow>();
    const family = familyOf(["a"], {
      cells: 2,
      exemplar: (row, sample) => exemplars.get(`${row}/${sample}`),
      native: (row) => natives.get(row),
    });
    const [x, y] = [set(family, { a: "x" }, 1, 2), set(family, { a: "y" }, 3, 4)];
    const view = new FamilyView(family);
    exemplars.set(`${x}/1`, exemplarOf("1"));
    natives.set(y, nativeOf(7));
    assert.equal(view.hasExemplars, true);
    assert.deepEqual(
      [view.exemplar(x, 0), view.exemplar(x, 1), view.exemplar(y, 1)],
      [undefined, exemplarOf("1"), undefined],
    );
    assert.deepEqual([view.native(x), view.native(y)], [undefined, nativeOf(7)]);
    view.close();
  });

  describe("when frozen", () => {
    it("shows the old exemplars and exponential buckets", () => {
      const exemplars = new Map<string, Exemplar>();
      const natives = new Map<number, NativeRow>();
      const family = familyOf(["a"], {
        cells: 2,
        exemplar: (row, sample) => exemplars.get(`${row}/${sample}`),
        native: (row) => natives.get(row),
      });
      const [x, y] = [set(family, { a: "x" }, 1, 2), set(family, { a: "y" }, 3, 4)];
      exemplars.set(`${x}/1`, exemplarOf("1"));
      natives.set(y, nativeOf(7));
      const view = new FamilyView(family);
      view.freeze();
      exemplars.set(`${x}/0`, exemplarOf("2")).set(`${x}/1`, exemplarOf("2")).set(`${y}/1`, exemplarOf("2"));
      natives.set(x, nativeOf(8)).set(y, nativeOf(8));
      assert.equal(view.hasExemplars, true);
      assert.deepEqual(
        [view.exemplar(x, 0), view.exemplar(x, 1), view.exemplar(y, 1)],
        [undefined, exemplarOf("1"), undefined],
      );
      assert.deepEqual([view.native(x), view.native(y)], [undefined, nativeOf(7)]);
      view.close();
    });

    it("shows the old numbers, labels, created times and extra labels, whatever becomes of the series", () => {
      let time = 100;
      const facts = new Map<number, LabelSet>();
      const family = familyOf(["a"], { cells: 2, now: () => ++time, extraLabels: (row) => facts.get(row) });
      const row = set(family, { a: "x" }, 1, 2);
      set(family, { a: "gone before" }, 0, 0);
      set(family, { a: "y" }, 3, 4);
      facts.set(row, { version: "1" });
      const view = new FamilyView(family);
      family.table.remove(family.table.find({ a: "gone before" }));
      family.table.freezeLeases();
      family.table.removeWhere(() => true);
      facts.clear();
      set(family, { a: "x" }, 10, 20);
      set(family, { a: "new" }, 30, 40);
      assert.deepEqual(shown(view), ["x 1 2", "y 3 4"]);
      assert.deepEqual([view.createdMs(row), view.extraLabels(row)], [101, { version: "1" }]);
      // Once more changes nothing.
      family.table.freezeLeases();
      assert.deepEqual(shown(view), ["x 1 2", "y 3 4"]);
      view.close();
    });

    it("leaves alone the views that are opened later", () => {
      const family = familyOf(["a"]);
      set(family, { a: "x" }, 1);
      const early = new FamilyView(family);
      family.table.freezeLeases();
      set(family, { a: "x" }, 2);
      const late = new FamilyView(family);
      set(family, { a: "x" }, 3);
      assert.deepEqual([shown(early), shown(late)], [["x 1"], ["x 3"]]);
      early.close();
      late.close();
    });

    it("shows series on all pages", () => {
      const family = familyOf(["i"], { cells: 3 });
      const expected: string[] = [];
      for (let i = 0; i < 5000; i++) {
        set(family, { i }, i, i + 1, i + 2);
        expected.push(`${i} ${i} ${i + 1} ${i + 2}`);
      }
      const view = new FamilyView(family);
      view.freeze();
      family.table.removeWhere(() => true);
      assert.deepEqual(shown(view), expected);
      view.close();
    });
  });

  it("gives back what it held when it is closed, once, and not what another view holds", () => {
    const family = familyOf(["a"]);
    const row = set(family, { a: "x" }, 1);
    const [first, second] = [new FamilyView(family), new FamilyView(family)];
    family.table.remove(row);
    first.close();
    first.close();
    first.freeze();
    set(family, { a: "y" }, 1);
    assert.deepEqual(shown(second), []);
    assert.notEqual(family.table.values[0]?.idOf("x"), -1);
    second.close();
    assert.equal(family.table.values[0]?.idOf("x"), -1);
  });

  it("shows each series at most once with numbers of its own, however many views are open while series come and go", () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = new Random(seed);
      const family = familyOf(["a", "b"], { cells: 2 });
      const { table } = family;
      /** Its two numbers tell a series by its labels, and are set anew with each life of it. */
      const make = () => {
        const [a, b] = [random.below(12), random.below(12)];
        if (table.find({ a, b }) < 0) set(family, { a, b }, a * 100 + b, random.below(1000));
      };
      const current = () => {
        const all = new Map<string, string>();
        const view = new FamilyView(family);
        for (const line of shown(view)) all.set(line.slice(0, line.indexOf(" ")), line);
        view.close();
        return all;
      };
      const open: { view: FamilyView; atOpening: Map<string, string>; frozen: string[] | undefined }[] = [];
      for (let step = 0; step < 400; step++) {
        if (random.chance(0.5)) make();
        else if (table.size > 0) {
          const rows: number[] = [];
          table.forEachRow((row) => rows.push(row));
          table.remove(random.pick(rows));
        }
        if (random.chance(0.05)) open.push({ atOpening: current(), view: new FamilyView(family), frozen: undefined });
        if (random.chance(0.02)) {
          for (const one of open) one.frozen ??= shown(one.view);
          table.freezeLeases();
        }
        for (const { view, atOpening, frozen } of open) {
          const lines = shown(view);
          if (frozen !== undefined) assert.deepEqual(lines, frozen);
          // Those that are still alive, as they were: nothing twice, nothing new, nothing mixed up.
          assert.equal(new Set(lines.map((line) => line.split(" ")[0])).size, lines.length);
          for (const line of lines) assert.equal(atOpening.get(line.slice(0, line.indexOf(" "))), line);
        }
        if (open.length > 0 && random.chance(0.05)) open.splice(random.below(open.length), 1)[0]?.view.close();
      }
      for (const { view } of open) view.close();
    }
  });
});
