// The frames in which a process tells another what it has counted.
//
// A report is one frame or several, each complete in itself. Families are declared and label sets announced once, under
// numbers that the sender chooses; afterwards only numbers that changed are sent. A frame says its version and length,
// whose it is, and the how manieth, so that a reader takes it whole, in order, or not at all.
import { readExemplarLabels } from "../model/exemplars.ts";
import type { Exemplar } from "../model/family.ts";
import { isBlock } from "../storage/exponential-block.ts";
import { NATIVE_MAX_LENGTH } from "../storage/native-buckets.ts";
import { ByteReader, ByteWriter, FrameError } from "./bytes.ts";
import { cellsOf, checkDeclaration, type Declaration, hasBlocks, isCounting } from "./declaration.ts";

/** "TLY", and the version of what follows. A change that a reader of this version could not follow gets a new one. */
const MAGIC = 0x54_4c_59;
export const FRAME_VERSION = 1;

/** About how long a frame may get; a single series may make it longer. */
const FRAME_BYTES = 60_000;
/** Longer ones are not read. */
export const LONGEST_FRAME = 64 * 1024 * 1024;

// What a frame holds, one after another. Those about rows are about the family that was selected last.
const DECLARE = 1;
const RETRACT = 2;
const SELECT = 3;
const ANNOUNCE = 4;
const REMOVE = 5;
const NUMBER = 6;
const CELLS = 7;
const BLOCK = 8;
const EXEMPLAR = 9;

/** The first frame of a report that tells everything, and not only what changed. */
const IS_FULL = 1;
/** The last frame of a report. */
const IS_LAST = 2;
/** Nothing comes after this report. */
const IS_FINAL = 4;

/** What stands at the beginning of a frame. */
export interface FrameHeader {
  /** The sender's own life: another number after a restart. */
  readonly incarnation: number;
  /** Counts the sender's frames. */
  readonly sequence: number;
  /** When the numbers were read, by the sender's wall clock, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly isFull: boolean;
  readonly isLast: boolean;
  readonly isFinal: boolean;
}

/** Told what a frame holds, in order. */
export interface FrameVisitor {
  declare(family: number, declaration: Declaration): void;
  retract(family: number): void;
  select(family: number): void;
  announce(row: number, texts: readonly string[], createdMs: number): void;
  remove(row: number): void;
  /** One of a row's numbers, which it may be told several of. */
  cell(row: number, cell: number, value: number): void;
  /** The row's numbers were all told. */
  endRow(row: number): void;
  block(row: number, block: Float64Array): void;
  /** @param sample which of the row's samples has it; beyond them come those of native buckets */
  exemplar(row: number, sample: number, exemplar: Exemplar): void;
}

/** Writes reports, cut into frames. */
export class FrameWriter {
  readonly #incarnation: number;
  readonly #send: (frame: Uint8Array) => void;
  readonly #body = new ByteWriter();
  #sequence = 0;
  #selected = -1;
  #isFull = false;

  /**
   * @param incarnation a number that no other life of the process has, from 0 to 2^51
   * @param send takes each frame when it is finished; the bytes are its own
   */
  constructor(incarnation: number, send: (frame: Uint8Array) => void) {
    this.#incarnation = incarnation;
    this.#send = send;
  }

  /** How many frames were finished so far. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Begins a report that tells everything. */
  beginFull(): void {
    this.#body.take();
    this.#selected = -1;
    this.#isFull = true;
  }

  declare(family: number, declaration: Declaration): void {
    this.#body.byte(DECLARE);
    this.#body.integer(family);
    this.#body.text(JSON.stringify(declaration));
  }

  retract(family: number): void {
    this.#body.byte(RETRACT);
    this.#body.integer(family);
    this.#selected = -1;
  }

  /** Between rows; here a frame may end. */
  row(family: number, timeMs: number): void {
    if (this.#body.length >= FRAME_BYTES) this.#finish(timeMs, 0);
    if (this.#selected === family) return;
    this.#selected = family;
    this.#body.byte(SELECT);
    this.#body.integer(family);
  }

  announce(row: number, texts: readonly string[], createdMs: number): void {
    this.#body.byte(ANNOUNCE);
    this.#body.integer(row);
    for (const text of texts) this.#body.text(text);
    this.#body.number(createdMs);
  }

  remove(row: number): void {
    this.#body.byte(REMOVE);
    this.#body.integer(row);
  }

  /** The one number of a row. */
  number(row: number, value: number): void {
    this.#body.byte(NUMBER);
    this.#body.integer(row);
    this.#body.number(value);
  }

  /** Some numbers of a row, of which there is at least one. */
  cells(row: number, changed: readonly number[], page: Float64Array, offset: number): void {
    this.#body.byte(CELLS);
    this.#body.integer(row);
    this.#body.integer(changed.length);
    for (const cell of changed) {
      this.#body.integer(cell);
      this.#body.number(page[offset + cell] as number);
    }
  }

  /** The exponential buckets of a row. Most are empty, so each that isn't comes with its place. */
  block(row: number, block: Float64Array): void {
    let populated = 0;
    for (let i = 0; i < block.length; i++) if (block[i] !== 0) populated++;
    this.#body.byte(BLOCK);
    this.#body.integer(row);
    this.#body.integer(block.length);
    this.#body.integer(populated);
    let last = 0;
    for (let i = 0; i < block.length; i++) {
      if (block[i] === 0) continue;
      this.#body.integer(i - last);
      this.#body.number(block[i] as number);
      last = i;
    }
  }

  exemplar(row: number, sample: number, { labels, value, timestampMs }: Exemplar): void {
    const names = Object.keys(labels);
    this.#body.byte(EXEMPLAR);
    this.#body.integer(row);
    this.#body.integer(sample);
    this.#body.integer(names.length);
    for (const name of names) {
      this.#body.text(name);
      this.#body.text(labels[name] as string);
    }
    this.#body.number(value);
    this.#body.number(timestampMs ?? Number.NaN);
  }

  /** Ends the report. It has a frame even when there is nothing to tell: that the process lives. */
  end(timeMs: number, isFinal = false): void {
    this.#finish(timeMs, IS_LAST | (isFinal ? IS_FINAL : 0));
  }

  #finish(timeMs: number, flags: number): void {
    const body = this.#body.take();
    const head = new ByteWriter();
    head.byte(MAGIC >> 16);
    head.byte((MAGIC >> 8) & 0xff);
    head.byte(MAGIC & 0xff);
    head.byte(FRAME_VERSION);
    head.byte(flags | (this.#isFull ? IS_FULL : 0));
    head.integer(this.#incarnation);
    head.integer(this.#sequence++);
    head.number(timeMs);
    head.integer(body.length);
    this.#isFull = false;
    this.#selected = -1;
    this.#send(Buffer.concat([head.take(), body]));
  }
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
 * Reads what a frame holds.
 *
 * @param known finds the families of former frames
 * @throws {FrameError} at the first thing that can't be so; what came before was told to the visitor
 */
export function readBody(
  body: ByteReader,
  known: (family: number) => KnownFamily | undefined,
  visitor: FrameVisitor,
): void {
  const here = new Map<number, ReadFamily | undefined>();
  const find = (id: number) => {
    if (here.has(id)) return here.get(id);
    const before = known(id);
    const found = before && { ...before };
    here.set(id, found);
    return found;
  };
  let family: ReadFamily | undefined;
  const readRow = () => {
    const row = body.integer();
    if (family === undefined) throw new FrameError("it tells of a row of no family.");
    if (row >= family.rowLimit) throw new FrameError("it tells of a row that was not announced.");
    return row;
  };
  const readCell = (row: number, cell: number) => {
    const value = body.number();
    if (family === undefined || cell >= family.cells) {
      throw new FrameError("it tells of a number that the family has not.");
    }
    if (cell >= family.firstCount && !(value >= 0)) throw new FrameError("it has a count that can't be.");
    visitor.cell(row, cell, value);
  };
  while (!body.isAtEnd) {
    const what = body.byte();
    switch (what) {
      case DECLARE: {
        const id = body.integer();
        const declaration = readDeclaration(body.text());
        if (find(id) !== undefined) throw new FrameError("it declares a family twice.");
        here.set(id, knownOf(declaration));
        visitor.declare(id, declaration);
        break;
      }
      case RETRACT: {
        const id = body.integer();
        if (find(id) === undefined) throw new FrameError("it retracts a family that was not declared.");
        here.set(id, undefined);
        family = undefined;
        visitor.retract(id);
        break;
      }
      case SELECT: {
        const id = body.integer();
        family = find(id);
        if (family === undefined) throw new FrameError("it tells of a family that was not declared.");
        visitor.select(id);
        break;
      }
      case ANNOUNCE: {
        const row = body.integer();
        // Numbers are given out without gaps, so a reader's memory is bounded by what it was told.
        if (family === undefined || row > family.rowLimit) throw new FrameError("it announces a row out of order.");
        family.rowLimit = Math.max(family.rowLimit, row + 1);
        const texts: string[] = [];
        for (let i = 0; i < family.width; i++) texts.push(body.text());
        const createdMs = body.number();
        if (!Number.isFinite(createdMs)) throw new FrameError("it announces a row that was never created.");
        visitor.announce(row, texts, createdMs);
        break;
      }
      case REMOVE:
        visitor.remove(readRow());
        break;
      case NUMBER: {
        const row = readRow();
        readCell(row, 0);
        visitor.endRow(row);
        break;
      }
      case CELLS: {
        const row = readRow();
        for (let left = body.integer(); left > 0; left--) {
          readCell(row, body.integer());
        }
        visitor.endRow(row);
        break;
      }
      case BLOCK: {
        const row = readRow();
        if (family?.hasBlocks !== true) throw new FrameError("it has exponential buckets for a family without.");
        visitor.block(row, readBlock(body));
        break;
      }
      case EXEMPLAR: {
        const row = readRow();
        const sample = body.integer();
        if (sample > MOST_SAMPLES) throw new FrameError("it has too many exemplars.");
        visitor.exemplar(row, sample, readExemplar(body));
        break;
      }
      default:
        throw new FrameError(`it has something unknown: ${what}.`);
    }
  }
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
  for (let left = body.integer(); left > 0; left--) {
    place += body.integer();
    if (place >= length) throw new FrameError("it has an exponential bucket outside of its block.");
    block[place] = body.number();
  }
  if (!isBlock(block)) throw new FrameError("it has exponential buckets that can't be.");
  return block;
}
