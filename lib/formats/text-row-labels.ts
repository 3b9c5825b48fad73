// What the lines of a row have between name and number: label fragments, braces, and a space.
import type { Fragments } from "../storage/fragments.ts";
import { copyBytes, type Piece } from "./chunk.ts";
import type { Line, TextPlan } from "./text-plan.ts";

export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const SPACE = 0x20;

/** Writes a row's label fragments, each with a comma before it. */
export function writeLabels(
  { view, places, firstPlaces, prefixLengths }: Fragments,
  { absent, renamed }: TextPlan,
  ids: Int32Array,
  first: number,
  out: DataView,
  offset: number,
): number {
  let end = offset;
  for (let i = 0; i < firstPlaces.length; i++) {
    const at = ((firstPlaces[i] as number) + (ids[first + i] as number)) << 1;
    let length = places[at + 1] as number;
    if (length === 0) {
      end = writeInstead(absent[i], out, end);
      continue;
    }
    let start = places[at] as number;
    if (renamed !== undefined) {
      const prefix = renamed[i] as Piece;
      end = copyBytes(prefix.view, 0, out, end, prefix.length);
      start += prefixLengths[i] as number;
      length -= prefixLengths[i] as number;
    }
    end = copyBytes(view, start, out, end, length);
  }
  return end;
}

/** Writes what stands for an absent label. */
export function writeInstead(instead: Piece | undefined, out: DataView, offset: number): number {
  return instead === undefined ? offset : copyBytes(instead.view, 0, out, offset, instead.length);
}

/** Writes what follows a row's labels, and makes the comma before the first label the opening brace. */
export function writeTail(line: Line, out: DataView, bytes: Uint8Array, headEnd: number, labelsEnd: number): number {
  if (line.tailClosesBraces) {
    const end = copyBytes(line.tail.view, 0, out, labelsEnd, line.tail.length);
    if (line.opensBraces) bytes[headEnd] = OPEN_BRACE;
    return end;
  }
  if (labelsEnd === headEnd) {
    bytes[labelsEnd] = SPACE;
    return labelsEnd + 1;
  }
  bytes[headEnd] = OPEN_BRACE;
  bytes[labelsEnd] = CLOSE_BRACE;
  bytes[labelsEnd + 1] = SPACE;
  return labelsEnd + 2;
}
