// The side of a process that is aggregated over a socket, whoever has started it.
import { connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import type { Registry } from "../registry/registry.ts";
import { reportedRegistries } from "./child-reports.ts";
import { type Reportable, Reporter } from "./reporter.ts";
import { spoolName } from "./socket-folder.ts";
import { writeSpool } from "./spool.ts";
import { ALL, ANSWER, FRAME, FRESH, readMessages, WELCOME, writeMessage } from "./stream-messages.ts";

/** Where and what a process reports. */
export interface ReportOptions {
  /** The socket of the aggregator: what `serve --aggregate` was given. */
  readonly path: string;
  /**
   * What is reported.
   * @default the default registry, or those of `AggregatorRegistry.setRegistries`
   */
  readonly registries?: readonly Registry[];
}

/** Reports that go on until they are closed. */
export interface Reports {
  /** Tells everything a last time, and stops. */
  close(): void;
}

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 2_000;
const DEFAULT_INTERVAL_MS = 1_000;

/**
 * Reports what this process counts to an aggregator on the same machine, for processes that nobody who aggregates has
 * started: those of PM2, systemd, or of containers that share a folder.
 *
 * Where the aggregator is not there, or has ended, it is looked for again and again; what was counted meanwhile is not
 * lost. It keeps no process alive. What the socket can't carry at the end goes to a file beside it.
 *
 * @throws {TypeError} when the path is none
 * @example
 * reportTo({ path: "/run/my-app/metrics.sock" });
 */
export function reportTo({ path, registries }: ReportOptions): Reports {
  if (typeof path !== "string" || path === "") throw new TypeError("reportTo() takes the path of a socket.");
  const reports = new SocketReports(path, registries ? () => registries : reportedRegistries);
  return { close: () => reports.close() };
}

class SocketReports {
  readonly #path: string;
  readonly #reporter: Reporter;
  /** The connection, also while it is being made. */
  #connection: Socket | undefined;
  /** The same once it is there. */
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  /** Where frames go that are no more sent. */
  #kept: Uint8Array[] | undefined;

  constructor(path: string, registries: () => Iterable<Reportable>) {
    this.#path = path;
    this.#reporter = new Reporter({ registries, send: (frame) => this.#send(frame) });
    process.on("exit", this.#onExit);
    this.#connect();
  }

  close(): void {
    if (this.#kept !== undefined) return;
    this.#onExit();
    process.removeListener("exit", this.#onExit);
    this.#reporter.close();
    clearInterval(this.#timer);
    if (this.#socket === undefined) this.#connection?.destroy();
    this.#socket?.end();
    this.#socket?.unref();
  }

  #connect(): void {
    const socket = connect(this.#path);
    this.#connection = socket;
    socket.unref();
    // What is wrong is told by "close", which always follows.
    socket.on("error", () => {});
    socket.once("connect", () => {
      this.#socket = socket;
      this.#retryMs = FIRST_RETRY_MS;
      // Whoever is there now may know nothing of this process.
      this.#reporter.startOver();
      this.#every(DEFAULT_INTERVAL_MS);
      this.#report();
    });
    readMessages(
      socket,
      (kind, payload) => this.#onMessage(kind, payload.toString()),
      () => {},
    );
    socket.once("close", () => {
      this.#socket = undefined;
      clearInterval(this.#timer);
      if (this.#kept !== undefined) return;
      this.#timer = setTimeout(() => this.#connect(), this.#retryMs);
      this.#timer.unref();
      this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
    });
  }

  #every(intervalMs: number): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => this.#report(), intervalMs);
    this.#timer.unref();
  }

  #report(): void {
    // While the aggregator does not read, what changes is found by the first report after that.
    if (this.#socket === undefined || this.#socket.writableNeedDrain) return;
    this.#reporter.report();
  }

  #onMessage(kind: number, text: string): void {
    const [first = 0, second = 0] = text.split(" ").map(Number);
    if (kind === WELCOME && first >= 10 && first < 2 ** 31) this.#every(first);
    if (kind === ALL) {
      this.#reporter.startOver();
      this.#report();
    }
    if (kind === FRESH) {
      void this.#reporter.reportFresh(second).then(() => {
        if (this.#socket !== undefined) writeMessage(this.#socket, ANSWER, String(first));
      });
    }
  }

  #send(frame: Uint8Array): void {
    if (this.#kept !== undefined) this.#kept.push(frame);
    else if (this.#socket !== undefined) writeMessage(this.#socket, FRAME, frame);
  }

  readonly #onExit = (): void => {
    this.#kept = [];
    this.#reporter.startOver();
    this.#reporter.report(true);
    writeSpool(join(dirname(this.#path), spoolName(this.#reporter.incarnation)), this.#kept);
  };
}
