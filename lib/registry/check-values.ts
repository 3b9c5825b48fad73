// What a value from outside has to be, in the words of the errors about families.

/** How much of a value an error shows, in characters. */
const MOST_SHOWN = 80;

/** Any number, NaN and the infinities too. */
export function number(owner: string, what: string, value: unknown): number {
  if (typeof value !== "number") throw new TypeError(`${owner} has ${show(value)} for ${what}.`);
  return value;
}

/** A number from zero on. */
export function count(owner: string, what: string, value: unknown): number {
  const checked = number(owner, what, value);
  if (!(checked >= 0)) throw new RangeError(`${owner} has ${checked} for ${what}, which can't be negative or NaN.`);
  return checked;
}

/** A finite number. */
export function time(owner: string, what: string, value: unknown): number {
  if (!Number.isFinite(value)) throw new TypeError(`${owner} has a series with the ${what} ${show(value)}.`);
  return value as number;
}

/** A list copied from whatever can be iterated. */
export function listOf(owner: string, what: string, value: unknown): unknown[] {
  if (typeof (value as Iterable<unknown> | null | undefined)?.[Symbol.iterator] !== "function") {
    throw new TypeError(`${owner} has no list of ${what}.`);
  }
  return [...(value as Iterable<unknown>)];
}

/** Whether a value is an object; of which shape is for the caller to find out. */
export function isObject<Shape = object>(value: unknown): value is Shape & object {
  return typeof value === "object" && value !== null;
}

/** A value in an error message, never longer than a line. */
export function show(value: unknown): string {
  if (typeof value === "string") return shorten(JSON.stringify(value));
  return shorten(isObject(value) ? Object.prototype.toString.call(value) : String(value));
}

/** A text in an error message, never longer than a line. */
export function shorten(text: string): string {
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
