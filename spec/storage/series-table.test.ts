import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FamilyView } from "../../lib/storage/column-family.ts";
import { SeriesTable, type SeriesTableOptions } from "../../lib/storage/series-table.ts";
import { Random } from "../judges/random.ts";

function tableOf(labelNames: readonly string[], options: Partial<SeriesTableOptions> = {}): SeriesTable {
  return new SeriesTable({ labelNames, cells: 1, owner: 'Counter "hits_total"', ...options });
}

function add(table: SeriesTable, row: number, amount: number): void {
  const page = table.pageOf(row);
  page[table.offsetOf(row)] = (page[table.offsetOf(row)] as number) + amount;
}

function numberOf(table: SeriesTable, row: number): number {
  return table.pageOf(row)[table.offsetOf(row)] as number;
}

function rowsOf(table: SeriesTable): number[] {
  const rows: number[] = [];
  table.forEachRow((row) => rows.push(row));
  return rows;
}

/** All series and their first number, as label texts in the order of the label names. */
function contentOf(table: SeriesTable): [texts: string[], value: number][] {
  return rowsOf(table).map((row) => [table.textsOf(row), numberOf(table, row)]);
}

/** What a scrape sees of the table, until it is closed. */
function viewOf(table: SeriesTable): FamilyView {
  const descriptor = { name: "g", type: "gauge", help: "G." } as const;
  return new FamilyView({ descriptor, labelNames: table.labelNames, table, samples: [{ suffix: "" }] });
}

/** The numbers that a view shows. */
function shownBy(view: FamilyView): number[] {
  const shown: number[] = [];
  const number = new Float64Array(1);
  view.forEachRow((row) => {
    view.read(row, number);
    shown.push(number[0] as number);
  });
  return shown;
}

/** The judge of texts: what UTF-8 makes of a value, and nothing for an absent one. */
function textOf(value: unknown): string {
  return value === undefined || value === null ? "" : Buffer.from(String(value)).toString();
}

/** The judge of tables: one Map entry a series, its key all texts with their lengths. */
class NaiveTable {
  readonly series = new Map<string, number>();

  static keyOf(values: readonly unknown[]): string {
    return JSON.stringify(values.map(textOf));
  }

  add(values: readonly unknown[], amount: number): void {
    const key = NaiveTable.keyOf(values);
    this.series.set(key, (this.series.get(key) ?? 0) + amount);
  }

  removeWhere(matches: (texts: string[]) => boolean): number {
    let count = 0;
    for (const key of [...this.series.keys()]) if (matches(JSON.parse(key))) count += Number(this.series.delete(key));
    return count;
  }
}

// biome-ignore format: a list to look over, not to read line by line
const values: readonly unknown[] = [
  "x|", "|y", "x", "y", "a,b", "a", "b", ",", '"', '""', "\\", "\n", "\r\n", "\0", "a\0b", "", undefined, null, " ", "\t",
  "__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "undefined", "null", "NaN", "true", true, false,
  200, "200", "0200", 200.5, "200.5", 0, -0, "0", "-0", -1, 1023, 1024, "1024", 1e21, "1e21", "1e+21", 1e-7, 2 ** 53,
  Number.NaN, Infinity, 5e-324, "4294967295", 4294967295, "😀", "\ud83d", "\ude00", "\ufffd", "\ufffd\ufffd", "\ud83d\ud83d",
  "é", "e\u0301", "漢", "\ufeff", "Z".repeat(300),
];

interface History {
  readonly name: string;
  readonly labels: number;
  /** How many values each label has. */
  readonly pool: number;
  /** About how many series live at once. */
  readonly rows: number;
  readonly steps: number;
}

const histories: readonly History[] = [
  { name: "no label", labels: 0, pool: 1, rows: 1, steps: 500 },
  { name: "one label", labels: 1, pool: 60, rows: 40, steps: 4000 },
  { name: "one label of ever new values", labels: 1, pool: 100_000, rows: 300, steps: 8000 },
  { name: "two labels", labels: 2, pool: 20, rows: 100, steps: 5000 },
  { name: "three labels", labels: 3, pool: 60, rows: 300, steps: 8000 },
  { name: "three labels and few series", labels: 3, pool: 300, rows: 10, steps: 5000 },
  { name: "four labels", labels: 4, pool: 10, rows: 300, steps: 6000 },
  { name: "four labels of more than 31 bits", labels: 4, pool: 2000, rows: 400, steps: 8000 },
  { name: "five labels", labels: 5, pool: 5, rows: 200, steps: 5000 },
  { name: "six labels", labels: 6, pool: 60, rows: 100, steps: 5000 },
  { name: "seven labels", labels: 7, pool: 60, rows: 400, steps: 6000 },
  { name: "seven labels of ever new values", labels: 7, pool: 100_000, rows: 50, steps: 3000 },
];

/** Lives through a random history in which every way into the table is used, and compares with the judge throughout. */
function live({ labels, pool, rows, steps }: History, seed: number): void {
  const random = new Random(seed);
  const names = random.sample(["method", "a", "b", "_", "__proto__", "constructor", "toString", "code", "A1"], labels);
  const cells = random.pick([1, 1, 2, 13, 700]);
  const table = tableOf(names, { cells });
  const judge = new NaiveTable();
  const views: FamilyView[] = [];
  const pools = names.map(() => Array.from({ length: Math.min(pool, 60) }, () => random.pick(values)));
  const anyValues = () =>
    pools.map((choices) => {
      const i = random.below(pool);
      return i < choices.length ? choices[i] : `${i}`;
    });
  /** As a label object; absent ones may be left out. */
  const asObject = (given: readonly unknown[]) => {
    const entries = given
      .map((value, i) => [names[i] as string, value] as const)
      .filter(([, v]) => v || random.chance(0.7) || textOf(v) !== "");
    return Object.fromEntries(random.chance(0.5) ? entries : random.sample(entries, entries.length));
  };
  const ways: ((given: readonly unknown[]) => number)[] = [
    (given) => table.rowOf(asObject(given)),
    (given) => table.rowOfValues(given),
    (given) => (labels > 4 ? table.rowOfValues(given) : table.rowOfFew(labels, given[0], given[1], given[2], given[3])),
    (given) => table.rowOfValues(given.map(textOf)),
  ];
  const check = () => {
    const content = contentOf(table);
    assert.equal(content.length, table.size);
    assert.deepEqual(new Map(content.map(([texts, value]) => [JSON.stringify(texts), value])), judge.series);
  };

  for (let step = 0; step < steps; step++) {
    const given = anyValues();
    const key = NaiveTable.keyOf(given);
    const row = random.chance(0.5) ? table.find(asObject(given)) : table.findValues(given);
    if (row >= 0 !== judge.series.has(key)) assert.fail(`step ${step}: ${key} is ${row >= 0 ? "" : "not "}found`);
    if (row >= 0 && (!table.isLive(row) || JSON.stringify(table.textsOf(row)) !== key))
      assert.fail(`step ${step}: ${key}`);

    const isCrowded = judge.series.size > rows * (step % (rows * 3) < rows * 2 ? 1.2 : 0.3);
    if (row >= 0 && isCrowded) {
      table.remove(row);
      judge.series.delete(key);
    } else if (isCrowded && judge.series.size > 0 && random.chance(0.8)) {
      const [oldest = ""] = judge.series.keys();
      table.remove(table.findValues(JSON.parse(oldest)));
      judge.series.delete(oldest);
    } else {
      const found = random.pick(ways)(given);
      if (row >= 0 && found !== row) assert.fail(`step ${step}: ${key} has two rows`);
      add(table, found, step + 1);
      judge.add(given, step + 1);
    }

    if (random.chance(0.01)) views.push(viewOf(table));
    if (views.length > 0 && random.chance(0.02)) views.splice(random.below(views.length), 1)[0]?.close();
    if (labels > 0 && random.chance(0.002)) {
      const position = random.below(labels);
      const value = given[position];
      const removed = table.removeWhere(table.matcher({ [names[position] as string]: value }));
      assert.equal(
        removed,
        judge.removeWhere((texts) => texts[position] === textOf(value)),
      );
    }
    if (random.chance(0.0005)) {
      assert.equal(
        table.removeWhere(() => true),
        judge.removeWhere(() => true),
      );
    }
    if (step % Math.ceil(steps / 25) === 0) check();
  }
  check();
}

describe("SeriesTable", () => {
  for (const [i, history] of histories.entries()) {
    it(`has the series that a Map of texts has, after any history: ${history.name}`, () => {
      for (let seed = 0; seed < 2; seed++) live(history, i * 100 + seed);
    });
  }

  it("keeps apart what only looks the same when it is joined", () => {
    const pairs = [
      ["x|", "y"],
      ["x", "|y"],
      ["x,b:y", ""],
      ["x", "y"],
      ["", "xy"],
      ["xy", ""],
      ['x",b="y', ""],
      ["x\0", "y"],
      ["x", "\0y"],
      ["__proto__", "y"],
      ["y", "__proto__"],
      ["constructor", "toString"],
      ["toString", "constructor"],
    ];
    const table = tableOf(["a", "b"]);
    for (const [i, pair] of pairs.entries()) add(table, table.rowOfValues(pair), i + 1);
    for (const [i, [a, b]] of pairs.entries()) add(table, table.rowOf({ b, a }), (i + 1) * 100);
    assert.deepEqual(
      contentOf(table),
      pairs.map((pair, i) => [pair, (i + 1) * 101]),
    );
  });

  it("takes the spellings of one text for one series", () => {
    const table = tableOf(["code"]);
    for (const code of [200, "200", 200]) add(table, table.rowOf({ code }), 1);
    for (const code of [true, "true"]) add(table, table.rowOf({ code }), 1);
    for (const code of [-0, 0, "0"]) add(table, table.rowOf({ code }), 1);
    for (const code of [1e21, "1e+21"]) add(table, table.rowOf({ code }), 1);
    for (const code of ["\ud83d", "\ude00", "\ufffd"]) add(table, table.rowOf({ code }), 1);
    for (const code of [undefined, null, ""]) add(table, table.rowOf({ code }), 1);
    add(table, table.rowOf({}), 1);
    assert.deepEqual(contentOf(table), [
      [["200"], 3],
      [["true"], 2],
      [["0"], 3],
      [["1e+21"], 2],
      [["\ufffd"], 3],
      [[""], 4],
    ]);
  });

  it("takes ten megabytes for a label value, and gives them back", () => {
    const table = tableOf(["a", "b"]);
    const before = table.byteLength;
    const long = "long".repeat(2_500_000);
    const row = table.rowOf({ a: long, b: `${long}!` });
    add(table, row, 1);
    assert.equal(table.rowOf({ a: "long".repeat(2_500_000), b: `${long}!` }), row);
    assert.notEqual(table.rowOf({ a: `${long}!`, b: long }), row);
    assert.ok(table.textsOf(row)[0] === long);
    table.removeWhere(() => true);
    assert.ok(table.byteLength - before < 2048, `${table.byteLength - before} bytes are left`);
  });

  describe("label objects", () => {
    const Inherited = class {
      readonly b = "B";
      declare readonly a: string;
    };
    Object.defineProperty(Inherited.prototype, "a", { value: "A", enumerable: true });
    const WithGetters = class {
      readonly a = "A";
      readonly b = "B";
      get c() {
        return "not a label: JavaScript does not enumerate it";
      }
      toString() {
        return "neither is this";
      }
    };
    let reads = 0;
    // biome-ignore format: a table
    const objects: readonly (readonly [name: string, labels: object])[] = [
      ["in the order of their declaration", { a: "A", b: "B" }],
      ["in another order", { b: "B", a: "A" }],
      ["with absent labels", { a: "A", b: "B", c: undefined, d: null }],
      ["with absent labels first", { d: "", c: null, b: "B", a: "A" }],
      ["that are frozen", Object.freeze({ a: "A", b: "B" })],
      ["without a prototype", Object.assign(Object.create(null), { a: "A", b: "B" })],
      ["with labels of a prototype", Object.create({ a: "A", b: "B" })],
      ["with a label that hides the prototype's", Object.create({ a: "hidden", b: "B" }, { a: { value: "A", enumerable: true } })],
      ["of a class that inherits a label", new Inherited()],
      ["of a class with accessors and methods", new WithGetters()],
      ["with symbols and properties that are not enumerable", Object.defineProperty({ a: "A", b: "B", [Symbol("c")]: "C" }, "d", { value: "D" })],
      ["with getters", { get a() { return "A"; }, get b() { return "B"; } }],
      ["that are proxies", new Proxy({ a: "", b: "" }, { get: (_, name) => String(name).toUpperCase() })],
      ["that say something else at each read, of which one counts", { get a() { return ++reads > 0 ? "A" : ""; }, b: "B" }],
    ];

    for (const [name, labels] of objects) {
      it(`are read ${name}`, () => {
        const table = tableOf(["a", "b", "c", "d"]);
        const row = table.rowOf(labels);
        assert.deepEqual(table.labelsOf(row), { a: "A", b: "B" });
        assert.equal(table.rowOf(labels), row);
        assert.equal(table.find(labels), row);
        assert.equal(table.rowOfFew(4, "A", "B", undefined, undefined), row);
        assert.equal(table.size, 1);
        const many = tableOf(["e", "d", "c", "b", "a"]);
        assert.deepEqual(many.labelsOf(many.rowOf(labels)), { a: "A", b: "B" });
        assert.equal(many.find(labels), many.rowOf(labels));
      });
    }

    it("are read and not kept", () => {
      const table = tableOf(["a", "b"]);
      const labels = { a: "1", b: "x" };
      add(table, table.rowOf(labels), 1);
      labels.a = "2";
      add(table, table.rowOf(labels), 10);
      assert.deepEqual(contentOf(table), [
        [["1", "x"], 1],
        [["2", "x"], 10],
      ]);
    });

    it("may use the same table while they are read", () => {
      const table = tableOf(["a", "b"]);
      for (const a of ["outer", "inner"]) table.rowOf({ a, b: "y" });
      const labels = {
        a: "outer",
        get b() {
          table.rowOf({ a: "inner", b: "y" });
          table.rowOf({ a: "inner", b: "new" });
          table.find({ a: "inner", b: "y" });
          return "y";
        },
      };
      add(table, table.rowOf(labels), 1);
      assert.deepEqual(contentOf(table), [
        [["outer", "y"], 1],
        [["inner", "y"], 0],
        [["inner", "new"], 0],
      ]);
    });

    it("may meet a clock that uses the same table", () => {
      for (const other of [
        { a: "1", b: "y" },
        { a: "2", b: "x" },
        { a: "3", b: "z" },
      ]) {
        let used = true;
        let uses = 0;
        const table = tableOf(["a", "b"], {
          now: () => {
            if (used) return 1;
            used = true;
            uses++;
            add(table, table.rowOf(other), 1);
            return 2;
          },
        });
        for (const [a, b] of [
          ["1", "x"],
          ["2", "y"],
        ])
          table.rowOf({ a, b });
        used = false;
        // Known values in a new combination, as an object and one by one.
        add(table, table.rowOf({ a: "1", b: "y" }), 10);
        used = false;
        add(table, table.rowOfFew(2, "2", "x", undefined, undefined), 100);
        const wanted = new Map([
          ["1 x", 0],
          ["2 y", 0],
          ["1 y", 10],
          ["2 x", 100],
        ]);
        const key = Object.values(other).join(" ");
        wanted.set(key, (wanted.get(key) ?? 0) + uses);
        assert.deepEqual(new Map(contentOf(table).map(([labels, value]) => [labels.join(" "), value])), wanted);
        assert.equal(table.size, wanted.size);
      }
    });

    it("may take series of the same table away and make others while they are read", () => {
      for (let seed = 0; seed < 40; seed++) {
        const random = new Random(seed);
        const names = ["a", "b", "c", "d", "e"].slice(0, random.between(1, 5));
        const table = tableOf(names);
        const judge = new NaiveTable();
        const anyValues = () => names.map(() => `${random.below(4)}`);
        /** What the caller's code does when a label is read: it may be read more than once, and this is done each time. */
        const meddle = () => {
          const values = anyValues();
          if (random.chance(0.5)) {
            add(table, table.rowOfValues(values), 1);
            judge.add(values, 1);
          } else if (table.findValues(values) >= 0) {
            table.remove(table.findValues(values));
            judge.series.delete(NaiveTable.keyOf(values));
          }
          if (random.chance(0.05)) {
            table.removeWhere(() => true);
            judge.series.clear();
          }
        };
        for (let step = 0; step < 300; step++) {
          const values = anyValues();
          const labels = {};
          for (const i of random.chance(0.7) ? names.keys() : random.sample([...names.keys()], names.length)) {
            Object.defineProperty(labels, names[i] as string, {
              enumerable: true,
              get() {
                if (random.chance(0.5)) meddle();
                return values[i];
              },
            });
          }
          add(table, table.rowOf(labels), 1000);
          judge.add(values, 1000);
          if (table.find(labels) >= 0 !== judge.series.has(NaiveTable.keyOf(values))) assert.fail(`step ${step}`);
        }
        assert.deepEqual(
          new Map(contentOf(table).map(([texts, value]) => [JSON.stringify(texts), value])),
          judge.series,
        );
      }
    });

    it("may end at any label by throwing, and then nothing was made", () => {
      for (const names of [
        ["a", "b"],
        ["a", "b", "c", "d", "e"],
      ]) {
        const table = tableOf(names);
        const labels = {
          a: "new",
          get b(): string {
            throw new Error("no value today");
          },
        };
        assert.throws(() => table.rowOf(labels), { name: "Error", message: "no value today" });
        assert.deepEqual([table.size, table.values.map(({ idLimit }) => idLimit)], [0, names.map(() => 1)]);
      }
    });
  });

  describe("what it refuses", () => {
    // biome-ignore format: a table
    const refused: readonly (readonly [name: string, names: readonly string[], call: (table: SeriesTable) => unknown, message: string])[] = [
      ["an unknown label", ["method", "code"], (t) => t.rowOf({ method: "GET", status: 200 }),
        'Counter "hits_total" has the labels "method", "code", but got "method", "status": "status" is unknown.'],
      ["an unknown label beside all others", ["method"], (t) => t.rowOf({ method: "GET", toString: "x" }),
        'Counter "hits_total" has the label "method", but got "method", "toString": "toString" is unknown.'],
      ["a label where there are none", [], (t) => t.rowOf({ method: "GET" }),
        'Counter "hits_total" has no labels, but got "method": "method" is unknown.'],
      ["an unknown label among many", ["a", "b", "c", "d", "e"], (t) => t.rowOf({ f: 1 }),
        'Counter "hits_total" has the labels "a", "b", "c", "d", "e", but got "f": "f" is unknown.'],
      ["an unknown label to find", ["method"], (t) => t.find({ code: 1 }),
        'Counter "hits_total" has the label "method", but got "code": "code" is unknown.'],
      ["an unknown label to match", ["method"], (t) => t.matcher({ code: 1 }),
        'Counter "hits_total" has the label "method", but got "code": "code" is unknown.'],
      ["a value that is none", ["a", "b"], (t) => t.rowOf({ a: "new", b: {} }),
        'Label "b" must be a string, number or boolean, but got an object.'],
      ["a value that is none, by position", ["a", "b"], (t) => t.rowOfFew(2, "new", ["x"], undefined, undefined),
        'Label "b" must be a string, number or boolean, but got an array.'],
      ["a value that is none, among many", ["a", "b", "c", "d", "e"], (t) => t.rowOf({ a: "new", e: Symbol("x") }),
        'Label "e" must be a string, number or boolean, but got a symbol.'],
      ["a value that is none, to find", ["a"], (t) => t.findValues([1n]),
        'Label "a" must be a string, number or boolean, but got a bigint.'],
      ["too few values", ["a", "b", "c"], (t) => t.rowOfFew(2, "1", "2", undefined, undefined),
        'Counter "hits_total" has the labels "a", "b", "c", but got 2 label values.'],
      ["too many values", ["a", "b"], (t) => t.rowOfFew(3, "1", "2", "3", undefined),
        'Counter "hits_total" has the labels "a", "b", but got 3 label values.'],
      ["values where there are no labels", [], (t) => t.rowOfFew(1, "1", undefined, undefined, undefined),
        'Counter "hits_total" has no labels, but got 1 label values.'],
      ["a wrong number of values, in an array", ["a"], (t) => t.rowOfValues(["1", "2", "3", "4", "5", "6"]),
        'Counter "hits_total" has the label "a", but got 6 label values.'],
      ["a wrong number of values, to find", ["a"], (t) => t.findValues([]),
        'Counter "hits_total" has the label "a", but got 0 label values.'],
    ];

    for (const [name, names, call, message] of refused) {
      it(`is ${name}, and then nothing was made`, () => {
        const table = tableOf(names);
        assert.throws(() => call(table), { name: "TypeError", message });
        assert.deepEqual(
          [table.size, table.rowLimit, table.values.map(({ idLimit }) => idLimit)],
          [0, 0, names.map(() => 1)],
        );
      });
    }
  });

  describe("rows", () => {
    for (const cells of [1, 2, 3, 13, 200, 4096, 5000]) {
      it(`have ${cells} cells of their own each`, () => {
        const table = tableOf(["i"], { cells });
        const count = cells > 1000 ? 20 : 2000;
        for (let i = 0; i < count; i++) {
          const row = table.rowOf({ i });
          const offset = table.offsetOf(row);
          assert.ok(offset + cells <= table.pageOf(row).length);
          assert.equal(table.rowAt(table.pageOf(row), offset), row);
          assert.ok(table.isLive(row) && row < table.rowLimit);
          table.pageOf(row).fill(i, offset, offset + cells);
        }
        for (let i = 0; i < count; i++) {
          const row = table.find({ i });
          const offset = table.offsetOf(row);
          assert.ok(
            table
              .pageOf(row)
              .subarray(offset, offset + cells)
              .every((cell) => cell === i),
          );
        }
        assert.equal(new Set(rowsOf(table)).size, count);
      });
    }

    it("stay where they are while others come and go", () => {
      const table = tableOf(["i"]);
      const row = table.rowOf({ i: "stays" });
      const page = table.pageOf(row);
      for (let i = 0; i < 10_000; i++) {
        table.rowOf({ i });
        if (i >= 50) table.remove(table.find({ i: i - 50 }));
      }
      for (let i = 0; i < 10_000; i++) table.rowOf({ i: `more ${i}` });
      assert.equal(table.find({ i: "stays" }), row);
      assert.equal(table.pageOf(row), page);
    });

    it("begin at zero, with the time at which they were made", () => {
      let time = 0;
      const table = tableOf(["a"], { cells: 2, now: () => ++time });
      const row = table.rowOf({ a: "x" });
      table.pageOf(row).fill(7, table.offsetOf(row), table.offsetOf(row) + 2);
      assert.equal(table.rowOf({ a: "x" }), row);
      assert.equal(table.createdMs(row), 1);
      table.setCreatedMs(row, 0.5);
      assert.equal(table.createdMs(row), 0.5);
      table.remove(row);
      assert.equal(table.isLive(row), false);
      const again = table.rowOf({ a: "x" });
      assert.deepEqual([...table.pageOf(again).subarray(table.offsetOf(again), table.offsetOf(again) + 2)], [0, 0]);
      assert.equal(table.createdMs(again), 2);
    });

    it("tell when they come and go", () => {
      const said: string[] = [];
      const table = tableOf(["a"], {
        cells: 2,
        onCreate: (row) => said.push(`+${table.textsOf(row)} ${numberOf(table, row)}`),
        onRemove: (row) => said.push(`-${row}`),
      });
      add(table, table.rowOf({ a: "x" }), 1);
      add(table, table.rowOf({ a: "x" }), 1);
      table.remove(table.find({ a: "x" }));
      table.rowOf({ a: "y" });
      table.rowOf({ a: "z" });
      table.removeWhere(() => true);
      assert.deepEqual(said, ["+x 0", "-0", "+y 0", "+z 0", "-1", "-0"]);
    });

    it("are one, where there are no labels", () => {
      const table = tableOf([]);
      const row = table.rowOf({});
      assert.equal(table.rowOfFew(0, undefined, undefined, undefined, undefined), row);
      assert.equal(table.rowOfValues([]), row);
      assert.equal(table.find({}), row);
      assert.deepEqual([table.size, table.labelsOf(row), table.textsOf(row)], [1, {}, []]);
      table.remove(row);
      assert.deepEqual([table.size, table.find({}), rowsOf(table)], [0, -1, []]);
      table.rowOf({});
      assert.deepEqual([table.size, rowsOf(table).length], [1, 1]);
    });
  });

  describe("matcher", () => {
    const filled = () => {
      const table = tableOf(["a", "b"]);
      for (const a of ["1", "2", ""]) for (const b of ["x", "y"]) table.rowOf({ a, b });
      return table;
    };
    // biome-ignore format: a table
    const cases: readonly (readonly [name: string, partial: object, left: string[]])[] = [
      ["one label", { a: 1 }, ["2x", "2y", "x", "y"]],
      ["all labels, in another order", { b: "x", a: "1" }, ["1y", "2x", "2y", "x", "y"]],
      ["an absent label", { a: undefined }, ["1x", "1y", "2x", "2y"]],
      ["a value that nobody has", { a: "3" }, ["1x", "1y", "2x", "2y", "x", "y"]],
      ["a value that only another label has", { a: "x" }, ["1x", "1y", "2x", "2y", "x", "y"]],
      ["a known and an unknown value", { a: "1", b: "z" }, ["1x", "1y", "2x", "2y", "x", "y"]],
      ["nothing in particular", {}, []],
    ];
    for (const [name, partial, left] of cases) {
      it(`says yes to what has ${name}`, () => {
        const table = filled();
        assert.equal(table.removeWhere(table.matcher(partial)), 6 - left.length);
        assert.deepEqual(
          rowsOf(table).map((row) => table.textsOf(row).join("")),
          left,
        );
      });
    }
  });

  describe("memory", () => {
    it("stays what it was while ever new series come and go", () => {
      const random = new Random(7);
      const table = tableOf(["path", "method", "code"], { cells: 3 });
      const live: object[] = [];
      const comeAndGo = (times: number) => {
        for (let i = 0; i < times; i++) {
          const labels = {
            path: `/user/${random.below(2 ** 31)}`,
            method: random.pick(["GET", "PUT"]),
            code: random.below(2000),
          };
          add(table, table.rowOf(labels), 1);
          live.push(labels);
          if (live.length > 200) table.remove(table.find(live.splice(random.below(200), 1)[0] as object));
        }
      };
      comeAndGo(20_000);
      const after20k = table.byteLength;
      const { rowLimit } = table;
      let most = 0;
      for (let i = 0; i < 8; i++) {
        comeAndGo(10_000);
        most = Math.max(most, table.byteLength);
      }
      assert.equal(table.size, 200);
      assert.equal(table.rowLimit, rowLimit);
      assert.ok(most <= after20k * 1.5 && most < 100_000, `${after20k} bytes after 20,000, ${most} after 100,000`);
    });

    it("stays what it was while all series are cleared again and again", () => {
      const table = tableOf(["a", "b"]);
      const fillAndClear = (round: number) => {
        for (let i = 0; i < 500; i++) table.rowOf({ a: `${round}-${i}`, b: i % 7 });
        const bytes = table.byteLength;
        table.removeWhere(() => true);
        return bytes;
      };
      for (let round = 0; round < 10; round++) fillAndClear(round);
      const before = fillAndClear(10);
      for (let round = 11; round < 60; round++) fillAndClear(round);
      assert.ok(fillAndClear(60) <= before * 1.5);
      assert.deepEqual([table.size, rowsOf(table)], [0, []]);
    });

    it("that a scrape kept from being used again is used again after it", () => {
      const table = tableOf(["a"]);
      const comeAndGo = (from: number) => {
        for (let i = from; i < from + 1000; i++) {
          table.rowOf({ a: i });
          table.remove(table.find({ a: i }));
        }
      };
      const view = viewOf(table);
      comeAndGo(0);
      view.close();
      const { rowLimit, byteLength } = table;
      for (let i = 1; i < 20; i++) comeAndGo(i * 1000);
      assert.deepEqual([table.size, table.rowLimit, table.values[0]?.idLimit], [0, rowLimit, 1001]);
      assert.ok(table.byteLength <= byteLength);
    });
  });

  describe("while a scrape looks on", () => {
    it("keeps the label values that it may print, until the last scrape has ended", () => {
      const table = tableOf(["a"]);
      const row = table.rowOf({ a: "gone" });
      const id = table.idAt(row, 0);
      const [first, second] = [viewOf(table), viewOf(table)];
      table.remove(row);
      assert.equal(table.find({ a: "gone" }), -1);
      const others = Array.from({ length: 100 }, (_, i) => table.rowOf({ a: i }));
      assert.ok(others.every((other) => table.idAt(other, 0) !== id));
      assert.equal(table.values[0]?.text(id), "gone");
      first.close();
      assert.notEqual(table.idAt(table.rowOf({ a: "still looked at" }), 0), id);
      second.close();
      assert.equal(table.values[0]?.idOf("gone"), -1);
      assert.equal(table.idAt(table.rowOf({ a: "new" }), 0), id);
    });

    it("shows it no series that came later, wherever that lies", () => {
      const table = tableOf(["a"]);
      const free = table.rowOf({ a: "free before" });
      for (const a of ["x", "y"]) add(table, table.rowOf({ a }), 1);
      table.remove(free);
      const view = viewOf(table);
      add(table, table.rowOf({ a: "new" }), 10);
      table.remove(table.find({ a: "x" }));
      add(table, table.rowOf({ a: "newer" }), 100);
      assert.deepEqual(shownBy(view), [1]);
      view.close();
      const after = viewOf(table);
      assert.deepEqual(shownBy(after).sort(), [1, 10, 100]);
      after.close();
    });

    it("lets a series come back with its number at zero, and shows it neither", () => {
      const table = tableOf(["a"]);
      add(table, table.rowOf({ a: "x" }), 5);
      const view = viewOf(table);
      table.remove(table.find({ a: "x" }));
      const again = table.rowOf({ a: "x" });
      assert.equal(numberOf(table, again), 0);
      add(table, again, 1);
      assert.deepEqual(shownBy(view), []);
      view.close();
      assert.deepEqual(contentOf(table), [[["x"], 1]]);
      assert.equal(table.rowOf({ a: "x" }), again);
    });

    it("lets it copy its numbers before they are set anew", () => {
      const table = tableOf([]);
      add(table, table.rowOf({}), 1);
      table.freezeLeases();
      const [view, other] = [viewOf(table), viewOf(table)];
      other.close();
      table.freezeLeases();
      add(table, table.rowOf({}), 1);
      table.freezeLeases();
      assert.deepEqual(shownBy(view), [1]);
      view.close();
    });
  });
});
