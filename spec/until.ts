// Waiting, with an end, for what becomes true a little later: in another process, another thread, or a later turn.
import { setTimeout as delay } from "node:timers/promises";

/** Long enough for a machine that has much else to do; who waits for so long has found a fault. */
const DEADLINE_MS = 60_000;

/** Asks again and again until there is an answer; an error counts as none, and is the cause when time is up. */
export async function until<Answer>(
  what: string,
  probe: () => Promise<Answer | undefined> | Answer | undefined,
  deadlineMs: number = DEADLINE_MS,
): Promise<Answer> {
  const end = performance.now() + deadlineMs;
  let cause: unknown;
  do {
    try {
      const answer = await probe();
      if (answer !== undefined) return answer;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    await delay(50);
  } while (performance.now() < end);
  throw new Error(`Waited ${deadlineMs / 1000} s in vain: ${what}.`, { cause });
}

/** Makes assertions again and again until they hold; fails as they failed last when time is up. */
export async function eventually(
  check: () => Promise<unknown> | unknown,
  deadlineMs: number = DEADLINE_MS,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (performance.now() >= end) throw error;
    }
    await delay(50);
  }
}
