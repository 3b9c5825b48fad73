// Names that are no legacy ones, for readers that know nothing else.
import { isLegacyLabelName, isLegacyMetricName } from "../model/names.ts";

/** How names are written that are not legacy ones, as a reader asks for it by `escaping=`. */
export type EscapingScheme = "allow-utf-8" | "underscores" | "dots" | "values";

/** What a name names; label names can't hold a colon. */
export type NameKind = "metric" | "label";

export const escapingSchemes: readonly EscapingScheme[] = ["allow-utf-8", "underscores", "dots", "values"];

/**
 * Spells a name by an escaping scheme, as its definition says; under `dots` that doubles the underscores of names which
 * are legal already. Two names may come out alike.
 *
 * @see https://prometheus.io/docs/instrumenting/escaping_schemes/
 * @example
 * escapeName("http.status", "values"); // "U__http_2e_status"
 */
export function escapeName(name: string, scheme: EscapingScheme, kind: NameKind = "metric"): string {
  switch (scheme) {
    case "allow-utf-8":
      return name;
    case "underscores":
      return isLegacyName(name, kind) ? name : mapCharacters(name, kind, () => "_");
    case "dots":
      return mapCharacters(name.replaceAll("_", "__"), kind, (character) => (character === "." ? "_dot_" : "__"));
    case "values":
      if (name === "" || isLegacyName(name, kind)) return name;
      return `U__${mapCharacters(name.toWellFormed().replaceAll("_", "__"), kind, codePointText)}`;
    default:
      return scheme satisfies never;
  }
}

/**
 * The name that {@link escapeName} was given, as far as the scheme tells: `underscores` can't be undone, `dots` only for
 * names of letters, digits, underscores and dots. What was not written by the scheme is returned as it is.
 */
export function unescapeName(name: string, scheme: EscapingScheme): string {
  switch (scheme) {
    case "allow-utf-8":
    case "underscores":
      return name;
    case "dots":
      return name.replaceAll("_dot_", ".").replaceAll("__", "_");
    case "values": {
      if (!name.startsWith("U__")) return name;
      let isMalformed = false;
      const unescaped = name.slice(3).replace(/_(?:_|([0-9a-fA-F]{1,6})_)?/g, (found, hex) => {
        if (found === "__") return "_";
        const point = Number.parseInt(hex, 16);
        if (point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff)) return String.fromCodePoint(point);
        isMalformed = true;
        return "";
      });
      return isMalformed ? name : unescaped;
    }
    default:
      return scheme satisfies never;
  }
}

function isLegacyName(name: string, kind: NameKind): boolean {
  return kind === "metric" ? isLegacyMetricName(name) : isLegacyLabelName(name);
}

function codePointText(character: string): string {
  return `_${(character.codePointAt(0) as number).toString(16)}_`;
}

/** By code point, not by UTF-16 unit: an emoji is one character. */
function mapCharacters(name: string, kind: NameKind, spell: (character: string) => string): string {
  const legal = kind === "metric" ? /[a-zA-Z0-9_:]/ : /[a-zA-Z0-9_]/;
  return [...name].map((c, i) => (legal.test(c) && !(i === 0 && /[0-9]/.test(c)) ? c : spell(c))).join("");
}
