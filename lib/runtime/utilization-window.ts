import type { LoopTimes } from "./sources.ts";

interface Sample extends LoopTimes {
  readonly atMs: number;
}

/**
 * Which share of the last while the event loop worked. The window moves on with the time that is handed in, and never
 * because somebody reads it.
 */
export class UtilizationWindow {
  readonly #lengthMs: number;
  readonly #stepMs: number;
  /** What there was at times at least a step apart, oldest first. */
  readonly #samples: Sample[] = [];

  constructor(lengthMs: number, parts: number) {
    this.#lengthMs = lengthMs;
    this.#stepMs = lengthMs / parts;
  }

  /**
   * Tells how long the loop has worked and waited by now.
   *
   * @param nowMs by a clock that only goes forward
   */
  note({ active, idle }: LoopTimes, nowMs: number): void {
    const samples = this.#samples;
    const newest = samples.at(-1);
    if (newest === undefined || nowMs - newest.atMs >= this.#stepMs) samples.push({ active, idle, atMs: nowMs });
    // The oldest is where the window begins: it stays until the next one is old enough to be that.
    while (nowMs - (samples[1]?.atMs ?? nowMs) >= this.#lengthMs) samples.shift();
  }

  /** From 0 to 1, or nothing while no time has passed. */
  ratio({ active, idle }: LoopTimes): number | undefined {
    const oldest = this.#samples[0];
    if (oldest === undefined) return undefined;
    const [worked, waited] = [active - oldest.active, idle - oldest.idle];
    return worked >= 0 && waited >= 0 && worked + waited > 0 ? worked / (worked + waited) : undefined;
  }
}
