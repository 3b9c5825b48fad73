import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/**
 * The open connections of a server, known so that it can be closed without cutting off a request.
 *
 * Node.js's own `server.close()` waits for clients that are connected and have asked nothing yet, or ask again and
 * again on the same connection; so it may wait for ever.
 */
export class Connections {
  readonly #server: Server;
  /** Everything that is connected; over TLS, what lies beneath the secured connections. */
  readonly #sockets = new Set<Socket>();
  /** How many requests are under way on each connection that can carry some. */
  readonly #requests = new Map<Socket, number>();
  #isClosing = false;

  /** @param server one that has no connections yet */
  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    const isSecure = "setSecureContext" in server;
    server.on(isSecure ? "secureConnection" : "connection", (socket: Socket) => {
      if (this.#isClosing) return void socket.destroy();
      this.#requests.set(socket, 0);
      socket.once("close", () => this.#requests.delete(socket));
    });
    server.prependListener("request", (request, response) => this.#follow(request, response));
    // To listen for upgrades changes how they are treated, so that is left to servers that do so anyway.
    if (server.listenerCount("upgrade") > 0) {
      server.prependListener("upgrade", (_request, socket) => this.#add(socket as Socket, 1));
    }
  }

  /** How many requests are under way, upgraded connections included. */
  get requestsUnderWay(): number {
    let sum = 0;
    for (const count of this.#requests.values()) sum += count;
    return sum;
  }

  /**
   * Stops accepting, closes idle connections, and lets requests finish that are under way.
   *
   * @param timeoutMs after which the rest is cut off
   * @returns how many requests were cut off; then no connection is open
   */
  async close(timeoutMs: number): Promise<number> {
    this.#isClosing = true;
    let cutOff = 0;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const [socket, count] of this.#requests) if (count === 0) socket.destroySoon();
    const timer = setTimeout(() => {
      cutOff = this.requestsUnderWay;
      for (const socket of this.#sockets) socket.destroy();
      this.#server.closeAllConnections();
    }, timeoutMs);
    await closed;
    clearTimeout(timer);
    return cutOff;
  }

  #follow(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#add(socket, 1);
    if (this.#isClosing) response.setHeader("Connection", "close");
    response.once("close", () => {
      this.#add(socket, -1);
      if (this.#isClosing && this.#requests.get(socket) === 0) socket.destroySoon();
    });
  }

  #add(socket: Socket, count: number): void {
    const before = this.#requests.get(socket);
    if (before !== undefined) this.#requests.set(socket, before + count);
  }
}
