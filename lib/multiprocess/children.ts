// The side of the process that aggregates, over the channels to the processes that it has started.
import type { ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Aggregation } from "./aggregation.ts";
import { FrameError } from "./bytes.ts";
import type { Member } from "./member.ts";
import { marked, type Request, unmarked, unpackFrame } from "./messages.ts";
import { readSpool } from "./spool.ts";

/** What is needed of a child process. */
export type Child = Pick<ChildProcess, "on" | "once" | "send" | "connected" | "exitCode" | "signalCode">;

/** How long the channel of a process that has ended is still read, in milliseconds. */
const LINGER_MS = 1_000;
/** A process is asked for its first report each interval, for so many of them; no more is lost if it is killed then. */
const EAGER_INTERVALS = 60;
/** After those it is asked ever more rarely, and after so many intervals at most. */
const MOST_PATIENCE = 32;

/** Takes the reports of child processes into an aggregation. */
export class Children {
  readonly #aggregation: Aggregation;
  readonly #asker = randomUUID();
  readonly #members = new Map<Child, Member>();
  #folder: string | undefined;
  #spools = 0;

  constructor(aggregation: Aggregation) {
    this.#aggregation = aggregation;
  }

  /** The member that stands for a child, as long as it lives. */
  memberOf(child: Child): Member | undefined {
    return this.#members.get(child);
  }

  /** Takes in a child that has a channel. Taking it in again changes nothing. */
  add(child: Child): void {
    if (this.#members.has(child)) return;
    const spool = join(this.#spoolFolder(), String(this.#spools++));
    const say = (message: Request) => {
      // A channel that is closed meanwhile is told of by "disconnect".
      if (child.connected) child.send(marked(message), () => {});
    };
    const member = this.#aggregation.join({
      askForAll: () => say({ type: "all", asker: this.#asker }),
      askForFresh: (question, deadlineMs) => say({ type: "fresh", asker: this.#asker, question, deadlineMs }),
    });
    this.#members.set(child, member);
    const { intervalMs } = this.#aggregation;
    const hello = { type: "hello", asker: this.#asker, intervalMs, spool, probe: Uint8Array.of(1) } as const;
    const stopGreeting = greet(() => say(hello), member, intervalMs);
    child.on("message", (message: unknown) => this.#onMessage(member, message));
    let isOver = false;
    const end = () => {
      if (isOver) return;
      isOver = true;
      stopGreeting();
      this.#aggregation.work.add(() => takeSpool(member, spool));
      this.#aggregation.leave(member, child.exitCode === 0);
      this.#members.delete(child);
    };
    // Messages may still be on their way when a process has ended; its channel is closed when they are all read. But a
    // process that it has started may hold the channel open.
    child.once("exit", () => {
      if (!child.connected) end();
      else setTimeout(end, LINGER_MS).unref();
    });
    child.once("disconnect", () => {
      if (child.exitCode !== null || child.signalCode !== null) end();
    });
  }

  #onMessage(member: Member, given: unknown): void {
    const message = unmarked(given);
    if (message === undefined || message["asker"] !== this.#asker) return;
    if (message["type"] === "answer") this.#aggregation.answer(member, Number(message["question"]));
    if (message["type"] !== "report") return;
    const frame = unpackFrame(message["frame"]);
    if (frame !== undefined) this.#aggregation.receive(member, frame);
    else
      this.#aggregation.refuse(
        "frame",
        new FrameError(`A frame of the process in slot ${member.slot}: it has no bytes.`),
      );
  }

  #spoolFolder(): string {
    if (this.#folder === undefined) {
      // Only this user can enter it.
      const folder = mkdtempSync(join(tmpdir(), "tallystick-"));
      this.#folder = folder;
      process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
    }
    return this.#folder;
  }
}

/** Takes in the last report of a process that could not send it. */
function* takeSpool(member: Member, path: string): Iterable<void> {
  for (const frame of readSpool(path)) yield* member.receive(frame);
  rmSync(path, { force: true });
}

/** Asks again until there is an answer. What was asked before the child had loaded the library it has never heard. */
function greet(say: () => void, member: Member, intervalMs: number): () => void {
  let patience = 1;
  let times = 0;
  let timer: NodeJS.Timeout;
  const next = () => {
    if (member.hasReported) return;
    say();
    timer = setTimeout(next, patience * intervalMs);
    timer.unref();
    if (++times >= EAGER_INTERVALS) patience = Math.min(2 * patience, MOST_PATIENCE);
  };
  next();
  return () => clearTimeout(timer);
}
