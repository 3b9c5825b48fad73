import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { Server as NetServer, type Socket } from "node:net";

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
  #isLingering = false;

  /** @param server one that has no connections yet */
  constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
    const isSecure = "setSecureContext" in server;
    server.on(isSecure ? "secureConnection" : "connection", (socket: Socket) => {
      if (this.#isClosing && !this.#isLingering) return void socket.destroy();
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
   * @param lingerMs how long idle connections are left open, for clients that are about to ask something on them and
   *   are told then to go elsewhere for the next time
   * @returns how many requests were cut off; then no connection is open
   */
  async close(timeoutMs: number, lingerMs = 0): Promise<number> {
    this.#isClosing = true;
    let cutOff = 0;
    let linger: NodeJS.Timeout | undefined;
    const closed = new Promise<void>((resolve) => {
      if (lingerMs === 0) {
        this.#server.close(() => resolve());
        this.#closeIdle();
        return;
      }
      // That of HTTP servers would close idle connections.
      NetServer.prototype.close.call(this.#server, () => resolve());
      this.#isLingering = true;
      linger = setTimeout(() => {
        this.#isLingering = false;
        this.#closeIdle();
      }, lingerMs);
    });
    const timer = setTimeout(() => {
      cutOff = this.requestsUnderWay;
      for (const socket of this.#sockets) socket.destroy();
      this.#server.closeAllConnections();
    }, timeoutMs);
    await closed;
    clearTimeout(timer);
    clearTimeout(linger);
    return cutOff;
  }

  #closeIdle(): void {
    for (const [socket, count] of this.#requests) if (count === 0) socket.destroySoon();
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
