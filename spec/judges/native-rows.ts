import type { NativeBucket, NativeHistogram } from "../../lib/model/family.ts";
import type { NativeRow } from "../../lib/storage/native-row.ts";

/** A native histogram as a row has it, with empty buckets before the first one of each sign and behind the last. */
export function nativeRow(native: NativeHistogram, padding = 0): NativeRow {
  const { schema, zeroThreshold, zeroCount, positive, negative, exemplars = [] } = native;
  const sides = [positive, negative].map((side) => cellsOf(side, padding));
  const header = sides.flatMap(({ first, counts }) => [first, counts.length]);
  const block = [schema, zeroThreshold, zeroCount, Infinity, -Infinity, ...header];
  return { block: Float64Array.from([...block, ...sides.flatMap(({ counts }) => counts)]), exemplars };
}

function cellsOf(
  side: readonly NativeBucket[],
  padding: number,
): { readonly first: number; readonly counts: number[] } {
  const keys = side.map(({ key }) => key);
  if (keys.length === 0) return { first: 0, counts: [] };
  const first = Math.min(...keys) - padding;
  const counts: number[] = new Array(Math.max(...keys) + padding - first + 1).fill(0);
  for (const { key, count } of side) counts[key - first] = count;
  return { first, counts };
}
