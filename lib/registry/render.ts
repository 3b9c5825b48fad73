// The third step of a scrape: the exposition is written in slices, to memory that is lent.
import { Chunk } from "../formats/chunk.ts";
import type { Format, Section } from "../formats/format.ts";
import { type Collected, type LeasedChunk, type ScrapeHost, SLICE_MS } from "./scrape.ts";

/** How many sections that end are written between two looks at the clock. */
const SECTIONS_PER_LOOK = 16;

/**
 * Step three: writes the families. Between slices of about a millisecond the event loop turns, and a chunk that was
 * released is written again.
 */
export async function* renderChunks(
  collect: () => Promise<Collected>,
  format: Format,
  signal: AbortSignal | undefined,
  host: ScrapeHost,
): AsyncGenerator<LeasedChunk, void, undefined> {
  const collected = await collect();
  const pool = new ChunkPool();
  try {
    const writer = new SliceWriter(format.sections(collected.families), host.monotonicNow);
    let chunk = pool.take();
    for (let isDone = false; !isDone; ) {
      isDone = writer.write(chunk);
      if (chunk.isFull || (isDone && chunk.length > 0)) {
        yield pool.lend(chunk);
        if (!isDone) chunk = pool.take();
      }
      if (!isDone && writer.isLate) {
        await host.turn();
        signal?.throwIfAborted();
        writer.beginSlice();
      }
    }
  } finally {
    pool.close();
    collected.close();
  }
}

/** Writes sections, for as long as one may hold the event loop. */
export class SliceWriter {
  readonly #sections: Iterator<Section>;
  readonly #monotonicNow: () => number;
  #section: Section | undefined;
  #sliceStart: number;
  /** Sections that were ended. */
  #steps = 0;
  /** Whether the event loop should turn now. */
  isLate = false;

  constructor(sections: Iterable<Section>, monotonicNow: () => number) {
    this.#sections = sections[Symbol.iterator]();
    this.#monotonicNow = monotonicNow;
    this.#sliceStart = monotonicNow();
  }

  beginSlice(): void {
    this.#sliceStart = this.#monotonicNow();
    this.isLate = false;
  }

  /** Writes on until the chunk is full, the slice is over, or all is written: then it says so. */
  write(chunk: Chunk): boolean {
    while (!chunk.isFull && !this.isLate) {
      this.#section ??= this.#next();
      if (this.#section === undefined) return true;
      const isDone = this.#section.write(chunk);
      if (isDone) this.#section = undefined;
      // What is done in one step is mostly a few lines.
      if (!isDone || ++this.#steps % SECTIONS_PER_LOOK === 0) {
        this.isLate = this.#monotonicNow() - this.#sliceStart >= SLICE_MS;
      }
    }
    return false;
  }

  #next(): Section | undefined {
    const { done, value } = this.#sections.next();
    return done === true ? undefined : value;
  }
}

/** The chunks of one scrape. */
export class ChunkPool {
  readonly #free: Chunk[] = [];
  #isClosed = false;

  take(): Chunk {
    return this.#free.pop() ?? takeChunk();
  }

  lend(chunk: Chunk): LeasedChunk {
    let lent: Chunk | undefined = chunk;
    return {
      bytes: chunk.bytes.subarray(0, chunk.length),
      release: () => {
        if (lent === undefined) return;
        lent.clear();
        if (this.#isClosed) keepChunk(lent);
        else this.#free.push(lent);
        lent = undefined;
      },
    };
  }

  close(): void {
    this.#isClosed = true;
    for (const free of this.#free) keepChunk(free);
  }
}

/**
 * One chunk is kept from scrape to scrape. Most expositions fit into it, and new memory takes longer than writing them
 * does: the system clears it, page by page as it is touched.
 */
let kept: Chunk | undefined;

function takeChunk(): Chunk {
  const chunk = kept ?? new Chunk();
  kept = undefined;
  return chunk;
}

function keepChunk(chunk: Chunk): void {
  kept = chunk;
}
