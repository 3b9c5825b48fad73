// Which route of the program answered a request: as it was declared, never as it was asked for.
import type { IncomingMessage, ServerResponse } from "node:http";
import { warnOnce } from "./channels.ts";
import { expressRoute } from "./express-route.ts";

/** Where a route is left for the request, for all copies of this library. */
const ROUTE = Symbol.for("tallystick.route");

/** The template of the route that answered, or "" when it is not known. */
export type RouteOf = (request: IncomingMessage, response: ServerResponse) => string;

/**
 * Decides on the route of a request that has ended: a template such as `/users/:id` of which a program has few, `null` to
 * leave the label out, or `undefined` for what the framework says.
 */
export type RouteHook = (request: IncomingMessage, response: ServerResponse) => string | null | undefined;

/**
 * Says which route answers a request, for routers that nobody can ask.
 *
 * @param request as Node.js made it
 * @param route the template as it was declared, `/users/:id`; never the path of the request
 * @example
 * router.on("GET", "/users/:id", (request, response) => {
 *   setHttpRoute(request, "/users/:id");
 *   response.end("…");
 * });
 */
export function setHttpRoute(request: object, route: string): void {
  (request as { [ROUTE]?: unknown })[ROUTE] = route;
}

/**
 * Middleware for Koa and Hono, which keep to themselves what matched: it lets the metrics ask them for the route. Put it
 * before the router.
 *
 * @example
 * app.use(httpRoute); // of Koa with @koa/router, or of Hono on @hono/node-server
 */
export function httpRoute<Result>(context: object, next: () => Result): Result {
  const { req, env } = context as { readonly req?: unknown; readonly env?: { readonly incoming?: unknown } };
  const request = env?.incoming ?? req;
  // What matched is known later. So the context is left, and asked when the request has ended.
  if (typeof request === "object" && request !== null) (request as { [ROUTE]?: unknown })[ROUTE] = context;
  return next();
}

/** Finds routes, by the hook of the program first; a hook that throws is taken to know nothing. */
export function routeFinder(hook: RouteHook | undefined): RouteOf {
  return (request, response) => {
    try {
      const decided = hook?.(request, response);
      if (decided === undefined) return frameworkRoute(request) ?? "";
      return typeof decided === "string" ? decided : "";
    } catch (error) {
      warnOnce(error);
      return "";
    }
  };
}

function frameworkRoute(request: object): string | undefined {
  const left = (request as { readonly [ROUTE]?: unknown })[ROUTE];
  if (left === undefined) return expressRoute(request);
  return typeof left === "string" ? left : contextRoute(left as ContextLike);
}

/** What Koa's context has from @koa/router, and Hono's from itself. */
interface ContextLike {
  readonly _matchedRoute?: unknown;
  readonly req?: {
    readonly routeIndex?: number;
    readonly matchedRoutes?: readonly HonoRoute[];
  };
}

interface HonoRoute {
  readonly path: string;
  readonly method: string;
  readonly handler: (...args: never) => unknown;
}

function contextRoute({ _matchedRoute: matched, req }: ContextLike): string | undefined {
  // Of a route that was declared as a regular expression the source is the template.
  if (matched !== undefined && matched !== null) return String(matched);
  const route = req?.matchedRoutes?.[req.routeIndex ?? 0];
  // What was reached last may be middleware, for whatever path; it takes a second argument.
  if (route === undefined || (route.method === "ALL" && route.handler.length > 1)) return undefined;
  return route.path;
}
