// What the readers of text have in common: lines in bytes, and the tokens that lines are made of.
import { ParseError, showText } from "./parse-error.ts";
import { strings, type TextBytes } from "./string-table.ts";
import { countCharacters, invalidUtf8 } from "./utf8-places.ts";

export const TAB = 0x09;
export const NEWLINE = 0x0a;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const COMMA = 0x2c;
export const EQUALS = 0x3d;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const BACKSLASH = 0x5c;
const LOWER_N = 0x6e;

/** Bits of {@link byteKinds}. */
const METRIC_NAME = 1;
const LABEL_NAME = 2;
const DIGIT = 4;

/** What a byte may be part of. A digit may not be the first of a name. */
const byteKinds = new Uint8Array(256);
for (let byte = 0; byte < 128; byte++) {
  const c = String.fromCharCode(byte);
  if (/[a-zA-Z_]/.test(c)) byteKinds[byte] = METRIC_NAME | LABEL_NAME;
  if (c === ":") byteKinds[byte] = METRIC_NAME;
  if (/[0-9]/.test(c)) byteKinds[byte] = METRIC_NAME | LABEL_NAME | DIGIT;
}

// Byte order marks are kept: they are no part of any format, and each reader complains at its place.
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** How the dialects of the text formats differ in their tokens. */
export interface TextDialect {
  /** Whether blanks may stand between any two tokens, and a comma behind the last label. */
  readonly isLenient: boolean;
  /** What may stand behind a backslash in quotes; without, anything may, and stands for itself with the backslash. */
  readonly escapes?: string;
  /** Whether the last line must end like all others; if it needs not, the input may have been cut off unnoticed. */
  readonly needsLastNewline: boolean;
}

/**
 * Goes over an exposition in text, some whole lines at a time.
 *
 * It works upon bytes: they can be compared and searched faster than characters, and only what is kept becomes a string.
 */
export class TextScanner implements TextBytes {
  readonly dialect: TextDialect;
  /** The lines at hand. The last byte is a newline. */
  bytes: Uint8Array = new Uint8Array(0);
  /** The same memory, for comparing four bytes at a time. */
  view: DataView = new DataView(this.bytes.buffer);
  /** How many times lines were laid in: positions from before mean nothing any more. */
  generation = 0;
  /** The byte that comes next. Whoever reads a token moves it on. */
  pos = 0;
  /** The number of the line that {@link nextLine} went to last. */
  line = 0;
  /** Where that line begins. */
  lineStart = 0;
  /** Whether the lines are all ASCII; and if so, as text, once somebody asked for it. */
  #isAscii = true;
  #text: string | undefined;
  #end = 0;
  #isTerminated = true;
  /** The first byte that is no UTF-8, in the line after those at hand. */
  #invalid: { readonly byte: number; readonly column: number } | undefined;

  constructor(dialect: TextDialect) {
    this.dialect = dialect;
  }

  /**
   * Lays in the next lines.
   *
   * @param bytes whole lines, in a plain `Uint8Array`
   * @param isTerminated whether the last newline is really in the input
   */
  open(bytes: Uint8Array, isTerminated = true): void {
    this.#invalid = undefined;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.generation++;
    this.pos = 0;
    this.#end = bytes.length;
    this.#isTerminated = isTerminated;
    this.#text = undefined;
    this.#isAscii = isAscii(this.view);
    if (!this.#isAscii && !isUtf8(bytes)) this.#cutBeforeInvalid(invalidUtf8(bytes));
  }

  /** Leaves the lines before a byte that is no UTF-8, so that the error is the first one in the input, wherever it was cut. */
  #cutBeforeInvalid(at: number): void {
    const { bytes } = this;
    const start = bytes.subarray(0, at).lastIndexOf(NEWLINE) + 1;
    this.#invalid = { byte: bytes[at] as number, column: countCharacters(bytes.subarray(start, at)) + 1 };
    this.#end = start;
    this.bytes = bytes.subarray(0, start);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, start);
  }

  /** The lines as text, if they are all ASCII, so that the same offsets hold. It is made when it is first asked for. */
  get text(): string | undefined {
    if (this.#isAscii) this.#text ??= decoder.decode(this.bytes);
    return this.#text;
  }

  /** Goes to the next of the lines at hand and returns whether there is one. */
  nextLine(): boolean {
    if (this.pos < this.#end) {
      this.line++;
      this.lineStart = this.pos;
      return true;
    }
    if (this.#invalid === undefined) return false;
    const { byte, column } = this.#invalid;
    throw new ParseError({ line: this.line + 1, column }, "UTF-8", `the byte 0x${byte.toString(16).toUpperCase()}`);
  }

  /** @throws {ParseError} always: about the current line, at byte `at`, where `found` stands */
  fail(expected: string, at: number = this.pos, found: string = this.#show(at)): never {
    const column = countCharacters(this.bytes.subarray(this.lineStart, at)) + 1;
    throw new ParseError({ line: this.line, column }, expected, found);
  }

  /** @throws {ParseError} always: about an earlier line as a whole */
  failAtLine(line: number, expected: string, found: string): never {
    throw new ParseError({ line, column: 1 }, expected, found);
  }

  /** What stands at a byte, in the words of an error. */
  #show(at: number): string {
    const { bytes } = this;
    if (bytes[at] === NEWLINE) return this.#isCutOff(at) ? "the end of the input" : "the end of the line";
    if (bytes[at] === SPACE) return "a space";
    if (bytes[at] === TAB) return "a tab";
    let end = at + 1;
    while (bytes[end] !== NEWLINE && bytes[end] !== SPACE && bytes[end] !== TAB && end - at < 400) end++;
    return showText(decoder.decode(bytes.subarray(at, end)));
  }

  skipBlanks(): void {
    const { bytes } = this;
    let { pos } = this;
    while (bytes[pos] === SPACE || bytes[pos] === TAB) pos++;
    this.pos = pos;
  }

  /** Whether the bytes at some place spell an ASCII text. */
  startsAt(at: number, text: string): boolean {
    for (let i = 0; i < text.length; i++) {
      if (this.bytes[at + i] !== text.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Whether the bytes that come next spell an ASCII text; if so, goes behind it. */
  skip(text: string): boolean {
    const starts = this.startsAt(this.pos, text);
    if (starts) this.pos += text.length;
    return starts;
  }

  /** Whether a newline is not in the input but stands for its end. */
  #isCutOff(newline: number): boolean {
    return !this.#isTerminated && newline === this.#end - 1;
  }

  /** Goes behind the newline that has to come next. */
  endLine(expected = "the end of the line"): void {
    if (this.bytes[this.pos] !== NEWLINE) this.fail(expected);
    if (this.dialect.needsLastNewline && this.#isCutOff(this.pos)) this.fail("a newline");
    this.pos++;
  }

  /** Goes behind the end of the line, whatever stands before that. */
  skipLine(): void {
    this.pos = this.bytes.indexOf(NEWLINE, this.pos);
    this.endLine();
  }

  /** All that is left of the line; goes behind its end. */
  restOfLine(): string {
    const start = this.pos;
    this.skipLine();
    return strings.get(this, start, this.pos - 1);
  }

  /** The same, with its escapes resolved: those of quotes in OpenMetrics only. */
  restOfText(hasQuotes: boolean): string {
    const start = this.pos;
    const text = this.restOfLine();
    return text.includes("\\") ? unescapeText(this.bytes.subarray(start, this.pos - 1), hasQuotes) : text;
  }

  /** The text from one byte to another. */
  slice(start: number, end: number): string {
    return this.text?.slice(start, end) ?? decoder.decode(this.bytes.subarray(start, end));
  }

  metricName(): string {
    const start = this.pos;
    this.skipMetricName();
    return strings.get(this, start, this.pos);
  }

  skipMetricName(): void {
    this.#skipName(METRIC_NAME, "a metric name");
  }

  labelName(): string {
    const start = this.pos;
    this.#skipName(LABEL_NAME, "a label name");
    return strings.get(this, start, this.pos);
  }

  #skipName(kind: number, expected: string): void {
    const { bytes } = this;
    let { pos } = this;
    let c = bytes[pos] as number;
    if (((byteKinds[c] as number) & (kind | DIGIT)) !== kind) this.fail(expected);
    while (((byteKinds[c] as number) & kind) !== 0) c = bytes[++pos] as number;
    this.pos = pos;
  }

  /** A text in quotes, without them and its escapes. The next byte is the opening quote. */
  quoted(): string {
    const { bytes } = this;
    const start = this.pos + 1;
    let pos = start;
    let c = bytes[pos] as number;
    while (c !== QUOTE && c !== BACKSLASH && c !== NEWLINE) c = bytes[++pos] as number;
    if (c !== QUOTE) return this.#escaped(start, pos);
    this.pos = pos + 1;
    return strings.get(this, start, pos);
  }

  /** The same, from the first backslash on. */
  #escaped(start: number, backslash: number): string {
    const { bytes } = this;
    const { escapes } = this.dialect;
    let pos = backslash;
    for (; bytes[pos] !== QUOTE; pos++) {
      if (bytes[pos] === NEWLINE) this.fail("a closing quote", pos);
      if (bytes[pos] !== BACKSLASH) continue;
      const escaped = String.fromCharCode(bytes[++pos] as number);
      if (escaped === "\n") this.fail("a closing quote", pos);
      if (escapes?.includes(escaped) === false) this.fail('"\\\\", "\\"" or "\\n"', pos - 1);
    }
    this.pos = pos + 1;
    return unescapeText(bytes.subarray(start, pos));
  }
}

/** Whether all bytes are characters by themselves. */
function isAscii(view: DataView): boolean {
  const { byteLength } = view;
  let bits = 0;
  let i = 0;
  for (; i <= byteLength - 8; i += 8) {
    bits |= view.getInt32(i, true) | view.getInt32(i + 4, true);
  }
  for (; i < byteLength; i++) bits |= view.getUint8(i);
  return (bits & 0x80808080) === 0;
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    strictDecoder.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** The text in some bytes with its escapes resolved; behind a backslash, what is no escape stands for itself, as that does. */
function unescapeText(bytes: Uint8Array, hasQuotes = true): string {
  const text = new Uint8Array(bytes.length);
  let length = 0;
  for (let pos = 0; pos < bytes.length; pos++) {
    let c = bytes[pos] as number;
    if (c === BACKSLASH) {
      const escaped = bytes[pos + 1];
      if (escaped === LOWER_N || escaped === BACKSLASH || (escaped === QUOTE && hasQuotes)) {
        c = escaped === LOWER_N ? NEWLINE : escaped;
        pos++;
      }
    }
    text[length++] = c;
  }
  return decoder.decode(text.subarray(0, length));
}
