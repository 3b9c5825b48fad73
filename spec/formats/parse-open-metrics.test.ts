import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parse } from "../../lib/formats/parse.ts";
import { ParseError } from "../../lib/formats/parse-error.ts";
import type { Exemplar, MetricFamily } from "../../lib/model/family.ts";

const contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

interface CorpusSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number | string;
  readonly timestamp?: number;
  readonly exemplar?: object;
}

interface CorpusFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
  readonly samples: readonly CorpusSample[];
}

interface CorpusCase {
  readonly id: string;
  readonly input: string;
  readonly should_parse: boolean;
  readonly expected_families?: readonly CorpusFamily[];
}

/** The cases of the OpenMetrics project, of Prometheus, of the Python client, and some more. */
const { cases } = JSON.parse(readFileSync(new URL("corpus/open-metrics.json", import.meta.url), "utf8")) as {
  readonly cases: readonly CorpusCase[];
};

/** The samples of our families, as the corpus has them. */
function corpusFamily({ name, type, help, unit = "", series }: MetricFamily, expected: CorpusFamily): CorpusFamily {
  const base = type === "counter" ? name.replace(/_total$/, "") : type === "info" ? name.replace(/_info$/, "") : name;
  const samples: CorpusSample[] = [];
  for (const one of series) {
    const time = one.timestampMs === undefined ? {} : { timestamp: one.timestampMs / 1000 };
    const add = (suffix: string, value: number, more: Readonly<Record<string, string>> = {}, exemplar?: Exemplar) => {
      samples.push({
        name: base + suffix,
        labels: { ...one.labels, ...more },
        value: spelled(value),
        ...time,
        ...(exemplar && { exemplar: corpusExemplar(exemplar) }),
      });
    };
    if ("value" in one) add(name.slice(base.length), one.value, {}, one.exemplar);
    else if ("states" in one)
      for (const [state, on] of Object.entries(one.states)) add("", on ? 1 : 0, { [name]: state });
    else if ("quantiles" in one) {
      for (const { quantile, value } of one.quantiles) add("", value, { quantile: String(quantile) });
      if (one.sum !== undefined) add("_sum", one.sum);
      if (one.count !== undefined) add("_count", one.count);
    } else {
      const [sum, count] = type === "histogram" ? ["_sum", "_count"] : ["_gsum", "_gcount"];
      for (const { bound, count: value, exemplar } of one.buckets) {
        add("_bucket", value, { le: String(spelled(bound)) }, exemplar);
      }
      if (one.sum !== undefined) add(sum as string, one.sum);
      // The bucket "+Inf" says as much.
      if (expected.samples.some((sample) => sample.name === base + count)) add(count as string, one.count);
    }
    if ("createdMs" in one && one.createdMs !== undefined) add("_created", one.createdMs / 1000);
  }
  return { name: base, type, help, unit, samples };
}

function corpusExemplar({ labels, value, timestampMs }: Exemplar): object {
  return { labels, value, ...(timestampMs !== undefined && { timestamp: timestampMs / 1000 }) };
}

function spelled(value: number): number | string {
  if (Number.isNaN(value)) return "NaN";
  return Number.isFinite(value) ? value : value > 0 ? "+Inf" : "-Inf";
}

/** Samples in an order of their own, since we keep those of a series by what they are; bounds and quantiles as numbers. */
function sorted(family: CorpusFamily): CorpusFamily {
  const texts = family.samples.map(({ labels, ...rest }) => {
    const own = ["le", "quantile"].filter((label) => Object.hasOwn(labels, label) && labels[label] !== "+Inf");
    const numbers = Object.fromEntries(own.map((label) => [label, String(Number(labels[label]))]));
    const entries = Object.entries({ ...labels, ...numbers }).sort();
    return JSON.stringify({
      name: rest.name,
      value: rest.value,
      timestamp: rest.timestamp,
      labels: entries,
      exemplar: rest.exemplar,
    });
  });
  return { ...family, samples: texts.sort() as never };
}

function errorOf(input: string): string {
  let families: readonly MetricFamily[];
  try {
    families = parse(input, contentType);
  } catch (error) {
    assert.ok(error instanceof ParseError, String(error));
    return error.message;
  }
  return assert.fail(`it was read as ${JSON.stringify(families)}`);
}

describe("reading OpenMetrics", () => {
  it("has all cases of the corpus", () => {
    assert.equal(cases.length, 337);
  });

  it("refuses what the corpus says is wrong", () => {
    for (const { input, should_parse } of cases) if (!should_parse) errorOf(input);
  });

  it("reads what the corpus says is right, into the families that it says", () => {
    for (const { id, input, should_parse, expected_families: expected } of cases) {
      if (!should_parse) continue;
      const families = parse(input, contentType);
      if (expected === undefined) continue;
      const found = families.map((family, i) => sorted(corpusFamily(family, expected[i] as CorpusFamily)));
      assert.deepEqual(found, expected.map(sorted), id);
    }
  });

  it("reads every type, with units, created timestamps, exemplars and names in quotes", () => {
    const input = `# TYPE requests counter
# HELP requests Requests "served".\\nAll.
requests_total{code="200"} 1027.0 # {trace_id="abc"} 0.67 1520879607.789
requests_created{code="200"} 1520430000.123
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
wait_seconds_bucket{le="0.5"} 2 1.5
wait_seconds_bucket{le="+Inf"} 3 1.5 # {} 7
wait_seconds_sum 8.25 1.5
wait_seconds_count 3 1.5
# TYPE queue gaugehistogram
queue_bucket{le="-1.0"} 1
queue_bucket{le="+Inf"} 2
queue_gsum -3
queue_gcount 2
# TYPE "rpc.size" summary
{"rpc.size_count"} 4
{"rpc.size",quantile="0.99"} 5
{"rpc.size",quantile="0.5"} NaN
# TYPE build info
build_info{version="1.2"} 1
# TYPE phase stateset
phase{phase="ready",app="a"} 1
phase{phase="gone",app="a"} 0
# TYPE empty_seconds gauge
loose{a="x"} -Inf
# EOF
`;
    assert.deepEqual(parse(input, contentType), [
      {
        name: "requests_total",
        type: "counter",
        help: 'Requests "served".\nAll.',
        series: [
          {
            labels: { code: "200" },
            value: 1027,
            createdMs: 1520430000123,
            exemplar: { labels: { trace_id: "abc" }, value: 0.67, timestampMs: 1520879607789 },
          },
        ],
      },
      {
        name: "wait_seconds",
        type: "histogram",
        help: "",
        unit: "seconds",
        series: [
          {
            labels: {},
            count: 3,
            buckets: [
              { bound: 0.5, count: 2 },
              { bound: Infinity, count: 3, exemplar: { labels: {}, value: 7 } },
            ],
            timestampMs: 1500,
            sum: 8.25,
          },
        ],
      },
      {
        name: "queue",
        type: "gaugehistogram",
        help: "",
        series: [
          {
            labels: {},
            count: 2,
            buckets: [
              { bound: -1, count: 1 },
              { bound: Infinity, count: 2 },
            ],
            sum: -3,
          },
        ],
      },
      {
        name: "rpc.size",
        type: "summary",
        help: "",
        series: [
          {
            labels: {},
            quantiles: [
              { quantile: 0.5, value: Number.NaN },
              { quantile: 0.99, value: 5 },
            ],
            count: 4,
          },
        ],
      },
      { name: "build_info", type: "info", help: "", series: [{ labels: { version: "1.2" }, value: 1 }] },
      {
        name: "phase",
        type: "stateset",
        help: "",
        series: [{ labels: { app: "a" }, states: { ready: true, gone: false } }],
      },
      { name: "empty_seconds", type: "gauge", help: "", series: [] },
      { name: "loose", type: "unknown", help: "", series: [{ labels: { a: "x" }, value: -Infinity }] },
    ]);
  });

  it("reads seconds digit by digit into milliseconds", () => {
    const input = "# TYPE a counter\na_total 1 1600000000.255\na_created 0.001 1600000000.255\n# EOF\n";
    assert.deepEqual(parse(input, contentType)[0]?.series, [
      { labels: {}, value: 1, timestampMs: 1600000000255, createdMs: 1 },
    ]);
  });

  it("keeps the values of a series at several times, and the first of two at the same", () => {
    assert.deepEqual(parse("# TYPE a gauge\na 1 1\na 2 1\na 3 2\n# EOF\n", contentType)[0]?.series, [
      { labels: {}, value: 1, timestampMs: 1000 },
      { labels: {}, value: 3, timestampMs: 2000 },
    ]);
  });

  for (const [sentence, input, message] of [
    ["an end without # EOF", "a 1\n", 'Line 2, column 1: expected "# EOF", but found the end of the input.'],
    ["an empty input", "", 'Line 1, column 1: expected "# EOF", but found the end of the input.'],
    [
      "a counter of another name",
      "# TYPE a counter\na 1\n# EOF\n",
      'Line 2, column 1: expected "a_total" or "a_created" in Counter "a", but found "a".',
    ],
    [
      "a created timestamp alone",
      "# TYPE a counter\na_created 1\n# EOF\n",
      'Line 2, column 1: expected the sample "a_total" in a series of Counter "a", but found none.',
    ],
    [
      "families that come back",
      'a 1\nb 1\na{x="1"} 1\n# EOF\n',
      'Line 3, column 1: expected the name of a new family, but found "a", which another family has.',
    ],
    ["a sample twice", "a 1\na 2\n# EOF\n", "Line 2, column 1: expected each sample once, but found it again."],
    [
      "a count that is not the last bucket's",
      '# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\na_count 2\n# EOF\n',
      'Line 2, column 1: expected the count to be that of the bucket "+Inf", 1, in a series of Histogram "a", but found 2.',
    ],
    [
      "the label le at a sum",
      '# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum{le="1"} 1\na_count 1\n# EOF\n',
      'Line 3, column 1: expected no label "le" at "a_sum", but found "a_sum{le=\\"1\\"}".',
    ],
    [
      "an exemplar above its bucket",
      '# TYPE a histogram\na_bucket{le="1"} 1 # {} 2\na_bucket{le="+Inf"} 1\n# EOF\n',
      "Line 2, column 1: expected an exemplar of at most 1, as the bucket has, but found 2.",
    ],
    [
      "an exemplar with a label twice",
      'a_x 1\n# TYPE a counter\na_total 1 # {b="1",b="2"} 1\n# EOF\n',
      'Line 3, column 20: expected each label once, but found "b" again.',
    ],
    [
      "a column counted in characters",
      'a{b="漢字😀",c=1} 1\n# EOF\n',
      'Line 1, column 13: expected a label value in quotes, but found "1}".',
    ],
    [
      "a state without its label",
      "# TYPE a stateset\na 1\n# EOF\n",
      'Line 2, column 1: expected the label "a" at "a", but found "a".',
    ],
    [
      "an infinite bound of another spelling",
      '# TYPE a histogram\na_bucket{le="Inf"} 1\n# EOF\n',
      'Line 2, column 14: expected infinity spelled "+Inf", but found "Inf\\"}".',
    ],
  ] as const) {
    it(`refuses ${sentence}`, () => {
      assert.equal(errorOf(input), message);
    });
  }

  for (const [sentence, labels, again] of [
    ["spelled the same", '{b="x",c="y"}', '{b="x",c="y"}'],
    ["with its labels in another order", '{b="x",c="y"}', '{c="y",b="x"}'],
    ["with an empty label more", '{b="x"}', '{b="x",c=""}'],
    ["with an empty label less", '{b="x",c=""}', '{b="x"}'],
    ["with braces", "", "{}"],
    ["with its label name in quotes", '{b="x"}', '{"b"="x"}'],
    ["with another escape", '{b="\\\\x"}', '{b="\\x"}'],
    ["with letters beyond ASCII", '{b="漢字"}', '{b="漢字"}'],
  ] as const) {
    const others = Array.from({ length: 100 }, (_, i) => `a{b="${i + 50}"} 1\n`).join("");

    it(`refuses a series that comes back ${sentence}`, () => {
      assert.equal(
        errorOf(`a${labels} 1\n${others}a${again} 2\n# EOF\n`),
        'Line 102, column 1: expected the samples of each series of Unknown "a" in one place, but found more of an earlier one.',
      );
    });
  }

  it("takes labels that swap their values for another series", () => {
    const input = 'a{b="x",c="y"} 1\na{b="y",c="x"} 2\na{c="xy"} 3\na{b="xy"} 4\na{bx="y"} 5\n# EOF\n';
    assert.equal(parse(input, contentType)[0]?.series.length, 5);
  });
});
