import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type RowIds, RowIndex } from "../../lib/storage/row-index.ts";
import { Random } from "../judges/random.ts";

const PAGE_ROWS = 100;

/** Label ids by row in a Map, which is what the index is judged by as well. */
class Rows implements RowIds {
  readonly width: number;
  readonly live = new Map<number, readonly number[]>();
  readonly rowOf = new Map<string, number>();
  readonly #limits: number[];
  #rowLimit = 0;
  /** How often a page was gone through. */
  visits = 0;

  constructor(width: number) {
    this.width = width;
    this.#limits = new Array(width).fill(1);
  }

  idLimit(position: number): number {
    return this.#limits[position] as number;
  }

  idAt(row: number, position: number): number {
    return this.live.get(row)?.[position] ?? -1;
  }

  get pageCount(): number {
    return Math.ceil(this.#rowLimit / PAGE_ROWS);
  }

  forEachRowIn(page: number, visit: (row: number) => void): void {
    this.visits++;
    for (let row = page * PAGE_ROWS; row < (page + 1) * PAGE_ROWS; row++) if (this.live.has(row)) visit(row);
  }

  isKnown(ids: readonly number[]): boolean {
    return ids.every((id, i) => id < this.idLimit(i));
  }

  add(row: number, ids: readonly number[]): void {
    this.live.set(row, ids);
    this.#rowLimit = Math.max(this.#rowLimit, row + 1);
    this.rowOf.set(ids.join(), row);
    ids.forEach((id, i) => {
      this.#limits[i] = Math.max(this.idLimit(i), id + 1);
    });
  }

  delete(row: number): void {
    this.rowOf.delete((this.live.get(row) ?? []).join());
    this.live.delete(row);
  }
}

/** Rows and an index of them, which are changed together and compared. */
class Compared {
  readonly rows: Rows;
  readonly index: RowIndex;
  readonly #freeRows: number[] = [];
  #nextRow = 0;

  constructor(width: number) {
    this.rows = new Rows(width);
    this.index = new RowIndex(this.rows);
  }

  insert(ids: readonly number[]): void {
    const row = this.#freeRows.pop() ?? this.#nextRow++;
    this.rows.add(row, ids);
    this.index.insert(row, Int32Array.from(ids));
  }

  remove(row: number): void {
    const ids = Int32Array.from(this.rows.live.get(row) ?? []);
    this.index.remove(row, ids);
    this.rows.delete(row);
    this.#freeRows.push(row);
  }

  /** What both ways of asking say, which must be the same. */
  find(ids: readonly number[]): number {
    const { index } = this;
    const found = index.find(Int32Array.from(ids));
    if (index.isPacked) {
      const key = ids.reduce((packed, id, i) => packed | (id << (index.shifts[i] as number)), 0);
      if (index.findPacked(key) !== found) assert.equal(index.findPacked(key), found, `packed key ${key}`);
    }
    return found;
  }

  check(ids: readonly number[]): void {
    const expected = this.rows.rowOf.get(ids.join()) ?? -1;
    if (this.find(ids) !== expected) assert.equal(this.find(ids), expected, `row of the ids ${ids.join()}`);
  }

  checkAll(): void {
    for (const ids of this.rows.live.values()) this.check(ids);
  }
}

/** Label ids by how many there are of each label. */
interface Shape {
  readonly name: string;
  /** How many ids each label has in the end. */
  readonly limits: readonly number[];
  /** About how many rows live at once. */
  readonly rows: number;
}

const shapes: readonly Shape[] = [
  { name: "one label", limits: [300], rows: 200 },
  { name: "one label with many values", limits: [20_000], rows: 5000 },
  { name: "two labels with few values, nearly all combinations", limits: [8, 16], rows: 100 },
  { name: "three labels with few values", limits: [4, 5, 6], rows: 60 },
  { name: "four labels with few values", limits: [4, 4, 4, 4], rows: 200 },
  { name: "four labels with many values and few rows", limits: [100, 100, 100, 100], rows: 40 },
  { name: "three labels of ten bits and few rows", limits: [1000, 1000, 1000], rows: 12 },
  { name: "three labels of ten bits and many rows", limits: [1000, 1000, 1000], rows: 3000 },
  { name: "ids of 31 bits together", limits: [2 ** 15, 2 ** 16], rows: 500 },
  { name: "ids of 32 bits together", limits: [2 ** 16, 2 ** 16], rows: 500 },
  { name: "five labels", limits: [3, 3, 3, 3, 3], rows: 100 },
  { name: "seven labels of few values", limits: [3, 3, 3, 3, 3, 3, 3], rows: 300 },
  { name: "seven labels of more than 31 bits", limits: [40, 40, 40, 40, 40, 40, 40], rows: 1000 },
  { name: "seven labels, most of them always absent", limits: [1, 1, 500, 1, 1, 1, 1], rows: 100 },
  { name: "forty labels", limits: new Array(40).fill(3), rows: 200 },
  { name: "two labels of two million values", limits: [2 ** 21, 2 ** 21], rows: 100 },
];

describe("RowIndex", () => {
  for (const { name, limits, rows } of shapes) {
    it(`knows every row by its ids and no other, in a random history: ${name}`, () => {
      const random = new Random(limits.length * 1000 + rows);
      const compared = new Compared(limits.length);
      const anyIds = () =>
        limits.map((limit) => (random.chance(0.3) ? random.below(Math.min(limit, 3)) : random.below(limit)));
      const steps = Math.max(4000, rows * 5);
      for (let step = 0; step < steps; step++) {
        const ids = anyIds();
        if (compared.rows.isKnown(ids)) compared.check(ids);
        const row = compared.rows.rowOf.get(ids.join());
        // It swings about the number of rows, so that tables are crowded and get empty again.
        const wantsMore = compared.rows.live.size < rows * (step % (rows * 2) < rows ? 1.2 : 0.6);
        if (row !== undefined && random.chance(0.5)) compared.remove(row);
        else if (row === undefined && wantsMore) compared.insert(ids);
        else if (compared.rows.live.size > 0 && !wantsMore)
          compared.remove(random.pick([...firstOf(compared.rows.live.keys(), 20)]));
        if (step % Math.ceil(steps / 40) === 0) compared.checkAll();
      }
      compared.checkAll();
      for (const row of [...compared.rows.live.keys()]) {
        compared.remove(row);
        if (random.chance(0.02)) compared.checkAll();
      }
      for (let i = 0; i < 100; i++) {
        const ids = anyIds();
        if (compared.rows.isKnown(ids)) assert.equal(compared.find(ids), -1);
      }
    });
  }

  it("keeps the rows behind a removed one within reach, however crowded the table is", () => {
    // Every set of 18 rows among 64 small keys, filled and emptied in random order: long runs, and runs around the end.
    for (let seed = 0; seed < 300; seed++) {
      const random = new Random(seed);
      const compared = new Compared(3);
      // A combination far off makes the keys too many for a plain table.
      compared.insert([700, 700, 700]);
      const all = Array.from({ length: 64 }, (_, i) => [i & 3, (i >> 2) & 3, i >> 4]);
      for (const ids of random.sample(all, 18)) compared.insert(ids);
      assert.ok(compared.index.byteLength < 1024);
      for (const row of random.sample([...compared.rows.live.keys()], 19)) {
        compared.remove(row);
        for (const ids of all) compared.check(ids);
      }
    }
  });

  it("packs the ids into one key as long as 31 bits hold them", () => {
    // biome-ignore format: a table
    for (const [ids, isPacked] of [
      [[1], true], [[2 ** 31 - 1], true], [[2 ** 30, 1], false], [[2 ** 15 - 1, 2 ** 16 - 1], true], [[2 ** 15, 2 ** 16 - 1], false],
      [[1, 1, 1, 1, 1, 1, 1], true], [[15, 15, 15, 15, 15, 15, 127], true], [[15, 15, 15, 15, 15, 15, 128], false],
      [new Array(31).fill(1), true], [new Array(32).fill(1), false],
    ] as const) {
      const compared = new Compared(ids.length);
      compared.insert(ids);
      compared.insert(ids.map(() => 0));
      assert.deepEqual([compared.index.isPacked, compared.find(ids), compared.find(ids.map(() => 0))], [isPacked, 0, 1]);
      if (!isPacked) continue;
      const { index } = compared;
      const unpacked = new Int32Array(ids.length);
      index.unpack(
        ids.reduce((key, id, i) => key | (id << (index.shifts[i] as number)), 0),
        unpacked,
      );
      assert.deepEqual([...unpacked], [...ids]);
    }
  });

  it("tells rows apart whose hashes are the same", () => {
    // Of so many, some keys of 32 bits coincide: about three pairs of rows, and ten rows with ids that no row has.
    const random = new Random(9);
    const rowOf = new Map<number, number>();
    const ids = new Int32Array(300_000);
    const index = new RowIndex({
      width: 2,
      idLimit: () => 2 ** 20,
      idAt: (row, position) => ids[row * 2 + position] as number,
      pageCount: 1,
      forEachRowIn(_, visit) {
        for (let row = 0; row < rowOf.size; row++) visit(row);
      },
    });
    assert.equal(index.isPacked, false);
    for (let step = 0; step < 450_000; step++) {
      const [a, b] = [random.below(2 ** 20), random.below(2 ** 20)];
      const pair = Int32Array.of(a, b);
      const key = a * 2 ** 20 + b;
      const row = rowOf.get(key) ?? -1;
      if (index.find(pair) !== row) assert.equal(index.find(pair), row, `the row of ${a}, ${b}`);
      if (row >= 0 || rowOf.size === ids.length / 2) continue;
      const made = rowOf.size;
      ids.set(pair, made * 2);
      rowOf.set(key, made);
      index.insert(made, pair);
    }
    for (let row = 0; row < rowOf.size; row++) {
      if (index.find(ids.subarray(row * 2, row * 2 + 2)) !== row) assert.fail(`row ${row} is not found`);
    }
  });

  it("grows beside rows that come and go, and finds all of them meanwhile", () => {
    for (const limits of [[20_000], [1000, 1000, 1000], [40, 40, 40, 40, 40, 40, 40], [100, 100]]) {
      const random = new Random(limits.length);
      const compared = new Compared(limits.length);
      let growths: Iterator<void>[] = [];
      for (let step = 0; step < 24_000; step++) {
        const ids = limits.map((limit) => random.below(limit));
        const row = compared.rows.rowOf.get(ids.join());
        if (compared.rows.isKnown(ids)) compared.check(ids);
        if (row === undefined && compared.rows.live.size < 6_000) compared.insert(ids);
        if (random.chance(0.3)) compared.remove(row ?? (compared.rows.live.keys().next().value as number));
        // Two that want it grown, of whom one may lose interest.
        if (random.chance(0.02)) growths.push(compared.index.grow()[Symbol.iterator]());
        if (random.chance(0.01)) growths.shift();
        if (random.chance(0.3)) growths = growths.filter((growth) => growth.next().done !== true);
        if (step % 1000 === 0) compared.checkAll();
      }
      for (const growth of growths) while (growth.next().done !== true) compared.checkAll();
      compared.checkAll();
      assert.equal(compared.index.isPacked, false);
    }
  });

  it("is never laid out anew for rows that it has grown for", () => {
    const random = new Random(4);
    const compared = new Compared(3);
    let most = 0;
    for (let rows = 0; rows < 50_000; rows++) {
      if (rows % 100 === 0) {
        compared.rows.visits = 0;
        for (const _ of compared.index.grow()) {
          most = Math.max(most, compared.rows.visits);
          compared.rows.visits = 0;
        }
        compared.rows.visits = 0;
      }
      compared.insert([rows, random.below(30), random.below(5)]);
      if (rows > 1_200) assert.equal(compared.rows.visits, 0);
    }
    assert.equal(most, 1);
    compared.checkAll();
  });

  it("goes its own way when more rows come while it grows than it has room for", () => {
    const compared = new Compared(1);
    for (let id = 0; id < 1_024; id++) compared.insert([id]);
    const growth = compared.index.grow()[Symbol.iterator]();
    growth.next();
    for (let id = 1_024; id < 9_000; id++) compared.insert([id]);
    while (growth.next().done !== true);
    compared.checkAll();
    for (const _ of compared.index.grow()) compared.checkAll();
    for (let id = 9_000; id < 12_000; id++) compared.insert([id]);
    compared.checkAll();
  });

  it("has one row where there are no labels", () => {
    const compared = new Compared(0);
    assert.equal(compared.find([]), -1);
    compared.insert([]);
    assert.equal(compared.find([]), 0);
    compared.remove(0);
    assert.equal(compared.find([]), -1);
  });

  it("does not grow while rows come and go", () => {
    for (const limits of [[64], [8, 8], [1000, 1000, 1000], [40, 40, 40, 40, 40, 40, 40]]) {
      const random = new Random(limits.length);
      const compared = new Compared(limits.length);
      const comeAndGo = (times: number) => {
        for (let i = 0; i < times; i++) {
          const ids = limits.map((limit) => random.below(limit));
          if (compared.rows.rowOf.has(ids.join())) continue;
          compared.insert(ids);
          if (compared.rows.live.size > 50) compared.remove(random.pick([...firstOf(compared.rows.live.keys(), 30)]));
        }
      };
      comeAndGo(5000);
      const bytes = compared.index.byteLength;
      comeAndGo(20_000);
      assert.equal(compared.index.byteLength, bytes);
      assert.ok(bytes <= 4096, `${bytes} bytes for 50 rows`);
    }
  });
});

function* firstOf<T>(values: Iterable<T>, count: number): Iterable<T> {
  let left = count;
  for (const value of values) {
    if (left-- === 0) return;
    yield value;
  }
}
