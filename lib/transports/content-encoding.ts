import { parseWishes } from "../formats/accept.ts";
import type { LeasedChunk } from "../registry/scrape.ts";

/** A way to compress an exposition. */
export interface Encoding {
  /** As HTTP calls it: `gzip`. */
  readonly name: string;
  /**
   * Compresses chunks as they are asked for. Each one it takes is released, and returning the generator early ends it;
   * those that it yields are the reader's own.
   */
  encode(chunks: AsyncIterable<LeasedChunk>): AsyncGenerator<LeasedChunk>;
}

/** What came of an `Accept-Encoding` header. */
export interface ChosenEncoding {
  /** Absent where the exposition goes out as it is. */
  readonly encoding?: Encoding;
  /** Whether the reader does not take the exposition as it is. */
  readonly isRequired: boolean;
}

/**
 * The encoding that an `Accept-Encoding` header wishes most, among equals the first; `undefined` when there is nothing
 * that the reader takes. No header, or one that can't be read, means no encoding.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#name-accept-encoding
 */
export function chooseEncoding(
  acceptEncoding: string | null | undefined,
  encodings: readonly Encoding[],
): ChosenEncoding | undefined {
  const wishes = parseWishes(acceptEncoding ?? "");
  const weightOf = (name: string) => wishes.find(({ value }) => value === name)?.weight;
  const others = weightOf("*");
  const identity = weightOf("identity");
  const isRequired = (identity ?? others) === 0;
  let best: { readonly encoding: Encoding; readonly weight: number } | undefined;
  for (const encoding of encodings) {
    const weight = weightOf(encoding.name) ?? others ?? 0;
    if (weight > (best?.weight ?? 0)) best = { encoding, weight };
  }
  if (best === undefined) return isRequired ? undefined : { isRequired };
  return best.weight >= (identity ?? 0) ? { encoding: best.encoding, isRequired } : { isRequired };
}
