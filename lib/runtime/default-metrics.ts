import { labelKey, readLabelSet } from "../model/labels.ts";
import { register as defaultRegister } from "../registry/default-registry.ts";
import { AlreadyRegisteredError } from "../registry/errors.ts";
import type { Registrar } from "../registry/registrar.ts";
import { type CollectorName, collectors } from "./collectors.ts";
import { Instruments } from "./instruments.ts";
import { LoopProbe } from "./loop-probe.ts";
import { Reader } from "./reader.ts";
import type { Setup } from "./setup.ts";
import { type RuntimeSources, systemSources } from "./sources.ts";

/** Whose names metrics get. */
export type Convention = "prometheus" | "opentelemetry";

/** What is collected of the process, and how it is exposed. */
export interface DefaultMetricsOptions {
  /**
   * Where the metrics are registered.
   * @default the default registry
   */
  readonly register?: Registrar | undefined;
  /**
   * Is put before each metric's name.
   * @default ""
   */
  readonly prefix?: string | undefined;
  /**
   * Labels that each series gets.
   * @default none
   */
  readonly labels?: object | undefined;
  /**
   * The collectors to use, by the names in `collectDefaultMetrics.metricsList`.
   * @default all
   */
  readonly include?: readonly CollectorName[] | undefined;
  /**
   * The collectors to leave out.
   * @default none
   */
  readonly exclude?: readonly CollectorName[] | undefined;
  /**
   * How far apart looks at the event loop are while it works, in milliseconds, at least 1.
   * @default 10
   */
  readonly eventLoopMonitoringPrecision?: number | undefined;
  /**
   * The bounds for the durations of garbage collections, in seconds.
   * @default 0.001, 0.01, 0.1, 1, 2, 5; for OpenTelemetry's name those of its conventions, 0.005 … 10
   */
  readonly gcDurationBuckets?: readonly number[] | undefined;
  /**
   * Whose names metrics get: those of Prometheus and prom-client, those of OpenTelemetry's semantic conventions, or
   * both side by side.
   * @default ["prometheus"]
   */
  readonly conventions?: readonly Convention[] | undefined;
}

/** Metrics of the process that are collected now. */
export interface DefaultMetrics {
  /** Takes the metrics out of the registry, and ends every timer and observer. Calling it again does nothing. */
  stop(): void;
}

/** What a call has begun, as all copies of the library in a process know it. */
interface Collecting extends DefaultMetrics {
  /** The options, as text: calls are the same exactly when these are. */
  readonly settings: string;
  /** Whether the metrics are still where they were registered. */
  readonly isRegistered: boolean;
}

const key = Symbol.for("tallystick.runtime/1");
const shared = globalThis as { [key]?: WeakMap<object, Collecting[]> };
shared[key] ??= new WeakMap();
/** What is being collected, by registry. */
const collecting = shared[key];

/** Holds what was begun weakly, so that a handle that is kept keeps nothing running after its registry was cleared. */
class Handle implements Collecting {
  readonly settings: string;
  #instruments: WeakRef<Instruments> | undefined;

  constructor(settings: string, instruments: Instruments) {
    this.settings = settings;
    this.#instruments = new WeakRef(instruments);
  }

  get isRegistered(): boolean {
    return this.#instruments?.deref()?.areRegistered ?? false;
  }

  stop(): void {
    this.#instruments?.deref()?.stop();
    this.#instruments = undefined;
  }
}

const names = Object.keys(collectors) as CollectorName[];

/** Collects metrics as {@link collectDefaultMetrics} does, from sources of the caller's choice. @internal */
export function collectFrom(sources: RuntimeSources, options: DefaultMetricsOptions = {}): DefaultMetrics {
  const { register = defaultRegister, gcDurationBuckets, ...settings } = checkOptions(options);
  const { prefix, labels, chosen, eventLoopMonitoringPrecision, conventions } = settings;
  const text = JSON.stringify([{ ...settings, labels: labelKey(labels) }, gcDurationBuckets]);
  const others = (collecting.get(register) ?? []).filter((one) => {
    if (one.isRegistered) return true;
    // Its registry was cleared, and nobody reads it any more.
    one.stop();
    return false;
  });
  const same = others.find((one) => one.settings === text);
  if (same !== undefined) return same;

  const reader = new Reader(sources);
  const instruments = new Instruments(register.scoped({ prefix, labels }));
  instruments.own(reader);
  let probe: LoopProbe | undefined;
  const setup: Setup = {
    instruments,
    sources,
    reader,
    prometheus: conventions.includes("prometheus"),
    openTelemetry: conventions.includes("opentelemetry"),
    gcDurationBuckets,
    probe: () => {
      if (probe === undefined) {
        const made = new LoopProbe(eventLoopMonitoringPrecision, sources);
        instruments.own(made);
        probe = made;
      }
      return probe;
    },
  };
  try {
    for (const name of chosen) collectors[name](setup);
    instruments.start();
  } catch (error) {
    instruments.stop();
    if (!(error instanceof AlreadyRegisteredError)) throw error;
    throw new AlreadyRegisteredError(
      `collectDefaultMetrics: ${error.message} If an earlier call did that with other options, stop() it first.`,
      error.existing,
    );
  }
  const handle = new Handle(text, instruments);
  collecting.set(register, [...others, handle]);
  return handle;
}

/** @throws {TypeError | RangeError} at the first thing that is not valid */
function checkOptions(options: DefaultMetricsOptions) {
  // prom-client takes null for nothing as well.
  if (options !== null && typeof options !== "object") {
    throw new TypeError(`collectDefaultMetrics takes an object of options, but got ${typeof options}.`);
  }
  const {
    register,
    prefix = "",
    labels = {},
    include = names,
    exclude = [],
    eventLoopMonitoringPrecision = 10,
    gcDurationBuckets,
    conventions = ["prometheus"],
  } = options ?? {};
  if (register !== undefined && typeof register?.scoped !== "function") {
    throw new TypeError("collectDefaultMetrics: register must be a registry.");
  }
  checkNames("include", include, names);
  checkNames("exclude", exclude, names);
  checkNames("conventions", conventions, ["prometheus", "opentelemetry"]);
  if (!(eventLoopMonitoringPrecision >= 1 && eventLoopMonitoringPrecision < 2 ** 31)) {
    throw new RangeError(
      `collectDefaultMetrics: eventLoopMonitoringPrecision must be at least 1, in milliseconds, but got ${eventLoopMonitoringPrecision}.`,
    );
  }
  return {
    register,
    prefix,
    labels: readLabelSet(labels),
    chosen: names.filter((name) => include.includes(name) && !exclude.includes(name)),
    eventLoopMonitoringPrecision,
    gcDurationBuckets,
    conventions: [...conventions].sort(),
  };
}

function checkNames(option: string, given: readonly string[], known: readonly string[]): void {
  if (!Array.isArray(given)) throw new TypeError(`collectDefaultMetrics: ${option} must be an array of names.`);
  const unknown = given.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new RangeError(
    `collectDefaultMetrics: ${option} has "${unknown}", which is none of ${known.map((name) => `"${name}"`).join(", ")}.`,
  );
}

/** Collects metrics of the process; see {@link collectDefaultMetrics}. */
export interface CollectDefaultMetrics {
  (options?: DefaultMetricsOptions): DefaultMetrics;
  /** The names of all collectors. */
  readonly metricsList: CollectorName[];
}

/**
 * Collects metrics of the process and of Node.js: CPU, memory, file descriptors, event loop, garbage collection.
 *
 * They are read when they are scraped, and nothing is reset by that. What the system or the runtime does not tell is
 * left out. Only the event loop is looked at in between, by a timer that keeps no process alive, and garbage
 * collections are listened for; both end with `stop()`, and also when the registry is cleared or dropped, with the next
 * garbage collection.
 *
 * Calling it again with the same options gives what is being collected already, so modules that are loaded anew may
 * call it anew. With another prefix, other labels or other collectors it collects beside that.
 *
 * @throws {AlreadyRegisteredError} when one of the names is taken, as by a call with other options that was not
 *   stopped; nothing is registered then
 * @throws {TypeError | RangeError} when an option is not valid; nothing is registered then
 * @see https://prometheus.io/docs/instrumenting/writing_clientlibs/#standard-and-runtime-collectors
 * @example
 * const collecting = collectDefaultMetrics({ labels: { zone: "a" }, exclude: ["processHandles"] });
 * collecting.stop();
 */
export const collectDefaultMetrics: CollectDefaultMetrics = Object.assign(
  (options?: DefaultMetricsOptions) => collectFrom(systemSources, options),
  { metricsList: [...names] },
);
