import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse } from "../../lib/formats/parse.ts";
import { Random } from "../judges/random.ts";
import { checkInput, fuzzInput } from "./fuzz.ts";
import { bytesField, integerField, textField, varint } from "./naive-writers.ts";

const text = "text/plain; version=0.0.4";
const openMetrics = "application/openmetrics-text; version=1.0.0";
const protobuf = "application/vnd.google.protobuf";

/** The processor time that reading an input takes, in milliseconds: the lesser of two, and none but ours. */
function cost(input: Uint8Array | string, contentType: string): number {
  const costs = Array.from({ length: 2 }, () => {
    const before = process.cpuUsage();
    try {
      parse(input, contentType, { maxLineBytes: 2 ** 26, maxLabels: 2 ** 26 });
    } catch (error) {
      assert.equal((error as Error).name, "ParseError");
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  });
  return Math.min(...costs);
}

describe("the readers", () => {
  it("read or refuse anything, the same wherever it is cut", async () => {
    for (let seed = 0; seed < 250; seed++) {
      const random = new Random(seed);
      const input = fuzzInput(random);
      try {
        await checkInput(input, random);
      } catch (error) {
        throw new Error(`Seed ${seed} found something.`, { cause: error });
      }
    }
  });

  // Each of these found something when the fuzzer came to it.
  for (const [sentence, contentType, latin1] of [
    ["a first byte that is no UTF-8", text, "\u00d5 TYPE a counter\n# HELP a b\na 1\n"],
    ["a broken line behind whole families", openMetrics, "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n\0c 1\n# EOF\n"],
    ["a help text of blanks", text, "# HELP a  \n# TYPE a gauge\na 1\n"],
    ["a type line that ends in blanks", text, "# TYPE a  \na 1\n"],
  ] as const) {
    it(`read or refuse ${sentence}`, async () => {
      await checkInput({ contentType, bytes: Buffer.from(latin1, "latin1") }, new Random(1));
    });
  }

  it("take no longer for each byte of a large input than for each of a small one", () => {
    const many = (count: number, part: (i: number) => string) =>
      Array.from({ length: count }, (_, i) => part(i)).join("");
    // Names that collide in a hash of the form h * 31 + c.
    const hostile = (i: number) => i.toString(2).padStart(17, "0").replaceAll("0", "Aa").replaceAll("1", "BB");
    const inputs: readonly (readonly [
      sentence: string,
      contentType: string,
      input: (size: number) => Uint8Array | string,
    ])[] = [
      ["a series again and again", text, (n) => "a 1\n".repeat(n)],
      ["a bucket again and again", text, (n) => `# TYPE a histogram\n${'a_bucket{le="1"} 1\n'.repeat(n)}a_count 1\n`],
      [
        "bounds that fall",
        text,
        (n) => `# TYPE a histogram\n${many(n, (i) => `a_bucket{le="${n - i}"} 1\n`)}a_count 1\n`,
      ],
      ["two series by turns", text, (n) => `# TYPE a summary\n${many(n, (i) => `a_sum{b="${i % 2}"} 1\n`)}`],
      [
        "two whole series by turns, their bounds falling",
        text,
        (n) =>
          `# TYPE a histogram\n${many(2, (b) => `a_sum{b="${b}"} 1\na_count{b="${b}"} 1\n`)}${many(n, (i) => `a_bucket{b="${i % 2}",le="${n - i}"} 1\n`)}`,
      ],
      ["families by turns", text, (n) => many(n, (i) => `a${i % 2} 1\n`)],
      ["many families", openMetrics, (n) => `${many(n, (i) => `a${i} 1\n`)}# EOF\n`],
      ["names that hash alike", text, (n) => many(n, (i) => `${hostile(i)} 1\n`)],
      ["values that hash alike", openMetrics, (n) => `${many(n, (i) => `a{b="${hostile(i)}"} 1\n`)}# EOF\n`],
      ["a line of labels", text, (n) => `a{${many(n, (i) => `b${i}="",`)}} 1\n`],
      ["a line of labels, twice", text, (n) => `a{${many(n, (i) => `b${i}="",`)}} 1\n`.repeat(2)],
      ["labels that are numbers", text, (n) => `a{${many(n, (i) => `"${i * 7919}"="",`)}} 1\n`],
      ["a value of escapes", text, (n) => `a{b="${"\\n".repeat(n)}"} 1\n`],
      ["a number of digits", text, (n) => `a ${"9".repeat(n)}\n`],
      ["an exponent of digits", text, (n) => `a 1e${"9".repeat(n)}\n`],
      ["emoji before an error", text, (n) => `a{b="${"\u{1f600}".repeat(n)}",} x\n`],
      ["empty lines", text, (n) => "\n".repeat(n)],
      [
        "labels without end",
        protobuf,
        (n) =>
          message(
            many(n, () => "x")
              .split("")
              .flatMap((_, i) => bytesField(1, textField(1, `a${i}`))),
          ),
      ],
      ["spans of nothing", protobuf, (n) => message(bytesField(7, Array(n).fill(bytesField(12)).flat()))],
    ];
    for (const [sentence, contentType, input] of inputs) {
      const small = cost(input(1_000), contentType);
      const large = cost(input(10_000), contentType);
      // Ten times as much is as it should be; were it quadratic, it would be a hundred times.
      assert.ok(large < 60 * Math.max(small, 1), `${sentence}: ${small} ms, then ${large} ms`);
    }
  });

  it("go no deeper than the format does", () => {
    let nested: readonly number[] = [];
    for (let i = 0; i < 300; i++) nested = bytesField(4, nested);
    assert.throws(() => parse(Uint8Array.from([...varint(nested.length), ...nested]), protobuf), {
      name: "ParseError",
    });
    assert.throws(() => parse(Uint8Array.of(4, 0x23, 0x23, 0x23, 0x23), protobuf), { name: "ParseError" });
  });

  it("keep labels that mean something to JavaScript", () => {
    const [family] = parse('a{__proto__="x",constructor="y",toString="z",hasOwnProperty="w"} 1\n__proto__ 2\n', text);
    const labels = family?.series[0]?.labels ?? {};
    assert.deepEqual(Object.entries(labels), [
      ["__proto__", "x"],
      ["constructor", "y"],
      ["toString", "z"],
      ["hasOwnProperty", "w"],
    ]);
    assert.equal(Object.getPrototypeOf(labels), Object.prototype);
  });
});

function message(metric: readonly number[]): Uint8Array {
  const family = [...textField(1, "f"), ...integerField(3, 4), ...bytesField(4, metric)];
  return Uint8Array.from([...varint(family.length), ...family]);
}
