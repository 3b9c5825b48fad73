// OpenTelemetry's metrics SDK with its Prometheus exporter, behind prom-client's API. A kept series is an instrument with a kept
// attributes object, which is the least that its API lets a caller do.
import { createRequire } from "node:module";
import type {
  Client,
  Counter,
  Gauge,
  Histogram,
  HistogramOptions,
  Labels,
  MetricOptions,
  Registry,
  Summary,
} from "./client.ts";

interface Instrument {
  add(amount: number, attributes?: Labels): void;
  record(value: number, attributes?: Labels): void;
}

interface Meter {
  createCounter(name: string, options: object): Instrument;
  createUpDownCounter(name: string, options: object): Instrument;
  createGauge(name: string, options: object): Instrument;
  createHistogram(name: string, options: object): Instrument;
}

interface Exporter {
  getMetricsRequestHandler(request: unknown, response: unknown): void;
}

const require = createRequire(import.meta.url);
const { MeterProvider } = require("@opentelemetry/sdk-metrics") as {
  MeterProvider: new (options: object) => { getMeter(name: string): Meter };
};
const { PrometheusExporter } = require("@opentelemetry/exporter-prometheus") as {
  PrometheusExporter: new (options: object) => Exporter;
};

class OpenTelemetryRegistry implements Registry {
  readonly meter: Meter;
  readonly #exporter: Exporter;

  constructor() {
    // Scope and target labels are turned off, so that it writes the same lines as the others.
    this.#exporter = new PrometheusExporter({
      preventServerStart: true,
      withoutScopeInfo: true,
      withoutTargetInfo: true,
    });
    const provider = new MeterProvider({
      readers: [this.#exporter],
      // By default it merges everything past 2000 series into one.
      views: [{ instrumentName: "*", aggregationCardinalityLimit: 4_000_000 }],
    });
    this.meter = provider.getMeter("bench");
  }

  /** Asks the exporter's own request handler, which is the one public way to its text. */
  metrics(): Promise<string> {
    return new Promise((resolve) => {
      this.#exporter.getMetricsRequestHandler(undefined, {
        setHeader() {},
        end: (text: string) => resolve(`${text}\n`),
      });
    });
  }
}

function meterOf({ registers }: MetricOptions): Meter {
  return (registers[0] as OpenTelemetryRegistry).meter;
}

/** The labels of a kept series, from either way of naming them. */
function attributesOf(labelNames: readonly string[], values: readonly unknown[]): Labels {
  if (typeof values[0] === "object") return values[0] as Labels;
  return Object.fromEntries(labelNames.map((name, i) => [name, values[i] as string]));
}

class KeptSeries {
  readonly #instrument: Instrument;
  readonly #attributes: Labels;

  constructor(instrument: Instrument, attributes: Labels) {
    this.#instrument = instrument;
    this.#attributes = attributes;
  }

  inc(amount = 1): void {
    this.#instrument.add(amount, this.#attributes);
  }

  set(value: number): void {
    this.#instrument.record(value, this.#attributes);
  }

  observe(value: number): void {
    this.#instrument.record(value, this.#attributes);
  }
}

class OpenTelemetryCounter implements Counter {
  readonly #labelNames: readonly string[];
  readonly #instrument: Instrument;

  constructor(options: MetricOptions) {
    this.#labelNames = options.labelNames ?? [];
    this.#instrument = meterOf(options).createCounter(options.name, { description: options.help });
  }

  inc(labels?: Labels | number, amount = 1): void {
    if (typeof labels === "object") this.#instrument.add(amount, labels);
    else this.#instrument.add(labels ?? 1);
  }

  labels(...values: readonly unknown[]): KeptSeries {
    return new KeptSeries(this.#instrument, attributesOf(this.#labelNames, values));
  }

  remove(): never {
    throw new Error("OpenTelemetry can't remove a series.");
  }
}

class OpenTelemetryGauge implements Gauge {
  readonly #labelNames: readonly string[];
  readonly #name: string;
  readonly #meter: Meter;
  readonly #help: string;
  // Its gauge can only be set, its up-down counter only added to: which one it is, the first call decides.
  #setter: Instrument | undefined;
  #adder: Instrument | undefined;

  constructor(options: MetricOptions) {
    this.#labelNames = options.labelNames ?? [];
    this.#name = options.name;
    this.#help = options.help;
    this.#meter = meterOf(options);
  }

  set(labels: Labels | number, value?: number): void {
    this.#setter ??= this.#meter.createGauge(this.#name, { description: this.#help });
    if (typeof labels === "object") this.#setter.record(value as number, labels);
    else this.#setter.record(labels);
  }

  inc(labels: Labels, amount = 1): void {
    this.#adder ??= this.#meter.createUpDownCounter(this.#name, { description: this.#help });
    this.#adder.add(amount, labels);
  }

  dec(labels: Labels, amount = 1): void {
    this.inc(labels, -amount);
  }

  labels(...values: readonly unknown[]): KeptSeries {
    this.#setter ??= this.#meter.createGauge(this.#name, { description: this.#help });
    return new KeptSeries(this.#setter, attributesOf(this.#labelNames, values));
  }
}

const defaultBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

class OpenTelemetryHistogram implements Histogram {
  readonly #labelNames: readonly string[];
  readonly #instrument: Instrument;

  constructor(options: HistogramOptions) {
    this.#labelNames = options.labelNames ?? [];
    this.#instrument = meterOf(options).createHistogram(options.name, {
      description: options.help,
      advice: { explicitBucketBoundaries: [...(options.buckets ?? defaultBuckets)] },
    });
  }

  observe(labels: Labels | number, value?: number): void {
    if (typeof labels === "object") this.#instrument.record(value as number, labels);
    else this.#instrument.record(labels);
  }

  /** It has no timer: this is what a caller writes instead. */
  startTimer(labels?: Labels): () => void {
    const start = performance.now();
    return () => this.#instrument.record((performance.now() - start) / 1000, labels);
  }

  labels(...values: readonly unknown[]): KeptSeries {
    return new KeptSeries(this.#instrument, attributesOf(this.#labelNames, values));
  }
}

class NoSummary implements Summary {
  constructor() {
    throw new Error("OpenTelemetry has no summary.");
  }
  observe(): never {
    throw new Error("OpenTelemetry has no summary.");
  }
  labels(): never {
    throw new Error("OpenTelemetry has no summary.");
  }
}

export const client: Client = {
  Registry: OpenTelemetryRegistry,
  Counter: OpenTelemetryCounter,
  Gauge: OpenTelemetryGauge,
  Histogram: OpenTelemetryHistogram,
  Summary: NoSummary,
};
