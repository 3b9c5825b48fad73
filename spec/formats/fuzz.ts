// Feeds the readers with inputs that nobody would write: mutations of good ones, and rubbish made of their tokens. An input
// must give families or a ParseError, the same one wherever it is cut, in time that grows with its length.
//
// tsx spec/formats/fuzz.ts [seconds] [seed]   prints the inputs that found something
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { parse, parseStream } from "../../lib/formats/parse.ts";
import { ParseError } from "../../lib/formats/parse-error.ts";
import type { MetricFamily } from "../../lib/model/family.ts";
import { Random } from "../judges/random.ts";
import { naiveOpenMetrics, naiveProtobuf, naiveText } from "./naive-writers.ts";
import { randomFamilies } from "./random-families.ts";

/** An input, and the content type it is read as. */
export interface FuzzInput {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

const text = "text/plain; version=1.0.0";
const openMetrics = "application/openmetrics-text; version=1.0.0";
const protobuf = "application/vnd.google.protobuf";

const { cases } = JSON.parse(readFileSync(new URL("corpus/open-metrics.json", import.meta.url), "utf8")) as {
  readonly cases: readonly { readonly input: string }[];
};

const ability = {
  types: ["counter", "gauge", "histogram", "summary", "unknown"],
  utf8Names: true,
  units: false,
  created: false,
  exemplars: false,
  native: false,
} as const;
const openAbility = {
  ...ability,
  types: [...ability.types, "gaugehistogram", "info", "stateset"],
  units: true,
  created: true,
  exemplars: true,
} as const;

// biome-ignore format: a list to look over, not to read line by line
const tokens = [
  "# TYPE ", "# HELP ", "# UNIT ", "# EOF\n", "a", "a_total", "a_bucket", "a_sum", "a_count", "a_created", "a_info", '{"a.b"', "b",
  " counter\n", " histogram\n", " summary\n", " gauge\n", " stateset\n", " info\n", " gaugehistogram\n", " unknown\n", " untyped\n",
  "{", "}", ",", "=", '"', 'le="1"', 'le="+Inf"', 'quantile="0.5"', 'a="x"', '__proto__="y"', '"\u{1f600}"="\\n"', " # {", "} 1 2", " ", "\t",
  "\n", "\r", " 1\n", " 1 1\n", " NaN\n", " +Inf\n", " -1\n", "1e308", "0x1", "\\", "\0", "\u00e9", "\ufeff", "9".repeat(30),
];

/** One more input; the same for each state of the random numbers. */
export function fuzzInput(random: Random): FuzzInput {
  const contentType = random.pick([text, openMetrics, protobuf]);
  const seed = seedInput(random, contentType);
  const bytes = random.chance(0.1) ? seed : mutate(random, seed, contentType);
  // Text is read as the other text now and then, and as protobuf.
  return { contentType: random.chance(0.05) ? random.pick([text, openMetrics, protobuf]) : contentType, bytes };
}

function seedInput(random: Random, contentType: string): Uint8Array {
  if (contentType === protobuf) {
    const types = [...ability.types, "gaugehistogram"] as const;
    return naiveProtobuf(randomFamilies(random, { ...openAbility, types, native: true }, random.below(3)));
  }
  switch (random.below(3)) {
    case 0:
      return Buffer.from(random.pick(cases).input);
    case 1:
      return Buffer.from(Array.from({ length: random.below(40) }, () => random.pick(tokens)).join(""));
    default:
      return Buffer.from(
        contentType === text
          ? naiveText(randomFamilies(random, ability, random.below(3)))
          : naiveOpenMetrics(randomFamilies(random, openAbility, random.below(3))),
      );
  }
}

function mutate(random: Random, seed: Uint8Array, contentType: string): Uint8Array {
  let bytes = Uint8Array.from(seed);
  for (let i = random.between(1, 4); i > 0; i--) {
    const at = random.below(bytes.length + 1);
    const end = Math.min(bytes.length, at + random.below(20));
    const insert = (...parts: readonly Uint8Array[]) => {
      bytes = Uint8Array.from(Buffer.concat([bytes.subarray(0, at), ...parts]));
    };
    switch (random.below(7)) {
      case 0:
        if (at < bytes.length) bytes[at] = random.below(256);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
        break;
      case 2:
        insert(bytes.subarray(end));
        break;
      case 3:
        insert(bytes.subarray(at, end), bytes.subarray(at));
        break;
      case 4:
        insert(
          Buffer.from(contentType === protobuf ? random.pick(["\u00ff", "\0", "\n"]) : random.pick(tokens)),
          bytes.subarray(at),
        );
        break;
      case 5:
        insert(
          Uint8Array.from({ length: random.below(12) }, () => random.below(256)),
          bytes.subarray(at),
        );
        break;
      default:
        bytes = bytes.slice(0, at);
    }
  }
  return bytes;
}

/** What an input gives in pieces that begin at some offsets: the families and the error, as text. */
async function outcome(input: FuzzInput, cuts: readonly number[]): Promise<string> {
  const { bytes, contentType } = input;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (const [i, start] of cuts.entries()) yield bytes.subarray(start, cuts[i + 1]);
  }
  const families: MetricFamily[] = [];
  try {
    for await (const family of parseStream(pieces(), contentType)) families.push(family);
  } catch (error) {
    if (error instanceof ParseError) return `${JSON.stringify(families)} ${error.message}`;
    throw error;
  }
  return JSON.stringify(families);
}

/** @throws {Error} when reading the input does something that it must not */
export async function checkInput(input: FuzzInput, random: Random): Promise<void> {
  const { bytes, contentType } = input;
  const expected = await outcome(input, [0]);
  const cuts = [0, ...bytes.keys()].filter((at, i) => i === 0 || bytes[at - 1] === 0x0a || random.chance(0.05));
  const found = await outcome(input, cuts);
  if (found !== expected) throw new Error(`In pieces it is ${found}, as a whole ${expected}.`);
  try {
    parse(bytes, contentType);
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
  }
}

async function main(seconds: number, seed: number): Promise<void> {
  const random = new Random(seed);
  const end = Date.now() + seconds * 1000;
  let count = 0;
  let slowest = 0;
  for (; Date.now() < end; count++) {
    const input = fuzzInput(random);
    const start = performance.now();
    try {
      await checkInput(input, random);
    } catch (error) {
      console.log(input.contentType, JSON.stringify(Buffer.from(input.bytes).toString("latin1")));
      console.log(error);
      process.exitCode = 1;
    }
    slowest = Math.max(slowest, performance.now() - start);
  }
  console.log(`${count} inputs from seed ${seed}, the slowest in ${slowest.toFixed(0)} ms.`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await main(Number(process.argv[2] ?? 60), Number(process.argv[3] ?? Date.now() % 2 ** 32));
}
