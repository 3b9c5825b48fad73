// A web service that measures its requests, under load and scraped, against the same one without metrics.
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { request } from "node:http";
import { promisify } from "node:util";
import { type Case, type LoneCase, type Settings, sizeName } from "./case.ts";
import { type ContenderName, ours, rival } from "./contenders.ts";

const path = (process.env.PATH ?? "").split(":");
const hasWrk = () => path.some((directory) => existsSync(`${directory}/wrk`));

function scrape(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    request({ host: "127.0.0.1", port, path: "/metrics", agent: false }, (response) => {
      response.resume();
      response.once("end", resolve);
      response.once("error", reject);
    })
      .once("error", reject)
      .end();
  });
}

interface Load {
  readonly perSecond: number;
  readonly p99Ms: number;
}

/** The figures in what `wrk --latency` prints. */
export function parseWrk(text: string): Load {
  const perSecond = /Requests\/sec:\s+([\d.]+)/.exec(text)?.[1];
  const [, amount, unit] = /^\s+99%\s+([\d.]+)(us|ms|s) *$/m.exec(text) ?? [];
  const failed = /Socket errors|Non-2xx/.exec(text);
  if (perSecond === undefined || amount === undefined || failed !== null) throw new Error(`wrk says:\n${text}`);
  const perMs = { us: 1000, ms: 1, s: 0.001 }[unit as "us" | "ms" | "s"];
  return { perSecond: Number(perSecond), p99Ms: Number(amount) / perMs };
}

async function underLoad(name: ContenderName, series: number, seconds: number): Promise<Load> {
  const child = fork(new URL("http-server.ts", import.meta.url), [name, String(series)], {
    execArgv: ["--import", "tsx"],
  });
  const [port] = (await once(child, "message")) as [number];
  const wrk = async (duration: number) => {
    const { stdout } = await promisify(execFile)("wrk", [
      "-t1",
      "-c32",
      `-d${duration}s`,
      "--latency",
      // A server whose loop is held for seconds shall show in the latency, not as an error.
      "--timeout=30s",
      `http://127.0.0.1:${port}/`,
    ]);
    return parseWrk(stdout);
  };
  try {
    await wrk(1);
    let last: Promise<void> = Promise.resolve();
    const scraper = setInterval(() => {
      last = last.then(() => scrape(port));
    }, 1000);
    const load = await wrk(seconds);
    clearInterval(scraper);
    await last;
    return load;
  } finally {
    child.kill();
  }
}

function loadCase(figure: keyof Load, series: number, settings: Settings): LoneCase {
  return {
    type: "lone",
    name: `http/${figure === "perSecond" ? "throughput" : "p99"}/${sizeName(series)}`,
    title: `${figure === "perSecond" ? "requests answered" : "99th percentile of latency"} with a histogram and a counter a request, scraped once a second at ${series.toLocaleString("en-US")} series`,
    unit: figure === "perSecond" ? "requests/s" : "ms",
    contenders: [ours, rival, "prom-client", "limit"],
    processes: settings.quick ? 1 : 3,
    limitTitle: "the same server without metrics",
    async measure(_, name) {
      return [(await underLoad(name, series, settings.quick ? 1 : 6))[figure]];
    },
  };
}

export function cases(settings: Settings): readonly Case[] {
  if (settings.quick ? !hasWrk() : !settings.full) return [];
  if (!hasWrk()) throw new Error('The runs under load need "wrk", which is not installed.');
  const series = settings.quick ? 1_000 : 100_000;
  return [loadCase("perSecond", series, settings), loadCase("p99Ms", series, settings)];
}
