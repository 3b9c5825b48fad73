// V8 forgets the shapes of objects of which there are none, and with them the code that it compiled for these. What a scrape
// consists of goes when it ends: without this, each scrape after a full garbage collection began with code that is not
// compiled, and took four to ten times as long.
import type { Format } from "../formats/format.ts";
import { ProtobufExposition } from "../formats/protobuf.ts";
import { TextExposition } from "../formats/text-exposition.ts";
import { COLUMNS, FamilyView } from "../storage/column-family.ts";
import { Gathering } from "./gathering.ts";
import { ChunkPool, SliceWriter } from "./render.ts";
import type { ColumnMetric } from "./scrape.ts";

/** So many series are not written in one step. */
const SERIES = 200;

/** How metrics are made that scrapes can be tried with, by their types. */
const makers = new Map<string, () => ColumnMetric>();

/** Of each content type that was asked for, scrapes that have begun and stay so: one of each maker's, in their order. */
const begun = new Map<string, object[]>();

/** Says how a metric is made that is registered nowhere, with one label. */
export function offerSample(type: string, make: () => ColumnMetric): void {
  makers.set(type, make);
}

/**
 * Sees to it that there is always a scrape in the format, with all that it consists of; from the second one on, for the
 * first has enough to do.
 */
export function keepShapes(format: Format): void {
  // What a format of somebody else's does with families is nothing to try.
  if (!(format instanceof TextExposition || format instanceof ProtobufExposition)) return;
  const scrapes = begun.get(format.contentType);
  if (scrapes === undefined) begun.set(format.contentType, []);
  else if (scrapes.length < makers.size) {
    for (const make of [...makers.values()].slice(scrapes.length)) scrapes.push(begin(make(), format));
  }
}

function begin(metric: ColumnMetric, format: Format): object {
  const { descriptor, table } = metric[COLUMNS];
  for (let i = 0; i < SERIES; i++) table.rowOfValues([String(i)]);
  const view = new FamilyView(metric[COLUMNS]);
  const gathering = new Gathering(() => []);
  const part = { kind: "columns", view, constantLabels: {} } as const;
  gathering.add({ descriptor, part, isDeclared: true }, 0);
  // By this clock every slice is over at once.
  let now = 0.5;
  const writer = new SliceWriter(format.sections(gathering.families), () => now++ * 1_000);
  const pool = new ChunkPool();
  const chunk = pool.take();
  writer.write(chunk);
  pool.lend(chunk).release();
  pool.close();
  return { view, gathering, writer, pool };
}
