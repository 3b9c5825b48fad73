// What an aggregation has been told, as frames that another life of its process reads.
import type { AggregateFamily, KeptRow } from "./aggregate-family.ts";
import { FrameError } from "./bytes.ts";
import { cellsOf, type Declaration, WORKER_LABEL } from "./declaration.ts";
import type { FamilySet } from "./family-set.ts";
import type { FamilySource } from "./family-source.ts";
import { type FrameVisitor, knownOf, readBody, readHeader } from "./frame-reader.ts";
import { FrameWriter } from "./frame-writer.ts";
import { inSteps } from "./sliced-work.ts";

/** The incarnation of what ended processes have left; no process has it. */
export const RETIRED_INCARNATION = 2 ** 48;

/** The frames that tell all of these families, as a process of that incarnation would; each is made when it is asked for. */
export function* framesOf(
  incarnation: number,
  families: Iterable<readonly [AggregateFamily, FamilySource | undefined]>,
  timeMs: number,
): Iterable<Uint8Array> {
  const frames: Uint8Array[] = [];
  const writer = new FrameWriter(incarnation, (frame) => frames.push(frame));
  writer.beginFull();
  let id = 0;
  for (const [family, source] of families) {
    writer.declare(id, withWorker(family.declaration, source));
    let number = 0;
    for (const row of family.rowsOf(source)) {
      writeRow(writer, id, number++, row, timeMs);
      yield* frames.splice(0);
    }
    id++;
  }
  writer.end(timeMs);
  yield* frames;
}

/** What ended processes have left tells for each series whose slot it was, where slots are told apart. */
function withWorker(declaration: Declaration, source: FamilySource | undefined): Declaration {
  if (source !== undefined || declaration.aggregator !== "all") return declaration;
  return { ...declaration, labelNames: [...declaration.labelNames, WORKER_LABEL] };
}

function writeRow(writer: FrameWriter, id: number, number: number, row: KeptRow, timeMs: number): void {
  writer.row(id, timeMs);
  writer.announce(number, row.texts, row.createdMs);
  if (row.cells.length === 1) writer.number(number, row.cells[0] as number);
  else writer.cells(number, [...row.cells.keys()], row.cells, 0);
  if (row.block !== undefined) writer.block(number, row.block);
}

/** A family as it is read back. */
interface ReadFamily {
  readonly family: AggregateFamily;
  readonly cells: number;
  readonly rows: {
    texts: readonly string[];
    createdMs: number;
    cells: Float64Array;
    block: Float64Array | undefined;
  }[];
}

/**
 * Adds what ended processes had left to what they have left now, step by step.
 *
 * @throws {FrameError} when it can't be read
 */
export function* restoreRetired(families: FamilySet, frames: readonly Uint8Array[]): Iterable<void> {
  const read = new Map<number, ReadFamily>();
  const known = new Map<number, ReturnType<typeof knownOf>>();
  let selected: ReadFamily | undefined;
  let selectedKnown: ReturnType<typeof knownOf> | undefined;
  const wrong = () => {
    throw new FrameError("it takes something away.");
  };
  const visitor: FrameVisitor = {
    declare(id, declaration) {
      known.set(id, knownOf(declaration));
      const { aggregator, labelNames } = declaration;
      const own = aggregator === "all" ? labelNames.slice(0, -1) : labelNames;
      const family = families.familyOf({ ...declaration, labelNames: own });
      read.set(id, { family, cells: cellsOf(declaration), rows: [] });
    },
    select(id) {
      selected = read.get(id);
      selectedKnown = known.get(id);
    },
    announce(row, texts, createdMs) {
      if (selected === undefined || selectedKnown === undefined) return;
      selectedKnown.rowLimit = Math.max(selectedKnown.rowLimit, row + 1);
      selected.rows[row] = { texts: [...texts], createdMs, cells: new Float64Array(selected.cells), block: undefined };
    },
    numbers(row, cells, values) {
      const kept = selected?.rows[row];
      for (const [i, cell] of cells.entries()) if (kept !== undefined) kept.cells[cell] = values[i] as number;
    },
    block(row, block) {
      const kept = selected?.rows[row];
      if (kept !== undefined) kept.block = block;
    },
    // The traces they name are of another life.
    exemplar: () => {},
    retract: wrong,
    remove: wrong,
  };
  for (const frame of frames) yield* readBody(readHeader(frame).body, (id) => known.get(id), visitor);
  for (const { family, rows } of read.values()) yield* inSteps(rows, (row) => family.restore(row));
}
