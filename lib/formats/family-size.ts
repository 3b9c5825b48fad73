import type { MetricFamily } from "../model/family.ts";
import { Chunk } from "./chunk.ts";
import { textFormat } from "./text.ts";

/** How much a family is. */
export interface FamilySize {
  readonly series: number;
  /** What it takes in text 0.0.4, in bytes. */
  readonly bytes: number;
}

/** Measures a family, by writing it. */
export function familySize(family: MetricFamily): FamilySize {
  const chunk = new Chunk();
  let bytes = 0;
  for (const section of textFormat.sections([
    { descriptor: family, parts: [{ kind: "plain", family, constantLabels: {} }] },
  ])) {
    for (let isDone = false; !isDone; ) {
      isDone = section.write(chunk);
      bytes += chunk.length;
      chunk.clear();
    }
  }
  return { series: family.series.length, bytes };
}
