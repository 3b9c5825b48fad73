// What the specs of HTTP share: an instrumentation of its own for each test, servers on free ports, and clients by hand.
import { once } from "node:events";
import {
  type ClientRequest,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type RequestOptions,
  type Server,
} from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { type InstrumentHttpOptions, instrumentHttp, Registry } from "../../lib/index.ts";

export interface Instrumented {
  readonly registry: Registry;
  stop(): void;
  /** The lines of the exposition that tell counts and active requests, without the prefix `http_`; those at 0 left out. */
  lines(): Promise<string[]>;
  /** Waits until there are such lines as these, and as many requests active. */
  until(isReached: (lines: readonly string[]) => boolean): Promise<string[]>;
}

/** Instruments HTTP for one test, by a clock that stands still. */
export function instrumented(t: TestContext, options: InstrumentHttpOptions = {}): Instrumented {
  const registry = (options.register as Registry | undefined) ?? new Registry();
  const clock = { now: () => 0, monotonicNow: () => 0 };
  const http = instrumentHttp({ register: registry, client: false, sizes: false, clock, ...options });
  t.after(() => http.stop());
  const lines = async () =>
    (await registry.metrics())
      .split("\n")
      .filter((line) => /^http_\w+(_count|_active_requests)\{.* [1-9]\d*$/.test(line))
      .map((line) => line.slice("http_".length));
  return {
    registry,
    stop: () => http.stop(),
    lines,
    async until(isReached) {
      for (const end = performance.now() + 60_000; ; await turn()) {
        const now = await lines();
        if (isReached(now)) return now;
        if (performance.now() > end) throw new Error(`Waited 60 s for other lines than\n${now.join("\n")}`);
      }
    },
  };
}

/** Lets what waits for sockets and timers have its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}

/** Starts a server, or one that is there, on a free port; it ends with the test. */
export async function serve(
  t: TestContext,
  app: RequestListener | Server,
): Promise<{ port: number; url: string; server: Server }> {
  const server = typeof app === "function" ? createServer(app) : app;
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { port, url: `http://127.0.0.1:${port}`, server };
}

/** A connection that sends what it is told to, byte for byte. */
export async function rawConnection(t: TestContext, port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

/** All that a connection receives until it is closed. */
export async function received(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += chunk;
  return text;
}

/** Asks, reads the answer to its end, and tells its status. */
export async function ask<Options extends RequestOptions>(
  url: string,
  options: Options = {} as Options,
  body?: string,
  request: (url: string, options: Options) => ClientRequest = httpRequest,
): Promise<number> {
  const asked = request(url, { agent: false, ...options });
  asked.end(body);
  const [response] = (await once(asked, "response")) as [IncomingMessage];
  response.resume();
  await once(response, "close");
  return response.statusCode as number;
}
