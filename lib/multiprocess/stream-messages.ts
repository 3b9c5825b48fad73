// Messages over a stream of bytes: each with its length and its kind before it.
import type { Duplex } from "node:stream";
import { FrameError } from "./bytes.ts";

/** The kinds of messages. From the process that is aggregated: */
export const FRAME = 1;
/** The number of a question, as text. */
export const ANSWER = 2;
// From the one that aggregates:
/** How often it wants reports at least, in milliseconds, as text. */
export const WELCOME = 3;
export const ALL = 4;
/** The number of a question, and how long it may take, as text. */
export const FRESH = 5;

/** Length and kind. */
const HEAD_BYTES = 5;
/** Longer messages are refused before they are read. */
const LONGEST_MESSAGE = 16 * 1024 * 1024;

export function writeMessage(stream: Duplex, kind: number, payload: Uint8Array | string = ""): void {
  const bytes = Buffer.from(payload);
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(bytes.length);
  head[HEAD_BYTES - 1] = kind;
  stream.write(Buffer.concat([head, bytes]));
}

/**
 * Reads messages until the stream ends.
 *
 * @param onMessage told of each; the bytes are its own
 * @param onError told why it reads no more
 */
export function readMessages(
  stream: Duplex,
  onMessage: (kind: number, payload: Buffer) => void,
  onError: (error: FrameError) => void,
): void {
  let parts: Buffer[] = [];
  let length = 0;
  const needed = () => (parts[0] as Buffer).readUInt32LE(0) + HEAD_BYTES;
  stream.on("data", (part: Buffer) => {
    parts.push(part);
    length += part.length;
    while (length >= HEAD_BYTES) {
      if ((parts[0] as Buffer).length < HEAD_BYTES) parts = [Buffer.concat(parts)];
      const size = needed();
      if (size > LONGEST_MESSAGE) {
        stream.destroy();
        onError(new FrameError(`it would have ${size} bytes, which is too much.`));
        return;
      }
      if (length < size) return;
      const bytes = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
      parts = bytes.length > size ? [bytes.subarray(size)] : [];
      length = bytes.length - size;
      onMessage(bytes[HEAD_BYTES - 1] as number, bytes.subarray(HEAD_BYTES, size));
      if (stream.destroyed) return;
    }
  });
}
