// The labels that a row has itself, as protobuf, from the fragments that text formats write.
import type { SeriesTable } from "../storage/series-table.ts";
import { varintSize } from "./backward-writer.ts";
import { copyBits, copyBytes, type Piece } from "./chunk.ts";
import { LABEL_TAG, LABEL_VALUE_TAG, type ProtobufPlan } from "./protobuf-plan.ts";

const BACKSLASH = 0x5c;
const NEWLINE = 0x0a;

/** A field of no more bytes says its length in one. */
const LONGEST_SHORT = 127;

/** How many bytes the labels of a row take: those of its own, or what stands for the absent ones. */
export function labelBytes(
  { names, absent }: ProtobufPlan,
  table: SeriesTable,
  ids: Int32Array,
  first: number,
): number {
  const { places, firstPlaces, prefixLengths } = table.fragments;
  const { values } = table;
  let bytes = 0;
  for (let i = 0; i < values.length; i++) {
    const id = ids[first + i] as number;
    if (id === 0) {
      bytes += absent[i]?.length ?? 0;
      continue;
    }
    // A fragment has a quote behind the value.
    const at = (((firstPlaces[i] as number) + id) << 1) + 1;
    let length = (places[at] as number) - (prefixLengths[i] as number) - 1;
    const { escapes } = values[i] as SeriesTable["values"][number];
    if (escapes.size > 0) length -= escapes.get(id) ?? 0;
    const inner = (names[i] as Piece).length + length + 2;
    bytes += inner <= LONGEST_SHORT ? inner + 2 : delimited((names[i] as Piece).length + delimited(length));
  }
  return bytes;
}

/** Writes the labels of a row, and returns the offset behind them. The bytes behind that may be written over, too. */
export function writeLabels(
  { names, heads, absent }: ProtobufPlan,
  table: SeriesTable,
  ids: Int32Array,
  first: number,
  bytes: Uint8Array,
  out: DataView,
  offset: number,
): number {
  const { view, places, firstPlaces, prefixLengths } = table.fragments;
  const { values } = table;
  let end = offset;
  for (let i = 0; i < values.length; i++) {
    const id = ids[first + i] as number;
    if (id === 0) {
      const instead = absent[i];
      if (instead !== undefined) end = copyBits(instead.view, 0, out, end, instead.length);
      continue;
    }
    const at = ((firstPlaces[i] as number) + id) << 1;
    const prefix = prefixLengths[i] as number;
    const start = (places[at] as number) + prefix;
    const { escapes } = values[i] as SeriesTable["values"][number];
    const escaped = escapes.size === 0 ? 0 : (escapes.get(id) ?? 0);
    const length = (places[at + 1] as number) - prefix - 1 - escaped;
    const name = names[i] as Piece;
    const inner = name.length + length + 2;
    if (inner <= LONGEST_SHORT) {
      // Both lengths take a byte, as nearly always.
      const head = heads[i] as Piece;
      const headEnd = copyBits(head.view, 0, out, end, head.length);
      bytes[end + 1] = inner;
      bytes[headEnd - 1] = length;
      end = headEnd;
    } else {
      bytes[end++] = LABEL_TAG;
      end = writeVarint(bytes, end, name.length + delimited(length));
      end = copyBits(name.view, 0, out, end, name.length);
      bytes[end++] = LABEL_VALUE_TAG;
      end = writeVarint(bytes, end, length);
    }
    if (escaped > 0) copyUnescaped(table.fragments.bytes, start, bytes, end, length);
    else copyBytes(view, start, out, end, length);
    end += length;
  }
  return end;
}

/** How many bytes a field takes with tag and length. */
export function delimited(length: number): number {
  return 1 + (length <= LONGEST_SHORT ? 1 : varintSize(length)) + length;
}

export function writeVarint(bytes: Uint8Array, offset: number, value: number): number {
  let rest = value;
  let end = offset;
  for (; rest >= 128; rest >>>= 7) bytes[end++] = (rest & 127) | 128;
  bytes[end++] = rest;
  return end;
}

function copyUnescaped(from: Uint8Array, start: number, to: Uint8Array, offset: number, length: number): void {
  for (let read = start, written = 0; written < length; written++) {
    let byte = from[read++] as number;
    if (byte === BACKSLASH) {
      byte = from[read++] as number;
      if (byte === 0x6e) byte = NEWLINE;
    }
    to[offset + written] = byte;
  }
}
