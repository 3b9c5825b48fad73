// Comparing bytes four at a time.

/** Whether `length` bytes are the same at two places of the memory. */
export function areSame(view: DataView, a: number, b: number, length: number): boolean {
  let i = 0;
  for (; i <= length - 4; i += 4) {
    if (view.getInt32(a + i, true) !== view.getInt32(b + i, true)) return false;
  }
  for (; i < length; i++) {
    if (view.getUint8(a + i) !== view.getUint8(b + i)) return false;
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
