// Finds and loads the module that holds the app.
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { StartError } from "../lib/transports/start-error.ts";

const extensions = ["", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts"];

/** The errors by which Node.js says that it doesn't read TypeScript, or not all of it. */
const typeScriptErrors = [
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
  "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING",
];

/**
 * Loads a module and returns its default export; for CommonJS that is `module.exports`.
 *
 * @param specifier a path or the name of a package, as seen from `folder`
 * @throws {StartError} when there is no such module, it has no default export, or it needs a loader
 * @throws whatever the module throws
 */
export async function loadApp(specifier: string, folder: string): Promise<unknown> {
  const namespace = await loadModule(specifier, folder);
  if (!("default" in namespace)) {
    const names = Object.keys(namespace).map((name) => `"${name}"`);
    const others = names.length === 0 ? "nothing" : `only ${names.join(", ")}`;
    throw new StartError(`The module "${specifier}" has no default export: it exports ${others}.`);
  }
  const app = namespace["default"];
  // A compiled ES module, seen through CommonJS: its default export is one deeper.
  const isCompiled = typeof app === "object" && app !== null && "__esModule" in app && "default" in app;
  return isCompiled ? app.default : app;
}

/**
 * Loads a module for what it does.
 *
 * @throws as {@link loadApp}
 */
export async function loadModule(specifier: string, folder: string): Promise<Record<string, unknown>> {
  const found = fileOf(specifier, folder) ?? packageOf(specifier, folder);
  if (found === undefined) {
    throw new StartError(`There is no file and no package "${specifier}", as seen from ${folder}.`);
  }
  try {
    return await import(isAbsolute(found) ? pathToFileURL(found).href : found);
  } catch (error) {
    const { code = "", message } = error as NodeJS.ErrnoException;
    if (!typeScriptErrors.includes(code) || !/\.[cm]?tsx?\b/.test(message)) throw error;
    throw new StartError(
      `The module "${specifier}" is, or imports, TypeScript that Node.js ${process.version} can't read by itself. ` +
        "Bring a loader, as by --import tsx, or compile it first.",
      { cause: error },
    );
  }
}

/** The file that a path means: extensions may be left out, and a folder has its package.json or its index.js. */
function fileOf(specifier: string, folder: string): string | undefined {
  const path = resolve(folder, specifier);
  const file = extensions.map((extension) => path + extension).find((one) => isFile(one));
  if (file !== undefined || !existsSync(path)) return file;
  try {
    return createRequire(join(path, "package.json")).resolve(path);
  } catch {
    return undefined;
  }
}

/** The file that a package's name means, as `require` finds it, or `import` where a package is for that alone. */
function packageOf(specifier: string, folder: string): string | undefined {
  const { resolve: find } = createRequire(join(folder, "package.json"));
  try {
    return find(specifier);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") return undefined;
  }
  const [, name = "", subpath = ""] = /^((?:@[^/]+\/)?[^/]+)(\/.*)?$/.exec(specifier) ?? [];
  for (const root of find.paths(specifier) ?? []) {
    const manifest = join(root, name, "package.json");
    if (!isFile(manifest)) continue;
    const { exports } = JSON.parse(readFileSync(manifest, "utf8"));
    const target = importTarget(subpath === "" ? (exports["."] ?? exports) : exports[`.${subpath}`]);
    return target && join(dirname(manifest), target);
  }
  return undefined;
}

/** What `import` finds under an entry of a package's "exports". */
function importTarget(entry: unknown): string | undefined {
  if (typeof entry === "string") return entry;
  for (const [condition, target] of Object.entries(entry ?? {})) {
    if (["node", "import", "default"].includes(condition)) return importTarget(target);
  }
  return undefined;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
