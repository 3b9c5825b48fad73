import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CHUNK_BYTES, Chunk } from "../../lib/formats/chunk.ts";
import { textPlan } from "../../lib/formats/text-plan.ts";
import { fitsRows, TextRows } from "../../lib/formats/text-rows.ts";
import { FamilyView } from "../../lib/storage/column-family.ts";
import { Random } from "../judges/random.ts";
import { type Columns, expose, histogram, numbers, stateSet } from "./families.ts";

/** Labels between braces, and nothing where there are none. */
function braces(labels: readonly (readonly [string, unknown])[]): string {
  const written = labels.map(
    ([name, value]) =>
      `${name}="${String(value).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`,
  );
  return written.length === 0 ? "" : `{${written.join()}}`;
}

const header = (name: string, type: string) => `# HELP ${name} Help.\n# TYPE ${name} ${type}\n`;

/**
 * What the rows write by themselves, in chunks whose first is filled up to `start`. Whenever one is full, `between`
 * hears how many bytes were written so far.
 */
function writeRows(rows: TextRows, start: number, between: (written: number) => void = () => {}): string {
  const pieces: Uint8Array[] = [];
  let written = 0;
  let chunk = new Chunk();
  chunk.length = start;
  for (let first = start; ; ) {
    const isDone = rows.write(chunk);
    if (!isDone && !chunk.isFull) continue;
    pieces.push(chunk.bytes.subarray(first, chunk.length));
    written += chunk.length - first;
    if (isDone) return Buffer.concat(pieces).toString();
    between(written);
    chunk = new Chunk();
    first = 0;
  }
}

describe("TextRows", () => {
  it("writes the same lines wherever the chunk ends", () => {
    const counter = numbers("counter", "c_total", ["a", "b"]);
    const wait = histogram("h", ["a"], [0.5, 1, 10]);
    let counterLines = "";
    let waitLines = "";
    const plain: [string, number, string][] = [
      ["x", 1, "1"],
      ["漢字", 0.1, "0.1"],
      ["", 1e21, "1e+21"],
      ['q"\\\n', -1.5, "-1.5"],
      ["y".repeat(100), Number.NaN, "NaN"],
    ];
    for (const [a, value, spelled] of plain) {
      counter.set({ a, b: "B" }, value);
      counterLines += `c_total${braces([...(a === "" ? [] : [["a", a] as const]), ["b", "B"]])} ${spelled}\n`;
    }
    for (const a of ["x", "漢字"]) {
      wait.set({ a }, 2.5, 1, 0, 2, 3);
      for (const [le, n] of [
        ["0.5", 1],
        ["1", 1],
        ["10", 3],
        ["+Inf", 6],
      ])
        waitLines += `h_bucket${braces([
          ["a", a],
          ["le", le],
        ])} ${n}\n`;
      waitLines += `h_sum${braces([["a", a]])} 2.5\nh_count${braces([["a", a]])} 6\n`;
    }
    const expected = `${header("c_total", "counter")}${counterLines}${header("h", "histogram")}${waitLines}`;
    const length = Buffer.byteLength(expected);
    for (let room = 0; room <= length + 400; room++) {
      const text = expose([counter.scraped(), wait.scraped()], { start: CHUNK_BYTES - room });
      if (text !== expected) assert.equal(text, expected, `${room} bytes of room`);
    }
  });

  it("fills chunks but for one line at the most", () => {
    const counter = numbers("counter", "c_total", ["a"]);
    for (let i = 0; i < 20_000; i++) counter.set({ a: i }, i);
    const view = new FamilyView(counter.family);
    const rows = new TextRows(
      textPlan("c_total", {}, [{ head: "c_total", labels: "", sample: 0, takesExemplar: false }], [""]),
      view,
    );
    const chunk = new Chunk();
    while (!rows.write(chunk)) {
      if (!chunk.isFull) continue;
      assert.ok(chunk.length > CHUNK_BYTES - 200, `${chunk.length} bytes`);
      chunk.clear();
    }
    view.close();
  });

  it("returns after some dozens of lines, however many rows and lines a row there are", () => {
    const many = histogram(
      "h",
      ["a"],
      Array.from({ length: 300 }, (_, i) => i),
    );
    const counter = numbers("counter", "c_total", ["a"]);
    for (let i = 0; i < 1000; i++) counter.set({ a: i }, i);
    for (let i = 0; i < 10; i++) many.set({ a: i }, i);
    const perStep: number[] = [];
    for (const columns of [counter, many]) {
      const scraped = columns.scraped();
      let before = 0;
      let steps = 0;
      const text = expose([scraped], { between: () => steps++ });
      before = text.split("\n").length;
      perStep.push(before / steps);
    }
    assert.ok(
      perStep.every((lines) => lines <= 310),
      `${perStep} lines a step`,
    );
  });

  it("skips rows without series, on pages full of them too", () => {
    const counter = numbers("counter", "c_total", ["a"]);
    for (let i = 0; i < 10_000; i++) counter.set({ a: i }, i);
    for (let i = 0; i < 10_000; i++) if (i % 3333 !== 0) counter.remove({ a: i });
    assert.equal(
      expose([counter.scraped()]),
      `${header("c_total", "counter")}c_total{a="0"} 0\nc_total{a="3333"} 3333\nc_total{a="6666"} 6666\nc_total{a="9999"} 9999\n`,
    );
  });

  it("writes rows of many pages, of one line and of several", () => {
    const random = new Random(5);
    const gauge = numbers("gauge", "g", ["a", "b", "c"]);
    const wait = histogram("h", ["a", "b"], [1, 2]);
    let expected = header("g", "gauge");
    for (let i = 0; i < 12_000; i++) {
      const value = random.below(1e9);
      gauge.set({ a: i, b: i % 10, c: i % 3 === 0 ? undefined : "c" }, value);
      expected += `g${braces([["a", i], ["b", i % 10], ...(i % 3 === 0 ? [] : [["c", "c"] as const])])} ${value}\n`;
    }
    expected += header("h", "histogram");
    for (let i = 0; i < 3000; i++) {
      const counts = [random.below(9), random.below(9), random.below(9)] as const;
      wait.set({ a: i % 60, b: Math.floor(i / 60) }, i, ...counts);
      const own = [
        ["a", i % 60],
        ["b", Math.floor(i / 60)],
      ] as const;
      let count = 0;
      for (const [k, le] of ["1", "2", "+Inf"].entries()) {
        count += counts[k] as number;
        expected += `h_bucket${braces([...own, ["le", le]])} ${count}\n`;
      }
      expected += `h_sum${braces(own)} ${i}\nh_count${braces(own)} ${count}\n`;
    }
    assert.ok(expose([gauge.scraped(), wait.scraped()]) === expected);
  });

  // biome-ignore format: a table
  const changes: readonly (readonly [name: string, change: (columns: Columns) => void])[] = [
    ["is removed", (columns) => columns.clear()],
    ["is removed and comes back", (columns) => { columns.clear(); columns.set({ a: "x" }, 9, 9, 9); }],
    ["is removed for others", (columns) => { columns.clear(); for (let i = 0; i < 50; i++) columns.set({ a: `new ${i}` }, 9, 9, 9); }],
    ["is removed from a frozen view", (columns) => { columns.table.freezeLeases(); columns.clear(); }],
    ["is removed before its view is frozen", (columns) => { columns.clear(); columns.table.freezeLeases(); }],
    ["gets other numbers", (columns) => void columns.set({ a: "x" }, 9, 9, 9)],
  ];
  for (const [name, change] of changes) {
    it(`writes a series to its end, as it was, when in the middle of its lines it ${name}`, () => {
      const lines = [
        'h_bucket{a="x",le="1"} 1\n',
        'h_bucket{a="x",le="+Inf"} 3\n',
        'h_sum{a="x"} 2.5\n',
        'h_count{a="x"} 3\n',
      ];
      const plan = textPlan(
        "h",
        {},
        [
          { head: "h_bucket", labels: ',le="1"', sample: 0, takesExemplar: false },
          { head: "h_bucket", labels: ',le="+Inf"', sample: 1, takesExemplar: false },
          { head: "h_sum", labels: "", sample: 2, takesExemplar: false },
          { head: "h_count", labels: "", sample: 3, takesExemplar: false },
        ],
        [""],
      );
      const endsOfChunks = new Set<number>();
      for (let room = 0; room < 300; room++) {
        const columns = histogram("h", ["a"], [1]).set({ a: "x" }, 2.5, 1, 2);
        const view = new FamilyView(columns.family);
        const text = writeRows(new TextRows(plan, view), CHUNK_BYTES - room, (written) => {
          if (written === 0) return;
          endsOfChunks.add(written);
          change(columns);
        });
        view.close();
        assert.equal(text, lines.join(""));
      }
      assert.deepEqual(
        [...endsOfChunks],
        lines.slice(1).map((_, i) => lines.slice(0, i + 1).join("").length),
      );
    });
  }

  it("writes what was there when the view was opened, while longer label values come", () => {
    const counter = numbers("counter", "c_total", ["a"]);
    let expected = header("c_total", "counter");
    for (let i = 0; i < 5000; i++) {
      counter.set({ a: i }, i);
      expected += `c_total{a="${i}"} ${i}\n`;
    }
    let made = 0;
    const text = expose([counter.scraped()], {
      between: () => counter.set({ a: `${made++}${"long".repeat(made * 500)}` }, 1),
    });
    assert.ok(made > 10);
    assert.ok(text === expected);
  });

  it("takes only lines that surely fit into a quarter of a chunk", () => {
    const plan = textPlan("g", {}, [{ head: "g", labels: "", sample: 0, takesExemplar: false }], [""]);
    const isFit = (length: number) =>
      fitsRows(plan, numbers("gauge", "g", ["a"]).set({ a: "x".repeat(length) }, 1).table);
    assert.deepEqual([isFit(0), isFit(16_000), isFit(16_384), isFit(70_000)], [true, true, false, false]);
  });

  it("writes lines of any length around that limit alike", () => {
    for (let length = 16_384 - 120; length <= 16_384 + 20; length++) {
      const gauge = numbers("gauge", "g", ["a", "b"]);
      const wait = histogram("h", ["a"], [1]);
      const long = "x".repeat(length);
      for (const a of ["short", long, `${long.slice(1)}é`]) {
        gauge.set({ a }, 1).set({ b: a }, 2);
        wait.set({ a }, 0.5, 1, 0);
      }
      const expected = [header("g", "gauge")];
      for (const a of ["short", long, `${long.slice(1)}é`]) expected.push(`g{a="${a}"} 1\n`, `g{b="${a}"} 2\n`);
      expected.push(header("h", "histogram"));
      for (const a of ["short", long, `${long.slice(1)}é`]) {
        expected.push(
          `h_bucket{a="${a}",le="1"} 1\nh_bucket{a="${a}",le="+Inf"} 1\nh_sum{a="${a}"} 0.5\nh_count{a="${a}"} 1\n`,
        );
      }
      assert.ok(expose([gauge.scraped(), wait.scraped()], { start: length % 7 }) === expected.join(""), `${length}`);
    }
  });

  it("writes the longest lines it takes at the very end of a chunk", () => {
    const { table, family } = numbers("gauge", "g", ["a"]).set({ a: "x".repeat(16_300) }, -0.0000012345678901234567);
    const plan = textPlan("g", {}, [{ head: "g", labels: ',z="Z"', sample: 0, takesExemplar: false }], [""]);
    assert.equal(fitsRows(plan, table), true);
    const expected = `g{a="${"x".repeat(16_300)}",z="Z"} -0.0000012345678901234567\n`;
    for (let room = expected.length - 40; room < expected.length + 80; room++) {
      const view = new FamilyView(family);
      assert.ok(writeRows(new TextRows(plan, view), CHUNK_BYTES - room) === expected, `${room} bytes of room`);
      view.close();
    }
  });

  it("leaves room for long labels that stand for absent ones", () => {
    const defaults = { a: "A".repeat(5000), b: "B".repeat(5000), z: "Z".repeat(3000) };
    const gauge = numbers("gauge", "g", ["a", "b"]).set({}, 1).set({ a: "x" }, 2).set({ a: "x", b: "y" }, 3);
    const lines = [{ ...defaults }, { ...defaults, a: "x" }, { ...defaults, a: "x", b: "y" }].map(
      (labels, i) => `g${braces(Object.entries(labels))} ${i + 1}\n`,
    );
    for (let room = 0; room < 30_000; room += 97) {
      assert.ok(
        expose([gauge.scraped(defaults)], { start: CHUNK_BYTES - room }) === header("g", "gauge") + lines.join(""),
      );
    }
  });

  it("puts the braces where labels are: the row's, the family's, the type's, all or none", () => {
    for (const own of [true, false]) {
      for (const constant of [true, false]) {
        for (const state of [true, false]) {
          const columns = state ? stateSet("m", ["a"], ["on", "off"]) : numbers("gauge", "m", ["a"]);
          columns.set({ a: own ? "A" : "" }, 1, ...(state ? [0] : []));
          const labels = [...(own ? [["a", "A"] as const] : []), ...(constant ? [["z", "Z"] as const] : [])];
          const lines = state
            ? [`m${braces([...labels, ["m", "on"]])} 1\n`, `m${braces([...labels, ["m", "off"]])} 0\n`]
            : [`m${braces(labels)} 1\n`];
          assert.equal(expose([columns.scraped(constant ? { z: "Z" } : {})]), header("m", "gauge") + lines.join(""));
        }
      }
    }
  });
});
