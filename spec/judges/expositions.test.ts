// Expositions of random registries, with hostile label values and help texts, before the two judges of text 0.0.4.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Lived, live, metricTypes, type Size } from "./histories.ts";
import { type NaiveFamily, writeNaively } from "./naive-registry.ts";
import { asPythonReads, type ParsedFamily, parseWithPython, pythonParserMissing } from "./python-parser.ts";
import { Random } from "./random.ts";

/** An exposition as families, the lines of each series put together, series in sorted order. */
function inSortedOrder(text: string, families: readonly NaiveFamily[]): string[][] {
  const blocks = text.split(/^(?=# HELP )/m).filter((block) => block !== "");
  return blocks.map((block, i) => {
    const [help = "", type = "", ...lines] = block.split(/(?<=\n)/);
    const size = families[i]?.series[0]?.length ?? 1;
    const series = Array.from({ length: Math.ceil(lines.length / size) }, (_, k) =>
      lines.slice(k * size, (k + 1) * size).join(""),
    );
    return [help, type, ...series.sort()];
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

async function lives(count: number, size: Size): Promise<{ lived: Lived; text: string; seed: number }[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, seed) => {
      const lived = live(new Random(seed), size);
      return { lived, text: await lived.registry.metrics(), seed };
    }),
  );
}

function assertIsWhatTheNaiveRegistryWrites({ lived, text, seed }: { lived: Lived; text: string; seed: number }): void {
  assert.deepEqual(lived.errors, [], `seed ${seed}`);
  const families = lived.naive.families();
  const expected = writeNaively(families);
  if (lived.hasRemoved) {
    // The next series stands where the one that was taken away stood, so the order is not that of creation.
    assert.deepEqual(inSortedOrder(text, families), inSortedOrder(expected, families), `seed ${seed}`);
  } else {
    assert.equal(text, expected, `seed ${seed}`);
  }
}

describe("the text of a thousand registries after any history", async () => {
  const all = await lives(1000, { calls: 40, labels: 3, values: 4 });

  it("is what the naive registry writes", () => {
    for (const one of all) assertIsWhatTheNaiveRegistryWrites(one);
  });

  it("is read back to the same values by the Python parser", { skip: pythonParserMissing() }, () => {
    const readings = parseWithPython(all.map(({ text }) => text));
    for (const [i, { lived, seed }] of all.entries()) {
      const reading = readings[i];
      assert.ok(Array.isArray(reading), `seed ${seed}: ${reading}`);
      const expected = asPythonReads(lived.naive.families());
      assert.deepEqual(samplesInSortedOrder(reading), samplesInSortedOrder(expected), `seed ${seed}`);
    }
  });

  it("was put to the test: there is every type of metric, often, with and without series that went", () => {
    const families = all.flatMap(({ lived }) => lived.naive.families());
    for (const type of metricTypes) assert.ok(families.filter((family) => family.type === type).length > 100, type);
    const withRemovals = all.filter(({ lived }) => lived.hasRemoved).length;
    assert.ok(withRemovals > 300 && withRemovals < 700, `${withRemovals} of ${all.length}`);
    assert.ok(all.some(({ text }) => text.length > 70_000));
  });
});

describe("the text of registries with many labels and series", async () => {
  const all = await lives(40, { calls: 1200, labels: 8, values: 120 });

  it("is what the naive registry writes", () => {
    for (const one of all) assertIsWhatTheNaiveRegistryWrites(one);
  });
});
