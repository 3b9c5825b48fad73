// How the facts of a request are spelled as label values, the same for servers and clients.
import type { HistogramOptions } from "../metrics/histogram.ts";

/** The bounds that OpenTelemetry recommends for the durations of HTTP requests, in seconds. */
export const HTTP_BOUNDS: readonly number[] = Object.freeze([
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
]);

/** Bounds for the sizes of bodies, in bytes. */
export const BODY_BOUNDS: readonly number[] = Object.freeze([1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]);

/** How durations are declared, but for name, help and labels. */
export type DurationOptions = Pick<HistogramOptions<string>, "buckets" | "native" | "enableExemplars">;

/** Spells a status: as its code, or as its class. */
export type StatusLabel = (status: number) => string;

export const statusCode: StatusLabel = (status) => String(status);
export const statusClass: StatusLabel = (status) => `${Math.floor(status / 100)}xx`;

/** Whether a response can have had that status; what can't be one is left out. */
export function isStatus(status: unknown): status is number {
  return Number.isInteger(status) && (status as number) >= 100 && (status as number) <= 999;
}

/** The versions of HTTP there are. The parser lets others through when it is lenient. */
export const protocolVersions: readonly string[] = ["", "1.1", "1.0", "2"];

/** The number of a version in {@link protocolVersions}; 0 for one that there is not. */
export function protocolNumber(version: string): number {
  return version === "1.1" ? 1 : version === "1.0" ? 2 : version.startsWith("2") ? 3 : 0;
}

/** The number of bytes that a Content-Length tells; `undefined` when it tells none. */
export function contentLength(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== "string" || !/^\d{1,15}$/.test(value)) return undefined;
  return Number(value);
}

/**
 * The value of a header in the list that Node.js has of them as they came. Where nobody asks for `headers` they are never
 * made an object of, which costs more than all that is measured here.
 *
 * @param name in lower case
 */
export function rawHeader(rawHeaders: readonly string[], name: string): string | undefined {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const header = rawHeaders[i] as string;
    if (header.length === name.length && (header === name || header.toLowerCase() === name)) return rawHeaders[i + 1];
  }
  return undefined;
}
