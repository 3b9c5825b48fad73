// Reads numbers out of the lines of an exposition, without making a string of their digits wherever a double can be
// computed exactly.
import { roundDecimal } from "./round-decimal.ts";
import { NEWLINE, QUOTE, SPACE, TAB, type TextScanner } from "./text-scanner.ts";

const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_E = 0x65;

/** 10^0…10^22, which doubles hold exactly. */
const powersOfTen = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/** How many digits any double holds exactly, as an integer. */
const EXACT_DIGITS = 15;

/** An exponent that is beyond all doubles, whatever digits stand before it; so many digits can't stand in memory. */
const HUGE_EXPONENT = 1e10;

/**
 * Reads a number. Behind it stands a blank, a quote or a newline.
 *
 * @param shift the power of ten that it is multiplied by, without a rounding error
 */
export function scanNumber(scanner: TextScanner, expected: string, shift = 0): number {
  const { bytes, pos: start } = scanner;
  let pos = start;
  let c = bytes[pos] as number;
  const isNegative = c === MINUS;
  if (isNegative || c === PLUS) c = bytes[++pos] as number;

  const digits = pos;
  let mantissa = 0;
  for (; c >= ZERO && c <= NINE; c = bytes[++pos] as number) mantissa = mantissa * 10 + (c - ZERO);
  let count = pos - digits;
  if (shift === 0 && count > 0 && count <= EXACT_DIGITS && (c === NEWLINE || c === SPACE)) {
    scanner.pos = pos;
    return isNegative ? -mantissa : mantissa;
  }
  let exponent = shift;
  if (c === POINT) {
    const point = pos;
    c = bytes[++pos] as number;
    for (; c >= ZERO && c <= NINE; c = bytes[++pos] as number) mantissa = mantissa * 10 + (c - ZERO);
    const decimals = pos - point - 1;
    count += decimals;
    exponent -= decimals;
  }
  if (count === 0) return scanSpecial(scanner, expected);
  const mantissaEnd = pos;
  let written = 0;
  if ((c | 0x20) === LOWER_E) {
    c = bytes[++pos] as number;
    const isDivided = c === MINUS;
    if (isDivided || c === PLUS) c = bytes[++pos] as number;
    if (!(c >= ZERO && c <= NINE)) scanner.fail(expected, start);
    for (; c >= ZERO && c <= NINE; c = bytes[++pos] as number) {
      written = Math.min(written * 10 + (c - ZERO), HUGE_EXPONENT);
    }
    if (isDivided) written = -written;
    exponent += written;
  }
  if (!isEnd(c)) scanner.fail(expected, start);
  scanner.pos = pos;
  // Both numbers are exact here, so that the one operation rounds correctly.
  if (count <= EXACT_DIGITS && exponent >= -22 && exponent <= 22) {
    const value =
      exponent < 0 ? mantissa / (powersOfTen[-exponent] as number) : mantissa * (powersOfTen[exponent] as number);
    return isNegative ? -value : value;
  }
  if (count > EXACT_DIGITS && count <= 2 * EXACT_DIGITS && exponent >= -22 && exponent <= 0) {
    const value = roundDigits(bytes, digits, mantissaEnd, powersOfTen[-exponent] as number);
    if (!Number.isNaN(value)) return isNegative ? -value : value;
  }
  const text = scanner.slice(start, shift === 0 ? pos : mantissaEnd);
  const value = Number(shift === 0 ? text : `${text}e${written + shift}`);
  if (!Number.isFinite(value)) scanner.fail(`${expected} that a double can hold`, start);
  return value;
}

/** The number that up to 30 digits, perhaps with a point among them, make of an integer, divided; NaN if that can't be told. */
function roundDigits(bytes: Uint8Array, start: number, end: number, divisor: number): number {
  let high = 0;
  let low = 0;
  let count = 0;
  for (let pos = start; pos < end; pos++) {
    const c = bytes[pos] as number;
    if (c === POINT) continue;
    if (count++ < EXACT_DIGITS) high = high * 10 + (c - ZERO);
    else low = low * 10 + (c - ZERO);
  }
  return roundDecimal(high, powersOfTen[count - EXACT_DIGITS] as number, low, divisor);
}

/** Reads a number that fills the quotes around it, at another place of the line. */
export function scanQuotedNumber(scanner: TextScanner, at: number, expected: string): number {
  const { pos } = scanner;
  scanner.pos = at;
  const value = scanNumber(scanner, expected);
  if (scanner.bytes[scanner.pos] !== QUOTE) scanner.fail(expected, at);
  scanner.pos = pos;
  return value;
}

/** Reads a whole number in plain digits. Behind it stands a blank or a newline. */
export function scanInteger(scanner: TextScanner, expected: string): number {
  const { bytes, pos: start } = scanner;
  let pos = start;
  if (bytes[pos] === MINUS || bytes[pos] === PLUS) pos++;
  const digits = pos;
  while ((bytes[pos] as number) >= ZERO && (bytes[pos] as number) <= NINE) pos++;
  const c = bytes[pos];
  if (pos === digits || (c !== NEWLINE && c !== SPACE && c !== TAB)) scanner.fail(expected);
  const value = Number(scanner.slice(start, pos));
  if (Math.abs(value) > 2 ** 63) scanner.fail(`${expected} that 64 bits can hold`);
  scanner.pos = pos;
  return value;
}

/** Reads one of the numbers that are words, in any case of the letters. */
function scanSpecial(scanner: TextScanner, expected: string): number {
  const { bytes, pos: start } = scanner;
  const c = bytes[start];
  const isSigned = c === MINUS || c === PLUS;
  if (isSigned) scanner.pos++;
  let value: number;
  if (skipWord(scanner, "inf")) {
    skipWord(scanner, "inity");
    value = c === MINUS ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  } else {
    if (isSigned || !skipWord(scanner, "nan")) scanner.fail(expected, start);
    value = Number.NaN;
  }
  if (!isEnd(bytes[scanner.pos])) scanner.fail(expected, start);
  return value;
}

function skipWord(scanner: TextScanner, word: string): boolean {
  const { bytes, pos } = scanner;
  for (let i = 0; i < word.length; i++) {
    if (((bytes[pos + i] as number) | 0x20) !== word.charCodeAt(i)) return false;
  }
  scanner.pos = pos + word.length;
  return true;
}

function isEnd(c: number | undefined): boolean {
  return c === NEWLINE || c === SPACE || c === TAB || c === QUOTE;
}
