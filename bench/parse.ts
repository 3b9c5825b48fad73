// Reads expositions.
import { type Case, type LoneCase, type Settings, sizeName, type TimedCase } from "./case.ts";
import { firstAfterCollection } from "./collection.ts";
import { type Contender, ours, reader } from "./contenders.ts";

/** What the peer makes of a family. */
interface ReadFamily {
  readonly name: string;
  readonly type: string;
  readonly metrics: readonly {
    readonly labels?: Readonly<Record<string, string>>;
    readonly value?: string;
    readonly buckets?: Readonly<Record<string, string>>;
    readonly sum?: string;
    readonly count?: string;
  }[];
}

/** The part of our families that the cases have. */
interface OurFamily {
  readonly name: string;
  readonly type: string;
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly value?: number;
    readonly buckets?: readonly { readonly bound: number; readonly count: number }[];
    readonly sum?: number;
    readonly count?: number;
  }[];
}

type OurParse = (input: Uint8Array, contentType: string) => readonly OurFamily[];
type PeerParse = (input: string) => readonly ReadFamily[];

const TEXT = "text/plain; version=0.0.4";
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

function counters(size: number): string {
  let text = "# HELP http_requests_total Requests served.\n# TYPE http_requests_total counter\n";
  for (let i = 0; i < size; i++) {
    const labels = `method="${["GET", "POST", "PUT"][i % 3]}",route="/api/v1/users/${i % 1000}",code="${200 + (i % 7)}",shard="${i % 13}"`;
    text += `http_requests_total{${labels}} ${i * 17}\n`;
  }
  return text;
}

/** Histograms without labels, for of those with labels the peer makes one. */
function histograms(size: number): string {
  let text = "";
  for (let i = 0; i < size; i++) {
    const name = `queue_${i}_wait_seconds`;
    text += `# HELP ${name} Time in the queue.\n# TYPE ${name} histogram\n`;
    let count = 0;
    for (const bound of bounds) {
      count += i % 5;
      text += `${name}_bucket{le="${bound}"} ${count}\n`;
    }
    text += `${name}_bucket{le="+Inf"} ${count}\n${name}_sum ${count * 1.2345}\n${name}_count ${count}\n`;
  }
  return text;
}

/** The samples of families that were read, as lines again, so that the contenders' answers can be compared. */
function* ourLines(families: readonly OurFamily[]): Iterable<string> {
  for (const { name, series } of families) {
    for (const { labels, value, buckets, sum, count } of series) {
      if (value !== undefined) yield line(name, labels, value);
      for (const { bound, count: upTo } of buckets ?? []) {
        yield line(`${name}_bucket`, { ...labels, le: bound === Infinity ? "+Inf" : String(bound) }, upTo);
      }
      if (sum !== undefined) yield line(`${name}_sum`, labels, sum);
      if (count !== undefined) yield line(`${name}_count`, labels, count);
    }
  }
}

function* peerLines(families: readonly ReadFamily[]): Iterable<string> {
  for (const { name, metrics } of families) {
    for (const { labels = {}, value, buckets, sum, count } of metrics) {
      if (value !== undefined) yield line(name, labels, value);
      for (const [le, upTo] of Object.entries(buckets ?? {})) yield line(`${name}_bucket`, { ...labels, le }, upTo);
      if (sum !== undefined) yield line(`${name}_sum`, labels, sum);
      if (count !== undefined) yield line(`${name}_count`, labels, count);
    }
  }
}

function line(name: string, labels: Readonly<Record<string, string>>, value: number | string): string {
  const written = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
  return `${name}{${written.join(",")}} ${Number(value)}\n`;
}

function parseCase(what: string, size: number, text: string, contentType = TEXT): TimedCase {
  const bytes = new TextEncoder().encode(text);
  const isOpenMetrics = text.endsWith("# EOF\n");
  const lines = text.split("\n").filter((one) => one !== "" && !one.startsWith("#")).length;
  return {
    type: "timed",
    name: `parse/${isOpenMetrics ? "openmetrics" : "text"}-${what}/${sizeName(size)}`,
    title: `parse ${sizeName(size)} ${what}, ${(bytes.length / 1e6).toFixed(2)} MB of ${isOpenMetrics ? "OpenMetrics" : "text"}`,
    unit: "ms",
    contenders: isOpenMetrics ? [ours] : [ours, reader],
    targets: isOpenMetrics ? [] : [{ type: "faster", than: reader, times: 10 }],
    prepare({ name, client }: Contender) {
      let read = (): Iterable<string> => [];
      const ours = () => {
        const { parse } = client as unknown as { readonly parse: OurParse };
        const families = parse(bytes, contentType);
        read = () => ourLines(families);
      };
      const theirs = () => {
        const families = (client as unknown as PeerParse)(text);
        read = () => peerLines(families);
      };
      const run = name === reader ? theirs : ours;
      return {
        run(times) {
          for (let i = 0; i < times; i++) run();
        },
        exposition: async () => [...read()].join(""),
        check: (_, totals) => [...totals.values()].reduce((sum, { count }) => sum + count, 0) === lines,
      };
    },
  };
}

/** The same when V8 may have forgotten what it had compiled. */
function collectedCase(what: string, size: number, text: string, quick: boolean): LoneCase {
  const bytes = new TextEncoder().encode(text);
  return {
    type: "lone",
    name: `parse/text-${what}-after-collection/${sizeName(size)}`,
    title: `the first parse of ${sizeName(size)} ${what} after a full garbage collection`,
    unit: "ms",
    contenders: [ours, reader],
    processes: 1,
    measure({ name, client }) {
      const ours = () => (client as unknown as { readonly parse: OurParse }).parse(bytes, TEXT);
      const theirs = () => (client as unknown as PeerParse)(text);
      return firstAfterCollection(name === reader ? theirs : ours, quick);
    },
  };
}

export function cases({ quick }: Settings): readonly Case[] {
  const [many, some] = quick ? [500, 50] : [20_000, 2_000];
  const open = counters(many).replaceAll("http_requests_total counter", "http_requests counter");
  const openMetrics = `${open.replace("# HELP http_requests_total", "# HELP http_requests")}# EOF\n`;
  return [
    parseCase("counters", many, counters(many)),
    parseCase("histograms", some, histograms(some)),
    collectedCase("counters", many, counters(many), quick),
    collectedCase("histograms", some, histograms(some), quick),
    parseCase("counters", many, openMetrics, "application/openmetrics-text; version=1.0.0"),
  ];
}
