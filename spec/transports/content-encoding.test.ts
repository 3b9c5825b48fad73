import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import * as zlib from "node:zlib";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import type { LeasedChunk } from "../../lib/registry/scrape.ts";
import { chooseEncoding, type Encoding } from "../../lib/transports/content-encoding.ts";
import { webEncodings } from "../../lib/transports/web-encodings.ts";
import { zlibEncodings } from "../../lib/transports/zlib-encodings.ts";
import { Random } from "../judges/random.ts";
import { endless, FakeExposer, large } from "./fake-exposer.ts";

const named = (name: string): Encoding => ({ name, encode: () => assert.fail("nothing is encoded here") });
const [gzip, br] = [named("gzip"), named("br")];

describe("chooseEncoding", () => {
  // biome-ignore format: a table
  const cases: readonly (readonly [header: string | null | undefined, chosen: string | undefined, why: string])[] = [
    [undefined, "as it is", "who says nothing gets the exposition as it is"],
    [null, "as it is", "nor says fetch's null anything"],
    ["", "as it is", "an empty list wants nothing else"],
    ["gzip", "gzip", "as Prometheus asks"],
    ["identity", "as it is", "as Prometheus asks with compression off"],
    ["gzip, deflate, br, zstd", "gzip", "among equals our first counts"],
    ["gzip;q=0.5, br;q=0.8", "br", "the larger weight counts"],
    ["GZIP", "gzip", "in any case"],
    ["gzip;q=0", "as it is", "zero is a refusal"],
    ["gzip;q=0, *", "br", "and a star stands for the others"],
    ["*", "gzip", "a star takes ours"],
    ["*;q=0", undefined, "nothing is taken"],
    ["identity;q=0", undefined, "neither is the exposition as it is"],
    ["identity;q=0, gzip", "gzip only", "then it has to be the other"],
    ["identity;q=0, *", "gzip only", "also by a star"],
    ["*;q=0, gzip;q=0.1", "gzip only", "a star refuses the exposition as it is, too"],
    ["*;q=0, identity", "as it is", "unless it is named"],
    ["identity, gzip;q=0.5", "as it is", "who likes it better gets it"],
    ["identity;q=0.5, gzip;q=0.5", "gzip", "who likes both as much saves bytes"],
    ["deflate, compress", "as it is", "what there is not does not matter"],
    ["x".repeat(100_000), "as it is", "garbage wants nothing"],
    ['"gzip', "as it is", "nor does this"],
  ];
  for (const [header, chosen, why] of cases) {
    it(`takes ${JSON.stringify(header)?.slice(0, 40)} for ${chosen ?? "a refusal"}: ${why}`, () => {
      const found = chooseEncoding(header, [gzip, br]);
      const only = found?.isRequired ? " only" : "";
      assert.equal(found && `${found.encoding?.name ?? "as it is"}${only}`, chosen);
    });
  }

  it("has nothing to choose from where nothing can be encoded", () => {
    assert.deepEqual(chooseEncoding("gzip", []), { isRequired: false });
    assert.equal(chooseEncoding("gzip, identity;q=0", []), undefined);
  });
});

async function readAll(chunks: AsyncIterable<LeasedChunk>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const { bytes, release } of chunks) {
    pieces.push(Buffer.from(bytes));
    release();
  }
  return Buffer.concat(pieces);
}

const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Buffer };
const decoders: Record<string, ((bytes: Uint8Array) => Buffer) | undefined> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

for (const [where, encodings] of [
  ["Node.js", zlibEncodings],
  ["the Compression standard", webEncodings],
] as const) {
  describe(`the encodings of ${where}`, () => {
    it("begin with gzip", () => assert.equal(encodings[0]?.name, "gzip"));

    for (const encoding of encodings) {
      const decode = decoders[encoding.name] ?? assert.fail(`${encoding.name} can't be decoded here`);

      for (const [what, texts] of [
        ["nothing", []],
        ["a line", ["a 1\n"]],
        ["many chunks", large(40)],
      ] as const) {
        it(`${encoding.name} gives ${what} back when it is decoded, and every chunk`, async () => {
          const exposer = new FakeExposer(texts);
          const bytes = await readAll(encoding.encode(exposer.chunks()));
          assert.ok(decode(bytes).toString() === texts.join(""));
          assert.deepEqual([exposer.lent, exposer.released, exposer.ended], [texts.length, texts.length, 1]);
        });
      }

      it(`${encoding.name} ends what it encodes when its reader has enough`, async () => {
        const exposer = new FakeExposer(endless);
        for await (const { bytes } of encoding.encode(exposer.chunks())) {
          assert.ok(bytes.byteLength > 0);
          break;
        }
        await exposer.whenEnded(1);
        assert.equal(exposer.lent, exposer.released);
      });

      it(`${encoding.name} waits for its reader`, async () => {
        const random = new Random(9);
        const exposer = new FakeExposer({
          *[Symbol.iterator]() {
            // Hardly to be made smaller, so that what comes out shows how much went in.
            for (;;) yield Buffer.from(Array.from({ length: 49_152 }, () => random.below(256))).toString("base64");
          },
        });
        const chunks = encoding.encode(exposer.chunks());
        await chunks.next();
        // Some are taken in ahead, in threads that have their own pace; and then no more.
        for (let taken = 0; taken < exposer.lent; await delay(30)) {
          taken = exposer.lent;
          assert.ok(taken <= 8, `${taken} chunks were taken in while nobody read`);
        }
        await chunks.return(undefined);
        await exposer.whenEnded(1);
      });

      it(`${encoding.name} fails as the exposition does`, async () => {
        const failure = new Error("the disk is full");
        const exposer = new FakeExposer({
          *[Symbol.iterator]() {
            yield "a 1\n";
            throw failure;
          },
        });
        await assert.rejects(readAll(encoding.encode(exposer.chunks())), failure);
        assert.deepEqual([exposer.lent, exposer.released, exposer.ended], [1, 1, 1]);
      });
    }
  });
}
