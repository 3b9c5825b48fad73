// Numbers as the exposition formats spell them. In a sample value any spelling that Go's ParseFloat reads is right, so it
// is JavaScript's own: the shortest digits that read back, and an exponent only beyond 21 digits or below 1e-6.
import { writeFollowing, writeInteger, writeSmallInteger } from "./integer-digits.ts";
import { writeShortestDigits } from "./shortest-digits.ts";

export { writeInteger };

/**
 * The room that must be left at the offset given to the functions below. The longest spelling takes 25 bytes
 * (`-0.0000012345678901234567`), and some bytes behind a number may be stored to before the next thing is written there.
 */
export const NUMBER_BYTES = 32;

const MINUS = 0x2d;
const POINT = 0x2e;

/**
 * Writes a sample value in ASCII and returns the offset after it: what {@link numberText} spells, without making the
 * string. That holds for integers below 2^53 and nearly all numbers in 1e-6…2^52, of either sign; the rest goes by way of
 * `String`, several times slower. The engine may still box a double that it passes on, in 16 bytes that die at once.
 *
 * @param out a plain `Uint8Array` with {@link NUMBER_BYTES} of room at `offset`. It may be a `Buffer` too, but code that
 *   has seen both kinds is slower for both.
 */
export function writeNumber(out: Uint8Array, offset: number, value: number): number {
  if (value >= 0) return writeMagnitude(out, offset, value);
  if (value < 0 && value !== Number.NEGATIVE_INFINITY) {
    out[offset] = MINUS;
    return writeMagnitude(out, offset + 1, -value);
  }
  return writeAscii(out, offset, numberText(value));
}

function writeMagnitude(out: Uint8Array, offset: number, value: number): number {
  if (value < 1e9) {
    const whole = value | 0;
    // Holds for -0 too, which is how it comes out as 0.
    if (whole === value) return writeSmallInteger(out, offset, whole);
    if (value >= 1e-6) return writeFraction(out, offset, value, whole);
  } else if (value < 2 ** 53) {
    if (Math.floor(value) === value) return writeInteger(out, offset, value);
    return writeAnyFraction(out, offset, value);
  }
  return writeAscii(out, offset, numberText(value));
}

/**
 * Writes a number that is no integer, in 1e-6…1e9. Most have six decimals or fewer, and those are found by trying.
 *
 * @param whole the value without its fraction
 */
function writeFraction(out: Uint8Array, offset: number, value: number, whole: number): number {
  // Such a decimal has at most 15 digits. No two decimals of at most 15 digits read as the same double, so when one
  // reads as `value`, as the correctly rounded quotient shows, it has the shortest digits, but for zeros at its end.
  const millionths = Math.floor(value * 1e6 + 0.5);
  if (millionths / 1e6 !== value) return writeAnyFraction(out, offset, value);
  const fraction = (millionths - whole * 1e6) | 0;
  const thousandths = (fraction / 1000) | 0;
  const rest = fraction - thousandths * 1000;
  const point = writeSmallInteger(out, offset, whole);
  out[point] = POINT;
  const end = writeFollowing(out, point + 1, thousandths);
  return rest === 0 ? end : writeFollowing(out, point + 4, rest);
}

/** Writes a number that is no integer, in 1e-6…2^52. */
function writeAnyFraction(out: Uint8Array, offset: number, value: number): number {
  const end = writeShortestDigits(out, offset, value);
  return end >= 0 ? end : writeAscii(out, offset, String(value));
}

function writeAscii(out: Uint8Array, offset: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[offset + i] = text.charCodeAt(i);
  return offset + text.length;
}

/**
 * Spells a sample value: as `String(value)` does, but `+Inf`, `-Inf` and, for negative zero, `0`.
 *
 * It is also how text 0.0.4 spells `le` and `quantile`; OpenMetrics has {@link canonicalNumberText} for them.
 */
export function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  if (value === Number.NEGATIVE_INFINITY) return "-Inf";
  // String() already drops the sign of -0.
  return String(value);
}

/**
 * Spells `le` and `quantile` as OpenMetrics wants them: `1.0`, `0.005`, `1e-05`, `100000.0`, `1e+06`, `+Inf`.
 *
 * Everything downstream compares them as text, so all client libraries have to agree on the spelling, which is Go's
 * format `g` with the shortest digits, and `.0` where that looks like an integer.
 *
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/#considerations-canonical-numbers
 */
export function canonicalNumberText(value: number): string {
  if (!Number.isFinite(value)) return numberText(value);
  // The shortest digits in scientific notation: "1.234567e+6".
  const [mantissa, exponentText] = value.toExponential().split("e") as [string, string];
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < 6) {
    // In this range String(value) is in plain decimals too.
    return Number.isInteger(value) ? `${value}.0` : String(value);
  }
  const sign = exponent < 0 ? "-" : "+";
  return `${mantissa}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

/**
 * Writes a moment as OpenMetrics wants it, in seconds with up to three decimals (`1520879607.789`, `1520430000`), and
 * returns the offset after it. Never in exponent form, and digit for digit the milliseconds given.
 *
 * @param out a plain `Uint8Array` with {@link NUMBER_BYTES} of room at `offset`
 * @param milliseconds since the epoch: an integer between -2^53 and 2^53; a fraction is rounded off
 */
export function writeTimestampSeconds(out: Uint8Array, offset: number, milliseconds: number): number {
  const magnitude = Math.abs(Math.round(milliseconds));
  // Never rounded up to an integer: below 2^44 doubles are at most 2^-9 apart, and the quotient misses an integer by
  // 0.001 or not at all.
  const seconds = Math.floor(magnitude / 1000);
  const thousandths = (magnitude - seconds * 1000) | 0;
  const isNegative = milliseconds < 0 && magnitude > 0;
  if (isNegative) out[offset] = MINUS;
  const end = writeInteger(out, isNegative ? offset + 1 : offset, seconds);
  if (thousandths === 0) return end;
  out[end] = POINT;
  return writeFollowing(out, end + 1, thousandths);
}
