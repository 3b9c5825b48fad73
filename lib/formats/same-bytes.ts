// Comparing bytes four at a time.

/** Whether `length` bytes at two places are the same. */
export function areSame(a: DataView, atA: number, b: DataView, atB: number, length: number): boolean {
  let i = 0;
  for (; i <= length - 4; i += 4) {
    if (a.getInt32(atA + i, true) !== b.getInt32(atB + i, true)) return false;
  }
  for (; i < length; i++) {
    if (a.getUint8(atA + i) !== b.getUint8(atB + i)) return false;
  }
  return true;
}

/** How many bytes are the same at two places of the memory, `limit` at most. */
export function commonLength(view: DataView, a: number, b: number, limit: number): number {
  let i = 0;
  for (; i <= limit - 4; i += 4) {
    const difference = view.getInt32(a + i, true) ^ view.getInt32(b + i, true);
    // The lowest bit that differs is in the first byte that does.
    if (difference !== 0) return i + ((31 - Math.clz32(difference & -difference)) >> 3);
  }
  while (i < limit && view.getUint8(a + i) === view.getUint8(b + i)) i++;
  return i;
}
