// Servers under load with and without HTTP measured: npx tsx bench/instrument-load.ts [ROUNDS] after npm run build. What
// is told is the processor time of the server a request. Whatever else the machine does disturbs that too, by its caches;
// so all servers of a framework run side by side, each has the load for a second at a time in turn, and what measuring
// adds is told by the differences within a round, and by the rounds that were disturbed least.
import { type ChildProcess, execFile, fork } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { checkInstalled, versions } from "./contenders.ts";
import { spread } from "./statistics.ts";

const rounds = Number(process.argv[2] ?? 12);
const warmUpSeconds = 4;
const ours = ["nothing", "tallystick", "tallystick with exemplars"];
const apps: Readonly<Record<string, readonly string[]>> = {
  express: [...ours, "express-prom-bundle", "@opentelemetry/instrumentation-http"],
  fastify: [...ours, "fastify-metrics", "@opentelemetry/instrumentation-http"],
};

interface Used {
  readonly requests: number;
  readonly micros: number;
}

class Server {
  readonly #child: ChildProcess;
  #port = 0;

  constructor(app: string, measuring: string) {
    const execArgv = ["--import", "tsx"];
    this.#child = fork(new URL("instrument-server.ts", import.meta.url), [app, measuring], { execArgv });
  }

  async start(): Promise<void> {
    [this.#port] = (await once(this.#child, "message")) as [number];
  }

  /** Each request is part of a sampled trace, whether anybody cares or not. */
  async load(seconds: number): Promise<void> {
    const trace = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const url = `http://127.0.0.1:${this.#port}/users/7`;
    await promisify(execFile)("wrk", ["-t1", "-c16", `-d${seconds}s`, "-H", trace, url]);
  }

  async microsPerRequest(seconds: number): Promise<number> {
    const before = await this.#used();
    await this.load(seconds);
    const after = await this.#used();
    return (after.micros - before.micros) / (after.requests - before.requests);
  }

  async #used(): Promise<Used> {
    this.#child.send("used");
    return ((await once(this.#child, "message")) as [Used])[0];
  }

  stop(): void {
    this.#child.kill();
  }
}

function range(samples: readonly number[]): string {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => (sorted[Math.floor(share * (sorted.length - 1))] as number).toFixed(1);
  return `${spread(samples).median.toFixed(1)} (${at(0.25)}..${at(0.75)})`;
}

checkInstalled();
console.log(`Node.js ${process.versions.node}; ${JSON.stringify(versions())}\n`);
console.log("| app | measured by | µs a request: least | median (quartiles) | beyond nothing in the same round |");
console.log("| --- | --- | --: | --: | --: |");
for (const [app, measurings] of Object.entries(apps)) {
  const servers = measurings.map((name) => new Server(app, name));
  try {
    for (const server of servers) await server.start();
    for (const server of servers) await server.load(warmUpSeconds);
    const samples: number[][] = measurings.map(() => []);
    for (let round = 0; round < rounds; round++) {
      for (const [i, server] of servers.entries()) samples[i]?.push(await server.microsPerRequest(1));
    }
    for (const [i, name] of measurings.entries()) {
      const own = samples[i] as number[];
      const beyond = own.map((micros, round) => micros - (samples[0]?.[round] as number));
      console.log(
        `| ${app} | ${name} | ${spread(own).min.toFixed(1)} | ${range(own)} | ${i === 0 ? "" : range(beyond)} |`,
      );
    }
  } finally {
    for (const server of servers) server.stop();
  }
}
