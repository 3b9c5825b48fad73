import { EventEmitter, once } from "node:events";
import type { LeasedChunk, ScrapeOptions } from "../../lib/registry/scrape.ts";
import type { Exposer } from "../../lib/transports/exposer.ts";

const SPOILED = 0x21;

/**
 * An exposer whose expositions are given, and which watches its readers: what is lent is spoiled when it is released,
 * so that who reads it afterwards is found out, and who releases twice gets an exception.
 */
export class FakeExposer implements Exposer {
  readonly contentType = "text/plain; version=0.0.4; charset=utf-8";
  /** The options of each scrape. */
  readonly scrapes: ScrapeOptions[] = [];
  readonly #texts: Iterable<string>;
  readonly #events = new EventEmitter();
  /** What a scrape waits for before its first chunk. */
  before: () => Promise<unknown> = async () => {};
  lent = 0;
  released = 0;
  ended = 0;
  /** How many chunks were lent at once, at the most. */
  mostLent = 0;

  constructor(texts: Iterable<string>) {
    this.#texts = texts;
  }

  async *chunks(options: ScrapeOptions = {}): AsyncGenerator<LeasedChunk, void, undefined> {
    this.scrapes.push(options);
    this.#events.emit("began");
    try {
      await this.before();
      for (const text of this.#texts) {
        options.signal?.throwIfAborted();
        yield this.#lend(new TextEncoder().encode(text));
      }
    } finally {
      this.ended++;
      this.#events.emit("ended");
    }
  }

  /** Waits until so many scrapes have begun. */
  async whenBegun(count: number): Promise<void> {
    while (this.scrapes.length < count) await once(this.#events, "began");
  }

  /** Waits until so many scrapes have ended. */
  async whenEnded(count: number): Promise<void> {
    // What ends a scrape may be a timer that keeps nothing alive; the test does.
    const alive = setInterval(() => {}, 1_000);
    while (this.ended < count) await once(this.#events, "ended");
    clearInterval(alive);
  }

  #lend(bytes: Uint8Array): LeasedChunk {
    this.lent++;
    this.mostLent = Math.max(this.mostLent, this.lent - this.released);
    let isReleased = false;
    const release = () => {
      if (isReleased) throw new Error("A chunk was released twice.");
      isReleased = true;
      this.released++;
      bytes.fill(SPOILED);
    };
    return { bytes, release };
  }
}

/** Text without end, in chunks of 64 KB. */
export const endless: Iterable<string> = {
  *[Symbol.iterator]() {
    for (let i = 0; ; i++) yield `line_${i} `.padEnd(65_535, "x").concat("\n");
  },
};

/** The first so many chunks of it. */
export function large(chunks: number): string[] {
  const source = endless[Symbol.iterator]();
  return Array.from({ length: chunks }, () => source.next().value as string);
}
