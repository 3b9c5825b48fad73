// YAML as the configuration files of Prometheus, Alertmanager and Grafana need it: block style, and quotes wherever a
// reader of YAML 1.1 or 1.2 could take a text for something else.

/** What a document can hold. A key whose value is `undefined` is left out. */
export type YamlValue =
  | string
  | number
  | boolean
  | readonly YamlValue[]
  | { readonly [key: string]: YamlValue | undefined };

/** Texts that need no quotes: they begin like a word or a path, and hold nothing that means something. */
const plainText = /^[A-Za-z_./][A-Za-z0-9_./-]*$/;

/** Words that are no texts to one YAML or the other: booleans, null, and what floats are spelled with. */
const otherWord = /^(?:true|false|yes|no|on|off|y|n|null|\.inf|\.nan)$/i;

/** What must not stand in a document as it is: it is not printable, or ends a line to some readers. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unprintable = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/;

/** Writes a document. */
export function yamlDocument(value: YamlValue): string {
  return `${linesOf(value).join("\n")}\n`;
}

/** The lines of a value at the left margin. */
function linesOf(value: YamlValue): string[] {
  if (isList(value)) return value.flatMap((item) => behind("-", item));
  if (typeof value === "object") {
    return Object.entries(value).flatMap(([key, item]) => {
      if (item === undefined) return [];
      const name = scalar(key);
      if (isInline(item)) return [`${name}: ${inline(item)}`];
      return [`${name}:${isBlock(item) ? " |-" : ""}`, ...indented(isBlock(item) ? item.split("\n") : linesOf(item))];
    });
  }
  return [inline(value)];
}

/** The lines of a list's item, the first of them behind its mark. */
function behind(mark: string, item: YamlValue): string[] {
  if (isInline(item)) return [`${mark} ${inline(item)}`];
  if (isBlock(item)) return [`${mark} |-`, ...indented(item.split("\n"))];
  const [first = "", ...rest] = linesOf(item);
  return [`${mark} ${first}`, ...indented(rest)];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

/** Whether a value stands on one line. */
function isInline(value: YamlValue): value is string | number | boolean {
  if (typeof value !== "object") return !isBlock(value);
  return isList(value) ? value.length === 0 : Object.values(value).every((item) => item === undefined);
}

function inline(value: YamlValue): string {
  if (typeof value === "string") return scalar(value);
  if (typeof value !== "object") return String(value);
  return isList(value) ? "[]" : "{}";
}

/** Whether a text reads better as it is on lines of its own: it has quotes or several lines, and no odd blanks. */
function isBlock(value: YamlValue): value is string {
  if (typeof value !== "string" || !/["\n]/.test(value) || unprintable.test(value)) return false;
  return value.isWellFormed() && value.split("\n").every((line) => line !== "" && line.trim() === line);
}

function scalar(text: string): string {
  if (plainText.test(text) && !otherWord.test(text)) return text;
  // The escapes of JSON are among those of YAML; what JSON lets stand unescaped is escaped here.
  return JSON.stringify(text.toWellFormed()).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function isList(value: YamlValue): value is readonly YamlValue[] {
  return Array.isArray(value);
}
