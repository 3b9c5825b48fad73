// A judge of metrics and of text 0.0.4: the same semantics as lib/ in the slowest and plainest way, sharing no code with
// it. Series are looked for one by one, observations are kept and counted anew each time, text is glued together.

export type NaiveType = "counter" | "gauge" | "histogram" | "summary" | "info" | "stateset";

export interface NaiveDeclaration {
  readonly type: NaiveType;
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
  /** Of a histogram, without `+Inf`. */
  readonly buckets?: readonly number[];
  /** Of a state set. */
  readonly states?: readonly string[];
}

/** Labels in the order in which they are written. */
export type LabelList = readonly (readonly [name: string, value: string])[];

export interface NaiveSample {
  readonly name: string;
  readonly labels: LabelList;
  readonly value: number;
}

export interface NaiveFamily {
  readonly name: string;
  readonly type: NaiveType;
  readonly help: string;
  /** The samples of each series. */
  readonly series: readonly (readonly NaiveSample[])[];
}

type Labels = Readonly<Record<string, unknown>>;

interface NaiveSeries {
  readonly labels: LabelList;
  /** Of a counter or gauge. */
  value: number;
  /** Of a histogram or summary: every one, in the order they came. */
  observations: number[];
  /** Of an info. */
  info: LabelList;
  /** Of a state set: the states that are on. */
  on: Set<string>;
}

/** A metric family and what can be done to it; labels are given by name. */
export class NaiveMetric {
  readonly declaration: NaiveDeclaration;
  #series: NaiveSeries[] = [];

  constructor(declaration: NaiveDeclaration) {
    this.declaration = declaration;
    this.reset();
  }

  inc(labels: Labels, amount: number): void {
    this.#find(labels).value += amount;
  }

  set(labels: Labels, value: number): void {
    this.#find(labels).value = value;
  }

  observe(labels: Labels, value: number): void {
    this.#find(labels).observations.push(value);
  }

  setInfo(labels: Labels, info: Labels): void {
    this.#find(labels).info = listOf(Object.keys(info), info);
  }

  setState(labels: Labels, state: string, on: boolean): void {
    const series = this.#find(labels);
    if (on) series.on.add(state);
    else series.on.delete(state);
  }

  /** Makes the series exist. */
  touch(labels: Labels): void {
    this.#find(labels);
  }

  remove(labels: Labels): void {
    const wanted = listOf(this.#labelNames, labels);
    this.#series = this.#series.filter((series) => !isSameList(series.labels, wanted));
  }

  /** Removes every series that has all the labels of `part`; an empty value asks for series without the label. */
  removeMatching(part: Labels): void {
    const hasAll = ({ labels }: NaiveSeries) =>
      Object.keys(part).every((name) => {
        const wanted = listOf([name], part)[0]?.[1];
        return labels.find(([own]) => own === name)?.[1] === wanted;
      });
    this.#series = this.#series.filter((series) => !hasAll(series));
  }

  clear(): void {
    this.#series = [];
  }

  /** As it was when it was declared: no series, or the one that a metric without labels always has. */
  reset(): void {
    this.clear();
    if (this.#labelNames.length === 0 && this.declaration.type !== "info") this.#find({});
  }

  /** The samples of each series. */
  samples(defaults: LabelList): NaiveSample[][] {
    return this.#series.map((series) => {
      // A default label stands where the series' own label of that name would stand, else behind all others.
      const labels: (readonly [string, string])[] = [];
      for (const name of this.#labelNames) {
        const label = [...series.labels, ...defaults].find(([one]) => one === name);
        if (label !== undefined) labels.push(label);
      }
      labels.push(...series.info);
      for (const label of defaults) {
        if (!labels.some(([name]) => name === label[0])) labels.push(label);
      }
      return this.#samplesOf(series, labels);
    });
  }

  #samplesOf(series: NaiveSeries, labels: LabelList): NaiveSample[] {
    const { name, type, buckets = [], states = [] } = this.declaration;
    const { observations } = series;
    const sumAndCount = [
      { name: `${name}_sum`, labels, value: observations.reduce((sum, v) => sum + v, 0) },
      { name: `${name}_count`, labels, value: observations.length },
    ];
    switch (type) {
      case "counter":
      case "gauge":
        return [{ name, labels, value: series.value }];
      case "info":
        return [{ name, labels, value: 1 }];
      case "summary":
        return sumAndCount;
      case "stateset":
        return states.map((state) => ({
          name,
          labels: [...labels, [name, state]],
          value: series.on.has(state) ? 1 : 0,
        }));
      case "histogram": {
        const cumulative = [...buckets, Infinity].map((bound) => ({
          name: `${name}_bucket`,
          labels: [...labels, ["le", spell(bound)] as const],
          value: observations.filter((v) => v <= bound).length,
        }));
        return [...cumulative, ...sumAndCount];
      }
      default:
        return type satisfies never;
    }
  }

  get #labelNames(): readonly string[] {
    return this.declaration.labelNames ?? [];
  }

  #find(labels: Labels): NaiveSeries {
    const wanted = listOf(this.#labelNames, labels);
    let series = this.#series.find(({ labels: own }) => isSameList(own, wanted));
    if (series === undefined) {
      series = { labels: wanted, value: 0, observations: [], info: [], on: new Set() };
      this.#series.push(series);
    }
    return series;
  }
}

/** The metrics of one exposition. */
export class NaiveRegistry {
  readonly #metrics: NaiveMetric[] = [];
  #defaults: LabelList = [];

  declare(declaration: NaiveDeclaration): NaiveMetric {
    const metric = new NaiveMetric(declaration);
    this.#metrics.push(metric);
    return metric;
  }

  setDefaultLabels(labels: Labels): void {
    this.#defaults = listOf(Object.keys(labels), labels);
  }

  resetMetrics(): void {
    for (const metric of this.#metrics) metric.reset();
  }

  /** What the exposition says, family by family; one without series is not in it. */
  families(): NaiveFamily[] {
    return this.#metrics
      .map((metric) => {
        const { name, type, help } = metric.declaration;
        return { name, type, help: replaceHalfPairs(help), series: metric.samples(this.#defaults) };
      })
      .filter(({ series }) => series.length > 0);
  }

  /** The exposition in text 0.0.4. */
  text(): string {
    return writeNaively(this.families());
  }
}

/** Families in text 0.0.4. */
export function writeNaively(families: readonly NaiveFamily[]): string {
  let text = "";
  for (const { name, type, help, series } of families) {
    text += `# HELP ${name} ${help.split("\\").join("\\\\").split("\n").join("\\n")}\n`;
    text += `# TYPE ${name} ${type === "info" || type === "stateset" ? "gauge" : type}\n`;
    for (const sample of series.flat()) {
      const labels = sample.labels.map(([label, value]) => `${label}="${escapeValue(value)}"`).join(",");
      text += `${sample.name}${labels === "" ? "" : `{${labels}}`} ${spell(sample.value)}\n`;
    }
  }
  return text;
}

function escapeValue(value: string): string {
  let escaped = "";
  for (const character of value) {
    if (character === "\\") escaped += "\\\\";
    else if (character === '"') escaped += '\\"';
    else if (character === "\n") escaped += "\\n";
    else escaped += character;
  }
  return escaped;
}

/** JavaScript's own shortest digits, and Go's words where there are none. */
function spell(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

/** The labels that are there, in the order of `names`: an absent one and an empty one are the same. */
function listOf(names: readonly string[], labels: Labels): LabelList {
  const list: [string, string][] = [];
  for (const name of names) {
    const value = Object.hasOwn(labels, name) ? labels[name] : undefined;
    if (value === undefined || value === null || value === "") continue;
    list.push([name, replaceHalfPairs(String(value))]);
  }
  return list;
}

/** UTF-8 can't encode half a surrogate pair; U+FFFD stands for it. */
function replaceHalfPairs(text: string): string {
  return Buffer.from(text, "utf8").toString("utf8");
}

function isSameList(a: LabelList, b: LabelList): boolean {
  return a.length === b.length && a.every(([name, value], i) => name === b[i]?.[0] && value === b[i]?.[1]);
}
