import type { GaugeSeries } from "../metrics/gauge.ts";

/** The requests of one kind that are under way. How many is known apart from the gauge, which may be reset meanwhile. */
export class ActiveRequests {
  readonly #series: GaugeSeries;
  #count = 0;

  constructor(series: GaugeSeries) {
    this.#series = series;
  }

  begin(): void {
    this.#series.set(++this.#count);
  }

  end(): void {
    this.#series.set(--this.#count);
  }
}
