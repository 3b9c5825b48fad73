/** Where an input is not what its format says: lines and columns from 1 in text, the offset of a byte in protobuf. */
export type ParsePlace = { readonly line: number; readonly column: number } | { readonly offset: number };

/**
 * An exposition could not be read. The message says where, what was expected, and what stood there instead:
 * `Line 3, column 14: expected a number, but found "abc".`
 */
export class ParseError extends Error {
  override readonly name: string = "ParseError";
  /** The line in a text, from 1. */
  readonly line: number | undefined;
  /** The character in the line, from 1. */
  readonly column: number | undefined;
  /** The byte in a protobuf input, from 0. */
  readonly offset: number | undefined;
  readonly expected: string;
  readonly found: string;

  constructor(place: ParsePlace, expected: string, found: string) {
    const where = "line" in place ? `Line ${place.line}, column ${place.column}` : `Byte ${place.offset}`;
    super(`${where}: expected ${expected}, but found ${found}.`);
    this.line = "line" in place ? place.line : undefined;
    this.column = "line" in place ? place.column : undefined;
    this.offset = "offset" in place ? place.offset : undefined;
    this.expected = expected;
    this.found = found;
  }
}

/** How much of the input an error shows, in characters. */
const SHOWN = 40;

/** Text of the input as an error shows it: quoted, on one line, and not the whole of it where it is long. */
export function showText(text: string): string {
  const characters = [...text.slice(0, 2 * SHOWN + 2)];
  return JSON.stringify(characters.length > SHOWN ? `${characters.slice(0, SHOWN).join("")}…` : text);
}
