/** How many names a request may ask for, and how long each may be, in characters. */
const MOST_NAMES = 256;
const LONGEST_NAME = 1024;

/**
 * The metric names that a query restricts a scrape to: those of its parameters `name[]`, as `?name[]=a&name[]=b`.
 * `undefined` where it has none of them, so that everything is wanted.
 *
 * @param query what stands behind the `?`
 * @throws {RangeError} when there are more than anybody needs, or one is longer than names are
 */
export function namesOf(query: string): readonly string[] | undefined {
  const names = new URLSearchParams(query).getAll("name[]");
  if (names.length === 0) return undefined;
  if (names.length > MOST_NAMES) throw new RangeError(`More than ${MOST_NAMES} names were asked for.`);
  if (names.some((name) => name.length > LONGEST_NAME)) {
    throw new RangeError(`A name of more than ${LONGEST_NAME} characters was asked for.`);
  }
  return names;
}
