import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { canonicalLine, digest, firstDifference } from "../../bench/exposition.ts";

const text = `# HELP hits_total Hits.
# TYPE hits_total counter
hits_total{a="1",b="x, y"} 3
hits_total{a="2",b="\\"}\\\\"} 4.5

# HELP up Up.
# TYPE up gauge
up 1
`;

const reordered = `# HELP up Is it up?
# TYPE up gauge
up 1
# TYPE hits_total counter
hits_total{b="\\"}\\\\",a="2"} 4.5
hits_total{b="x, y",a="1"} 3
`;

describe("canonicalLine", () => {
  it("puts labels in order, whatever their values hold", () => {
    assert.equal(canonicalLine('hits_total{b="\\"}\\\\",a="x, y=\\"1"} 3'), 'hits_total{a="x, y=\\"1",b="\\"}\\\\"} 3');
    assert.equal(canonicalLine("up 1"), "up{} 1");
  });

  it("keeps types and drops what says nothing to compare", () => {
    assert.equal(canonicalLine("# TYPE up gauge"), "# TYPE up gauge");
    assert.equal(canonicalLine("# HELP up Up."), undefined);
    assert.equal(canonicalLine(""), undefined);
  });

  it("refuses what is no line of an exposition", () => {
    assert.throws(() => canonicalLine("up"), new Error('This is no line of an exposition: "up"'));
  });
});

describe("digest", () => {
  it("counts the samples of each name and adds their values", () => {
    assert.deepEqual(
      digest(text).totals,
      new Map([
        ["hits_total", { count: 2, sum: 7.5 }],
        ["up", { count: 1, sum: 1 }],
      ]),
    );
  });

  it("is the same for the same samples in another order", () => {
    assert.equal(digest(text).hash, digest(reordered).hash);
  });

  it("differs by a value, a label, a type and a sample too many", () => {
    const others = [
      text.replace("4.5", "4.6"),
      text.replace('a="1"', 'a="3"'),
      text.replace("up gauge", "up counter"),
      `${text}up 1\n`,
    ];
    for (const other of others) assert.notEqual(digest(other).hash, digest(text).hash);
  });

  it("leaves out what is ignored", () => {
    assert.equal(digest(`${text}extra{c="1"} 0\n`, / 0$/).hash, digest(text).hash);
  });
});

describe("firstDifference", () => {
  it("shows the first line that one of them lacks", () => {
    assert.equal(firstDifference(text, reordered), undefined);
    assert.equal(firstDifference(text, text.replace("up 1", "up 2")), '"up{} 1" against "up{} 2"');
    assert.equal(firstDifference("up 1\n", "up 1\nzero 0\n"), '"nothing" against "zero{} 0"');
  });
});
