import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cutLine, labelColumns, labelNames, longDoubles, requestLines, seededRandom } from "../../bench/traffic.ts";

describe("labelColumns", () => {
  it("tells all series apart by their first labels", () => {
    for (const labels of [1, 2, 3, 4, 5]) {
      const columns = labelColumns(1000, labels);
      const keys = Array.from({ length: 1000 }, (_, i) =>
        JSON.stringify(labelNames.slice(0, labels).map((name) => columns[name][i])),
      );
      assert.equal(new Set(keys).size, 1000, `${labels} labels`);
    }
  });
});

describe("cutLine", () => {
  it("cuts a request line into the labels it was made of", () => {
    const columns = labelColumns(40);
    const { method, route, status } = columns;
    const expected = method.map((value, i) => ({ method: value, route: route[i], status: status[i] }));
    assert.deepEqual(requestLines(columns).map(cutLine), expected);
  });
});

describe("longDoubles", () => {
  it("have 16 or 17 significant digits", () => {
    for (const value of longDoubles(500)) {
      const digits = value.toExponential().split("e")[0]?.replace(".", "").length;
      assert.ok(digits === 16 || digits === 17, `${value} has ${digits}`);
    }
  });
});

describe("seededRandom", () => {
  it("gives the same numbers in every run, and others for another seed", () => {
    const take = (seed: number) => Array.from({ length: 4 }, seededRandom(seed));
    assert.deepEqual(take(1), take(1));
    assert.notDeepEqual(take(1), take(2));
    assert.ok(take(3).every((value) => value >= 0 && value < 1));
  });
});
