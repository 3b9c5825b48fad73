// Results kept from day to day, to see what a change did: one JSON file a run.
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import type { Settings } from "./case.ts";
import { versions } from "./contenders.ts";
import { type Result, verdicts } from "./table.ts";

/** Where, when and of what the figures are. */
export interface Circumstances {
  readonly date: string;
  readonly node: string;
  readonly v8: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly system: string;
  /** The commit that was measured, with a "+" when files differed from it. */
  readonly commit: string;
  readonly versions: Readonly<Record<string, string>>;
}

function git(...args: string[]): string {
  try {
    return execFileSync("git", args, {
      cwd: new URL("../", import.meta.url),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
  } catch {
    return "";
  }
}

export function circumstances(now = new Date()): Circumstances {
  const commit = git("rev-parse", "--short=12", "HEAD") || "none";
  return {
    date: now.toISOString(),
    node: process.versions.node,
    v8: process.versions.v8,
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${process.arch}`,
    commit: git("status", "--porcelain") === "" ? commit : `${commit}+`,
    versions: versions(),
  };
}

/** A run as plain data: the samples themselves, so that any other figure can be drawn from them later. */
export function runData(about: Circumstances, settings: Settings, results: readonly Result[]): object {
  return {
    ...about,
    settings,
    results: results.map((result) => ({ ...result.case, samples: result.samples, verdicts: verdicts(result) })),
  };
}

/** Writes a run to `bench/record/`, named by date, machine, Node.js version and commit. Returns the file. */
export function writeRecord(about: Circumstances, settings: Settings, results: readonly Result[]): string {
  const machine = `${about.cpu.replace(/[^a-zA-Z0-9]+/g, "-")}x${about.cores}`;
  const directory = new URL("record/", import.meta.url);
  mkdirSync(directory, { recursive: true });
  const file = new URL(`${about.date.slice(0, 10)}_${machine}_node-${about.node}_${about.commit}.json`, directory);
  writeFileSync(file, `${JSON.stringify(runData(about, settings, results), undefined, 1)}\n`);
  return file.pathname;
}
