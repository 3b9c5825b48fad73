import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { COPY_SLACK_BYTES } from "../../lib/formats/chunk.ts";
import { Fragments } from "../../lib/storage/fragments.ts";
import { Random } from "../judges/random.ts";

function add(fragments: Fragments, label: number, id: number, bytes: Uint8Array, most = bytes.length): void {
  const start = fragments.reserve(most);
  fragments.bytes.set(bytes, start);
  fragments.add(label, id, bytes.length);
}

function read(fragments: Fragments, label: number, id: number): Uint8Array {
  const start = fragments.startOf(label, id);
  return fragments.bytes.slice(start, start + fragments.lengthOf(label, id));
}

/** As a writer of lines finds it. */
function readByPlace({ view, places, firstPlaces }: Fragments, label: number, id: number): Uint8Array {
  const at = ((firstPlaces[label] as number) + id) * 2;
  return new Uint8Array(view.buffer, places[at] as number, places[at + 1] as number).slice();
}

describe("Fragments", () => {
  it("keeps what a list for each label keeps, after any history", () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = new Random(seed);
      const labels = random.between(1, 6);
      const fragments = new Fragments(labels);
      const lists = Array.from({ length: labels }, () => new Map<number, Uint8Array>());
      for (let step = 0; step < 1500; step++) {
        const label = random.below(labels);
        const list = lists[label] as Map<number, Uint8Array>;
        const used = [...list.keys()];
        if (used.length > 0 && random.chance(0.4)) {
          const id = random.pick(used);
          fragments.forget(label, id);
          list.delete(id);
          if (random.chance(0.5)) fragments.tidy();
        } else {
          // As ids are given out: one that is free again, or the next.
          const id = random.below(used.length + 1 + (random.chance(0.05) ? 40 : 0));
          if (list.has(id)) continue;
          const bytes = new Uint8Array(random.between(1, random.chance(0.02) ? 3000 : 60)).map(() => random.below(256));
          add(fragments, label, id, bytes, bytes.length * random.between(1, 3));
          list.set(id, bytes);
        }
      }
      for (const [label, list] of lists.entries()) {
        let longest = 0;
        for (const [id, bytes] of list) {
          assert.deepEqual(read(fragments, label, id), bytes);
          assert.deepEqual(readByPlace(fragments, label, id), bytes);
          longest = Math.max(longest, bytes.length);
        }
        assert.ok((fragments.longest[label] as number) >= longest);
      }
    }
  });

  it("has a length of zero for an id without a fragment", () => {
    const fragments = new Fragments(2);
    add(fragments, 1, 9, Uint8Array.of(1, 2, 3));
    assert.deepEqual([fragments.lengthOf(0, 0), fragments.lengthOf(1, 0), fragments.lengthOf(1, 8)], [0, 0, 0]);
    assert.equal(fragments.lengthOf(1, 9), 3);
    fragments.forget(1, 9);
    assert.equal(fragments.lengthOf(1, 9), 0);
  });

  it("can be copied in blocks from any fragment, the last one too", () => {
    const random = new Random(3);
    for (let round = 0; round < 200; round++) {
      const fragments = new Fragments(1);
      for (let id = 1; id < random.between(2, 20); id++) {
        add(fragments, 0, id, new Uint8Array(random.between(1, 100)).fill(id));
        const end = fragments.startOf(0, id) + fragments.lengthOf(0, id);
        assert.ok(end + COPY_SLACK_BYTES <= fragments.view.byteLength);
        assert.equal(fragments.view.buffer, fragments.bytes.buffer);
      }
    }
  });

  it("makes room step by step while others come and go", () => {
    for (let seed = 0; seed < 6; seed++) {
      const random = new Random(seed);
      const fragments = new Fragments(2);
      const list = new Map<number, Uint8Array>();
      let growth: Iterator<void> | undefined;
      for (let id = 0; id < 4_000; id++) {
        const bytes = new Uint8Array(random.between(1, 300)).fill(random.below(256));
        add(fragments, id & 1, id >> 1, bytes);
        list.set(id, bytes);
        if (random.chance(0.1 * seed)) {
          const gone = random.pick([...list.keys()].slice(0, 50));
          fragments.forget(gone & 1, gone >> 1);
          list.delete(gone);
          fragments.tidy();
        }
        if (!random.chance(0.1)) continue;
        growth ??= fragments.grow()[Symbol.iterator]();
        if (growth.next().done === true) growth = undefined;
      }
      for (const [id, bytes] of list) assert.deepEqual(read(fragments, id & 1, id >> 1), bytes);
    }
  });

  it("has room without being moved where it was made in time", () => {
    const fragments = new Fragments(1);
    const bytes = new Uint8Array(100).fill(7);
    let memory = fragments.bytes;
    let moves = 0;
    for (let id = 0; id < 30_000; id++) {
      if (id % 50 === 0) {
        for (const _ of fragments.grow());
        memory = fragments.bytes;
      }
      add(fragments, 0, id, bytes, 300);
      if (fragments.bytes.length > 2 ** 17 && fragments.bytes !== memory) moves++;
    }
    assert.equal(moves, 0);
    assert.deepEqual(read(fragments, 0, 12_345), bytes);
  });

  it("has nothing to keep for a family without labels", () => {
    const fragments = new Fragments(0);
    fragments.tidy();
    assert.equal(fragments.byteLength, 128);
    assert.deepEqual([...fragments.firstPlaces], []);
  });
});
