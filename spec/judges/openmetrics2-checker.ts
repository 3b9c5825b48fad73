// Reads OpenMetrics 2.0 text by its grammar, a token at a time, and refuses what that does not allow. It shares no code
// with the library.

export interface Sample2 {
  readonly name: string;
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** A number, or the fields of a composite value in their order: numbers, and lists of numbers or of pairs of them. */
  readonly value: number | ReadonlyMap<string, number | readonly (number | readonly [number, number])[]>;
  readonly timestamp?: number;
  readonly start?: number;
  readonly exemplars: readonly {
    readonly labels: readonly (readonly [string, string])[];
    readonly value: number;
    readonly timestamp: number;
  }[];
}

export interface Family2 {
  readonly name: string;
  type: string;
  unit: string;
  help: string;
  readonly samples: Sample2[];
}

class Line {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.at === this.#text.length;
  }

  fail(expected: string): never {
    throw new Error(`Expected ${expected} at ${this.at} of ${JSON.stringify(this.#text)}.`);
  }

  sees(text: string): boolean {
    return this.#text.startsWith(text, this.at);
  }

  take(text: string): boolean {
    if (!this.sees(text)) return false;
    this.at += text.length;
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) this.fail(JSON.stringify(text));
  }

  match(pattern: RegExp, expected: string): string {
    const sticky = new RegExp(pattern.source, "y");
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.#text)?.[0];
    if (found === undefined) this.fail(expected);
    this.at += found.length;
    return found;
  }

  quoted(): string {
    this.expect('"');
    const escaped = this.match(/(?:[^"\\\n]|\\[n"\\])*/, "a text");
    this.expect('"');
    return escaped.replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
  }

  name(pattern: RegExp): string {
    return this.sees('"') ? this.quoted() : this.match(pattern, "a name");
  }

  number(): number {
    const text = this.match(/[-+]?(?:Inf|[0-9]+(?:\.[0-9]*)?(?:e[-+]?[0-9]+)?)|NaN/, "a number");
    return Number(text.replace("Inf", "Infinity"));
  }

  integer(): number {
    return Number(this.match(/-?[0-9]+/, "an integer"));
  }

  /** Digits, and maybe a fraction, for an exponent would lose some. */
  time(): number {
    return Number(this.match(/-?[0-9]+(?:\.[0-9]+)?/, "a time in seconds"));
  }

  list<Item>(item: () => Item): Item[] {
    this.expect("[");
    const items: Item[] = [];
    if (this.take("]")) return items;
    do items.push(item());
    while (this.take(","));
    this.expect("]");
    return items;
  }
}

const metricName = /[a-zA-Z_:][a-zA-Z0-9_:]*/;
const labelName = /[a-zA-Z_][a-zA-Z0-9_]*/;

function labelsOf(line: Line): (readonly [string, string])[] {
  const labels: (readonly [string, string])[] = [];
  if (line.sees("}")) return labels;
  do {
    const name = line.name(labelName);
    line.expect("=");
    labels.push([name, line.quoted()]);
  } while (line.take(","));
  if (new Set(labels.map(([name]) => name)).size < labels.length) line.fail("each label once");
  return labels;
}

type Fields = Map<string, number | (number | readonly [number, number])[]>;

const orders: Readonly<Record<string, readonly string[]>> = {
  histogram: ["count", "sum"],
  gaugehistogram: ["gcount", "gsum"],
  summary: ["count", "sum"],
};
const nativeFields = ["schema", "zero_threshold", "zero_count"];

function compositeOf(line: Line, type: string): Fields {
  const fields: Fields = new Map();
  const pair = (read: () => number) => (): [number, number] => {
    const first = read();
    line.expect(":");
    return [first, line.number()];
  };
  const order = orders[type] ?? line.fail("a number");
  line.expect("{");
  const field = (name: string, read: () => number | (number | [number, number])[]) => {
    if (fields.size > 0) line.expect(",");
    line.expect(`${name}:`);
    fields.set(name, read());
  };
  for (const name of order) field(name, () => line.number());
  if (type === "summary") {
    field("quantile", () => line.list(pair(() => line.number())));
  } else {
    if (line.sees(",schema:")) {
      for (const name of nativeFields) field(name, () => (name === "schema" ? line.integer() : line.number()));
      for (const sign of ["negative", "positive"]) {
        if (!line.sees(`,${sign}_spans:`)) continue;
        field(`${sign}_spans`, () => line.list(pair(() => line.integer())));
        field(`${sign}_buckets`, () => line.list(() => line.number()));
      }
    }
    if (line.sees(",bucket:")) field("bucket", () => line.list(pair(() => line.number())));
  }
  line.expect("}");
  checkComposite(line, fields);
  return fields;
}

function checkComposite(line: Line, fields: Fields): void {
  const bucket = fields.get("bucket") as [number, number][] | undefined;
  const isHistogram = !fields.has("quantile");
  if (isHistogram && bucket === undefined && !fields.has("schema")) line.fail("buckets of some kind");
  if (bucket !== undefined) {
    const count = fields.get("count") ?? fields.get("gcount");
    if (bucket.at(-1)?.[0] !== Infinity || bucket.at(-1)?.[1] !== count) line.fail("a last bucket that has all");
    for (const [i, [bound]] of bucket.entries()) {
      if (i > 0 && !(bound > (bucket[i - 1]?.[0] as number))) line.fail("bounds that increase");
    }
  }
  for (const sign of ["negative", "positive"]) {
    const spans = fields.get(`${sign}_spans`) as [number, number][] | undefined;
    const counts = fields.get(`${sign}_buckets`) as number[] | undefined;
    if (spans === undefined) continue;
    const total = spans.reduce((sum, [, length]) => sum + length, 0);
    if (spans.length === 0 || total !== counts?.length) line.fail("as many buckets as spans say");
    for (const [i, [offset, length]] of spans.entries()) {
      if (length < 1 || (i > 0 && offset < 0)) line.fail("spans that advance");
    }
  }
}

function sampleOf(text: string, typeOf: (name: string) => string): Sample2 {
  const line = new Line(text);
  let name: string;
  let labels: (readonly [string, string])[] = [];
  if (line.take("{")) {
    name = line.quoted();
    if (line.take(",")) labels = labelsOf(line);
    line.expect("}");
  } else {
    name = line.match(metricName, "a name");
    if (line.take("{")) {
      labels = labelsOf(line);
      line.expect("}");
    }
  }
  line.expect(" ");
  const type = typeOf(name);
  const value = type in orders ? compositeOf(line, type) : line.number();
  let timestamp: number | undefined;
  let start: number | undefined;
  if (!line.isAtEnd && !line.sees(" st@") && !line.sees(" # ")) {
    line.expect(" ");
    timestamp = line.time();
  }
  if (line.take(" st@")) start = line.time();
  const exemplars: { labels: (readonly [string, string])[]; value: number; timestamp: number }[] = [];
  while (line.take(" # {")) {
    const its = labelsOf(line);
    line.expect("} ");
    const observed = line.number();
    line.expect(" ");
    exemplars.push({ labels: its, value: observed, timestamp: line.time() });
  }
  if (!line.isAtEnd) line.fail("the end of the line");
  if (start !== undefined && !["counter", "histogram", "summary"].includes(type)) line.fail("no start timestamp");
  if (exemplars.length > (type in orders ? Infinity : 1)) line.fail("one exemplar at the most");
  if (exemplars.length > 0 && !(type in orders) && type !== "counter") line.fail("no exemplar");
  return {
    name,
    labels,
    value,
    exemplars,
    ...(timestamp !== undefined && { timestamp }),
    ...(start !== undefined && { start }),
  };
}

/**
 * The families of an exposition.
 *
 * @throws {Error} when it is not valid
 */
export function readOpenMetrics2(text: string): Family2[] {
  if (!text.endsWith("# EOF\n") || (text.length > 6 && !text.endsWith("\n# EOF\n")))
    throw new Error("The end is missing.");
  const families = new Map<string, Family2>();
  let current: Family2 | undefined;
  const familyOf = (name: string): Family2 => {
    if (current?.name === name) return current;
    if (families.has(name)) throw new Error(`Family ${name} comes twice.`);
    current = { name, type: "unknown", unit: "", help: "", samples: [] };
    families.set(name, current);
    return current;
  };
  const lines = text.slice(0, -"# EOF\n".length).split("\n");
  for (const one of lines.slice(0, -1)) {
    if (!one.startsWith("#")) {
      const sample = sampleOf(one, (name) => familyOf(name).type);
      current?.samples.push(sample);
      continue;
    }
    const line = new Line(one);
    line.expect("# ");
    const kind = line.match(/TYPE|UNIT|HELP/, "TYPE, UNIT or HELP");
    line.expect(" ");
    const family = familyOf(line.name(metricName));
    line.expect(" ");
    if (family.samples.length > 0) line.fail("metadata before the samples");
    if (kind === "TYPE") {
      family.type = line.match(/counter|gaugehistogram|gauge|histogram|stateset|info|summary|unknown/, "a type");
    } else if (kind === "UNIT") {
      family.unit = line.match(/[a-zA-Z0-9_:]+/, "a unit");
    } else {
      family.help = line
        .match(/(?:[^"\\\n]|\\[n"\\])*/, "a help text")
        .replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
    }
    if (!line.isAtEnd) line.fail("the end of the line");
  }
  for (const family of families.values()) checkFamily(family);
  return [...families.values()];
}

function checkFamily({ name, type, samples }: Family2): void {
  const seen = new Set<string>();
  for (const { labels, value, timestamp } of samples) {
    const key = JSON.stringify([[...labels].sort(), timestamp]);
    if (seen.has(key)) throw new Error(`${name} has a series twice: ${key}`);
    seen.add(key);
    if (type === "counter" && !((value as number) >= 0)) throw new Error(`Counter ${name} is ${value}.`);
    if (type === "info" && (value !== 1 || !name.endsWith("_info"))) throw new Error(`${name} is no info.`);
    if (type === "stateset" && !labels.some(([label]) => label === name)) throw new Error(`${name} has no state.`);
    if (type === "stateset" && value !== 0 && value !== 1) throw new Error(`A state of ${name} is ${value}.`);
  }
}
