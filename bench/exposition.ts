// Compares expositions of different clients: the order of the samples and of the labels may differ, nothing else.

/** What an exposition says, whoever wrote it. */
export interface Digest {
  /** How many samples there are, and the sum of their values, by the samples' name. */
  readonly totals: ReadonlyMap<string, Total>;
  /** The same for two expositions when they hold the same samples and types. */
  readonly hash: string;
}

export interface Total {
  readonly count: number;
  readonly sum: number;
}

const comma = ",".charCodeAt(0);
const quote = '"'.charCodeAt(0);
const backslash = "\\".charCodeAt(0);

/** `a="1",b="2"` as its pairs; a comma within quotes divides nothing. */
function splitLabels(text: string): string[] {
  const pairs: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) isQuoted = !isQuoted;
    else if (code === backslash && isQuoted) i += 1;
    else if (code === comma && !isQuoted) {
      pairs.push(text.slice(start, i));
      start = i + 1;
    }
  }
  if (start < text.length) pairs.push(text.slice(start));
  return pairs;
}

/** One sample or `# TYPE` line with its labels in order, or nothing for a line that says nothing to compare. */
export function canonicalLine(line: string): string | undefined {
  if (line.startsWith("#")) return line.startsWith("# TYPE ") ? line : undefined;
  if (line === "") return undefined;
  const value = line.lastIndexOf(" ");
  const brace = line.indexOf("{");
  if (value <= 0 || (brace !== -1 && line[value - 1] !== "}")) {
    throw new Error(`This is no line of an exposition: ${JSON.stringify(line)}`);
  }
  if (brace === -1) return `${line.slice(0, value)}{}${line.slice(value)}`;
  const pairs = splitLabels(line.slice(brace + 1, value - 1)).sort();
  return `${line.slice(0, brace)}{${pairs.join()}}${line.slice(value)}`;
}

function* canonicalLines(text: string, ignored: RegExp | undefined): Generator<string> {
  for (let start = 0; start < text.length; ) {
    let end = text.indexOf("\n", start);
    if (end === -1) end = text.length;
    const line = canonicalLine(text.slice(start, end));
    if (line !== undefined && !ignored?.test(line)) yield line;
    start = end + 1;
  }
}

/** @param ignored lines that may differ between clients, in their canonical spelling */
export function digest(text: string, ignored?: RegExp): Digest {
  const totals = new Map<string, Total>();
  // Sums of hashes don't depend on the order of the lines.
  let low = 0;
  let high = 0;
  for (const line of canonicalLines(text, ignored)) {
    let a = 0x811c9dc5;
    let b = 0x1000193;
    for (let i = 0; i < line.length; i++) {
      const code = line.charCodeAt(i);
      a = Math.imul(a ^ code, 0x01000193);
      b = Math.imul(b + code, 0x85ebca6b) ^ (b >>> 13);
    }
    low = (low + a) | 0;
    high = (high + b) | 0;
    if (line.startsWith("#")) continue;
    const name = line.slice(0, line.indexOf("{"));
    const { count, sum } = totals.get(name) ?? { count: 0, sum: 0 };
    totals.set(name, { count: count + 1, sum: sum + Number(line.slice(line.lastIndexOf(" ") + 1)) });
  }
  return { totals, hash: `${low >>> 0}-${high >>> 0}` };
}

/** The first line that only one of two expositions has, for an error message. */
export function firstDifference(ours: string, theirs: string, ignored?: RegExp): string | undefined {
  const [a, b] = [[...canonicalLines(ours, ignored)].sort(), [...canonicalLines(theirs, ignored)].sort()];
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i] !== b[i]) return `${JSON.stringify(a[i] ?? "nothing")} against ${JSON.stringify(b[i] ?? "nothing")}`;
  }
  return undefined;
}
