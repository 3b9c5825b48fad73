import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { runInNewContext } from "node:vm";
import { Counter, Gauge, Histogram, Registry, Summary } from "../../lib/index.ts";
import { LIVE_PAGE, LIVE_PAGE_SCRIPT } from "../../lib/transports/live-page/document.ts";
import { HISTORY } from "../../lib/transports/live-page/script-history.ts";
import { READING } from "../../lib/transports/live-page/script-reading.ts";
import { root } from "../bin/program.ts";

type Labels = ReadonlyMap<string, string>;
interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly series: number;
  readonly labels: ReadonlySet<string>;
}
interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}
interface View {
  readonly kind: string;
  readonly lines: readonly { readonly name: string; readonly values: readonly number[]; readonly last: number }[];
  readonly heat: readonly (readonly { readonly bound: number; readonly count: number }[])[];
  readonly hidden: number;
  readonly facts?: readonly (readonly [string, string])[][];
}
interface PageFunctions {
  read(
    response: Response,
    onSample?: (family: Family, sample: Sample) => void,
  ): Promise<{ families: ReadonlyMap<string, Family>; bytes: number }>;
  seriesCollector(): { byFamily: ReadonlyMap<string, never>; add(family: Family, sample: Sample): void };
  History: new () => { add(time: number, series: never): void; frames: readonly unknown[] };
  viewOf(family: Family, history: unknown, conditions: readonly string[][], groupBy: string): View;
  quantileOf(buckets: readonly { bound: number; count: number }[], quantile: number): number;
}

/** The functions of the page that need no page. */
const page: PageFunctions = runInNewContext(
  `${READING}${HISTORY}({ read, seriesCollector, History, viewOf, quantileOf })`,
  { TextDecoder },
);

/** An answer that arrives in pieces of `size` bytes. */
function answerOf(text: string, size = 7): Response {
  const bytes = new TextEncoder().encode(text);
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size));
      controller.close();
    },
  });
  return new Response(body);
}

/** What is plain is compared: objects of another context are never strictly equal. */
function plain<Value>(value: Value): Value {
  return structuredClone(value);
}

/** Asks a registry several times, as the page would, and shows one of its families. */
class Watched {
  readonly #registry: Registry;
  readonly #histories = new Map<string, InstanceType<PageFunctions["History"]>>();
  #families: ReadonlyMap<string, Family> = new Map();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  async poll(time: number): Promise<void> {
    const { byFamily, add } = page.seriesCollector();
    this.#families = (await page.read(answerOf(await this.#registry.metrics()), add)).families;
    for (const [name, series] of byFamily) {
      const history = this.#histories.get(name) ?? new page.History();
      this.#histories.set(name, history);
      history.add(time, series);
    }
  }

  view(name: string, conditions: readonly string[][] = [], groupBy = ""): View {
    return plain(page.viewOf(this.#families.get(name) as Family, this.#histories.get(name), conditions, groupBy));
  }

  lines(name: string, conditions: readonly string[][] = [], groupBy = ""): (readonly [string, number])[] {
    return this.view(name, conditions, groupBy).lines.map((line) => [line.name, line.last] as const);
  }
}

describe("The live page", () => {
  it("is one document of less than 60 kB that asks nobody but its own server", () => {
    assert.ok(new TextEncoder().encode(LIVE_PAGE.html).length < 60_000);
    const addresses = [...LIVE_PAGE.html.matchAll(/\b(?:src|href|action)="([^"]*)"/g)].map(([, address]) => address);
    assert.deepEqual([...new Set(addresses)].sort(), ["#list", "data:,", "metrics"]);
    assert.doesNotMatch(LIVE_PAGE.html, /https?:\/\/|@import|url\(/);
  });

  it("never makes markup of a text", () => {
    assert.doesNotMatch(LIVE_PAGE_SCRIPT, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|Function\(/);
  });

  it("has a script in which the compiler finds nothing that isn't there", () => {
    const folder = mkdtempSync(join(tmpdir(), "tallystick-page-"));
    const judge = (script: string) => {
      writeFileSync(join(folder, "page.js"), script);
      const flags =
        "--ignoreConfig --noEmit --allowJs --checkJs --strict false --noImplicitAny false --target es2023 --lib es2023,dom,dom.iterable,dom.asynciterable";
      return spawnSync(join(root, "node_modules/.bin/tsc"), [...flags.split(" "), "--types", "", "page.js"], {
        cwd: folder,
        encoding: "utf8",
      }).stdout;
    };
    try {
      assert.equal(judge(LIVE_PAGE_SCRIPT), "");
      assert.match(judge(LIVE_PAGE_SCRIPT.replace("noteRestart(byFamily", "noteRestarts(byFamily")), /noteRestarts/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  describe("reading", () => {
    it("finds families, help texts, labels and values as they were, in whatever pieces they arrive", async () => {
      const registry = new Registry();
      const hostile = ['a"b', "a\\", "a\nb", "}", '",b="', "ü😱", "a=b,c", "{", " ", "\\n"];
      const gauge = new Gauge({
        name: "hostile",
        help: 'Back\\slash, "quote", <b>\nnew line.',
        labelNames: ["v", "w"],
        registers: [registry],
      });
      for (const [i, v] of hostile.entries()) gauge.set({ v, w: `${v}${v}` }, i / 4);
      const text = await registry.metrics();
      for (const size of [1, 5, 64, 100_000]) {
        const samples: Sample[] = [];
        const { families, bytes } = await page.read(answerOf(text, size), (_family, sample) => samples.push(sample));
        assert.equal(bytes, new TextEncoder().encode(text).length);
        const [family] = [...families.values()];
        assert.deepEqual(
          [family?.name, family?.type, family?.help, family?.series],
          ["hostile", "gauge", 'Back\\slash, "quote", <b>\nnew line.', hostile.length],
        );
        assert.deepEqual(
          samples.map(({ labels, value }) => [labels.get("v"), labels.get("w"), value]),
          hostile.map((v, i) => [v, `${v}${v}`, i / 4]),
        );
      }
    });

    it("counts series and not lines", async () => {
      const registry = new Registry();
      const registers = [registry];
      const histogram = new Histogram({ name: "h", help: "H.", labelNames: ["a"], registers });
      const summary = new Summary({ name: "s", help: "S.", registers });
      const counter = new Counter({ name: "h_total", help: "C.", labelNames: ["b"], registers });
      histogram.observe({ a: "x" }, 1);
      histogram.observe({ a: "y" }, 1);
      summary.observe(1);
      counter.inc({ b: "z" });
      const { families } = await page.read(answerOf(await registry.metrics()));
      assert.deepEqual(
        [...families.values()].map(({ name, type, series }) => [name, type, series]),
        [
          ["h", "histogram", 2],
          ["s", "summary", 1],
          ["h_total", "counter", 1],
        ],
      );
    });

    it("fails on an answer that is none", async () => {
      await assert.rejects(page.read(new Response("", { status: 503 })), /The server answered with status 503/);
    });
  });

  describe("showing", () => {
    it("makes rates of counters, and leaves out the moment at which one began anew", async () => {
      const registry = new Registry();
      const counter = new Counter({ name: "c_total", help: "C.", labelNames: ["a"], registers: [registry] });
      const watched = new Watched(registry);
      counter.inc({ a: "x" }, 10);
      await watched.poll(0);
      counter.inc({ a: "x" }, 30);
      counter.inc({ a: "y" }, 3);
      await watched.poll(2_000);
      const [x] = watched.view("c_total").lines;
      assert.deepEqual(x?.values, [Number.NaN, 15]);
      counter.reset();
      counter.inc({ a: "x" }, 5);
      await watched.poll(4_000);
      assert.deepEqual(watched.view("c_total").lines[0]?.values, [Number.NaN, 15, Number.NaN]);
    });

    it("adds series up by a label, and leaves out those that are not looked for", async () => {
      const registry = new Registry();
      const gauge = new Gauge({ name: "g", help: "G.", labelNames: ["route", "worker"], registers: [registry] });
      gauge.set({ route: "/", worker: 0 }, 1);
      gauge.set({ route: "/", worker: 1 }, 2);
      gauge.set({ route: "/users", worker: 1 }, 4);
      const watched = new Watched(registry);
      await watched.poll(0);
      assert.deepEqual(watched.lines("g"), [
        ["route=/users worker=1", 4],
        ["route=/ worker=1", 2],
        ["route=/ worker=0", 1],
      ]);
      assert.deepEqual(watched.lines("g", [], "worker"), [
        ["1", 6],
        ["0", 1],
      ]);
      assert.deepEqual(watched.lines("g", [], "*"), [["all", 7]]);
      assert.deepEqual(watched.lines("g", [["worker", "1"]], "*"), [["all", 6]]);
      assert.deepEqual(
        watched.lines("g", [
          ["worker", "1"],
          ["route", "users"],
        ]),
        [["route=/users worker=1", 4]],
      );
      assert.deepEqual(watched.lines("g", [["nothing", "1"]]), []);
    });

    it("shows at most eight lines, the largest, and says how many more there are", async () => {
      const registry = new Registry();
      const gauge = new Gauge({ name: "g", help: "G.", labelNames: ["i"], registers: [registry] });
      for (let i = 0; i < 1_000; i++) gauge.set({ i }, i);
      const watched = new Watched(registry);
      await watched.poll(0);
      const view = watched.view("g");
      assert.equal(view.hidden, 992);
      assert.deepEqual(
        view.lines.map(({ last }) => last),
        [999, 998, 997, 996, 995, 994, 993, 992],
      );
    });

    it("remembers no more numbers of a family than it may", async () => {
      const history = new page.History();
      const series = (size: number) => new Map(Array.from({ length: size }, (_, i) => [i, i])) as never;
      for (let i = 0; i < 1_000; i++) history.add(i, series(1));
      assert.equal(history.frames.length, 150);
      const large = new page.History();
      for (let i = 0; i < 10; i++) large.add(i, series(15_000));
      assert.equal(large.frames.length, 2);
    });

    it("never adds up quantiles", async () => {
      const registry = new Registry();
      const summary = new Summary({
        name: "s",
        help: "S.",
        labelNames: ["worker"],
        percentiles: [0.5],
        registers: [registry],
      });
      summary.observe({ worker: 0 }, 4);
      summary.observe({ worker: 1 }, 4);
      const watched = new Watched(registry);
      await watched.poll(0);
      for (const groupBy of ["", "*", "worker"]) {
        assert.deepEqual(
          watched.lines("s", [], groupBy).map(([name]) => name),
          ["worker=0 p50", "worker=1 p50"],
        );
      }
    });

    it("tells the quantiles of a histogram as Prometheus reckons them", async () => {
      const registry = new Registry();
      const histogram = new Histogram({ name: "h", help: "H.", buckets: [1, 2, 4], registers: [registry] });
      for (let i = 0; i < 10; i++) histogram.observe(100);
      const watched = new Watched(registry);
      await watched.poll(0);
      for (let i = 0; i < 50; i++) histogram.observe(0.5);
      for (let i = 0; i < 40; i++) histogram.observe(1.5);
      for (let i = 0; i < 10; i++) histogram.observe(3);
      await watched.poll(2_000);
      // Half of the hundred new ones lie up to 1; the 90th is the last up to 2; the 99th is nine tenths on the way from 2 to 4.
      assert.deepEqual(watched.lines("h"), [
        ["p50", 1],
        ["p90", 2],
        ["p99", 3.8],
      ]);
      assert.deepEqual(watched.view("h").heat, [
        [],
        [
          { bound: 1, count: 50 },
          { bound: 2, count: 40 },
          { bound: 4, count: 10 },
          { bound: Number.POSITIVE_INFINITY, count: 0 },
        ],
      ]);
    });

    it("tells the greatest bound of what lies beyond it, and nothing of nothing", () => {
      const buckets = [
        { bound: 1, count: 1 },
        { bound: Number.POSITIVE_INFINITY, count: 9 },
      ];
      assert.equal(page.quantileOf(buckets, 0.99), 1);
      assert.ok(Number.isNaN(page.quantileOf([], 0.5)));
      assert.ok(Number.isNaN(page.quantileOf([{ bound: 1, count: 0 }], 0.5)));
    });
  });
});
