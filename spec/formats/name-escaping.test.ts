import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { escapeName, escapingSchemes, type NameKind, unescapeName } from "../../lib/formats/name-escaping.ts";
import { isLegacyLabelName, isLegacyMetricName } from "../../lib/model/names.ts";
import { Random } from "../judges/random.ts";

// biome-ignore format: a table
/** Of the definition of the schemes, and of what it leaves to the reader. */
const cases: readonly (readonly [name: string, kind: NameKind, underscores: string, dots: string, values: string])[] = [
  ["no:escaping_required", "metric", "no:escaping_required", "no:escaping__required", "no:escaping_required"],
  ["mysystem.prod.west.cpu.load_total", "metric", "mysystem_prod_west_cpu_load_total", "mysystem_dot_prod_dot_west_dot_cpu_dot_load__total", "U__mysystem_2e_prod_2e_west_2e_cpu_2e_load__total"],
  ["http.status:sum", "metric", "http_status:sum", "http_dot_status:sum", "U__http_2e_status:sum"],
  ["http.status:sum", "label", "http_status_sum", "http_dot_status__sum", "U__http_2e_status_3a_sum"],
  ["label with 😱", "label", "label_with__", "label__with____", "U__label_20_with_20__1f631_"],
  ["花火", "metric", "__", "____", "U___82b1__706b_"],
  ["0", "metric", "_", "__", "U___30_"],
  ["1_a", "metric", "__a", "____a", "U___31___a"],
  ["a\ud83d", "metric", "a_", "a__", "U__a_fffd_"],
  ["", "metric", "", "", ""],
];

describe("escapeName", () => {
  for (const [name, kind, underscores, dots, values] of cases) {
    it(`spells the ${kind} name ${JSON.stringify(name)} by each scheme`, () => {
      assert.equal(escapeName(name, "allow-utf-8", kind), name);
      assert.equal(escapeName(name, "underscores", kind), underscores);
      assert.equal(escapeName(name, "dots", kind), dots);
      assert.equal(escapeName(name, "values", kind), values);
    });
  }

  it("takes a name for a metric's unless told otherwise", () => {
    assert.equal(escapeName("a:b", "values"), "a:b");
    assert.equal(escapeName("a:b", "values", "label"), "U__a_3a_b");
  });

  it("gives legacy names, whatever it is given", () => {
    const random = new Random(7);
    for (let i = 0; i < 3000; i++) {
      const name = random.hostileText();
      for (const scheme of escapingSchemes.slice(1)) {
        assert.ok(isLegacyMetricName(escapeName(name, scheme)), `${scheme} of ${JSON.stringify(name)}`);
        assert.ok(isLegacyLabelName(escapeName(name, scheme, "label")), `${scheme} of ${JSON.stringify(name)}`);
      }
    }
  });
});

describe("unescapeName", () => {
  it("undoes values for every name, of metrics and labels", () => {
    const random = new Random(8);
    for (let i = 0; i < 3000; i++) {
      const name = random.chance(0.5) ? `__${random.hostileText()}` : random.hostileText();
      for (const kind of ["metric", "label"] as const) {
        assert.equal(unescapeName(escapeName(name, "values", kind), "values"), name.toWellFormed());
      }
    }
  });

  it("undoes dots for names of letters, digits, dots and underscores", () => {
    for (const name of ["a.b", "a_b.c", "_", "a__b", "mysystem.prod.west.cpu.load_total"]) {
      assert.equal(unescapeName(escapeName(name, "dots"), "dots"), name);
    }
  });

  it("leaves alone what was not escaped so, and what can't be undone", () => {
    assert.equal(unescapeName("a_b", "underscores"), "a_b");
    assert.equal(unescapeName("a.b", "allow-utf-8"), "a.b");
    // biome-ignore format: a list
    const malformed = ["a_2e_b", "U_a_2e_b", "U__a_", "U__a_b", "U__a_2e", "U__a_xy_", "U__a_110000_", "U__a_d83d_", "U__a_dfff_b", "U__a_0000000_", "U__a_2e_b_total"];
    for (const name of malformed) assert.equal(unescapeName(name, "values"), name);
    assert.equal(unescapeName("U__a_10FFFF_b_0_", "values"), "a\u{10ffff}b\0");
  });

  it("takes names of any length", () => {
    const name = "é_".repeat(100_000);
    assert.ok(unescapeName(escapeName(name, "values"), "values") === name);
    assert.equal(unescapeName(`U__${"_".repeat(100_001)}`, "values").length, 100_004);
  });
});
