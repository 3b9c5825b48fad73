// How names and texts are spelled where a format can't take them as they are.
import type { FamilyDescriptor } from "../model/family.ts";
import { isLegacyLabelName, isLegacyMetricName, occupiedNames } from "../model/names.ts";
import { escapeBytes, QUOTE } from "../storage/escape-bytes.ts";
import { type EscapingScheme, escapeName } from "./name-escaping.ts";

const BACKSLASH = 0x5c;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A label value or a name between quotes: backslash, quote and newline are escaped, nothing else is. */
export function escapeLabelValue(value: string): string {
  return /[\\"\n]/.test(value) ? escapeText(value, QUOTE) : value.toWellFormed();
}

/** A help text in the Prometheus text formats: backslash and newline are escaped, quotes are left alone. */
export function escapeHelp(help: string): string {
  return /[\\\n]/.test(help) ? escapeText(help, BACKSLASH) : help.toWellFormed();
}

function escapeText(text: string, other: number): string {
  const bytes = encoder.encode(text);
  const escaped = new Uint8Array(2 * bytes.length);
  escaped.set(bytes);
  const escapes = escapeBytes(escaped, 0, bytes.length, other);
  return decoder.decode(escaped.subarray(0, bytes.length + escapes));
}

/** A name as a line holds it: between quotes unless every format can write it as it is. */
export function quoteName(name: string, isLegacy: (name: string) => boolean): string {
  return isLegacy(name) ? name : `"${escapeLabelValue(name)}"`;
}

/** What the name of a type's samples has behind the name of its family in OpenMetrics, where it has that. */
export function typeSuffix({ type, name }: Pick<FamilyDescriptor, "type" | "name">): string {
  const suffix = { counter: "_total", info: "_info" }[type as string] ?? "";
  return name.length > suffix.length && name.endsWith(suffix) ? suffix : "";
}

/**
 * Family names by an escaping scheme; legacy names stay as they are in each. A suffix that goes with the type is left out
 * of it. A name that some other family would then expose too, as `a.b` would beside `a_b`, gets further underscores.
 */
export function writtenFamilyNames(
  families: readonly Pick<FamilyDescriptor, "type" | "name">[],
  scheme: EscapingScheme,
): readonly string[] {
  const names = families.map(({ name }) => name);
  if (scheme === "allow-utf-8" || names.every(isLegacyMetricName)) return names;
  const taken = new Set(families.filter(({ name }) => isLegacyMetricName(name)).flatMap(occupiedNames));
  return families.map(({ type, name }) => {
    if (isLegacyMetricName(name)) return name;
    const suffix = typeSuffix({ type, name });
    let base = escapeName(name.slice(0, name.length - suffix.length), scheme);
    while (occupiedNames({ type, name: base + suffix }).some((occupied) => taken.has(occupied))) base += "_";
    for (const occupied of occupiedNames({ type, name: base + suffix })) taken.add(occupied);
    return base + suffix;
  });
}

/** The label names of one series by an escaping scheme, likewise: it can't have two labels of one name. */
export function writtenLabelNames(names: readonly string[], scheme: EscapingScheme): readonly string[] {
  if (scheme === "allow-utf-8" || names.every(isLegacyLabelName)) return names;
  // To every reader `__name__` is the name of the metric.
  const taken = new Set(["__name__", ...names.filter(isLegacyLabelName)]);
  return names.map((name) => {
    if (isLegacyLabelName(name)) return name;
    let written = escapeName(name, scheme, "label");
    while (taken.has(written)) written += "_";
    taken.add(written);
    return written;
  });
}
