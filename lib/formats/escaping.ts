// How names and texts are spelled where a format can't take them as they are.
import type { FamilyDescriptor } from "../model/family.ts";
import { isLegacyLabelName, isLegacyMetricName, occupiedNames } from "../model/names.ts";

/** A label value between quotes: backslash, quote and newline are escaped, nothing else is. */
export function escapeLabelValue(value: string): string {
  return /[\\"\n]/.test(value) ? value.replace(/[\\"\n]/g, (c) => (c === "\n" ? "\\n" : `\\${c}`)) : value;
}

/** A help text in text 0.0.4: backslash and newline are escaped, quotes are left alone. */
export function escapeHelp(help: string): string {
  return help.replace(/[\\\n]/g, (c) => (c === "\n" ? "\\n" : "\\\\")).toWellFormed();
}

/**
 * Family names for readers of legacy names: each character that is not legal at its place becomes `_`. A name that some
 * other family would then expose too, as `a.b` would beside `a_b`, gets further ones behind it.
 */
export function underscoreFamilyNames(families: readonly Pick<FamilyDescriptor, "type" | "name">[]): readonly string[] {
  const names = families.map(({ name }) => name);
  if (names.every(isLegacyMetricName)) return names;
  const taken = new Set(families.filter(({ name }) => isLegacyMetricName(name)).flatMap(occupiedNames));
  return families.map(({ type, name }) => {
    if (isLegacyMetricName(name)) return name;
    let written = underscore(name, /[a-zA-Z0-9_:]/);
    while (occupiedNames({ type, name: written }).some((occupied) => taken.has(occupied))) written += "_";
    for (const occupied of occupiedNames({ type, name: written })) taken.add(occupied);
    return written;
  });
}

/** The label names of one series for readers of legacy names, likewise: it can't have two labels of one name. */
export function underscoreLabelNames(names: readonly string[]): readonly string[] {
  if (names.every(isLegacyLabelName)) return names;
  // To every reader `__name__` is the name of the metric.
  const taken = new Set(["__name__", ...names.filter(isLegacyLabelName)]);
  return names.map((name) => {
    if (isLegacyLabelName(name)) return name;
    let written = underscore(name, /[a-zA-Z0-9_]/);
    while (taken.has(written)) written += "_";
    taken.add(written);
    return written;
  });
}

function underscore(name: string, legal: RegExp): string {
  // By code point, not by UTF-16 unit: an emoji is one character.
  return [...name].map((c, i) => (legal.test(c) && !(i === 0 && /[0-9]/.test(c)) ? c : "_")).join("");
}
