// Starts real servers for the integration specs, on loopback and free ports, with folders of their own, and ends them.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { endWithSpec } from "../end-with-spec.ts";
import { until } from "../until.ts";

export { eventually, until } from "../until.ts";

/** The checkout. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Where a program lies: in the folder that the environment variable TALLYSTICK_PROGRAMS names, else on the path. So the
 * same specs run on other versions of the servers.
 */
export function programPath(name: string): string | undefined {
  const folders = [process.env["TALLYSTICK_PROGRAMS"] ?? "", ...(process.env["PATH"] ?? "").split(delimiter)];
  return folders
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/**
 * Why a suite that needs these programs can't run here, for the `skip` option of `describe`; `false` when it can.
 *
 * @throws {Error} under CI, where every program has to be there
 */
export function missing(...programs: readonly string[]): string | false {
  const absent = programs.filter((name) => programPath(name) === undefined);
  if (absent.length === 0) return false;
  const reason = `not installed: ${absent.join(", ")}`;
  if (process.env["CI"] === "true") throw new Error(`Integration specs can't run: ${reason}.`);
  return reason;
}

/**
 * A TCP port of 127.0.0.1 that nobody listens on at this moment. It is none of those that the system gives away by itself,
 * so that nobody is given it before it is used, or while a server that had it is started again.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    const server = createServer().listen(port, "127.0.0.1");
    const isFree = await once(server, "listening").then(
      () => true,
      () => false,
    );
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}

/** A program that was started, with all it printed. */
export class RunningProgram {
  readonly name: string;
  readonly child: ChildProcess;
  readonly #exit: Promise<number | string>;
  readonly #closed: Promise<unknown>;
  #output = "";

  constructor(name: string, path: string, args: readonly string[], folder: string, env: NodeJS.ProcessEnv) {
    this.name = name;
    this.child = endWithSpec(spawn(path, args, { stdio: ["ignore", "pipe", "pipe"], env, cwd: folder }));
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding("utf8").on("data", (part) => {
        this.#output += part;
      });
    }
    this.#exit = new Promise((resolve) => {
      this.child.once("error", (error) => resolve(error.message));
      this.child.once("exit", (code, signal) => resolve(code ?? signal ?? "unknown"));
    });
    this.#closed = new Promise((resolve) => this.child.once("close", resolve));
  }

  /** What it printed so far, on both streams. */
  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined;
  }

  /** Waits for it to be ready; when it ends before, or never is, the error shows what it printed. */
  async ready<Answer>(probe: () => Promise<Answer | undefined> | Answer | undefined): Promise<Answer> {
    try {
      return await until(`${this.name} is ready`, () => {
        if (this.hasEnded) return new Error(`${this.name} ended`);
        return probe();
      }).then((answer) => {
        if (answer instanceof Error) throw answer;
        return answer;
      });
    } catch (cause) {
      // Its last words may still be on their way.
      if (this.hasEnded) await Promise.race([this.#closed, delay(1_000)]);
      throw new Error(`${this.name} did not start. It printed:\n${this.output}`, { cause });
    }
  }

  /** Asks it to end, and ends it when it does not within half a minute; returns the exit code, or the signal's name. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | string> {
    if (!this.hasEnded) this.child.kill(signal);
    const force = setTimeout(() => this.child.kill("SIGKILL"), 30_000);
    const exit = await this.#exit;
    clearTimeout(force);
    return exit;
  }
}

/** One sample of the answer to a query. */
export interface QueriedSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Whatever answers PromQL by Prometheus' HTTP interface. */
export class QueryServer {
  readonly url: string;
  readonly program: RunningProgram;

  constructor(url: string, program: RunningProgram) {
    this.url = url;
    this.program = program;
  }

  /** The samples that an expression has now. */
  async query(expression: string): Promise<QueriedSample[]> {
    const { data } = await getJson(`${this.url}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const result = data.result as { metric: Record<string, string>; value: [number, string] }[];
    return result.map(({ metric, value }) => ({ labels: metric, value: numberOf(value[1]) }));
  }

  /** The exemplars of the last hour of an expression's series, as the server tells them. */
  async exemplars(
    expression: string,
  ): Promise<
    { seriesLabels: Record<string, string>; exemplars: { labels: Record<string, string>; value: string }[] }[]
  > {
    const now = Date.now() / 1000;
    const query = `query=${encodeURIComponent(expression)}&start=${now - 3600}&end=${now + 60}`;
    return (await getJson(`${this.url}/api/v1/query_exemplars?${query}`)).data;
  }

  /** The values that an expression with one series had each second between two times, all in seconds since the epoch. */
  async range(expression: string, from: number, to: number): Promise<[time: number, value: number][]> {
    const query = `query=${encodeURIComponent(expression)}&start=${from}&end=${to}&step=1`;
    const { data } = await getJson(`${this.url}/api/v1/query_range?${query}`);
    const [series] = data.result as { values: [number, string][] }[];
    return (series?.values ?? []).map(([time, value]) => [time, numberOf(value)]);
  }

  /** The value of an expression that has one sample, or `undefined` while it has none. */
  async value(expression: string): Promise<number | undefined> {
    const samples = await this.query(expression);
    if (samples.length > 1) throw new Error(`${expression} has ${samples.length} samples, not one.`);
    return samples[0]?.value;
  }
}

/** How Go spells a float in JSON answers. */
function numberOf(text: string): number {
  return { "+Inf": Infinity, "-Inf": -Infinity }[text] ?? Number(text);
}

// biome-ignore lint/suspicious/noExplicitAny: the border to somebody else's JSON
async function getJson(url: string): Promise<any> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`GET ${url}: ${response.status} ${await response.text()}`);
  return response.json();
}

export interface ServeUrls {
  readonly app: string;
  readonly metrics: string;
  readonly program: RunningProgram;
}

/** What one suite has started; `stop()` belongs into its `after`. */
export class Servers {
  readonly #folders: string[] = [];
  readonly #programs: RunningProgram[] = [];

  /** An empty folder that goes with the suite. */
  folder(): string {
    const path = mkdtempSync(join(tmpdir(), "tallystick-spec-"));
    this.#folders.push(path);
    return path;
  }

  start(
    name: string,
    path: string | undefined,
    args: readonly string[],
    env: NodeJS.ProcessEnv = process.env,
  ): RunningProgram {
    if (path === undefined) throw new Error(`${name} is not installed.`);
    const program = new RunningProgram(name, path, args, this.folder(), env);
    this.#programs.push(program);
    return program;
  }

  /** Starts `bin/serve` on free ports, and waits for the line in which it says where it listens. */
  async serve(...args: readonly string[]): Promise<ServeUrls> {
    const program = this.start("serve", join(root, "bin/serve"), [
      "--bind",
      "127.0.0.1:0",
      "--metrics-bind",
      "127.0.0.1:0",
      ...args,
    ]);
    const [app, metrics] = await program.ready(() => {
      const urls = program.output.match(/http:\/\/127\.0\.0\.1:\d+\S*/g);
      return urls !== null && urls.length >= 2 ? (urls as [string, string]) : undefined;
    });
    return { app, metrics, program };
  }

  /**
   * Starts a Prometheus that scrapes every target each second. A target is the URL of an exposition.
   *
   * @param scrape further settings of the scrapes
   * @param flags further arguments of the program
   */
  async prometheus(
    targets: Readonly<Record<string, string>>,
    scrape: Readonly<Record<string, unknown>> = {},
    flags: readonly string[] = [],
  ): Promise<QueryServer> {
    const folder = this.folder();
    const config = {
      global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
      scrape_configs: Object.entries(targets).map(([job_name, url]) => {
        const { host, pathname, protocol } = new URL(url);
        const scheme = protocol.slice(0, -1);
        return { job_name, scheme, metrics_path: pathname, static_configs: [{ targets: [host] }], ...scrape };
      }),
    };
    // JSON is YAML.
    writeFileSync(join(folder, "prometheus.yml"), JSON.stringify(config));
    const url = `http://127.0.0.1:${await freePort()}`;
    const program = this.start("prometheus", programPath("prometheus"), [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=${new URL(url).host}`,
      ...flags,
    ]);
    await program.ready(async () => ((await fetch(`${url}/-/ready`)).ok ? true : undefined));
    return new QueryServer(url, program);
  }

  /** Ends everything, last started first, and removes the folders. */
  async stop(): Promise<void> {
    for (const program of this.#programs.reverse()) await program.stop();
    for (const folder of this.#folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The version of a Prometheus, as major and minor number. */
export function prometheusVersion(): readonly [major: number, minor: number] {
  const path = programPath("prometheus");
  if (path === undefined) throw new Error("prometheus is not installed.");
  const { stdout, stderr } = spawnSync(path, ["--version"], { encoding: "utf8" });
  const [, major, minor] = /version (\d+)\.(\d+)/.exec(stdout + stderr) ?? [];
  return [Number(major), Number(minor)];
}

/** What `promtool check metrics` says of an exposition: nothing when it is clean. */
export function promtoolCheckMetrics(exposition: string): { status: number | null; output: string } {
  const path = programPath("promtool");
  if (path === undefined) throw new Error("promtool is not installed.");
  const { status, stdout, stderr } = spawnSync(path, ["check", "metrics"], { input: exposition, encoding: "utf8" });
  return { status, output: stdout + stderr };
}

/** One request as its sender saw it. */
export interface Answered {
  readonly status: number;
  /** From before the request was sent until the whole answer was there. */
  readonly seconds: number;
}

/** Sends `requests` GET requests, `concurrency` at a time over kept connections, and times each by this process's clock. */
export async function drive(url: string, requests: number, concurrency: number): Promise<Answered[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const answers: Answered[] = [];
  let left = requests;
  const one = () =>
    new Promise<Answered>((resolve, reject) => {
      const start = performance.now();
      request(url, { agent }, (response) => {
        response.resume();
        response.once("error", reject);
        response.once("end", () =>
          resolve({ status: response.statusCode ?? 0, seconds: (performance.now() - start) / 1000 }),
        );
      })
        .once("error", reject)
        .end();
    });
  const sender = async () => {
    while (left-- > 0) answers.push(await one());
  };
  await Promise.all(Array.from({ length: concurrency }, sender));
  agent.destroy();
  return answers;
}
