/** The credentials that a scraper must bring. A Prometheus server sends them by `authorization` or `basic_auth`. */
export type Authorization =
  | { readonly type: "bearer"; readonly token: string }
  | { readonly type: "basic"; readonly username: string; readonly password: string };

/**
 * Compares the `Authorization` header of requests with the one pair of credentials that is accepted.
 *
 * How long the comparison takes depends on what the client sent, and not on how much of it is right.
 */
export class CredentialCheck {
  /** The value of the `WWW-Authenticate` header that goes with a refusal. */
  readonly challenge: string;
  readonly #scheme: string;
  readonly #credentials: string;

  /**
   * @throws {TypeError} when a part is missing or no text
   * @throws {RangeError} when it could not be sent in a header: an empty token, one with blanks, a user name with ":"
   */
  constructor(authorization: Authorization) {
    const { type } = authorization;
    this.#scheme = type;
    switch (type) {
      case "bearer":
        checkText("token", authorization.token);
        if (!/^[\x21-\x7e]+$/.test(authorization.token)) {
          throw new RangeError(
            'Authorization: "token" must be visible ASCII characters without blanks, and not empty.',
          );
        }
        this.challenge = 'Bearer realm="metrics"';
        this.#credentials = authorization.token;
        break;
      case "basic":
        checkText("username", authorization.username);
        checkText("password", authorization.password);
        if (authorization.username.includes(":")) {
          throw new RangeError('Authorization: "username" can\'t hold ":", which ends it in the header.');
        }
        this.challenge = 'Basic realm="metrics", charset="UTF-8"';
        this.#credentials = base64(`${authorization.username}:${authorization.password}`);
        break;
      default:
        throw new TypeError(
          `Authorization: "type" must be "bearer" or "basic", but got ${JSON.stringify(type satisfies never)}.`,
        );
    }
  }

  /** Whether the value of an `Authorization` header holds the credentials. */
  accepts(header: string | null | undefined): boolean {
    if (header === null || header === undefined) return false;
    const blank = header.indexOf(" ");
    if (blank < 0 || header.slice(0, blank).toLowerCase() !== this.#scheme) return false;
    return isSameText(header.slice(blank).trim(), this.#credentials);
  }
}

function checkText(name: string, value: unknown): void {
  if (typeof value !== "string")
    throw new TypeError(`Authorization: "${name}" must be a string, but got ${typeof value}.`);
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** Compares every character of what was given, whatever the secret is. The secret may not be empty. */
function isSameText(given: string, secret: string): boolean {
  let difference = given.length ^ secret.length;
  for (let i = 0; i < given.length; i++) difference |= given.charCodeAt(i) ^ secret.charCodeAt(i % secret.length);
  return difference === 0;
}
