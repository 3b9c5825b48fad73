import type { Format } from "../formats/format.ts";
import {
  formatNamed,
  negotiateFormat,
  OPENMETRICS_CONTENT_TYPE,
  PROMETHEUS_CONTENT_TYPE,
} from "../formats/negotiation.ts";
import type { Collector, Metric, MetricJson } from "../model/collector.ts";
import type { LabelSet } from "../model/family.ts";
import { labelKey, readLabelSet } from "../model/labels.ts";
import { checkConstantLabelNames, occupiedNames } from "../model/names.ts";
import type { CollectorError } from "./errors.ts";
import { ERRORS_TOTAL, Failures } from "./failures.ts";
import { getOrCreate } from "./get-or-create.ts";
import { joinText } from "./join-text.ts";
import type { Joined } from "./joined.ts";
import { keepShapes } from "./kept-shapes.ts";
import { familyJson, plainFamily } from "./plain-families.ts";
import type { GetOrCreate, Registrar, RegistrarBase, ScopeOptions } from "./registrar.ts";
import { isOf, Registrations } from "./registrations.ts";
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
import { warnOnce } from "./warn-once.ts";
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

/** A piece so small is copied for the caller, who would have to keep a whole chunk for it. */
const SMALL_BYTES = 32_768;

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

  readonly #registrations = new Registrations();
  readonly #host: ScrapeHost;
  readonly #failures: Failures;
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
    this.#failures = new Failures(now, onError);
    this.#host = { monotonicNow, turn, onFailure: (error) => this.#failures.add(error) };
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
    const registration = this.#registrations.add(collector, prefix, labels);
    if (registration === undefined) return;
    for (const watcher of this.#watchers) watcher.registered(registration);
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
    const removed = this.#registrations.remove(isRemoved);
    for (const watcher of this.#watchers) for (const one of removed) watcher.unregistered(one);
    return removed.length > 0;
  }

  /** The metric that is exposed under the name, or undefined. */
  getSingleMetric(name: string): Metric | undefined {
    return this.#registrations.metricsNamed(name)[0]?.collector;
  }

  /** The metric that is exposed under the name with labels of its registrar, or undefined. @internal */
  getSingleMetricAs(name: string, labels: LabelSet): Metric | undefined {
    const key = labelKey(labels);
    return this.#registrations.metricsNamed(name).find((one) => labelKey(one.labels) === key)?.collector;
  }

  /** Takes out the metric that is exposed under the name. */
  removeSingleMetric(name: string): void {
    const named = new Set<Registration>(this.#registrations.metricsNamed(name));
    this.#remove((one) => named.has(one));
  }

  /** All metrics, in the order of their registration; other collectors are not among them. */
  getMetricsAsArray(): Metric[] {
    const collectors = this.#registrations.all().map((one) => one.collector);
    return [...new Set(collectors.filter(isMetric))];
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
    this.#registrations.clear();
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
    for (const registration of this.#registrations.all()) watcher.registered(registration);
  }

  /** Exposes from now on what others have counted together with what is counted here. @internal */
  join(joined: Joined): void {
    this.#joined = joined;
  }

  /** Registers all that is here with another registry, be it one of another copy of the library. @internal */
  registerAllWith(other: RegistrarBase): void {
    if (this.#joined !== undefined) other.join?.(this.#joined);
    for (const one of this.#registrations.all()) other.registerAs(one.collector, one.prefix, this.#labelsOf(one));
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
    return joinText(
      this.#render(() => this.#collect(this.#registrations.metricsNamed(name), {}, (other) => other === name), {}),
    );
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
    keepShapes(format);
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
      (name) => this.#registrations.ownersOf(name),
      options,
      this.#host,
      this.#joined && { joined: this.#joined, isWanted },
    );
  }

  /** Collects from everybody who may have what is wanted, and then tells who failed. */
  async #collectAll(options: ScrapeOptions): Promise<Collected> {
    const wanted = options.names && new Set(options.names);
    const asked = wanted === undefined ? this.#registrations.all() : this.#registrations.whichMayHave(wanted);
    const { families, close } = await this.#collect(asked, options);
    const errors = this.#failures.family;
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

function turnEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    const host = globalThis as { setImmediate?: (callback: () => void) => unknown };
    if (host.setImmediate !== undefined) host.setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}
