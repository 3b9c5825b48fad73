// Runs the programs of bin/ for the specs, and stops whatever of it still runs when they are over.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { endWithSpec } from "../end-with-spec.ts";

/** The folder of the project. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** How a program of bin/ is run from its source, so that coverage sees it. */
export function sourceOf(name: string): readonly string[] {
  return ["--import", import.meta.resolve("tsx"), join(root, `bin/${name}.mts`)];
}

/** How the built program is run: it starts in a quarter of the time that its source would take. */
export const fromBuild: readonly string[] = [join(root, "bin/serve")];

/** The library that the built program uses, for apps that count with it. */
export const builtLibrary: string = join(root, "dist/esm/lib/index.js");

/** Both ports are any that are free. */
export const freePorts = ["--bind", "127.0.0.1:0", "--metrics-bind", "127.0.0.1:0"];

const children = new Map<ChildProcess, Promise<unknown>>();
const folders: string[] = [];
after(async () => {
  for (const child of children.keys()) child.kill("SIGKILL");
  // Until a program is gone, it may write to its folder.
  await Promise.all(children.values());
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
});

/** What is left of a program that has ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs. */
export class Program {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #stdout = "";
  #stderr = "";

  constructor(args: readonly string[], cwd: string = root, env: NodeJS.ProcessEnv = {}) {
    this.#child = endWithSpec(
      spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } }),
    );
    this.#child.stdout?.setEncoding("utf8").on("data", (part) => {
      this.#stdout += part;
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (part) => {
      this.#stderr += part;
    });
    this.#ended = once(this.#child, "close").then(() => children.delete(this.#child));
    children.set(this.#child, this.#ended);
  }

  /** Waits for a line of standard output that matches. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.#stdout);
      if (found) return found;
      const news = await Promise.race([once(this.#child.stdout as NodeJS.ReadableStream, "data"), this.#ended]);
      if (!Array.isArray(news) && !pattern.test(this.#stdout)) {
        throw new Error(`The program ended without a line that matches ${pattern}:\n${this.#stdout}${this.#stderr}`);
      }
    }
  }

  /** Waits until it serves, and returns where. */
  async urls(): Promise<{ app: string; metrics: string }> {
    const [, app = "", metrics = ""] = await this.line(/ is on (\S+) and its metrics are on (\S+)\n/);
    return { app, metrics };
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits for its end. */
  async end(): Promise<Ended> {
    await this.#ended;
    return { code: this.#child.exitCode, stdout: this.#stdout, stderr: this.#stderr };
  }

  /** Asks it to stop, and waits for its end. */
  async stop(): Promise<Ended> {
    this.kill("SIGTERM");
    return this.end();
  }
}

/** Makes a folder with these files. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "serve-"));
  folders.push(folder);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** Lets the apps in a folder import the packages of spec/package.json. */
export function linkPackages(folder: string): void {
  symlinkSync(join(root, "spec/node_modules"), join(folder, "node_modules"));
}
