import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { UsageError } from "../../bin/arguments.mts";
import { help, readSettings } from "../../bin/check-settings.mts";

const defaults = {
  sources: ["-"],
  format: undefined,
  isJson: false,
  top: 10,
  maxSeries: 1000,
  maxBytes: 268_435_456,
  timeoutMs: 10_000,
};

describe("the settings of check", () => {
  it("are sensible when nothing is said", () => {
    assert.deepEqual(readSettings([]), defaults);
  });

  it("are what the arguments say", () => {
    const args = [
      "http://x/metrics",
      "--format=openmetrics",
      "--json",
      "--top",
      "0",
      "--max-series=5",
      "--timeout",
      "0.5",
    ];
    assert.deepEqual(readSettings([...args, "--max-bytes=7"]), {
      sources: ["http://x/metrics"],
      format: "openmetrics",
      isJson: true,
      top: 0,
      maxSeries: 5,
      maxBytes: 7,
      timeoutMs: 500,
    });
    assert.deepEqual(readSettings(["--diff", "a", "-"]), { ...defaults, sources: ["a", "-"] });
    assert.equal(readSettings(["-h"]), "help");
    assert.equal(readSettings(["--version", "a", "b"]), "version");
  });

  it("name each default in the help", () => {
    for (const value of [defaults.top, defaults.maxSeries, defaults.maxBytes, defaults.timeoutMs / 1000]) {
      assert.ok(help.includes(`(${value})`), String(value));
    }
  });

  for (const [args, message] of [
    [["a", "b"], 'one exposition is checked, but got "a", "b".'],
    [["--diff", "a"], '--diff takes two expositions, but got "a".'],
    [["--diff"], "--diff takes two expositions, but got none."],
    [["--diff", "-", "-"], "only one of two expositions can come on standard input."],
    [["--format", "json"], '--format takes text, openmetrics, protobuf, but got "json".'],
    [["--top", "-1"], "--top needs a value: --top COUNT."],
    [["--top=many"], '--top takes a number, such as 100, but got "many".'],
    [["--timeout=0"], '--timeout takes a number of seconds, such as 10 or 0.5, but got "0".'],
    [["--jsn"], "there is no option --jsn. Did you mean --json?"],
  ] as const) {
    it(`are refused for ${args.join(" ")}`, () => {
      assert.throws(() => readSettings(args), new UsageError(message));
    });
  }
});
