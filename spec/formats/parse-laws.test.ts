import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Format } from "../../lib/formats/format.ts";
import { openMetricsDialect } from "../../lib/formats/openmetrics.ts";
import { parse, parseStream } from "../../lib/formats/parse.ts";
import { ParseError } from "../../lib/formats/parse-error.ts";
import { ProtobufExposition } from "../../lib/formats/protobuf.ts";
import { textDialect, textFormat } from "../../lib/formats/text.ts";
import { TextExposition } from "../../lib/formats/text-exposition.ts";
import type { MetricFamily } from "../../lib/model/family.ts";
import { checkFamily } from "../../lib/registry/check-family.ts";
import { Random } from "../judges/random.ts";
import { exposeAs, plain } from "./families.ts";
import { naiveOpenMetrics, naiveProtobuf, naiveText } from "./naive-writers.ts";
import { type Ability, randomFamilies } from "./random-families.ts";

interface Writer {
  readonly name: string;
  readonly contentType: string;
  readonly ability: Ability;
  write(families: readonly MetricFamily[]): Uint8Array;
}

const encoder = new TextEncoder();
const writeAs = (format: Format) => (families: readonly MetricFamily[]) =>
  exposeAs(
    format,
    families.map((family) => plain(family)),
  );
const text: Ability = {
  types: ["counter", "gauge", "histogram", "summary", "unknown"],
  utf8Names: false,
  units: false,
  created: false,
  exemplars: false,
  native: false,
};
const openMetrics: Ability = {
  types: [...text.types, "gaugehistogram", "info", "stateset"],
  utf8Names: true,
  units: true,
  created: true,
  exemplars: true,
  native: false,
};
const protobuf: Ability = { ...openMetrics, types: [...text.types, "gaugehistogram"], native: true };

const writers: readonly Writer[] = [
  {
    name: "text 0.0.4",
    contentType: "text/plain; version=0.0.4; charset=utf-8",
    ability: text,
    write: writeAs(textFormat),
  },
  {
    name: "text 1.0.0, as a plain writer has it",
    contentType: "text/plain; version=1.0.0; escaping=allow-utf-8",
    ability: { ...text, utf8Names: true },
    write: (families) => encoder.encode(naiveText(families)),
  },
  {
    name: "text 1.0.0",
    contentType: "text/plain; version=1.0.0; escaping=allow-utf-8",
    ability: { ...text, utf8Names: true },
    write: writeAs(new TextExposition("text/plain", textDialect("allow-utf-8"))),
  },
  {
    name: "OpenMetrics",
    contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
    ability: openMetrics,
    write: writeAs(new TextExposition("application/openmetrics-text", openMetricsDialect("allow-utf-8", true))),
  },
  {
    name: "protobuf",
    contentType: "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
    ability: protobuf,
    write: writeAs(new ProtobufExposition("application/vnd.google.protobuf", "allow-utf-8")),
  },
  {
    name: "OpenMetrics, as a plain writer has it",
    contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
    ability: openMetrics,
    write: (families) => encoder.encode(naiveOpenMetrics(families)),
  },
  {
    name: "protobuf, as a plain writer has it",
    contentType: "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
    ability: protobuf,
    write: (families) => naiveProtobuf(families),
  },
];

/** What a stream of pieces gives, be it families or an error. */
async function streamed(pieces: readonly Uint8Array[], contentType: string): Promise<unknown> {
  const families: MetricFamily[] = [];
  try {
    for await (const family of parseStream(asyncly(pieces), contentType)) families.push(family);
  } catch (error) {
    return readError(error);
  }
  return families;
}

async function* asyncly<Item>(items: Iterable<Item>): AsyncGenerator<Item> {
  yield* items;
}

function whole(bytes: Uint8Array, contentType: string): unknown {
  try {
    return parse(bytes, contentType);
  } catch (error) {
    return readError(error);
  }
}

function readError(error: unknown): string {
  assert.ok(error instanceof ParseError, String(error));
  return error.message;
}

/** The input in pieces: cut at each newline, at each byte, or anywhere. */
function cut(random: Random, bytes: Uint8Array): Uint8Array[] {
  const every = random.below(3);
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (let i = 1; i < bytes.length; i++) {
    if (every === 0 ? bytes[i - 1] !== 0x0a : every === 1 ? false : !random.chance(0.02)) continue;
    pieces.push(bytes.subarray(start, i));
    start = i;
  }
  return [...pieces, bytes.subarray(start)];
}

for (const { name, contentType, ability, write } of writers) {
  describe(`reading ${name}`, () => {
    it("gives the families that were written", () => {
      for (let seed = 0; seed < 60; seed++) {
        const families = randomFamilies(new Random(seed), ability);
        assert.deepEqual(parse(write(families), contentType), families, `seed ${seed}`);
      }
    });

    it("gives what a registry takes from a custom collector", () => {
      for (let seed = 1000; seed < 1020; seed++) {
        for (const family of parse(write(randomFamilies(new Random(seed), ability)), contentType)) {
          assert.deepEqual(checkFamily(family), family, `seed ${seed}`);
        }
      }
    });

    // This also judges what is read by looking at the line before: in pieces of one line, there is none.
    it("gives the same wherever the input is cut, errors and their places included", async () => {
      for (let seed = 2000; seed < 2030; seed++) {
        const random = new Random(seed);
        const bytes = write(randomFamilies(random, ability)).slice();
        if (random.chance(0.5) && bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
        const end = random.chance(0.2) ? random.below(bytes.length + 1) : bytes.length;
        const input = bytes.subarray(0, end);
        const expected = await streamed([input], contentType);
        assert.deepEqual(await streamed(cut(random, input), contentType), expected, `seed ${seed}`);
        // A stream of text gives a family in parts when lines don't stand together, as a broken name has it.
        if (!contentType.startsWith("text/")) {
          assert.deepEqual(whole(input, contentType), expected, `seed ${seed}`);
        }
      }
    });
  });
}
