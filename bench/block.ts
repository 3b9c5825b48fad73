// How long a scrape keeps the event loop from everything else.
import { fork } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Case, type LoneCase, type Settings, sizeName } from "./case.ts";
import type { StreamingRegistry } from "./client.ts";
import { type Contender, type ContenderName, libraries, ours, rival } from "./contenders.ts";
import { longestPause } from "./pause.ts";
import { PROTOBUF_ACCEPT } from "./scrape.ts";
import { fill, type StateKind, stateTitles } from "./states.ts";

/** How often it is looked at; the largest scrapes of a peer take seconds. */
function roundsOf(size: number): number {
  return size >= 1_000_000 ? 3 : 5;
}

/** One scrape of a registry that was scraped before; of nothing, for the limit. */
async function scrapeOf(
  contender: Contender,
  name: ContenderName,
  kind: StateKind,
  size: number,
): Promise<() => Promise<unknown>> {
  if (name === "limit") return () => sleep(50);
  const { registry } = fill(contender, kind, size);
  const scrape = () => contender.scrape(registry);
  for (let warmUp = 0; warmUp < (size >= 1_000_000 ? 1 : 3); warmUp++) await scrape();
  return scrape;
}

function tickerCase(kind: StateKind, size: number, contenders: readonly ContenderName[]): LoneCase {
  return {
    type: "lone",
    name: `block/ticker-${kind}/${sizeName(size)}`,
    title: `longest block of the event loop, scrape of ${size.toLocaleString("en-US")} ${stateTitles[kind]}`,
    unit: "ms",
    contenders,
    processes: 1,
    limitTitle: "an idle event loop",
    targets: [
      { type: "faster", than: rival, times: 30 },
      { type: "at most", value: 5 },
    ],
    async measure(contender, name) {
      const scrape = await scrapeOf(contender, name, kind, size);
      const pauses: number[] = [];
      for (let round = 0; round < roundsOf(size); round++) pauses.push(await longestPause(scrape));
      return pauses;
    },
  };
}

/** The same in protobuf, which measures all series of a family before it writes the first. */
function protobufCase(kind: StateKind, size: number): LoneCase {
  return {
    ...tickerCase(kind, size, [ours, "limit"]),
    name: `block/ticker-${kind}-as-protobuf/${sizeName(size)}`,
    title: `longest block of the event loop, scrape of ${size.toLocaleString("en-US")} ${stateTitles[kind]} as protobuf`,
    targets: [{ type: "at most", value: 5 }],
    async measure(contender, name) {
      const { registry } = fill(contender, kind, size);
      const format = (registry as StreamingRegistry).negotiate(PROTOBUF_ACCEPT);
      const scrape = async () => {
        if (name === "limit") return sleep(50);
        for await (const chunk of (registry as StreamingRegistry).chunks({ format })) chunk.release();
      };
      for (let warmUp = 0; warmUp < 3; warmUp++) await scrape();
      const pauses: number[] = [];
      for (let round = 0; round < roundsOf(size); round++) pauses.push(await longestPause(scrape));
      return pauses;
    },
  };
}

/** The longest that a request to the same process waits for its answer during a scrape. */
function requestCase(kind: StateKind, size: number): LoneCase {
  return {
    type: "lone",
    name: `block/requests-${kind}/${sizeName(size)}`,
    title: `slowest of the requests answered during a scrape of ${size.toLocaleString("en-US")} ${stateTitles[kind]}`,
    unit: "ms",
    contenders: [ours, rival, "limit"],
    processes: 1,
    limitTitle: "no scrape",
    async measure(contender, name) {
      const server = createServer((_, response) => response.end("ok")).listen(0, "127.0.0.1");
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const load = fork(new URL("load.ts", import.meta.url), [String(port)], { execArgv: ["--import", "tsx"] });
      const slowest = async () => {
        load.send("slowest");
        const [ms] = (await once(load, "message")) as [number];
        return ms;
      };
      const scrape = await scrapeOf(contender, name, kind, size);
      await slowest();
      const waits: number[] = [];
      for (let round = 0; round < roundsOf(size); round++) {
        await sleep(20);
        await slowest();
        await scrape();
        // The request that waits longest is answered only now.
        await sleep(20);
        waits.push(await slowest());
      }
      load.kill();
      await once(load, "exit");
      server.closeAllConnections();
      server.close();
      return waits;
    },
  };
}

export function cases({ quick, full }: Settings): readonly Case[] {
  const [k10, k100, million] = quick ? [200, 500, 1_000] : [10_000, 100_000, 1_000_000];
  return [
    tickerCase("integers", k100, [...libraries.slice(0, 3), "limit"]),
    tickerCase("integers", million, [ours, rival, "limit"]),
    tickerCase("doubles", k100, [ours, rival, "limit"]),
    tickerCase("histograms", k10, [...libraries.slice(0, 3), "limit"]),
    protobufCase("native", k10),
    ...(quick || full
      ? [tickerCase("histograms", k100, [ours, rival, "limit"]), requestCase("integers", million)]
      : []),
  ];
}
