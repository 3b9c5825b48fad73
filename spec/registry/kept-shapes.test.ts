import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Counter, Registry, register } from "../../lib/core.ts";
import { textDialect } from "../../lib/formats/text.ts";
import { TextExposition } from "../../lib/formats/text-exposition.ts";
import { keepShapes, offerSample } from "../../lib/registry/kept-shapes.ts";
import type { ColumnMetric } from "../../lib/registry/scrape.ts";

describe("keepShapes", () => {
  it("begins one scrape for each type and format that is asked for again, and never another", () => {
    let made = 0;
    offerSample("kept-shapes", () => {
      made++;
      return new Counter({ name: "a_total", help: "A.", labelNames: ["a"], registers: [] }) as unknown as ColumnMetric;
    });
    // Others may have asked for those that there are.
    const formats = ["a", "b", "c"].map(
      (type) => new TextExposition(`kept-shapes/${type}`, textDialect("underscores")),
    );
    const counts: number[] = [];
    for (let round = 0; round < 4; round++) {
      for (const format of formats) keepShapes(format);
      counts.push(made);
    }
    assert.deepEqual(counts, [0, 3, 3, 3]);
  });

  it("exposes nothing of what it tries scrapes with", async () => {
    const before = register.getMetricsAsArray();
    const registry = new Registry();
    for (let i = 0; i < 3; i++) assert.equal(await registry.metrics(), "");
    assert.deepEqual(register.getMetricsAsArray(), before);
  });
});
