import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ScrapedFamily } from "../../lib/formats/format.ts";
import { type EscapingScheme, escapingSchemes } from "../../lib/formats/name-escaping.ts";
import { formatNamed, negotiateFormat, OPENMETRICS_CONTENT_TYPE } from "../../lib/formats/negotiation.ts";
import { textFormat } from "../../lib/formats/text.ts";
import { Counter } from "../../lib/metrics/counter.ts";
import { Histogram } from "../../lib/metrics/histogram.ts";
import { Summary } from "../../lib/metrics/summary.ts";
import type { HistogramSeries, MetricFamily, NativeHistogram, SummarySeries } from "../../lib/model/family.ts";
import { plainFamily } from "../../lib/registry/plain-families.ts";
import { Registry } from "../../lib/registry/registry.ts";
import { COLUMNS, type ColumnFamily, FamilyView } from "../../lib/storage/column-family.ts";
import { readOpenMetrics2 } from "../judges/openmetrics2-checker.ts";
import { Random } from "../judges/random.ts";
import { type Between, Columns, expose, numbers, plain, stateSet } from "./families.ts";
import { randomFamilies } from "./random-families.ts";

const options = { created: false };
const asked = (escaping: EscapingScheme) => `application/openmetrics-text;version=2.0.0;escaping=${escaping}`;

/** The families in OpenMetrics 2.0, without the last line, which each exposition has to have. */
function openMetrics2(
  families: readonly ScrapedFamily[],
  escaping: EscapingScheme = "underscores",
  between?: Between,
): string {
  const format = negotiateFormat(asked(escaping), textFormat, options);
  const text = expose(families, { format, ...(between && { between }) });
  readOpenMetrics2(text);
  return text.slice(0, -"# EOF\n".length);
}

const ofPlain = (...families: readonly MetricFamily[]) => openMetrics2(families.map((family) => plain(family)));

const trace = (traceId: string, value: number, timestampMs?: number) => ({
  labels: { trace_id: traceId },
  value,
  ...(timestampMs !== undefined && { timestampMs }),
});

describe("OpenMetrics 2.0", () => {
  it("is the last line alone for an empty registry", () => {
    assert.equal(openMetrics2([]), "");
  });

  it("writes counters with their own names, and since when they count", () => {
    const times = { timestampMs: 1520879607789, createdMs: 1520430000123 };
    assert.equal(
      ofPlain({
        name: "foo_total",
        type: "counter",
        help: 'Say "foo".',
        series: [
          { labels: {}, value: 17 },
          { labels: { a: "b" }, value: 17.5, timestampMs: 1520879607789 },
          { labels: { a: "c" }, value: 17, createdMs: 1520430000123 },
          { labels: { a: "d" }, value: 17, ...times, exemplar: trace("KOO5S4vxi0o", 0.67, 1520879607000) },
          { labels: { a: "e" }, value: 17, exemplar: trace("without a time", 0.67) },
        ],
      }) + ofPlain({ name: "foo", type: "counter", help: "", series: [{ labels: {}, value: 1 }] }),
      [
        "# TYPE foo_total counter",
        '# HELP foo_total Say \\"foo\\".',
        "foo_total 17",
        'foo_total{a="b"} 17.5 1520879607.789',
        'foo_total{a="c"} 17 st@1520430000.123',
        'foo_total{a="d"} 17 1520879607.789 st@1520430000.123 # {trace_id="KOO5S4vxi0o"} 0.67 1520879607',
        'foo_total{a="e"} 17',
        "# TYPE foo counter",
        "foo 1",
        "",
      ].join("\n"),
    );
  });

  it("writes classic histograms, gauge histograms and summaries as one value each", () => {
    const exemplar = trace("x", 0.67, 1520879607100);
    assert.equal(
      ofPlain(
        {
          name: "h",
          type: "histogram",
          help: "",
          series: [
            {
              labels: { a: "b" },
              count: 17,
              sum: 324789.3,
              buckets: [
                { bound: 0.1, count: 8 },
                { bound: 1, count: 10, exemplar },
              ],
              timestampMs: 1520879607789,
              createdMs: 1520430000123,
            },
            { labels: {}, count: 0, sum: 0, buckets: [] },
          ],
        },
        {
          name: "g",
          type: "gaugehistogram",
          help: "",
          series: [{ labels: {}, count: 42, sum: 3289.3, buckets: [{ bound: 0.01, count: 20 }], createdMs: 1 }],
        },
        {
          name: "s",
          type: "summary",
          help: "",
          series: [
            {
              labels: {},
              count: 17,
              sum: 324789.3,
              quantiles: [
                { quantile: 0.95, value: 123.7 },
                { quantile: 0.99, value: 150.5 },
                { quantile: 1, value: Number.NaN },
              ],
            },
            { labels: { a: "none" }, count: 17, sum: 324789.3, quantiles: [], createdMs: 1520430000123 },
          ],
        },
      ),
      [
        "# TYPE h histogram",
        'h{a="b"} {count:17,sum:324789.3,bucket:[0.1:8,1.0:10,+Inf:17]} 1520879607.789 st@1520430000.123 # {trace_id="x"} 0.67 1520879607.1',
        "h {count:0,sum:0,bucket:[+Inf:0]}",
        "# TYPE g gaugehistogram",
        "g {gcount:42,gsum:3289.3,bucket:[0.01:20,+Inf:42]}",
        "# TYPE s summary",
        "s {count:17,sum:324789.3,quantile:[0.95:123.7,0.99:150.5,1.0:NaN]}",
        's{a="none"} {count:17,sum:324789.3,quantile:[]} st@1520430000.123',
        "",
      ].join("\n"),
    );
  });

  it("writes native buckets with absolute counts, before classic ones and without the sides that have none", () => {
    const native: NativeHistogram = {
      schema: 7,
      zeroThreshold: 0.0001,
      zeroCount: 0,
      positive: [
        { key: -1, count: 5 },
        { key: 0, count: 7 },
        { key: 4, count: 10 },
        { key: 5, count: 9 },
        { key: 6, count: 8 },
        { key: 7, count: 8 },
      ],
      negative: [
        { key: 1, count: 5 },
        { key: 2, count: 7 },
      ],
      exemplars: [trace("shaZ8oxi", 0.67, 1520879607789), trace("no time", 1), trace("ookahn0M", 1.2, 1520879608589)],
    };
    const series: HistogramSeries = { labels: {}, count: 59, sum: 120.5, buckets: [], native };
    const one = { ...native, positive: native.positive.slice(0, 2), negative: [] };
    assert.equal(
      ofPlain({
        name: "h",
        type: "histogram",
        help: "",
        series: [
          { ...series, createdMs: 1520430000123 },
          {
            labels: { a: "both" },
            count: 12,
            sum: -1,
            buckets: [{ bound: 0.5, count: 12, exemplar: trace("of a bucket", 0.1, 1) }],
            native: { schema: 0, zeroThreshold: 0, zeroCount: 0, positive: one.positive, negative: [] },
          },
          {
            labels: { a: "empty" },
            count: 0,
            sum: 0,
            buckets: [],
            native: { schema: 3, zeroThreshold: 0, zeroCount: 0, positive: [], negative: [] },
          },
        ],
      }),
      [
        "# TYPE h histogram",
        "h {count:59,sum:120.5,schema:7,zero_threshold:0.0001,zero_count:0,negative_spans:[1:2],negative_buckets:[5,7]," +
          "positive_spans:[-1:2,3:4],positive_buckets:[5,7,10,9,8,8]} st@1520430000.123" +
          ' # {trace_id="shaZ8oxi"} 0.67 1520879607.789 # {trace_id="ookahn0M"} 1.2 1520879608.589',
        'h{a="both"} {count:12,sum:-1,schema:0,zero_threshold:0,zero_count:0,positive_spans:[-1:2],positive_buckets:[5,7],' +
          'bucket:[0.5:12,+Inf:12]} # {trace_id="of a bucket"} 0.1 0.001',
        'h{a="empty"} {count:0,sum:0,schema:3,zero_threshold:0,zero_count:0}',
        "",
      ].join("\n"),
    );
  });

  it("leaves out a series without its count or sum, and quantiles below zero", () => {
    const series: SummarySeries[] = [
      { labels: { a: "no sum" }, count: 1, quantiles: [] },
      { labels: { a: "no count" }, sum: 1, quantiles: [] },
      { labels: {}, count: 1, sum: -2, quantiles: [{ quantile: 0.5, value: -2 }] },
    ];
    assert.equal(
      ofPlain({ name: "s", type: "summary", help: "", series }),
      "# TYPE s summary\ns {count:1,sum:-2,quantile:[]}\n",
    );
  });

  it("writes infos, state sets, gauges and what is unknown as OpenMetrics 1.0 does, but for the names", () => {
    assert.equal(
      ofPlain(
        { name: "build_info", type: "info", help: "B.", series: [{ labels: { version: "1" }, value: 1 }] },
        { name: "facts", type: "info", help: "", series: [{ labels: {}, value: 1 }] },
        {
          name: "phase",
          type: "stateset",
          help: "",
          series: [{ labels: { a: "b" }, states: { on: true, off: false } }],
        },
        { name: "a:b", type: "stateset", help: "", series: [{ labels: {}, states: { on: true } }] },
        { name: "heat", type: "gauge", help: "", unit: "celsius", series: [{ labels: {}, value: -1e300 }] },
        { name: "u", type: "unknown", help: "", series: [{ labels: {}, value: Number.NaN, timestampMs: 123000 }] },
      ),
      [
        "# TYPE build_info info",
        "# HELP build_info B.",
        'build_info{version="1"} 1',
        "# TYPE facts unknown",
        "facts 1",
        "# TYPE phase stateset",
        'phase{a="b",phase="on"} 1',
        'phase{a="b",phase="off"} 0',
        "# TYPE a:b unknown",
        'a:b{a_b="on"} 1',
        "# TYPE heat gauge",
        "# UNIT heat celsius",
        "heat -1e+300",
        "# TYPE u unknown",
        "u NaN 123",
        "",
      ].join("\n"),
    );
  });

  it("quotes names that need it, or escapes them", () => {
    const family = numbers("counter", "http.requests", ["http.method"], "").set({ "http.method": "GET" }, 1);
    const states = stateSet("app:phase", [], ["on"]).set({}, 1);
    const withoutStart = (text: string) => text.replace(/ st@[0-9.]+/g, "");
    assert.equal(
      withoutStart(openMetrics2([family.scraped(), states.scraped()], "allow-utf-8")),
      '# TYPE "http.requests" counter\n{"http.requests","http.method"="GET"} 1\n' +
        '# TYPE app:phase stateset\n# HELP app:phase Help.\napp:phase{"app:phase"="on"} 1\n',
    );
    assert.equal(
      withoutStart(openMetrics2([family.scraped()], "values")),
      '# TYPE U__http_2e_requests counter\nU__http_2e_requests{U__http_2e_method="GET"} 1\n',
    );
  });

  it("writes metrics as what they have counted", async () => {
    const registry = new Registry();
    const clock = { now: () => 1520430000123, monotonicNow: () => 0 };
    const shared = { help: "", registers: [registry], clock };
    const of = { ...shared, help: "H.", enableExemplars: true } as const;
    const hits = new Counter({ ...of, name: "hits_total", labelNames: ["a"] });
    hits.inc({ a: "x" }, 2, { trace_id: "abc" });
    hits.inc({ a: "y" });
    const wait = new Histogram({
      ...of,
      name: "wait_seconds",
      buckets: [0.5, 2],
      native: { schema: 0, zeroThreshold: 0 },
    });
    wait.observe(1, { trace_id: "one" });
    wait.observe(-3);
    wait.observe(3, { trace_id: "three" });
    const only = new Histogram({ ...of, name: "only_native", buckets: [], native: { schema: 0 } });
    only.observe(4);
    new Histogram({ ...of, name: "classic", buckets: [1] }).observe(1, { trace_id: "classic" });
    new Summary({ ...shared, help: "S.", name: "size", percentiles: [0.5] }).observe(2);
    const text: string[] = [];
    for await (const chunk of registry.stream({ format: registry.negotiate(asked("allow-utf-8")) })) {
      text.push(Buffer.from(chunk).toString());
    }
    readOpenMetrics2(text.join(""));
    const at = "1520430000.123";
    assert.equal(
      text.join(""),
      `# TYPE hits_total counter
# HELP hits_total H.
hits_total{a="x"} 2 st@${at} # {trace_id="abc"} 2 ${at}
hits_total{a="y"} 1 st@${at}
# TYPE wait_seconds histogram
# HELP wait_seconds H.
wait_seconds {count:3,sum:1,schema:0,zero_threshold:0,zero_count:0,negative_spans:[2:1],negative_buckets:[1],positive_spans:[0:3],positive_buckets:[1,0,1],bucket:[0.5:1,2.0:2,+Inf:3]} st@${at} # {trace_id="one"} 1 ${at} # {trace_id="three"} 3 ${at}
# TYPE only_native histogram
# HELP only_native H.
only_native {count:1,sum:4,schema:0,zero_threshold:2.938735877055719e-39,zero_count:0,positive_spans:[2:1],positive_buckets:[1]} st@${at}
# TYPE classic histogram
# HELP classic H.
classic {count:1,sum:1,bucket:[1.0:1,+Inf:1]} st@${at} # {trace_id="classic"} 1 ${at}
# TYPE size summary
# HELP size S.
size {count:1,sum:2,quantile:[0.5:2]} st@${at}
# EOF
`,
    );
  });

  it("writes families in columns as it writes their copies, whatever their labels hold", () => {
    for (let seed = 0; seed < 40; seed++) {
      const random = new Random(seed);
      const clock = { now: () => random.between(-1e9, 2e12) + 0.25, monotonicNow: () => 0 };
      const of = { help: "H.", labelNames: ["a", "b"], registers: [], clock, enableExemplars: true } as const;
      const hits = new Counter({ ...of, name: "hits_total" });
      const wait = new Histogram({ ...of, name: "wait", buckets: [0, 1], ...(random.chance(0.5) && { native: true }) });
      const size = new Summary({ help: "S.", labelNames: ["a", "b"], registers: [], clock, name: "size" });
      for (let i = 0; i < 20; i++) {
        const labels = { a: random.hostileText(), b: random.chance(0.3) ? undefined : random.hostileText() };
        const traced = random.chance(0.5)
          ? { trace_id: random.hostileText().toWellFormed().slice(0, 20).toWellFormed() }
          : {};
        hits.inc(labels, random.below(1000), traced);
        wait.observe(labels, random.between(-5, 50) / 7, traced);
        size.observe(labels, random.below(9));
      }
      const constant = { site: random.hostileText().toWellFormed() };
      for (const metric of [hits, wait, size]) {
        const family = (metric as unknown as { [COLUMNS]: ColumnFamily })[COLUMNS];
        const view = new FamilyView(family);
        const part = { kind: "columns", view, constantLabels: constant } as const;
        const copy = plain(plainFamily(view), constant);
        assert.equal(
          openMetrics2([{ descriptor: family.descriptor, parts: [part] }], "allow-utf-8"),
          openMetrics2([copy], "allow-utf-8"),
          `seed ${seed}`,
        );
      }
    }
  });

  it("writes exemplars whose labels are longer than the 128 characters of 1.0", () => {
    const traceId = "x".repeat(5000);
    const series = [{ labels: {}, value: 1, exemplar: trace(traceId, 1, 1000) }];
    assert.equal(
      ofPlain({ name: "c", type: "counter", help: "", series }),
      `# TYPE c counter\nc 1 # {trace_id="${traceId}"} 1 1\n`,
    );
    // Instruments have none such, so there is no room for them where lines are written from columns.
    const columns = new Columns({ name: "c", type: "counter", help: "" }, [], [{ suffix: "" }], {
      exemplar: () => trace(traceId, 1, 1000),
    });
    assert.match(openMetrics2([columns.set({}, 1).scraped()]), /^# TYPE c counter\nc 1 st@[0-9.]+\n$/);
  });

  it("returns to the caller between lines with very many native buckets", () => {
    const positive = Array.from({ length: 20_000 }, (_, key) => ({ key, count: 1 }));
    const native: NativeHistogram = { schema: 8, zeroThreshold: 0, zeroCount: 0, positive, negative: [] };
    const series = Array.from({ length: 10 }, (_, i) => ({
      labels: { i: `${i}` },
      count: 20_000,
      sum: 1,
      buckets: [],
      native,
    }));
    let steps = 0;
    openMetrics2([plain({ name: "h", type: "histogram", help: "", series })], "underscores", () => steps++);
    assert.ok(steps >= 10, `${steps} steps`);
  });

  it("is never anything that its grammar forbids, and loses nothing, for random families", () => {
    const types = [
      "counter",
      "gauge",
      "unknown",
      "histogram",
      "gaugehistogram",
      "summary",
      "info",
      "stateset",
    ] as const;
    for (let seed = 0; seed < 300; seed++) {
      const random = new Random(seed);
      const ability = { types, utf8Names: true, units: true, created: true, exemplars: true, native: true };
      const families = randomFamilies(random, ability);
      const escaping = random.pick(escapingSchemes);
      const format = negotiateFormat(asked(escaping), textFormat, options);
      const read = readOpenMetrics2(
        expose(
          families.map((family) => plain(family)),
          { format },
        ),
      );
      assert.equal(read.length, families.length, `seed ${seed}`);
      for (const [i, { type, help, unit = "", name, series }] of families.entries()) {
        const family = read[i];
        if (escaping === "allow-utf-8") assert.equal(family?.name, name, `seed ${seed}`);
        assert.deepEqual([family?.help, family?.unit], [help, unit], `seed ${seed}`);
        if (type !== "stateset") assert.equal(family?.type, type, `seed ${seed}`);
        const values = series.map((one) => ("value" in one ? one.value : "count" in one ? one.count : undefined));
        if (type === "stateset") continue;
        const written = family?.samples.map(({ value }) =>
          typeof value === "number" ? value : (value.get("count") ?? value.get("gcount")),
        );
        const expected = series.flatMap((one, n) => ("buckets" in one && one.sum === undefined ? [] : [values[n]]));
        if (type === "summary") assert.ok((written?.length ?? 0) <= expected.length);
        else assert.deepEqual(written, expected, `seed ${seed}`);
      }
    }
  });
});

describe("the reader that judges OpenMetrics 2.0", () => {
  it("takes the examples of the specification", () => {
    const [family] = readOpenMetrics2(
      "# TYPE foo histogram\n" +
        "foo {count:10,sum:1.0,schema:0,zero_threshold:1e-4,zero_count:0,positive_spans:[0:2],positive_buckets:[5,5]} " +
        'st@1520430000.123 # {trace_id="shaZ8oxi"} 0.67 1520879607.789 # {trace_id="ookahn0M"} 1.2 1520879608.589\n# EOF\n',
    );
    assert.deepEqual(
      family?.samples[0]?.exemplars.map(({ value }) => value),
      [0.67, 1.2],
    );
  });

  it("refuses what the grammar forbids", () => {
    const h = (value: string) => `# TYPE h histogram\nh ${value}\n# EOF\n`;
    for (const text of [
      "",
      "a 1\n",
      "a 1\n\n# EOF\n",
      "a  1\n# EOF\n",
      "a{} 1 \n# EOF\n",
      'a{b="x",} 1\n# EOF\n',
      'a{b="x",b="y"} 1\n# EOF\n',
      'a{b.c="x"} 1\n# EOF\n',
      "a 1\na 2\n# EOF\n",
      "a 1\nb 1\na 2\n# EOF\n",
      "a 1\n# TYPE a gauge\n# EOF\n",
      "a 1 1e9\n# EOF\n",
      "# TYPE a gauge\na 1 st@1\n# EOF\n",
      "# TYPE a counter\na -1\n# EOF\n",
      "# TYPE a counter\na 1 # {} 1\n# EOF\n",
      "# TYPE a counter\na 1 # {} 1 1 # {} 1 1\n# EOF\n",
      "# TYPE a counter\na 1 # {} 1 1 st@1\n# EOF\n",
      "# TYPE a info\na 1\n# EOF\n",
      '# TYPE a stateset\na{b="x"} 1\n# EOF\n',
      h("1"),
      h("{count:1,sum:1}"),
      h("{sum:1,count:1,bucket:[+Inf:1]}"),
      h("{count:1, sum:1,bucket:[+Inf:1]}"),
      h("{count:1,sum:1,bucket:[1.0:1]}"),
      h("{count:2,sum:1,bucket:[+Inf:1]}"),
      h("{count:1,sum:1,bucket:[2.0:1,1.0:1,+Inf:1]}"),
      h("{count:1,sum:1,bucket:[+Inf:1],schema:0,zero_threshold:0,zero_count:0}"),
      h("{count:1,sum:1,schema:0,zero_threshold:0,zero_count:0,positive_spans:[0:2],positive_buckets:[1]}"),
      h("{count:1,sum:1,schema:0,zero_threshold:0,zero_count:0,positive_spans:[],positive_buckets:[]}"),
      h("{count:1,sum:1,schema:0,zero_threshold:0,zero_count:0,positive_spans:[0:1,-1:1],positive_buckets:[1,1]}"),
      h("{gcount:1,gsum:1,bucket:[+Inf:1]}"),
      "# TYPE s summary\ns {count:1,sum:1}\n# EOF\n",
    ]) {
      assert.throws(() => readOpenMetrics2(text), text);
    }
  });
});

describe("negotiation of OpenMetrics 2.0", () => {
  const chosen = (accept: string, preferred = textFormat as Parameters<typeof negotiateFormat>[1]) =>
    negotiateFormat(accept, preferred, options).contentType;
  const contentType = (escaping: string) =>
    `application/openmetrics-text; version=2.0.0; charset=utf-8; escaping=${escaping}`;
  const version2 = "application/openmetrics-text;version=2.0.0";

  it("gives it to who names its version", () => {
    assert.equal(chosen(version2), contentType("underscores"));
    assert.equal(chosen(`${version2};escaping=allow-utf-8`), contentType("allow-utf-8"));
    assert.equal(
      chosen(`${version2};escaping=values;q=0.7,application/openmetrics-text;version=1.0.0;q=0.6,*/*;q=0.2`),
      contentType("values"),
    );
    assert.equal(chosen('application/openmetrics-text; version="2.0.0"'), contentType("underscores"));
  });

  it("gives it to nobody else, however much they would take", () => {
    const preferred = formatNamed(OPENMETRICS_CONTENT_TYPE, options);
    assert.ok(preferred);
    for (const accept of [
      "*/*",
      "application/*",
      "application/openmetrics-text",
      "application/openmetrics-text;version=1.0.0",
      "application/openmetrics-text;version=2",
      "application/openmetrics-text;version=2.0.0-rc0",
      "application/openmetrics-text;version=1.0.0;q=0.1,application/*",
      `${version2};q=0,*/*`,
      `${version2};q=0.5,application/openmetrics-text;version=1.0.0`,
      "text/plain;version=2.0.0",
    ]) {
      assert.doesNotMatch(chosen(accept), /version=2/, accept);
      assert.doesNotMatch(chosen(accept, preferred), /version=2/, accept);
    }
  });

  it("is no format that a registry has by itself", () => {
    assert.equal(formatNamed("application/openmetrics-text; version=2.0.0; charset=utf-8", options), undefined);
  });
});
