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
  return present({
    virtualBytes: numberIn(/\nVmSize:[\t ]*(\d+) kB(?=\n|$)/, text, 1024),
    residentBytes: numberIn(/\nVmRSS:[\t ]*(\d+) kB(?=\n|$)/, text, 1024),
    dataBytes: numberIn(/\nVmData:[\t ]*(\d+) kB(?=\n|$)/, text, 1024),
    threads: numberIn(/\nThreads:[\t ]*(\d+)(?=\n|$)/, text),
  });
}

/** What `/proc/self/limits` says; a limit that there isn't is left out. */
export interface ProcLimits {
  readonly openFiles?: number;
  readonly addressSpaceBytes?: number;
}

/** Reads the soft limits of `/proc/self/limits`: a table whose columns are at least two spaces apart. */
export function parseLimits(text: string): ProcLimits {
  return present({
    openFiles: numberIn(/^Max open files\s+(\d+)\s/m, text),
    addressSpaceBytes: numberIn(/^Max address space\s+(\d+)\s/m, text),
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
  // An interface may have a colon in its name, as aliases had; the columns hold none.
  for (const [, name, bytesIn, bytesOut] of text.matchAll(/^ *(.+): *(\d+)(?: +\d+){7} +(\d+)(?= |$)/gm)) {
    interfaces++;
    if (name === "lo") continue;
    received += Number(bytesIn);
    transmitted += Number(bytesOut);
  }
  return interfaces === 0 ? undefined : { received, transmitted };
}

/** The number that a pattern captures where it matches, times what its unit is worth. */
function numberIn(pattern: RegExp, text: string, worth = 1): number | undefined {
  const digits = pattern.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits) * worth;
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
