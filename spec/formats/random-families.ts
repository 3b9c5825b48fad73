// Seeded random families, for the laws that hold between what is written and what is read.
import type {
  Exemplar,
  HistogramSeries,
  LabelSet,
  MetricFamily,
  MetricType,
  NativeBucket,
  NativeHistogram,
} from "../../lib/model/family.ts";
import { labelKey } from "../../lib/model/labels.ts";
import type { Random } from "../judges/random.ts";

/** What a format can carry. */
export interface Ability {
  readonly types: readonly MetricType[];
  readonly utf8Names: boolean;
  readonly units: boolean;
  readonly created: boolean;
  readonly exemplars: boolean;
  /** Whether there are native buckets, and exemplars of them. */
  readonly native: boolean;
}

/** Any families that a format with this ability can carry whole; no two of them clash. */
export function randomFamilies(random: Random, ability: Ability, count = random.below(6)): MetricFamily[] {
  return Array.from({ length: count }, (_, i) => randomFamily(random, ability, i));
}

function randomFamily(random: Random, ability: Ability, index: number): MetricFamily {
  const type = random.pick(ability.types);
  const unit = ability.units && type !== "info" && type !== "stateset" && random.chance(0.5) ? "seconds" : undefined;
  const tail = ability.utf8Names && random.chance(0.5) ? random.hostileText().toWellFormed() : "x";
  const suffix = type === "counter" ? "_total" : type === "info" ? "_info" : "";
  const name = `f${index}_${tail}_${unit ?? "end"}${suffix}`;
  const help = random.chance(0.3) ? "" : random.hostileText().toWellFormed();
  const labels = randomLabelSets(random, ability);
  const series = labels.map((one) => randomSeries(random, ability, type, one));
  return { name, type, help, ...(unit !== undefined && { unit }), series } as MetricFamily;
}

/** Label sets that differ. They are often alike, as those of real series are. */
function randomLabelSets(random: Random, { utf8Names }: Ability): LabelSet[] {
  const names = random.sample(["a", "b", "code", "method", "__proto__", "constructor", "z"], random.below(5));
  if (utf8Names && random.chance(0.3)) names.push(`u${random.hostileText().toWellFormed()}!`);
  const sets = new Map<string, LabelSet>();
  for (let i = random.between(1, 8); i > 0; i--) {
    const some = random.chance(0.7) ? names : random.sample(names, random.below(names.length + 1));
    const value = () => (random.chance(0.6) ? `v${random.below(3)}` : random.hostileText().toWellFormed());
    const labels = Object.fromEntries(some.map((name) => [name, value()]));
    sets.set(labelKey(labels), labels);
  }
  return [...sets.values()];
}

function randomSeries(random: Random, ability: Ability, type: MetricType, labels: LabelSet): object {
  const base = { labels, ...(random.chance(0.2) && { timestampMs: random.below(2 ** 41) }) };
  const created = ability.created && random.chance(0.5) ? { createdMs: random.below(2 ** 41) } : {};
  const exemplar = (above: number, most: number) =>
    ability.exemplars && random.chance(0.3) ? { exemplar: randomExemplar(random, above, most) } : {};
  switch (type) {
    case "counter":
      return { ...base, value: positive(random), ...created, ...exemplar(0, 1000) };
    case "gauge":
    case "unknown":
      return { ...base, value: random.chance(0.2) ? random.pick([Infinity, -Infinity, Number.NaN]) : number(random) };
    case "info":
      return { ...base, value: 1 };
    case "stateset": {
      const states = Array.from({ length: random.between(1, 4) }, () => `${random.hostileText().toWellFormed()}.`);
      return { ...base, states: Object.fromEntries(states.map((state) => [state, random.chance(0.5)])) };
    }
    case "summary": {
      const quantiles = random.sample([0, 0.5, 0.9, 0.99, 1], random.below(6)).sort((a, b) => a - b);
      const value = () => (random.chance(0.2) ? Number.NaN : positive(random));
      const values = quantiles.map((quantile) => ({ quantile, value: value() }));
      return { ...base, count: random.below(1e9), sum: positive(random), quantiles: values, ...created };
    }
    case "histogram":
    case "gaugehistogram": {
      const bounds = random
        .sample([-1, -0.25, 0, 0.005, 0.1, 1, 2.5, 1e6, 1e21], random.below(7))
        .sort((a, b) => a - b);
      const native = ability.native && random.chance(0.5) ? { native: randomNative(random) } : {};
      const total = "native" in native ? totalOf(native.native) : Number.MAX_SAFE_INTEGER;
      let count = 0;
      let last = bounds[0] === undefined ? 0 : bounds[0] - 1;
      const buckets = [...bounds, Infinity].map((bound) => {
        count = Math.min(total, count + random.below(1000));
        if (bound === Infinity && "native" in native) count = total;
        const within = exemplar(last, bound);
        last = bound;
        return { bound, count, ...within };
      });
      // A native histogram needs no buckets, and protobuf has none that is but the sum of all.
      const isLone = "native" in native && bounds.length === 0;
      const sum = type === "histogram" && (bounds[0] ?? 0) < 0 ? {} : { sum: positive(random) };
      const rest = { ...sum, ...native, ...(type === "histogram" && created) };
      return { ...base, count, buckets: isLone ? [] : buckets, ...rest } satisfies HistogramSeries;
    }
    default:
      return type satisfies never;
  }
}

/** How many observations native buckets have. */
function totalOf({ zeroCount, positive, negative }: NativeHistogram): number {
  return [...positive, ...negative].reduce((sum, { count }) => sum + count, zeroCount);
}

/** An exemplar above one bound, and not above another. */
function randomExemplar(random: Random, above: number, most: number): Exemplar {
  const labels = random.chance(0.2)
    ? {}
    : { trace_id: random.hostileText().toWellFormed().slice(0, 40).toWellFormed() };
  const timestamp = random.chance(0.5) ? { timestampMs: random.below(2 ** 41) } : {};
  return {
    labels,
    value: most === Infinity ? 2 * Math.max(above, 0) + 1 : most - (most - above) * random.next(),
    ...timestamp,
  };
}

function randomNative(random: Random): NativeHistogram {
  const schema = random.between(-4, 8);
  // The keys that doubles fall into are about these; of the coarsest schema, from -67 to 65.
  const most = Math.floor(1000 * 2 ** schema);
  const side = () => {
    const buckets: NativeBucket[] = [];
    for (let i = random.below(12), key = random.between(-most, most); i > 0 && key <= most; i--) {
      buckets.push({ key, count: random.between(1, 1e6) });
      key += random.pick([1, 1, 2, 3, 4, 1000]);
    }
    return buckets;
  };
  const exemplars = Array.from({ length: random.below(3) }, () => ({
    ...randomExemplar(random, 0, 1000),
    timestampMs: random.below(2 ** 41),
  }));
  return {
    schema,
    zeroThreshold: random.pick([0, 2 ** -128, 0.001]),
    zeroCount: random.below(100),
    positive: side(),
    negative: side(),
    ...(exemplars.length > 0 && { exemplars }),
  };
}

/** Any number but -0, which is written as 0. */
function number(random: Random): number {
  return random.double() + 0;
}

function positive(random: Random): number {
  return Math.abs(number(random));
}
