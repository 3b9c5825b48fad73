import type { LeasedChunk } from "../registry/scrape.ts";
import type { Exposer } from "./exposer.ts";

/** How one scrape is run. */
export interface RunOptions {
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
  readonly #chunks: AsyncGenerator<LeasedChunk>;
  readonly #options: RunOptions;
  readonly #abort = new AbortController();
  /** Chunks that were asked for to learn how many there are. */
  readonly #ahead: LeasedChunk[] = [];
  #isComplete = false;
  #isEnded = false;
  #sendBefore = Number.POSITIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(exposer: Exposer, options: RunOptions) {
    this.#options = options;
    this.#chunks = exposer.chunks({ signal: this.#abort.signal, deadlineMs: options.deadlineMs });
    options.reader.addEventListener("abort", this.#onReaderGone);
  }

  /** Aborted when the scrape ends before its reader has the whole of it; what was sent is then cut off. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * Reads up to the second chunk, to learn whether there is one; from then on the reader's time runs.
   *
   * @returns the size of the exposition in bytes if one chunk holds it, and otherwise `undefined`
   * @throws what the exposer throws; then the scrape has ended
   */
  async measure(): Promise<number | undefined> {
    if (this.#options.reader.aborted) this.end();
    for (let i = 0; i < 2; i++) {
      const chunk = await this.#read();
      if (chunk !== undefined) this.#ahead.push(chunk);
    }
    if (!this.#isEnded) {
      this.#sendBefore = performance.now() + this.#options.sendTimeoutMs;
      this.#awaitReader();
    }
    return this.#isComplete ? (this.#ahead[0]?.bytes.byteLength ?? 0) : undefined;
  }

  /**
   * The next chunk, to be released by the reader; `undefined` at the end, and after the scrape was ended.
   *
   * @throws what the exposer throws; then the scrape has ended
   */
  async next(): Promise<LeasedChunk | undefined> {
    clearTimeout(this.#timer);
    const chunk = this.#ahead.shift() ?? (await this.#read());
    if (chunk === undefined) this.end();
    else this.#awaitReader();
    return chunk;
  }

  /** Ends the scrape, if it goes on still. What was lent to the reader stays the reader's to release. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearTimeout(this.#timer);
    this.#options.reader.removeEventListener("abort", this.#onReaderGone);
    const wasRead = this.#isComplete && this.#ahead.length === 0;
    for (const chunk of this.#ahead.splice(0)) chunk.release();
    if (!wasRead) this.#abort.abort();
    // Nobody waits for the generator to wind up, and nobody is left to tell how that went.
    this.#chunks.return(undefined).catch(() => {});
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

  #awaitReader(): void {
    const leftMs = Math.max(0, Math.min(this.#options.stallTimeoutMs, this.#sendBefore - performance.now()));
    this.#timer = setTimeout(() => this.end(), leftMs);
    // A reader that stalls is no reason to keep the process alive. Browsers' timers are numbers.
    (this.#timer as { unref?(): void }).unref?.();
  }
}
