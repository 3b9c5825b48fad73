// Expositions of random registries, with hostile label values and help texts, before the judges of both texts.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Lived, live, metricTypes, type Size } from "./histories.ts";
import { asOpenMetrics, writeOpenMetricsNaively } from "./naive-openmetrics.ts";
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

/** The same, of what the parser read. */
function samplesInSortedOrder(families: readonly ParsedFamily[]): object[] {
  return families.map(({ samples, ...family }) => ({
    ...family,
    samples: samples
      .map(({ name, labels, value }) => ({ name, labels: Object.entries(labels).sort(), value }))
      .sort((a, b) => (JSON.stringify([a.name, a.labels]) < JSON.stringify([b.name, b.labels]) ? -1 : 1)),
  }));
}

interface Life {
  readonly lived: Lived;
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
  return Promise.all(
    Array.from({ length: count }, async (_, seed) => {
      const lived = live(new Random(seed), size);
      const { registry } = lived;
      // What one format writes must not depend on another having been written.
      const text = await registry.metrics();
      const format = registry.negotiate("application/openmetrics-text");
      const openMetrics = await registry.metrics({ format });
      assert.equal(await registry.metrics(), text);
      return { lived, text, openMetrics, seed };
    }),
  );
}

function assertIsWhatTheNaiveRegistryWrites({ lived, text, openMetrics, seed }: Life): void {
  assert.deepEqual(lived.errors, [], `seed ${seed}`);
  const families = lived.naive.families();
  for (const [got, expected] of [
    [text, writeNaively(families)],
    [openMetrics, writeOpenMetricsNaively(asOpenMetrics(families))],
  ] as const) {
    // The next series stands where the one that was taken away stood, so the order is not that of creation.
    if (lived.hasRemoved) assert.deepEqual(inSortedOrder(got), inSortedOrder(expected), `seed ${seed}`);
    else assert.equal(got, expected, `seed ${seed}`);
  }
}

describe("the texts of a thousand registries after any history", async () => {
  const all = await lives(1000, { calls: 40, labels: 3, values: 4 });

  it("are what the naive registry writes", () => {
    for (const one of all) assertIsWhatTheNaiveRegistryWrites(one);
  });

  it("are read back to the same values by the Python parser", { skip: pythonParserMissing() }, () => {
    const readings = parseWithPython(all.map(({ text }) => text));
    for (const [i, { lived, seed }] of all.entries()) {
      const reading = readings[i];
      assert.ok(Array.isArray(reading), `seed ${seed}: ${reading}`);
      const expected = asPythonReads(lived.naive.families());
      assert.deepEqual(samplesInSortedOrder(reading), samplesInSortedOrder(expected), `seed ${seed}`);
    }
  });

  it("are read back to the same values by its parser of OpenMetrics", { skip: pythonParserMissing() }, () => {
    // A default label that fills in for an absent one can make two series alike, which this parser refuses.
    const distinct = all.filter(({ lived }) => !hasSeriesTwice(lived.naive.families()));
    assert.ok(distinct.length > 950, `${distinct.length} of ${all.length}`);
    const readings = parseWithPython(
      distinct.map(({ openMetrics }) => openMetrics),
      "openmetrics",
    );
    for (const [i, { lived, seed }] of distinct.entries()) {
      const reading = readings[i];
      assert.ok(Array.isArray(reading), `seed ${seed}: ${reading}`);
      const expected = asPythonReadsOpenMetrics(asOpenMetrics(lived.naive.families()));
      assert.deepEqual(samplesInSortedOrder(reading), samplesInSortedOrder(expected), `seed ${seed}`);
    }
  });

  it("were put to the test: there is every type of metric, often, with and without series that went", () => {
    const families = all.flatMap(({ lived }) => lived.naive.families());
    for (const type of metricTypes) assert.ok(families.filter((family) => family.type === type).length > 100, type);
    const withRemovals = all.filter(({ lived }) => lived.hasRemoved).length;
    assert.ok(withRemovals > 300 && withRemovals < 700, `${withRemovals} of ${all.length}`);
    assert.ok(all.some(({ text }) => text.length > 70_000));
    const allowed = asOpenMetrics(families);
    const forbidden = families.filter(({ series }, i) => allowed[i]?.series.flat().length !== series.flat().length);
    assert.ok(forbidden.length > 100, `${forbidden.length} families had something that OpenMetrics forbids`);
  });
});

describe("the texts of registries with many labels and series", async () => {
  const all = await lives(40, { calls: 1200, labels: 8, values: 120 });

  it("are what the naive registry writes", () => {
    for (const one of all) assertIsWhatTheNaiveRegistryWrites(one);
  });
});
