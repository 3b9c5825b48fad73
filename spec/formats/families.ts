// Families in columns as the metrics make them, and whole expositions of them, for the tests of the formats.
import assert from "node:assert/strict";
import { CHUNK_BYTES, Chunk } from "../../lib/formats/chunk.ts";
import type { FamilyPart, Format, ScrapedFamily, Section } from "../../lib/formats/format.ts";
import { textFormat } from "../../lib/formats/text.ts";
import type { FamilyDescriptor, LabelSet, MetricFamily, MetricType } from "../../lib/model/family.ts";
import { type ColumnFamily, FamilyView, type SampleLayout } from "../../lib/storage/column-family.ts";
import { SeriesTable } from "../../lib/storage/series-table.ts";

type Labels = Readonly<Record<string, unknown>>;

/** A family in columns, and what a metric does to it. */
export class Columns {
  readonly family: ColumnFamily;
  readonly table: SeriesTable;

  constructor(
    descriptor: FamilyDescriptor,
    labelNames: readonly string[],
    samples: readonly SampleLayout[],
    more: Pick<ColumnFamily, "expose" | "extraLabels" | "exemplar" | "native"> & { cells?: number } = {},
  ) {
    const { cells = samples.length, ...rest } = more;
    const writtenNames = labelNames.map((name) => (/^\w+$/.test(name) ? name : JSON.stringify(name)));
    this.table = new SeriesTable({ labelNames, writtenNames, cells, owner: descriptor.name });
    this.family = { descriptor, labelNames, table: this.table, samples, ...rest };
  }

  /** Sets the numbers that are stored for the series of the labels. */
  set(labels: Labels, ...numbers: number[]): this {
    const row = this.table.rowOf(labels);
    this.table.pageOf(row).set(numbers, this.table.offsetOf(row));
    return this;
  }

  remove(labels: Labels): void {
    this.table.remove(this.table.find(labels));
  }

  clear(): void {
    this.table.removeWhere(() => true);
  }

  /** The family as a scrape has it. */
  scraped(constantLabels: LabelSet = {}, descriptor: FamilyDescriptor = this.family.descriptor): ScrapedFamily {
    return { descriptor, parts: [this.part(constantLabels)] };
  }

  part(constantLabels: LabelSet = {}): FamilyPart {
    return { kind: "columns", view: new FamilyView(this.family), constantLabels };
  }
}

/** A counter, gauge or unknown: one number a series. */
export function numbers(type: MetricType, name: string, labelNames: readonly string[] = [], help = "Help."): Columns {
  return new Columns({ name, type, help }, labelNames, [{ suffix: "" }]);
}

/** A histogram, which stores the sum and the observations by bucket, not cumulative. */
export function histogram(name: string, labelNames: readonly string[], bounds: readonly number[]): Columns {
  const buckets = [...bounds, Infinity].map((value) => ({ suffix: "_bucket", label: { name: "le", value } }));
  const columns: Columns = new Columns(
    { name, type: "histogram", help: "Help." },
    labelNames,
    [...buckets, { suffix: "_sum" }, { suffix: "_count" }],
    {
      cells: buckets.length + 1,
      expose(row, into) {
        const { table } = columns;
        const [sum = 0, ...counts] = table.pageOf(row).subarray(table.offsetOf(row), table.offsetOf(row) + table.cells);
        let count = 0;
        for (const [i, n] of counts.entries()) {
          count += n;
          into[i] = count;
        }
        into.set([sum, count], counts.length);
      },
    },
  );
  return columns;
}

export function stateSet(name: string, labelNames: readonly string[], states: readonly string[]): Columns {
  const samples = states.map((value) => ({ suffix: "", label: { name, value } }));
  return new Columns({ name, type: "stateset", help: "Help." }, labelNames, samples);
}

/** An info, whose series have labels of their own each. */
export function info(
  name: string,
  labelNames: readonly string[] = [],
): Columns & { tell(labels: Labels, facts: LabelSet): void } {
  const facts = new Map<number, LabelSet>();
  const columns = new Columns({ name, type: "info", help: "Help." }, labelNames, [{ suffix: "" }], {
    expose: (_row, into) => into.fill(1),
    extraLabels: (row) => facts.get(row),
  });
  return Object.assign(columns, {
    tell: (labels: Labels, told: LabelSet) => void facts.set(columns.table.rowOf(labels), told),
  });
}

/** The family of a custom collector. */
export function plain(family: MetricFamily, constantLabels: LabelSet = {}): ScrapedFamily {
  return { descriptor: family, parts: [{ kind: "plain", family, constantLabels }] };
}

/** What is said at a step of an exposition, to whoever wants to change something meanwhile. */
export type Between = (progress: { readonly isFull: boolean; readonly section: Section }) => void;

/**
 * The whole exposition, from chunks whose first one is filled already up to `start`; with each step a section keeps to
 * what it promises. The views are closed afterwards.
 */
export function expose(
  families: readonly ScrapedFamily[],
  { start = 0, between, format = textFormat }: { start?: number; between?: Between; format?: Format } = {},
): string {
  return decoder.decode(exposeAs(format, families, start, between));
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of an exposition in any format. */
export function exposeAs(format: Format, families: readonly ScrapedFamily[], start = 0, between?: Between): Uint8Array {
  const pieces: Uint8Array[] = [];
  let chunk = new Chunk();
  let first = start;
  chunk.length = start;
  const take = () => {
    pieces.push(chunk.bytes.slice(first, chunk.length));
    first = 0;
  };
  try {
    for (const section of format.sections(families)) {
      for (;;) {
        const before = chunk.length;
        const isDone = section.write(chunk);
        assert.ok(chunk.length >= before && chunk.length <= CHUNK_BYTES, `${before}, then ${chunk.length} bytes`);
        assert.ok(!(isDone && chunk.isFull), "a section that has written everything needs no room");
        if (chunk.isFull) {
          assert.ok(chunk.length > 0, "there is always room for something in an empty chunk");
          take();
          // What is written already belongs to the reader.
          chunk = new Chunk();
          between?.({ isFull: true, section });
        } else if (!isDone) {
          between?.({ isFull: false, section });
        }
        if (isDone) break;
      }
    }
    take();
  } finally {
    for (const part of families.flatMap(({ parts }) => parts)) if (part.kind === "columns") part.view.close();
  }
  return Buffer.concat(pieces);
}
