import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FamilyView } from "../../lib/storage/column-family.ts";
import { DETACHED_PAGE, KeptSeries } from "../../lib/storage/kept-series.ts";
import { SeriesTable } from "../../lib/storage/series-table.ts";
import { Random } from "../judges/random.ts";

/** What a metric makes of a kept series: it writes where it is attached, and attaches itself where it is not. */
class Kept extends KeptSeries {
  add(amount: number): void {
    this.attach();
    this.page[this.offset] = this.value + amount;
    // Its last cell as well, to see that a row is its own from one end to the other.
    this.page[this.offset + this.table.cells - 1] = this.value;
  }

  get value(): number {
    return this.isDetached ? 0 : (this.page[this.offset] as number);
  }
}

function tableOf(labelNames: readonly string[], cells = 1): SeriesTable {
  return new SeriesTable({ labelNames, cells, owner: "Counter" });
}

/** As `labels()` does: the object kept for these labels, which is made if there is none. */
function keep(table: SeriesTable, labels: object): Kept {
  const row = table.rowOf(labels);
  const kept = table.keptAt(row);
  if (kept !== undefined) return kept as Kept;
  const made = new Kept(table);
  table.keepAt(row, made);
  return made;
}

/** What a scrape sees of the table, until it is closed. */
function viewOf(table: SeriesTable): FamilyView {
  const descriptor = { name: "g", type: "gauge", help: "G." } as const;
  return new FamilyView({ descriptor, labelNames: table.labelNames, table, samples: [{ suffix: "" }] });
}

function contentOf(table: SeriesTable): Map<string, number> {
  const content = new Map<string, number>();
  table.forEachRow((row) => {
    const offset = table.offsetOf(row);
    const cells = table.pageOf(row).subarray(offset, offset + table.cells);
    assert.equal(cells[0], cells[cells.length - 1]);
    content.set(JSON.stringify(table.textsOf(row)), cells[0] as number);
  });
  assert.equal(content.size, table.size);
  return content;
}

describe("a kept series", () => {
  it("is the same object for the same labels, in whatever spelling and order", () => {
    const table = tableOf(["a", "b"]);
    const kept = keep(table, { a: 1, b: undefined });
    assert.equal(keep(table, { b: null, a: "1" }), kept);
    assert.equal(keep(table, { a: "1" }), kept);
    assert.notEqual(keep(table, { a: "2" }), kept);
  });

  it("writes the numbers of its own row", () => {
    const table = tableOf(["a"], 3);
    const all = Array.from({ length: 500 }, (_, a) => keep(table, { a }));
    for (const [a, kept] of all.entries()) kept.add(a);
    for (const [a, kept] of all.entries()) assert.equal(kept.row, table.find({ a }));
    assert.deepEqual(contentOf(table), new Map(all.map((_, a) => [JSON.stringify([String(a)]), a])));
  });

  it("is detached when its series is removed, and touches nothing until it is written", () => {
    const table = tableOf(["a"]);
    const kept = keep(table, { a: "x" });
    kept.add(5);
    table.remove(kept.row);
    assert.equal(kept.isDetached, true);
    assert.equal(kept.page, DETACHED_PAGE);
    assert.equal(kept.value, 0);
    assert.equal(table.size, 0);
    // Another series has its row now.
    const other = keep(table, { a: "y" });
    other.add(1);
    assert.deepEqual([kept.value, kept.isDetached], [0, true]);
    kept.add(2);
    assert.deepEqual(
      contentOf(table),
      new Map([
        ['["y"]', 1],
        ['["x"]', 2],
      ]),
    );
  });

  it("comes back with all its labels, the absent ones absent", () => {
    const table = tableOf(["a", "b", "c", "d", "e"]);
    for (const labels of [
      { a: "x" },
      { c: '|"\n', e: "\ud83d" },
      {},
      { a: 200, b: true, c: -0, d: 1e21, e: "__proto__" },
    ]) {
      const kept = keep(table, labels);
      const texts = table.textsOf(kept.row);
      table.remove(kept.row);
      kept.add(1);
      assert.deepEqual(table.textsOf(kept.row), texts);
      assert.equal(keep(table, labels), kept);
    }
  });

  it("comes back where there are no labels", () => {
    const table = tableOf([]);
    const kept = keep(table, {});
    for (let i = 0; i < 5; i++) {
      kept.add(3);
      assert.deepEqual(contentOf(table), new Map([["[]", 3]]));
      table.removeWhere(() => true);
      assert.deepEqual(contentOf(table), new Map());
    }
  });

  it("attaches itself to the series that was made meanwhile under its labels, beside the object kept for that", () => {
    const table = tableOf(["a"]);
    const [first, second, third] = Array.from({ length: 3 }, () => {
      const kept = keep(table, { a: "x" });
      table.remove(kept.row);
      return kept;
    }) as [Kept, Kept, Kept];
    assert.equal(new Set([first, second, third]).size, 3);
    second.add(1);
    first.add(10);
    third.add(100);
    assert.deepEqual(contentOf(table), new Map([['["x"]', 111]]));
    assert.deepEqual([first.value, second.value, third.value], [111, 111, 111]);
    assert.equal(keep(table, { a: "x" }), second);

    table.remove(first.row);
    assert.deepEqual([first.isDetached, second.isDetached, third.isDetached], [true, true, true]);
    keep(table, { a: "y" }).add(1);
    third.add(1000);
    assert.deepEqual([first.value, second.value, third.value], [0, 0, 1000]);
  });

  it("comes back after a removal during a scrape, which does not see it", () => {
    const table = tableOf(["a"]);
    const kept = keep(table, { a: "x" });
    kept.add(1);
    const view = viewOf(table);
    table.remove(kept.row);
    kept.add(2);
    assert.equal(view.hasSeries, false);
    view.close();
    kept.add(3);
    assert.deepEqual(contentOf(table), new Map([['["x"]', 5]]));
  });

  it("never touches another series, whatever was removed and made before it is written", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(seed);
      const width = random.below(6);
      const names = ["a", "b", "c", "d", "e"].slice(0, width);
      const table = tableOf(names, random.pick([1, 2, 14]));
      const pools = names.map(() => Array.from({ length: random.between(1, 6) }, () => random.hostileText()));
      const judge = new Map<string, number>();
      const users: { readonly kept: Kept; readonly key: string }[] = [];
      const views: FamilyView[] = [];
      for (let step = 0; step < 600; step++) {
        const labels = Object.fromEntries(
          names.map((name, i) => [name, random.chance(0.1) ? "" : random.pick(pools[i] ?? [])]),
        );
        const key = JSON.stringify(names.map((name) => Buffer.from(labels[name] ?? "").toString()));
        const user = users.length === 0 ? undefined : random.pick(users);
        switch (random.below(8)) {
          case 0:
          case 1: {
            const kept = keep(table, labels);
            users.push({ kept, key });
            judge.set(key, judge.get(key) ?? 0);
            break;
          }
          case 2:
          case 3:
          case 4:
            if (user === undefined) break;
            user.kept.add(step);
            judge.set(user.key, (judge.get(user.key) ?? 0) + step);
            break;
          case 5: {
            const row = table.find(labels);
            assert.equal(row >= 0, judge.delete(key));
            if (row >= 0) table.remove(row);
            break;
          }
          case 6:
            if (random.chance(0.1)) {
              table.removeWhere(() => true);
              judge.clear();
            } else if (user !== undefined && !user.kept.isDetached) {
              table.remove(user.kept.row);
              judge.delete(user.key);
            }
            break;
          default:
            if (random.chance(0.5)) {
              views.push(viewOf(table));
            } else {
              views.shift()?.close();
            }
        }
        if (step % 20 === 0) assert.deepEqual(contentOf(table), judge);
        for (const { kept, key } of random.sample(users, 3)) {
          // A detached one has nothing to show, even where another object writes under its labels.
          assert.equal(kept.value, kept.isDetached ? 0 : judge.get(key));
          if (!kept.isDetached) assert.equal(JSON.stringify(table.textsOf(kept.row)), key);
        }
      }
      assert.deepEqual(contentOf(table), judge);
    }
    assert.deepEqual([...DETACHED_PAGE], [Number.NaN]);
  });

  it("leaves nothing behind when it is dropped after its series was removed", () => {
    const table = tableOf(["a"]);
    const comeAndGo = (from: number) => {
      for (let i = from; i < from + 1000; i++) {
        const kept = keep(table, { a: i });
        kept.add(1);
        table.remove(kept.row);
        assert.equal(table.keptAt(0), undefined);
      }
    };
    comeAndGo(0);
    const { byteLength, rowLimit } = table;
    for (let i = 1; i < 20; i++) comeAndGo(i * 1000);
    assert.deepEqual([table.byteLength <= byteLength, table.rowLimit, table.size], [true, rowLimit, 0]);
  });
});
