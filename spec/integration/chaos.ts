// Lets the workers of bin/serve end in every way there is while clients ask on, and checks from outside what Prometheus
// would see. It shares no code with lib/: clients keep their own books, and expositions are read by a few lines of its
// own.
import { type ChildProcess, spawn } from "node:child_process";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { endWithSpec } from "../end-with-spec.ts";
import { Random } from "../judges/random.ts";
import { root, until } from "./harness.ts";

/** How workers report unless told otherwise, in milliseconds. */
const INTERVAL_MS = 1_000;
/** How long a report may be on its way where processors are few, beside what this process itself sees of how busy they are. */
const LATE_MS = 2_000;
/** What a worker may do between a timer that is due and the report: what is left of one turn of its event loop. */
const TURN_MS = 20;
/** Clients wait no longer for an answer. */
const PATIENCE_MS = 8_000;

/** What happens to workers, in turn. */
const kinds = ["SIGKILL", "/exit", "SIGKILL", "/throw", "SIGKILL", "/loop", "SIGKILL", "/exit", "/throw", "SIGHUP"];

/** How a run goes. */
export interface ChaosOptions {
  readonly seconds: number;
  readonly seed: number;
  readonly workers?: number;
  /** So often on average something happens to a worker, in milliseconds. */
  readonly eachMs?: number;
  /** A scrape takes no longer. */
  readonly scrapeDeadlineMs?: number;
  /** A worker that is silent for so long is killed. */
  readonly workerTimeoutMs?: number;
  /** The app does not count each so manieth request. */
  readonly lossEach?: number;
}

/** One exposition: samples by name and labels, as they are written. */
export interface Scrape {
  readonly atMs: number;
  readonly tookMs: number;
  readonly status: number;
  readonly samples: ReadonlyMap<string, number>;
}

/** All that was seen of a run. */
export interface Observed {
  readonly scrapes: readonly Scrape[];
  /** Answers that clients got whole. */
  readonly completed: number;
  /** Requests that clients got no answer to; some of them may have been counted. */
  readonly failed: number;
  /** Answers that the killed workers gave in their last interval, which may be lost. */
  readonly mayBeLost: number;
  /** How late reports may have been. */
  readonly lateMs: number;
  /** What happened to workers, by kind. */
  readonly events: Readonly<Record<string, number>>;
  readonly scrapeDeadlineMs: number;
  readonly exitCode: number | null;
  readonly log: string;
}

/** What is wrong with what was seen; nothing if all is right. */
export function complaintsAbout(observed: Observed): string[] {
  const complaints: string[] = [];
  const before = new Map<string, number>();
  for (const { atMs, tookMs, status, samples } of observed.scrapes) {
    if (status !== 200) complaints.push(`a scrape was answered with ${status}`);
    if (tookMs > observed.scrapeDeadlineMs) complaints.push(`a scrape took ${Math.round(tookMs)} ms`);
    for (const [sample, value] of samples) {
      if (!/^(served_total|work_seconds_(bucket|sum|count))/.test(sample)) continue;
      if (value < (before.get(sample) ?? 0)) complaints.push(`${sample} fell from ${before.get(sample)} to ${value}`);
      before.set(sample, value);
    }
    for (const sample of before.keys())
      if (status === 200 && !samples.has(sample)) complaints.push(`${sample} is gone`);
    complaints.push(...agesOf(atMs, samples, observed.lateMs));
  }
  const counted = observed.scrapes.at(-1)?.samples.get('served_total{route="/work"}') ?? 0;
  const { completed, failed, mayBeLost } = observed;
  if (counted < completed - mayBeLost) {
    complaints.push(`${counted} were counted of ${completed} that clients saw completed, and ${mayBeLost} may be lost`);
  }
  if (counted > completed + failed) {
    complaints.push(`${counted} were counted, and clients saw ${completed} completed and ${failed} failed`);
  }
  return complaints;
}

/** Complaints about values that are older than they may be. */
function agesOf(atMs: number, samples: ReadonlyMap<string, number>, lateMs: number): string[] {
  const complaints: string[] = [];
  for (const [sample, isUp] of samples) {
    const slot = /^tallystick_worker_up(\{.*\})$/.exec(sample)?.[1];
    const readSeconds = slot && samples.get(`tallystick_worker_last_report_timestamp_seconds${slot}`);
    if (slot === undefined || readSeconds === undefined) continue;
    const ageMs = atMs - Number(readSeconds) * 1000;
    if (isUp === 1 && ageMs > 3 * INTERVAL_MS + lateMs) complaints.push(`the values of ${slot} are ${ageMs} ms old`);
    if (ageMs < -50) complaints.push(`the values of ${slot} are of the future`);
  }
  return complaints;
}

/** One answer of a worker, by the worker's own clock. */
interface Answer {
  readonly countedMs: number;
  /** How late its timers were lately. A report is as late as they are. */
  readonly lateMs: number;
}

/**
 * The answers that clients got, by worker. A load generator such as wrk tells how many it got in all, but neither from
 * whom nor when, which is what a worker that is killed may lose depends on; and of a connection that is cut off it does
 * not tell whether a request was under way. So the clients are our own.
 */
class Ledger {
  readonly #answers = new Map<string, Answer[]>();
  completed = 0;
  failed = 0;

  add(body: string): void {
    this.completed++;
    const [pid = "", countedMs, lateMs] = body.split(" ");
    const answers = this.#answers.get(pid) ?? [];
    this.#answers.set(pid, answers);
    answers.push({ countedMs: Number(countedMs), lateMs: Number(lateMs) });
  }

  /** How many requests a worker counted in its last interval, by its own clock: those that it had not reported yet. */
  lastInterval(pid: string): number {
    const answers = this.#answers.get(pid) ?? [];
    const last = answers.reduce((latest, { countedMs }) => Math.max(latest, countedMs), 0);
    const recent = answers.filter(({ countedMs }) => countedMs > last - 2 * INTERVAL_MS);
    const lateMs = recent.reduce((most, answer) => Math.max(most, answer.lateMs), 0);
    return answers.filter(({ countedMs }) => countedMs >= last - INTERVAL_MS - lateMs - TURN_MS).length;
  }
}

/** Runs it. */
export async function runChaos(options: ChaosOptions): Promise<Observed> {
  const { seconds, seed, workers = 4, eachMs = 1_500, scrapeDeadlineMs = 5_000, lossEach } = options;
  const { workerTimeoutMs = 4_000 } = options;
  const random = new Random(seed);
  const args = [
    join(root, "bin/serve"),
    join(root, "spec/integration/apps/chaos.mjs"),
    ...["--bind", "127.0.0.1:0", "--metrics-bind", "127.0.0.1:0", "--workers", String(workers)],
    ...["--worker-timeout", String(workerTimeoutMs / 1000), "--drain-timeout", "3"],
  ];
  const loss = lossEach === undefined ? {} : { CHAOS_LOSS_EACH: String(lossEach) };
  const server = endWithSpec(
    spawn(process.execPath, args, { env: { ...process.env, ...loss }, stdio: ["ignore", "pipe", "pipe"] }),
  );
  const ended = new Promise<number | null>((resolve) => server.once("exit", resolve));
  let log = "";
  for (const stream of [server.stdout, server.stderr]) stream.setEncoding("utf8").on("data", (text) => (log += text));
  try {
    const [app, metrics] = await until("the workers serve", () => {
      if (server.exitCode !== null) throw new Error(log);
      const urls = / is on (\S+) and its metrics are on (\S+)\n/.exec(log);
      return urls === null ? undefined : [urls[1] as string, urls[2] as string];
    });
    return await drive(server, app, metrics);
  } finally {
    server.kill("SIGKILL");
  }

  async function drive(server: ChildProcess, app: string, metrics: string): Promise<Observed> {
    const ledger = new Ledger();
    const events: Record<string, number> = {};
    const killed = new Set<string>();
    const scrapes: Scrape[] = [];
    const over = new AbortController();
    let isOver = false;
    const client = async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (!isOver) {
        const answer = await ask(`${app}/work`, agent);
        if (answer === undefined) ledger.failed++;
        else ledger.add(answer);
        // So that the clients leave the workers some of the processors.
        await delay(2);
      }
      agent.destroy();
    };
    const scraper = async () => {
      while (!isOver) {
        const next = performance.now() + 1_000;
        scrapes.push(await scrape(metrics, scrapeDeadlineMs));
        await delay(next - performance.now());
      }
    };
    const vandal = async () => {
      for (let turn = 0; !isOver; turn++) {
        await delay(eachMs * (0.5 + random.next()), undefined, { signal: over.signal }).catch(() => {});
        if (isOver) return;
        const living = livingWorkers();
        // Somebody has to be there for the clients.
        if (living.length < workers - 1) continue;
        const kind = kinds[turn % kinds.length] as string;
        events[kind] = (events[kind] ?? 0) + 1;
        if (kind === "SIGKILL") {
          const pid = random.pick(living);
          if (kill(pid, "SIGKILL")) killed.add(pid);
        } else if (kind === "SIGHUP") server.kill("SIGHUP");
        else await ask(app + kind, new Agent());
      }
    };
    const livingWorkers = () => {
      const served = [...log.matchAll(/ serves as process (\d+)\./g)].map(([, pid]) => pid as string);
      return served.filter((pid) => isAlive(pid));
    };
    let lateMs = LATE_MS;
    const watcher = async () => {
      while (!isOver) {
        const due = performance.now() + 100;
        await delay(100);
        lateMs = Math.max(lateMs, LATE_MS + performance.now() - due);
      }
    };
    const all = [...Array.from({ length: 8 }, client), scraper(), vandal(), watcher()];
    await delay(seconds * 1000);
    isOver = true;
    over.abort();
    await Promise.all(all);
    await delay(INTERVAL_MS + lateMs);
    scrapes.push(await scrape(metrics, scrapeDeadlineMs));
    // Those that looped were killed by the primary. A worker that it killed for lingering too long had been told to end.
    for (const [, pid] of log.matchAll(/\(process (\d+)\) (?:was silent|ended by SIGKILL)/g)) killed.add(pid as string);
    server.kill("SIGTERM");
    const exitCode = await ended;
    let mayBeLost = 0;
    for (const pid of killed) mayBeLost += ledger.lastInterval(pid);
    const { completed, failed } = ledger;
    return { scrapes, completed, failed, mayBeLost, lateMs, events, scrapeDeadlineMs, exitCode, log };
  }
}

function isAlive(pid: string): boolean {
  return kill(pid, 0);
}

/** Sends a signal, and tells whether there was still somebody to get it. */
function kill(pid: string, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(Number(pid), signal);
    return true;
  } catch {
    return false;
  }
}

/** The body of an answer with status 200, or undefined. */
function ask(url: string, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent, timeout: PATIENCE_MS }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (part) => (body += part));
      response.once("error", () => resolve(undefined));
      response.once("end", () => resolve(response.statusCode === 200 ? body : undefined));
      response.once("close", () => resolve(undefined));
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(undefined));
  });
}

async function scrape(url: string, deadlineMs: number): Promise<Scrape> {
  const start = performance.now();
  const samples = new Map<string, number>();
  let status = 0;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2 * deadlineMs) });
    status = response.status;
    for (const line of (await response.text()).split("\n")) {
      const [, sample, value] = /^([^#\s]\S*) (\S+)$/.exec(line) ?? [];
      if (sample !== undefined) samples.set(sample, Number(value));
    }
  } catch {
    // The complaint is about the status, which is none.
  }
  return { atMs: Date.now(), tookMs: performance.now() - start, status, samples };
}
