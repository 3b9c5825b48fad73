import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { TimedExemplar } from "../../lib/storage/native-exemplars.ts";
import { readExemplar, SharedExemplars } from "../../lib/storage/shared-exemplars.ts";
import { SharedMemory } from "../../lib/storage/shared-memory.ts";
import { Random } from "../judges/random.ts";

const PLACES = 3;

/** Rows of one cell, which tells of their exemplars. */
function shared(rows = 1) {
  const memory = new SharedMemory();
  const page = memory.pages(rows);
  return { memory, page, exemplars: new SharedExemplars(memory.pages, PLACES) };
}

const exemplar = (id: string, value = 1): TimedExemplar => ({ labels: { trace_id: id }, value, timestampMs: 5 });

describe("SharedExemplars", () => {
  it("lets others read the exemplar of each place that was written last", () => {
    const random = new Random(1);
    const rows = 20;
    const { memory, page, exemplars } = shared(rows);
    const judge = new Map<string, TimedExemplar>();
    for (let step = 0; step < 5_000; step++) {
      const [row, place] = [random.below(rows), random.below(PLACES)];
      if (random.chance(0.05)) {
        page[row] = 0;
        exemplars.remove(row);
        for (const key of [...judge.keys()]) if (key.startsWith(`${row}/`)) judge.delete(key);
      } else {
        const text = random.hostileText().slice(0, 128).toWellFormed();
        const one = { labels: { ["a".repeat(random.between(1, 9))]: text }, value: random.double(), timestampMs: step };
        exemplars.set(row, page, row, place, one);
        judge.set(`${row}/${place}`, one);
      }
      // As when the log is begun anew.
      if (random.chance(0.01)) memory.reuseFreed();
      const [r, p] = [random.below(rows), random.below(PLACES)];
      assert.deepEqual(readExemplar(page, r, p), judge.get(`${r}/${p}`));
    }
  });

  it("writes over what was there, so that exemplars take no more memory however many there were", () => {
    const { memory, page, exemplars } = shared();
    exemplars.set(0, page, 0, 0, exemplar("4bf92f3577b34da6a3ce929d0e0e4736"));
    const bytes = memory.buffer.byteLength;
    for (let i = 0; i < 50_000; i++) exemplars.set(0, page, 0, 0, exemplar(`${i}`.padStart(32, "0")));
    assert.equal(memory.buffer.byteLength, bytes);
    assert.equal(readExemplar(page, 0, 0)?.labels["trace_id"], "49999".padStart(32, "0"));
  });

  it("has none to read that is being written, for as long as that takes", () => {
    const { memory, page, exemplars } = shared();
    exemplars.set(0, page, 0, 1, exemplar("a"));
    const places = new Int32Array(memory.buffer)[page.byteOffset / 4] as number;
    const address = new Int32Array(memory.buffer)[(places + 1) * 2] as number;
    Atomics.add(new Int32Array(memory.buffer), address * 2, 1);
    assert.equal(readExemplar(page, 0, 1), undefined);
    Atomics.add(new Int32Array(memory.buffer), address * 2, 1);
    assert.deepEqual(readExemplar(page, 0, 1), exemplar("a"));
  });

  it("is read as none, and breaks nothing, where the memory holds anything else", () => {
    const random = new Random(2);
    const { memory, page, exemplars } = shared();
    exemplars.set(0, page, 0, 0, exemplar("a"));
    const bytes = new Uint8Array(memory.buffer);
    for (let step = 0; step < 3_000; step++) {
      // Anywhere but in the header of the memory.
      bytes[random.between(64, 1_000)] = random.below(256);
      for (let place = 0; place < PLACES; place++) {
        const read = readExemplar(page, 0, place);
        if (read !== undefined) assert.deepEqual(Object.keys(read), ["labels", "value", "timestampMs"]);
      }
    }
  });
});
