import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BackwardWriter, varintSize } from "../../lib/formats/backward-writer.ts";
import { Random } from "../judges/random.ts";

function hex(write: (out: BackwardWriter) => void): string {
  const out = new BackwardWriter();
  write(out);
  return Buffer.from(out.written).toString("hex");
}

/** A varint as the wire format says it, of any integer of 64 bits. */
function varint(value: bigint): string {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) + 128);
  return Buffer.from([...bytes, Number(rest)]).toString("hex");
}

const integers = (random: Random): number => Math.floor(2 ** (62 * random.next()));

describe("BackwardWriter", () => {
  it("writes varints of any size up to 64 bits", () => {
    assert.equal(
      hex((out) => out.varint(300)),
      "ac02",
    );
    const random = new Random(1);
    for (const value of [
      0,
      1,
      127,
      128,
      16383,
      16384,
      2 ** 31,
      2 ** 32,
      2 ** 53,
      2 ** 63,
      ...Array.from({ length: 300 }, () => integers(random)),
    ]) {
      const expected = varint(BigInt(value));
      assert.equal(
        hex((out) => out.varint(value)),
        expected,
        String(value),
      );
      assert.equal(varintSize(value), expected.length / 2, String(value));
    }
    for (const value of [2 ** 64, 1e300, Number.POSITIVE_INFINITY]) {
      assert.equal(
        hex((out) => out.varint(value)),
        varint(2n ** 64n - 1n),
      );
    }
  });

  it("writes integers of either sign in two's complement and in zigzag", () => {
    const random = new Random(2);
    for (const magnitude of [
      0,
      1,
      2,
      63,
      64,
      2 ** 31,
      2 ** 52,
      2 ** 53,
      ...Array.from({ length: 300 }, () => integers(random)),
    ]) {
      for (const value of [magnitude, -magnitude]) {
        const exact = BigInt(value);
        assert.equal(
          hex((out) => out.int64(value)),
          varint(exact),
          String(value),
        );
        const zigzag = (exact << 1n) ^ (exact >> 63n);
        assert.equal(
          hex((out) => out.sint(value)),
          varint(zigzag),
          String(value),
        );
      }
    }
  });

  it("writes the differences of counts exactly, however large they are", () => {
    const random = new Random(3);
    for (let round = 0; round < 100; round++) {
      const near = random.chance(0.5) ? random.between(0, 9000) : 0;
      const counts = Array.from({ length: random.below(40) }, () =>
        near > 0 ? near + random.between(0, random.pick([63, 64, 8191, 8192])) : integers(random),
      );
      const zigzags = counts.map((count, i) => {
        const exact = BigInt(count) - BigInt(counts[i - 1] ?? 0);
        return varint((exact << 1n) ^ (exact >> 63n));
      });
      assert.equal(
        hex((out) => out.differences(Float64Array.from([...counts, 7, 7]), counts.length)),
        zigzags.join(""),
        counts.join(" "),
      );
    }
  });

  it("puts bytes before others, and copies all of it elsewhere", () => {
    const given = Uint8Array.from({ length: 3000 }, (_, i) => (i * 7) % 251);
    const out = new BackwardWriter();
    const elsewhere = new DataView(new ArrayBuffer(9000));
    for (const length of [0, 1, 3, 4, 5, 8, 1023, 2900]) {
      out.clear();
      out.varint(1);
      out.copy(new DataView(given.buffer), 13, length);
      const expected = [...given.subarray(13, 13 + length), 1];
      assert.deepEqual([...out.written], expected);
      out.copyTo(elsewhere, 5);
      assert.deepEqual([...new Uint8Array(elsewhere.buffer, 5, length + 1)], expected);
    }
  });

  it("puts fields and messages before each other", () => {
    assert.equal(
      hex((out) => {
        const { length } = out;
        out.doubleField(2, 1);
        out.textField(1, "é");
        out.message(4, length);
        out.uintField(3, 150);
      }),
      "189601" + "220d" + "0a02c3a9" + "11000000000000f03f",
    );
  });

  it("grows with texts of any length, and begins anew", () => {
    const out = new BackwardWriter();
    const text = "漢字😀".repeat(10_000);
    out.textField(1, "end");
    out.textField(1, text);
    const bytes = Buffer.byteLength(text);
    assert.equal(out.length, bytes + 4 + 5);
    assert.equal(
      Buffer.from(out.written)
        .subarray(4, 4 + bytes)
        .toString(),
      text,
    );
    for (const short of ["", "a", "a".repeat(48), "a".repeat(49), `${"a".repeat(47)}é`, "\u0080"]) {
      out.clear();
      out.textField(1, short);
      assert.equal(Buffer.from(out.written).subarray(2).toString(), short);
      assert.equal(out.written[1], Buffer.byteLength(short));
    }
    out.clear();
    out.textField(1, "\ud83d");
    assert.equal(Buffer.from(out.written).toString("hex"), "0a03efbfbd");
  });
});
