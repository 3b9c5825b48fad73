import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parse, parseStream } from "../../lib/formats/parse.ts";
import type { ParseLimits } from "../../lib/formats/parse-limits.ts";
import type { MetricFamily } from "../../lib/model/family.ts";
import { naiveProtobuf } from "./naive-writers.ts";

const text = "text/plain; version=0.0.4";
const openMetrics = "application/openmetrics-text; version=1.0.0";
const protobuf = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

async function* pieces(...texts: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const one of texts) yield typeof one === "string" ? Buffer.from(one) : one;
}

describe("parse", () => {
  it("reads what the content type says", () => {
    const gauge: MetricFamily = { name: "a", type: "unknown", help: "", series: [{ labels: {}, value: 1 }] };
    for (const type of [
      "text/plain",
      'Text/Plain ; Version="0.0.4"; charset=utf-8',
      "text/plain; version=1.0.0; escaping=allow-utf-8",
    ]) {
      assert.deepEqual(parse("a 1\n", type), [gauge], type);
    }
    for (const type of [
      "application/openmetrics-text",
      `${openMetrics}; charset=utf-8`,
      "application/openmetrics-text;version=0.0.1",
    ]) {
      assert.deepEqual(parse("a 1\n# EOF\n", type), [gauge], type);
    }
    assert.deepEqual(parse(naiveProtobuf([gauge]), protobuf), [gauge]);
  });

  it("refuses a content type that it can't read", () => {
    for (const type of [
      "",
      "text/html",
      "text/plain; version=0.0.5",
      "application/openmetrics-text; version=2.0.0",
      "application/vnd.google.protobuf; encoding=text",
      "__proto__",
    ]) {
      assert.throws(() => parse("", type), {
        name: "RangeError",
        message: `Content type ${JSON.stringify(type)} can't be read. It must be text/plain (version 0.0.4 or 1.0.0), application/openmetrics-text (1.0.0) or application/vnd.google.protobuf (a delimited io.prometheus.client.MetricFamily).`,
      });
    }
  });

  it("refuses half a surrogate pair, and protobuf in a string", () => {
    assert.throws(() => parse('a 1\nb{c="漢\ud83d"} 1\n', text), {
      name: "ParseError",
      message: "Line 2, column 7: expected text, but found half a surrogate pair.",
    });
    assert.throws(() => parse("", protobuf), {
      name: "TypeError",
      message: "An input in protobuf must be bytes, not a string.",
    });
  });

  const four: MetricFamily = {
    name: "a",
    type: "unknown",
    help: "",
    series: ["1", "2", "3", "4"].map((b) => ({ labels: { b, c: "x" }, value: 1 })),
  };
  for (const [limits, input, type, message] of [
    [
      { maxLineBytes: 8 },
      "a 1\nabcdefg 1\n",
      text,
      "Line 2, column 1: expected a line of at most 8 bytes, but found a longer one.",
    ],
    [{ maxFamilies: 2 }, "a 1\nb 1\nc 1\n", text, "Line 3, column 1: expected at most 2 families, but found another."],
    [
      { maxFamilies: 2 },
      "a 1\nb 1\nc 1\n# EOF\n",
      openMetrics,
      "Line 3, column 1: expected at most 2 families, but found another.",
    ],
    [
      { maxSamples: 2 },
      "a 1\na 1\na 1\n",
      text,
      'Line 3, column 1: expected at most 2 samples of "a", but found another.',
    ],
    [{ maxLabels: 1 }, 'a{b="1",c="1"} 1\n', text, "Line 1, column 9: expected at most 1 labels, but found another."],
    [{ maxLabels: 1 }, naiveProtobuf([four]), protobuf, "Byte 19: expected at most 1 labels, but found another."],
    [
      { maxSamples: 3 },
      naiveProtobuf([four]),
      protobuf,
      "Byte 96: expected at most 3 samples in a family, but found another.",
    ],
    [
      { maxMessageBytes: 10 },
      naiveProtobuf([four]),
      protobuf,
      "Byte 0: expected a message of at most 10 bytes, but found a longer one.",
    ],
    [
      { maxFamilies: 1 },
      naiveProtobuf([four, four]),
      protobuf,
      "Byte 125: expected at most 1 families, but found another.",
    ],
  ] as const) {
    it(`keeps to ${JSON.stringify(limits)}`, () => {
      assert.throws(() => parse(input, type, limits), { name: "ParseError", message });
    });
  }

  it("refuses a limit that admits nothing", () => {
    for (const [name, value] of [
      ["maxLineBytes", 0],
      ["maxSamples", Number.NaN],
      ["maxLabels", -1],
    ] as const) {
      assert.throws(() => parse("", text, { [name]: value }), {
        name: "RangeError",
        message: `${name} must be at least 1, but got ${value}.`,
      });
    }
  });
});

describe("parseStream", () => {
  it("yields each family as soon as it is complete", async () => {
    for (const [type, inputs] of [
      [text, ["a 1\n", "b 2\n", "c 3\n"]],
      [openMetrics, ["a 1\n", "b 2\n", "c 3\n# EOF\n"]],
    ] as const) {
      const taken: string[] = [];
      async function* source() {
        for (const input of inputs) {
          taken.push(input);
          yield Buffer.from(input);
        }
      }
      for await (const { name } of parseStream(source(), type)) taken.push(name);
      assert.deepEqual(taken, [inputs[0], inputs[1], "a", inputs[2], "b", "c"]);
    }
  });

  it("yields a family of text that comes back in several parts", async () => {
    const found: unknown[] = [];
    const input = '# HELP a Help.\n# TYPE a counter\na{x="1"} 1\nb 1\na{x="2"} 2\n';
    for await (const family of parseStream(pieces(input), text)) found.push(family);
    assert.deepEqual(found, [
      { name: "a", type: "counter", help: "Help.", series: [{ labels: { x: "1" }, value: 1 }] },
      { name: "b", type: "unknown", help: "", series: [{ labels: {}, value: 1 }] },
      { name: "a", type: "counter", help: "Help.", series: [{ labels: { x: "2" }, value: 2 }] },
    ]);
  });

  it("yields the families before an error, and passes on what its source throws", async () => {
    const names: string[] = [];
    await assert.rejects(
      async () => {
        for await (const { name } of parseStream(pieces("a 1\nb 1\n", "c x\n"), text)) names.push(name);
      },
      { name: "ParseError", message: 'Line 3, column 3: expected a value, but found "x".' },
    );
    assert.deepEqual(names, ["a", "b"]);
    const error = new Error("reset");
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("a 1\n");
      throw error;
    }
    await assert.rejects(async () => {
      for await (const _ of parseStream(broken(), text));
    }, error);
  });

  it("ends its source when its reader leaves", async () => {
    let isEnded = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (let i = 0; ; i++) yield Buffer.from(`a${i} 1\n`);
      } finally {
        isEnded = true;
      }
    }
    for await (const _ of parseStream(endless(), text)) break;
    assert.ok(isEnded);
  });

  it("holds back no more than a line, a message, or a family", async () => {
    const block = Buffer.alloc(1 << 20, "x");
    for (const [type, first, limits, message] of [
      [text, "a", {}, "Line 1, column 1: expected a line of at most 1048576 bytes, but found a longer one."],
      [openMetrics, 'a{b="', {}, "Line 1, column 1: expected a line of at most 1048576 bytes, but found a longer one."],
      [
        protobuf,
        Uint8Array.of(0xff, 0xff, 0xff, 0x07),
        { maxMessageBytes: 1 << 20 },
        "Byte 2: expected a message of at most 1048576 bytes, but found a longer one.",
      ],
    ] as [string, string | Uint8Array, ParseLimits, string][]) {
      let blocks = 0;
      async function* hundredMegabytes(): AsyncGenerator<Uint8Array> {
        yield Buffer.from(first as string);
        for (; blocks < 100; blocks++) yield block;
      }
      await assert.rejects(
        async () => {
          for await (const _ of parseStream(hundredMegabytes(), type, limits));
        },
        { name: "ParseError", message },
      );
      assert.ok(blocks <= 1, `${blocks} blocks were read of ${type}`);
    }
  });
});
