// Keeps a number of worker processes alive: starts others in place of those that ended, and replaces all of them one by
// one when it is told to.

/** A worker process, as its pool deals with it. */
export interface PoolWorker {
  /** The process id, for messages. */
  readonly pid: number | undefined;
  /** Asks it to finish what it does and to end. */
  stop(): void;
  /** Ends it at once. */
  kill(): void;
  /** When it was heard of last, by the clock of the pool; undefined before the first time. */
  readonly heardMs: number | undefined;
}

/** Hears what becomes of a worker. */
export interface WorkerEvents {
  /** It serves. */
  ready(): void;
  /** It has ended. */
  ended(code: number | null, signal: string | null): void;
}

/** How a pool works. */
export interface WorkerPoolOptions {
  /** How many workers there are. */
  readonly size: number;
  /** Starts a process. */
  readonly fork: (events: WorkerEvents) => PoolWorker;
  /** How long a worker may take to finish, in milliseconds. */
  readonly drainTimeoutMs: number;
  /** How long a worker may be silent before it is killed, in milliseconds. */
  readonly workerTimeoutMs: number;
  /** Told what happens, in sentences. */
  readonly tell: (text: string) => void;
  /** Told why there is no use in going on; all workers were killed then. */
  readonly onGiveUp: (reason: string) => void;
  /**
   * A clock that only goes forward, in milliseconds.
   * @default performance.now
   */
  readonly now?: () => number;
  /** @default setTimeout */
  readonly setTimer?: (callback: () => void, delayMs: number) => unknown;
}

/** A worker that ends sooner after it was ready has failed, and its successor waits. */
const STEADY_MS = 1_000;
const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;
/** So many workers in a row that end before they serve are reason to give up. */
const MOST_FAILED_STARTS = 5;
/** How long a worker that should have finished may take to end, beyond the time it has to finish. */
const GRACE_MS = 1_000;
/** To start takes longer than to give a sign of life, so a worker has at least so long for that. */
const START_TIMEOUT_MS = 30_000;
/** How often it is looked whether workers are silent. */
const WATCH_MS = 500;

/** One process in its place. */
interface Life {
  readonly place: number;
  worker: PoolWorker;
  readonly startedMs: number;
  readyMs: number | undefined;
  isStopping: boolean;
  isOver: boolean;
}

/** Keeps worker processes alive. */
export class WorkerPool {
  readonly #options: WorkerPoolOptions;
  readonly #now: () => number;
  readonly #setTimer: (callback: () => void, delayMs: number) => unknown;
  /** The one that serves in each place, or is about to. */
  readonly #places: (Life | undefined)[];
  /** Every process that has not ended. */
  readonly #lives = new Set<Life>();
  /** How often in a row a worker failed in each place. */
  readonly #failures: number[];
  #failedStarts = 0;
  #hasServed = false;
  #isStopping = false;
  #isRestarting = false;
  #restartAgain = false;
  /** Called whenever a worker gets ready or ends. */
  readonly #observers = new Set<() => void>();

  constructor(options: WorkerPoolOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#setTimer = options.setTimer ?? setTimeout;
    this.#places = new Array(options.size).fill(undefined);
    this.#failures = new Array(options.size).fill(0);
  }

  /** Starts the workers, and resolves when all of them serve or the pool has given up. */
  async start(): Promise<void> {
    for (let place = 0; place < this.#options.size; place++) this.#places[place] = this.#fork(place);
    this.#watch();
    await this.#until(() => this.#isStopping || this.#places.every((life) => life?.readyMs !== undefined));
  }

  /**
   * Replaces all workers, one after another: each is told to finish when its successor serves. Where a successor fails,
   * the rest goes on as it was.
   */
  async restart(): Promise<void> {
    if (this.#isRestarting) {
      this.#restartAgain = true;
      return;
    }
    this.#isRestarting = true;
    this.#options.tell("restarting all workers, one by one.");
    let isComplete = true;
    for (let place = 0; place < this.#options.size && isComplete; place++) isComplete = await this.#replace(place);
    this.#isRestarting = false;
    if (this.#isStopping) return;
    this.#options.tell(isComplete ? "all workers were restarted." : "not restarted: a new worker does not start.");
    if (this.#restartAgain) {
      this.#restartAgain = false;
      await this.restart();
    }
  }

  async #replace(place: number): Promise<boolean> {
    const successor = this.#fork(place);
    await this.#until(() => this.#isStopping || successor.isOver || successor.readyMs !== undefined);
    if (successor.isOver || this.#isStopping) return false;
    // The one that serves there now, which need not be the one that did when this began.
    const old = this.#places[place];
    this.#places[place] = successor;
    if (old !== undefined) this.#stop(old);
    return true;
  }

  /** Lets all workers finish, and resolves when they have ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const life of this.#lives) this.#stop(life);
    this.#notify();
    await this.#until(() => this.#lives.size === 0);
  }

  /** Ends all workers at once. */
  kill(): void {
    this.#isStopping = true;
    for (const { worker } of this.#lives) worker.kill();
    this.#notify();
  }

  #fork(place: number): Life {
    const life: Life = {
      place,
      worker: undefined as unknown as PoolWorker,
      startedMs: this.#now(),
      readyMs: undefined,
      isStopping: false,
      isOver: false,
    };
    this.#lives.add(life);
    life.worker = this.#options.fork({
      ready: () => this.#onReady(life),
      ended: (code, signal) => this.#onEnded(life, code, signal),
    });
    return life;
  }

  #onReady(life: Life): void {
    if (life.readyMs !== undefined || life.isOver) return;
    life.readyMs = this.#now();
    this.#hasServed = true;
    this.#failedStarts = 0;
    this.#options.tell(`worker ${life.place} serves as process ${life.worker.pid}.`);
    this.#notify();
  }

  #onEnded(life: Life, code: number | null, signal: string | null): void {
    if (life.isOver) return;
    life.isOver = true;
    this.#lives.delete(life);
    this.#notify();
    if (this.#isStopping || life.isStopping) return;
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    const who = `worker ${life.place} (process ${life.worker.pid})`;
    if (life.readyMs === undefined && this.#isHopeless()) {
      this.#giveUp(
        `${who} ended ${how} before it served${this.#hasServed ? `, as ${MOST_FAILED_STARTS} in a row did` : ""}.`,
      );
      return;
    }
    this.#options.tell(`${who} ended ${how}.`);
    // A successor in a restart has no place yet, and the one before it still serves.
    if (this.#places[life.place] !== life) return;
    this.#places[life.place] = undefined;
    const delayMs = this.#delayAfter(life);
    if (delayMs > 0) this.#options.tell(`another starts in its place in ${delayMs / 1000} s.`);
    this.#setTimer(() => {
      if (!this.#isStopping && this.#places[life.place] === undefined)
        this.#places[life.place] = this.#fork(life.place);
    }, delayMs);
  }

  /** What never worked will not by itself; what did has some more tries. */
  #isHopeless(): boolean {
    this.#failedStarts++;
    return !this.#hasServed || this.#failedStarts >= MOST_FAILED_STARTS;
  }

  #delayAfter({ place, readyMs }: Life): number {
    if (readyMs !== undefined && this.#now() - readyMs >= STEADY_MS) {
      this.#failures[place] = 0;
      return 0;
    }
    const failures = this.#failures[place] as number;
    this.#failures[place] = failures + 1;
    return Math.min(FIRST_DELAY_MS * 2 ** failures, LONGEST_DELAY_MS);
  }

  #giveUp(reason: string): void {
    this.kill();
    this.#options.onGiveUp(reason);
  }

  #stop(life: Life): void {
    if (life.isStopping) return;
    life.isStopping = true;
    life.worker.stop();
    this.#setTimer(() => {
      if (!life.isOver) life.worker.kill();
    }, this.#options.drainTimeoutMs + GRACE_MS);
  }

  /** Kills workers that were silent for too long, again and again. */
  #watch(): void {
    if (this.#isStopping) return;
    const { workerTimeoutMs, tell } = this.#options;
    for (const { isStopping, startedMs, readyMs, place, worker } of this.#lives) {
      const timeoutMs = readyMs === undefined ? Math.max(workerTimeoutMs, START_TIMEOUT_MS) : workerTimeoutMs;
      if (isStopping || this.#now() - Math.max(readyMs ?? startedMs, worker.heardMs ?? 0) < timeoutMs) continue;
      tell(`worker ${place} (process ${worker.pid}) was silent for ${timeoutMs / 1000} s, and is killed.`);
      worker.kill();
    }
    this.#setTimer(() => this.#watch(), WATCH_MS);
  }

  #notify(): void {
    for (const observe of [...this.#observers]) observe();
  }

  #until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const observe = () => {
        if (!condition()) return;
        this.#observers.delete(observe);
        resolve();
      };
      this.#observers.add(observe);
      observe();
    });
  }
}
