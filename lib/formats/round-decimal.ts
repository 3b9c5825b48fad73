// Rounds decimals with more digits than a double holds to the double that is nearest, without a string of them.

/** What Dekker splits a double by, into two halves whose products are exact. */
const SPLITTER = 2 ** 27 + 1;

/** More than the result can be off by, relative to its correction. */
const DOUBT = 2 ** -40;

/**
 * The double that is nearest to (`high` × `scale` + `low`) / `divisor`; NaN if that is too close to call.
 *
 * It computes with pairs of doubles, of which one is the other's rounding error, which holds twice the digits (T. J.
 * Dekker, "A floating-point technique for extending the available precision", 1971). A quotient whose error might cross the
 * middle between two doubles is left to the caller; that is seldom.
 *
 * @param high an integer below 10^15
 * @param scale a power of ten up to 10^15
 * @param low an integer below `scale`
 * @param divisor a power of ten up to 10^22
 */
export function roundDecimal(high: number, scale: number, low: number, divisor: number): number {
  const product = high * scale;
  const dividend = product + low;
  // Exact, for the product is the larger one or zero.
  const rest = low - (dividend - product) + productError(high, scale, product);
  const quotient = dividend / divisor;
  const back = quotient * divisor;
  const correction = (dividend - back - productError(quotient, divisor, back) + rest) / divisor;
  const least = quotient + correction * (1 - DOUBT);
  return least === quotient + correction * (1 + DOUBT) ? least : Number.NaN;
}

/** What a product lost in rounding. */
function productError(a: number, b: number, product: number): number {
  const bigA = a * SPLITTER;
  const highA = bigA - (bigA - a);
  const lowA = a - highA;
  const bigB = b * SPLITTER;
  const highB = bigB - (bigB - b);
  const lowB = b - highB;
  return lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB);
}
