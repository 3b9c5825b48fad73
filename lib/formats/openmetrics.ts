import type { Exemplar, FamilyDescriptor, MetricType } from "../model/family.ts";
import { isLegacyMetricName, occupiedNames } from "../model/names.ts";
import { type Block, type Dialect, typeLabelOf } from "./dialect.ts";
import { escapeHelp, quoteName, typeSuffix, writtenFamilyNames, writtenLabelNames } from "./escaping.ts";
import type { EscapingScheme } from "./name-escaping.ts";
import { canonicalNumberText, NUMBER_BYTES, numberText, writeTimestampSeconds } from "./numbers.ts";
import { labelText } from "./text-lines.ts";

/** How many characters the names and values of an exemplar's labels may have together. */
const MOST_EXEMPLAR_CHARACTERS = 128;

/**
 * The dialect of OpenMetrics text 1.0. What OpenMetrics forbids is left out, and what clashes there only is written as
 * what it can be.
 *
 * @param writesCreated whether series have a sample that says when they began
 * @see https://prometheus.io/docs/specs/om/open_metrics_spec/
 */
export function openMetricsDialect(escaping: EscapingScheme, writesCreated: boolean): Dialect {
  return {
    escaping,
    omitsForbidden: true,
    writesCreated,
    blocksOf(families) {
      const names = writtenFamilyNames(families, escaping);
      return titlesOf(families.map((family, i) => ({ ...family, name: names[i] as string }))).map((title, i) => {
        if (title === undefined) return [];
        return [blockOf(families[i] as FamilyDescriptor, names[i] as string, title, escaping)];
      });
    },
    boundText: canonicalNumberText,
    timestampText,
    exemplarText: (exemplar) => (isShort(exemplar, escaping) ? exemplarText(exemplar, escaping) : ""),
    end: "# EOF\n",
  };
}

/**
 * What each family is called in its metadata; `undefined` where it can't be written. Counters and infos lose their
 * suffix. One that has none, or whose shorter name clashes, keeps its name, and then can't have its type.
 *
 * OpenMetrics counts `_created` among the names that a family takes, whether it is written or not.
 */
function titlesOf(families: readonly FamilyDescriptor[]): (string | undefined)[] {
  const owners = new Map<string, number>();
  for (const [i, family] of families.entries()) for (const name of occupiedNames(family)) owners.set(name, i);
  const isFree = (name: string, i: number) => (owners.get(name) ?? i) === i;
  const leftOut = new Set<number>();
  for (const [i, { type, name }] of families.entries()) {
    if (type !== "histogram" && type !== "summary") continue;
    // Another copy of when it began, as text formats may have it, which is no family of its own here.
    const other = owners.get(`${name}_created`);
    if (other !== undefined) leftOut.add(other);
    owners.set(`${name}_created`, i);
  }
  return families.map((family, i) => {
    if (leftOut.has(i)) return undefined;
    const { type, name } = family;
    const suffix = typeSuffix(family);
    if (suffix === "") return name;
    const title = name.slice(0, -suffix.length);
    const claims = type === "counter" ? [title, `${title}_created`] : [title];
    if (!claims.every((claim) => isFree(claim, i))) return name;
    for (const claim of claims) owners.set(claim, i);
    return title;
  });
}

function blockOf(family: FamilyDescriptor, name: string, title: string, escaping: EscapingScheme): Block {
  const type = typeOf(family, name, title, escaping);
  const head = headText(family, title, type, hasUnitLine(family, title));
  return { title, name, type, typeLabel: typeLabelOf(family), head };
}

/** The lines about a family before its samples. */
export function headText({ help, unit }: FamilyDescriptor, title: string, type: MetricType, hasUnit: boolean): string {
  const titleText = quoteName(title, isLegacyMetricName);
  let head = `# TYPE ${titleText} ${type}\n`;
  if (hasUnit) head += `# UNIT ${titleText} ${unit}\n`;
  if (help !== "") head += `# HELP ${titleText} ${escapeHelp(help).replaceAll('"', '\\"')}\n`;
  return head;
}

function typeOf(family: FamilyDescriptor, name: string, title: string, escaping: EscapingScheme): MetricType {
  const { type } = family;
  if (type === "counter" || type === "info") return title === name ? "unknown" : type;
  return type === "stateset" ? stateSetType(family, name, escaping) : type;
}

/** A state set's label has to have its name, which can't be where there is a colon in it. */
export function stateSetType(
  family: Pick<FamilyDescriptor, "name">,
  name: string,
  escaping: EscapingScheme,
): "stateset" | "unknown" {
  return writtenLabelNames([family.name], escaping)[0] === name ? "stateset" : "unknown";
}

/** The unit is a suffix of the name, or not told at all: readers refuse everything otherwise. */
function hasUnitLine(family: FamilyDescriptor, title: string): boolean {
  return mayHaveUnit(family) && title.endsWith(`_${family.unit}`);
}

/** Whether a family has a unit that can be written, and is of a type that may have one. */
export function mayHaveUnit({ type, unit }: FamilyDescriptor): boolean {
  return unit !== undefined && type !== "info" && type !== "stateset" && /^[a-zA-Z0-9_:]+$/.test(unit);
}

/** In seconds. */
export function timestampText(milliseconds: number): string {
  if (!(Math.abs(milliseconds) <= Number.MAX_SAFE_INTEGER)) return "";
  const bytes = new Uint8Array(NUMBER_BYTES);
  return ` ${String.fromCharCode(...bytes.subarray(0, writeTimestampSeconds(bytes, 0, milliseconds)))}`;
}

/** Whether the labels of an exemplar are no longer than they may be. */
function isShort({ labels }: Exemplar, escaping: EscapingScheme): boolean {
  const written = writtenLabelNames(Object.keys(labels), escaping).join("") + Object.values(labels).join("");
  // By code point: an emoji is one character, and two UTF-16 units.
  return written.length <= MOST_EXEMPLAR_CHARACTERS * 2 && [...written].length <= MOST_EXEMPLAR_CHARACTERS;
}

export function exemplarText({ labels, value, timestampMs }: Exemplar, escaping: EscapingScheme): string {
  const timestamp = timestampMs === undefined ? "" : timestampText(timestampMs);
  return ` # {${labelText(Object.entries(labels), escaping).slice(1)}} ${numberText(value)}${timestamp}`;
}
