// The side of a process that is aggregated over the channel to the one that started it.

import { register } from "../registry/default-registry.ts";
import type { Registry } from "../registry/registry.ts";
import { marked, packFrame, type Request, unmarked } from "./messages.ts";
import { type Reportable, Reporter } from "./reporter.ts";
import { writeSpool } from "./spool.ts";

/** How many aggregations a process reports to at most. */
const MOST_SESSIONS = 8;
/** How often a process reports at most, in milliseconds. */
const SHORTEST_INTERVAL_MS = 10;
const LONGEST_INTERVAL_MS = 2 ** 31 - 1;

/** What all copies of the library in a process share: one of them reports, whichever registries any names. */
interface Shared {
  registries: readonly Reportable[];
  isListening: boolean;
}

const key = Symbol.for("tallystick.reports/1");
const host = globalThis as { [key]?: Shared };
host[key] ??= { registries: [register], isListening: false };
const shared: Shared = host[key];

/**
 * Says which registries of this process are reported to the one that aggregates.
 *
 * @default the default registry
 */
export function setReportedRegistries(registries: Registry | readonly Registry[]): void {
  const given = Array.isArray(registries) ? [...(registries as readonly Registry[])] : [registries as Registry];
  if (given.length === 0 || !given.every((one) => typeof one?.registerAllWith === "function")) {
    throw new TypeError("setRegistries() takes a registry, or an array of registries that has at least one.");
  }
  shared.registries = given;
}

/** The registries that are reported. */
export function reportedRegistries(): readonly Reportable[] {
  return shared.registries;
}

type Hello = Extract<Request, { readonly type: "hello" }>;

/** Reports to one aggregation of the parent. */
class ReportSession {
  readonly #asker: string;
  readonly #spool: string;
  readonly #carriesBytes: boolean;
  readonly #reporter: Reporter;
  readonly #timer: NodeJS.Timeout;
  /** Frames that the channel has not taken yet. */
  #underWay = 0;
  /** Where frames go that are no more sent. */
  #kept: Uint8Array[] | undefined;
  #hasFlushed = false;

  constructor({ asker, intervalMs, spool, probe }: Hello) {
    this.#asker = asker;
    this.#spool = spool;
    this.#carriesBytes = probe instanceof Uint8Array;
    this.#reporter = new Reporter({ registries: reportedRegistries, send: (frame) => this.#send(frame) });
    this.#timer = setInterval(() => this.#report(), intervalMs);
    this.#timer.unref();
    this.#report();
  }

  #report(): void {
    // While the parent does not read, what changes is found by the first report after that.
    if (this.#underWay > 0) return;
    this.#hasFlushed = false;
    this.#reporter.report();
  }

  all(): void {
    this.#reporter.startOver();
    this.#report();
  }

  async fresh(question: number, deadlineMs: number): Promise<void> {
    await this.#reporter.reportFresh(deadlineMs);
    if (process.connected) process.send?.(marked({ type: "answer", asker: this.#asker, question }), () => {});
  }

  /** The event loop has nothing to do any more; to send something gives it something, so this is done once. */
  flush(): void {
    if (this.#hasFlushed) return;
    this.#report();
    this.#hasFlushed = true;
  }

  /** Writes everything to the spool file, at once: the channel is gone, or will be before it has carried a report. */
  spool(): void {
    const frames: Uint8Array[] = [];
    this.#kept = frames;
    this.#reporter.startOver();
    this.#reporter.report(true);
    writeSpool(this.#spool, frames);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #send(frame: Uint8Array): void {
    if (this.#kept !== undefined) {
      this.#kept.push(frame);
      return;
    }
    if (!process.connected) return;
    this.#underWay++;
    const report = { type: "report", asker: this.#asker, frame: packFrame(frame, this.#carriesBytes) } as const;
    process.send?.(marked(report), undefined, undefined, () => {
      this.#underWay--;
    });
  }
}

const sessions = new Map<string, ReportSession>();

/**
 * Waits for a parent that aggregates to ask for reports; until then, and without such a parent, nothing is sent. It
 * keeps no process alive, takes over no signal, and swallows no exception. Calling it again changes nothing.
 */
export function reportToParent(): void {
  if (shared.isListening || typeof process.send !== "function" || !process.connected) return;
  shared.isListening = true;
  process.on("message", onMessage);
  process.on("disconnect", onDisconnect);
  process.on("beforeExit", onBeforeExit);
  process.on("exit", onExit);
  // Node.js counts the listeners of messages and keeps the process alive for them; ours shall not count.
  const { channel } = process as { channel?: { unrefCounted?(): void } | undefined };
  channel?.unrefCounted?.();
  channel?.unrefCounted?.();
}

function onMessage(given: unknown): void {
  const message = unmarked(given);
  if (message === undefined || typeof message["asker"] !== "string") return;
  const session = sessions.get(message["asker"]);
  if (session === undefined) {
    if (isHello(message) && sessions.size < MOST_SESSIONS) sessions.set(message.asker, new ReportSession(message));
  } else if (message["type"] === "all") {
    session.all();
  } else if (message["type"] === "fresh") {
    void session.fresh(Number(message["question"]), Number(message["deadlineMs"]) || 0);
  }
}

function isHello(message: Partial<Record<string, unknown>>): message is Hello {
  const { type, intervalMs, spool } = message;
  return (
    type === "hello" &&
    typeof intervalMs === "number" &&
    intervalMs >= SHORTEST_INTERVAL_MS &&
    intervalMs <= LONGEST_INTERVAL_MS &&
    typeof spool === "string"
  );
}

function onDisconnect(): void {
  for (const session of sessions.values()) {
    session.close();
    session.spool();
  }
}

function onBeforeExit(): void {
  for (const session of sessions.values()) session.flush();
}

function onExit(): void {
  for (const session of sessions.values()) session.spool();
}
