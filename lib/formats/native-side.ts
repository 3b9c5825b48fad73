import type { NativeBucket } from "../model/family.ts";

/** A run of buckets with adjacent keys, as protobuf has it. */
export interface Span {
  /** How many keys lie between this span and the one before; of the first, the first key. */
  readonly offset: number;
  readonly length: number;
}

/** The buckets of one sign of a native histogram, as they are encoded. */
export class NativeSide {
  readonly spans: Span[] = [];
  /** Each count less the one before. */
  readonly deltas: number[] = [];
  /** The counts themselves, for a histogram that counts in fractions. */
  readonly counts: number[] = [];

  /** The populated buckets; nothing if the spans don't cover as many as there are. */
  buckets(): NativeBucket[] | undefined {
    const { spans, deltas, counts } = this;
    const isFractional = counts.length > 0;
    const total = isFractional ? counts.length : deltas.length;
    const buckets: NativeBucket[] = [];
    let i = 0;
    let key = 0;
    let count = 0;
    for (const { offset, length } of spans) {
      key += offset;
      if (length > total - i) return undefined;
      for (const end = i + length; i < end; i++, key++) {
        count = isFractional ? (counts[i] as number) : count + (deltas[i] as number);
        if (count !== 0) buckets.push({ key, count });
      }
    }
    return i === total ? buckets : undefined;
  }
}
