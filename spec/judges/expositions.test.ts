// Expositions of random registries, with hostile label values and help texts, before the judges of both texts.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Lived, live, metricTypes, type Size } from "./histories.ts";
import { asOpenMetrics, type OpenMetricsFamily, writeOpenMetricsNaively } from "./naive-openmetrics.ts";
import { type NaiveFamily, writeNaively } from "./naive-registry.ts";
import {
  asPythonReads,
  asPythonReadsOpenMetrics,
  type ParsedFamily,
  parseWithPython,
  pythonParserMissing,
} from "./python-parser.ts";
import { Random } from "./random.ts";

/** An exposition as families, the lines of each series put together, series in sorted order. */
function inSortedOrder(text: string): string[][] {
  const blocks = text.split(/^(?=# HELP .*\n# TYPE |# TYPE .*\n# HELP )/m).filter((block) => block !== "");
  return blocks.map((block) => {
    const [first = "", second = "", ...lines] = block.split(/(?<=\n)/);
    const series = new Map<string, string>();
    for (const line of lines) {
      // What a sample has behind its family's name, and what the type adds to the labels, is the same for each series.
      const labels = line
        .replace(/^[^{ ]+/, "")
        .replace(/ [^ ]+\n$/, "")
        .replace(/[{,](?:le="[^"]*"|m\d+="(?:[^"\\]|\\.)*")\}$/, "}");
      const key = labels === "}" || labels === "" ? "" : labels;
      series.set(key, (series.get(key) ?? "") + line);
    }
    return [first, second, ...[...series.values()].sort()];
  });
}

/**
 * What the parser read, line by line: family after family, the samples of each in sorted order. Lines are compared many
 * times faster than objects in objects.
 */
function sampleLines(families: readonly ParsedFamily[]): string[] {
  return families.flatMap(({ samples, ...family }) => [
    JSON.stringify(family),
    ...samples
      .map(({ name, labels, value }) => JSON.stringify([name, Object.entries(labels).sort(), String(value)]))
      .sort(),
  ]);
}

interface Life {
  readonly lived: Lived;
  /** What the naive registry holds after it. */
  readonly families: readonly NaiveFamily[];
  /** The same as OpenMetrics has it. */
  readonly allowed: readonly OpenMetricsFamily[];
  readonly text: string;
  readonly openMetrics: string;
  readonly seed: number;
}

function hasSeriesTwice(families: readonly NaiveFamily[]): boolean {
  return families.some(({ series }) => {
    const keys = series.map((samples) => JSON.stringify([...(samples[0]?.labels ?? [])].sort()));
    return new Set(keys).size < keys.length;
  });
}

async function lives(count: number, size: Size): Promise<Life[]> {
  const all: Life[] = [];
  for (let seed = 0; seed < count; seed++) {
    const lived = live(new Random(seed), size);
    const { registry } = lived;
    const format = registry.negotiate("application/openmetrics-text");
    // What one format writes must not depend on another having been written: each is the first of every other registry.
    const first = seed % 2 === 0 ? await registry.metrics() : undefined;
    const openMetrics = await registry.metrics({ format });
    const text = first ?? (await registry.metrics());
    const families = lived.naive.families();
    all.push({ lived, families, allowed: asOpenMetrics(families), text, openMetrics, seed });
  }
  return all;
}

function assertIsWhatTheNaiveRegistryWrites({ lived, families, allowed, text, openMetrics, seed }: Life): void {
  assert.deepEqual(lived.errors, [], `seed ${seed}`);
  for (const [got, expected] of [
    [text, writeNaively(families)],
    [openMetrics, writeOpenMetricsNaively(allowed)],
  ] as const) {
    if (got === expected) continue;
    // The next series stands where the one that was taken away stood, so the order is not that of creation.
    if (lived.hasRemoved) assert.deepEqual(inSortedOrder(got), inSortedOrder(expected), `seed ${seed}`);
    else assert.equal(got, expected, `seed ${seed}`);
  }
}

/** @param expected what the parser has to read, of each life */
function assertIsReadBack(
  lives: readonly Life[],
  readings: readonly (readonly ParsedFamily[] | Error)[],
  expected: (life: Life) => readonly ParsedFamily[],
): void {
  for (const [i, life] of lives.entries()) {
    const reading = readings[i];
    assert.ok(Array.isArray(reading), `seed ${life.seed}: ${reading}`);
    assert.deepEqual(sampleLines(reading), sampleLines(expected(life)), `seed ${life.seed}`);
  }
}

describe("the texts of a thousand registries after any history", async () => {
  const all = await lives(1000, { calls: 40, labels: 3, values: 4, hugeValues: 0.002 });

  it("are what the naive registry writes", () => {
    for (const one of all) assertIsWhatTheNaiveRegistryWrites(one);
  });

  it("are read back to the same values by the Python parser", { skip: pythonParserMissing() }, () => {
    const readings = parseWithPython(all.map(({ text }) => text));
    assertIsReadBack(all, readings, ({ families }) => asPythonReads(families));
  });

  it("are read back to the same values by its parser of OpenMetrics", { skip: pythonParserMissing() }, () => {
    // A default label that fills in for an absent one can make two series alike, which this parser refuses.
    const distinct = all.filter(({ families }) => !hasSeriesTwice(families));
    assert.ok(distinct.length > 950, `${distinct.length} of ${all.length}`);
    const texts = distinct.map(({ openMetrics }) => openMetrics);
    const readings = parseWithPython(texts, "openmetrics");
    assertIsReadBack(distinct, readings, ({ allowed }) => asPythonReadsOpenMetrics(allowed));
  });

  it("were put to the test: there is every type of metric, often, with and without series that went", () => {
    const families = all.flatMap((life) => life.families);
    for (const type of metricTypes) assert.ok(families.filter((family) => family.type === type).length > 100, type);
    const withRemovals = all.filter(({ lived }) => lived.hasRemoved).length;
    assert.ok(withRemovals > 300 && withRemovals < 700, `${withRemovals} of ${all.length}`);
    assert.ok(all.some(({ text }) => text.length > 70_000));
    const allowed = all.flatMap((life) => life.allowed);
    const forbidden = families.filter(({ series }, i) => allowed[i]?.series.flat().length !== series.flat().length);
    assert.ok(forbidden.length > 100, `${forbidden.length} families had something that OpenMetrics forbids`);
  });
});

describe("the texts of registries with many labels and series", async () => {
  const all = await lives(40, { calls: 1200, labels: 8, values: 120, hugeValues: 0.00005 });

  it("are what the naive registry writes", () => {
    for (const one of all) assertIsWhatTheNaiveRegistryWrites(one);
  });
});
