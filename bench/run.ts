// npm run bench [-- <filter>] [--quick] [--full] [--json FILE] [--record] [--list] [--profile DIRECTORY]
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import type { Case, Settings, Subject } from "./case.ts";
import type { Answer, Task } from "./child.ts";
import { type ContenderName, checkInstalled, ours, reader, rival } from "./contenders.ts";
import { type Circumstances, circumstances, runData, writeRecord } from "./record.ts";
import type { Samples } from "./runner.ts";
import { figureTable, type Result, targetTable, verdicts } from "./table.ts";

const subjects = [
  "counter",
  "histogram",
  "summary",
  "request",
  "creation",
  "scrape",
  "parse",
  "block",
  "memory",
  "allocation",
  "gc",
  "growth",
  "churn",
  "http",
  "runtime",
  "instrument",
  "cluster",
  "threads",
] as const;

const usage = `Measures the library against its peers and against what any implementation has to do.

npm run bench                    every case but the slowest, in a quarter of an hour
npm run bench -- counter scrape  the cases whose name holds one of these texts
  --quick           every case in small sizes, to see that all of it works
  --full            also growth, churn, an HTTP server under load, and more sizes
  --json FILE       writes the figures to a file
  --record          writes them to bench/record/
  --list            names the cases
  --profile DIR     runs our side alone and writes a CPU profile for each case`;

/** How long one process may take before something must be wrong. */
const timeoutMs = 10 * 60_000;

async function runChild(task: Task, nodeOptions: readonly string[] = []): Promise<Samples> {
  const child = fork(new URL("child.ts", import.meta.url), [JSON.stringify(task)], {
    execArgv: ["--import", "tsx", "--expose-gc", ...nodeOptions],
    // A peer that says it wants a newer Node.js than it needs is not what we want to read here.
    env: { ...process.env, NODE_NO_WARNINGS: "1" },
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
  let answer: Answer | undefined;
  child.on("message", (message) => {
    answer = message as Answer;
  });
  const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
  clearTimeout(timer);
  if (answer === undefined) throw new Error(`${task.name}: the process ended with ${signal ?? code} and no figures.`);
  if ("error" in answer) throw new Error(answer.error);
  return answer.samples;
}

async function runCase(subject: string, one: Case, settings: Settings, profiles: string | undefined): Promise<Samples> {
  const contenders = one.contenders.filter((name) => {
    if (profiles !== undefined) return name === ours;
    // A process for each contender takes its time, and two libraries show as well that the case works.
    return (
      !settings.quick || one.type === "timed" || name === ours || name === rival || name === reader || name === "limit"
    );
  });
  const profile = profiles === undefined ? {} : { profile: `${profiles}/${one.name.replaceAll("/", "_")}.cpuprofile` };
  const task = { subject, name: one.name, settings, ...profile };
  if (one.type === "timed") return runChild({ ...task, contenders });
  const samples: Partial<Record<ContenderName, number[]>> = {};
  // The processes of the contenders alternate, so that a slow minute of the machine hits all of them.
  for (let round = 0; round < one.processes; round++) {
    for (const contender of contenders) {
      const { [contender]: figures = [] } = await runChild({ ...task, contenders: [contender] }, one.nodeOptions);
      samples[contender] = [...(samples[contender] ?? []), ...figures];
    }
  }
  return samples;
}

function heading({ date, node, v8, cpu, cores, memoryGiB, system, commit, versions }: Circumstances): string {
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${date.slice(0, 10)}, commit ${commit}`,
    `Node.js ${node} (V8 ${v8}), ${system}, ${cpu}, ${cores} cores, ${memoryGiB} GiB`,
    names.join(", "),
  ].join("\n");
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      full: { type: "boolean", default: false },
      record: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      json: { type: "string" },
      profile: { type: "string" },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const settings: Settings = { quick: values.quick, full: values.full };
  const wanted: { subject: string; one: Case }[] = [];
  for (const subject of subjects) {
    const { cases } = (await import(`./${subject}.ts`)) as Subject;
    for (const one of cases(settings)) {
      if (positionals.length === 0 || positionals.some((text) => one.name.includes(text)))
        wanted.push({ subject, one });
    }
  }
  if (values.list) {
    for (const { one } of wanted) console.log(`${one.name.padEnd(44)} ${one.title}`);
    return 0;
  }
  if (wanted.length === 0)
    throw new Error(`No case's name holds ${positionals.map((text) => `"${text}"`).join(" or ")}.`);
  checkInstalled();
  if (values.profile !== undefined) mkdirSync(values.profile, { recursive: true });

  const about = circumstances();
  console.log(`${heading(about)}\n`);
  const started = performance.now();
  const outcomes: (Result | string)[] = [];
  let next = 0;
  const work = async () => {
    for (let i = next++; i < wanted.length; i = next++) {
      const { subject, one } = wanted[i] as (typeof wanted)[0];
      const start = performance.now();
      try {
        outcomes[i] = { case: one, samples: await runCase(subject, one, settings, values.profile) };
      } catch (error) {
        outcomes[i] = error instanceof Error ? error.message : String(error);
      }
      process.stderr.write(`${one.name.padEnd(44)} ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
    }
  };
  // Side by side they would disturb each other's figures, which nobody looks at in a quick run.
  await Promise.all(Array.from({ length: settings.quick ? availableParallelism() : 1 }, work));
  const results = outcomes.filter((outcome) => typeof outcome !== "string");
  const failures = outcomes.filter((outcome) => typeof outcome === "string");

  const judged = results.flatMap(verdicts);
  const met = judged.filter((verdict) => verdict.met).length;
  console.log(`\n${figureTable(results)}\n`);
  if (settings.quick) {
    console.log("Quick run: small sizes and few rounds, so the targets are not judged.");
  } else if (judged.length > 0) {
    console.log(`${targetTable(results)}\n\n${met} of ${judged.length} targets met.`);
  }
  console.log(`${results.length} cases in ${((performance.now() - started) / 1000).toFixed(0)} s.`);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify(runData(about, settings, results), undefined, 1)}\n`);
  if (values.record) console.log(`Written to ${writeRecord(about, settings, results)}`);
  for (const failure of failures) console.error(`\n${failure}`);
  return failures.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
