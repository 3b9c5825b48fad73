import { once } from "node:events";
import { connect, type Socket } from "node:net";

/** A connection on which every byte can be chosen. */
export async function connectTo(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  // A server that cuts the connection is what several tests are about.
  socket.on("error", () => {});
  return socket;
}

/** Sends bytes and returns all that comes back until the server closes the connection. */
export async function exchange(port: number, request: string): Promise<string> {
  const socket = await connectTo(port);
  socket.write(request, "latin1");
  return readAll(socket);
}

/** All that comes until the connection is closed. */
export async function readAll(socket: Socket): Promise<string> {
  let text = "";
  socket.setEncoding("latin1");
  socket.on("data", (part) => {
    text += part;
  });
  socket.resume();
  if (!socket.closed) await once(socket, "close");
  return text;
}

/** The answer with the header that tells the time left out. */
export function withoutDate(answer: string): string {
  return answer.replace(/^Date: .*\r\n/gm, "");
}
