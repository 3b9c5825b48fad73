import type { LeasedChunk, ScrapeOptions } from "../registry/scrape.ts";
import type { Encoding } from "./content-encoding.ts";
import type { Exposer } from "./exposer.ts";

/** How one scrape is run. */
export interface RunOptions extends Pick<ScrapeOptions, "format" | "names"> {
  /** How long collectors are waited for. */
  readonly deadlineMs: number;
  /** How long the reader may take over one chunk. */
  readonly stallTimeoutMs: number;
  /** How long the reader may take over the whole exposition. */
  readonly sendTimeoutMs: number;
  /** Aborted when the reader is gone. */
  readonly reader: AbortSignal;
  /** Called once, when the scrape is over, in whatever way. */
  readonly onEnd: () => void;
}

/**
 * One exposition on its way to one reader. It ends when it was read to its end, when its reader goes away, and when its
 * reader takes too long: so no reader, slow or dead, holds a scrape for ever.
 */
export class RunningScrape {
  readonly #exposition: AsyncGenerator<LeasedChunk>;
  /** What the reader gets: the exposition itself, or what an encoding makes of it. */
  #chunks: AsyncGenerator<LeasedChunk>;
  readonly #options: RunOptions;
  readonly #abort = new AbortController();
  /** Chunks that were asked for to learn how many there are. */
  readonly #ahead: LeasedChunk[] = [];
  /** Those of them that the encoding has not taken yet. */
  readonly #toEncode: LeasedChunk[] = [];
  #isComplete = false;
  #isEnded = false;
  /** Runs while the reader has a chunk. */
  #stallTimer: ReturnType<typeof setTimeout> | undefined;
  /** Runs from when the reader has the first one. */
  #sendTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(exposer: Exposer, options: RunOptions) {
    this.#options = options;
    const { deadlineMs, format, names } = options;
    this.#exposition = exposer.chunks({
      signal: this.#abort.signal,
      deadlineMs,
      ...(format && { format }),
      ...(names && { names }),
    });
    this.#chunks = this.#exposition;
    options.reader.addEventListener("abort", this.#onReaderGone);
  }

  /** Aborted when the scrape ends before its reader has the whole of it; what was sent is then cut off. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * Reads up to the second chunk, to learn whether there is one; from then on the reader's time runs.
   *
   * @returns the size in bytes of what the reader gets if one chunk holds it, and otherwise `undefined`
   * @throws what the exposer throws; then the scrape has ended
   */
  async measure(): Promise<number | undefined> {
    if (this.#options.reader.aborted) this.end();
    clearTimeout(this.#stallTimer);
    for (let i = 0; i < 2; i++) {
      const chunk = await this.#read();
      if (chunk !== undefined) this.#ahead.push(chunk);
    }
    if (!this.#isEnded) {
      this.#sendTimer ??= this.#endAfter(this.#options.sendTimeoutMs);
      this.#stallTimer = this.#endAfter(this.#options.stallTimeoutMs);
    }
    return this.#isComplete ? (this.#ahead[0]?.bytes.byteLength ?? 0) : undefined;
  }

  /** Has the whole exposition encoded, also what was read of it ahead. Once at the most. */
  encode(encoding: Encoding): void {
    if (this.#isEnded) return;
    this.#toEncode.push(...this.#ahead.splice(0));
    this.#chunks = encoding.encode(this.#unencoded());
    this.#isComplete = false;
  }

  async *#unencoded(): AsyncGenerator<LeasedChunk> {
    for (let chunk = this.#toEncode.shift(); chunk !== undefined; chunk = this.#toEncode.shift()) yield chunk;
    yield* this.#exposition;
  }

  /**
   * The next chunk, to be released by the reader; `undefined` at the end, and after the scrape was ended.
   *
   * @throws what the exposer throws; then the scrape has ended
   */
  async next(): Promise<LeasedChunk | undefined> {
    clearTimeout(this.#stallTimer);
    const chunk = this.#ahead.shift() ?? (await this.#read());
    if (chunk === undefined) this.end();
    else if (!this.#isEnded) this.#stallTimer = this.#endAfter(this.#options.stallTimeoutMs);
    return chunk;
  }

  /** Ends the scrape, if it goes on still. What was lent to the reader stays the reader's to release. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#stallTimer);
    clearTimeout(this.#sendTimer);
    this.#options.reader.removeEventListener("abort", this.#onReaderGone);
    const wasRead = this.#isComplete && this.#ahead.length === 0;
    for (const chunk of [...this.#ahead.splice(0), ...this.#toEncode.splice(0)]) chunk.release();
    if (!wasRead) this.#abort.abort();
    // Nobody waits for the generator to wind up, and nobody is left to tell how that went.
    this.#chunks.return(undefined).catch(() => {});
    this.#exposition.return(undefined).catch(() => {});
    this.#options.onEnd();
  }

  async #read(): Promise<LeasedChunk | undefined> {
    if (this.#isComplete || this.#isEnded) return undefined;
    try {
      const { value, done } = await this.#chunks.next();
      if (done) {
        this.#isComplete = true;
        return undefined;
      }
      if (!this.#isEnded) return value;
      value.release();
    } catch (error) {
      // After its end, a scrape may fail as it likes: that is how exposers answer to an aborted signal.
      if (!this.#isEnded) {
        this.end();
        throw error;
      }
    }
    return undefined;
  }

  readonly #onReaderGone = (): void => this.end();

  #endAfter(timeoutMs: number): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => this.end(), timeoutMs);
    // A reader that stalls is no reason to keep the process alive. Browsers' timers are numbers.
    (timer as { unref?(): void }).unref?.();
    return timer;
  }
}
