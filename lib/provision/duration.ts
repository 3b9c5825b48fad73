// Lengths of time as Prometheus spells them: `5m`, `1h30m`, `500ms`.

const units: readonly (readonly [unit: string, milliseconds: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1_000],
  ["ms", 1],
];

/**
 * Spells a length of time, in its largest units: `1h30m`.
 *
 * @param milliseconds more than zero; rounded to whole ones
 */
export function durationText(milliseconds: number): string {
  let left = Math.max(1, Math.round(milliseconds));
  let text = "";
  for (const [unit, size] of units) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text;
}

/**
 * Reads a length of time: `5m`, `1h30m`, `0.4s`, in milliseconds. `undefined` for anything else, zero included.
 *
 * Unlike Prometheus it takes decimals, as people write `0.4s` and not `400ms`.
 */
export function readDuration(text: string): number | undefined {
  const pattern = /(\d{1,12}(?:\.\d{1,6})?)(ms|[dhms])/gy;
  let milliseconds = 0;
  let end = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [, count, unit] = match;
    milliseconds += Number(count) * (units.find(([name]) => name === unit)?.[1] ?? 0);
    end = pattern.lastIndex;
  }
  return end === text.length && milliseconds > 0 ? milliseconds : undefined;
}
