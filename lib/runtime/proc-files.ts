// Reads what Linux tells in /proc. A line that is missing or is not as it should be is a figure that is not there.

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
  const kilobytes = (key: string) => {
    const value = lineOf(text, key);
    const kilo = value?.endsWith(" kB") ? figure(value.slice(0, -3)) : undefined;
    return kilo === undefined ? undefined : kilo * 1024;
  };
  return present({
    virtualBytes: kilobytes("VmSize"),
    residentBytes: kilobytes("VmRSS"),
    dataBytes: kilobytes("VmData"),
    threads: figure(lineOf(text, "Threads")),
  });
}

/** What a line says behind its key, without the blanks between them. */
function lineOf(text: string, key: string): string | undefined {
  const start = text.indexOf(`\n${key}:`);
  if (start < 0) return undefined;
  const end = text.indexOf("\n", start + 1);
  return text.slice(start + key.length + 2, end < 0 ? text.length : end).trimStart();
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
    const [bytesIn, bytesOut] = [columnOf(text, colon + 1, end, 0), columnOf(text, colon + 1, end, 8)];
    if (bytesIn === undefined || bytesOut === undefined) continue;
    interfaces++;
    if (text.slice(start, colon).trim() === "lo") continue;
    received += bytesIn;
    transmitted += bytesOut;
  }
  return interfaces === 0 ? undefined : { received, transmitted };
}

/** The number in one of the columns of a line, which are any number of blanks apart. */
function columnOf(text: string, start: number, end: number, index: number): number | undefined {
  const skip = (from: number, areBlanks: boolean) => {
    let at = from;
    while (at < end && text.charCodeAt(at) <= 0x20 === areBlanks) at++;
    return at;
  };
  let at = skip(start, true);
  for (let i = 0; i < index; i++) at = skip(skip(at, false), true);
  return figure(text.slice(at, skip(at, false)));
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
