// Files that hold a process's last report: what it could not send any more.
import { closeSync, fstatSync, openSync, readSync, renameSync, writeFileSync, writeSync } from "node:fs";

/** Length before each frame, in bytes. */
const LENGTH_BYTES = 4;

/** Writes a spool file, which nobody but this user can read. Does nothing where the folder is gone. */
export function writeSpool(path: string, frames: readonly Uint8Array[]): void {
  try {
    writeFileSync(path, Buffer.concat(frames.map(packed)), { mode: 0o600 });
  } catch {
    // Whoever asked for the file has ended and taken the folder along: nobody is left to read it.
  }
}

/**
 * Writes a spool file in place of the former one, which is there until the new one is complete. A step for each frame.
 *
 * @throws {Error} of the system when it can't be written; the former one stays
 */
export function* replaceSpool(path: string, frames: Iterable<Uint8Array>): Iterable<void> {
  const file = openSync(`${path}.new`, "w", 0o600);
  try {
    for (const frame of frames) {
      writeWhole(file, packed(frame));
      yield;
    }
  } finally {
    closeSync(file);
  }
  renameSync(`${path}.new`, path);
}

/** Reads a spool file, frame by frame as they are asked for and as far as they can be read. Without one there are none. */
export function* readSpool(path: string): Iterable<Uint8Array> {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return;
  }
  try {
    for (let left = fstatSync(file).size; left > LENGTH_BYTES; ) {
      const head = readExactly(file, LENGTH_BYTES);
      left -= LENGTH_BYTES;
      const length = head?.readUInt32LE(0) ?? Number.POSITIVE_INFINITY;
      if (length > left) return;
      const frame = readExactly(file, length);
      if (frame === undefined) return;
      left -= length;
      yield frame;
    }
  } catch {
    // What can't be read is as good as not there.
  } finally {
    closeSync(file);
  }
}

function packed(frame: Uint8Array): Buffer {
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(frame.length);
  return Buffer.concat([length, frame]);
}

/** A disk that is nearly full may take a part. */
function writeWhole(file: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
}

/** Undefined where the file ends before that. */
function readExactly(file: number, length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; ) {
    const read = readSync(file, bytes, at, length - at, null);
    if (read === 0) return undefined;
    at += read;
  }
  return bytes;
}
