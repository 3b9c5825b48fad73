import type { LeasedChunk } from "../registry/scrape.ts";
import type { Encoding } from "./content-encoding.ts";

/** What is used of a `CompressionStream`, which not every runtime has. */
type Compression = new (
  format: "gzip",
) => { readonly readable: ReadableStream<Uint8Array>; readonly writable: WritableStream<Uint8Array> };

const { CompressionStream: Compression } = globalThis as { CompressionStream?: Compression };

/** What runtimes that know the Compression standard can compress by; at a level that is theirs to choose. */
export const webEncodings: readonly Encoding[] = Compression === undefined ? [] : [gzip(Compression)];

function gzip(Stream: Compression): Encoding {
  return {
    name: "gzip",
    async *encode(chunks) {
      const { readable, writable } = new Stream("gzip");
      const reader = readable.getReader();
      const writer = writable.getWriter();
      void feed(writer, chunks);
      try {
        for (;;) {
          const { done, value } = await reader.read();
          if (done) return;
          yield { bytes: value, release: () => {} };
        }
      } finally {
        // Neither has anything to tell to somebody who does not read on.
        reader.cancel().catch(() => {});
        writer.abort().catch(() => {});
      }
    },
  };
}

async function feed(
  writer: WritableStreamDefaultWriter<Uint8Array>,
  chunks: AsyncIterable<LeasedChunk>,
): Promise<void> {
  try {
    for await (const { bytes, release } of chunks) {
      // The stream may keep what it is given until after it says that it took it.
      const copy = bytes.slice();
      release();
      await writer.write(copy);
    }
    await writer.close();
  } catch (error) {
    writer.abort(error).catch(() => {});
  }
}
