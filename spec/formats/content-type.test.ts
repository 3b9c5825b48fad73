import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { contentTypes, formatOf, guessFormat } from "../../lib/formats/content-type.ts";
import { Random } from "../judges/random.ts";
import { naiveOpenMetrics, naiveProtobuf, naiveText } from "./naive-writers.ts";
import { randomFamilies } from "./random-families.ts";

describe("guessFormat", () => {
  it("tells the format of what the writers write", () => {
    const ability = {
      types: ["counter", "gauge", "histogram", "summary"],
      utf8Names: true,
      units: false,
      created: false,
      exemplars: false,
      native: false,
    } as const;
    for (let seed = 0; seed < 100; seed++) {
      const families = randomFamilies(new Random(seed), ability, 1 + (seed % 3));
      assert.equal(guessFormat(Buffer.from(naiveText(families))), "text", `seed ${seed}`);
      assert.equal(guessFormat(Buffer.from(naiveOpenMetrics(families))), "openmetrics", `seed ${seed}`);
      assert.equal(guessFormat(naiveProtobuf(families)), "protobuf", `seed ${seed}`);
    }
  });

  for (const [sentence, input, format] of [
    ["nothing", "", "text"],
    ["an empty OpenMetrics exposition", "# EOF", "openmetrics"],
    ["empty lines", "\n\n\n\n\n", "text"],
    ["a comment that says EOF and more", "# EOF more\n", "text"],
  ] as const) {
    it(`takes ${sentence} for ${format}`, () => assert.equal(guessFormat(Buffer.from(input)), format));
  }
});

describe("the content types of formats", () => {
  it("are those of the formats", () => {
    for (const [format, contentType] of Object.entries(contentTypes)) assert.equal(formatOf(contentType), format);
  });
});
