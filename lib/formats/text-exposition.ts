import type { FamilyDescriptor, LabelSet } from "../model/family.ts";
import { isLegacyLabelName } from "../model/names.ts";
import type { FamilyView } from "../storage/column-family.ts";
import type { SeriesTable } from "../storage/series-table.ts";
import { type Block, type Dialect, isCompositeType } from "./dialect.ts";
import { quoteName, writtenLabelNames } from "./escaping.ts";
import type { FamilyPart, Format, ScrapedFamily, Section } from "./format.ts";
import { LineSection } from "./lines.ts";
import { hasCreated, type SampleLine, sampleLines, sampleName } from "./samples.ts";
import { constantLabelsOf, labelPair, lineHead, rowLines, seriesLines, typeLabelText } from "./text-lines.ts";
import { type TextPlan, textPlan } from "./text-plan.ts";
import { fitsRows, TextRows } from "./text-rows.ts";

/** A format of lines. All of them are written by the same walk over the families, and differ in their dialects only. */
export class TextExposition implements Format {
  readonly contentType: string;
  readonly #dialect: Dialect;
  /** The plans made so far; a family is nearly always scraped under the same name with the same constant labels. */
  readonly #plans = new WeakMap<SeriesTable, TextPlan>();

  /** The blocks of the families that were written last, by the first of them: a registry mostly exposes the same ones. */
  readonly #blocks = new WeakMap<
    FamilyDescriptor,
    { readonly families: readonly FamilyDescriptor[]; readonly blocks: readonly (readonly Block[])[] }
  >();

  constructor(contentType: string, dialect: Dialect) {
    this.contentType = contentType;
    this.#dialect = dialect;
  }

  *sections(families: readonly ScrapedFamily[]): Iterable<Section> {
    const blocks = this.#blocksOf(families);
    for (let i = 0; i < families.length; i++) {
      const { parts } = families[i] as ScrapedFamily;
      const itsBlocks = blocks[i] as readonly Block[];
      // Nearly all families have one block and one part, for which iterators would be most of the garbage.
      for (let j = 0; j < itsBlocks.length; j++) {
        const block = itsBlocks[j] as Block;
        let isBegun = false;
        for (let k = 0; k < parts.length; k++) {
          const part = parts[k] as FamilyPart;
          if (!hasSamples(block, part)) continue;
          const constantLabels = constantLabelsOf(part.constantLabels, block.typeLabel);
          const isByRows = part.kind === "columns" && !part.view.hasExtraLabels && !this.#isComposite(block);
          const view = isByRows ? part.view : undefined;
          const plan = view && this.#planFor(block, view, constantLabels);
          const fits = view !== undefined && plan !== undefined && fitsRows(plan, view.family.table);
          const head = fits && !isBegun ? plan.head : undefined;
          if (!isBegun && head === undefined) yield new LineSection([block.head]);
          yield fits ? new TextRows(plan, view, head) : new LineSection(this.#lines(block, part, constantLabels));
          isBegun = true;
        }
      }
    }
    if (this.#dialect.end !== "") yield new LineSection([this.#dialect.end]);
  }

  /** Whether the series of a block are one line with several numbers, which is not written from columns. */
  #isComposite({ type }: Block): boolean {
    return this.#dialect.compositeText !== undefined && isCompositeType(type);
  }

  #blocksOf(families: readonly ScrapedFamily[]): readonly (readonly Block[])[] {
    const first = families[0]?.descriptor;
    if (first === undefined) return [];
    const known = this.#blocks.get(first);
    const { length } = families;
    if (known?.families.length === length) {
      let i = 0;
      while (i < length && known.families[i] === families[i]?.descriptor) i++;
      if (i === length) return known.blocks;
    }
    const descriptors = families.map(({ descriptor }) => descriptor);
    const blocks = this.#dialect.blocksOf(descriptors);
    this.#blocks.set(first, { families: descriptors, blocks });
    return blocks;
  }

  #lines(block: Block, part: FamilyPart, constantLabels: LabelSet): Iterable<string> {
    return part.kind === "plain"
      ? seriesLines(block, part.family, constantLabels, this.#dialect)
      : rowLines(block, part.view, constantLabels, this.#dialect);
  }

  #planFor(block: Block, view: FamilyView, constantLabels: LabelSet): TextPlan {
    const { table } = view.family;
    const known = this.#plans.get(table);
    if (known?.headText === block.head && known.constantLabels === constantLabels) return known;
    const plan = makePlan(block, view, constantLabels, this.#dialect);
    this.#plans.set(table, plan);
    return plan;
  }
}

/** Whether a part has something to write in a block. A block of one suffix may lack it, as not every series has a sum. */
function hasSamples({ suffixes }: Block, part: FamilyPart): boolean {
  if (part.kind === "columns") return part.view.hasSeries;
  const { type, series } = part.family;
  if (type !== "gaugehistogram" || !suffixes?.includes("_gsum")) return series.length > 0;
  return series.some(({ sum }) => sum !== undefined);
}

function makePlan(block: Block, view: FamilyView, constantLabels: LabelSet, dialect: Dialect): TextPlan {
  const { samples, labelNames } = view.family;
  const { typeLabel } = block;
  const own = new Set(labelNames);
  const behind = Object.entries(constantLabels).filter(([label]) => !own.has(label));
  const names = writtenLabelNames(
    [...labelNames, ...behind.map(([label]) => label), ...(typeLabel === "" ? [] : [typeLabel])],
    dialect.escaping,
  );
  const nameAt = (i: number) => names[i] as string;
  const behindText = behind.map(([, value], i) => labelPair(nameAt(labelNames.length + i), value)).join("");
  const typeLabelPair = ({ label }: SampleLine) =>
    label === undefined ? "" : labelPair(nameAt(names.length - 1), typeLabelText(label, dialect));
  const lines = sampleLines(block, samples, dialect).map((line) => ({
    ...line,
    head: lineHead(sampleName(block, line)),
    labels: behindText + typeLabelPair(line),
  }));
  const absent = labelNames.map((label, i) =>
    Object.hasOwn(constantLabels, label) ? labelPair(nameAt(i), constantLabels[label] as string) : "",
  );
  const takesExemplars = view.hasExemplars && lines.some(({ takesExemplar }) => takesExemplar);
  return textPlan(block.head, constantLabels, lines, absent, {
    // Legacy names are written as they are by every scheme, and so stand in the fragments of the values.
    ...(!labelNames.every(isLegacyLabelName) && {
      names: labelNames.map((_, i) => quoteName(nameAt(i), isLegacyLabelName)),
    }),
    ...(takesExemplars && dialect.exemplarText && { exemplarText: dialect.exemplarText }),
    ...(hasCreated(block.type) && dialect.startPrefix !== undefined && { startPrefix: dialect.startPrefix }),
  });
}
