import type { Collector } from "../model/collector.ts";

/** A metric or collector would expose a name that is taken already. */
export class AlreadyRegisteredError extends Error {
  override readonly name: string = "AlreadyRegisteredError";
  /** What exposes the name now. */
  readonly existing: Collector;

  constructor(message: string, existing: Collector) {
    super(message);
    this.existing = existing;
  }
}

/** A collector threw, was late, or returned something that can't be exposed. `cause` is what it threw. */
export class CollectorError extends Error {
  override readonly name: string = "CollectorError";
  /** The collector's name. */
  readonly collector: string;

  constructor(collector: string, reason: string, cause?: unknown) {
    super(`Collector "${collector}": ${reason}`, cause === undefined ? undefined : { cause });
    this.collector = collector;
  }
}
