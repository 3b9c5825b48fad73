import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ScrapedFamily } from "../../lib/formats/format.ts";
import type { EscapingScheme } from "../../lib/formats/name-escaping.ts";
import { formatNamed, negotiateFormat } from "../../lib/formats/negotiation.ts";
import { ProtobufExposition, protobufFormat } from "../../lib/formats/protobuf.ts";
import { textFormat } from "../../lib/formats/text.ts";
import type { Exemplar, HistogramSeries, LabelSet, MetricFamily, NativeHistogram } from "../../lib/model/family.ts";
import { load, missingPackages } from "../instrument/packages.ts";
import { decodeFamilies, type Message } from "../judges/naive-protobuf.ts";
import { nativeRow } from "../judges/native-rows.ts";
import { readFamilies } from "../judges/protobuf-families.ts";
import { Random } from "../judges/random.ts";
import { type Between, Columns, exposeAs, histogram, info, numbers, plain, stateSet } from "./families.ts";

const schema = `syntax = "proto2";
package io.prometheus.client;
message LabelPair { optional string name = 1; optional string value = 2; }
enum MetricType { COUNTER = 0; GAUGE = 1; SUMMARY = 2; UNTYPED = 3; HISTOGRAM = 4; GAUGE_HISTOGRAM = 5; }
message Timestamp { optional int64 seconds = 1; optional int32 nanos = 2; }
message Gauge { optional double value = 1; }
message Counter { optional double value = 1; optional Exemplar exemplar = 2; optional Timestamp created_timestamp = 3; }
message Quantile { optional double quantile = 1; optional double value = 2; }
message Summary {
  optional uint64 sample_count = 1; optional double sample_sum = 2; repeated Quantile quantile = 3;
  optional Timestamp created_timestamp = 4;
}
message Untyped { optional double value = 1; }
message Histogram {
  optional uint64 sample_count = 1; optional double sample_sum = 2; repeated Bucket bucket = 3;
  optional double sample_count_float = 4; optional sint32 schema = 5; optional double zero_threshold = 6;
  optional uint64 zero_count = 7; optional double zero_count_float = 8; repeated BucketSpan negative_span = 9;
  repeated sint64 negative_delta = 10; repeated double negative_count = 11; repeated BucketSpan positive_span = 12;
  repeated sint64 positive_delta = 13; repeated double positive_count = 14; optional Timestamp created_timestamp = 15;
  repeated Exemplar exemplars = 16;
}
message Bucket {
  optional uint64 cumulative_count = 1; optional double upper_bound = 2; optional Exemplar exemplar = 3;
  optional double cumulative_count_float = 4;
}
message BucketSpan { optional sint32 offset = 1; optional uint32 length = 2; }
message Exemplar { repeated LabelPair label = 1; optional double value = 2; optional Timestamp timestamp = 3; }
message Metric {
  repeated LabelPair label = 1; optional Gauge gauge = 2; optional Counter counter = 3; optional Summary summary = 4;
  optional Untyped untyped = 5; optional Histogram histogram = 7; optional int64 timestamp_ms = 6;
}
message MetricFamily {
  optional string name = 1; optional string help = 2; optional MetricType type = 3; repeated Metric metric = 4;
  optional string unit = 5;
}`;

// Without the packages of the specs the naive reader is the only judge.
const protobuf = missingPackages ? undefined : (await load("protobufjs")).default;
const MetricFamilyType = protobuf
  ?.parse(schema, { keepCase: true })
  .root.lookupType("io.prometheus.client.MetricFamily");

/** What a library that is not ours makes of an exposition. */
function decodeByLibrary(exposition: Uint8Array): unknown[] {
  const reader = protobuf.Reader.create(exposition);
  const families: unknown[] = [];
  while (reader.pos < reader.len) {
    const message = MetricFamilyType.decodeDelimited(reader);
    families.push(JSON.parse(JSON.stringify(MetricFamilyType.toObject(message, { longs: String, arrays: false }))));
  }
  return families;
}

/** What the naive reader makes of it, in the spelling of that library. */
function decodeNaively(exposition: Uint8Array): unknown[] {
  const longs = new Set(["sample_count", "zero_count", "cumulative_count", "seconds", "timestamp_ms"]);
  const deltas = new Set(["positive_delta", "negative_delta"]);
  return JSON.parse(
    JSON.stringify(decodeFamilies(exposition), (key, value) => {
      if (longs.has(key)) return String(value);
      return deltas.has(key) ? (value as unknown[]).map(String) : value;
    }),
  );
}

const format = protobufFormat;

function write(families: readonly ScrapedFamily[], between?: Between, escaping?: EscapingScheme): Uint8Array {
  const written = exposeAs(escaping ? new ProtobufExposition("protobuf", escaping) : format, families, 0, between);
  // Both readers agree on all that is not just more of the same.
  if (!missingPackages && written.length < 200_000) assert.deepEqual(decodeNaively(written), decodeByLibrary(written));
  return written;
}

const histogramOf = (family: Message | undefined): Message => family?.["metric"][0].histogram;

const read = (...families: readonly ScrapedFamily[]) => readFamilies(write(families));

const exemplar: Exemplar = { labels: { trace_id: "abc", span_id: "é" }, value: 0.67, timestampMs: 1520879607789.25 };
const timed: Exemplar = { labels: { trace_id: "abc" }, value: 0.5, timestampMs: 1520879607789 };

describe("the protobuf format", () => {
  it("is judged by protobufjs, too", { skip: missingPackages }, () => {
    const gauge: MetricFamily = { name: "g", type: "gauge", help: "H", series: [{ labels: {}, value: 1 }] };
    assert.deepEqual(decodeByLibrary(write([plain(gauge)])), [
      { name: "g", help: "H", type: 1, metric: [{ gauge: { value: 1 } }] },
    ]);
  });

  it("writes the bytes that the wire format asks for", () => {
    const gauge: MetricFamily = { name: "g", type: "gauge", help: "H", series: [{ labels: { a: "é" }, value: 1 }] };
    assert.equal(
      Buffer.from(write([plain(gauge)])).toString("hex"),
      [
        "1e", // so many bytes
        "0a0167", // name
        "120148", // help
        "1801", // type
        "2214", // metric
        "0a07 0a0161 1202c3a9", // label
        "1209 09000000000000f03f", // gauge
      ]
        .join("")
        .replaceAll(" ", ""),
    );
  });

  it("writes nothing for no families, and none without series", () => {
    assert.equal(write([]).length, 0);
    assert.equal(
      write([plain({ name: "g", type: "gauge", help: "G.", series: [] }), numbers("gauge", "h").scraped()]).length,
      0,
    );
  });

  it("writes what custom collectors return, of every type", () => {
    const native: NativeHistogram = {
      schema: 3,
      zeroThreshold: 2 ** -128,
      zeroCount: 2,
      positive: [
        { key: -2, count: 3 },
        { key: -1, count: 5 },
        { key: 2, count: 1 },
        { key: 4, count: 3 },
        { key: 50, count: 2 },
      ],
      negative: [{ key: 16385, count: 1 }],
      exemplars: [timed],
    };
    const families: MetricFamily[] = [
      {
        name: "c_total",
        type: "counter",
        help: "",
        unit: "seconds",
        series: [
          { labels: {}, value: 3, createdMs: 1600000000250, exemplar, timestampMs: -5 },
          { labels: { a: "x" }, value: 1e300, createdMs: -1500 },
        ],
      },
      {
        name: "g",
        type: "gauge",
        help: 'G "g".\n',
        series: [{ labels: { a: '\\\n"' }, value: Number.NaN, timestampMs: 7 }],
      },
      { name: "u", type: "unknown", help: "U.", series: [{ labels: {}, value: Number.NEGATIVE_INFINITY }] },
      {
        name: "s",
        type: "summary",
        help: "S.",
        series: [
          {
            labels: {},
            count: 4,
            sum: 10,
            quantiles: [
              { quantile: 0.5, value: 1 },
              { quantile: 1, value: Number.NaN },
            ],
            createdMs: 1,
          },
          { labels: { a: "x" }, quantiles: [] },
        ],
      },
      {
        name: "h",
        type: "histogram",
        help: "H.",
        series: [
          {
            labels: { a: "x" },
            count: 17,
            sum: 4.5,
            buckets: [
              { bound: 0.5, count: 1, exemplar },
              { bound: Number.POSITIVE_INFINITY, count: 17, exemplar: timed },
            ],
            native,
            createdMs: 1600000000250,
          },
        ],
      },
      {
        name: "gh",
        type: "gaugehistogram",
        help: "G.",
        series: [{ labels: {}, count: 2, sum: -1, buckets: [{ bound: -1, count: 1 }] }],
      },
    ];
    assert.deepEqual(read(...families.map((family) => plain(family))), families);
  });

  it("groups native buckets into spans, with the differences of their counts", () => {
    const counts = { [-2]: 3, [-1]: 5, 2: 1, 4: 3, 5: 2 };
    const positive = Object.entries(counts)
      .map(([key, count]) => ({ key: Number(key), count }))
      .sort((a, b) => a.key - b.key);
    const native: NativeHistogram = { schema: 0, zeroThreshold: 0, zeroCount: 0, positive, negative: [] };
    const series: HistogramSeries = { labels: {}, count: 14, sum: 1, buckets: [], native };
    const [family] = decodeFamilies(write([plain({ name: "h", type: "histogram", help: "H.", series: [series] })]));
    const { positive_span, positive_delta, zero_threshold, zero_count, schema: resolution } = histogramOf(family);
    assert.deepEqual(
      { positive_span, positive_delta, zero_threshold, zero_count, resolution },
      {
        positive_span: [{ offset: -2, length: 8 }],
        positive_delta: [3, 2, -5, 0, 1, -1, 3, -1],
        zero_threshold: 0,
        zero_count: 0,
        resolution: 0,
      },
    );
  });

  it("marks a native histogram without anything in it by a span of no buckets", () => {
    const native: NativeHistogram = { schema: 0, zeroThreshold: 0, zeroCount: 0, positive: [], negative: [] };
    const of = (more: Partial<NativeHistogram>) => {
      const series: HistogramSeries = { labels: {}, count: 0, sum: 0, buckets: [], native: { ...native, ...more } };
      const [family] = decodeFamilies(write([plain({ name: "h", type: "histogram", help: "H.", series: [series] })]));
      return histogramOf(family)["positive_span"];
    };
    assert.deepEqual(of({}), [{ offset: 0, length: 0 }]);
    assert.equal(of({ zeroThreshold: 2 ** -128 }), undefined);
    assert.equal(of({ zeroCount: 1 }), undefined);
  });

  it("writes counts beyond 2^53 exactly, and those of parts of observations as the doubles that they are", () => {
    const huge = 2 ** 62 + 2 ** 30;
    const native = (a: number, b: number, zeroCount: number): NativeHistogram => ({
      schema: 1,
      zeroThreshold: 0,
      zeroCount,
      positive: [
        { key: 0, count: a },
        { key: 1, count: b },
        { key: 9, count: a },
      ],
      negative: [{ key: 3, count: b }],
    });
    const series: HistogramSeries[] = [
      {
        labels: { a: "huge" },
        count: huge,
        sum: 1,
        buckets: [{ bound: 1, count: 2 ** 53 + 2 }],
        native: native(huge, 2 ** 53 + 2, 2 ** 60),
      },
      {
        labels: { a: "parts" },
        count: 4.5,
        sum: 1,
        buckets: [{ bound: 1, count: 1.5 }],
        native: native(1.5, 0.5, 0.25),
      },
    ];
    const family: MetricFamily = { name: "h", type: "histogram", help: "H.", series };
    assert.deepEqual(read(plain(family)), [family]);
    const [{ metric } = {}] = decodeFamilies(
      write([plain({ ...family, series: [{ labels: {}, count: 1e300, sum: 0, buckets: [] }] })]),
    );
    assert.equal(metric[0].histogram.sample_count, 2n ** 64n - 1n);
  });

  it("writes families in columns of every type as it writes their copies", () => {
    const requests = numbers("counter", "http_requests_total", ["method", "code"]);
    requests
      .set({ method: "GET", code: 200 }, 1027)
      .set({ method: 'PO"ST\\\n"\\', code: undefined }, 3)
      .set({}, 0.1 + 0.2)
      .set({ method: "x".repeat(127), code: "é".repeat(5000) }, 1);
    const wait = histogram("wait_seconds", ["route"], [0.005, 0.1, 1e6]).set({ route: "/" }, 4.2, 1, 0, 2, 2 ** 31);
    wait.set({}, 0);
    const size = new Columns(
      { name: "size_bytes", type: "summary", help: "Sizes." },
      ["a"],
      [{ suffix: "", label: { name: "quantile", value: 0.5 } }, { suffix: "_sum" }, { suffix: "_count" }],
    );
    size.set({ a: "x" }, Number.NaN, 10, 2 ** 40);
    const [family, ...others] = read(
      requests.scraped({ site: "eu", method: "none" }),
      numbers("unknown", "relayed", ["from"]).set({ from: "漢字😀" }, 1e21).scraped(),
      wait.scraped({ le: "never" }),
      size.scraped(),
      stateSet("phase", ["app"], ["starting", 'say "bye"']).set({ app: "shop" }, 0, 1).scraped({ site: "eu" }),
    ).map(({ series, ...rest }) => ({
      ...rest,
      series: (series as unknown as { createdMs?: number }[]).map(({ createdMs, ...one }) => {
        assert.ok(createdMs === undefined || createdMs > 1.7e12);
        return one;
      }),
    }));
    assert.deepEqual(family, {
      name: "http_requests_total",
      type: "counter",
      help: "Help.",
      series: [
        { labels: { method: "GET", code: "200", site: "eu" }, value: 1027 },
        { labels: { method: 'PO"ST\\\n"\\', site: "eu" }, value: 3 },
        { labels: { method: "none", site: "eu" }, value: 0.1 + 0.2 },
        { labels: { method: "x".repeat(127), code: "é".repeat(5000), site: "eu" }, value: 1 },
      ],
    });
    const counts = [1, 1, 3];
    assert.deepEqual(others, [
      { name: "relayed", type: "unknown", help: "Help.", series: [{ labels: { from: "漢字😀" }, value: 1e21 }] },
      {
        name: "wait_seconds",
        type: "histogram",
        help: "Help.",
        series: [
          {
            labels: { route: "/" },
            count: 3 + 2 ** 31,
            sum: 4.2,
            buckets: [0.005, 0.1, 1e6].map((bound, i) => ({ bound, count: counts[i] })),
          },
          { labels: {}, count: 0, sum: 0, buckets: [0.005, 0.1, 1e6].map((bound) => ({ bound, count: 0 })) },
        ],
      },
      {
        name: "size_bytes",
        type: "summary",
        help: "Sizes.",
        series: [{ labels: { a: "x" }, count: 2 ** 40, sum: 10, quantiles: [{ quantile: 0.5, value: Number.NaN }] }],
      },
      {
        name: "phase",
        type: "gauge",
        help: "Help.",
        series: [
          { labels: { app: "shop", site: "eu", phase: "starting" }, value: 0 },
          { labels: { app: "shop", site: "eu", phase: 'say "bye"' }, value: 1 },
        ],
      },
    ]);
  });

  it("keeps every bit of the bounds that all rows share, row after row", () => {
    // Wherever they lie, eight bytes of these are a signalling NaN, which some engines make a quiet one.
    const bits = new DataView(new ArrayBuffer(8));
    const bounds = Array.from({ length: 32 }, (_, i) => {
      bits.setBigUint64(0, 0x3ff7_fff7_fff7_fff7n + BigInt(i) * 0x0010_0000_0000_0000n);
      return bits.getFloat64(0);
    });
    const wait = histogram("wait_seconds", ["route"], bounds);
    for (let route = 0; route < 2000; route++) wait.set({ route: String(route) }, 1, 1, ...bounds.map(() => 0));
    const [family] = read(wait.scraped());
    const rows = (family?.series ?? []) as readonly HistogramSeries[];
    assert.equal(rows.length, 2000);
    for (const { labels, buckets } of rows) {
      const own = buckets.slice(0, bounds.length).map(({ bound }) => bound);
      assert.deepEqual(own, bounds, `route ${labels["route"]}`);
    }
  });

  it("escapes names as it is told to, those of state sets' labels and of exemplars' too", () => {
    const family: MetricFamily = {
      name: "a.b_total",
      type: "counter",
      help: "",
      series: [{ labels: { "http.method": "GET" }, value: 1, exemplar: { labels: { "trace.id": "x" }, value: 1 } }],
    };
    const columns = numbers("gauge", "a.b_total", ["http.method"]).set({ "http.method": "GET" }, 1);
    const phase = stateSet("app.phase", [], ["on"]).set({}, 1);
    const schemes = {
      "allow-utf-8": ["a.b_total", "http.method", "trace.id", "app.phase"],
      underscores: ["a_b_total", "http_method", "trace_id", "app_phase"],
      dots: ["a_dot_b_total", "http_dot_method", "trace_dot_id", "app_dot_phase"],
      values: ["U__a_2e_b_total", "U__http_2e_method", "U__trace_2e_id", "U__app_2e_phase"],
    } as const;
    for (const [scheme, [name, label, trace, state]] of Object.entries(schemes)) {
      const [one, two] = readFamilies(write([plain(family), phase.scraped()], undefined, scheme as EscapingScheme));
      const [three] = readFamilies(write([columns.scraped()], undefined, scheme as EscapingScheme));
      assert.deepEqual(
        [one, two?.name, Object.keys(two?.series[0]?.labels ?? {}), Object.keys(three?.series[0]?.labels ?? {})],
        [
          {
            ...family,
            name,
            series: [{ labels: { [label]: "GET" }, value: 1, exemplar: { labels: { [trace]: "x" }, value: 1 } }],
          },
          state,
          [state],
          [label],
        ],
      );
    }
  });

  it("writes what is longer than a chunk, however little room the first one has", () => {
    const long = "é".repeat(100_000);
    const family: MetricFamily = { name: "g", type: "gauge", help: long, series: [{ labels: { a: long }, value: 1 }] };
    const columns = numbers("gauge", "h", ["a"], "").set({ a: long }, 2).set({ a: "x" }, 3);
    for (const start of [0, 1, 65_000, 65_535]) {
      const written = exposeAs(format, [plain(family), columns.scraped()], start);
      const [one, two] = readFamilies(written);
      assert.deepEqual(one, family);
      assert.deepEqual(
        two?.series.map(({ labels }) => labels["a"]?.length),
        [100_000, 1],
      );
    }
  });

  it("writes thousands of series in steps, and is right though series go meanwhile", () => {
    for (const mode of ["keep", "remove", "clear", "freeze"]) {
      const columns = histogram("h", ["i"], [1, 2]);
      for (let i = 0; i < 5000; i++) columns.set({ i: `series ${i}` }, i, i, 0, 1);
      let steps = 0;
      const written = write([columns.scraped()], () => {
        steps++;
        if (mode === "freeze" && steps === 20) columns.table.freezeLeases();
        if ((mode === "clear" || mode === "freeze") && steps === 60) columns.clear();
        if (mode === "remove" && steps % 3 === 0 && steps * 50 < 5000) columns.remove({ i: `series ${steps * 50}` });
        // What is new is not of this scrape.
        columns.set({ i: `new ${steps}` }, 1, 2, 3, 4);
        // Counts grow to what takes more bytes.
        if (mode === "keep") columns.set({ i: "series 4000" }, 1, 2 ** 30, 2 ** 33, 2 ** 34);
      });
      assert.ok(steps > 70, `${steps} steps`);
      const [family] = readFamilies(written);
      const labels = family?.series.map((one) => one.labels["i"] as string) ?? [];
      assert.equal(new Set(labels).size, labels.length);
      assert.ok(labels.every((label) => label.startsWith("series ")));
      if (mode === "keep" || mode === "freeze") assert.equal(labels.length, 5000);
      else assert.ok(labels.length < 5000 && labels.length > 100, `${labels.length}`);
      if (mode !== "keep") continue;
      const late = family?.series[4000] as HistogramSeries | undefined;
      assert.deepEqual(late?.buckets, [
        { bound: 1, count: 2 ** 30 },
        { bound: 2, count: 2 ** 30 + 2 ** 33 },
      ]);
    }
  });

  it("is right though exemplars, native buckets and other labels grow and shrink meanwhile", () => {
    for (const [seed, factor] of [0.3, 1, 1.1, 3].entries()) {
      const random = new Random(seed);
      let size = () => random.below(20);
      const label = (): LabelSet => ({ trace_id: "x".repeat(size() * 4) });
      const rows = 200 + random.below(100);
      const samples = [
        ...[1, Number.POSITIVE_INFINITY].map((value) => ({ suffix: "_bucket", label: { name: "le", value } })),
        { suffix: "_sum" },
        { suffix: "_count" },
      ];
      const columns = new Columns({ name: "h", type: "histogram", help: "H." }, ["i"], samples, {
        exemplar: () => (random.chance(0.5) ? { labels: label(), value: 1, timestampMs: 1e12 } : undefined),
        native: () =>
          nativeRow({
            schema: 8,
            zeroThreshold: 0,
            zeroCount: 0,
            positive: Array.from({ length: size() * size() }, (_, i) => ({ key: i * 7, count: i + 1 })),
            negative: [],
            exemplars: [{ labels: label(), value: 1, timestampMs: 1e12 }],
          }),
        ...(seed % 3 === 0 && { extraLabels: () => ({ more: "y".repeat(size()) }) }),
      });
      for (let i = 0; i < rows; i++) columns.set({ i }, 1, 2, 3, 2);
      let steps = 0;
      const written = write([columns.scraped()], () => {
        // After about as many steps as it takes to measure them, everything changes its size.
        if (++steps === Math.ceil(rows / 64)) size = () => Math.ceil(random.below(20) * factor);
      });
      const families = decodeFamilies(written);
      assert.equal(families.length, 1);
      const { metric } = families[0] as { metric: { histogram: { positive_span: unknown; schema: number } }[] };
      assert.ok(metric.length > 0 && metric.length <= rows);
      // What is announced is kept to: those that grow too much are told less exactly.
      const isExact = metric.length === rows && metric.every(({ histogram: { schema } }) => schema === 8);
      if (factor === 0.3 || factor === 3) assert.equal(isExact, factor < 1);
    }
  });

  it("writes a few series of any length in one go, so that nothing can change in between", () => {
    const facts = info("build_info");
    facts.tell({}, { version: "1.2.3" });
    const written = write([facts.scraped({ site: "eu" })]);
    assert.deepEqual(readFamilies(written), [
      {
        name: "build_info",
        type: "gauge",
        help: "Help.",
        series: [{ labels: { version: "1.2.3", site: "eu" }, value: 1 }],
      },
    ]);
    assert.equal(Buffer.from(written).indexOf(Buffer.from([0x18, 1, 0x18, 1])), -1);
  });

  it("joins the parts of a family", () => {
    const [a, b] = [numbers("counter", "c", ["i"]).set({ i: 1 }, 1), numbers("counter", "c", ["i"]).set({ i: 1 }, 2)];
    const collected: MetricFamily = {
      name: "c",
      type: "counter",
      help: "C.",
      series: [{ labels: { i: "3" }, value: 3 }],
    };
    const parts = [
      a.part({ pool: "a" }),
      b.part({ pool: "b" }),
      { kind: "plain", family: collected, constantLabels: {} } as const,
    ];
    const [family] = readFamilies(write([{ descriptor: collected, parts }]));
    assert.deepEqual(
      family?.series.map(({ labels }) => labels),
      [{ i: "1", pool: "a" }, { i: "1", pool: "b" }, { i: "3" }],
    );
  });

  it("reads back as what was written, for random families", () => {
    for (let seed = 0; seed < 60; seed++) {
      const random = new Random(seed);
      const text = () => random.hostileText();
      const clean = () => text().toWellFormed();
      const some = <Item>(make: (i: number) => Item) => Array.from({ length: random.between(1, 5) }, (_, i) => make(i));
      const time = () => random.between(-1e12, 2e12);
      const trace = (): Exemplar => ({ labels: { t: clean() }, value: random.double(), timestampMs: time() });
      const base = (i: number) => ({
        labels: { i: String(i), a: clean() },
        ...(random.chance(0.3) && { timestampMs: time() }),
      });
      const side = () => {
        let key = random.between(-300, 300);
        return Array.from({ length: random.below(20) }, () => {
          key += random.between(1, 5);
          return { key, count: random.between(1, 1000) };
        });
      };
      const families: MetricFamily[] = [
        {
          name: "c",
          type: "counter",
          help: clean(),
          series: some((i) => ({ ...base(i), value: Math.abs(random.double()), createdMs: time(), exemplar: trace() })),
        },
        { name: "g", type: "gauge", help: clean(), series: some((i) => ({ ...base(i), value: random.double() })) },
        {
          name: "h",
          type: "histogram",
          help: clean(),
          series: some((i) => ({
            ...base(i),
            count: random.below(2 ** 31) * 2 ** random.below(20),
            sum: random.double(),
            buckets: some((n) => ({ bound: n, count: n, ...(random.chance(0.5) && { exemplar: trace() }) })),
            ...(random.chance(0.7) && {
              native: {
                schema: random.between(-4, 8),
                zeroThreshold: 1,
                zeroCount: random.below(9),
                positive: side(),
                negative: side(),
                exemplars: some(trace),
              },
            }),
          })),
        },
      ];
      assert.deepEqual(read(...families.map((one) => plain(one))), families, `seed ${seed}`);
    }
  });
});

describe("negotiation of protobuf", () => {
  const options = { created: false };
  const contentType = (escaping: string) =>
    `application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=${escaping}`;
  const delimited = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited";
  const chosen = (accept: string) => negotiateFormat(accept, textFormat, options).contentType;

  it("gives it to the Prometheus servers that prefer it", () => {
    const others =
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.2";
    // 2.42, 2.49 to 2.55, and 3.0 to 3.3.
    assert.equal(
      chosen(`${delimited},application/openmetrics-text;version=1.0.0;q=0.8,*/*;q=0.1`),
      contentType("underscores"),
    );
    assert.equal(chosen(`${delimited};q=0.6,${others},*/*;q=0.1`), contentType("underscores"));
    assert.equal(chosen(`${delimited};escaping=allow-utf-8;q=0.6,${others}`), contentType("allow-utf-8"));
    assert.equal(protobufFormat.contentType, contentType("underscores"));
  });

  it("gives it to nobody who has not asked for just this", () => {
    for (const accept of [
      "*/*",
      "application/vnd.google.protobuf",
      "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
      "application/vnd.google.protobuf;proto=other;encoding=delimited",
      `${delimited};q=0`,
    ]) {
      assert.match(chosen(accept), /^text\/plain/, accept);
    }
  });

  it("is nothing that a registry's string could be in", () => {
    assert.equal(formatNamed(protobufFormat.contentType, options), undefined);
  });
});
