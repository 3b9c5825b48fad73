// Servers under load with and without HTTP measured: npx tsx bench/instrument-load.ts [SECONDS] after npm run build. What
// is told is the processor time of the server a request, which the rest of the machine has no part in.
import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { checkInstalled, versions } from "./contenders.ts";

const seconds = Number(process.argv[2] ?? 4);
const rounds = 3;
const apps: Readonly<Record<string, readonly string[]>> = {
  express: ["nothing", "tallystick", "express-prom-bundle", "@opentelemetry/instrumentation-http"],
  fastify: ["nothing", "tallystick", "fastify-metrics", "@opentelemetry/instrumentation-http"],
};

interface Used {
  readonly requests: number;
  readonly micros: number;
}

async function microsPerRequest(app: string, measuring: string): Promise<number> {
  const execArgv = ["--import", "tsx"];
  const child = fork(new URL("instrument-server.ts", import.meta.url), [app, measuring], { execArgv });
  try {
    const [port] = (await once(child, "message")) as [number];
    const load = (duration: number) =>
      promisify(execFile)("wrk", ["-t1", "-c16", `-d${duration}s`, `http://127.0.0.1:${port}/users/7`]);
    const used = async () => {
      child.send("used");
      return ((await once(child, "message")) as [Used])[0];
    };
    await load(2);
    const before = await used();
    await load(seconds);
    const after = await used();
    return (after.micros - before.micros) / (after.requests - before.requests);
  } finally {
    child.kill();
  }
}

checkInstalled();
console.log(`Node.js ${process.versions.node}; ${JSON.stringify(versions())}\n`);
console.log("| app | measured by | µs a request: median (min..max) | beyond nothing |\n| --- | --- | --: | --: |");
for (const [app, measurings] of Object.entries(apps)) {
  const samples = new Map<string, number[]>(measurings.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of measurings) samples.get(name)?.push(await microsPerRequest(app, name));
  }
  const medianOf = (name: string) => samples.get(name)?.sort((a, b) => a - b)[rounds >> 1] as number;
  const base = medianOf("nothing");
  for (const name of measurings) {
    const median = medianOf(name);
    const [min = 0, max = 0] = [samples.get(name)?.[0], samples.get(name)?.at(-1)];
    const range = `${median.toFixed(1)} (${min.toFixed(1)}..${max.toFixed(1)})`;
    console.log(`| ${app} | ${name} | ${range} | ${(median - base).toFixed(1)} |`);
  }
}
