import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LogReader, LogWriter, RECORD } from "../../lib/multiprocess/thread-log.ts";
import { SharedMemory } from "../../lib/storage/shared-memory.ts";
import { Random } from "../judges/random.ts";

interface Written {
  readonly kind: number;
  readonly family: number;
  readonly integer: number;
  readonly number: number;
  readonly text: string;
}

function write(log: LogWriter, { kind, family, integer, number, text }: Written): void {
  log.begin(kind, family).integer(integer).number(number).text(text).append();
}

function readAll(reader: LogReader): Written[] {
  const read: Written[] = [];
  while (reader.next()) {
    const { kind, family } = reader;
    read.push({ kind, family, integer: reader.integer(), number: reader.number(), text: reader.text() });
  }
  return read;
}

function anyRecord(random: Random): Written {
  const text = random.chance(0.02) ? "x".repeat(random.below(90_000)) : 'é\0\ud83d\ude00"\n'.repeat(random.below(9));
  const integer = random.below(2 ** 32);
  return { kind: RECORD.SERIES, family: random.below(2 ** 32), integer, number: random.double(), text };
}

describe("The log of a thread", () => {
  it("is read as it was written, while it is being written, whatever its records hold", () => {
    const random = new Random(3);
    const memory = new SharedMemory();
    const log = new LogWriter(memory);
    const reader = new LogReader(memory.buffer);
    const written: Written[] = [];
    const read: Written[] = [];
    for (let i = 0; i < 400; i++) {
      const record = anyRecord(random);
      write(log, record);
      written.push(record);
      if (random.chance(0.2)) read.push(...readAll(reader));
    }
    read.push(...readAll(reader));
    assert.deepEqual(read, written);
    assert.equal(reader.hasMore, false);
    assert.deepEqual(readAll(new LogReader(memory.buffer)), written);
  });

  it("says to its readers that it was begun anew, however often, and gives its memory back", () => {
    const memory = new SharedMemory();
    const log = new LogWriter(memory);
    const record = { kind: RECORD.SERIES, family: 1, integer: 2, number: 3, text: "four" };
    const first = new LogReader(memory.buffer);
    for (let i = 0; i < 500; i++) {
      log.startOver(() => {
        for (let n = 0; n < 50; n++) write(log, record);
      });
      assert.equal(first.isOutdated, true);
      assert.equal(readAll(first).length, 0);
    }
    const reader = new LogReader(memory.buffer);
    assert.equal(reader.isOutdated, false);
    assert.equal(readAll(reader).length, 50);
    assert.equal(memory.buffer.byteLength, 32_768);
  });

  it("has nothing to say before it is begun", () => {
    const reader = new LogReader(new SharedMemory().buffer);
    assert.equal(reader.hasMore, false);
    assert.equal(reader.next(), false);
  });
});
