import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CHUNK_BYTES } from "../../lib/formats/chunk.ts";
import type { ScrapedFamily } from "../../lib/formats/format.ts";
import { textFormat } from "../../lib/formats/text.ts";
import type { MetricFamily } from "../../lib/model/family.ts";
import { type NaiveMetric, NaiveRegistry } from "../judges/naive-registry.ts";
import { Random } from "../judges/random.ts";
import { Columns, expose, histogram, info, numbers, plain, stateSet } from "./families.ts";

describe("the text format", () => {
  it("names itself", () => {
    assert.equal(textFormat.contentType, "text/plain; version=0.0.4; charset=utf-8");
  });

  it("writes nothing for no families", () => {
    assert.equal(expose([]), "");
  });

  it("writes families in columns of every type", () => {
    const requests = numbers(
      "counter",
      "http_requests_total",
      ["method", "code"],
      'Requests "served".\nBy code: C:\\code',
    );
    requests
      .set({ method: "GET", code: 200 }, 1027)
      .set({ method: 'PO"ST\\\n', code: undefined }, 3)
      .set({}, 0.1 + 0.2);
    const temperature = numbers("gauge", "temperature_celsius", [], "Temperature.").set({}, -0);
    const relayed = numbers("unknown", "relayed", ["from"], "").set({ from: "漢字😀" }, 1e21);
    const wait = histogram("wait_seconds", ["route"], [0.005, 0.1, 1, 1e6]).set({ route: "/" }, 4.2, 1, 0, 2, 3, 4);
    wait.set({}, 0);
    const size = new Columns(
      { name: "size_bytes", type: "summary", help: "Sizes." },
      ["a"],
      [
        { suffix: "", label: { name: "quantile", value: 0.5 } },
        { suffix: "", label: { name: "quantile", value: 1 } },
        { suffix: "_sum" },
        { suffix: "_count" },
      ],
    ).set({ a: "x" }, 1.5, 7, 10, 4);
    size.set({ a: "y" }, Number.NaN, Number.NaN, 0, 0);
    const build = info("build_info");
    build.tell({}, { version: "1.2.3", commit: "8f3c2d1" });
    const phase = stateSet("phase", ["app"], ["starting", "ready", 'say "bye"']).set({ app: "shop" }, 0, 1, 0);
    assert.equal(
      expose([requests, temperature, relayed, wait, size, build, phase].map((columns) => columns.scraped())),
      `# HELP http_requests_total Requests "served".\\nBy code: C:\\\\code
# TYPE http_requests_total counter
http_requests_total{method="GET",code="200"} 1027
http_requests_total{method="PO\\"ST\\\\\\n"} 3
http_requests_total 0.30000000000000004
# HELP temperature_celsius Temperature.
# TYPE temperature_celsius gauge
temperature_celsius 0
# TYPE relayed untyped
relayed{from="漢字😀"} 1e+21
# HELP wait_seconds Help.
# TYPE wait_seconds histogram
wait_seconds_bucket{route="/",le="0.005"} 1
wait_seconds_bucket{route="/",le="0.1"} 1
wait_seconds_bucket{route="/",le="1"} 3
wait_seconds_bucket{route="/",le="1000000"} 6
wait_seconds_bucket{route="/",le="+Inf"} 10
wait_seconds_sum{route="/"} 4.2
wait_seconds_count{route="/"} 10
wait_seconds_bucket{le="0.005"} 0
wait_seconds_bucket{le="0.1"} 0
wait_seconds_bucket{le="1"} 0
wait_seconds_bucket{le="1000000"} 0
wait_seconds_bucket{le="+Inf"} 0
wait_seconds_sum 0
wait_seconds_count 0
# HELP size_bytes Sizes.
# TYPE size_bytes summary
size_bytes{a="x",quantile="0.5"} 1.5
size_bytes{a="x",quantile="1"} 7
size_bytes_sum{a="x"} 10
size_bytes_count{a="x"} 4
size_bytes{a="y",quantile="0.5"} NaN
size_bytes{a="y",quantile="1"} NaN
size_bytes_sum{a="y"} 0
size_bytes_count{a="y"} 0
# HELP build_info Help.
# TYPE build_info gauge
build_info{version="1.2.3",commit="8f3c2d1"} 1
# HELP phase Help.
# TYPE phase gauge
phase{app="shop",phase="starting"} 0
phase{app="shop",phase="ready"} 1
phase{app="shop",phase="say \\"bye\\""} 0
`,
    );
  });

  it("writes families of custom collectors of every type", () => {
    const families: readonly MetricFamily[] = [
      {
        name: "jobs_total",
        type: "counter",
        help: "Jobs.",
        series: [
          {
            labels: { queue: "a", empty: "" },
            value: 3,
            createdMs: 1000,
            exemplar: { labels: { trace_id: "1" }, value: 1 },
          },
          { labels: {}, value: 2 ** 53, timestampMs: 1_520_879_607_789 },
        ],
      },
      {
        name: "free",
        type: "gauge",
        help: "Free.",
        unit: "bytes",
        series: [{ labels: { a: 'x"\\\n' }, value: -Infinity }],
      },
      { name: "odd", type: "unknown", help: "", series: [{ labels: {}, value: Number.NaN }] },
      { name: "os_info", type: "info", help: "System.", series: [{ labels: { name: "linux" }, value: 1 }] },
      {
        name: "flags",
        type: "stateset",
        help: "Flags.",
        series: [{ labels: { host: "a" }, states: { on: true, off: false }, timestampMs: 5 }],
      },
      {
        name: "rpc_seconds",
        type: "summary",
        help: "Calls.",
        series: [
          {
            labels: { m: "get" },
            quantiles: [
              { quantile: 0.5, value: 0.1 },
              { quantile: 0.99, value: Number.NaN },
            ],
            sum: 2.5,
            count: 9,
            timestampMs: 7,
          },
          { labels: {}, quantiles: [], sum: 0, count: 0 },
          { labels: { m: "parsed" }, quantiles: [{ quantile: 1, value: 3 }] },
        ],
      },
      {
        name: "wait_seconds",
        type: "histogram",
        help: "Waits.",
        series: [
          {
            labels: { a: "1" },
            buckets: [
              { bound: -1, count: 1 },
              { bound: 0.5, count: 2 },
              { bound: Infinity, count: 3 },
            ],
            sum: -1.5,
            count: 3,
            timestampMs: 9,
          },
          { labels: { a: "2" }, buckets: [{ bound: 1, count: 4 }], sum: 9, count: 5 },
          { labels: { a: "3" }, buckets: [], count: 6 },
        ],
      },
      {
        name: "queue",
        type: "gaugehistogram",
        help: "Waiting \\ now.",
        series: [
          {
            labels: { a: "1" },
            buckets: [
              { bound: 10, count: 1 },
              { bound: Infinity, count: 2 },
            ],
            sum: 30,
            count: 2,
            timestampMs: 11,
          },
          { labels: {}, buckets: [{ bound: 10, count: 0 }], sum: 0, count: 0 },
        ],
      },
      { name: "bare", type: "gaugehistogram", help: "", series: [{ labels: {}, buckets: [], count: 2 }] },
    ];
    assert.equal(
      expose(families.map((family) => plain(family))),
      `# HELP jobs_total Jobs.
# TYPE jobs_total counter
jobs_total{queue="a"} 3
jobs_total 9007199254740992 1520879607789
# HELP free Free.
# TYPE free gauge
free{a="x\\"\\\\\\n"} -Inf
# TYPE odd untyped
odd NaN
# HELP os_info System.
# TYPE os_info gauge
os_info{name="linux"} 1
# HELP flags Flags.
# TYPE flags gauge
flags{host="a",flags="on"} 1 5
flags{host="a",flags="off"} 0 5
# HELP rpc_seconds Calls.
# TYPE rpc_seconds summary
rpc_seconds{m="get",quantile="0.5"} 0.1 7
rpc_seconds{m="get",quantile="0.99"} NaN 7
rpc_seconds_sum{m="get"} 2.5 7
rpc_seconds_count{m="get"} 9 7
rpc_seconds_sum 0
rpc_seconds_count 0
rpc_seconds{m="parsed",quantile="1"} 3
# HELP wait_seconds Waits.
# TYPE wait_seconds histogram
wait_seconds_bucket{a="1",le="-1"} 1 9
wait_seconds_bucket{a="1",le="0.5"} 2 9
wait_seconds_bucket{a="1",le="+Inf"} 3 9
wait_seconds_sum{a="1"} -1.5 9
wait_seconds_count{a="1"} 3 9
wait_seconds_bucket{a="2",le="1"} 4
wait_seconds_bucket{a="2",le="+Inf"} 5
wait_seconds_sum{a="2"} 9
wait_seconds_count{a="2"} 5
wait_seconds_bucket{a="3",le="+Inf"} 6
wait_seconds_count{a="3"} 6
# HELP queue Waiting \\\\ now.
# TYPE queue histogram
queue_bucket{a="1",le="10"} 1 11
queue_bucket{a="1",le="+Inf"} 2 11
queue_bucket{le="10"} 0
queue_bucket{le="+Inf"} 0
# HELP queue_gsum Waiting \\\\ now.
# TYPE queue_gsum gauge
queue_gsum{a="1"} 30 11
queue_gsum 0
# HELP queue_gcount Waiting \\\\ now.
# TYPE queue_gcount gauge
queue_gcount{a="1"} 2 11
queue_gcount 0
# TYPE bare histogram
bare_bucket{le="+Inf"} 2
# TYPE bare_gcount gauge
bare_gcount 2
`,
    );
  });

  it("writes nothing for a family without series", () => {
    const cleared = numbers("counter", "cleared_total", ["a"]).set({ a: "x" }, 1);
    cleared.clear();
    const none = { help: "Help.", series: [] };
    assert.equal(
      expose([
        numbers("gauge", "empty", ["a"]).scraped({ zone: "eu" }),
        cleared.scraped(),
        histogram("waits", ["a"], [1]).scraped(),
        stateSet("states", ["a"], ["on"]).scraped(),
        info("some_info").scraped(),
        plain({ name: "a", type: "gauge", ...none }),
        plain({ name: "b", type: "gaugehistogram", ...none }),
        plain({ name: "c", type: "stateset", ...none }),
        plain({ name: "d", type: "summary", ...none }),
        { descriptor: { name: "e", type: "counter", help: "No parts." }, parts: [] },
        numbers("gauge", "there").set({}, 1).scraped(),
      ]),
      "# HELP there Help.\n# TYPE there gauge\nthere 1\n",
    );
  });

  // biome-ignore format: a table
  const timestamps: readonly (readonly [timestampMs: number, written: string])[] = [
    [0, " 0"], [1, " 1"], [1_520_879_607_789, " 1520879607789"], [1.5, " 2"], [0.2, " 0"], [-0, " 0"],
    [Number.MAX_SAFE_INTEGER, " 9007199254740991"], [-1, ""], [-0.2, ""], [-1e15, ""], [1e21, ""], [1e300, ""],
  ];
  for (const [timestampMs, written] of timestamps) {
    it(`writes ${written === "" ? "no timestamp" : `the timestamp${written}`} for ${timestampMs} ms`, () => {
      const family: MetricFamily = {
        name: "a",
        type: "gauge",
        help: "",
        series: [{ labels: {}, value: 1, timestampMs }],
      };
      assert.equal(expose([plain(family)]), `# TYPE a gauge\na 1${written}\n`);
    });
  }

  describe("constant labels", () => {
    const eu = { zone: "eu", app: 'sh"op' };

    it("stand in the place of the series' absent label of that name, else behind its own", () => {
      const gauge = numbers("gauge", "g", ["a", "zone", "b"]);
      gauge.set({ a: "1", zone: "us", b: "2" }, 1).set({ a: "1", b: "2" }, 2).set({ a: "1" }, 3).set({}, 4);
      const wait = histogram("h", ["zone"], []).set({}, 1, 1).set({ zone: "us" }, 2, 1);
      const build = info("build_info", ["zone"]);
      build.tell({}, { version: "1" });
      build.tell({ zone: "us" }, { version: "2" });
      const family: MetricFamily = {
        name: "p",
        type: "gauge",
        help: "",
        series: [
          { labels: { zone: "", a: "1" }, value: 5 },
          { labels: { a: "1", zone: "us" }, value: 6 },
        ],
      };
      assert.equal(
        expose([gauge.scraped(eu), wait.scraped(eu), build.scraped(eu), plain(family, eu)]),
        `# HELP g Help.
# TYPE g gauge
g{a="1",zone="us",b="2",app="sh\\"op"} 1
g{a="1",zone="eu",b="2",app="sh\\"op"} 2
g{a="1",zone="eu",app="sh\\"op"} 3
g{zone="eu",app="sh\\"op"} 4
# HELP h Help.
# TYPE h histogram
h_bucket{zone="eu",app="sh\\"op",le="+Inf"} 1
h_sum{zone="eu",app="sh\\"op"} 1
h_count{zone="eu",app="sh\\"op"} 1
h_bucket{zone="us",app="sh\\"op",le="+Inf"} 1
h_sum{zone="us",app="sh\\"op"} 2
h_count{zone="us",app="sh\\"op"} 1
# HELP build_info Help.
# TYPE build_info gauge
build_info{zone="eu",version="1",app="sh\\"op"} 1
build_info{zone="us",version="2",app="sh\\"op"} 1
# TYPE p gauge
p{zone="eu",a="1",app="sh\\"op"} 5
p{a="1",zone="us",app="sh\\"op"} 6
`,
      );
    });

    it("have any names and values that labels have", () => {
      const labels = JSON.parse('{"__proto__":"a\\nb","constructor":"c","toString":"\\\\"}');
      const gauge = numbers("gauge", "g", ["constructor"]).set({}, 1).set({ constructor: "own" }, 2);
      assert.equal(
        expose([gauge.scraped(labels)]),
        '# HELP g Help.\n# TYPE g gauge\ng{constructor="c",__proto__="a\\nb",toString="\\\\"} 1\ng{constructor="own",__proto__="a\\nb",toString="\\\\"} 2\n',
      );
    });

    it("may change from one scrape to the next, and so may the name", () => {
      const gauge = numbers("gauge", "g", ["a"]).set({ a: "1" }, 1);
      const header = (name: string) => `# HELP ${name} Help.\n# TYPE ${name} gauge\n`;
      for (let i = 0; i < 3; i++) {
        assert.equal(expose([gauge.scraped({ zone: "eu" })]), `${header("g")}g{a="1",zone="eu"} 1\n`);
        assert.equal(expose([gauge.scraped({ zone: "us" })]), `${header("g")}g{a="1",zone="us"} 1\n`);
        assert.equal(expose([gauge.scraped()]), `${header("g")}g{a="1"} 1\n`);
        const { descriptor } = gauge.family;
        // One and the same object, as a registry has it.
        for (const name of ["app_g", "pool_g"]) {
          const text = expose([gauge.scraped(eu, { ...descriptor, name })]);
          assert.equal(text, `${header(name)}${name}{a="1",zone="eu",app="sh\\"op"} 1\n`);
        }
      }
    });

    it("give way to the label that the type writes", () => {
      const labels = { le: "1", quantile: "1", phase: "x" };
      const wait = histogram("h", [], [1]).set({}, 3, 1, 1);
      const phase = stateSet("phase", [], ["on"]).set({}, 1);
      const families: readonly MetricFamily[] = [
        { name: "p", type: "histogram", help: "", series: [{ labels: {}, buckets: [], sum: 1, count: 2 }] },
        { name: "q", type: "gaugehistogram", help: "", series: [{ labels: {}, buckets: [], sum: 1, count: 2 }] },
        {
          name: "s",
          type: "summary",
          help: "",
          series: [{ labels: {}, quantiles: [{ quantile: 0.5, value: 3 }], sum: 1, count: 2 }],
        },
        { name: "phase2", type: "stateset", help: "", series: [{ labels: {}, states: { on: true } }] },
      ];
      assert.equal(
        expose([
          wait.scraped(labels),
          phase.scraped(labels),
          ...families.map((family) => plain(family, { ...labels, phase2: "y" })),
        ]),
        `# HELP h Help.
# TYPE h histogram
h_bucket{quantile="1",phase="x",le="1"} 1
h_bucket{quantile="1",phase="x",le="+Inf"} 2
h_sum{quantile="1",phase="x"} 3
h_count{quantile="1",phase="x"} 2
# HELP phase Help.
# TYPE phase gauge
phase{le="1",quantile="1",phase="on"} 1
# TYPE p histogram
p_bucket{quantile="1",phase="x",phase2="y",le="+Inf"} 2
p_sum{quantile="1",phase="x",phase2="y"} 1
p_count{quantile="1",phase="x",phase2="y"} 2
# TYPE q histogram
q_bucket{quantile="1",phase="x",phase2="y",le="+Inf"} 2
# TYPE q_gsum gauge
q_gsum{quantile="1",phase="x",phase2="y"} 1
# TYPE q_gcount gauge
q_gcount{quantile="1",phase="x",phase2="y"} 2
# TYPE s summary
s{le="1",phase="x",phase2="y",quantile="0.5"} 3
s_sum{le="1",phase="x",phase2="y"} 1
s_count{le="1",phase="x",phase2="y"} 2
# TYPE phase2 gauge
phase2{le="1",quantile="1",phase="x",phase2="on"} 1
`,
      );
    });
  });

  describe("names", () => {
    it("of a state set's label follow the name that it is exposed by", () => {
      const phase = stateSet("phase", ["app"], ["on", "off"]).set({ app: "shop" }, 1, 0);
      const named = (name: string) => phase.scraped({ zone: "eu" }, { name, type: "stateset", help: "" });
      const told: MetricFamily = {
        name: "x:y",
        type: "stateset",
        help: "",
        series: [{ labels: {}, states: { on: true } }],
      };
      assert.equal(
        expose([
          named("pool_phase"),
          named("pool:phase"),
          plain(told),
          { ...plain(told), descriptor: { name: "pre_x:y", type: "stateset", help: "" } },
        ]),
        `# TYPE pool_phase gauge
pool_phase{app="shop",zone="eu",pool_phase="on"} 1
pool_phase{app="shop",zone="eu",pool_phase="off"} 0
# TYPE pool:phase gauge
pool:phase{app="shop",zone="eu",pool_phase="on"} 1
pool:phase{app="shop",zone="eu",pool_phase="off"} 0
# TYPE x:y gauge
x:y{x_y="on"} 1
# TYPE pre_x:y gauge
pre_x:y{pre_x_y="on"} 1
`,
      );
    });

    it("that are not legal get underscores, and stay apart", () => {
      const gauge = numbers("gauge", "http.in flight", ["http.method", "http_method", "1st", "é"]);
      gauge.set({ "http.method": "GET", http_method: "PUT", "1st": "x", é: "y" }, 1).set({}, 2);
      const wait = histogram("rpc.seconds", ["a.b"], [1]).set({ "a.b": "x" }, 0.5, 1, 0);
      const families: readonly MetricFamily[] = [
        { name: "rpc_seconds", type: "gauge", help: "", series: [{ labels: { "..name..": "n" }, value: 1 }] },
        { name: "rpc seconds", type: "gauge", help: "", series: [{ labels: {}, value: 2 }] },
        {
          name: "door.open",
          type: "stateset",
          help: "",
          series: [{ labels: { door_open: "own" }, states: { "a.b": true } }],
        },
      ];
      assert.equal(
        expose([gauge.scraped(), wait.scraped(), ...families.map((family) => plain(family))]),
        `# HELP http_in_flight Help.
# TYPE http_in_flight gauge
http_in_flight{http_method_="GET",http_method="PUT",_st="x",_="y"} 1
http_in_flight 2
# HELP rpc_seconds_ Help.
# TYPE rpc_seconds_ histogram
rpc_seconds__bucket{a_b="x",le="1"} 1
rpc_seconds__bucket{a_b="x",le="+Inf"} 1
rpc_seconds__sum{a_b="x"} 0.5
rpc_seconds__count{a_b="x"} 1
# TYPE rpc_seconds gauge
rpc_seconds{__name___="n"} 1
# TYPE rpc_seconds__ gauge
rpc_seconds__ 2
# TYPE door_open gauge
door_open{door_open="own",door_open_="a.b"} 1
`,
      );
    });
  });

  it("writes the parts of a family one after the other under one header", () => {
    const descriptor = { name: "size", type: "gauge", help: "Connections." } as const;
    const [main, spare] = [numbers("gauge", "size", ["a"]).set({ a: "1" }, 1), numbers("gauge", "size").set({}, 2)];
    const family: MetricFamily = { ...descriptor, help: "Something else.", series: [{ labels: { a: "3" }, value: 3 }] };
    const parts = [
      main.part({ pool: "main" }),
      numbers("gauge", "size").part(),
      spare.part({ pool: "spare" }),
      ...plain(family).parts,
    ];
    assert.equal(
      expose([{ descriptor, parts }]),
      `# HELP size Connections.
# TYPE size gauge
size{a="1",pool="main"} 1
size{pool="spare"} 2
size{a="3"} 3
`,
    );
  });

  it("writes label values of any length and character, over as many chunks as they take", () => {
    for (const character of ["x", "é", "漢", "😀", '"', "\n", "\\"]) {
      const escaped = ({ '"': '\\"', "\n": "\\n", "\\": "\\\\" } as Record<string, string>)[character] ?? character;
      for (const length of [CHUNK_BYTES - 30, CHUNK_BYTES, 200_000]) {
        const gauge = numbers("gauge", "g", ["a", "b"])
          .set({ a: "short" }, 1)
          .set({ a: character.repeat(length), b: "B" }, 2);
        const wait = histogram("h", ["a"], []).set({ a: character.repeat(length) }, 0.5, 1);
        const build = info("build_info");
        build.tell({}, { version: character.repeat(length) });
        const a = escaped.repeat(length);
        const expected = `# HELP g Help.\n# TYPE g gauge\ng{a="short"} 1\ng{a="${a}",b="B"} 2\n# HELP h Help.\n# TYPE h histogram\nh_bucket{a="${a}",le="+Inf"} 1\nh_sum{a="${a}"} 0.5\nh_count{a="${a}"} 1\n# HELP build_info Help.\n# TYPE build_info gauge\nbuild_info{version="${a}"} 1\n`;
        assert.ok(expose([gauge.scraped(), wait.scraped(), build.scraped()]) === expected, `${length} × ${character}`);
      }
    }
  });

  it("goes on in the next chunk wherever the first one ends", () => {
    const gauge = numbers("gauge", "g", ["a.b"]).set({ "a.b": "漢" }, 1).set({ "a.b": "" }, 2);
    const build = info("build_info");
    build.tell({}, { version: "😀" });
    const family: MetricFamily = {
      name: "p",
      type: "gaugehistogram",
      help: "é",
      series: [{ labels: { a: "x" }, buckets: [], sum: 1, count: 2 }],
    };
    const families = () => [gauge.scraped({ zone: "eu" }), build.scraped(), plain(family)];
    const expected = expose(families());
    assert.equal(
      expected,
      '# HELP g Help.\n# TYPE g gauge\ng{a_b="漢",zone="eu"} 1\ng{zone="eu"} 2\n# HELP build_info Help.\n# TYPE build_info gauge\nbuild_info{version="😀"} 1\n' +
        '# HELP p é\n# TYPE p histogram\np_bucket{a="x",le="+Inf"} 2\n# HELP p_gsum é\n# TYPE p_gsum gauge\np_gsum{a="x"} 1\n# HELP p_gcount é\n# TYPE p_gcount gauge\np_gcount{a="x"} 2\n',
    );
    for (let room = 0; room <= Buffer.byteLength(expected) + 40; room++) {
      assert.equal(expose(families(), { start: CHUNK_BYTES - room }), expected);
    }
  });

  it("writes what a frozen view holds, though it is frozen in the middle", () => {
    const build = info("build_info", ["i"]);
    const gauge = numbers("gauge", "g", ["i"]);
    let expected = "# HELP build_info Help.\n# TYPE build_info gauge\n";
    for (let i = 0; i < 500; i++) {
      build.tell({ i }, { version: `v${i}` });
      expected += `build_info{i="${i}",version="v${i}"} 1\n`;
    }
    expected += "# HELP g Help.\n# TYPE g gauge\n";
    for (let i = 0; i < 500; i++) {
      gauge.set({ i }, i);
      expected += `g{i="${i}"} ${i}\n`;
    }
    let steps = 0;
    const text = expose([build.scraped(), gauge.scraped()], {
      between() {
        steps++;
        for (const columns of [build, gauge]) {
          columns.table.freezeLeases();
          columns.clear();
        }
        build.tell({ i: 7 }, { version: "another" });
        gauge.set({ i: 7 }, -1);
      },
    });
    assert.ok(steps > 5);
    assert.equal(text, expected);
  });

  describe("after any history", () => {
    const hostile = (random: Random) =>
      random.chance(0.1) ? random.pick([undefined, null, "", 200, true, -0, 1e21]) : random.hostileText();

    /** A family in columns and the judge's metric, and a way to write the same to both. */
    function declare(
      random: Random,
      registry: NaiveRegistry,
      index: number,
    ): { columns: Columns; judge: NaiveMetric; write: (labels: Record<string, unknown>) => void } {
      const labelNames = random.sample(
        ["a", "b", "method", "__proto__", "constructor", "zone", "c", "d"],
        random.below(8),
      );
      const help = "Help.";
      const type = random.pick(["counter", "gauge", "histogram", "stateset", "info"] as const);
      const name = `m${index}${type === "info" ? "_info" : ""}`;
      switch (type) {
        case "histogram": {
          const bounds = [...new Set(Array.from({ length: random.below(6) }, () => random.double() + 0))].sort(
            (x, y) => x - y,
          );
          const columns = histogram(name, labelNames, bounds);
          const judge = registry.declare({ type, name, help, labelNames, buckets: bounds });
          return {
            columns,
            judge,
            write(labels) {
              const value = random.double();
              const row = columns.table.rowOf(labels);
              const [page, offset] = [columns.table.pageOf(row), columns.table.offsetOf(row)];
              page[offset] = (page[offset] as number) + value;
              const bucket = offset + 1 + [...bounds, Infinity].findIndex((bound) => value <= bound);
              page[bucket] = (page[bucket] as number) + 1;
              judge.observe(labels, value);
            },
          };
        }
        case "stateset": {
          const states = [
            ...new Set(Array.from({ length: random.between(1, 4) }, () => random.hostileText().toWellFormed())),
          ];
          const columns = stateSet(name, labelNames, states);
          const judge = registry.declare({ type, name, help, labelNames, states });
          return {
            columns,
            judge,
            write(labels) {
              const on = random.pick(states);
              columns.set(labels, ...states.map((state) => (state === on ? 1 : 0)));
              for (const state of states) judge.setState(labels, state, state === on);
            },
          };
        }
        case "info": {
          const columns = info(name, labelNames);
          const judge = registry.declare({ type, name, help, labelNames });
          return {
            columns,
            judge,
            write(labels) {
              const facts = { version: random.hostileText().toWellFormed(), commit: `${random.below(9)}` };
              columns.tell(labels, facts);
              judge.setInfo(labels, facts);
            },
          };
        }
        default: {
          const columns = numbers(type, name, labelNames, help);
          const judge = registry.declare({ type, name, help, labelNames });
          return {
            columns,
            judge,
            write(labels) {
              const value = random.chance(0.1) ? random.pick([Number.NaN, Infinity, -Infinity]) : random.double();
              columns.set(labels, value);
              judge.set(labels, value);
            },
          };
        }
      }
    }

    function compare(seed: number, longest: number): void {
      const random = new Random(seed);
      const registry = new NaiveRegistry();
      const constantLabels: Record<string, string> = {};
      if (random.chance(0.5)) Object.assign(constantLabels, { zone: "eu", app: random.hostileText().toWellFormed() });
      registry.setDefaultLabels(constantLabels);
      const isRemoving = random.chance(0.5);
      const families = Array.from({ length: random.between(1, 5) }, (_, i) => {
        const { columns, judge, write } = declare(random, registry, i);
        // A metric without labels has its series from the beginning, unless it is an info.
        if (columns.table.width === 0 && columns.family.descriptor.type !== "info") columns.table.rowOf({});
        const pool = Array.from({ length: random.between(1, 30) }, () => hostile(random));
        if (random.chance(0.03)) pool.push("long".repeat(random.below(30_000)));
        const anyLabels = () => Object.fromEntries(columns.family.labelNames.map((name) => [name, random.pick(pool)]));
        for (let left = random.below(longest); left > 0; left--) {
          const labels = anyLabels();
          if (!isRemoving || random.chance(0.7)) {
            write(labels);
          } else if (columns.table.find(labels) >= 0) {
            columns.remove(labels);
            judge.remove(labels);
          }
        }
        return columns.scraped(constantLabels);
      });
      const text = expose(families, { start: random.below(CHUNK_BYTES) });
      const expected = registry.text();
      // After a removal the next series stands in its place, so only the set of lines is the judge's.
      if (isRemoving) assert.deepEqual(text.split("\n").sort(), expected.split("\n").sort(), `seed ${seed}`);
      else assert.equal(text, expected, `seed ${seed}`);
    }

    it("is what the naive registry writes, for few series of every type", () => {
      for (let seed = 0; seed < 150; seed++) compare(seed, 30);
    });

    it("is what the naive registry writes, for expositions of many chunks", () => {
      for (let seed = 1000; seed < 1005; seed++) compare(seed, 1500);
    });
  });
});

/** What is written while others write is the affair of each exposition alone. */
describe("two expositions at once", () => {
  it("do not disturb one another, though they share families", () => {
    const wait = histogram("h", ["a"], [1, 2]);
    const gauge = numbers("gauge", "g", ["a"]);
    let expected = "# HELP h Help.\n# TYPE h histogram\n";
    for (let i = 0; i < 3000; i++) {
      wait.set({ a: i }, i, 1, 2, 3);
      gauge.set({ a: i }, i);
      expected += `h_bucket{a="${i}",le="1"} 1\nh_bucket{a="${i}",le="2"} 3\nh_bucket{a="${i}",le="+Inf"} 6\nh_sum{a="${i}"} ${i}\nh_count{a="${i}"} 6\n`;
    }
    expected += "# HELP g Help.\n# TYPE g gauge\n";
    for (let i = 0; i < 3000; i++) expected += `g{a="${i}"} ${i}\n`;
    const families = (): ScrapedFamily[] => [wait.scraped(), gauge.scraped()];
    let depth = 0;
    let inner = 0;
    const text = expose(families(), {
      between({ isFull }) {
        if (!isFull || depth > 0) return;
        depth++;
        assert.ok(expose(families(), { start: inner++ * 1000 }) === expected);
        depth--;
      },
    });
    assert.ok(inner > 3);
    assert.ok(text === expected);
  });
});
