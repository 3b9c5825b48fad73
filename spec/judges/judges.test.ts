// The judges of the text formats are judged here: each accepts a right exposition, and no wrong one.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { asOpenMetrics, writeOpenMetricsNaively } from "./naive-openmetrics.ts";
import { NaiveRegistry } from "./naive-registry.ts";
import { asPythonReads, asPythonReadsOpenMetrics, parseWithPython, pythonParserMissing } from "./python-parser.ts";

function someMetrics(): NaiveRegistry {
  const registry = new NaiveRegistry();
  registry.setDefaultLabels({ zone: "eu", app: "shop" });
  const hits = registry.declare({
    type: "counter",
    name: "hits_total",
    help: 'Hits: "a\\b"\nand more.',
    labelNames: ["a", "b"],
  });
  hits.inc({ a: "x|", b: "y" }, 1);
  hits.inc({ a: "x", b: "|y" }, 10);
  hits.inc({ a: 'q"', b: "s\\n\n" }, 0.1);
  hits.inc({ a: 'q"', b: "s\\n\n" }, 0.2);
  hits.inc({ a: "", b: undefined }, 4);
  hits.inc({ b: null }, 1);
  hits.inc({ a: "gone", b: "gone" }, 7);
  hits.remove({ a: "gone", b: "gone" });
  const jobs = registry.declare({ type: "counter", name: "jobs", help: "Jobs." });
  jobs.inc({}, 1e21);
  const depth = registry.declare({ type: "gauge", name: "depth", help: "Depth.", labelNames: ["app"] });
  depth.set({ app: "own" }, Number.NEGATIVE_INFINITY);
  depth.set({ app: "\ud83d" }, Number.NaN);
  depth.set({ app: 1 }, -0);
  const wait = registry.declare({
    type: "histogram",
    name: "wait_seconds",
    help: "Waits.",
    buckets: [0.5, 1, 1000000],
  });
  for (const seconds of [0.5, 0.7, 3, 1e-7, 1e9]) wait.observe({}, seconds);
  const size = registry.declare({ type: "summary", name: "size_bytes", help: "Sizes.", labelNames: ["a"] });
  size.observe({ a: "x" }, 3);
  size.observe({ a: "x" }, 4);
  const build = registry.declare({ type: "info", name: "build_info", help: "Build." });
  build.setInfo({}, { version: "1.2.3" });
  const door = registry.declare({ type: "stateset", name: "door", help: "Door.", states: ["open", "shut"] });
  door.setState({}, "open", true);
  return registry;
}

const rightText = String.raw`# HELP hits_total Hits: "a\\b"\nand more.
# TYPE hits_total counter
hits_total{a="x|",b="y",zone="eu",app="shop"} 1
hits_total{a="x",b="|y",zone="eu",app="shop"} 10
hits_total{a="q\"",b="s\\n\n",zone="eu",app="shop"} 0.30000000000000004
hits_total{zone="eu",app="shop"} 5
# HELP jobs Jobs.
# TYPE jobs counter
jobs{zone="eu",app="shop"} 1e+21
# HELP depth Depth.
# TYPE depth gauge
depth{app="own",zone="eu"} -Inf
depth{app="�",zone="eu"} NaN
depth{app="1",zone="eu"} 0
# HELP wait_seconds Waits.
# TYPE wait_seconds histogram
wait_seconds_bucket{zone="eu",app="shop",le="0.5"} 2
wait_seconds_bucket{zone="eu",app="shop",le="1"} 3
wait_seconds_bucket{zone="eu",app="shop",le="1000000"} 4
wait_seconds_bucket{zone="eu",app="shop",le="+Inf"} 5
wait_seconds_sum{zone="eu",app="shop"} 1000000004.2
wait_seconds_count{zone="eu",app="shop"} 5
# HELP size_bytes Sizes.
# TYPE size_bytes summary
size_bytes_sum{a="x",zone="eu",app="shop"} 7
size_bytes_count{a="x",zone="eu",app="shop"} 2
# HELP build_info Build.
# TYPE build_info gauge
build_info{version="1.2.3",zone="eu",app="shop"} 1
# HELP door Door.
# TYPE door gauge
door{zone="eu",app="shop",door="open"} 1
door{zone="eu",app="shop",door="shut"} 0
`;

// biome-ignore format: a table
/** Defects of an exposition, each as what stands there instead. */
const defects: readonly (readonly [defect: string, right: string, wrong: string])[] = [
  ["two series are merged", '{a="x|",b="y",zone="eu",app="shop"} 1\nhits_total{a="x",b="|y",zone="eu",app="shop"} 10', '{a="x|",b="y",zone="eu",app="shop"} 11'],
  ["one series is printed as two", "} 5\n# HELP jobs", '} 4\nhits_total{zone="eu",app="shop"} 1\n# HELP jobs'],
  ["two series have one another's values", '"|y",zone="eu",app="shop"} 10', '"|y",zone="eu",app="shop"} 1'],
  ["a removed series is still there", "# HELP jobs", 'hits_total{a="gone",b="gone",zone="eu",app="shop"} 7\n# HELP jobs'],
  ["a quote is not escaped", String.raw`a="q\""`, 'a="q""'],
  ["a backslash is not escaped", String.raw`s\\n\n`, String.raw`s\n\n`],
  ["a line feed is not escaped", String.raw`s\\n\n`, "s\\\\n\n"],
  ["a backslash in the help is not escaped", String.raw`a\\b`, "a\\nb"],
  ["a line feed in the help is not escaped", String.raw`\nand more`, "\nand more"],
  ["an absent label is printed", 'hits_total{zone="eu"', 'hits_total{a="undefined",zone="eu"'],
  ["a default label beats the series' own", 'app="own"', 'app="shop"'],
  ["a default label is missing", 'jobs{zone="eu",app="shop"}', 'jobs{zone="eu"}'],
  ["a digit is lost", "0.30000000000000004", "0.3"],
  ["an infinity has lost its sign", "-Inf", "+Inf"],
  ["NaN is taken for zero", "NaN", "0"],
  ["the buckets are not cumulative", 'le="1"} 3', 'le="1"} 1'],
  ["a bound is exclusive", 'le="0.5"} 2', 'le="0.5"} 1'],
  ["the last bucket is missing", 'wait_seconds_bucket{zone="eu",app="shop",le="+Inf"} 5\n', ""],
  ["the count is one too high", 'wait_seconds_count{zone="eu",app="shop"} 5', 'wait_seconds_count{zone="eu",app="shop"} 6'],
  ["a family has the wrong type", "TYPE size_bytes summary", "TYPE size_bytes histogram"],
  ["a family is missing", "# HELP door Door.\n# TYPE door gauge\n", ""],
  ["both states are on", 'door="shut"} 0', 'door="shut"} 1'],
];

const rightOpenMetrics = String.raw`# TYPE hits counter
# HELP hits Hits: \"a\\b\"\nand more.
hits_total{a="x|",b="y",zone="eu",app="shop"} 1
hits_total{a="x",b="|y",zone="eu",app="shop"} 10
hits_total{a="q\"",b="s\\n\n",zone="eu",app="shop"} 0.30000000000000004
hits_total{zone="eu",app="shop"} 5
# TYPE jobs unknown
# HELP jobs Jobs.
jobs{zone="eu",app="shop"} 1e+21
# TYPE depth gauge
# HELP depth Depth.
depth{app="own",zone="eu"} -Inf
depth{app="�",zone="eu"} NaN
depth{app="1",zone="eu"} 0
# TYPE wait_seconds histogram
# HELP wait_seconds Waits.
wait_seconds_bucket{zone="eu",app="shop",le="0.5"} 2
wait_seconds_bucket{zone="eu",app="shop",le="1.0"} 3
wait_seconds_bucket{zone="eu",app="shop",le="1e+06"} 4
wait_seconds_bucket{zone="eu",app="shop",le="+Inf"} 5
wait_seconds_sum{zone="eu",app="shop"} 1000000004.2
wait_seconds_count{zone="eu",app="shop"} 5
# TYPE size_bytes summary
# HELP size_bytes Sizes.
size_bytes_sum{a="x",zone="eu",app="shop"} 7
size_bytes_count{a="x",zone="eu",app="shop"} 2
# TYPE build info
# HELP build Build.
build_info{version="1.2.3",zone="eu",app="shop"} 1
# TYPE door stateset
# HELP door Door.
door{zone="eu",app="shop",door="open"} 1
door{zone="eu",app="shop",door="shut"} 0
# EOF
`;

// biome-ignore format: a table
/** Defects that OpenMetrics adds, and whether the Python parser sees them too. */
const openMetricsDefects: readonly (readonly [defect: string, right: string, wrong: string, isSeen: boolean])[] = [
  ["the end is missing", "# EOF\n", "", false],
  ["the end comes early", "# TYPE jobs unknown", "# EOF\n# TYPE jobs unknown", true],
  ["a blank line is in it", "# TYPE jobs unknown", "\n# TYPE jobs unknown", true],
  ["a type is called as in text 0.0.4", "jobs unknown", "jobs untyped", true],
  ["a counter's metadata has its suffix", "# TYPE hits counter", "# TYPE hits_total counter", true],
  ["a counter without the suffix has its type", "jobs unknown", "jobs counter", true],
  ["a bound is not canonical", 'le="1.0"', 'le="1"', true],
  ["a large bound is not canonical", 'le="1e+06"', 'le="1000000.0"', true],
  ["a quote in the help is not escaped", String.raw`\"a\\b\"`, String.raw`"a\\b"`, false],
  ["the sum is there without the count", 'wait_seconds_count{zone="eu",app="shop"} 5\n', "", true],
  ["an info is a gauge", "# TYPE build info", "# TYPE build gauge", true],
  ["a state set has no label of its name", ',door="open"', ',state="open"', true],
  ["a bucket counts a part of an observation", 'le="+Inf"} 5', 'le="+Inf"} 5.5', true],
  ["metadata comes after samples", "# HELP jobs Jobs.\njobs{", '# HELP jobs Jobs.\njobs 1\n# UNIT jobs \njobs{', true],
];

describe("the naive writer of OpenMetrics", () => {
  it("writes as it was written by hand", () => {
    assert.equal(writeOpenMetricsNaively(asOpenMetrics(someMetrics().families())), rightOpenMetrics);
  });

  it("leaves out what is forbidden", () => {
    const registry = new NaiveRegistry();
    const below = registry.declare({ type: "histogram", name: "h", help: "H.", buckets: [-1e-7, 1e21] });
    below.observe({}, 3);
    const fell = registry.declare({ type: "histogram", name: "i", help: "I.", buckets: [0] });
    fell.observe({}, -3);
    const size = registry.declare({ type: "summary", name: "s", help: "S." });
    size.observe({}, -1);
    assert.equal(
      writeOpenMetricsNaively(asOpenMetrics(registry.families())),
      '# TYPE h histogram\n# HELP h H.\nh_bucket{le="-1e-07"} 0\nh_bucket{le="1e+21"} 1\nh_bucket{le="+Inf"} 1\n' +
        '# TYPE i histogram\n# HELP i I.\ni_bucket{le="0.0"} 1\ni_bucket{le="+Inf"} 1\n' +
        "# TYPE s summary\n# HELP s S.\ns_count 1\n# EOF\n",
    );
  });

  const own = writeOpenMetricsNaively(asOpenMetrics(someMetrics().families()));
  for (const [defect, right, wrong] of openMetricsDefects) {
    it(`tells that ${defect}`, () => {
      assert.equal(rightOpenMetrics.split(right).length, 2, "the defect has one place to stand in");
      assert.notEqual(
        rightOpenMetrics.replace(right, () => wrong),
        own,
      );
    });
  }
});

describe("the Python parser of OpenMetrics", { skip: pythonParserMissing() }, () => {
  const expected = asPythonReadsOpenMetrics(asOpenMetrics(someMetrics().families()));

  it("reads back what the naive registry holds", () => {
    assert.deepEqual(parseWithPython([rightOpenMetrics], "openmetrics"), [expected]);
  });

  const seen = openMetricsDefects.filter(([, , , isSeen]) => isSeen);
  const readings = parseWithPython(
    seen.map(([, right, wrong]) => rightOpenMetrics.replace(right, () => wrong)),
    "openmetrics",
  );
  for (const [i, [defect]] of seen.entries()) {
    it(`reads something else, or nothing, when ${defect}`, () => assert.notDeepEqual(readings[i], expected));
  }

  it("reads timestamps and exemplars", () => {
    const text = '# TYPE a counter\na_total{b="c"} 1 1.5 # {d="e"} 0.5 2.5\n# EOF\n';
    const exemplar = { labels: { d: "e" }, value: 0.5, timestamp: 2.5 };
    const samples = [{ name: "a_total", labels: { b: "c" }, value: 1, timestamp: 1.5, exemplar }];
    assert.deepEqual(parseWithPython([text], "openmetrics"), [[{ name: "a", type: "counter", help: "", samples }]]);
  });
});

describe("the naive registry", () => {
  it("writes text 0.0.4 as it was written by hand", () => {
    assert.equal(someMetrics().text(), rightText);
  });

  it("removes what matches, and forgets what resetMetrics() and clear() forget", () => {
    const waited = (sum: number) =>
      `# HELP wait Waits.\n# TYPE wait histogram\nwait_bucket{le="+Inf"} ${sum}\nwait_sum ${sum}\nwait_count ${sum}\n`;
    const registry = new NaiveRegistry();
    const hits = registry.declare({ type: "counter", name: "hits_total", help: "Hits.", labelNames: ["a", "b"] });
    const wait = registry.declare({ type: "histogram", name: "wait", help: "Waits.", buckets: [] });
    hits.inc({ a: "1", b: "1" }, 1);
    hits.inc({ a: "1", b: "2" }, 1);
    hits.inc({ a: "2", b: "1" }, 1);
    wait.observe({}, 1);
    hits.removeMatching({ a: "1" });
    assert.equal(
      registry.text(),
      `# HELP hits_total Hits.\n# TYPE hits_total counter\nhits_total{a="2",b="1"} 1\n${waited(1)}`,
    );
    registry.resetMetrics();
    assert.equal(registry.text(), waited(0));
    wait.clear();
    assert.equal(registry.text(), "");
  });
});

describe("comparison with the naive registry's text", () => {
  for (const [defect, right, wrong] of defects) {
    it(`fails when ${defect}`, () => {
      assert.equal(rightText.split(right).length, 2, "the defect has one place to stand in");
      assert.notEqual(
        rightText.replace(right, () => wrong),
        someMetrics().text(),
      );
    });
  }
});

describe("the Python parser", { skip: pythonParserMissing() }, () => {
  it("reads back what the naive registry holds", () => {
    assert.deepEqual(parseWithPython([someMetrics().text()]), [asPythonReads(someMetrics().families())]);
  });

  it("reads many expositions in one go, and an error spoils one only", () => {
    const [first, second, third] = parseWithPython(["a 1\n", "b one\n", 'c{d="\u2028\r"} 2\n']);
    assert.deepEqual(first, [{ name: "a", type: "unknown", help: "", samples: [{ name: "a", labels: {}, value: 1 }] }]);
    assert.ok(second instanceof Error);
    assert.equal(second.message, "ValueError: could not convert string to float: 'one'");
    assert.deepEqual(third, [
      { name: "c", type: "unknown", help: "", samples: [{ name: "c", labels: { d: "\u2028\r" }, value: 2 }] },
    ]);
  });

  const wrongTexts = defects.map(([, right, wrong]) => rightText.replace(right, () => wrong));
  const expected = asPythonReads(someMetrics().families());
  const readings = parseWithPython(wrongTexts);
  for (const [i, [defect]] of defects.entries()) {
    it(`reads something else when ${defect}`, () => {
      assert.notDeepEqual(readings[i], expected);
    });
  }
});
