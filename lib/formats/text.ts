import type { FamilyDescriptor, MetricType } from "../model/family.ts";
import { isLegacyMetricName } from "../model/names.ts";
import { type Block, type Dialect, typeLabelOf } from "./dialect.ts";
import { escapeHelp, quoteName, writtenFamilyNames } from "./escaping.ts";
import type { EscapingScheme } from "./name-escaping.ts";
import { numberText } from "./numbers.ts";
import { TextExposition } from "./text-exposition.ts";

/** The dialect of the Prometheus text formats. They are one, but for names that have to be quoted, which 0.0.4 lacks. */
export function textDialect(escaping: EscapingScheme): Dialect {
  /** Of each family; it is nearly always written by the same name. */
  const known = new WeakMap<FamilyDescriptor, { readonly name: string; readonly blocks: readonly Block[] }>();
  return {
    escaping,
    omitsForbidden: false,
    writesCreated: false,
    blocksOf(families) {
      const names = writtenFamilyNames(families, escaping);
      return families.map((family, i) => {
        const name = names[i] as string;
        const before = known.get(family);
        if (before?.name === name) return before.blocks;
        const blocks = blocksOf(family, name);
        known.set(family, { name, blocks });
        return blocks;
      });
    },
    boundText: numberText,
    timestampText,
    end: "",
  };
}

/**
 * Prometheus text format 0.0.4, which every reader of metrics reads.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format
 */
export const textFormat: TextExposition = new TextExposition(
  "text/plain; version=0.0.4; charset=utf-8",
  textDialect("underscores"),
);

function blocksOf(family: FamilyDescriptor, name: string): Block[] {
  const { type, help } = family;
  const typeLabel = typeLabelOf(family);
  const block = (title: string, written: MetricType): Block => ({
    title,
    name,
    type: written,
    typeLabel,
    head: headText(title, written, help),
  });
  if (type !== "gaugehistogram") return [block(name, type)];
  // Its sum and count are gauges of their own, as no type of this format has such samples.
  return [
    { ...block(name, type), suffixes: ["_bucket"] },
    { ...block(`${name}_gsum`, "gauge"), suffixes: ["_gsum"] },
    { ...block(`${name}_gcount`, "gauge"), suffixes: ["_gcount"] },
  ];
}

function headText(title: string, type: MetricType, help: string): string {
  const name = quoteName(title, isLegacyMetricName);
  const helpLine = help === "" ? "" : `# HELP ${name} ${escapeHelp(help)}\n`;
  return `${helpLine}# TYPE ${name} ${typeWord(type)}\n`;
}

/** What the format calls a type. It has no info, state set or gauge histogram of its own. */
function typeWord(type: MetricType): string {
  switch (type) {
    case "info":
    case "stateset":
      return "gauge";
    case "gaugehistogram":
      return "histogram";
    case "unknown":
      return "untyped";
    case "counter":
    case "gauge":
    case "histogram":
    case "summary":
      return type;
    default:
      return type satisfies never;
  }
}

/** In milliseconds. */
function timestampText(milliseconds: number): string {
  // Prometheus' own lexer of this format can't read a negative timestamp, and none reads one that is no integer of
  // 64 bits.
  return milliseconds >= 0 && milliseconds <= Number.MAX_SAFE_INTEGER ? ` ${Math.round(milliseconds)}` : "";
}
