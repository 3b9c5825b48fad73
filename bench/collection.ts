// What V8 forgets when it collects all garbage, and what that costs whoever comes next.

/** How long the loop runs before, so that V8 has compiled it, in milliseconds. */
const WARM_UP_MS = 1_000;
const ROUNDS = 5;

/** How long something takes the first time after a full garbage collection, in milliseconds; once a round. */
export async function firstAfterCollection(run: () => unknown, quick: boolean): Promise<number[]> {
  const collect = globalThis.gc as () => void;
  for (const end = performance.now() + (quick ? 20 : WARM_UP_MS); performance.now() < end; ) await run();
  const times: number[] = [];
  for (let round = 0; round < (quick ? 1 : ROUNDS); round++) {
    collect();
    const start = performance.now();
    await run();
    times.push(performance.now() - start);
  }
  return times;
}
