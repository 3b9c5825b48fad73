import type { FamilyDescriptor, LabelSet, MetricFamily } from "../model/family.ts";
import type { FamilyView } from "../storage/column-family.ts";
import type { Chunk } from "./chunk.ts";

/** Where the series of a scraped family come from: columns of ours, or plain data of a custom collector. */
export type FamilyPart =
  | { readonly kind: "columns"; readonly view: FamilyView; readonly constantLabels: LabelSet }
  | { readonly kind: "plain"; readonly family: MetricFamily; readonly constantLabels: LabelSet };

/** A family as one scrape exposes it: one name, one type, one help, and the series of all its parts. */
export interface ScrapedFamily {
  readonly descriptor: FamilyDescriptor;
  readonly parts: readonly FamilyPart[];
}

/** A stretch of an exposition that writes itself in steps. */
export interface Section {
  /**
   * Writes on and returns whether that was all. Returns early, after some dozens of lines, so that the caller can look
   * at the clock, or when the chunk has no more room, which it then says by `isFull`.
   */
  write(chunk: Chunk): boolean;
}

/** An exposition format. */
export interface Format {
  /** The value of the `Content-Type` header. */
  readonly contentType: string;
  /** The exposition of the families, section by section. */
  sections(families: readonly ScrapedFamily[]): Iterable<Section>;
}
