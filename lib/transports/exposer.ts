import type { Format } from "../formats/format.ts";
import type { LeasedChunk, ScrapeOptions } from "../registry/scrape.ts";

/** Anything that writes expositions. A registry does; transports ask for no more than this. */
export interface Exposer {
  /** The value of the `Content-Type` header that belongs to what {@link chunks} yields, unless it is told a format. */
  readonly contentType: string;
  /**
   * The format that suits an `Accept` header best, for {@link chunks}. Never throws. Absent where there is but one.
   */
  negotiate?(accept: string | null | undefined): Format;
  /**
   * One exposition, piece by piece as it is asked for. Each piece is released exactly once, and returning the
   * generator early ends the scrape.
   */
  chunks(options?: ScrapeOptions): AsyncGenerator<LeasedChunk>;
}

export function isExposer(value: unknown): value is Exposer {
  return typeof (value as Exposer | null | undefined)?.chunks === "function";
}
