import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { differenceLines, diffFamilies } from "../../lib/formats/diff-families.ts";
import { parse } from "../../lib/formats/parse.ts";
import type { MetricFamily } from "../../lib/model/family.ts";

const text = "text/plain";
const openMetrics = "application/openmetrics-text";

function lines(before: readonly MetricFamily[], after: readonly MetricFamily[]): string[] {
  return differenceLines(diffFamilies(before, after));
}

describe("diffFamilies", () => {
  it("finds nothing where only the order differs, or labels are empty", () => {
    const before = 'a{x="1",y="2"} 1\na{x="2"} 2\nb 1\n';
    const after = 'b 1\na{x="2",z=""} 2\na{y="2",x="1"} 1\n';
    assert.deepEqual(lines(parse(before, text), parse(after, text)), []);
  });

  it("finds values, timestamps, and samples that are there more often", () => {
    assert.deepEqual(lines(parse("a 1\nb 1\nc 1\n", text), parse("a NaN\nb 1 5\nc 1\nc 2\n", text)), [
      "- a 1",
      "+ a NaN",
      "- b 1",
      "+ b 1 at 5 ms",
      "- c 1",
      "+ c 1; 2",
    ]);
  });

  it("finds what only OpenMetrics and protobuf carry", () => {
    const counter = (line: string) =>
      parse(`# TYPE a_s counter\n# UNIT a_s s\na_s_total 1${line}\n# EOF\n`, openMetrics);
    assert.deepEqual(lines(counter(""), counter(' # {id="x"} 2 3\na_s_created 1')), [
      "- a_s_total 1",
      '+ a_s_total 1, exemplar {id="x"} 2 at 3000 ms',
      "+ a_s_total created 1000 ms",
    ]);
    const native = (count: number): MetricFamily => ({
      name: "h",
      type: "histogram",
      help: "",
      series: [
        {
          labels: {},
          count,
          buckets: [],
          native: {
            schema: 3,
            zeroThreshold: 0.5,
            zeroCount: 0,
            positive: [{ key: 2, count }],
            negative: [],
            exemplars: [{ labels: {}, value: 1, timestampMs: 1 }],
          },
        },
      ],
    });
    assert.deepEqual(lines([native(1)], [native(2)]), [
      "- h_count 1",
      "+ h_count 2",
      "- h native buckets schema 3, 0 up to 0.5, positive [2:1], negative [], exemplar {} 1 at 1 ms",
      "+ h native buckets schema 3, 0 up to 0.5, positive [2:2], negative [], exemplar {} 1 at 1 ms",
    ]);
  });

  it("finds states, bounds and quantiles", () => {
    const before =
      '# TYPE p stateset\np{p="on"} 1\n# TYPE q gaugehistogram\nq_bucket{le="+Inf"} 1\nq_gcount 1\nq_gsum 2\n# EOF\n';
    const after =
      '# TYPE p stateset\np{p="on"} 0\n# TYPE q gaugehistogram\nq_bucket{le="+Inf"} 2\nq_gcount 2\nq_gsum 2\n# EOF\n';
    assert.deepEqual(lines(parse(before, openMetrics), parse(after, openMetrics)), [
      '- p{p="on"} 1',
      '+ p{p="on"} 0',
      '- q_bucket{le="+Inf"} 1',
      '+ q_bucket{le="+Inf"} 2',
      "- q_gcount 1",
      "+ q_gcount 2",
    ]);
  });

  it("finds other types, units and help texts, each on one line", () => {
    const before = "# TYPE a gauge\n# HELP a b\\nc\na 1\n# EOF\n";
    const after = "# TYPE a unknown\na 1\n# EOF\n";
    assert.deepEqual(lines(parse(before, openMetrics), parse(after, openMetrics)), [
      "- # TYPE a gauge",
      "+ # TYPE a unknown",
      "- # HELP a b\\nc",
      "+ # HELP a ",
    ]);
  });

  it("tells families that only one has, without their samples", () => {
    assert.deepEqual(diffFamilies(parse('a 1\na{b="1"} 1\n', text), parse("c 1\n", text)), [
      { metric: "a", what: "family", before: 'Unknown "a", 2 series' },
      { metric: "c", what: "family", after: 'Unknown "c", 1 series' },
    ]);
  });
});
