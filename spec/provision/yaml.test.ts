import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { describe, it } from "node:test";
import { type YamlValue, yamlDocument } from "../../lib/provision/yaml.ts";
import { root } from "../bin/program.ts";
import { Random } from "../judges/random.ts";

const isInstalled = existsSync(join(root, "spec/node_modules/yaml"));
if (process.env["CI"]) assert.ok(isInstalled, "The packages of spec/package.json are not installed.");

/** Texts that one reader of YAML or another could take for something else. */
const hostileTexts = [
  "",
  " ",
  " a",
  "a ",
  "true",
  "Yes",
  "NO",
  "off",
  "y",
  "null",
  "~",
  "1",
  "-1",
  "0x10",
  "1e3",
  "1_000",
  "12:30:45",
  "2024-01-01",
  ".inf",
  "-.INF",
  ".nan",
  "- a",
  "-",
  "? a",
  ": a",
  "a: b",
  "a:",
  "a #b",
  "#a",
  "&a",
  "*a",
  "!a",
  "|",
  ">",
  "%a",
  "@a",
  "`a",
  "'a'",
  '"a"',
  "[a]",
  "{a: b}",
  "a,b",
  "---",
  "...",
  "<<",
  "=",
  "a\nb",
  "a\n",
  "\na",
  "a\n\nb",
  ' "a"\n b',
  'a "b"\n  c',
  'a\t"b"',
  "\t",
  "\0",
  "\x7f\x85\x9f",
  "\u2028\u2029\ufeff",
  "𝒳 ü 😱",
  "back\\slash",
  "{{ $labels.job }}: {{ $value | humanize }}",
  'up{job="a\\nb"} == 0',
];

describe("yamlDocument", () => {
  it("writes block style, and quotes only what needs it", () => {
    assert.equal(
      yamlDocument({
        name: "app",
        interval: "15s",
        count: 3,
        ratio: 0.5,
        on: true,
        none: undefined,
        empty: { list: [], map: {}, left: { out: undefined } },
        list: ["a", 'b="c"', ["nested", "list"], { key: "value", more: ["x"] }],
        expr: 'sum(\nup{job="a"}\n)',
      }),
      `name: app
interval: "15s"
count: 3
ratio: 0.5
"on": true
empty:
  list: []
  map: {}
  left: {}
list:
  - a
  - |-
    b="c"
  - - nested
    - list
  - key: value
    more:
      - x
expr: |-
  sum(
  up{job="a"}
  )
`,
    );
  });

  describe("read by another library", { skip: isInstalled ? false : "spec/package.json is not installed" }, () => {
    const read = (document: string, version: "1.1" | "1.2") => {
      const { parse } = createRequire(join(root, "spec/package.json"))("yaml");
      return parse(document, { version });
    };
    for (const version of ["1.1", "1.2"] as const) {
      it(`is what was written, by YAML ${version}, with hostile texts everywhere`, () => {
        for (const text of hostileTexts) {
          const values: YamlValue[] = [
            { key: text },
            { [text]: "value" },
            [text, [text]],
            { list: [{ [text]: text }] },
          ];
          for (const value of values) {
            // A merge key is what YAML 1.1 makes of "<<", also in quotes, to this reader.
            if (text === "<<" && version === "1.1") continue;
            assert.deepEqual(read(yamlDocument(value), version), value, yamlDocument(value));
          }
        }
      });

      it(`is what was written, by YAML ${version}, for random values`, () => {
        const random = new Random(7);
        for (let i = 0; i < 500; i++) {
          const value = { root: randomValue(random, 4) };
          assert.deepEqual(read(yamlDocument(value), version), value, yamlDocument(value));
        }
      });
    }
  });

  it("writes half a surrogate pair as U+FFFD, for no encoding has it", () => {
    assert.equal(yamlDocument("a\ud800"), '"a\ufffd"\n');
  });
});

function randomValue(random: Random, depth: number): YamlValue {
  const kind = random.below(depth === 0 ? 3 : 5);
  const text = () => hostileTexts.filter((one) => one !== "<<")[random.below(hostileTexts.length - 1)] as string;
  if (kind === 0) return text();
  if (kind === 1) return random.below(1000) / 8;
  if (kind === 2) return random.below(2) === 0;
  const items = Array.from({ length: random.below(4) }, () => randomValue(random, depth - 1));
  return kind === 3 ? items : Object.fromEntries(items.map((item, i) => [`${text()}${i}`, item]));
}
