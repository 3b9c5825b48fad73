import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Fragments } from "../../lib/storage/fragments.ts";
import { ABSENT, InternedValues } from "../../lib/storage/interned-values.ts";
import { Random } from "../judges/random.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function fragmentOf(fragments: Fragments, id: number): string {
  const start = fragments.startOf(0, id);
  return decoder.decode(fragments.bytes.subarray(start, start + fragments.lengthOf(0, id)));
}

/** Makes a text known and uses it once. */
function use(values: InternedValues, text: string): number {
  const known = values.find(text);
  const id = known >= 0 ? known : values.intern(text);
  values.retain(id);
  return id;
}

function drop(values: InternedValues, id: number): void {
  values.release(id);
  values.forgetUnused();
}

/** The fragment by the grammar of the text format, made otherwise than in lib. */
function written(name: string, text: string): string {
  return `,${name}="${text.split("\\").join("\\\\").split('"').join('\\"').split("\n").join("\\n")}"`;
}

const long = "x".repeat(10_000_000);

const texts: readonly string[] = [
  "GET",
  "200",
  "0",
  "007",
  "1023",
  "1024",
  "1e21",
  "-1",
  "+5",
  "4294967295",
  "4294967296",
  "99999999999999999999",
  "٣",
  "|",
  ",",
  ";",
  "=",
  "a|b",
  '"',
  '""',
  "\\",
  "\\\\",
  "\\n",
  "\n",
  "\r\n",
  '\\"\n',
  "\0",
  "\t",
  "\u2028",
  "\ufeff",
  "\ufeffx",
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "valueOf",
  "length",
  "undefined",
  "null",
  "NaN",
  "true",
  "é",
  "漢字",
  "😀",
  "👩‍👩‍👧‍👦",
  "a\u0301",
  "á",
  "\ufffd",
  " ",
  "  ",
  " GET",
  "GET ",
  "get",
  "exactly thirty-two ASCII letters",
  "exactly thirty-two, one of them é",
  "thirty-three ASCII letters, no more",
  "é".repeat(50),
  `${"a".repeat(31)}é`,
  `${"a".repeat(32)}é`,
  "\n".repeat(100),
  long,
  `${long}é`,
];

describe("InternedValues", () => {
  it("tells how many backslashes it put into the fragments, as long as their values are known", () => {
    const values = new InternedValues("a", "a");
    const ids = ["plain", 'say "x"\n', "\\"].map((text) => use(values, text));
    assert.deepEqual(
      [...values.escapes],
      [
        [ids[1], 3],
        [ids[2], 1],
      ],
    );
    drop(values, ids[1] as number);
    assert.deepEqual([...values.escapes], [[ids[2], 1]]);
    assert.equal(use(values, "other"), ids[1]);
    assert.equal(values.escapes.has(ids[1] as number), false);
  });

  it("gives each text an id of its own, the same whenever it is asked", () => {
    const values = new InternedValues("a", "a");
    const ids = texts.map((text) => use(values, text));
    assert.equal(new Set(ids).size, texts.length);
    for (const [i, text] of texts.entries()) {
      assert.equal(values.idOf(text), ids[i]);
      assert.equal(values.find(text), ids[i]);
      assert.ok(values.text(ids[i] as number) === text, `the text of ${text.slice(0, 40)}`);
    }
  });

  it("keeps each text as the bytes that the text format writes for it", () => {
    const fragments = new Fragments(1);
    const values = new InternedValues("http.method", '"http.method"', fragments);
    for (const text of texts) use(values, text);
    for (const text of texts) {
      // Not assert.equal, which would print ten megabytes.
      const isRight = fragmentOf(fragments, values.idOf(text)) === written('"http.method"', text);
      assert.ok(isRight, `the fragment of ${JSON.stringify(text.slice(0, 40))}`);
      assert.ok(fragments.lengthOf(0, values.idOf(text)) <= values.longestFragment);
    }
    assert.equal(fragments.prefixLengths[0], ',"http.method"="'.length);
    assert.equal(values.labelName, "http.method");
  });

  it("knows a text when it is built anew, sliced or glued", () => {
    const values = new InternedValues("a", "a");
    const id = use(values, "a path of more than thirteen letters");
    const digits = use(values, "12345678901234567890");
    const page = "see a path of more than thirteen letters, or 12345678901234567890";
    assert.equal(values.idOf(page.slice(4, 40)), id);
    assert.equal(values.idOf(["a path of more", "than thirteen letters"].join(" ")), id);
    assert.equal(values.idOf(page.slice(45)), digits);
  });

  it("takes undefined, null and the empty text for the absent label", () => {
    const values = new InternedValues("a", "a");
    for (const value of [undefined, null, ""]) {
      assert.equal(values.idOf(value), ABSENT);
      assert.equal(values.find(value), ABSENT);
    }
    assert.equal(values.text(ABSENT), "");
    for (let i = 0; i < 3; i++) values.retain(ABSENT);
    for (let i = 0; i < 3; i++) drop(values, ABSENT);
    assert.equal(values.idOf(undefined), ABSENT);
  });

  it("does not know what nobody gave it", () => {
    const values = new InternedValues("a", "a");
    for (const value of [...texts, 0, -0, 1, 200, 1023, 1024, 0.5, Number.NaN, Infinity, true, false, "\ud83d"]) {
      assert.equal(values.idOf(value), -1);
      assert.equal(values.find(value), -1);
    }
    assert.equal(values.idLimit, 1);
  });

  // biome-ignore format: a table
  const spellings: readonly (readonly [text: string, ...same: unknown[]])[] = [
    ["200", 200], ["0", 0, -0], ["1", 1], ["1023", 1023], ["1024", 1024], ["1.5", 1.5], ["-1", -1], ["1e+21", 1e21],
    ["4294967296", 2 ** 32], ["5e-324", 5e-324], ["NaN", Number.NaN], ["Infinity", Infinity], ["true", true],
    ["false", false], ["\ufffd", "\ud83d", "\ude00"], ["a\ufffd\ufffdb", "a\ude00\ud83db"],
  ];

  for (const [text, ...same] of spellings) {
    const said = same.map((value) =>
      Object.is(value, -0) ? "-0" : typeof value === "string" ? JSON.stringify(value) : value,
    );
    it(`takes ${said.join(" and ")} for the text ${JSON.stringify(text)}`, () => {
      const values = new InternedValues("a", "a");
      const id = use(values, text);
      for (const value of [...same, ...same]) assert.equal(values.find(value), id);
      drop(values, id);
      for (const value of same) assert.equal(values.find(value), -1);
      // Its id is another text's now, and no spelling may lead there.
      assert.equal(use(values, "another"), id);
      for (const value of same) assert.equal(values.find(value), -1);
    });
  }

  it("does not take a number for a text that only looks like it", () => {
    const values = new InternedValues("a", "a");
    for (const text of ["007", "0200", "200.0", "2e2", "+200", " 200", "200 ", "0xc8", "-0", "True"]) use(values, text);
    for (const value of [7, 200, -0, 0, true]) assert.equal(values.find(value), -1);
    const id = use(values, "7");
    assert.equal(values.find(7), id);
    drop(values, values.idOf("007"));
    assert.equal(values.find(7), id);
  });

  // biome-ignore format: a table
  const refused: readonly (readonly [value: unknown, said: string])[] = [
    [{}, "an object"], [["GET"], "an array"], [() => "GET", "a function"], [Symbol("GET"), "a symbol"], [200n, "a bigint"],
    [new Date(0), "an object"], [new String("GET"), "an object"],
  ];

  for (const [value, said] of refused) {
    it(`refuses ${said} where a label value should be`, () => {
      const values = new InternedValues("method", "method");
      use(values, "GET");
      assert.throws(() => values.find(value), {
        name: "TypeError",
        message: `Label "method" must be a string, number or boolean, but got ${said}.`,
      });
      assert.equal(values.idOf(value), -1);
      assert.equal(values.idLimit, 2);
    });
  }

  it("forgets a text when the last of its uses is gone, and not before", () => {
    const values = new InternedValues("a", "a");
    const id = use(values, "GET");
    values.retain(id);
    drop(values, id);
    assert.equal(values.idOf("GET"), id);
    values.release(id);
    assert.equal(values.idOf("GET"), id);
    values.forgetUnused();
    assert.equal(values.idOf("GET"), -1);
    assert.equal(values.text(id), "");
  });

  it("keeps a text that is used again before it was forgotten", () => {
    const values = new InternedValues("a", "a");
    const id = use(values, "GET");
    // Out of use three times over, and in use in the end.
    for (let i = 0; i < 3; i++) {
      values.release(id);
      values.retain(id);
    }
    values.forgetUnused();
    assert.equal(values.idOf("GET"), id);
    values.release(id);
    values.retain(id);
    values.release(id);
    values.forgetUnused();
    assert.equal(values.idOf("GET"), -1);
    assert.deepEqual([use(values, "PUT"), use(values, "POST")], [id, id + 1]);
  });

  it("gives the ids of forgotten texts out again, each once", () => {
    const values = new InternedValues("a", "a");
    const ids = Array.from({ length: 100 }, (_, i) => use(values, `first ${i}`));
    for (const id of ids) values.release(id);
    values.forgetUnused();
    const again = Array.from({ length: 100 }, (_, i) => use(values, `second ${i}`));
    assert.deepEqual(
      [...again].sort((a, b) => a - b),
      ids,
    );
    assert.equal(values.idLimit, 101);
  });

  it("knows what a Map with counts knows, after any history", () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = new Random(seed);
      const fragments = new Fragments(1);
      const values = new InternedValues("a", "a", fragments);
      const uses = new Map<string, number>();
      const pool = [...new Set(Array.from({ length: 150 }, () => random.hostileText().toWellFormed()))];
      for (let step = 0; step < 3000; step++) {
        const text = random.chance(0.2) ? String(random.below(1100)) : random.pick(pool);
        const used = uses.get(text) ?? 0;
        if (used > 0 && random.chance(0.6)) {
          values.release(values.idOf(text));
          if (random.chance(0.7)) values.forgetUnused();
          uses.set(text, used - 1);
        } else {
          use(values, text);
          uses.set(text, used + 1);
        }
      }
      values.forgetUnused();
      const ids = new Set<number>();
      let longest = 0;
      for (const [text, used] of uses) {
        const id = values.idOf(text);
        if (used === 0) {
          assert.equal(id, -1);
          continue;
        }
        assert.equal(values.text(id), text);
        assert.equal(fragmentOf(fragments, id), written("a", text));
        longest = Math.max(longest, fragments.lengthOf(0, id));
        ids.add(id);
      }
      assert.equal(ids.size, [...uses.values()].filter((used) => used > 0).length);
      assert.ok(values.longestFragment >= longest);
    }
  });

  it("leaves nothing behind of values that come and go", () => {
    const random = new Random(1);
    const fragments = new Fragments(1);
    const values = new InternedValues("path", "path", fragments);
    const live: number[] = [];
    const comeAndGo = (times: number) => {
      for (let i = 0; i < times; i++) {
        live.push(use(values, `/${random.below(2 ** 31)}/${"y".repeat(random.below(60))}`));
        if (live.length > 100) drop(values, live.splice(random.below(100), 1)[0] as number);
      }
    };
    comeAndGo(10_000);
    const { idLimit } = values;
    let most = fragments.byteLength;
    for (let i = 0; i < 29; i++) {
      comeAndGo(10_000);
      most = Math.max(most, fragments.byteLength);
    }
    assert.equal(values.idLimit, idLimit);
    assert.ok(idLimit <= 102);
    // A hundred fragments of 70 bytes at the most, and room to write more without moving them each time.
    assert.ok(most < 32_768, `${most} bytes`);
  });

  it("gives the memory of long values back", () => {
    const fragments = new Fragments(1);
    const values = new InternedValues("a", "a", fragments);
    use(values, "short");
    const before = fragments.byteLength;
    const ids = Array.from({ length: 4 }, (_, i) => use(values, `${i}${long}`));
    assert.ok(fragments.byteLength > 40_000_000);
    assert.equal(values.longestFragment, `,a="0${long}"`.length);
    for (const id of ids) values.release(id);
    values.forgetUnused();
    assert.ok(fragments.byteLength <= before + 4096, `${fragments.byteLength} bytes`);
    assert.equal(values.longestFragment, ',a="short"'.length);
    assert.equal(fragmentOf(fragments, values.idOf("short")), ',a="short"');
  });

  it("tells values apart and forgets them however many there are", () => {
    const values = new InternedValues("user", "user");
    const random = new Random(6);
    const ids = new Map<string, number>();
    for (let i = 0; i < 40_000; i++) ids.set(`user-${i}`, use(values, `user-${i}`));
    assert.equal(new Set(ids.values()).size, 40_000);
    assert.equal(values.idLimit, 40_001);
    for (let step = 0; step < 20_000; step++) {
      const text = `user-${random.below(41_000)}`;
      const id = ids.get(text);
      assert.equal(values.find(text), id ?? -1);
      if (id === undefined) ids.set(text, use(values, text));
      else if (random.chance(0.5)) {
        drop(values, id);
        ids.delete(text);
      }
    }
    for (const [text, id] of ids) assert.deepEqual([values.find(text), values.text(id)], [id, text]);
    assert.ok(values.idLimit <= 41_001);
  });
});
