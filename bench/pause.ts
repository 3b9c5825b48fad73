import { setTimeout as sleep } from "node:timers/promises";

/** The longest time between two ticks of a 1 ms ticker while the work is under way. */
export async function longestPause(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const tick = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const ticker = setInterval(tick, 1);
  await sleep(5);
  longest = 0;
  await work();
  await sleep(5);
  clearInterval(ticker);
  return longest;
}
