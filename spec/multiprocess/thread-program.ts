// Programs with real worker threads, each in a process of its own, which has a main thread and a default registry.
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { folderWith, Program, root } from "../bin/program.ts";

/** Which of the builds a program gets. Node.js 20 can't load the source in a worker thread. */
export type Form = "esm" | "cjs";

const entries: Readonly<Record<Form, string>> = {
  esm: join(root, "dist/esm/lib/index.js"),
  cjs: join(root, "dist/cjs/lib/index.js"),
};

/** What every program begins with. */
const prelude = `
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { isMainThread, parentPort, threadId, Worker, workerData } from "node:worker_threads";
const require = createRequire(import.meta.url);
const start = (role, options) => {
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: role, stderr: true, ...options });
  worker.on("error", (error) => {
    if (error.message !== "as it should") console.error(error);
  });
  return worker;
};
const ended = (worker) => new Promise((resolve) => worker.once("exit", resolve));
/** Scrapes until the exposition says so. */
const until = async (register, pattern) => {
  for (;;) {
    const text = await register.metrics();
    if (pattern.test(text)) return text;
    await new Promise((resolve) => setImmediate(resolve));
  }
};
`;

/** Runs a program in which \`library\` is the library, and returns what it printed, if it ended well by itself. */
export async function run(form: Form, source: string): Promise<string> {
  const load = (entry: string) =>
    form === "cjs" ? `require(${JSON.stringify(entry)})` : `await import(${JSON.stringify(pathToFileURL(entry).href)})`;
  const folder = folderWith({
    "program.mjs": `${prelude}const load = async () => (${load(entries[form])});\n${source}`,
  });
  const program = new Program([join(folder, "program.mjs")]);
  const { code, stdout, stderr } = await program.end();
  if (code !== 0 || stderr !== "") throw new Error(`The program ended with ${code}:\n${stdout}${stderr}`);
  return stdout;
}
