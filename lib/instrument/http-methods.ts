/** The methods of RFC 9110, PATCH of RFC 5789, and QUERY: those that OpenTelemetry knows. */
const knownMethods: readonly string[] = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
  "QUERY",
];

/** What stands for every method that is not known. */
const OTHER = "_OTHER";

/**
 * The methods that become label values, each with a number. Whatever else a client sends is `_OTHER`, number 0, so that
 * nobody outside the program adds series.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 */
export class HttpMethods {
  /** By number. */
  readonly names: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;

  /** @param known in the place of the list of the specification; letters count as they are written */
  constructor(known: readonly string[] = knownMethods) {
    this.names = [OTHER, ...new Set(known)];
    this.#numbers = new Map(this.names.map((name, i) => [name, i]));
  }

  numberOf(method: string | undefined): number {
    return this.#numbers.get(method as string) ?? 0;
  }

  nameOf(method: string | undefined): string {
    return this.names[this.numberOf(method)] as string;
  }
}

/**
 * The methods that the program wants to know: those given, else those of the environment, else the specification's.
 *
 * @throws {TypeError} when they are no texts
 */
export function readMethods(given: unknown, env: NodeJS.ProcessEnv): HttpMethods {
  if (given !== undefined) {
    if (!(Array.isArray(given) && given.every((method) => typeof method === "string" && method !== ""))) {
      throw new TypeError("instrumentHttp: methods must be an array of texts.");
    }
    return new HttpMethods(given);
  }
  const listed = env["OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS"]
    ?.split(",")
    .map((method) => method.trim())
    .filter((method) => method !== "");
  return new HttpMethods(listed?.length ? listed : undefined);
}
