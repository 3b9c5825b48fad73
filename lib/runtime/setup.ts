import type { Instruments } from "./instruments.ts";
import type { LoopProbe } from "./loop-probe.ts";
import type { Reader } from "./reader.ts";
import type { RuntimeSources } from "./sources.ts";

/** What a collector is set up with. */
export interface Setup {
  readonly instruments: Instruments;
  readonly sources: RuntimeSources;
  /** What it has its figures from. */
  readonly reader: Reader;
  /** Whether the names of Prometheus and prom-client are wanted. */
  readonly prometheus: boolean;
  /** Whether OpenTelemetry's names are wanted. */
  readonly openTelemetry: boolean;
  readonly gcDurationBuckets: readonly number[] | undefined;
  /** The one probe of the event loop, made when it is first asked for. */
  readonly probe: () => LoopProbe;
}

/** Sets up a collector's metrics. */
export type Collect = (setup: Setup) => void;
