// Reads what Linux tells in /proc. A line that is missing or is not as it should be is a figure that is not there.

const TAB = 0x09;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

/** What `/proc/self/status` says; sizes in bytes. */
export interface ProcStatus {
  readonly virtualBytes?: number;
  readonly residentBytes?: number;
  readonly dataBytes?: number;
  readonly threads?: number;
}

/**
 * Reads `/proc/self/status`: lines of a key, a colon and a value. Only the first line holds what others chose, the
 * name of the process, and the kernel escapes line breaks in it; so a key at the beginning of a line is a key.
 */
export function parseStatus(text: string): ProcStatus {
  return present({
    virtualBytes: numberBehind(text, "\nVmSize:", " kB", 1024),
    residentBytes: numberBehind(text, "\nVmRSS:", " kB", 1024),
    dataBytes: numberBehind(text, "\nVmData:", " kB", 1024),
    threads: numberBehind(text, "\nThreads:", "", 1),
  });
}

/** The digits that a line has between its key and its unit, times what the unit is worth. */
function numberBehind(text: string, key: string, unit: string, worth: number): number | undefined {
  const start = text.indexOf(key);
  if (start < 0) return undefined;
  const first = skipBlanks(text, start + key.length, text.length);
  const end = skipDigits(text, first, text.length);
  const lineEnd = end + unit.length;
  if (end === first || !text.startsWith(unit, end)) return undefined;
  return lineEnd === text.length || text.charCodeAt(lineEnd) === NEWLINE
    ? Number(text.slice(first, end)) * worth
    : undefined;
}

function skipBlanks(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && (text.charCodeAt(at) === SPACE || text.charCodeAt(at) === TAB)) at++;
  return at;
}

function skipDigits(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && text.charCodeAt(at) >= ZERO && text.charCodeAt(at) <= NINE) at++;
  return at;
}

/** What `/proc/self/limits` says; a limit that there isn't is left out. */
export interface ProcLimits {
  readonly openFiles?: number;
  readonly addressSpaceBytes?: number;
}

/** Reads the soft limits of `/proc/self/limits`: a table whose columns are at least two spaces apart. */
export function parseLimits(text: string): ProcLimits {
  return present({
    openFiles: figure(/^Max open files\s+(\d+)\s/m.exec(text)?.[1]),
    addressSpaceBytes: figure(/^Max address space\s+(\d+)\s/m.exec(text)?.[1]),
  });
}

/** What the network interfaces carried, in bytes. */
export interface NetworkTraffic {
  readonly received: number;
  readonly transmitted: number;
}

/**
 * Adds up `/proc/self/net/dev`: a line for each interface, its name before the colon, what it received in the first
 * column and what it transmitted in the ninth. The loopback interface is no network and is left out.
 */
export function parseNetworkTraffic(text: string): NetworkTraffic | undefined {
  let received = 0;
  let transmitted = 0;
  let interfaces = 0;
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    const newline = text.indexOf("\n", start);
    end = newline < 0 ? text.length : newline;
    // An interface may have a colon in its name, as aliases had; the columns hold none.
    const colon = text.lastIndexOf(":", end - 1);
    if (colon < start) continue;
    let at = skipBlanks(text, colon + 1, end);
    const bytesIn = columnAt(text, at, end);
    // Eight columns on, all of them numbers.
    for (let i = 0; i < 8; i++) at = skipBlanks(text, skipDigits(text, at, end), end);
    const bytesOut = columnAt(text, at, end);
    if (bytesIn === undefined || bytesOut === undefined) continue;
    interfaces++;
    if (text.slice(start, colon).trim() === "lo") continue;
    received += bytesIn;
    transmitted += bytesOut;
  }
  return interfaces === 0 ? undefined : { received, transmitted };
}

/** The number in the column of a line that begins at a place. */
function columnAt(text: string, start: number, lineEnd: number): number | undefined {
  const end = skipDigits(text, start, lineEnd);
  const isWhole = end > start && (end === lineEnd || text.charCodeAt(end) === SPACE);
  return isWhole ? Number(text.slice(start, end)) : undefined;
}

/** A number of plain digits. */
export function figure(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

type Present<Shape> = { readonly [Key in keyof Shape]?: Exclude<Shape[Key], undefined> };

/** Takes away what is undefined. */
function present<Shape extends Record<string, number | undefined>>(shape: Shape): Present<Shape> {
  for (const key in shape) if (shape[key] === undefined) delete shape[key];
  return shape as Present<Shape>;
}
