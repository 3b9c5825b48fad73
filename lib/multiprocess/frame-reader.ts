import { readExemplarLabels } from "../model/exemplars.ts";
import type { Exemplar } from "../model/family.ts";
import { isBlock } from "../storage/exponential-block.ts";
import { NATIVE_MAX_LENGTH } from "../storage/native-buckets.ts";
import { ByteReader, FrameError } from "./bytes.ts";
import { cellsOf, checkDeclaration, type Declaration, hasBlocks, isCounting } from "./declaration.ts";
import {
  ANNOUNCE,
  BLOCK,
  CELLS,
  DECLARE,
  EXEMPLAR,
  FRAME_VERSION,
  type FrameHeader,
  IS_FINAL,
  IS_FULL,
  IS_LAST,
  MAGIC,
  NUMBER,
  REMOVE,
  RETRACT,
  SELECT,
} from "./frame.ts";
import { ROWS_PER_STEP } from "./sliced-work.ts";

/** Longer ones are not read. */
const LONGEST_FRAME = 64 * 1024 * 1024;

/** Told what a frame holds, in order. */
export interface FrameVisitor {
  declare(family: number, declaration: Declaration): void;
  /** Step by step. */
  retract(family: number): Iterable<void>;
  select(family: number): void;
  /** @param texts of this call only: the array is used again */
  announce(row: number, texts: readonly string[], createdMs: number): void;
  remove(row: number): void;
  /** Those of a row's numbers that changed. @param cells which; the arrays are used again */
  numbers(row: number, cells: readonly number[], values: readonly number[]): void;
  block(row: number, block: Float64Array): void;
  /** @param sample which of the row's samples has it; beyond them come those of native buckets */
  exemplar(row: number, sample: number, exemplar: Exemplar): void;
}

/**
 * Reads the beginning of a frame.
 *
 * @returns it, and what reads the rest
 * @throws {FrameError} when it is none of ours, of another version, or not as long as it says
 */
export function readHeader(bytes: Uint8Array): { readonly header: FrameHeader; readonly body: ByteReader } {
  if (bytes.length > LONGEST_FRAME) throw new FrameError(`it is ${bytes.length} bytes long, which is too much.`);
  const reader = new ByteReader(bytes);
  if (((reader.byte() << 16) | (reader.byte() << 8) | reader.byte()) !== MAGIC) {
    throw new FrameError("it is no frame of this library.");
  }
  const version = reader.byte();
  if (version !== FRAME_VERSION) {
    throw new FrameError(`it has version ${version}, and this process reads version ${FRAME_VERSION}.`);
  }
  const flags = reader.byte();
  const incarnation = reader.integer();
  const sequence = reader.integer();
  const timeMs = reader.number();
  const length = reader.integer();
  if (!Number.isFinite(timeMs)) throw new FrameError("it has no time.");
  if (length !== bytes.length - reader.offset) {
    throw new FrameError(`it has ${bytes.length - reader.offset} bytes after its head, and should have ${length}.`);
  }
  const header = {
    incarnation,
    sequence,
    timeMs,
    isFull: (flags & IS_FULL) !== 0,
    isLast: (flags & IS_LAST) !== 0,
    isFinal: (flags & IS_FINAL) !== 0,
  };
  return { header, body: reader };
}

/** What a reader must know of a family that was declared before, to read on. */
export interface KnownFamily {
  /** How many labels a row has. */
  readonly width: number;
  readonly cells: number;
  /** Every row that was ever announced is below this number. */
  readonly rowLimit: number;
  readonly hasBlocks: boolean;
  /** From this cell on numbers are counts, which are neither negative nor NaN. */
  readonly firstCount: number;
}

/** The same, as it changes while a frame is read. */
type ReadFamily = KnownFamily & { rowLimit: number };

/**
 * Reads what a frame holds, step by step; a step ends where the numbers of a row were all told.
 *
 * @param known finds the families of former frames
 * @param visitor is told of it; without one it is only seen whether all of it can be so
 * @throws {FrameError} at the first thing that can't be so; what came before was told to the visitor
 */
export function* readBody(
  body: ByteReader,
  known: (family: number) => KnownFamily | undefined,
  visitor?: FrameVisitor,
): Iterable<void> {
  const here = new Map<number, ReadFamily | undefined>();
  const find = (id: number) => {
    if (here.has(id)) return here.get(id);
    const before = known(id);
    const found = before && { ...before };
    here.set(id, found);
    return found;
  };
  let family: ReadFamily | undefined;
  const texts: string[] = [];
  const cells: number[] = [];
  const values: number[] = [];
  let lastRow = -1;
  let rows = 0;
  const checkRow = (row: number) => {
    if (family === undefined) throw new FrameError("it tells of a row of no family.");
    if (row >= family.rowLimit) throw new FrameError("it tells of a row that was not announced.");
  };
  const readCell = (cell: number) => {
    const value = body.number();
    if (family === undefined || cell >= family.cells) {
      throw new FrameError("it tells of a number that the family has not.");
    }
    if (cell >= family.firstCount && !(value >= 0)) throw new FrameError("it has a count that can't be.");
    cells.push(cell);
    values.push(value);
  };
  while (!body.isAtEnd) {
    const what = body.byte();
    if (what < DECLARE || what > EXEMPLAR) throw new FrameError(`it has something unknown: ${what}.`);
    // The number of a row, or of a family.
    const number = body.integer();
    if (what >= ANNOUNCE && number !== lastRow) {
      lastRow = number;
      if (++rows % ROWS_PER_STEP === 0) yield;
    }
    // To make a family takes as long as to make many rows.
    if (what === DECLARE) yield;
    switch (what) {
      case DECLARE: {
        const declaration = readDeclaration(body.text());
        if (find(number) !== undefined) throw new FrameError("it declares a family twice.");
        here.set(number, knownOf(declaration));
        visitor?.declare(number, declaration);
        break;
      }
      case RETRACT:
        if (find(number) === undefined) throw new FrameError("it retracts a family that was not declared.");
        here.set(number, undefined);
        family = undefined;
        if (visitor !== undefined) yield* visitor.retract(number);
        break;
      case SELECT:
        family = find(number);
        if (family === undefined) throw new FrameError("it tells of a family that was not declared.");
        lastRow = -1;
        visitor?.select(number);
        break;
      case ANNOUNCE: {
        // Numbers are given out without gaps, so a reader's memory is bounded by what it was told.
        if (family === undefined || number > family.rowLimit) throw new FrameError("it announces a row out of order.");
        family.rowLimit = Math.max(family.rowLimit, number + 1);
        texts.length = 0;
        for (let i = 0; i < family.width; i++) {
          if (visitor === undefined) body.skipText();
          else texts.push(body.text());
        }
        const createdMs = body.number();
        if (!Number.isFinite(createdMs)) throw new FrameError("it announces a row that was never created.");
        visitor?.announce(number, texts, createdMs);
        break;
      }
      case REMOVE:
        checkRow(number);
        visitor?.remove(number);
        break;
      case NUMBER:
        checkRow(number);
        cells.length = values.length = 0;
        readCell(0);
        visitor?.numbers(number, cells, values);
        break;
      case CELLS:
        checkRow(number);
        cells.length = values.length = 0;
        for (let left = readCount(body, family?.cells ?? 0); left > 0; left--) readCell(body.integer());
        visitor?.numbers(number, cells, values);
        break;
      case BLOCK: {
        checkRow(number);
        if (family?.hasBlocks !== true) throw new FrameError("it has exponential buckets for a family without.");
        const block = readBlock(body);
        visitor?.block(number, block);
        break;
      }
      case EXEMPLAR: {
        checkRow(number);
        const sample = body.integer();
        if (sample > MOST_SAMPLES) throw new FrameError("it has too many exemplars.");
        const exemplar = readExemplar(body);
        visitor?.exemplar(number, sample, exemplar);
        break;
      }
    }
  }
}

/** How many of something there are that a row can't have more of. */
function readCount(body: ByteReader, most: number): number {
  const count = body.integer();
  if (count > most) throw new FrameError("it tells a row more numbers than it has.");
  return count;
}

/** What is known of a family by its declaration alone. */
export function knownOf(declaration: Declaration): ReadFamily {
  const { type, labelNames } = declaration;
  return {
    width: labelNames.length,
    cells: cellsOf(declaration),
    rowLimit: 0,
    hasBlocks: hasBlocks(declaration),
    firstCount: !isCounting(type) ? Number.POSITIVE_INFINITY : type === "counter" ? 0 : 1,
  };
}

function readDeclaration(json: string): Declaration {
  try {
    return checkDeclaration(JSON.parse(json));
  } catch (error) {
    throw new FrameError(`it declares a family that can't be: ${(error as Error).message}`);
  }
}

/** What a block can be at most, in cells: one of native buckets with both signs. */
const LONGEST_BLOCK = 2 * NATIVE_MAX_LENGTH + 100;
/** How many samples of a row may have exemplars, and native exemplars. */
const MOST_SAMPLES = 20_000;
const MOST_EXEMPLAR_LABELS = 128;

function readExemplar(body: ByteReader): Exemplar {
  const entries: [string, string][] = [];
  const labels = body.integer();
  if (labels > MOST_EXEMPLAR_LABELS) throw new FrameError("it has an exemplar with too many labels.");
  for (let i = 0; i < labels; i++) entries.push([body.text(), body.text()]);
  const value = body.number();
  const timestampMs = body.number();
  try {
    const read = readExemplarLabels("An exemplar", Object.fromEntries(entries));
    return { labels: read, value, ...(Number.isFinite(timestampMs) && { timestampMs }) };
  } catch (error) {
    throw new FrameError(`it has an exemplar that can't be: ${(error as Error).message}`);
  }
}

function readBlock(body: ByteReader): Float64Array {
  const length = body.integer();
  if (length > LONGEST_BLOCK) throw new FrameError("it has too many exponential buckets.");
  const block = new Float64Array(length);
  let place = 0;
  for (let left = readCount(body, length); left > 0; left--) {
    place += body.integer();
    if (place >= length) throw new FrameError("it has an exponential bucket outside of its block.");
    block[place] = body.number();
  }
  if (!isBlock(block)) throw new FrameError("it has exponential buckets that can't be.");
  return block;
}
