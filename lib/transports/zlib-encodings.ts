import type { Transform } from "node:stream";
import * as zlib from "node:zlib";
import type { LeasedChunk } from "../registry/scrape.ts";
import type { Encoding } from "./content-encoding.ts";

// The lowest levels: higher ones take several times as long and save expositions next to nothing (gzip, 100,000 counters:
// level 1 makes 8 % of it in 18 ms, level 6 the same in 42 ms).
const GZIP_LEVEL = 1;
const BROTLI_QUALITY = 1;

/** Node.js has it since 22.15. */
const { createZstdCompress } = zlib as { createZstdCompress?: () => Transform };

/** What Node.js can compress by, off the event loop. Who wishes several of them as much gets the first. */
export const zlibEncodings: readonly Encoding[] = [
  encodingOf("gzip", () => zlib.createGzip({ level: GZIP_LEVEL })),
  ...(createZstdCompress === undefined ? [] : [encodingOf("zstd", () => createZstdCompress())]),
  encodingOf("br", () =>
    zlib.createBrotliCompress({ params: { [zlib.constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  ),
];

function encodingOf(name: string, create: () => Transform): Encoding {
  return {
    name,
    async *encode(chunks) {
      const encoder = create();
      // What goes wrong is thrown where it is read, if anybody still reads.
      encoder.on("error", () => {});
      void feed(encoder, chunks);
      try {
        for await (const bytes of encoder) yield { bytes, release: () => {} };
      } finally {
        encoder.destroy();
      }
    },
  };
}

/** Hands over chunk after chunk, each when the one before was taken in: that is, at the pace of the reader. */
async function feed(encoder: Transform, chunks: AsyncIterable<LeasedChunk>): Promise<void> {
  try {
    for await (const { bytes, release } of chunks) {
      await taken(encoder, bytes);
      release();
      if (encoder.destroyed) return;
    }
    encoder.end();
  } catch (error) {
    encoder.destroy(error as Error);
  }
}

/** Waits until the encoder has done with the bytes, or is destroyed, after which it tells nothing any more. */
function taken(encoder: Transform, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      encoder.removeListener("close", done);
      resolve();
    };
    encoder.once("close", done);
    encoder.write(bytes, done);
  });
}
