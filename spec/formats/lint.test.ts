import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { type Finding, type LintOptions, lint } from "../../lib/formats/lint.ts";
import { parse } from "../../lib/formats/parse.ts";
import { differencesFromPromtool } from "./promtool-findings.ts";

const read = (file: string) => readFileSync(new URL(`corpus/${file}`, import.meta.url), "utf8");

/** What is found in an exposition, each as one line; without the help texts that are not there. */
function found(input: string, options: LintOptions = {}): string[] {
  const type = input.endsWith("# EOF\n") ? "application/openmetrics-text" : "text/plain";
  return lint(parse(input, type), options)
    .filter(({ rule }) => rule !== "help")
    .map(({ rule, metric, text }) => `${rule}: ${metric} ${text}`);
}

describe("lint", () => {
  it("finds what promtool check metrics 2.42 printed of the corpus, line by line", () => {
    assert.deepEqual(differencesFromPromtool(read("lint.prom"), read("lint.txt")), []);
  });

  it("finds nothing where there is nothing to find", () => {
    const input = `# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{code="200"} 1
# HELP wait_seconds Time.
# TYPE wait_seconds histogram
wait_seconds_bucket{le="1"} 1
wait_seconds_bucket{le="+Inf"} 2
wait_seconds_sum 2.5
wait_seconds_count 2
# HELP build_info Build.
# TYPE build_info gauge
build_info{version="1"} 1
`;
    assert.deepEqual(lint(parse(input, "text/plain")), []);
    assert.deepEqual(lint([]), []);
  });

  it("tells the line that a family begins at, and its rule", () => {
    const expected: Finding[] = [
      { rule: "total", metric: "a", text: 'counter metrics should have "_total" suffix', line: 2 },
      {
        rule: "openmetrics",
        metric: "a",
        text: 'OpenMetrics gives it type unknown: the name of a counter ends in "_total" there',
        line: 2,
      },
      { rule: "help", metric: "b", text: "no help text", line: 5 },
    ].sort((a, b) => (a.metric + a.text < b.metric + b.text ? -1 : 1)) as Finding[];
    assert.deepEqual(lint(parse("\n# HELP a x\n# TYPE a counter\na 1\nb 1\n", "text/plain")), expected);
    assert.deepEqual(lint([{ name: "b", type: "gauge", help: "", series: [{ labels: {}, value: 1 }] }]), [
      { rule: "help", metric: "b", text: "no help text" },
    ]);
  });

  it("passes over families without series, as promtool does", () => {
    assert.deepEqual(found("# TYPE camelCase counter\n"), []);
  });

  it("finds series that are there twice, unless at other times", () => {
    assert.deepEqual(found('a{b="1"} 1\na{b="2"} 1\na{b="1"} 2\na{b="1",c=""} 2\n'), [
      'duplicate: a the labels {b="1"} are there twice, and 1 more',
    ]);
    assert.deepEqual(found("a 1 1\na 1 2\n"), []);
  });

  it("finds two families of one name", () => {
    const [family] = parse("# HELP a b\na 1\n", "text/plain");
    assert.ok(family);
    assert.deepEqual(lint([family, { ...family }]), [
      { rule: "duplicate", metric: "a", text: "another family has this name", line: 1 },
    ]);
  });

  it("finds counts that can't be", () => {
    assert.deepEqual(
      found(`# TYPE a_total counter
a_total{x="1"} -1
a_total{x="2"} NaN
# TYPE h histogram
h_bucket{le="1"} 3
h_bucket{le="+Inf"} 2
h_count 2
# TYPE i histogram
i_bucket{le="+Inf"} 2
i_count 3
# TYPE j histogram
j_bucket{le="1"} 2
j_count 3
# TYPE k summary
k_count -1
`),
      [
        'counts: a_total a counter is never -1, at {x="1"}',
        "counts: h buckets are cumulative, but the one up to +Inf has 2 after 3",
        'counts: i the count is 3, but the bucket "+Inf" has 2',
        'counts: j a histogram should have a bucket "+Inf"',
        "counts: k a count is never -1",
      ],
    );
    assert.deepEqual(
      lint([{ name: "b_info", type: "info", help: "B.", series: [{ labels: {}, value: 2 }] }]).map(({ text }) => text),
      ["an info is never 2, but 1"],
    );
  });

  it("finds no fault with a native histogram that has no buckets", () => {
    const native = { schema: 0, zeroThreshold: 0, zeroCount: 1, positive: [], negative: [] };
    const series = [{ labels: {}, count: 1, sum: 0, buckets: [], native }];
    assert.deepEqual(lint([{ name: "h", type: "histogram", help: "H.", series }]), []);
  });

  it("tells what OpenMetrics writes otherwise", () => {
    assert.deepEqual(found("# TYPE jobs gauge\njobs 1\n# TYPE jobs_total counter\njobs_total 1\n"), [
      'openmetrics: jobs_total OpenMetrics gives it type unknown: Gauge "jobs" has the name "jobs" there',
    ]);
    assert.deepEqual(
      found('# TYPE a histogram\na_count 1\na_bucket{le="+Inf"} 1\n# TYPE a_count_total counter\na_count_total 1\n'),
      ['openmetrics: a_count_total OpenMetrics gives it type unknown: Histogram "a" has the name "a_count" there'],
    );
    assert.deepEqual(lint([{ name: "build", type: "info", help: "B.", series: [{ labels: {}, value: 1 }] }]), [
      {
        rule: "openmetrics",
        metric: "build",
        text: 'OpenMetrics gives it type unknown: the name of an info ends in "_info" there',
      },
    ]);
  });

  it("takes infos and state sets for gauges, and gauge histograms for histograms, as the text format does", () => {
    const input = `# TYPE x_total stateset
x_total{x_total="a"} 1
# TYPE y gaugehistogram
y_bucket{le="+Inf"} 1
y_gcount 1
y_gsum 1
# EOF
`;
    assert.deepEqual(found(input), ['total: x_total non-counter metrics should not have "_total" suffix']);
  });

  it("finds families that have many series, and the label that is to blame", () => {
    const lines = Array.from({ length: 5 }, (_, i) => `a{user="${i}",code="200"} 1\n`).join("");
    assert.deepEqual(found(lines, { maxSeries: 5 }), []);
    assert.deepEqual(found(lines, { maxSeries: 4 }), [
      'cardinality: a 5 series, more than 4; the label "user" alone has 5 values',
    ]);
  });

  it("finds families that take many bytes", () => {
    const input = '# HELP a b\n# TYPE a gauge\na{b="漢"} 1\n';
    const bytes = Buffer.byteLength(input);
    assert.deepEqual(found(input, { maxBytes: bytes }), []);
    assert.deepEqual(found(input, { maxBytes: bytes - 1 }), [`size: a ${bytes} bytes of text, more than ${bytes - 1}`]);
  });

  it("shows no more of labels than fits a line", () => {
    const [finding] = found(`a{b="${"x".repeat(500)}"} 1\n`.repeat(2));
    assert.equal(finding, `duplicate: a the labels {b="${"x".repeat(76)}… are there twice`);
  });
});
