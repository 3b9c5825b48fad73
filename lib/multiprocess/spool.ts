// Files that hold a process's last report: what it could not send any more.
import { readFileSync, rmSync, writeFileSync } from "node:fs";

/** Length before each frame, in bytes. */
const LENGTH_BYTES = 4;

/** The frames one after another, each with its length before it. */
export function packFrames(frames: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeUInt32LE(frame.length);
      return [length, frame];
    }),
  );
}

/** The frames of {@link packFrames}, as far as they are whole. */
export function unpackFrames(bytes: Buffer): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let offset = 0;
  while (offset + LENGTH_BYTES <= bytes.length) {
    const end = offset + LENGTH_BYTES + bytes.readUInt32LE(offset);
    if (end > bytes.length) break;
    frames.push(bytes.subarray(offset + LENGTH_BYTES, end));
    offset = end;
  }
  return frames;
}

/** Writes a spool file, which nobody but this user can read. Does nothing where the folder is gone. */
export function writeSpool(path: string, frames: readonly Uint8Array[]): void {
  try {
    writeFileSync(path, packFrames(frames), { mode: 0o600 });
  } catch {
    // Whoever asked for the file has ended and taken the folder along: nobody is left to read it.
  }
}

/** Reads a spool file and removes it; without one there are no frames. */
export function takeSpool(path: string): Uint8Array[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch {
    return [];
  }
  rmSync(path, { force: true });
  return unpackFrames(bytes);
}
