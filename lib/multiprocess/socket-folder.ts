// The folder in which a socket and the files beside it lie.
import { lstatSync, mkdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { dirname } from "node:path";

/**
 * Makes sure that nobody but this user can enter the folder of a socket, and that the path is free.
 *
 * @throws {Error} when the folder is open to others, or somebody listens there already
 */
export async function prepareSocket(path: string): Promise<void> {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { mode, uid } = lstatSync(folder);
  const isOwn = (mode & 0o077) === 0 && (process.getuid === undefined || uid === process.getuid());
  if (!isOwn)
    throw new Error(`The folder "${folder}" is open to others. Give the socket one of its own with mode 0700.`);
  if (await isAnswered(path)) throw new Error(`Another process listens on "${path}" already.`);
  rmSync(path, { force: true });
}

/** The name of the file in which a process leaves its last report. */
export function spoolName(incarnation: number): string {
  return `process-${incarnation}.spool`;
}

export function isSpoolName(name: string): boolean {
  return /^process-\d+\.spool$/.test(name);
}

/** Whether somebody listens on the socket. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
