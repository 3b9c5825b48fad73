import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lineOf } from "../../lib/formats/family-lines.ts";
import { parse } from "../../lib/formats/parse.ts";
import { ParseError } from "../../lib/formats/parse-error.ts";
import type { MetricFamily } from "../../lib/model/family.ts";
import { Random } from "../judges/random.ts";

const contentType = "text/plain; version=0.0.4";

function valueIn(input: string): number | undefined {
  return (parse(input, contentType)[0] as MetricFamily & { series: { value: number }[] }).series[0]?.value;
}

/** What the series of any type in text may have. */
interface AnyText {
  readonly labels: object;
  readonly value?: number;
  readonly count?: number;
  readonly sum?: number;
  readonly buckets?: readonly object[];
}

describe("reading the text format", () => {
  it("reads the example of the format's description", () => {
    const input = `# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000

# Escaping in label values:
msdos_file_access_time_seconds{path="C:\\\\DIR\\\\FILE.TXT",error="Cannot find file:\\n\\"FILE.TXT\\""} 1.458255915e9

# Minimalistic line:
metric_without_timestamp_and_labels 12.47

# A weird metric from before the epoch:
something_weird{problem="division by zero"} +Inf -3982045

# A histogram, which has a pretty complex representation in the text format:
# HELP http_request_duration_seconds A histogram of the request duration.
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="0.1"} 33444
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320

# Finally a summary, which has a complex representation, too:
# HELP rpc_duration_seconds A summary of the RPC duration in seconds.
# TYPE rpc_duration_seconds summary
rpc_duration_seconds{quantile="0.01"} 3102
rpc_duration_seconds{quantile="0.5"} 4773
rpc_duration_seconds_sum 1.7560473e+07
rpc_duration_seconds_count 2693
`;
    const families = parse(input, contentType);
    assert.deepEqual(families, [
      {
        name: "http_requests_total",
        type: "counter",
        help: "The total number of HTTP requests.",
        series: [
          { labels: { method: "post", code: "200" }, value: 1027, timestampMs: 1395066363000 },
          { labels: { method: "post", code: "400" }, value: 3, timestampMs: 1395066363000 },
        ],
      },
      {
        name: "msdos_file_access_time_seconds",
        type: "unknown",
        help: "",
        series: [{ labels: { path: "C:\\DIR\\FILE.TXT", error: 'Cannot find file:\n"FILE.TXT"' }, value: 1458255915 }],
      },
      {
        name: "metric_without_timestamp_and_labels",
        type: "unknown",
        help: "",
        series: [{ labels: {}, value: 12.47 }],
      },
      {
        name: "something_weird",
        type: "unknown",
        help: "",
        series: [{ labels: { problem: "division by zero" }, value: Infinity, timestampMs: -3982045 }],
      },
      {
        name: "http_request_duration_seconds",
        type: "histogram",
        help: "A histogram of the request duration.",
        series: [
          {
            labels: {},
            count: 144320,
            buckets: [
              { bound: 0.05, count: 24054 },
              { bound: 0.1, count: 33444 },
              { bound: Infinity, count: 144320 },
            ],
            sum: 53423,
          },
        ],
      },
      {
        name: "rpc_duration_seconds",
        type: "summary",
        help: "A summary of the RPC duration in seconds.",
        series: [
          {
            labels: {},
            quantiles: [
              { quantile: 0.01, value: 3102 },
              { quantile: 0.5, value: 4773 },
            ],
            count: 2693,
            sum: 17560473,
          },
        ],
      },
    ]);
    assert.deepEqual(families.map(lineOf), [1, 7, 10, 13, 16, 25]);
    for (const family of families) assert.deepEqual(Reflect.ownKeys(family), ["name", "type", "help", "series"]);
    assert.equal(lineOf({ ...(families[0] as MetricFamily) }), undefined);
  });

  it("takes blanks between any two tokens, free comments, and a comma behind the last label", () => {
    const input = '\n \t\n#\n# HELP\n#HELPS a b\n # \tTYPE\ta\tgauge\t\n\ta\t { b = "x" , "c.d"\t="y" , }\t1\t2 \n';
    assert.deepEqual(parse(input, contentType), [
      { name: "a", type: "gauge", help: "", series: [{ labels: { b: "x", "c.d": "y" }, value: 1, timestampMs: 2 }] },
    ]);
  });

  it("reads names in quotes", () => {
    const input = '# HELP "a.b" Help.\n# TYPE "a.b" counter\n{"a.b"} 1\n{ "a.b" , x="1" } 2\n';
    assert.deepEqual(parse(input, contentType), [
      {
        name: "a.b",
        type: "counter",
        help: "Help.",
        series: [
          { labels: {}, value: 1 },
          { labels: { x: "1" }, value: 2 },
        ],
      },
    ]);
  });

  it("joins lines that stand apart", () => {
    const input =
      '# TYPE h histogram\nh_sum{a="1"} 2\nh_bucket{a="2",le="+Inf"} 4\ng{a="1",le="5"} 1\nh_bucket{a="1",le="+Inf"} 3\n';
    assert.deepEqual(parse(input, contentType)[0], {
      name: "h",
      type: "histogram",
      help: "",
      series: [
        { labels: { a: "1" }, count: 3, buckets: [{ bound: Infinity, count: 3 }], sum: 2 },
        { labels: { a: "2" }, count: 4, buckets: [{ bound: Infinity, count: 4 }] },
      ],
    });
  });

  it("puts series together whatever the order of their lines", () => {
    for (let seed = 0; seed < 100; seed++) {
      const random = new Random(seed);
      const lines: { readonly labels: Record<string, string>; readonly part: string; readonly rank?: number }[] = [];
      for (let i = random.below(4); i >= 0; i--) {
        const labels: Record<string, string> = { a: `${i}`, b: "x" };
        for (const rank of random.sample([-0.5, 0, 1, 2.5, 1e9], 4)) lines.push({ labels, part: "_bucket", rank });
        lines.push({ labels, part: "_bucket", rank: Infinity }, { labels, part: "_sum" }, { labels, part: "_count" });
      }
      // Some are shuffled, some in order, and some sorted by their names.
      const order = random.below(3);
      if (order === 0) lines.splice(0, lines.length, ...random.sample(lines, lines.length));
      if (order === 1) lines.sort((a, b) => (a.part < b.part ? -1 : a.part > b.part ? 1 : 0));
      const expected = new Map<
        string,
        { labels: object; count: number; buckets: { bound: number; count: number }[]; sum: number }
      >();
      let input = "# TYPE h histogram\n";
      for (const [value, { labels, part, rank }] of lines.entries()) {
        const series = expected.get(labels.a as string) ?? { labels, count: 0, buckets: [], sum: 0 };
        expected.set(labels.a as string, series);
        const le = rank === undefined ? [] : [`le="${rank === Infinity ? "+Inf" : rank}"`];
        // The labels of a series may stand in any order, too.
        const written = random.sample([...Object.entries(labels).map(([name, text]) => `${name}="${text}"`), ...le], 3);
        input += `h${part}{${written.join(",")}} ${value}\n`;
        if (part === "_sum") series.sum = value;
        else if (part === "_count") series.count = value;
        else series.buckets.push({ bound: rank as number, count: value });
      }
      for (const { buckets } of expected.values()) buckets.sort((a, b) => a.bound - b.bound);
      const [family] = parse(input, contentType);
      assert.deepEqual(family?.series, [...expected.values()], `seed ${seed}`);
    }
  });

  it("takes no line for one of the series before because a line of another family lies between", () => {
    const input =
      '# TYPE h histogram\nh_bucket{a="1",le="1"} 1\nh_bucket{a="1",le="+Inf"} 1\ng{a="2",le="0"} 1\nh_bucket{a="2",le="+Inf"} 5\n';
    const [h] = parse(input, contentType);
    assert.deepEqual(
      h?.series.map(({ labels }) => labels),
      [{ a: "1" }, { a: "2" }],
    );
  });

  for (const [sentence, input, expected] of [
    [
      "a family that was there before",
      'x_sum 1\n# TYPE x histogram\nx_bucket{le="+Inf"} 2\nx_sum 3\nx_count 2\n',
      ["x_sum {} value 1", "x_sum {} value 3", "x {} count 2 buckets 1"],
    ],
    [
      "a family that comes behind a summary",
      "# TYPE x summary\nx_sum 1\nx_bucket 2\nx_count 3\nx_bucket 4\n",
      ["x {} count 3 sum 1", "x_bucket {} value 2", "x_bucket {} value 4"],
    ],
    [
      "a histogram whose name goes on",
      "# TYPE x histogram\n# TYPE x_y histogram\nx_count 1\nx_y_count 2\nx_sum 3\nx_y_sum 4\n",
      ["x {} count 1 sum 3 buckets 0", "x_y {} count 2 sum 4 buckets 0"],
    ],
    [
      "a histogram whose name has the suffix itself",
      "# TYPE x_sum histogram\nx_sum_count 1\n# TYPE x histogram\nx_count 2\nx_sum_sum 3\n",
      ["x_sum {} count 1 sum 3 buckets 0", "x {} count 2 buckets 0"],
    ],
    [
      "samples that come before their TYPE line",
      'x_count 1\n# TYPE x histogram\nx_bucket{le="+Inf"} 2\n# TYPE y summary\ny_count 3\nx_count 4\n',
      ["x_count {} value 1", "x_count {} value 4", "x {} count 2 buckets 1", "y {} count 3"],
    ],
  ] as const) {
    it(`tells samples of a histogram or summary from ${sentence}`, () => {
      const found = parse(input, contentType).flatMap(({ name, series }) =>
        series.map((one: AnyText) => {
          const parts = { value: one.value, count: one.count, sum: one.sum, buckets: one.buckets?.length };
          return [name, JSON.stringify(one.labels), ...Object.entries(parts).filter(([, part]) => part !== undefined)]
            .join(" ")
            .replaceAll(",", " ");
        }),
      );
      assert.deepEqual(found, expected);
    });
  }

  it("refuses the bare name of a histogram that is called like a sample of another", () => {
    const input = "# TYPE x_sum histogram\nx_sum_count 1\n# TYPE x histogram\nx_count 2\nx_sum 3\n";
    assert.throws(() => parse(input, contentType), {
      name: "ParseError",
      message:
        'Line 5, column 1: expected _bucket, _sum or _count in a sample of Histogram "x_sum", but found "x_sum".',
    });
  });

  it("keeps what is there twice, for lint to tell", () => {
    const input = "# TYPE s summary\ns_sum 1\ns_sum 2\ns_count 1\ng 1\ng 1\n";
    assert.deepEqual(
      parse(input, contentType).map(({ series }) => series),
      [
        [
          { labels: {}, quantiles: [], sum: 1 },
          { labels: {}, quantiles: [], count: 1, sum: 2 },
        ],
        [
          { labels: {}, value: 1 },
          { labels: {}, value: 1 },
        ],
      ],
    );
  });

  it("leaves samples with the suffixes of a histogram alone where none is declared", () => {
    assert.deepEqual(
      parse("x_sum 1\nx_count 2\nx_bucket 3\n", contentType).map(({ name, type }) => `${name} ${type}`),
      ["x_sum unknown", "x_count unknown", "x_bucket unknown"],
    );
  });

  for (const [text, value] of [
    ["1", 1],
    ["-0", -0],
    ["+5", 5],
    [".5", 0.5],
    ["5.", 5],
    ["1e3", 1000],
    ["1E-2", 0.01],
    ["007", 7],
    ["123456789012345678901234567890", 1.2345678901234568e29],
    ["0.1234567890123456789", 0.12345678901234568],
    ["9007199254740993", 9007199254740992],
    ["4.9e-324", 5e-324],
    ["1e-999999999999", 0],
    ["2.2250738585072011e-308", 2.225073858507201e-308],
    ["inf", Infinity],
    ["+INF", Infinity],
    ["-Infinity", -Infinity],
    ["nan", Number.NaN],
  ] as const) {
    it(`reads ${text}`, () => assert.equal(valueIn(`a ${text}\n`), value));
  }

  for (const text of [
    "",
    "x",
    "-",
    ".",
    "0x10",
    "1_000",
    "1e",
    "1e+",
    "--1",
    "+nan",
    "infin",
    "1f",
    "0b1",
    "1 2 3",
    "1 1.5",
    "1e999",
  ]) {
    it(`refuses the value ${JSON.stringify(text)}`, () =>
      assert.throws(() => parse(`a ${text}\n`, contentType), ParseError));
  }

  for (const [sentence, input, message] of [
    ["a last line without its end", "a 1", "Line 1, column 4: expected a newline, but found the end of the input."],
    ["a carriage return", "a 1\r\n", 'Line 1, column 3: expected a value, but found "1\\r".'],
    ["a byte order mark", "\ufeffa 1\n", 'Line 1, column 1: expected a metric name, but found "\ufeffa".'],
    [
      "a label twice",
      '\na{b="1",c="2",b="3"} 1\n',
      'Line 2, column 17: expected each label once, but found "b" again.',
    ],
    [
      "the metric's name for a label",
      'a{__name__="b"} 1\n',
      'Line 1, column 1: expected other labels than the metric\'s name, but found "__name__".',
    ],
    ["another escape", 'a{b="\\t"} 1\n', 'Line 1, column 6: expected "\\\\", "\\"" or "\\n", but found "\\\\t\\"}".'],
    [
      "a newline in quotes",
      'a{b="\n"} 1\n',
      "Line 1, column 6: expected a closing quote, but found the end of the line.",
    ],
    [
      "a second type",
      "# TYPE a gauge\n# TYPE a gauge\n",
      'Line 2, column 8: expected one TYPE line for "a", but found another.',
    ],
    [
      "a second help",
      "# HELP a b\n# HELP a c\n",
      'Line 2, column 8: expected one HELP line for "a", but found another.',
    ],
    [
      "a type behind samples",
      "a 1\n# TYPE a gauge\n",
      'Line 2, column 8: expected the TYPE line of "a" before its samples, but found it behind them.',
    ],
    [
      "an unknown type",
      "# TYPE a info\n",
      'Line 1, column 10: expected counter, gauge, histogram, summary or untyped, but found "info".',
    ],
    [
      "a bare sample of a histogram",
      "# TYPE a histogram\na 1\n",
      'Line 2, column 1: expected _bucket, _sum or _count in a sample of Histogram "a", but found "a".',
    ],
    [
      "a bucket without a bound",
      "# TYPE a histogram\na_bucket 1\n",
      'Line 2, column 1: expected the label "le" at "a_bucket", but found none.',
    ],
    [
      "a quantile above 1",
      '# TYPE a summary\na{quantile="2"} 1\n',
      'Line 2, column 13: expected a quantile from 0 to 1, but found "2\\"}".',
    ],
    [
      "a histogram that tells no count",
      "# TYPE a histogram\na_sum 1\n",
      'Line 2, column 1: expected Histogram "a" to have a _count or a bucket "+Inf" in each series, but found neither.',
    ],
    ["a lone comma", "a{,} 1\n", 'Line 1, column 3: expected a label name, but found ",}".'],
    [
      "metadata of a sample",
      "# TYPE a histogram\n# HELP a_sum b\n",
      'Line 2, column 8: expected the name of a family, but found "a_sum", which is a sample of Histogram "a".',
    ],
  ] as const) {
    it(`refuses ${sentence}`, () => {
      assert.throws(() => parse(input, contentType), { name: "ParseError", message });
    });
  }

  it("tells the place of a byte that is no UTF-8, once the lines before are read", () => {
    const bytes = Buffer.concat([Buffer.from('a 1\nb{c="漢'), Buffer.from([0xff]), Buffer.from('"} 1\n')]);
    assert.throws(() => parse(bytes, contentType), {
      name: "ParseError",
      message: "Line 2, column 7: expected UTF-8, but found the byte 0xFF.",
      line: 2,
      column: 7,
      offset: undefined,
      expected: "UTF-8",
      found: "the byte 0xFF",
    });
    assert.throws(() => parse(Buffer.concat([Buffer.from("a x\n"), bytes]), contentType), {
      message: 'Line 1, column 3: expected a value, but found "x".',
    });
  });

  it("shows no more of the input than fits a line", () => {
    assert.throws(() => parse(`a ${"漢".repeat(1000)}\n`, contentType), {
      message: `Line 1, column 3: expected a value, but found "${"漢".repeat(40)}…".`,
    });
  });
});
