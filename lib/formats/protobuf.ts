import type { FamilyDescriptor } from "../model/family.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { BackwardWriter } from "./backward-writer.ts";
import { typeLabelOf } from "./dialect.ts";
import { writtenFamilyNames } from "./escaping.ts";
import type { FamilyPart, Format, ScrapedFamily, Section } from "./format.ts";
import type { EscapingScheme } from "./name-escaping.ts";
import { FamilySection, type MetricsPart } from "./protobuf-family.ts";
import { PlainSeriesPart, RowSeriesPart, type SeriesStyle } from "./protobuf-parts.ts";
import { type ProtobufPlan, protobufPlan } from "./protobuf-plan.ts";
import { fitsProtobufRows, ProtobufRows } from "./protobuf-rows.ts";
import { typeNumber } from "./protobuf-series.ts";
import { constantLabelsOf } from "./text-lines.ts";

/** The content type of delimited protobuf, without the escaping scheme. */
export const PROTOBUF_CONTENT_TYPE =
  "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/**
 * Delimited protobuf: each family as a message, with its length before it. It is the format that servers take native
 * histograms in.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/#protobuf-format
 */
export class ProtobufExposition implements Format {
  readonly contentType: string;
  readonly #escaping: EscapingScheme;
  /** The plans made so far; a family is nearly always scraped with the same constant labels. */
  readonly #plans = new WeakMap<SeriesTable, ProtobufPlan>();

  constructor(contentType: string, escaping: EscapingScheme) {
    this.contentType = contentType;
    this.#escaping = escaping;
  }

  *sections(families: readonly ScrapedFamily[]): Iterable<Section> {
    const names = writtenFamilyNames(
      families.map(({ descriptor }) => descriptor),
      this.#escaping,
    );
    for (const [i, { descriptor, parts }] of families.entries()) {
      if (!parts.some(hasSeries)) continue;
      yield new FamilySection(
        headOf(descriptor, names[i] as string),
        typeNumber(descriptor.type),
        parts.map((part) => this.#part(descriptor, part)),
      );
    }
  }

  #part(family: FamilyDescriptor, part: FamilyPart): MetricsPart {
    const style: SeriesStyle = {
      family,
      constantLabels: constantLabelsOf(part.constantLabels, typeLabelOf(family)),
      escaping: this.#escaping,
    };
    if (part.kind === "plain") return new PlainSeriesPart(part.family, style);
    const plan = this.#planFor(part, style);
    return fitsProtobufRows(plan, part.view.family)
      ? new ProtobufRows(plan, part.view)
      : new RowSeriesPart(plan, part.view, style);
  }

  #planFor({ view }: FamilyPart & { readonly kind: "columns" }, { family, constantLabels }: SeriesStyle): ProtobufPlan {
    const { table } = view.family;
    const known = this.#plans.get(table);
    // A prefix changes the name of a state set, and so its label.
    if (known?.family === family.name && known.constantLabels === constantLabels) return known;
    const plan = protobufPlan(view.family, family.name, constantLabels, this.#escaping);
    this.#plans.set(table, plan);
    return plan;
  }
}

/** Protobuf for readers of legacy names: Prometheus asks for no other escaping. */
export const protobufFormat: Format = new ProtobufExposition(
  `${PROTOBUF_CONTENT_TYPE}; escaping=underscores`,
  "underscores",
);

function hasSeries(part: FamilyPart): boolean {
  return part.kind === "columns" ? part.view.hasSeries : part.family.series.length > 0;
}

/** The fields of a family before its metrics. */
function headOf({ type, help, unit }: FamilyDescriptor, name: string): Uint8Array {
  const out = new BackwardWriter();
  if (unit !== undefined) out.textField(5, unit);
  out.uintField(3, typeNumber(type));
  if (help !== "") out.textField(2, help);
  out.textField(1, name);
  return out.written;
}
