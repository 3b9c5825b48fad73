import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CHUNK_BYTES } from "../../lib/formats/chunk.ts";
import type { ScrapedFamily } from "../../lib/formats/format.ts";
import type { EscapingScheme } from "../../lib/formats/name-escaping.ts";
import { formatNamed, OPENMETRICS_CONTENT_TYPE } from "../../lib/formats/negotiation.ts";
import type { Exemplar, FamilyDescriptor, MetricFamily, MetricType } from "../../lib/model/family.ts";
import { Columns, expose, histogram, info, numbers, plain, stateSet } from "./families.ts";

/** The families in OpenMetrics text, without the last line, which each exposition has to have. */
function openMetrics(
  families: readonly ScrapedFamily[],
  {
    escaping = "underscores",
    created = false,
    start = 0,
  }: { escaping?: EscapingScheme; created?: boolean; start?: number } = {},
): string {
  const format = formatNamed(`${OPENMETRICS_CONTENT_TYPE}; escaping=${escaping}`, { created });
  assert.ok(format);
  const text = expose(families, { format, start });
  assert.ok(text.endsWith("# EOF\n"));
  return text.slice(0, -"# EOF\n".length);
}

const ofPlain = (...families: readonly MetricFamily[]) => openMetrics(families.map((family) => plain(family)));

function named(type: MetricType, name: string, more: object = {}): MetricFamily {
  const values: Partial<Record<MetricType, object>> = {
    summary: { quantiles: [], sum: 0, count: 0 },
    histogram: { buckets: [], sum: 0, count: 0 },
    gaugehistogram: { buckets: [], sum: 0, count: 0 },
    stateset: { states: { on: true } },
  };
  const series = [{ labels: {}, ...(values[type] ?? { value: 1 }) }];
  return { name, type, help: "", series, ...more } as unknown as MetricFamily;
}

describe("OpenMetrics text", () => {
  it("names itself", () => {
    assert.equal(
      formatNamed(OPENMETRICS_CONTENT_TYPE, { created: false })?.contentType,
      "application/openmetrics-text; version=1.0.0; charset=utf-8",
    );
  });

  it("is its last line alone when there are no families, or none with series", () => {
    const format = formatNamed(OPENMETRICS_CONTENT_TYPE, { created: true });
    assert.ok(format);
    assert.equal(expose([], { format }), "# EOF\n");
    assert.equal(expose([numbers("gauge", "empty", ["a"]).scraped()], { format }), "# EOF\n");
  });

  describe("writes the examples of the specification", () => {
    it("of its overview", () => {
      const series = (path: string, method: string, sum: number, count: number) => ({
        labels: { path, method },
        quantiles: [],
        sum,
        count,
        createdMs: 1_605_281_325_000,
      });
      const families: readonly MetricFamily[] = [
        {
          name: "acme_http_router_request_seconds",
          type: "summary",
          unit: "seconds",
          help: "Latency though all of ACME's HTTP request router.",
          series: [series("/api/v1", "GET", 9036.32, 807_283), series("/api/v2", "POST", 479.3, 34)],
        },
        {
          name: "go_goroutines",
          type: "gauge",
          help: "Number of goroutines that currently exist.",
          series: [{ labels: {}, value: 69 }],
        },
        {
          name: "process_cpu_seconds_total",
          type: "counter",
          unit: "seconds",
          help: "Total user and system CPU time spent in seconds.",
          series: [{ labels: {}, value: 4_200_722.46 }],
        },
      ];
      assert.equal(
        openMetrics(
          families.map((family) => plain(family)),
          { created: true },
        ),
        `# TYPE acme_http_router_request_seconds summary
# UNIT acme_http_router_request_seconds seconds
# HELP acme_http_router_request_seconds Latency though all of ACME's HTTP request router.
acme_http_router_request_seconds_sum{path="/api/v1",method="GET"} 9036.32
acme_http_router_request_seconds_count{path="/api/v1",method="GET"} 807283
acme_http_router_request_seconds_created{path="/api/v1",method="GET"} 1605281325
acme_http_router_request_seconds_sum{path="/api/v2",method="POST"} 479.3
acme_http_router_request_seconds_count{path="/api/v2",method="POST"} 34
acme_http_router_request_seconds_created{path="/api/v2",method="POST"} 1605281325
# TYPE go_goroutines gauge
# HELP go_goroutines Number of goroutines that currently exist.
go_goroutines 69
# TYPE process_cpu_seconds counter
# UNIT process_cpu_seconds seconds
# HELP process_cpu_seconds Total user and system CPU time spent in seconds.
process_cpu_seconds_total 4200722.46
`,
      );
    });

    it("of state sets and infos", () => {
      assert.equal(
        ofPlain(
          {
            name: "foo",
            type: "stateset",
            help: "",
            series: [{ labels: {}, states: { a: true, bb: false, ccc: false } }],
          },
          {
            name: "bar_info",
            type: "info",
            help: "",
            series: [{ labels: { entity: "controller", name: "pretty name", version: "8.2.7" }, value: 1 }],
          },
        ),
        `# TYPE foo stateset
foo{foo="a"} 1
foo{foo="bb"} 0
foo{foo="ccc"} 0
# TYPE bar info
bar_info{entity="controller",name="pretty name",version="8.2.7"} 1
`,
      );
    });

    it("of canonical bounds and quantiles, created timestamps and histograms", () => {
      const bounds = [0, 1e-5, 0.0001, 0.1, 1, 10, 100_000, 1e6, 1e23, 1.1e23];
      const counts = [0, 0, 5, 8, 10, 11, 11, 15, 16, 17];
      const expected = `# TYPE foo histogram
foo_bucket{le="0.0"} 0
foo_bucket{le="1e-05"} 0
foo_bucket{le="0.0001"} 5
foo_bucket{le="0.1"} 8
foo_bucket{le="1.0"} 10
foo_bucket{le="10.0"} 11
foo_bucket{le="100000.0"} 11
foo_bucket{le="1e+06"} 15
foo_bucket{le="1e+23"} 16
foo_bucket{le="1.1e+23"} 17
foo_bucket{le="+Inf"} 17
foo_sum 324789.3
foo_count 17
`;
      const series = {
        labels: {},
        buckets: bounds.map((bound, i) => ({ bound, count: counts[i] as number })),
        sum: 324_789.3,
        count: 17,
        createdMs: 1_520_430_000_123,
      };
      const family: MetricFamily = { name: "foo", type: "histogram", help: "", series: [series] };
      assert.equal(openMetrics([plain(family)]), expected);
      assert.equal(openMetrics([plain(family)], { created: true }), `${expected}foo_created 1520430000.123\n`);
      const columns = histogram("foo", [], bounds).set({}, 324_789.3, 0, 0, 5, 3, 2, 1, 0, 4, 1, 1, 0);
      columns.table.setCreatedMs(0, 1_520_430_000_123);
      const help = expected.replace("\n", "\n# HELP foo Help.\n");
      assert.equal(openMetrics([columns.scraped()]), help);
      assert.equal(openMetrics([columns.scraped()], { created: true }), `${help}foo_created 1520430000.123\n`);
      assert.equal(
        ofPlain({
          name: "s",
          type: "summary",
          help: "",
          series: [
            {
              labels: {},
              quantiles: [
                { quantile: 0.95, value: 123.7 },
                { quantile: 1, value: 150 },
              ],
            },
          ],
        }),
        '# TYPE s summary\ns{quantile="0.95"} 123.7\ns{quantile="1.0"} 150\n',
      );
    });

    it("of exemplars and gauge histograms", () => {
      const buckets = [
        { bound: 0.01, count: 0 },
        { bound: 0.1, count: 8, exemplar: { labels: {}, value: 0.054 } },
        { bound: 1, count: 11, exemplar: { labels: { trace_id: "KOO5S4vxi0o" }, value: 0.67 } },
        {
          bound: 10,
          count: 17,
          exemplar: { labels: { trace_id: "oHg5SJYRHA0" }, value: 9.8, timestampMs: 1_520_879_607_789 },
        },
      ];
      const series = { labels: {}, buckets, sum: 324_789.3, count: 17, timestampMs: 1_520_879_608_000, createdMs: 5 };
      const lines = `_bucket{le="0.01"} 0 1520879608
foo_bucket{le="0.1"} 8 1520879608 # {} 0.054
foo_bucket{le="1.0"} 11 1520879608 # {trace_id="KOO5S4vxi0o"} 0.67
foo_bucket{le="10.0"} 17 1520879608 # {trace_id="oHg5SJYRHA0"} 9.8 1520879607.789
foo_bucket{le="+Inf"} 17 1520879608
`;
      assert.equal(
        openMetrics([plain({ name: "foo", type: "histogram", help: "", series: [series] })], { created: true }),
        `# TYPE foo histogram\nfoo${lines}foo_sum 324789.3 1520879608\nfoo_count 17 1520879608\nfoo_created 0.005 1520879608\n`,
      );
      assert.equal(
        openMetrics([plain({ name: "foo", type: "gaugehistogram", help: "", series: [series] })], { created: true }),
        `# TYPE foo gaugehistogram\nfoo${lines}foo_gsum 324789.3 1520879608\nfoo_gcount 17 1520879608\n`,
      );
    });
  });

  it("escapes quotes in a help text, as the Prometheus formats do not", () => {
    const gauge = numbers("gauge", "g", ["a"], 'Say "a\\b"\nand more.').set({ a: 'x"\\\n' }, 1);
    assert.equal(
      openMetrics([gauge.scraped()]),
      '# TYPE g gauge\n# HELP g Say \\"a\\\\b\\"\\nand more.\ng{a="x\\"\\\\\\n"} 1\n',
    );
  });

  it("leaves out an empty help text", () => {
    assert.equal(ofPlain(named("unknown", "u")), "# TYPE u unknown\nu 1\n");
  });

  describe("the unit", () => {
    // biome-ignore format: a table
    const cases: readonly (readonly [type: MetricType, name: string, unit: string, isTold: boolean])[] = [
      ["gauge", "wait_seconds", "seconds", true], ["counter", "cpu_seconds_total", "seconds", true],
      ["histogram", "wait_seconds", "seconds", true], ["gauge", "wait", "seconds", false],
      ["gauge", "waitseconds", "seconds", false], ["counter", "cpu_total", "total", false],
      ["counter", "cpu_seconds", "seconds", true], ["info", "build_seconds_info", "seconds", false],
      ["stateset", "phase_seconds", "seconds", false], ["gauge", "wait_a\nb", "a\nb", false],
    ];
    for (const [type, name, unit, isTold] of cases) {
      it(`${unit} of the ${type} ${JSON.stringify(name)} is ${isTold ? "told" : "left out"}`, () => {
        const units = ofPlain(named(type, name, { unit }))
          .split("\n")
          .filter((line) => line.startsWith("# UNIT"));
        assert.deepEqual(units, isTold ? [`# UNIT ${name.replace(/_total$/, "")} ${unit}`] : []);
      });
    }
  });

  describe("what it forbids", () => {
    const sumAndCount = (text: string) => text.split("\n").filter((line) => /_g?(sum|count)/.test(line));

    it("is left out of histograms: the sum, and the count with it, where observations are or may be negative", () => {
      const bounds = histogram("h", [], [-1, 0, 1]).set({}, 3, 0, 1, 1, 1);
      const observed = histogram("h", ["a"], [1])
        .set({ a: "x" }, -0.5, 2, 0)
        .set({ a: "y" }, 0.5, 2, 0)
        .set({ a: "z" }, Number.NaN, 2, 0)
        .set({ a: "0" }, -0, 2, 0)
        .set({ a: "i" }, Infinity, 2, 0);
      assert.equal(
        openMetrics([bounds.scraped()]),
        '# TYPE h histogram\n# HELP h Help.\nh_bucket{le="-1.0"} 0\nh_bucket{le="0.0"} 1\nh_bucket{le="1.0"} 2\nh_bucket{le="+Inf"} 3\n',
      );
      assert.deepEqual(sumAndCount(openMetrics([observed.scraped()])), [
        'h_sum{a="y"} 0.5',
        'h_count{a="y"} 2',
        'h_sum{a="0"} 0',
        'h_count{a="0"} 2',
        'h_sum{a="i"} +Inf',
        'h_count{a="i"} 2',
      ]);
    });

    it("is left out of plain histograms likewise, and a sum never stands without its count", () => {
      const of = (type: "histogram" | "gaugehistogram", bound: number, sum: number | undefined) =>
        sumAndCount(
          ofPlain({
            name: "h",
            type,
            help: "",
            series: [{ labels: {}, buckets: [{ bound, count: 1 }], count: 2, ...(sum !== undefined && { sum }) }],
          }),
        );
      assert.deepEqual(of("histogram", 1, 3), ["h_sum 3", "h_count 2"]);
      for (const sum of [-1, Number.NaN, undefined]) assert.deepEqual(of("histogram", 1, sum), []);
      assert.deepEqual(of("histogram", -1, 3), []);
      assert.deepEqual(of("gaugehistogram", 1, 3), ["h_gsum 3", "h_gcount 2"]);
      for (const sum of [-1, Number.NaN, undefined]) assert.deepEqual(of("gaugehistogram", 1, sum), []);
      assert.deepEqual(of("gaugehistogram", -1, -3), ["h_gsum -3", "h_gcount 2"]);
      assert.deepEqual(of("gaugehistogram", -1, Number.NaN), []);
    });

    it("is left out of summaries: negative quantiles, and a sum that is no sum", () => {
      const samples = [
        { suffix: "", label: { name: "quantile", value: 0.5 } },
        { suffix: "", label: { name: "quantile", value: 0.9 } },
        { suffix: "_sum" },
        { suffix: "_count" },
      ];
      const sizes = new Columns({ name: "s", type: "summary", help: "" }, ["a"], samples)
        .set({ a: "x" }, -1, 2, -3, 2)
        .set({ a: "y" }, Number.NaN, Number.NaN, 0, 0)
        .set({ a: "z" }, -2, -1, Number.NaN, 2);
      const series = { labels: { a: "p" }, quantiles: [{ quantile: 0.5, value: -1 }], sum: -1, count: 1.5 };
      const text = openMetrics([
        {
          descriptor: sizes.family.descriptor,
          parts: [sizes.part(), ...plain({ name: "s", type: "summary", help: "", series: [series] }).parts],
        },
      ]);
      assert.equal(
        text,
        `# TYPE s summary
s{a="x",quantile="0.9"} 2
s_count{a="x"} 2
s{a="y",quantile="0.5"} NaN
s{a="y",quantile="0.9"} NaN
s_sum{a="y"} 0
s_count{a="y"} 0
s_count{a="z"} 2
`,
      );
    });

    it("is left out: histograms that count parts of observations", () => {
      const series = (a: string, count: number, first: number) => ({
        labels: { a },
        buckets: [{ bound: 1, count: first }],
        sum: 1,
        count,
      });
      assert.equal(
        ofPlain({
          name: "h",
          type: "histogram",
          help: "",
          series: [series("x", 2.5, 1), series("y", 3, 1.5), series("z", 3, 1), series("i", Infinity, 1)],
        }),
        '# TYPE h histogram\nh_bucket{a="z",le="1.0"} 1\nh_bucket{a="z",le="+Inf"} 3\nh_sum{a="z"} 1\nh_count{a="z"} 3\n',
      );
    });

    it("is left out: timestamps that are no moments", () => {
      const at = (timestampMs: number) =>
        ofPlain({ name: "g", type: "gauge", help: "", series: [{ labels: {}, value: 1, timestampMs }] }).split("\n")[1];
      assert.deepEqual([0, -1, 1500, 1_520_879_607_789, -1_520_430_000_123, 1e16, Number.NaN, -Infinity].map(at), [
        "g 1 0",
        "g 1 -0.001",
        "g 1 1.5",
        "g 1 1520879607.789",
        "g 1 -1520430000.123",
        "g 1",
        "g 1",
        "g 1",
      ]);
    });
  });

  describe("names", () => {
    const types = (...descriptors: readonly (readonly [MetricType, string])[]) =>
      ofPlain(...descriptors.map(([type, name]) => named(type, name)))
        .split("\n")
        .filter((line) => line.startsWith("# TYPE "))
        .map((line) => line.slice("# TYPE ".length));

    it("of counters and infos lose their suffix in the metadata; one that has none keeps its name and loses its type", () => {
      assert.deepEqual(
        types(["counter", "a_total"], ["counter", "b"], ["info", "c_info"], ["info", "d"], ["counter", "_total"]),
        ["a counter", "b unknown", "c info", "d unknown", "_total unknown"],
      );
    });

    it("that clash here only are kept, and the counter or info loses its type", () => {
      assert.deepEqual(types(["counter", "jobs_total"], ["gauge", "jobs"]), ["jobs_total unknown", "jobs gauge"]);
      assert.deepEqual(types(["gauge", "jobs"], ["counter", "jobs_total"]), ["jobs gauge", "jobs_total unknown"]);
      assert.deepEqual(types(["counter", "jobs"], ["counter", "jobs_total"]), ["jobs unknown", "jobs_total unknown"]);
      assert.deepEqual(types(["counter", "x_total"], ["info", "x_info"]), ["x counter", "x_info unknown"]);
      assert.deepEqual(types(["info", "build_info"], ["stateset", "build"]), ["build_info unknown", "build stateset"]);
      assert.deepEqual(types(["counter", "a_total_total"], ["counter", "a_total"]), [
        "a_total_total unknown",
        "a counter",
      ]);
      assert.deepEqual(types(["counter", "h_bucket_total"], ["histogram", "h"]), [
        "h_bucket_total unknown",
        "h histogram",
      ]);
      assert.deepEqual(types(["counter", "a_total"], ["gauge", "a_created"]), ["a_total unknown", "a_created gauge"]);
    });

    it("of another family that say when a histogram or summary began are left out", () => {
      assert.deepEqual(types(["histogram", "h"], ["gauge", "h_created"], ["gauge", "g"]), ["h histogram", "g gauge"]);
      assert.deepEqual(types(["counter", "s_created"], ["summary", "s"]), ["s summary"]);
    });

    it("of state sets can't hold a colon where labels can't, and then the type is lost", () => {
      assert.equal(
        ofPlain(named("stateset", "x:y"), named("stateset", "door")),
        '# TYPE x:y unknown\nx:y{x_y="on"} 1\n# TYPE door stateset\ndoor{door="on"} 1\n',
      );
    });
  });

  describe("UTF-8 names", () => {
    const families = () => {
      const requests = numbers("counter", "http.requests_total", ["http.method", "zone"]);
      requests.set({ "http.method": 'G"ET' }, 1).set({}, 2).set({ "http.method": "PUT", zone: "us" }, 3);
      const wait = histogram("rpc.seconds", ["a"], [1]).set({ a: "x" }, 0.5, 1, 0).set({}, 0, 0, 0);
      const door = stateSet("door.open", [], ["yes"]).set({}, 1);
      const build = info("app.build_info", ["a.b"]);
      build.tell({ "a.b": "1" }, { "git.commit": "8f3c" });
      const legacy = numbers("gauge", "legacy_name", ["http.method"]).set({ "http.method": "GET" }, 4);
      return [requests, wait, door, build, legacy].map((columns) => columns.scraped({ zone: "eu" }));
    };
    const without = (text: string) => text.replace(/# HELP .*\n/g, "");

    it("are quoted where the reader takes them", () => {
      assert.equal(
        openMetrics(families(), { escaping: "allow-utf-8" }),
        `# TYPE "http.requests" counter
# HELP "http.requests" Help.
{"http.requests_total","http.method"="G\\"ET",zone="eu"} 1
{"http.requests_total",zone="eu"} 2
{"http.requests_total","http.method"="PUT",zone="us"} 3
# TYPE "rpc.seconds" histogram
# HELP "rpc.seconds" Help.
{"rpc.seconds_bucket",a="x",zone="eu",le="1.0"} 1
{"rpc.seconds_bucket",a="x",zone="eu",le="+Inf"} 1
{"rpc.seconds_sum",a="x",zone="eu"} 0.5
{"rpc.seconds_count",a="x",zone="eu"} 1
{"rpc.seconds_bucket",zone="eu",le="1.0"} 0
{"rpc.seconds_bucket",zone="eu",le="+Inf"} 0
{"rpc.seconds_sum",zone="eu"} 0
{"rpc.seconds_count",zone="eu"} 0
# TYPE "door.open" stateset
# HELP "door.open" Help.
{"door.open",zone="eu","door.open"="yes"} 1
# TYPE "app.build" info
# HELP "app.build" Help.
{"app.build_info","a.b"="1","git.commit"="8f3c",zone="eu"} 1
# TYPE legacy_name gauge
# HELP legacy_name Help.
legacy_name{"http.method"="GET",zone="eu"} 4
`,
      );
    });

    it("are escaped as the reader wishes, and the suffix stays what it is", () => {
      assert.equal(
        without(openMetrics(families(), { escaping: "values" })),
        `# TYPE U__http_2e_requests counter
U__http_2e_requests_total{U__http_2e_method="G\\"ET",zone="eu"} 1
U__http_2e_requests_total{zone="eu"} 2
U__http_2e_requests_total{U__http_2e_method="PUT",zone="us"} 3
# TYPE U__rpc_2e_seconds histogram
U__rpc_2e_seconds_bucket{a="x",zone="eu",le="1.0"} 1
U__rpc_2e_seconds_bucket{a="x",zone="eu",le="+Inf"} 1
U__rpc_2e_seconds_sum{a="x",zone="eu"} 0.5
U__rpc_2e_seconds_count{a="x",zone="eu"} 1
U__rpc_2e_seconds_bucket{zone="eu",le="1.0"} 0
U__rpc_2e_seconds_bucket{zone="eu",le="+Inf"} 0
U__rpc_2e_seconds_sum{zone="eu"} 0
U__rpc_2e_seconds_count{zone="eu"} 0
# TYPE U__door_2e_open stateset
U__door_2e_open{zone="eu",U__door_2e_open="yes"} 1
# TYPE U__app_2e_build info
U__app_2e_build_info{U__a_2e_b="1",U__git_2e_commit="8f3c",zone="eu"} 1
# TYPE legacy_name gauge
legacy_name{U__http_2e_method="GET",zone="eu"} 4
`,
      );
      const dots = without(openMetrics(families().slice(0, 1), { escaping: "dots" }));
      assert.equal(dots.split("\n")[1], 'http_dot_requests_total{http_dot_method="G\\"ET",zone="eu"} 1');
      const underscores = without(openMetrics(families(), { escaping: "underscores" }));
      assert.equal(underscores.split("\n")[1], 'http_requests_total{http_method="G\\"ET",zone="eu"} 1');
    });

    it("that become the same by that stay apart, counters with their suffix", () => {
      const text = ofPlain(named("counter", "a.b_total"), named("counter", "a_b_total"), named("counter", "a-b_total"));
      assert.equal(
        text,
        "# TYPE a_b_ counter\na_b__total 1\n# TYPE a_b counter\na_b_total 1\n# TYPE a_b__ counter\na_b___total 1\n",
      );
    });
  });

  describe("exemplars", () => {
    const first: Exemplar = { labels: { trace_id: 'a"b\n' }, value: 3, timestampMs: 1500 };

    /** A family in columns with exemplars of its own. */
    function withExemplars(
      type: "counter" | "gauge",
      name: string,
      exemplars: readonly (Exemplar | undefined)[],
    ): ScrapedFamily {
      const columns = new Columns({ name, type, help: "Help." }, ["i"], [{ suffix: "" }], {
        exemplar: (row) => exemplars[row],
      });
      for (const i of exemplars.keys()) columns.set({ i }, i);
      return columns.scraped();
    }

    it("stand behind counters", () => {
      const text = openMetrics([withExemplars("counter", "c_total", [first, undefined, { labels: {}, value: -1 }])]);
      assert.equal(
        text,
        '# TYPE c counter\n# HELP c Help.\nc_total{i="0"} 0 # {trace_id="a\\"b\\n"} 3 1.5\nc_total{i="1"} 1\nc_total{i="2"} 2 # {} -1\n',
      );
      assert.equal(
        ofPlain({ name: "c_total", type: "counter", help: "", series: [{ labels: {}, value: 1, exemplar: first }] }),
        '# TYPE c counter\nc_total 1 # {trace_id="a\\"b\\n"} 3 1.5\n',
      );
    });

    it("stand behind nothing else, nor behind a counter that has lost its type", () => {
      for (const name of ["c", "g"]) {
        const type = name === "c" ? "counter" : "gauge";
        assert.ok(!openMetrics([withExemplars(type, name, [first])]).includes(" # "));
        assert.ok(!ofPlain(named(type, name, { series: [{ labels: {}, value: 1, exemplar: first }] })).includes(" # "));
      }
    });

    it("are never written with more than 128 characters, which an emoji is one of", () => {
      const of = (labels: Record<string, string>) =>
        openMetrics([withExemplars("counter", "c_total", [{ labels, value: 1 }])]).includes(" # {");
      assert.equal(of({ trace_id: "x".repeat(120) }), true);
      assert.equal(of({ trace_id: "x".repeat(121) }), false);
      assert.equal(of({ trace_id: "😀".repeat(120) }), true);
      assert.equal(of({ trace_id: "😀".repeat(121) }), false);
      assert.equal(of({ a: "x".repeat(126), b: "" }), true);
      assert.equal(of({ a: "x".repeat(126), bc: "" }), false);
      assert.equal(of({ a: "x".repeat(1e6) }), false);
    });

    it("have room at the end of a chunk, whatever they hold", () => {
      const widest: Exemplar = {
        labels: { a: '"'.repeat(63), b: "😀".repeat(63) },
        value: -Number.MAX_VALUE,
        timestampMs: -(2 ** 53),
      };
      const family = () => [withExemplars("counter", "c_total", Array(40).fill(widest))];
      const expected = openMetrics(family());
      for (let room = 0; room < 5000; room += 7)
        assert.equal(openMetrics(family(), { start: CHUNK_BYTES - room }), expected);
    });

    it("stand behind the bucket that they lie in, and else behind none", () => {
      const bucket = (bound: number, value: number) => ({ bound, count: 1, exemplar: { labels: {}, value } });
      const lines = ofPlain({
        name: "h",
        type: "histogram",
        help: "",
        series: [
          {
            labels: {},
            buckets: [bucket(1, 1), bucket(2, 1), bucket(3, 3.5), bucket(4, Number.NaN), bucket(Infinity, 5)],
            count: 1,
          },
        ],
      }).split("\n");
      assert.deepEqual(lines.slice(1, -1), [
        'h_bucket{le="1.0"} 1 # {} 1',
        'h_bucket{le="2.0"} 1',
        'h_bucket{le="3.0"} 1',
        'h_bucket{le="4.0"} 1',
        'h_bucket{le="+Inf"} 1 # {} 5',
      ]);
    });
  });

  it("has created timestamps of counters, histograms and summaries that are typed so, if told to", () => {
    const columns = ["a_total", "b"].map((name) => numbers("counter", name, ["l"]).set({ l: "x" }, 1));
    const gauge = numbers("gauge", "g").set({}, 1);
    for (const { table } of [...columns, gauge]) table.setCreatedMs(0, 1_600_000_000_250);
    const scraped = [...columns, gauge].map((one) => one.scraped());
    assert.equal(
      openMetrics([...scraped, plain(named("counter", "p_total"))], { created: true }).replace(/# HELP .*\n/g, ""),
      `# TYPE a counter
a_total{l="x"} 1
a_created{l="x"} 1600000000.25
# TYPE b unknown
b{l="x"} 1
# TYPE g gauge
g 1
# TYPE p counter
p_total 1
`,
    );
  });

  it("changes nothing: what was written before is written afterwards", () => {
    const descriptor: FamilyDescriptor = { name: "c_total", type: "counter", help: "" };
    const counter = numbers("counter", "c_total", ["a"], "").set({ a: "x" }, 1);
    for (let i = 0; i < 3; i++) {
      assert.equal(openMetrics([counter.scraped()]), '# TYPE c counter\nc_total{a="x"} 1\n');
      assert.equal(expose([counter.scraped()]), '# TYPE c_total counter\nc_total{a="x"} 1\n');
    }
    assert.deepEqual(counter.family.descriptor, descriptor);
  });
});
