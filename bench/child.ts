// Measures one case in a process of its own, so that no figure depends on what ran before it. It is told what to do by one JSON
// argument and answers over IPC, or in print when started by hand (under a profiler).
import { writeFileSync } from "node:fs";
import { Session } from "node:inspector/promises";
import type { Case, Settings, Subject, Workload } from "./case.ts";
import { type Contender, type ContenderName, loadContender, ours, reader } from "./contenders.ts";
import { pollute } from "./pollute.ts";
import { type Samples, time, type Watcher } from "./runner.ts";

export interface Task {
  readonly subject: string;
  readonly name: string;
  readonly settings: Settings;
  /** Several take turns; for a case of type "lone" it is one. */
  readonly contenders: readonly ContenderName[];
  /** The file for a CPU profile of it. */
  readonly profile?: string;
}

export type Answer = { readonly samples: Samples } | { readonly error: string };

let copies = 0;

/**
 * The case from a fresh copy of its module. V8 gathers the types that a call site meets per function object; two contenders
 * that shared the code would each be measured with the other's types in the way.
 */
async function loadCase({ subject, name, settings }: Task): Promise<Case> {
  copies += 1;
  const module = (await import(`./${subject}.ts?copy=${copies}`)) as Subject;
  const found = module.cases(settings).find((one) => one.name === name);
  if (found === undefined) throw new Error(`There is no case "${name}" in bench/${subject}.ts.`);
  return found;
}

/** V8's sampling profiler. The flag `--cpu-prof` would record how Node.js and its loader start, too. */
function profiler(file: string): Watcher {
  const session = new Session();
  return {
    async start() {
      session.connect();
      await session.post("Profiler.enable");
      await session.post("Profiler.setSamplingInterval", { interval: 100 });
      await session.post("Profiler.start");
    },
    async stop() {
      const { profile } = await session.post("Profiler.stop");
      session.disconnect();
      writeFileSync(file, JSON.stringify(profile));
    },
  };
}

async function measure(task: Task): Promise<Samples> {
  const watcher = task.profile === undefined ? undefined : profiler(task.profile);
  const loaded = new Map<ContenderName, Contender>();
  const load = async (name: ContenderName) => {
    // The limit works upon what our client makes.
    const library = name === "limit" ? ours : name;
    const contender = loaded.get(library) ?? (await loadContender(library));
    loaded.set(library, contender);
    return contender;
  };
  const first = await loadCase(task);
  if (first.type === "lone") {
    const samples: Samples = {};
    await watcher?.start();
    for (const name of task.contenders) samples[name] = await first.measure(await load(name), name);
    await watcher?.stop();
    return samples;
  }
  const prepare = async (name: ContenderName): Promise<Workload> => {
    const contender = await load(name);
    const copy = await loadCase(task);
    if (copy.type !== "timed") throw new Error(`"${task.name}" is measured in one process for each contender.`);
    if (name !== "limit") return copy.prepare(contender);
    if (copy.prepareLimit === undefined) throw new Error(`"${task.name}" has no limit.`);
    return copy.prepareLimit(contender);
  };
  for (const name of task.contenders) {
    if (name !== "limit" && name !== reader) await pollute((await load(name)).client, task.settings.quick ? 200 : 2000);
  }
  return time(first, prepare, task.contenders, task.settings, watcher);
}

async function answer(task: Task): Promise<Answer> {
  try {
    return { samples: await measure(task) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

const result = await answer(JSON.parse(process.argv[2] as string) as Task);
if (process.send === undefined) console.log(JSON.stringify(result));
// A timer that a peer leaves behind must not keep the process alive.
else process.send(result, () => process.exit());
