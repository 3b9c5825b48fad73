import type { Exemplar } from "../model/family.ts";
import { showText } from "./parse-error.ts";
import { scanNumber } from "./scan-number.ts";
import { CLOSE_BRACE, COMMA, EQUALS, NEWLINE, OPEN_BRACE, QUOTE, SPACE, type TextScanner } from "./text-scanner.ts";

/** The most characters that the labels of an exemplar have together, names and values. */
const MOST_CHARACTERS = 128;

/** Reads an exemplar of OpenMetrics, from its `#` to the end of the line: `# {trace_id="abc"} 0.67 1520879607.789`. */
export function scanExemplar(scanner: TextScanner): Exemplar {
  if (!scanner.skip("# ")) scanner.fail('"# " and an exemplar');
  const labels = scanLabels(scanner);
  if (!scanner.skip(" ")) scanner.fail("a space");
  const value = scanNumber(scanner, "the value of the exemplar");
  if (scanner.bytes[scanner.pos] === NEWLINE) return { labels, value };
  if (!scanner.skip(" ")) scanner.fail("a space or the end of the line");
  return { labels, value, timestampMs: scanTimestamp(scanner) };
}

/** Reads a moment in seconds, and returns it in milliseconds. */
export function scanTimestamp(scanner: TextScanner): number {
  const at = scanner.pos;
  const expected = "a timestamp in seconds";
  const timestampMs = scanNumber(scanner, expected, 3);
  return Number.isFinite(timestampMs) ? timestampMs : scanner.fail(expected, at);
}

function scanLabels(scanner: TextScanner): Record<string, string> {
  const { bytes } = scanner;
  const start = scanner.pos;
  const labels = new Map<string, string>();
  let characters = 0;
  if (bytes[start] !== OPEN_BRACE) scanner.fail('"{"');
  scanner.pos++;
  if (bytes[scanner.pos] !== CLOSE_BRACE) {
    for (;;) {
      const at = scanner.pos;
      const name = bytes[at] === QUOTE ? scanner.quoted() : scanner.labelName();
      if (name === "") scanner.fail("a label name", at);
      if (labels.has(name)) scanner.fail("each label once", at, `${showText(name)} again`);
      if (bytes[scanner.pos] !== EQUALS) scanner.fail('"="');
      scanner.pos++;
      if (bytes[scanner.pos] !== QUOTE) scanner.fail("a label value in quotes");
      const value = scanner.quoted();
      labels.set(name, value);
      // Counted here and not at the end, so that no more labels are kept than an exemplar may have.
      characters += lengthOf(name) + lengthOf(value);
      if (characters > MOST_CHARACTERS) {
        scanner.fail(`an exemplar with at most ${MOST_CHARACTERS} characters in its labels`, start, "more");
      }
      if (bytes[scanner.pos] === CLOSE_BRACE) break;
      if (bytes[scanner.pos] !== COMMA) scanner.fail('"," or "}"');
      scanner.pos++;
      if (bytes[scanner.pos] === SPACE) scanner.fail("a label name");
    }
  }
  scanner.pos++;
  return Object.fromEntries(labels);
}

/** How many characters a text has. An emoji is one, though JavaScript has two code units for it. */
function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}
