// Fastify tells the route of a request itself: to hooks of an instance that was announced, and by a channel.
import { listen } from "./channels.ts";
import { setHttpRoute } from "./http-route.ts";

/** What is needed of Fastify's request. */
interface FastifyRequest {
  readonly raw: object;
  readonly is404?: boolean;
  readonly routeOptions?: { readonly url?: unknown };
}

interface Fastify {
  addHook(name: "onRequest", hook: (request: FastifyRequest, reply: unknown, done: () => void) => void): unknown;
}

/**
 * Leaves the routes of Fastify's requests where they are found when these end; returns what ends it.
 *
 * An instance that is made later gets a hook, which hears of every request before anybody can refuse it. Of one that was
 * there before only those are told that reach their handler.
 */
export function listenToFastify(): () => void {
  let isListening = true;
  const note = (request: FastifyRequest): void => {
    const url = request.routeOptions?.url;
    if (isListening && request.is404 !== true && typeof url === "string") setHttpRoute(request.raw, url);
  };
  const unlisten = listen({
    "fastify.initialization": ({ fastify }: { readonly fastify: Fastify }) => {
      fastify.addHook("onRequest", (request, _reply, done) => {
        note(request);
        done();
      });
    },
    "tracing:fastify.request.handler:start": ({ request }: { readonly request: FastifyRequest }) => note(request),
  });
  return () => {
    isListening = false;
    unlisten();
  };
}
