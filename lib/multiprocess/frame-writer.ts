import type { Exemplar } from "../model/family.ts";
import { ByteWriter } from "./bytes.ts";
import type { Declaration } from "./declaration.ts";
import {
  ANNOUNCE,
  BLOCK,
  CELLS,
  DECLARE,
  EXEMPLAR,
  FRAME_VERSION,
  IS_FINAL,
  IS_FULL,
  IS_LAST,
  MAGIC,
  NUMBER,
  REMOVE,
  RETRACT,
  SELECT,
} from "./frame.ts";

/** About how long a frame may get; a single series may make it longer. */
const FRAME_BYTES = 60_000;

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
