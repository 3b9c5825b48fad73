// Turns what a module exports as its app into a server. Apps are told by their shape and not by the names of packages,
// so that a framework's next version, or one nobody here has heard of, works as well.
import { createServer, type RequestListener, type Server } from "node:http";
import { type FetchHandler, failResponse, fetchListener } from "./fetch-listener.ts";
import { StartError } from "./start-error.ts";

/** An app that is ready to listen, or that does so already. */
export interface ServableApp {
  readonly server: Server;
  /** Ends what the app itself has open, once its server is closed. */
  close?(): Promise<unknown>;
}

/** An app of Koa or something like it. */
interface CallbackApp {
  callback(): RequestListener;
}

/** An app of Fastify or something like it. */
interface RoutingApp {
  readonly server: Server;
  ready(): PromiseLike<unknown>;
  close?(): PromiseLike<unknown>;
}

/**
 * Makes a server of an app: of an `http.Server`; an app of Express, Koa, Fastify or Hono; an object with `fetch()`; a
 * request listener; a fetch-style handler; or a promise of one of them.
 *
 * A function is a request listener if it declares two parameters or more, as Express' apps do, and otherwise a
 * fetch-style handler: who has no parameter for the response has to return it.
 *
 * @param onError told what a listener or handler throws; the client gets a 500
 * @throws {StartError} when it is none of these: what it is, and what is expected
 */
export async function servableApp(found: unknown, onError: (error: unknown) => void): Promise<ServableApp> {
  if (isRoutingApp(found)) {
    await found.ready();
    return { server: found.server, close: async () => found.close?.() };
  }
  // Asked only now, because Fastify's apps are thenable as well.
  const app = hasMethods(found, "then") ? await found : found;
  if (app !== found) return servableApp(app, onError);
  if (isServer(app)) return { server: app };
  if (isCallbackApp(app)) return { server: createServer(app.callback()) };
  if (typeof app === "function" && !isClass(app)) {
    const listener =
      app.length >= 2 ? guarded(app as RequestListener, onError) : fetchListener(app as FetchHandler, onError);
    return { server: createServer(listener) };
  }
  if (isFetchApp(app)) return { server: createServer(fetchListener((request) => app.fetch(request), onError)) };
  throw new StartError(
    `The app is ${describeFound(app)}, but should be a request listener (request, response) => …, an http.Server, a ` +
      "fetch-style handler (request) => Response, an object with fetch(), or an app of Express, Koa, Fastify or Hono.",
  );
}

/** A listener whose exceptions and rejections cost the one request, and not the process. */
function guarded(listener: RequestListener, onError: (error: unknown) => void): RequestListener {
  return (request, response) => {
    const fail = (error: unknown) => {
      onError(error);
      failResponse(response);
    };
    try {
      const returned: unknown = listener(request, response);
      if (hasMethods(returned, "then")) (returned as PromiseLike<unknown>).then(undefined, fail);
    } catch (error) {
      fail(error);
    }
  };
}

function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  return names.every((name) => typeof (value as Record<string, unknown>)[name] === "function");
}

function isServer(value: unknown): value is Server {
  return hasMethods(value, "on", "listen", "address", "closeIdleConnections", "closeAllConnections");
}

function isRoutingApp(value: unknown): value is RoutingApp {
  return hasMethods(value, "ready", "routing") && isServer((value as RoutingApp).server);
}

function isCallbackApp(value: unknown): value is CallbackApp {
  return hasMethods(value, "callback", "use");
}

function isFetchApp(value: unknown): value is { fetch: FetchHandler } {
  return hasMethods(value, "fetch");
}

function isClass(value: object): boolean {
  return /^class\b/.test(Function.prototype.toString.call(value));
}

function describeFound(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "function") return `the class "${value.name}"`;
  if (typeof value !== "object") return `a ${typeof value}`;
  const keys = Object.keys(value);
  if (keys.length === 0) return "an empty object";
  const shown = keys.slice(0, 5).map((key) => JSON.stringify(key));
  return `an object with ${shown.join(", ")}${keys.length > shown.length ? ", …" : ""}`;
}
