// The side of the process that aggregates others over a socket, whoever has started them.
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname, join } from "node:path";
import type { Aggregation } from "./aggregation.ts";
import { FrameError } from "./bytes.ts";
import { readHeader } from "./frame-reader.ts";
import type { Member, MemberLink } from "./member.ts";
import { isSpoolName, prepareSocket, spoolName } from "./socket-folder.ts";
import { readSpool, replaceSpool } from "./spool.ts";
import { ALL, ANSWER, FRAME, FRESH, readMessages, WELCOME, writeMessage } from "./stream-messages.ts";

/** How long a process that lost its connection has to come back before it counts as ended, in milliseconds. */
const ABSENCE_MS = 10_000;
/** How often it is saved what processes have told, in milliseconds. */
const SAVE_MS = 10_000;
/** So many frames that can't be read, and the connection is closed. */
const MOST_REFUSED = 10;
/** So many frames of a connection wait to be taken in, and it is read no further until they are fewer. */
const MOST_WAITING = 16;
const MOST_CONNECTIONS = 1_000;
/** Processes that ended and are remembered: none may come back, for what it told was added up already. */
const MOST_REMEMBERED = 10_000;
const STATE = "state.frames";

/** A process that is connected, or may come back. */
interface Known {
  readonly member: Member;
  /** That of its connection. */
  readonly link: MemberLink;
  /** Runs while it has none. */
  absence: NodeJS.Timeout | undefined;
}

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
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** By incarnation. */
  readonly #known = new Map<number, Known>();
  readonly #ended = new Set<number>();
  /** Last reports that were taken in and not saved yet. Their files stay until they are, for this process may be killed. */
  readonly #unsaved = new Set<string>();
  readonly #saving: NodeJS.Timeout;
  #isSaveWaiting = false;

  private constructor(aggregation: Aggregation, path: string) {
    this.#aggregation = aggregation;
    this.#folder = dirname(path);
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = MOST_CONNECTIONS;
    this.#saving = setInterval(() => this.#saveSoon(), SAVE_MS);
    this.#saving.unref();
  }

  /**
   * Listens.
   *
   * @throws {Error} when the folder is open to others, or somebody listens there already
   */
  static async listen(aggregation: Aggregation, path: string): Promise<SocketAggregator> {
    await prepareSocket(path);
    const aggregator = new SocketAggregator(aggregation, path);
    aggregation.work.add(() => aggregator.#restore());
    await aggregation.work.pending;
    try {
      await new Promise<void>((resolve, reject) => {
        aggregator.#server.once("error", reject);
        aggregator.#server.listen(path, resolve);
      });
    } catch (error) {
      aggregator.#stop();
      throw error;
    }
    chmodSync(path, 0o600);
    aggregator.#server.on("error", (error) => aggregation.tell(error));
    return aggregator;
  }

  /** Saves what processes have told, and listens no more. They go on counting, and wait for the next one. */
  async close(): Promise<void> {
    this.#stop();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.removeAllListeners("close").destroy();
    // At once, as this process may be about to end.
    this.#aggregation.work.finish();
    for (const _ of this.#save());
    await closed;
  }

  #stop(): void {
    clearInterval(this.#saving);
    for (const { absence } of this.#known.values()) clearTimeout(absence);
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("error", () => {});
    const { work } = this.#aggregation;
    let incarnation: number | undefined;
    let member: Member | undefined;
    let refused = 0;
    let waiting = 0;
    const countRefused = () => {
      if (++refused >= MOST_REFUSED) socket.destroy();
    };
    const refuse = (error: FrameError) => {
      this.#aggregation.refuse("frame", error);
      countRefused();
    };
    const link: MemberLink = {
      askForAll: () => writeMessage(socket, ALL),
      askForFresh: (question, deadlineMs) => writeMessage(socket, FRESH, `${question} ${deadlineMs}`),
    };
    const take = function* (this: SocketAggregator, frame: Uint8Array): Iterable<void> {
      if (refused >= MOST_REFUSED) return;
      if (member === undefined) {
        // Whoever has told nothing that can be read has no slot.
        try {
          incarnation = readHeader(frame).header.incarnation;
          member = this.#memberFor(incarnation, link);
        } catch (error) {
          refuse(error as FrameError);
          return;
        }
      }
      if (!(yield* member.receive(frame))) countRefused();
    }.bind(this);
    const onFrame = (frame: Uint8Array) => {
      if (++waiting >= MOST_WAITING) socket.pause();
      work.add(function* () {
        try {
          yield* take(frame);
        } finally {
          if (--waiting < MOST_WAITING) socket.resume();
        }
      });
    };
    readMessages(
      socket,
      (kind, payload) => {
        if (kind === FRAME) onFrame(payload);
        else if (kind !== ANSWER) refuse(new FrameError(`A message of the unknown kind ${kind}.`));
        else work.add(() => [member?.answer(Number(payload.toString()))]);
      },
      refuse,
    );
    socket.once("close", () => {
      this.#sockets.delete(socket);
      // After all that it has told.
      work.add(() => (incarnation === undefined ? [] : this.#part(incarnation, link)));
    });
    writeMessage(socket, WELCOME, String(this.#aggregation.intervalMs));
  }

  /** @throws {FrameError} when it must not come back */
  #memberFor(incarnation: number, link: MemberLink): Member {
    if (this.#ended.has(incarnation)) throw new FrameError("A process came back after it had ended.");
    const known = this.#known.get(incarnation);
    clearTimeout(known?.absence);
    known?.member.relink(link);
    const member = known?.member ?? this.#aggregation.join(link);
    this.#known.set(incarnation, { member, link, absence: undefined });
    return member;
  }

  /** A process without a connection has left its last report in a file, or comes back, or was killed. */
  *#part(incarnation: number, link: MemberLink): Iterable<void> {
    const known = this.#known.get(incarnation);
    // It is there again already.
    if (known === undefined || known.link !== link) return;
    yield* this.#takeSpool(known.member, spoolName(incarnation));
    if (!known.member.hasReported) {
      // Nothing would be counted twice if it came back.
      this.#known.delete(incarnation);
      this.#aggregation.leave(known.member, true);
      return;
    }
    if (known.member.isFinal) {
      this.#end(incarnation, known.member);
      return;
    }
    known.absence = setTimeout(() => this.#end(incarnation, known.member), ABSENCE_MS);
    known.absence.unref();
  }

  #end(incarnation: number, member: Member): void {
    this.#known.delete(incarnation);
    const [longestEnded] = this.#ended;
    if (this.#ended.size >= MOST_REMEMBERED) this.#ended.delete(longestEnded as number);
    this.#ended.add(incarnation);
    this.#aggregation.leave(member, member.isFinal);
  }

  *#takeSpool(member: Member, name: string): Iterable<void> {
    const path = join(this.#folder, name);
    if (!existsSync(path)) return;
    for (const frame of readSpool(path)) yield* member.receive(frame);
    this.#unsaved.add(path);
    // Before its counts are put with those of others: as long as they are its own, to read the file again changes nothing.
    yield* this.#save();
  }

  *#restore(): Iterable<void> {
    const members = yield* this.#aggregation.restore(readSpool(join(this.#folder, STATE)), noLink);
    for (const member of members) {
      const { incarnation } = member;
      if (incarnation === undefined) {
        this.#aggregation.leave(member);
        continue;
      }
      this.#known.set(incarnation, { member, link: noLink, absence: undefined });
      yield* this.#part(incarnation, noLink);
    }
    // Of processes that have ended while nobody listened, and were not there before.
    for (const name of readdirSync(this.#folder).filter(isSpoolName)) {
      const member = this.#aggregation.join(noLink);
      yield* this.#takeSpool(member, name);
      this.#aggregation.leave(member, true);
    }
    yield* this.#save();
  }

  #saveSoon(): void {
    if (this.#isSaveWaiting) return;
    this.#isSaveWaiting = true;
    this.#aggregation.work.add(() => this.#save());
  }

  /** Saves what was told, and then removes the files of those whose last report is in it. */
  *#save(): Iterable<void> {
    this.#isSaveWaiting = false;
    try {
      yield* replaceSpool(join(this.#folder, STATE), this.#aggregation.save());
      for (const path of this.#unsaved) rmSync(path, { force: true });
      this.#unsaved.clear();
    } catch (error) {
      // The disk may be full. What is in the files stays there, and is saved the next time.
      this.#aggregation.tell(error as Error);
    }
  }
}
