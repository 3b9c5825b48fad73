import type { Exemplar } from "../model/family.ts";
import type { ColumnFamily, ExponentialBlocks } from "../storage/column-family.ts";
import { ExponentialBuckets } from "../storage/exponential-buckets.ts";
import { FINEST_SCHEMA } from "../storage/exponential-keys.ts";
import { NATIVE_MAX_LENGTH } from "../storage/native-buckets.ts";
import type { NativeRow } from "../storage/native-row.ts";
import { QUANTILE_MAX_LENGTH, QUANTILE_SCHEMA } from "../storage/quantile-window.ts";
import { type Combined, combine } from "./combine.ts";
import type { Declaration } from "./declaration.ts";
import { isOlder, latestNatives } from "./latest-exemplars.ts";

/** Where the blocks of several processes come together to be ranked. One serves all, for reading is never interrupted. */
let ranked: ExponentialBuckets | undefined;

/**
 * What of a family's rows is put together only when it is read: exemplars, native buckets and quantiles, those included
 * that processes have left that ended; and sums that depend on the time.
 */
export class MergedAtScrape {
  readonly #declaration: Declaration;
  readonly #own: ColumnFamily;
  readonly #sources: Combined;
  readonly #mostNatives: number;

  /** @param own the columns of the aggregated family; its blocks are what ended processes have left */
  constructor(declaration: Declaration, own: ColumnFamily, sources: Combined) {
    this.#declaration = declaration;
    this.#own = own;
    this.#sources = sources;
    this.#mostNatives = declaration.details.native?.exemplars ?? 0;
  }

  /** How many exemplars a row may have: one for each sample, and behind them those of native buckets. */
  get mostExemplars(): number {
    return this.#own.exemplar === undefined ? 0 : this.#own.samples.length + this.#mostNatives;
  }

  /** What reads them. */
  get columns(): Pick<ColumnFamily, "expose" | "exemplar" | "native"> {
    const { blocks, exemplar, native } = this.#own;
    const { type, aggregator } = this.#declaration;
    const numbers = blocks && type === "summary" ? this.#exposeQuantiles(blocks) : this.#own.expose;
    const expose = aggregator === "livesum" ? this.#exposeHeard(numbers) : numbers;
    return {
      ...(expose && { expose }),
      ...(exemplar && { exemplar: (row: number, sample: number) => this.#exemplar(row, sample) }),
      ...(native && blocks && { native: (row: number) => this.#native(blocks, row) }),
    };
  }

  /** The sums of those that were heard of lately: who was, changes though nobody tells anything. */
  #exposeHeard(expose: ColumnFamily["expose"]): NonNullable<ColumnFamily["expose"]> {
    const { table } = this.#sources;
    return (row, into) => {
      combine("livesum", this.#sources, row, true);
      if (expose !== undefined) expose(row, into);
      else into.set(table.pageOf(row).subarray(table.offsetOf(row), table.offsetOf(row) + into.length));
    };
  }

  /** The latest that any process has. */
  #exemplar(row: number, sample: number): Exemplar | undefined {
    const { live, retired } = this.#sources;
    let latest = retired.exemplars.get(row, sample);
    for (const source of live) {
      const one = source.exemplars.get(row, sample);
      if (one !== undefined && !isOlder(one, latest)) latest = one;
    }
    return latest;
  }

  /**
   * The native buckets of all processes together. There are none where processes are not added up, and where one tells
   * of a series without them: those of the others would not make up its count.
   */
  #native(blocks: ExponentialBlocks, row: number): NativeRow | undefined {
    const { aggregator } = this.#declaration;
    if (aggregator !== "sum" && aggregator !== "all" && aggregator !== "livesum") return undefined;
    // At the finest resolution, of which each block makes what it has.
    const all = new ExponentialBuckets({ schema: FINEST_SCHEMA, maxLength: NATIVE_MAX_LENGTH });
    this.#mergeInto(all, blocks, row, aggregator === "livesum");
    if (all.count < this.#countOf(row)) return undefined;
    return { block: all.block, exemplars: latestNatives(this.#nativeExemplars(row), this.#mostNatives) };
  }

  *#nativeExemplars(row: number): Iterable<Exemplar> {
    for (const source of [this.#sources.retired, ...this.#sources.live]) {
      for (let sample = this.#own.samples.length; sample < this.mostExemplars; sample++) {
        const exemplar = source.exemplars.get(row, sample);
        if (exemplar !== undefined) yield exemplar;
      }
    }
  }

  #mergeInto(all: ExponentialBuckets, blocks: ExponentialBlocks, row: number, areHeardOnly: boolean): void {
    const { live, retired, isHeard } = this.#sources;
    const left = retired.has(row) ? blocks.of(row) : undefined;
    if (left !== undefined) all.mergeBlock(left);
    for (const source of live) {
      const block = source.blocks.get(row);
      if (block !== undefined && (!areHeardOnly || isHeard(source.slot))) all.mergeBlock(block);
    }
  }

  /** How many observations a histogram has, but 0 where some may be NaN, which fall into no bucket. */
  #countOf(row: number): number {
    const { table } = this.#sources;
    const page = table.pageOf(row);
    const offset = table.offsetOf(row);
    if (Number.isNaN(page[offset])) return 0;
    let count = 0;
    for (let cell = 1; cell < table.cells; cell++) count += page[offset + cell] as number;
    return count;
  }

  /** The quantiles of what all processes have observed, and behind them sum and count. */
  #exposeQuantiles(blocks: ExponentialBlocks): (row: number, into: Float64Array) => void {
    const { table } = this.#sources;
    const quantiles = this.#declaration.details.percentiles ?? [];
    return (row, into) => {
      ranked ??= new ExponentialBuckets({ schema: QUANTILE_SCHEMA, maxLength: QUANTILE_MAX_LENGTH });
      ranked.reset();
      this.#mergeInto(ranked, blocks, row, false);
      ranked.quantiles(quantiles, into);
      const offset = table.offsetOf(row);
      const page = table.pageOf(row);
      for (let cell = 0; cell < table.cells; cell++) into[quantiles.length + cell] = page[offset + cell] as number;
    };
  }
}
