import { Readable } from "node:stream";
import { createGzip, gunzipSync } from "node:zlib";
import { type Case, type LoneCase, type Settings, sizeName, type Target, type TimedCase } from "./case.ts";
import type { Registry, StreamingRegistry } from "./client.ts";
import { firstAfterCollection } from "./collection.ts";
import { type Contender, type ContenderName, libraries, ours, rival } from "./contenders.ts";
import { fill, type StateKind, stateTitles } from "./states.ts";

const chunkBytes = 65_536;

/** More than the caches of a processor hold. */
const beyondCachesBytes = 128e6;
const mostCopies = 16;

/**
 * Copies the bytes of an exposition through one warm chunk, as a scrape that had nothing to think about would. Each time they
 * come from another place in memory: what is scraped every few seconds is in no cache either, and a copy within the caches
 * would show how fast those are.
 */
async function copyLoop(contender: Contender, kind: StateKind, size: number): Promise<(times: number) => void> {
  const { registry } = fill(contender, kind, size);
  const pieces: Uint8Array[] = [];
  for await (const chunk of (registry as StreamingRegistry).stream()) pieces.push(chunk.slice());
  const first = Buffer.concat(pieces);
  const copies = Math.max(1, Math.min(mostCopies, Math.floor(beyondCachesBytes / first.length)));
  const sources = Array.from({ length: copies }, () => Buffer.from(first));
  const chunk = new Uint8Array(chunkBytes);
  let turn = 0;
  return (times) => {
    for (let n = 0; n < times; n++) {
      const all = sources[turn++ % copies] as Buffer;
      for (let start = 0; start < all.length; start += chunkBytes) chunk.set(all.subarray(start, start + chunkBytes));
    }
  };
}

interface ScrapeOptions {
  readonly targets?: readonly Target[];
  readonly contenders?: readonly ContenderName[];
  /** Whether every value changes between two scrapes. @default true */
  readonly changing?: boolean;
}

function scrapeCase(
  kind: StateKind,
  size: number,
  { targets = [], contenders, changing = true }: ScrapeOptions = {},
): TimedCase {
  return {
    type: "timed",
    name: `scrape/${kind}${changing ? "" : "-unchanged"}/${sizeName(size)}`,
    title: `scrape of ${size.toLocaleString("en-US")} ${stateTitles[kind]}, ${changing ? "all" : "none"} changed`,
    unit: "ms",
    contenders: contenders ?? [...libraries, "limit"],
    limitTitle: "a copy of the same bytes from memory",
    targets,
    prepare(contender) {
      const { registry, sampleName, samples, change } = fill(contender, kind, size);
      return {
        async run(times) {
          for (let n = 0; n < times; n++) await contender.scrape(registry);
        },
        ...(changing ? { between: change } : {}),
        exposition: () => registry.metrics(),
        check: (_, totals) => totals.get(sampleName)?.count === samples,
      };
    },
    async prepareLimit(contender) {
      return { run: await copyLoop(contender, kind, size), check: () => true };
    },
  };
}

/** What only our registry offers, against the same limit: chunks that are lent, and one string. */
function readerCase(reader: "chunks" | "string", size: number): TimedCase {
  return {
    ...scrapeCase("integers", size),
    name: `scrape/integers-as-${reader}/${sizeName(size)}`,
    title: `scrape of ${size.toLocaleString("en-US")} counters, read as ${reader === "chunks" ? "leased chunks" : "one string"}`,
    contenders: reader === "chunks" ? [ours, "limit"] : [ours, rival, "limit"],
    targets: [],
    prepare(contender) {
      const { registry, sampleName, samples, change } = fill(contender, "integers", size);
      return {
        async run(times) {
          for (let n = 0; n < times; n++) {
            if (reader === "string") await registry.metrics();
            else for await (const chunk of (registry as StreamingRegistry).chunks()) chunk.release();
          }
        },
        between: change,
        exposition: () => registry.metrics(),
        check: (_, totals) => totals.get(sampleName)?.count === samples,
      };
    },
  };
}

export const PROTOBUF_ACCEPT =
  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,text/plain;q=0.5";

async function readAs(accept: string, registry: StreamingRegistry): Promise<number> {
  const format = registry.negotiate(accept);
  let length = 0;
  for await (const chunk of registry.chunks({ format })) {
    length += chunk.bytes.length;
    chunk.release();
  }
  return length;
}

/** Protobuf against text, of the same series; which has no native buckets, where that is what they are. */
function protobufCase(kind: StateKind, size: number): TimedCase {
  const isRead = (length: number) => length > size;
  const reading = (contender: Contender, accept: string) => {
    const { registry, change } = fill(contender, kind, size);
    let length = 0;
    return {
      async run(times: number) {
        for (let n = 0; n < times; n++) length = await readAs(accept, registry as StreamingRegistry);
      },
      between: change,
      check: () => isRead(length),
    };
  };
  return {
    type: "timed",
    name: `scrape/${kind}-as-protobuf/${sizeName(size)}`,
    title: `scrape of ${size.toLocaleString("en-US")} ${stateTitles[kind]}, as protobuf`,
    unit: "ms",
    contenders: [ours, "limit"],
    limitTitle: kind === "native" ? "text, which has their counts and sums only" : "the same as text",
    prepare: (contender) => reading(contender, PROTOBUF_ACCEPT),
    prepareLimit: (contender) => reading(contender, "text/plain"),
  };
}

/** The same in OpenMetrics text, where a client has it. */
function openMetricsCase(kind: StateKind, size: number, targets: readonly Target[]): TimedCase {
  const inText = scrapeCase(kind, size, { targets, contenders: [ours, rival, "prom-client", "limit"] });
  const inOpenMetrics = (contender: Contender) => {
    const state = fill(contender, kind, size);
    state.registry.setContentType?.("application/openmetrics-text; version=1.0.0; charset=utf-8");
    return state;
  };
  return {
    ...inText,
    name: `scrape/${kind}-openmetrics/${sizeName(size)}`,
    title: `${inText.title}, as OpenMetrics`,
    // The peers spell these bounds as in text 0.0.4.
    ignored: /,?le="(?:1|5|10)(?:\.0)?"/,
    prepare(contender) {
      const { registry, sampleName, samples, change } = inOpenMetrics(contender);
      return {
        async run(times) {
          for (let n = 0; n < times; n++) await contender.scrape(registry);
        },
        between: change,
        exposition: () => registry.metrics(),
        check: (_, totals) => totals.get(sampleName)?.count === samples,
      };
    },
  };
}

/** An exposition compressed while it is written, as a handler does it; the peer's is compressed when it is there. */
function gzipCase(kind: StateKind, size: number): TimedCase {
  const inText = scrapeCase(kind, size, { contenders: [ours, rival] });
  const zipped = async ({ streams }: Contender, registry: Registry): Promise<Buffer> => {
    const pieces = streams ? (registry as StreamingRegistry).stream() : [await registry.metrics()];
    const zip = Readable.from(pieces, { objectMode: false }).pipe(createGzip({ level: 1 }));
    const written: Buffer[] = [];
    for await (const piece of zip) written.push(piece);
    return Buffer.concat(written);
  };
  return {
    ...inText,
    name: `scrape/${kind}-gzip/${sizeName(size)}`,
    title: `${inText.title}, and gzip at level 1`,
    prepare(contender) {
      const { registry, sampleName, samples, change } = fill(contender, kind, size);
      return {
        async run(times) {
          for (let n = 0; n < times; n++) await zipped(contender, registry);
        },
        between: change,
        exposition: async () => gunzipSync(await zipped(contender, registry)).toString(),
        check: (_, totals) => totals.get(sampleName)?.count === samples,
      };
    },
  };
}

/** The very first scrape of a process, before V8 has compiled anything for it. */
function coldCase(size: number, { quick }: Settings): LoneCase {
  return {
    type: "lone",
    name: `scrape/first-ever/${sizeName(size)}`,
    title: `the first scrape of a process, ${size.toLocaleString("en-US")} counters`,
    unit: "ms",
    contenders: libraries.slice(0, size > 10_000 ? 2 : 3),
    processes: quick ? 1 : 3,
    async measure(contender) {
      const { registry } = fill(contender, "integers", size);
      const start = performance.now();
      await contender.scrape(registry);
      return [performance.now() - start];
    },
  };
}

/** A scrape of which V8 may have forgotten what it had compiled. */
function collectedCase(size: number, { quick }: Settings): LoneCase {
  return {
    type: "lone",
    name: `scrape/after-collection/${sizeName(size)}`,
    title: `the first scrape after a full garbage collection, ${size.toLocaleString("en-US")} counters`,
    unit: "ms",
    contenders: libraries.slice(0, 2),
    processes: 1,
    async measure(contender) {
      const { registry } = fill(contender, "integers", size);
      return firstAfterCollection(() => contender.scrape(registry), quick);
    },
  };
}

export function cases(settings: Settings): readonly Case[] {
  const { quick, full } = settings;
  const isThorough = quick || full;
  const some: readonly ContenderName[] = [ours, rival, "limit"];
  const atLeast = (times: number): Target => ({ type: "faster", than: rival, times });
  const copies = (times: number): Target => ({ type: "within", of: "limit", times });
  const [k1, k10, k100, million] = quick ? [100, 200, 500, 1_000] : [1_000, 10_000, 100_000, 1_000_000];
  return [
    scrapeCase("integers", k1),
    scrapeCase("integers", k10),
    scrapeCase("integers", k100, { targets: [atLeast(25), copies(4)] }),
    scrapeCase("integers", k100, { targets: [atLeast(25), copies(4)], changing: false, contenders: some }),
    scrapeCase("integers", million, { targets: [atLeast(15)], contenders: some }),
    scrapeCase("decimals", k100, { contenders: some }),
    scrapeCase("doubles", k100, { targets: [atLeast(6)], contenders: some }),
    scrapeCase("histograms", k10, { targets: [atLeast(18), copies(3)] }),
    ...(isThorough ? [scrapeCase("histograms", k100, { contenders: some })] : []),
    scrapeCase("families", quick ? 50 : 2_000),
    openMetricsCase("integers", k100, [atLeast(25)]),
    openMetricsCase("histograms", k10, [atLeast(18)]),
    gzipCase("integers", k100),
    ...(isThorough ? [readerCase("chunks", k100), readerCase("string", k100)] : []),
    protobufCase("integers", k100),
    protobufCase("histograms", k10),
    protobufCase("native", k10),
    coldCase(k1, settings),
    coldCase(k100, settings),
    collectedCase(k1, settings),
    collectedCase(k100, settings),
  ];
}
