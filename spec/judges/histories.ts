// Random lives of a registry: the same calls go to lib/ and to the naive registry, which then have to say the same.
import {
  Counter,
  Gauge,
  Histogram,
  Info,
  type LabelValue,
  type LabelValues,
  Registry,
  StateSet,
  Summary,
} from "../../lib/core.ts";
import { type NaiveDeclaration, type NaiveMetric, NaiveRegistry, type NaiveType } from "./naive-registry.ts";
import type { Random } from "./random.ts";

type Labels = LabelValues<string>;

/** What a history needs of a metric, whatever its type; each call is made on both sides. */
interface Pair {
  readonly labelNames: readonly string[];
  /** Writes something random to a series. */
  write(labels: Labels): void;
  /** Keeps a series, and returns how to write to it from then on, whatever became of it meanwhile. */
  keep(labels: Labels, byPosition: boolean): () => void;
  remove(labels: Labels): void;
  removeMatching(part: Labels): void;
  clear(): void;
  reset(): void;
}

/** How large a registry gets. */
export interface Size {
  /** Calls on each metric, at the most. */
  readonly calls: number;
  /** Labels of a metric, at the most. */
  readonly labels: number;
  /** Values of a label, at the most. */
  readonly values: number;
  /** How likely a value is longer than the pieces in which an exposition is written: that family goes the slow way. */
  readonly hugeValues: number;
}

/** A registry of lib/ and the naive one, after the same history. */
export interface Lived {
  readonly registry: Registry;
  readonly naive: NaiveRegistry;
  /** Whether a series was ever taken away. From then on the order of series is the library's own affair. */
  readonly hasRemoved: boolean;
  /** What the registry reports of its scrapes. */
  readonly errors: readonly Error[];
}

export const metricTypes: readonly NaiveType[] = ["counter", "gauge", "histogram", "summary", "info", "stateset"];
const labelNames = ["a", "b", "method", "code", "_", "A1", "__proto__", "constructor", "toString"];

/** Declares one to four metrics and makes random calls on each. */
export function live(random: Random, size: Size): Lived {
  const errors: Error[] = [];
  const registry = new Registry({ onError: (error) => errors.push(error) });
  const naive = new NaiveRegistry();
  const keepsAll = random.chance(0.5);
  let hasRemoved = false;

  if (random.chance(0.3)) {
    const labels = labelsOf(random, ["zone", "app", "a"], () => random.hostileText());
    naive.setDefaultLabels(labels);
    registry.setDefaultLabels(labels);
    spoil(labels);
  }
  const pairs = Array.from({ length: random.between(1, 4) }, (_, i) =>
    declare(random, registry, naive, i, size.labels),
  );
  for (const pair of pairs) {
    const values = Array.from({ length: random.between(1, size.values) }, () => labelValue(random, size));
    const met: Labels[] = [];
    const kept: (() => void)[] = [];
    for (let left = random.below(size.calls); left > 0; left--) {
      const isMet = met.length > 0 && random.chance(0.5);
      const labels = isMet ? { ...random.pick(met) } : labelsOf(random, pair.labelNames, () => random.pick(values));
      met.push({ ...labels });
      if (keepsAll || random.chance(0.9)) {
        if (kept.length > 0 && random.chance(0.2)) random.pick(kept)();
        else if (random.chance(0.2)) kept.push(pair.keep(labels, random.chance(0.5)));
        else pair.write(labels);
      } else {
        hasRemoved = true;
        takeAway(random, pair, labels);
        if (random.chance(0.01)) {
          registry.resetMetrics();
          naive.resetMetrics();
        }
      }
      spoil(labels);
    }
  }
  return { registry, naive, hasRemoved, errors };
}

/** Mostly one series: a metric that is emptied again and again never gets large. */
function takeAway(random: Random, pair: Pair, labels: Labels): void {
  const names = random.sample(Object.keys(labels), random.between(1, 3));
  switch (random.below(20)) {
    case 0:
      pair.reset();
      break;
    case 1:
      pair.clear();
      break;
    case 2:
      if (names.length > 0) pair.removeMatching(Object.fromEntries(names.map((name) => [name, labels[name]])));
      break;
    default:
      pair.remove(labels);
  }
}

/** What was handed over is the caller's own: that it changes afterwards must not matter. */
function spoil(labels: Record<string, unknown>): void {
  for (const name of Object.keys(labels)) labels[name] = "changed by its owner";
}

function labelValue(random: Random, { hugeValues }: Size): LabelValue {
  if (random.chance(hugeValues)) return random.hostileText().padEnd(70_000, random.hostileText());
  if (random.chance(0.7)) return random.hostileText();
  return random.pick([undefined, null, "", 0, -0, 1, "1", 1.5, true, "true", false, "\ud83d", "\ude00", "\ufffd"]);
}

/** A label object in random order; a label may be left out altogether. */
function labelsOf(random: Random, names: readonly string[], value: () => LabelValue): Labels {
  const entries = random.sample(names, names.length).map((name) => [name, value()] as const);
  return Object.fromEntries(entries.filter(() => random.chance(0.95)));
}

function declare(random: Random, registry: Registry, naive: NaiveRegistry, index: number, mostLabels: number): Pair {
  const type = random.pick(metricTypes);
  const suffix = { counter: random.pick(["_total", ""]), info: "_info", histogram: "_seconds" }[type as string] ?? "";
  const common = {
    name: `m${index}${suffix}`,
    // The Python parser trims help texts and we don't, so what has to come back stands between brackets.
    help: `[${random.hostileText()}]`,
    labelNames: random.sample(labelNames, random.below(mostLabels + 1)),
  };
  const registers = [registry];
  const declared = (more: Partial<NaiveDeclaration> = {}) => naive.declare({ type, ...common, ...more });
  switch (type) {
    case "counter": {
      const metric = new Counter({ ...common, registers });
      const judge = declared();
      return both(metric, judge, (labels, kept) => {
        // Past 2^53 a counter keeps what additions round away, and the plain sum is no judge of that.
        const amount = Math.abs(random.double()) % 1e12;
        if (kept === undefined) metric.inc(labels, amount);
        else kept.inc(amount);
        judge.inc(labels, amount);
      });
    }
    case "gauge": {
      const metric = new Gauge({ ...common, registers });
      const judge = declared();
      return both(metric, judge, (labels, kept) => {
        const value = random.double();
        switch (random.below(3)) {
          case 0:
            if (kept === undefined) metric.dec(labels, value);
            else kept.dec(value);
            judge.inc(labels, -value);
            break;
          case 1:
            if (kept === undefined) metric.inc(labels, value);
            else kept.inc(value);
            judge.inc(labels, value);
            break;
          default: {
            const any = random.chance(0.2) ? random.pick([Number.NaN, Infinity, -Infinity]) : value;
            if (kept === undefined) metric.set(labels, any);
            else kept.set(any);
            judge.set(labels, any);
          }
        }
      });
    }
    case "histogram": {
      const buckets = [...new Set(Array.from({ length: random.between(1, 6) }, () => random.double()))].sort(
        (a, b) => a - b,
      );
      const metric = new Histogram({ ...common, buckets, registers });
      const judge = declared({ buckets });
      return both(metric, judge, (labels, kept) => {
        const value = buckets.length > 0 && random.chance(0.3) ? random.pick(buckets) : random.double();
        if (kept === undefined) metric.observe(labels, value);
        else kept.observe(value);
        judge.observe(labels, value);
      });
    }
    case "summary": {
      const metric = new Summary({ ...common, percentiles: [], registers });
      const judge = declared();
      return both(metric, judge, (labels, kept) => {
        const value = random.double();
        if (kept === undefined) metric.observe(labels, value);
        else kept.observe(value);
        judge.observe(labels, value);
      });
    }
    case "info": {
      const metric = new Info({ ...common, registers });
      const judge = declared();
      return both(metric, judge, (labels, kept) => {
        const info = labelsOf(random, ["version", "commit"], () => random.hostileText());
        judge.setInfo(labels, info);
        if (kept === undefined) metric.set(labels, info);
        else kept.set(info);
        spoil(info);
      });
    }
    case "stateset": {
      const states = [
        ...new Set(Array.from({ length: random.between(1, 4) }, () => random.hostileText().toWellFormed())),
      ];
      const metric = new StateSet({ ...common, states, registers });
      const judge = declared({ states });
      return both(metric, judge, (labels, kept) => {
        const state = random.pick(states);
        const on = random.chance(0.5);
        if (kept === undefined) metric.set(labels, state, on);
        else kept.set(state, on);
        judge.setState(labels, state, on);
      });
    }
    default:
      return type satisfies never;
  }
}

/** Calls that are the same on both sides, and the one that is not: by labels, or to a kept series. */
function both<Series>(
  metric: Labelled<Series>,
  judge: NaiveMetric,
  write: (labels: Labels, kept?: Series) => void,
): Pair {
  const { labelNames } = metric;
  return {
    labelNames,
    write,
    keep(labels, byPosition) {
      const values = labelNames.map((name) => (Object.hasOwn(labels, name) ? labels[name] : undefined));
      const kept = byPosition ? metric.labels(...values) : metric.labels(labels);
      const own = { ...labels };
      judge.touch(own);
      return () => write(own, kept);
    },
    remove(labels) {
      metric.remove(labels);
      judge.remove(labels);
    },
    removeMatching(part) {
      metric.removeMatching(part);
      judge.removeMatching(part);
    },
    clear() {
      metric.clear();
      judge.clear();
    },
    reset() {
      metric.reset();
      judge.reset();
    },
  };
}

interface Labelled<Series> {
  readonly labelNames: readonly string[];
  labels(...labels: [Labels] | LabelValue[]): Series;
  remove(labels: Labels): unknown;
  removeMatching(part: Labels): unknown;
  clear(): void;
  reset(): void;
}
