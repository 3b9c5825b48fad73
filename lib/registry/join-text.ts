import type { LeasedChunk } from "./scrape.ts";

/** All chunks as one string. */
export async function joinText(chunks: AsyncIterable<LeasedChunk>): Promise<string> {
  // The mark at the very beginning, if there is one, is part of a help text and no byte order mark.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  for await (const { bytes, release } of chunks) {
    try {
      text += decoder.decode(bytes, { stream: true });
    } catch (error) {
      throw new RangeError("The exposition is longer than a string can be. Use stream(), which gives it in pieces.", {
        cause: error,
      });
    } finally {
      release();
    }
  }
  return text + decoder.decode();
}
