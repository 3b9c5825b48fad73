// lint finds what `promtool check metrics` finds.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { differencesFromPromtool } from "../formats/promtool-findings.ts";
import { missing, programPath } from "./harness.ts";

function promtool(args: readonly string[], input = ""): string {
  const { stdout, stderr } = spawnSync(programPath("promtool") as string, args, { input, encoding: "utf8" });
  return stdout + stderr;
}

/** Later versions have rules beyond those of promlint as it was then. */
const reason =
  missing("promtool") || (/version 2\./.test(promtool(["--version"])) ? false : "promtool is not of version 2");

describe("lint beside promtool check metrics", { skip: reason }, () => {
  it("finds the same in the corpus, whose findings are kept beside it", () => {
    const corpus = (file: string) => readFileSync(new URL(`../formats/corpus/${file}`, import.meta.url), "utf8");
    const printed = promtool(["check", "metrics"], corpus("lint.prom"));
    assert.deepEqual(differencesFromPromtool(corpus("lint.prom"), printed), []);
    const lines = (text: string) => text.split("\n").filter((line) => !line.includes("use base unit"));
    assert.deepEqual(lines(printed), lines(corpus("lint.txt")));
  });

  it("finds the same in names with every prefix and unit", () => {
    const prefixes =
      " kilo milli mega micro nano pico centi deci deca hecto kibi mebi mibi giga gibi tera tebi peta pebi exa";
    const units =
      "amperes bytes celsius grams joules kelvin meters metres seconds volts minutes hours days weeks months kelvins fahrenheit " +
      "rankine inches yards miles feet bits calories pounds ounces s ms us ns sec b kb mb gb tb pb m h d min kg percent ratio";
    let input = "";
    for (const unit of units.split(" ")) {
      for (const prefix of prefixes.split(" ")) {
        const name = `x_${prefix}${unit}`;
        input += `# HELP ${name} X.\n# TYPE ${name} gauge\n${name} 1\n`;
      }
    }
    assert.deepEqual(differencesFromPromtool(input, promtool(["check", "metrics"], input)), []);
  });
});
