// What all rows of a family have in common in text: the lines that each of them has.
import type { Exemplar, LabelSet } from "../model/family.ts";
import { type Piece, piece } from "./chunk.ts";
import { NUMBER_BYTES } from "./numbers.ts";
import type { SampleLine } from "./samples.ts";

/** Help texts are a sentence. */
const LONGEST_HEAD = 4096;
/** Room for an exemplar: 128 characters in names and values, what escapes and separates them, and two numbers. */
export const EXEMPLAR_BYTES = 4096;

const encoder = new TextEncoder();

/** One of the lines that every row of the family has. */
export interface Line {
  /** `http_requests_total`, or `wait_seconds_bucket`; `{"http.requests_total"` where the name has to be quoted. */
  readonly head: Piece;
  /** What stands between the row's own labels and the number; only ` ` where the line has no labels of its own. */
  readonly tail: Piece;
  /** Whether the first comma becomes the opening brace; it is there already where the name stands between the braces. */
  readonly opensBraces: boolean;
  /** Whether the tail closes the braces, as it has labels of its own or follows a name between them. */
  readonly tailClosesBraces: boolean;
  /** Which of the row's numbers it has, or {@link CREATED}. */
  readonly sample: number;
  readonly isOmitted: ((numbers: Float64Array) => boolean) | undefined;
  readonly takesExemplar: boolean;
}

/** What is to be said of one of the lines that every row of a family has. */
export interface LineSpec extends Omit<SampleLine, "suffix" | "label"> {
  /** The sample's name, as the line begins with it. */
  readonly head: string;
  /** Labels behind the row's own, with a comma before each. */
  readonly labels: string;
}

/** What all rows of a family have in common. */
export interface TextPlan {
  /** The lines before the first row: HELP, TYPE and UNIT. */
  readonly headText: string;
  /** The same as bytes; nothing where they are too long to be written at once. */
  readonly head: Uint8Array | undefined;
  readonly constantLabels: LabelSet;
  readonly lines: readonly Line[];
  /** What stands for a row's absent label: a default label of the same name, or nothing. */
  readonly absent: readonly (Piece | undefined)[];
  /** `,"http.method"="` for each of the row's labels, where one is not written by the name in its fragments. */
  readonly renamed: readonly Piece[] | undefined;
  /** The longest that head, tail, and absent labels and the number can be together. */
  readonly fixedBytes: number;
  /** Spells an exemplar of a row. Absent where the format has none. */
  readonly exemplarText: ((exemplar: Exemplar) => string) | undefined;
  /** What stands behind the value and before the time since when the row counts. Absent where no line says that so. */
  readonly startPrefix: Piece | undefined;
}

/**
 * @param headText the lines before the first row
 * @param absent what stands for each absent label, with a comma before it
 * @param more the names of the row's labels, where they are not written as they are; and how exemplars are
 */
export function textPlan(
  headText: string,
  constantLabels: LabelSet,
  lines: readonly LineSpec[],
  absent: readonly string[],
  more: {
    readonly names?: readonly string[];
    readonly exemplarText?: (exemplar: Exemplar) => string;
    readonly startPrefix?: string;
  } = {},
): TextPlan {
  const { exemplarText } = more;
  const startPrefix = more.startPrefix === undefined ? undefined : piece(encoder.encode(more.startPrefix));
  const heads = new Map<string, Piece>();
  const planned = lines.map(({ head, labels, sample, isOmitted, takesExemplar }): Line => {
    const shared = heads.get(head) ?? piece(encoder.encode(head));
    heads.set(head, shared);
    const opensBraces = !head.startsWith("{");
    const tailClosesBraces = labels !== "" || !opensBraces;
    const tail = piece(encoder.encode(tailClosesBraces ? `${labels}} ` : " "));
    return { head: shared, tail, opensBraces, tailClosesBraces, sample, isOmitted, takesExemplar };
  });
  const longest = Math.max(0, ...planned.map(({ head, tail }) => head.length + tail.length));
  const absentPieces = absent.map((text) => (text === "" ? undefined : piece(encoder.encode(text))));
  const renamed = more.names?.map((label) => piece(encoder.encode(`,${label}="`)));
  const labelBytes = [...absentPieces, ...(renamed ?? [])].reduce((sum, one) => sum + (one?.length ?? 0), 0);
  const headBytes = encoder.encode(headText);
  const startBytes = startPrefix === undefined ? 0 : startPrefix.length + NUMBER_BYTES;
  return {
    headText,
    head: headBytes.length > LONGEST_HEAD ? undefined : headBytes,
    constantLabels,
    lines: planned,
    absent: absentPieces,
    renamed,
    fixedBytes:
      longest + labelBytes + NUMBER_BYTES + 3 + startBytes + (exemplarText === undefined ? 0 : EXEMPLAR_BYTES),
    exemplarText,
    startPrefix,
  };
}
