// The side of the process that aggregates others over a socket, whoever has started them.
import { chmodSync, lstatSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import type { Aggregation } from "./aggregation.ts";
import { FrameError } from "./bytes.ts";
import { readHeader } from "./frame-reader.ts";
import type { Member, MemberLink } from "./member.ts";
import { spoolName } from "./socket-reports.ts";
import { readSpool, replaceSpool, takeSpool } from "./spool.ts";
import { ALL, ANSWER, FRAME, FRESH, readMessages, WELCOME, writeMessage } from "./stream-messages.ts";

/** How long a process that lost its connection has to come back before it counts as ended, in milliseconds. */
const ABSENCE_MS = 10_000;
/** How often it is saved what processes have told, in milliseconds. */
const SAVE_MS = 10_000;
/** So many frames that can't be read, and the connection is closed. */
const MOST_REFUSED = 10;
const MOST_CONNECTIONS = 1_000;
/** Processes that ended and are remembered: none may come back, for what it told was added up already. */
const MOST_REMEMBERED = 10_000;
const STATE = "state.frames";

const noLink: MemberLink = { askForAll: () => {}, askForFresh: () => {} };

/**
 * Takes the reports of processes that come to a socket.
 *
 * What they have told is kept in files beside it, so that neither a restart of this process nor one of theirs lets a
 * counter fall. Only this user can enter the folder.
 */
export class SocketAggregator {
  readonly #aggregation: Aggregation;
  readonly #folder: string;
  readonly #path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Processes that have no connection at the moment, by incarnation. */
  readonly #absent = new Map<number, { readonly member: Member; readonly timer: NodeJS.Timeout }>();
  readonly #ended = new Set<number>();
  readonly #saving: NodeJS.Timeout;

  private constructor(aggregation: Aggregation, path: string) {
    this.#aggregation = aggregation;
    this.#path = path;
    this.#folder = dirname(path);
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#saving = setInterval(() => this.#save(), SAVE_MS);
    this.#saving.unref();
  }

  /**
   * Listens.
   *
   * @throws {Error} when the folder is open to others, or somebody listens there already
   */
  static async listen(aggregation: Aggregation, path: string): Promise<SocketAggregator> {
    prepareFolder(dirname(path));
    if (await isAnswered(path)) throw new Error(`Another process listens on "${path}" already.`);
    rmSync(path, { force: true });
    const aggregator = new SocketAggregator(aggregation, path);
    aggregator.#restore();
    await new Promise<void>((resolve, reject) => {
      aggregator.#server.once("error", reject);
      aggregator.#server.listen(path, resolve);
    });
    chmodSync(path, 0o600);
    aggregator.#server.on("error", (error) => aggregation.refuse("frame", error));
    return aggregator;
  }

  /** Saves what processes have told, and listens no more. They go on counting, and wait for the next one. */
  async close(): Promise<void> {
    clearInterval(this.#saving);
    for (const { timer } of this.#absent.values()) clearTimeout(timer);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#save();
    for (const socket of this.#sockets) socket.removeAllListeners("close").destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    let member: Member | undefined;
    let refused = 0;
    const refuse = (error: FrameError) => {
      this.#aggregation.refuse("frame", error);
      if (++refused >= MOST_REFUSED) socket.destroy();
    };
    const link: MemberLink = {
      askForAll: () => writeMessage(socket, ALL),
      askForFresh: (question, deadlineMs) => writeMessage(socket, FRESH, `${question} ${deadlineMs}`),
    };
    readMessages(
      socket,
      (kind, payload) => {
        if (kind === ANSWER) member?.answer(Number(payload.toString()));
        else if (kind !== FRAME) refuse(new FrameError(`A message of the unknown kind ${kind}.`));
        else {
          // Whoever has told nothing that can be read has no slot.
          member ??= this.#memberFor(payload, link, refuse);
          if (member !== undefined && !member.receive(payload) && ++refused >= MOST_REFUSED) socket.destroy();
        }
      },
      refuse,
    );
    socket.once("close", () => {
      this.#sockets.delete(socket);
      if (member !== undefined) this.#awaitReturn(member, ABSENCE_MS);
    });
    writeMessage(socket, WELCOME, String(this.#aggregation.intervalMs));
  }

  #memberFor(frame: Uint8Array, link: MemberLink, refuse: (error: FrameError) => void): Member | undefined {
    let incarnation: number;
    try {
      incarnation = readHeader(frame).header.incarnation;
    } catch (error) {
      refuse(error as FrameError);
      return undefined;
    }
    if (this.#ended.has(incarnation)) {
      refuse(new FrameError("A process came back after it had ended."));
      return undefined;
    }
    const absent = this.#absent.get(incarnation);
    if (absent === undefined) return this.#aggregation.join(link);
    this.#absent.delete(incarnation);
    clearTimeout(absent.timer);
    absent.member.relink(link);
    return absent.member;
  }

  /** A process without a connection has left its last report in a file, or comes back, or was killed. */
  #awaitReturn(member: Member, timeoutMs: number): void {
    const { incarnation } = member;
    if (incarnation === undefined) {
      member.leave();
      return;
    }
    for (const frame of takeSpool(join(this.#folder, spoolName(incarnation)))) member.receive(frame);
    const leave = () => {
      this.#absent.delete(incarnation);
      if (this.#ended.size >= MOST_REMEMBERED) this.#ended.clear();
      this.#ended.add(incarnation);
      member.leave(member.isFinal);
      this.#save();
    };
    if (member.isFinal) {
      leave();
      return;
    }
    const timer = setTimeout(leave, timeoutMs);
    timer.unref();
    this.#absent.set(incarnation, { member, timer });
  }

  #restore(): void {
    for (const member of this.#aggregation.restore(readSpool(join(this.#folder, STATE)), noLink)) {
      this.#awaitReturn(member, ABSENCE_MS);
    }
    // Of processes that have ended while nobody listened, and were not there before.
    for (const name of readdirSync(this.#folder)) {
      if (!/^process-\d+\.spool$/.test(name)) continue;
      const member = this.#aggregation.join(noLink);
      for (const frame of takeSpool(join(this.#folder, name))) member.receive(frame);
      member.leave(true);
    }
    this.#save();
  }

  #save(): void {
    replaceSpool(join(this.#folder, STATE), this.#aggregation.save());
  }

  /** Where it listens. */
  get path(): string {
    return this.#path;
  }
}

function prepareFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { mode, uid } = lstatSync(folder);
  if ((mode & 0o077) === 0 && (process.getuid === undefined || uid === process.getuid())) return;
  throw new Error(`The folder "${folder}" is open to others. Give the socket one of its own with mode 0700.`);
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
