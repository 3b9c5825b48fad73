import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { namesOf } from "../../lib/transports/name-filter.ts";

describe("namesOf", () => {
  // biome-ignore format: a table
  const cases: readonly (readonly [query: string, names: readonly string[] | undefined])[] = [
    ["", undefined], ["name=a", undefined], ["a=b&c", undefined],
    ["name[]=a", ["a"]], ["name%5B%5D=a&x=y&name[]=b", ["a", "b"]], ["name[]=", [""]], ["name[]", [""]],
    ["name[]=http.requests%20%F0%9F%98%80+x", ["http.requests 😀 x"]], ["name[]=%&name[]=%ff", ["%", "\ufffd"]],
  ];
  for (const [query, names] of cases) {
    it(`finds ${JSON.stringify(names) ?? "nothing"} in ${JSON.stringify(query)}`, () => {
      assert.deepEqual(namesOf(query), names);
    });
  }

  it("takes as many names as anybody needs, and no more", () => {
    assert.equal(namesOf("name[]=a&".repeat(256))?.length, 256);
    assert.throws(() => namesOf("name[]=a&".repeat(257)), new RangeError("More than 256 names were asked for."));
  });

  it("takes names as long as names are, and no longer", () => {
    assert.deepEqual(namesOf(`name[]=${"x".repeat(1024)}`), ["x".repeat(1024)]);
    assert.throws(
      () => namesOf(`name[]=a&name[]=${"x".repeat(1025)}`),
      new RangeError("A name of more than 1024 characters was asked for."),
    );
  });
});
