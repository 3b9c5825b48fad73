// The way from columns to bytes, judged by the way that leads through plain objects, byte by byte.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ScrapedFamily } from "../../lib/formats/format.ts";
import { type EscapingScheme, escapingSchemes } from "../../lib/formats/name-escaping.ts";
import { ProtobufExposition } from "../../lib/formats/protobuf.ts";
import { Counter } from "../../lib/metrics/counter.ts";
import { Histogram } from "../../lib/metrics/histogram.ts";
import type { Exemplar, LabelSet, MetricFamily } from "../../lib/model/family.ts";
import { plainFamily } from "../../lib/registry/plain-families.ts";
import { COLUMNS, type ColumnFamily, FamilyView } from "../../lib/storage/column-family.ts";
import type { NativeRow } from "../../lib/storage/native-row.ts";
import { decodeFamilies } from "../judges/naive-protobuf.ts";
import { nativeRow } from "../judges/native-rows.ts";
import { Random } from "../judges/random.ts";
import { Columns, exposeAs, plain } from "./families.ts";

const layoutOf = (bounds: readonly number[]) => [
  ...[...bounds, Infinity].map((value) => ({ suffix: "_bucket", label: { name: "le", value } })),
  { suffix: "_sum" },
  { suffix: "_count" },
];

/** Native buckets as a row has them, with gaps of any size, and exemplars with a time or without. */
function someNative(random: Random, longest: number): NativeRow {
  const side = () => {
    let key = random.between(-300, 300);
    return Array.from({ length: random.below(longest) }, () => {
      key += random.pick([1, 1, 1, 2, 3, 4, 40]);
      return { key, count: random.pick([1, random.between(1, 1000), 2 ** 40, 2 ** 53 + 2 ** 20]) };
    });
  };
  const exemplars = Array.from({ length: random.below(4) }, (): Exemplar => {
    const timestamp = random.chance(0.8) ? { timestampMs: random.between(0, 2e12) } : {};
    return { labels: { trace_id: random.hostileText().toWellFormed() }, value: random.double(), ...timestamp };
  });
  const [zeroThreshold, zeroCount] = [random.pick([0, 2 ** -128, 0.5]), random.pick([0, 3, 2 ** 60])];
  const schema = random.between(-4, 8);
  const [positive, negative] = random.chance(0.2) ? [[], []] : [side(), side()];
  return nativeRow({ schema, zeroThreshold, zeroCount, positive, negative, exemplars }, random.below(20));
}

const inColumns = (family: ColumnFamily, constantLabels: LabelSet = {}): ScrapedFamily => ({
  descriptor: family.descriptor,
  parts: [{ kind: "columns", view: new FamilyView(family), constantLabels }],
});

/** The same family as a custom collector would return it. */
function asCopied(family: ColumnFamily, constantLabels: LabelSet = {}): ScrapedFamily {
  const view = new FamilyView(family);
  const { series, ...rest } = plainFamily(view);
  view.close();
  // A constant label takes the place of one that is absent.
  const absent = Object.fromEntries(family.labelNames.map((name) => [name, ""]));
  const named = series.map(({ labels, ...one }) => ({ ...one, labels: { ...absent, ...labels } }));
  return plain({ ...rest, series: named } as MetricFamily, constantLabels);
}

/** Both ways give the same bytes. Families of that size are measured and written in one go, and so have nothing to spare. */
function assertSame(family: ColumnFamily, escaping: EscapingScheme, constantLabels: LabelSet, note: string): void {
  const write = (scraped: ScrapedFamily) => exposeAs(new ProtobufExposition("protobuf", escaping), [scraped]);
  const [written, expected] = [write(inColumns(family, constantLabels)), write(asCopied(family, constantLabels))];
  if (Buffer.from(written).equals(expected)) return;
  assert.deepEqual(metricsOf(written), metricsOf(expected), note);
  assert.fail(`${note}: the metrics are the same, but not their bytes`);
}

/** The metrics of an exposition, without what fills it up. */
const metricsOf = (exposition: Uint8Array) => decodeFamilies(exposition).map(({ name, metric }) => ({ name, metric }));

describe("a family in columns as protobuf", () => {
  it("is byte by byte what its copy is, for random histograms and counters with exemplars", () => {
    for (let seed = 0; seed < 150; seed++) {
      const random = new Random(seed);
      const type = random.pick(["histogram", "histogram", "counter"] as const);
      const bounds = random.sample([-1, 0, 0.1, 2.5, 1e6], random.below(5)).sort((a, b) => a - b);
      const samples = type === "histogram" ? layoutOf(bounds) : [{ suffix: "" }];
      const labelNames = random.sample(["a", "b.c", "method", "é"], random.below(4));
      const text = () => random.hostileText();
      const exemplars = new Map<string, Exemplar>();
      const exemplarAt = (row: number, sample: number) => {
        const key = `${row}/${sample}`;
        const traced = { trace_id: "4bf92f3577b34da6", more: text().toWellFormed() };
        const one: Exemplar = {
          labels: random.chance(0.2) ? {} : traced,
          value: random.double(),
          ...(random.chance(0.7) && { timestampMs: random.between(-1e12, 2e12) + random.next() }),
        };
        if (!exemplars.has(key)) exemplars.set(key, one);
        return (row + sample) % 3 === 0 ? exemplars.get(key) : undefined;
      };
      const natives = Array.from({ length: 12 }, () => someNative(random, 60));
      // Without either there is another way, whose numbers have room for larger ones.
      const hasNative = type === "histogram" && random.chance(0.8);
      const hasExemplars = random.chance(0.7);
      const columns = new Columns({ name: "x.y", type, help: text().toWellFormed() }, labelNames, samples, {
        ...((hasExemplars || !hasNative) && { exemplar: exemplarAt }),
        ...(hasNative && { native: (row: number) => natives[row % 12] }),
      });
      const scale = random.pick([10, 2 ** 20, 2 ** 52, 2 ** 60]);
      for (let i = random.below(8); i >= 0; i--) {
        const labels = Object.fromEntries(labelNames.map((name) => [name, random.chance(0.2) ? "" : text()]));
        const count = () => (seed % 10 === 0 ? random.next() : Math.floor(scale * random.next()));
        columns.set(labels, ...samples.map(({ suffix }) => (suffix === "_sum" ? random.double() : count())));
      }
      const constant = { site: text().toWellFormed(), a: "constant", nothing: "" };
      const some = Object.fromEntries(Object.entries(constant).filter(() => random.chance(0.5)));
      assertSame(columns.family, random.pick(escapingSchemes), some, `seed ${seed}`);
    }
  });

  it("is what its copy is, of what metrics observe", () => {
    for (let seed = 0; seed < 20; seed++) {
      const random = new Random(seed);
      const clock = { now: () => 1.7e12 + random.below(1e9) + 0.25, monotonicNow: () => 0 };
      const shared = { help: "H.", labelNames: ["a"], registers: [], clock, enableExemplars: true } as const;
      const hits = new Counter({ ...shared, name: "hits_total" });
      const wait = new Histogram({
        ...shared,
        name: "wait_seconds",
        ...(random.chance(0.5) && { buckets: [] }),
        native: {
          schema: random.between(-4, 5),
          maxBuckets: random.pick([0, 20]),
          zeroThreshold: random.pick([0, 1e-3]),
          maxZeroThreshold: random.pick([0, 1]),
        },
      });
      for (let i = 0; i < 300; i++) {
        const a = String(random.below(6));
        const traced = random.chance(0.3) ? { trace_id: `trace ${i}` } : {};
        hits.inc({ a }, random.below(9), traced);
        wait.observe({ a }, random.pick([-1, 1, 1]) * Math.exp(10 * (random.next() - 0.5)) * random.below(8), traced);
      }
      wait.zero({ a: "nothing yet" });
      for (const metric of [hits, wait])
        assertSame((metric as unknown as { [COLUMNS]: ColumnFamily })[COLUMNS], "underscores", {}, `seed ${seed}`);
    }
  });

  it("is what its copy is, when it is written in many steps, and when it is frozen before that", () => {
    for (const freezes of [false, true]) {
      const random = new Random(1);
      const natives = Array.from({ length: 50 }, () => someNative(random, 10));
      const columns = new Columns({ name: "h", type: "histogram", help: "H." }, ["i"], layoutOf([1]), {
        native: (row) => natives[row % 50],
        exemplar: (row, sample) => (row % 7 === 0 ? { labels: { row: `${row}` }, value: sample } : undefined),
      });
      for (let i = 0; i < 400; i++) columns.set({ i: `series ${i}` }, i, 2 * i, i / 3, 2 * i);
      const format = new ProtobufExposition("protobuf", "underscores");
      const expected = metricsOf(exposeAs(format, [asCopied(columns.family)]));
      const scraped = inColumns(columns.family);
      if (freezes) {
        columns.table.freezeLeases();
        for (let i = 0; i < 400; i++) columns.set({ i: `series ${i}` }, 0, 0, 0, 0);
      }
      assert.deepEqual(metricsOf(exposeAs(format, [scraped])), expected);
    }
  });

  it("returns to the caller after about as much work, however many buckets the series have", () => {
    const last = 20_000;
    // All buckets populated, or the first and the last only.
    for (const step of [1, last]) {
      const positive = Array.from({ length: 1 + last / step }, (_, i) => ({ key: i * step, count: 1 + (i % 7) }));
      const native = nativeRow({ schema: 8, zeroThreshold: 0, zeroCount: 0, positive, negative: [] });
      const rows: number[] = [];
      const columns = new Columns({ name: "h", type: "histogram", help: "H." }, ["i"], layoutOf([]), {
        native: (row) => {
          rows.push(row);
          return native;
        },
      });
      for (let i = 0; i < 20; i++) columns.set({ i }, 1, 1, 1);
      let most = 0;
      exposeAs(new ProtobufExposition("protobuf", "underscores"), [inColumns(columns.family)], 0, () => {
        most = Math.max(most, new Set(rows).size);
        rows.length = 0;
      });
      assert.equal(most, 1);
    }
  });
});
