// Measures one case. How such figures mislead is written at each precaution.

import type { Settings, TimedCase, Workload } from "./case.ts";
import type { ContenderName } from "./contenders.ts";
import { digest, firstDifference } from "./exposition.ts";

/** The figures of one case: as many for each contender, those of one round at the same index. */
export type Samples = { [Name in ContenderName]?: readonly number[] };

/** What is to know when a case runs. */
export interface Watcher {
  /** Called when the answers are checked, before anything is warmed up. */
  start(): Promise<void>;
  /** Called after the last round. */
  stop(): Promise<void>;
}

interface Pace {
  readonly rounds: number;
  /** A sample lasts at least this long, so that neither the clock nor a hiccup of the machine decides it. */
  readonly sampleMs: number;
  readonly warmUpMs: number;
  readonly warmUpSamples: number;
}

const normalPace: Pace = { rounds: 9, sampleMs: 12, warmUpMs: 300, warmUpSamples: 12 };
/** So that a profiler, which looks every few hundred microseconds, sees enough. */
const profilePace: Pace = { ...normalPace, rounds: 100 };
const quickPace: Pace = { rounds: 3, sampleMs: 2, warmUpMs: 20, warmUpSamples: 3 };
/** Where a round takes long there are fewer of them, though never fewer than three. */
const roundsMs = 5000;
/** What takes longer than this is warm after one run. */
const slowMs = 400;
/** About how long each contender works before the answers are compared. */
const checkMs = 50;
/** An exposition longer than this is compared once: that takes seconds, and a scrape of it was long since compiled. */
const largeTextLength = 4_000_000;

interface Runner {
  readonly name: ContenderName;
  readonly workload: Workload;
  times: number;
  done: number;
  largeText: boolean;
  readonly samples: number[];
}

async function sampleMs(runner: Runner): Promise<number> {
  const { workload, times } = runner;
  workload.between?.();
  const start = performance.now();
  const running = workload.run(times);
  if (running !== undefined) await running;
  const elapsed = performance.now() - start;
  runner.done += times;
  return elapsed;
}

/** Runs until V8 has optimized, and finds how many times fill a sample. Returns how long a sample takes then. */
async function warmUp(runner: Runner, pace: Pace): Promise<number> {
  const start = performance.now();
  let elapsed = 0;
  for (let samples = 0; samples < pace.warmUpSamples; samples++) {
    elapsed = await sampleMs(runner);
    const wanted = runner.times * Math.min(8, pace.sampleMs / Math.max(elapsed, 0.001));
    const enough = elapsed >= pace.sampleMs * 0.8;
    if (!enough) {
      runner.times = Math.ceil(wanted);
      samples = Math.min(samples, pace.warmUpSamples - 3);
    }
    // What is slow is warmed up by fewer runs: each does a lot.
    if (enough && samples >= 2 && performance.now() - start > pace.warmUpMs) break;
    if (elapsed > slowMs) break;
  }
  return elapsed;
}

/** @throws {Error} when a contender's answer is wrong by itself */
async function checkAnswer(benchmark: TimedCase, runner: Runner): Promise<{ text: string; hash: string }> {
  const { name, workload, done } = runner;
  const text = (await workload.exposition?.()) ?? "";
  runner.largeText = text.length > largeTextLength;
  const { totals, hash } = digest(text, benchmark.ignored);
  if (!workload.check(done, totals)) {
    throw new Error(`${benchmark.name}: the answer of ${name} is wrong after ${done} runs.`);
  }
  return { text, hash };
}

/** @throws {Error} when a contender's answer is wrong, or differs from another one's after the same work */
async function compareAnswers(benchmark: TimedCase, runners: readonly Runner[]): Promise<void> {
  let first: { name: ContenderName; text: string; hash: string } | undefined;
  for (const runner of runners) {
    const answer = { name: runner.name, ...(await checkAnswer(benchmark, runner)) };
    if (runner.workload.exposition === undefined) continue;
    first ??= answer;
    if (answer.hash !== first.hash) {
      const difference = firstDifference(first.text, answer.text, benchmark.ignored);
      throw new Error(
        `${benchmark.name}: ${first.name} and ${answer.name} disagree: ${difference ?? "by their hashes only"}`,
      );
    }
  }
}

/**
 * Times a case: answers are checked first, then the contenders take turns, in another order each round.
 *
 * @param prepare makes a contender's workload, from a copy of the subject's module of its own
 * @param profiler watches everything but the checks
 */
export async function time(
  benchmark: TimedCase,
  prepare: (name: ContenderName) => Promise<Workload>,
  contenders: readonly ContenderName[],
  settings: Settings,
  profiler?: Watcher,
): Promise<Samples> {
  const pace = settings.quick ? quickPace : profiler === undefined ? normalPace : profilePace;
  const runners: Runner[] = [];
  for (const name of contenders) {
    runners.push({ name, workload: await prepare(name), times: 1, done: 0, largeText: false, samples: [] });
  }
  let slowest = 0;
  for (const runner of runners) slowest = Math.max(slowest, await sampleMs(runner));
  // As many runs for each, or their answers could not be compared.
  const times = Math.min(2000, Math.floor(checkMs / slowest));
  for (const runner of runners) {
    runner.times = times;
    if (times > 0) await sampleMs(runner);
    runner.times = 1;
  }
  await compareAnswers(benchmark, runners);

  // Before V8 optimizes: what it compiles unwatched, it can't tell apart later from what it was inlined into.
  await profiler?.start();
  let roundMs = 0;
  for (const runner of runners) roundMs += await warmUp(runner, pace);
  const rounds = Math.min(pace.rounds, Math.max(3, Math.floor(roundsMs / roundMs)));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < runners.length; turn++) {
      const runner = runners[(round + turn) % runners.length] as Runner;
      const elapsed = await sampleMs(runner);
      const operations = runner.times * (runner.workload.operations ?? 1);
      runner.samples.push(benchmark.unit === "ms" ? elapsed / operations : (elapsed * 1e6) / operations);
    }
  }
  await profiler?.stop();
  // Again at the end, since optimized code is other code than what was checked before.
  for (const runner of runners) {
    if (!runner.largeText) await checkAnswer(benchmark, runner);
  }
  return Object.fromEntries(runners.map(({ name, samples }) => [name, samples]));
}
