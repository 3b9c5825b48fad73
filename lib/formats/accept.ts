// The lists that HTTP requests say their wishes in: `Accept`, `Accept-Encoding`.

/** One of the wishes: what, with which parameters, and how much it is wished. */
export interface Wish {
  /** In lower case: `text/plain`, `gzip`, `*`. */
  readonly value: string;
  /** Without `q`; names in lower case. Of a parameter that is given several times, the last one counts. */
  readonly parameters: ReadonlyMap<string, string>;
  /** From 0, which means not at all, to 1. */
  readonly weight: number;
}

/** A longer list is nobody's honest wish, and is not looked at. */
const LONGEST_LIST = 8192;

const token = /^[!#$%&'*+.^_`|~0-9a-z-]+(?:\/[!#$%&'*+.^_`|~0-9a-z-]+)?$/;

/**
 * Reads the value of an `Accept` header or its like. What is malformed is left out: nothing that a client sends makes it
 * throw.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-quality-values
 */
export function parseWishes(header: string): Wish[] {
  if (header.length > LONGEST_LIST) return [];
  const wishes: Wish[] = [];
  for (const clause of splitOutsideQuotes(header, ",")) {
    const [value = "", ...rest] = splitOutsideQuotes(clause, ";").map((part) => part.trim());
    if (!token.test(value.toLowerCase())) continue;
    const parameters = new Map<string, string>();
    for (const one of rest) {
      const equals = one.indexOf("=");
      if (equals > 0) parameters.set(one.slice(0, equals).trim().toLowerCase(), unquote(one.slice(equals + 1).trim()));
    }
    const weight = weightOf(parameters.get("q"));
    parameters.delete("q");
    wishes.push({ value: value.toLowerCase(), parameters, weight });
  }
  return wishes;
}

/** A weight that can't be read is as good as none: 1. */
function weightOf(text: string | undefined): number {
  if (text === undefined || !/^(?:\d+\.?\d*|\.\d+)$/.test(text)) return 1;
  return Math.min(1, Number(text));
}

function splitOutsideQuotes(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let isQuoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') isQuoted = !isQuoted;
    else if (c === "\\" && isQuoted) i++;
    else if (c === separator && !isQuoted) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function unquote(text: string): string {
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"')
    ? text.slice(1, -1).replace(/\\(.)/gs, "$1")
    : text;
}
