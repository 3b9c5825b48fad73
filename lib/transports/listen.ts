import type { Server } from "node:net";
import { StartError } from "./start-error.ts";

/** Where a server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Why a server can't listen, in words; the system's own codes say little to who doesn't know them. */
const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is taken",
  EACCES: "that needs rights which the process doesn't have",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "there is no host of that name",
};

/**
 * Starts to listen.
 *
 * @param port 0 for any port that is free
 * @returns where the server listens: the host as given and the port it really has
 * @throws {RangeError} for what can't be a port
 * @throws {StartError} when it can't listen there, with the system's error as `cause`
 */
export async function listen(server: Server, { host, port }: Address): Promise<Address> {
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new RangeError(`A port is a whole number from 0 to 65535, but got ${String(port)}.`);
  }
  if (typeof host !== "string" || host === "") {
    throw new TypeError(
      'A host is an address or a name, such as "127.0.0.1"; an empty one would mean every interface.',
    );
  }
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: NodeJS.ErrnoException) => {
      server.removeListener("listening", listening);
      const reason = reasons[cause.code ?? ""] ?? cause.message;
      reject(new StartError(`Can't listen on ${authority({ host, port })}: ${reason}.`, { cause }));
    };
    const listening = () => {
      server.removeListener("error", fail);
      resolve();
    };
    server.once("error", fail);
    server.once("listening", listening);
    server.listen({ host, port });
  });
  const address = server.address();
  return { host, port: address !== null && typeof address === "object" ? address.port : port };
}

/** Host and port as one text: `127.0.0.1:8000`, `[::1]:8000`. */
export function authority({ host, port }: Address): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** A URL by which this machine reaches the address; that of every interface is no address one can go to. */
export function urlOf({ host, port }: Address): string {
  const reachable = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host;
  return `http://${authority({ host: reachable, port })}`;
}
