import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { describeOptions, readArguments, UsageError } from "../../bin/arguments.mts";

const specs = {
  bind: { value: "HOST:PORT", help: "where" },
  "metrics-bind": { value: "HOST:PORT", help: "where the metrics are,\nat length" },
  help: { short: "h", help: "print this" },
};

describe("readArguments", () => {
  for (const [args, options, rest] of [
    [[], {}, []],
    [["app.js"], {}, ["app.js"]],
    [["--bind", "a:1", "app.js"], { bind: ["a:1"] }, ["app.js"]],
    [["app.js", "--bind=a:1", "--bind=b:2"], { bind: ["a:1", "b:2"] }, ["app.js"]],
    [["--bind=-1", "-h"], { bind: ["-1"], help: [""] }, []],
    [["--", "--bind", "-h"], {}, ["--bind", "-h"]],
    [["a", "b", "-"], {}, ["a", "b", "-"]],
  ] as const) {
    it(`reads ${JSON.stringify(args)}`, () => assert.deepEqual(readArguments(specs, args), { options, rest }));
  }

  for (const [args, message] of [
    [["--bnd", "x"], "there is no option --bnd. Did you mean --bind?"],
    [["--metric-bind=x"], "there is no option --metric-bind. Did you mean --metrics-bind?"],
    [["--metrics"], "there is no option --metrics. Did you mean --metrics-bind?"],
    [["--workers", "4"], "there is no option --workers."],
    [["--constructor"], "there is no option --constructor."],
    [["--__proto__=1"], "there is no option --__proto__."],
    [["-x"], "there is no option -x."],
    [["--bind"], "--bind needs a value: --bind HOST:PORT."],
    [["--bind="], "--bind needs a value: --bind HOST:PORT."],
    [["--bind", "--help"], "--bind needs a value: --bind HOST:PORT."],
    [["--help=yes"], "--help takes no value."],
  ] as const) {
    it(`refuses ${JSON.stringify(args)}`, () =>
      assert.throws(() => readArguments(specs, args), new UsageError(message)));
  }
});

describe("describeOptions", () => {
  it("puts the texts below one another", () => {
    assert.equal(
      describeOptions(specs),
      [
        "  --bind HOST:PORT          where",
        "  --metrics-bind HOST:PORT  where the metrics are,",
        "                            at length",
        "  -h, --help                print this",
        "",
      ].join("\n"),
    );
  });
});
