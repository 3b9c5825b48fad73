import type { Format } from "../formats/format.ts";
import {
  formatNamed,
  negotiateFormat,
  OPENMETRICS_CONTENT_TYPE,
  PROMETHEUS_CONTENT_TYPE,
} from "../formats/negotiation.ts";
import type { Collector, Metric, MetricJson } from "../model/collector.ts";
import type { FamilyDescriptor, LabelSet, MetricFamily } from "../model/family.ts";
import { labelKey, readLabelSet } from "../model/labels.ts";
import { checkConstantLabelNames, checkLabelNames, describeMetric, occupiedNames } from "../model/names.ts";
import { checkDescriptor } from "./check-family.ts";
import { AlreadyRegisteredError, type CollectorError } from "./errors.ts";
import type { NameOwner } from "./gathering.ts";
import { getOrCreate } from "./get-or-create.ts";
import { joinText } from "./join-text.ts";
import type { Joined } from "./joined.ts";
import { familyJson, plainFamily } from "./plain-families.ts";
import type { GetOrCreate, Registrar, RegistrarBase, ScopeOptions } from "./registrar.ts";
import { renderChunks } from "./render.ts";
import { Scope } from "./scope.ts";
import {
  type Collected,
  collectFamilies,
  isMetric,
  type LeasedChunk,
  type Registration,
  type ScrapeHost,
  type ScrapeOptions,
} from "./scrape.ts";
import type { RegistryWatcher } from "./watcher.ts";

/** How a registry meets its surroundings; the defaults are right wherever JavaScript runs. */
export interface RegistryOptions {
  /**
   * The content type of what is written for nobody in particular: by `metrics()`, and for who takes anything.
   * @default Registry.PROMETHEUS_CONTENT_TYPE
   */
  readonly contentType?: string;
  /**
   * Whether OpenMetrics text has a sample `…_created` for each series of a counter, histogram or summary: when it began
   * to count. Prometheus stores them as series of their own unless told otherwise.
   * @default false
   */
  readonly created?: boolean;
  /**
   * Hears of every collector that fails in a scrape. What it throws is ignored.
   * @default a warning of the process, once for each cause
   */
  readonly onError?: (error: CollectorError) => void;
  /**
   * The wall clock, in milliseconds since the epoch.
   * @default Date.now
   */
  readonly now?: () => number;
  /**
   * A clock that only goes forward, in milliseconds; long scrapes are sliced by it.
   * @default performance.now
   */
  readonly monotonicNow?: () => number;
  /**
   * Lets the event loop turn once.
   * @default setImmediate where there is one, else setTimeout
   */
  readonly turn?: () => Promise<void>;
}

const ERRORS_TOTAL = "tallystick_collector_errors_total";
/** A piece so small is copied for the caller, who would have to keep a whole chunk for it. */
const SMALL_BYTES = 32_768;

/** Causes that are warned of, at the most; a message can hold anything and would fill a log for ever. */
const MOST_WARNINGS = 100;

/** A registration here. */
interface Entry extends Registration {
  /** Whether its collector told which families it has. */
  readonly isDescribed: boolean;
}

/** Who exposes a name, and in which of its families. */
interface Owner extends NameOwner {
  readonly registration: Registration;
}

/**
 * The set of collectors that one scrape asks, and the names that they own.
 *
 * A scrape never fails whole: a collector that throws, hangs or returns something that can't be exposed loses its own
 * families, `onError` hears of it, and `tallystick_collector_errors_total{collector}` counts it from then on.
 */
export class Registry implements Registrar {
  /** The content type of Prometheus text 0.0.4. */
  static readonly PROMETHEUS_CONTENT_TYPE: string = PROMETHEUS_CONTENT_TYPE;
  /** The content type of OpenMetrics text 1.0.0. */
  static readonly OPENMETRICS_CONTENT_TYPE: string = OPENMETRICS_CONTENT_TYPE;

  readonly #registrations: Entry[] = [];
  /** Who exposes a name, sample names included. */
  readonly #owners = new Map<string, Owner[]>();
  readonly #host: ScrapeHost;
  readonly #now: () => number;
  readonly #onError: (error: CollectorError) => void;
  readonly #failures = new Map<string, { count: number; readonly createdMs: number }>();
  #defaultLabels: LabelSet = Object.freeze({});
  /** The constant labels of a registration, made once so that what is planned for them can be kept. */
  #constantLabels = new WeakMap<Registration, LabelSet>();
  readonly #created: boolean;
  /** What is written for nobody in particular. */
  #format: Format;
  readonly #watchers: RegistryWatcher[] = [];
  #joined: Joined | undefined;

  /**
   * @param options a text is a content type, as in prom-client
   * @throws {TypeError} for a content type that can't be written
   */
  constructor(options: RegistryOptions | string = {}) {
    const {
      contentType = PROMETHEUS_CONTENT_TYPE,
      created = false,
      onError = warnOnce(),
      now = Date.now,
      monotonicNow = () => performance.now(),
      turn = turnEventLoop,
    } = typeof options === "string" ? { contentType: options } : options;
    this.#created = created;
    this.#format = supportedFormat(contentType, created);
    this.#now = now;
    this.#onError = onError;
    this.#host = { monotonicNow, turn, onFailure: (error) => this.#fail(error) };
  }

  /** The `Content-Type` of what {@link metrics} and {@link stream} give. */
  get contentType(): string {
    return this.#format.contentType;
  }

  /**
   * Sets the content type of what is written for nobody in particular. What a scraper asks for by its `Accept` header
   * it gets regardless.
   *
   * @throws {TypeError} for one that can't be written; then nothing changes
   */
  setContentType(contentType: string): void {
    this.#format = supportedFormat(contentType, this.#created);
  }

  /**
   * The format that suits an `Accept` header best, for {@link stream}; its `contentType` belongs to the answer. Whoever
   * takes anything gets the format of {@link contentType}; who wants nothing that there is, text 0.0.4. Never throws.
   *
   * @example
   * const format = register.negotiate(request.headers.accept);
   * response.setHeader("Content-Type", format.contentType);
   * for await (const chunk of register.stream({ format })) response.write(chunk);
   */
  negotiate(accept: string | null | undefined): Format {
    return negotiateFormat(accept, this.#format, { created: this.#created });
  }

  /**
   * Adds a metric or any other collector. Registering the same one again changes nothing.
   *
   * @throws {AlreadyRegisteredError} when a name it says it will expose is taken; then nothing was registered
   */
  registerMetric(collector: Collector): void {
    this.registerAs(collector, "", {});
  }

  /** Adds a collector under a prefix and with labels of its registrar. @internal */
  registerAs(collector: Collector, prefix: string, labels: LabelSet): void {
    if (typeof collector?.collect !== "function") {
      throw new TypeError(
        `A collector has a method "collect", but got ${collector === null ? "null" : typeof collector}.`,
      );
    }
    if (this.#registrations.some(isOf(collector, prefix, labels))) return;
    const descriptors = describe({ collector, prefix, labels });
    const registration: Entry = { collector, prefix, labels, isDescribed: descriptors.length > 0 };
    for (const descriptor of descriptors) this.#checkNames(registration, descriptor);
    for (const descriptor of descriptors) {
      for (const name of occupiedNames(descriptor)) {
        const owner: Owner = { registration, collector, descriptor };
        const owners = this.#owners.get(name);
        if (owners === undefined) this.#owners.set(name, [owner]);
        else owners.push(owner);
      }
    }
    this.#registrations.push(registration);
    for (const watcher of this.#watchers) watcher.registered(registration);
  }

  #checkNames(registration: Registration, descriptor: FamilyDescriptor): void {
    const who = describeMetric(descriptor.type, descriptor.name);
    const { collector, prefix } = registration;
    // A prefix may give a state set the name of one of its labels.
    if (prefix !== "" && isMetric(collector))
      checkLabelNames(descriptor.type, descriptor.name, collector.labelNames, true);
    for (const name of occupiedNames(descriptor)) {
      for (const { registration: other, collector: existing, descriptor: known } of this.#owners.get(name) ?? []) {
        if (known.name !== descriptor.name) {
          const whoElse = lowerFirst(describeMetric(known.type, known.name));
          throw new AlreadyRegisteredError(
            name === descriptor.name
              ? `${who}: ${whoElse} already exposes that name. Rename one, or use two registries.`
              : `${who} exposes the name "${name}", as ${whoElse} already does. Rename one, or use two registries.`,
            existing,
          );
        }
        if (
          known.type !== descriptor.type ||
          known.unit !== descriptor.unit ||
          !haveDistinctLabels(other, registration)
        ) {
          throw new AlreadyRegisteredError(
            `${who}: a metric of that name is registered already. Use getOrCreate to share it, or another registry.`,
            existing,
          );
        }
      }
    }
  }

  /** Takes a collector out again, whatever scope it came through, and returns whether it was there. */
  unregister(collector: Collector): boolean {
    return this.#remove((one) => one.collector === collector);
  }

  /** Takes out a collector that was registered just so. @internal */
  unregisterAs(collector: Collector, prefix: string, labels: LabelSet): boolean {
    return this.#remove(isOf(collector, prefix, labels));
  }

  #remove(isRemoved: (registration: Registration) => boolean): boolean {
    const kept = this.#registrations.filter((one) => !isRemoved(one));
    if (kept.length === this.#registrations.length) return false;
    const removed = this.#registrations.filter(isRemoved);
    this.#registrations.splice(0, Number.POSITIVE_INFINITY, ...kept);
    for (const [name, owners] of this.#owners) {
      const left = owners.filter((one) => !isRemoved(one.registration));
      if (left.length > 0) this.#owners.set(name, left);
      else this.#owners.delete(name);
    }
    for (const watcher of this.#watchers) for (const one of removed) watcher.unregistered(one);
    return true;
  }

  /** The metric that is exposed under the name, or undefined. */
  getSingleMetric(name: string): Metric | undefined {
    return this.#metricsNamed(name)[0]?.collector;
  }

  /** The metric that is exposed under the name with labels of its registrar, or undefined. @internal */
  getSingleMetricAs(name: string, labels: LabelSet): Metric | undefined {
    const key = labelKey(labels);
    return this.#metricsNamed(name).find((one) => labelKey(one.labels) === key)?.collector;
  }

  #metricsNamed(name: string): MetricRegistration[] {
    const registrations = (this.#owners.get(name) ?? []).map((one) => one.registration);
    return registrations.filter(isMetricRegistration).filter((one) => one.prefix + one.collector.name === name);
  }

  /** Takes out the metric that is exposed under the name. */
  removeSingleMetric(name: string): void {
    const named = new Set<Registration>(this.#metricsNamed(name));
    this.#remove((one) => named.has(one));
  }

  /** All metrics, in the order of their registration; other collectors are not among them. */
  getMetricsAsArray(): Metric[] {
    return [...new Set(this.#registrations.map((one) => one.collector).filter(isMetric))];
  }

  /**
   * The registered metric of the same definition, or a new one. Lets modules that are loaded twice share their metrics.
   *
   * @throws {AlreadyRegisteredError} carrying the existing metric, when its definition differs
   * @example
   * const jobs = register.getOrCreate(Counter, { name: "jobs_total", help: "Jobs done." });
   */
  readonly getOrCreate: GetOrCreate = (metricClass, options) => getOrCreate(this, metricClass, options);

  /** Takes out everything: collectors, default labels, and what was counted of failures. */
  clear(): void {
    this.#registrations.length = 0;
    this.#owners.clear();
    this.#failures.clear();
    this.#defaultLabels = Object.freeze({});
    this.#constantLabels = new WeakMap();
    for (const watcher of this.#watchers) watcher.cleared();
  }

  /** Sets every metric back to where it began. */
  resetMetrics(): void {
    this.#failures.clear();
    for (const metric of this.getMetricsAsArray()) metric.reset();
  }

  /**
   * Sets labels that every series gets, unless it has a label of that name itself. They are read and not kept.
   *
   * @throws {RangeError} for a name that can't be a label name
   */
  setDefaultLabels(labels: object): void {
    checkConstantLabelNames(Object.keys(labels));
    this.#defaultLabels = readLabelSet(labels);
    this.#constantLabels = new WeakMap();
    for (const watcher of this.#watchers) watcher.labelled(this.#defaultLabels);
  }

  /**
   * A registrar for a part of the program: metrics registered with it appear here, with its prefix and labels.
   *
   * @example
   * const pool = register.scoped({ prefix: "pool_", labels: { pool: "main" } });
   * new Gauge({ name: "size", help: "Connections.", registers: [pool] }); // pool_size{pool="main"}
   */
  scoped(options: ScopeOptions): Registrar {
    return new Scope(this, options);
  }

  /**
   * A new registry with all that is in the given ones now, each with the default labels of its own, and the content type
   * of the first.
   *
   * @throws {AlreadyRegisteredError} when two of them expose one name, unless their default labels tell them apart
   */
  static merge(registries: readonly Registry[]): Registry {
    const merged = new Registry(registries[0]?.contentType ?? PROMETHEUS_CONTENT_TYPE);
    for (const registry of registries) registry.registerAllWith(merged);
    return merged;
  }

  /** Tells somebody of all that is registered here, and of what comes and goes from now on. @internal */
  watch(watcher: RegistryWatcher): void {
    this.#watchers.push(watcher);
    watcher.labelled(this.#defaultLabels);
    for (const registration of this.#registrations) watcher.registered(registration);
  }

  /** Exposes from now on what others have counted together with what is counted here. @internal */
  join(joined: Joined): void {
    this.#joined = joined;
  }

  /** Registers all that is here with another registry, be it one of another copy of the library. @internal */
  registerAllWith(other: RegistrarBase): void {
    if (this.#joined !== undefined) other.join?.(this.#joined);
    for (const one of this.#registrations) other.registerAs(one.collector, one.prefix, this.#labelsOf(one));
  }

  #labelsOf(registration: Registration): LabelSet {
    let labels = this.#constantLabels.get(registration);
    if (labels === undefined) {
      labels = Object.freeze({ ...this.#defaultLabels, ...registration.labels });
      this.#constantLabels.set(registration, labels);
    }
    return labels;
  }

  /**
   * The whole exposition as one string.
   *
   * @throws {RangeError} when it would be longer than a string can be (about 512 MB); {@link stream} has no limit
   */
  async metrics(options: ScrapeOptions = {}): Promise<string> {
    return joinText(this.chunks(options));
  }

  /** The exposition of one metric, as {@link metrics} would write it. `""` for a name that is not registered. */
  async getSingleMetricAsString(name: string): Promise<string> {
    return joinText(this.#render(() => this.#collect(this.#metricsNamed(name), {}, (other) => other === name), {}));
  }

  /**
   * The exposition in pieces of at most 64 KB that the caller owns. It waits for the caller between them, and holds
   * the event loop for about a millisecond at a time.
   */
  async *stream(options: ScrapeOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const { bytes, release } of this.chunks(options)) {
      if (bytes.length > SMALL_BYTES) {
        // A chunk that is never released is never written again: it is the caller's.
        yield bytes;
        continue;
      }
      const copy = bytes.slice();
      release();
      yield copy;
    }
  }

  /**
   * The exposition in pieces of memory that is used again: each is lent until it is released. Ending the iteration
   * early ends the scrape.
   */
  chunks(options: ScrapeOptions = {}): AsyncGenerator<LeasedChunk, void, undefined> {
    return this.#render(() => this.#collectAll(options), options);
  }

  #render(
    collect: () => Promise<Collected>,
    { format = this.#format, signal }: ScrapeOptions,
  ): AsyncGenerator<LeasedChunk, void, undefined> {
    return renderChunks(collect, format, signal, this.#host);
  }

  /** @param isWanted whether a family is asked for that nobody has registered here */
  #collect(
    registrations: readonly Registration[],
    options: ScrapeOptions,
    isWanted: (name: string) => boolean = () => true,
  ): Promise<Collected> {
    return collectFamilies(
      registrations,
      (registration) => this.#labelsOf(registration),
      (name) => this.#owners.get(name) ?? [],
      options,
      this.#host,
      this.#joined && { joined: this.#joined, isWanted },
    );
  }

  /** Collects from everybody who may have what is wanted, and then tells who failed. */
  async #collectAll(options: ScrapeOptions): Promise<Collected> {
    const wanted = options.names && new Set(options.names);
    const { families, close } = await this.#collect(this.#registrationsOf(wanted), options);
    const errors = this.#errorsFamily();
    if (errors !== undefined && !families.some(({ descriptor }) => descriptor.name === ERRORS_TOTAL)) {
      const part = { kind: "plain", family: errors, constantLabels: this.#defaultLabels } as const;
      families.push({ descriptor: errors, parts: [part] });
    }
    if (wanted === undefined) return { families, close };
    return {
      families: families.filter(({ descriptor }) => occupiedNames(descriptor).some((name) => wanted.has(name))),
      close,
    };
  }

  /** Who may have families of the names: who told so, and who did not tell. */
  #registrationsOf(wanted: ReadonlySet<string> | undefined): Registration[] {
    if (wanted === undefined) return [...this.#registrations];
    const owners = new Set([...wanted].flatMap((name) => this.#owners.get(name) ?? []).map((one) => one.registration));
    return this.#registrations.filter((one) => !one.isDescribed || owners.has(one));
  }

  /** All families with their values, in prom-client's shape, copied. */
  async getMetricsAsJSON(): Promise<MetricJson[]> {
    const { families, close } = await this.#collectAll({});
    try {
      return families.map(({ descriptor, parts }) => {
        const metric = this.getSingleMetric(descriptor.name);
        const aggregator = (metric as { aggregator?: string } | undefined)?.aggregator ?? "sum";
        const jsons = parts.map((part) => {
          const family = part.kind === "columns" ? plainFamily(part.view) : part.family;
          return familyJson({ ...family, name: descriptor.name }, aggregator, part.constantLabels);
        });
        return { ...(jsons[0] as MetricJson), help: descriptor.help, values: jsons.flatMap(({ values }) => values) };
      });
    } finally {
      close();
    }
  }

  #fail(error: CollectorError): void {
    const failures = this.#failures.get(error.collector);
    if (failures === undefined) this.#failures.set(error.collector, { count: 1, createdMs: this.#now() });
    else failures.count++;
    try {
      this.#onError(error);
    } catch {
      // A hook that fails must not take the scrape down with it, and there is nobody left to tell.
    }
  }

  #errorsFamily(): MetricFamily | undefined {
    if (this.#failures.size === 0) return undefined;
    return {
      name: ERRORS_TOTAL,
      type: "counter",
      help: "Scrapes in which a collector failed and its families were left out.",
      series: [...this.#failures].map(([collector, { count, createdMs }]) => ({
        labels: { collector },
        value: count,
        createdMs,
      })),
    };
  }
}

/** @throws {TypeError} where there is none such */
function supportedFormat(contentType: string, created: boolean): Format {
  const format = typeof contentType === "string" ? formatNamed(contentType, { created }) : undefined;
  if (format !== undefined) return format;
  throw new TypeError(
    `Content type ${JSON.stringify(contentType)} is not supported. Use Registry.PROMETHEUS_CONTENT_TYPE or ` +
      "Registry.OPENMETRICS_CONTENT_TYPE.",
  );
}

/** The families that a collector says it will expose, under the names that they get. */
function describe({ collector, prefix }: Registration): FamilyDescriptor[] {
  return [...(collector.describe?.() ?? [])].map((given) => {
    const descriptor = checkDescriptor(given);
    return { ...descriptor, name: prefix + descriptor.name };
  });
}

function isOf(collector: Collector, prefix: string, labels: LabelSet): (registration: Registration) => boolean {
  const key = labelKey(labels);
  return (one) => one.collector === collector && one.prefix === prefix && labelKey(one.labels) === key;
}

interface MetricRegistration extends Registration {
  readonly collector: Metric;
}

function isMetricRegistration(registration: Registration): registration is MetricRegistration {
  return isMetric(registration.collector);
}

/** Whether constant labels make sure that two registrations never expose the same series. */
function haveDistinctLabels(a: Registration, b: Registration): boolean {
  const own = [a, b].flatMap(({ collector }) => (isMetric(collector) ? collector.labelNames : []));
  // A label that only one of them has won't do: default labels may give it to the other.
  return Object.keys(a.labels).some(
    (name) => !own.includes(name) && Object.hasOwn(b.labels, name) && b.labels[name] !== a.labels[name],
  );
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Warns through the process, if there is one, and of each cause only once. */
function warnOnce(): (error: CollectorError) => void {
  const warned = new Set<string>();
  return (error) => {
    if (warned.has(error.message) || warned.size >= MOST_WARNINGS) return;
    warned.add(error.message);
    const host = globalThis as { process?: { emitWarning?: (warning: Error) => void } };
    host.process?.emitWarning?.(error);
  };
}

function turnEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const host = globalThis as { setImmediate?: (callback: () => void) => unknown };
    if (host.setImmediate !== undefined) host.setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
