// Files that hold a process's last report: what it could not send any more.
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";

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

/** Writes a spool file in place of the former one, which is there until the new one is complete. */
export function replaceSpool(path: string, frames: readonly Uint8Array[]): void {
  writeFileSync(`${path}.new`, packFrames(frames), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Reads a spool file; without one there are no frames. */
export function readSpool(path: string): Uint8Array[] {
  try {
    return unpackFrames(readFileSync(path));
  } catch {
    return [];
  }
}

/** Reads a spool file and removes it. */
export function takeSpool(path: string): Uint8Array[] {
  const frames = readSpool(path);
  rmSync(path, { force: true });
  return frames;
}
