// Holds the code to the architecture: which folder may import which, and what no file of lib/ may do.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { stopCoverage, takeCoverage } from "node:v8";
import { require as requireTypeScript } from "tsx/cjs/api";

const root = fileURLToPath(new URL("..", import.meta.url));
const lib = join(root, "lib");

/** What each folder of lib/ may import; `node:*` stands for Node.js's own modules. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  model: [],
  storage: ["model"],
  formats: ["model", "storage"],
  registry: ["model", "storage", "formats"],
  metrics: ["model", "storage", "registry"],
  runtime: ["model", "registry", "metrics", "node:*"],
  instrument: ["model", "registry", "metrics", "node:*"],
  multiprocess: ["model", "storage", "formats", "registry", "metrics", "node:*"],
  transports: ["model", "formats", "registry", "metrics", "node:*"],
  provision: ["model", "formats", "registry"],
};

/** The folders that run anywhere: in browsers, Bun, Deno, on the edge. */
const portable = ["model", "storage", "formats", "registry", "metrics"];

/** The files at the top of lib/, and the folders they re-export; `undefined` means any. */
const entries: Readonly<Record<string, readonly string[] | undefined>> = {
  "index.ts": undefined,
  // Of the transports what needs a `Request` and a `Response` only; that nothing else comes with it is checked below.
  "core.ts": [...portable, "transports"],
  "testing.ts": undefined,
};

/** Paths relative to lib/, of every file in it. */
const files = readdirSync(lib, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => path.replaceAll("\\", "/"))
  .sort();

const sources = new Map(files.map((file) => [file, readFileSync(join(lib, file), "utf8")]));

/** The source without what is no code: comments, and the insides of strings, templates and regular expressions. */
function codeOf(source: string): string {
  // A "/" begins a regular expression where no value can stand before it. The text of a template goes, and its
  // `${…}` with it: what it names is named elsewhere too, or is seen by the compiler.
  const token =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`|(?<=[=(,:?!&|;{}[\n]\s*)\/(?![/*])(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/g;
  return source.replace(token, (text) => (/^["'`]/.test(text) ? '""' : /^\/[/*]/.test(text) ? " " : "/./"));
}

/** What the import lines of a source name: `import`, `export … from`, `import()`, `require()`, types included. */
function specifiersOf(source: string): string[] {
  const withoutComments = source.replace(/^\s*\/\/[^\n]*|\/\*[\s\S]*?\*\//gm, "");
  const line =
    /^\s*(?:import|export)\b(?:[^;"'`]*?\bfrom)?\s*["']([^"']+)["']|\b(?:import|require)\s*\(\s*["'`]([^"'`]+)["'`]/gm;
  return [...withoutComments.matchAll(line)].map(([, from, call]) => (from ?? call) as string);
}

/** The source without the imports and exports that only concern types, which are gone when the code runs. */
function withoutTypes(source: string): string {
  return source.replace(/^\s*(?:import|export)\s+type\b[^;"']*?\bfrom\s*["'][^"']+["']/gm, "");
}

/** The file of lib/ that a relative import names, or the specifier itself. */
function targetOf(file: string, specifier: string): string {
  return specifier.startsWith(".")
    ? relative(lib, resolve(lib, dirname(file), specifier)).replaceAll("\\", "/")
    : specifier;
}

/** The folder that stands for a target in the table. */
function folderOf(target: string): string {
  if (target.startsWith("node:")) return "node:*";
  return target.split("/")[0] as string;
}

/** Every import that one file makes of another folder, as a readable line; those of `allowed` left out. */
function strayImports(file: string, source: string, allowed: readonly string[]): string[] {
  return specifiersOf(source)
    .map((specifier) => targetOf(file, specifier))
    .filter((target) => ![folderOf(file), ...allowed].includes(folderOf(target)))
    .map((target) => `${file} imports ${target}`);
}

/** A file, and all that it needs, directly or not, types included. */
function reachOf(graph: ReadonlyMap<string, readonly string[]>, file: string): string[] {
  const reach = new Set([file]);
  // What is added while the set is walked is walked too.
  for (const reached of reach) for (const next of graph.get(reached) ?? []) reach.add(next);
  return [...reach];
}

/** The rings in a graph of imports, each once, as `a → b → a`. */
function ringsIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const rings: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    const at = way.indexOf(file);
    if (at >= 0) rings.push([...way.slice(at), file].join(" → "));
    if (at >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...way, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return rings;
}

/** Names that only Node.js has; `globalThis.process` with a guard is the portable way to look for one. */
const nodeGlobal =
  /(?<![.\w$#"]|\b(?:readonly|class|interface|type|const|let|function) )(?:process|Buffer|global|require|module|__dirname|__filename|setImmediate|clearImmediate)\b(?!\s*\??:|\w)/g;

describe("the readers of this spec", () => {
  it("find imports of every kind, over several lines too, and none in comments", () => {
    const source = [
      'import { a } from "./a.ts";',
      'import type { B,\n  C } from "../model/b.ts";',
      'import "./c.ts";',
      'export * from "./d.ts";',
      'export { e } from "node:e";',
      'export const f = () => import("./f.ts");',
      'const g = require("g");',
      '// import { h } from "./h.ts";',
      '/* import "./i.ts"; */',
      '/**\n * import "./j.ts";\n */',
      'export const k = "from";',
    ].join("\n");
    assert.deepEqual(specifiersOf(source), ["./a.ts", "../model/b.ts", "./c.ts", "./d.ts", "node:e", "./f.ts", "g"]);
  });

  it("tell the imports that remain when the code runs", () => {
    const source = [
      'import type { A } from "./a.ts";',
      'export type {\n  B,\n} from "./b.ts";',
      "export type C = string;",
      'import { type D } from "./d.ts";',
    ].join("\n");
    assert.deepEqual(specifiersOf(withoutTypes(source)), ["./d.ts"]);
  });

  it("tell an import that the table forbids", () => {
    const source = 'import "../metrics/counter.ts";\nimport "./b.ts";\nimport "../model/family.ts";\nimport "node:fs";';
    assert.deepEqual(strayImports("storage/a.ts", source, mayImport["storage"] ?? []), [
      "storage/a.ts imports metrics/counter.ts",
      "storage/a.ts imports node:fs",
    ]);
  });

  it("find what a file reaches, by detours too", () => {
    const graph = new Map([
      ["a", ["b"]],
      ["b", ["c", "a"]],
      ["d", ["node:fs"]],
      ["c", []],
    ]);
    assert.deepEqual(reachOf(graph, "a"), ["a", "b", "c"]);
    assert.deepEqual(reachOf(graph, "d"), ["d", "node:fs"]);
  });

  it("find a ring, whichever file it is entered by", () => {
    const graph = new Map([
      ["a", ["b", "c"]],
      ["b", ["d"]],
      ["c", ["d"]],
      ["d", ["b"]],
    ]);
    assert.deepEqual(ringsIn(graph), ["b → d → b"]);
  });

  it("see a Node.js global where it is used, and not where it is a word or a property", () => {
    const found = (source: string) => [...codeOf(source).matchAll(nodeGlobal)].map(([name]) => name);
    assert.deepEqual(found("const env = process.env;\nsetImmediate(turn); Buffer.from(text)"), [
      "process",
      "setImmediate",
      "Buffer",
    ]);
    assert.deepEqual(found("return global;"), ["global"]);
    assert.deepEqual(found('// process.env\n"process"; `Buffer`; /process/; /* global */'), []);
    assert.deepEqual(
      found("globalThis.process?.exit; { process: 1 }; type A = { readonly process?: B }; a.module"),
      [],
    );
  });
});

describe("lib/", () => {
  it("holds the folders of the table and the entry files, and nothing else", () => {
    const known = [...Object.keys(mayImport), ...Object.keys(entries)];
    assert.deepEqual(
      files.filter((file) => !known.includes(folderOf(file))),
      [],
    );
    assert.ok(files.length > 0);
  });

  for (const [folder, allowed] of Object.entries(mayImport)) {
    it(`${folder} imports ${allowed.length === 0 ? "from itself only" : `from ${allowed.join(", ")} only`}`, () => {
      const own = files.filter((file) => folderOf(file) === folder);
      assert.deepEqual(
        own.flatMap((file) => strayImports(file, sources.get(file) as string, allowed)),
        [],
      );
    });
  }

  it("has entry files that re-export, each from the folders that it may", () => {
    const folders = Object.keys(mayImport);
    for (const [file, allowed] of Object.entries(entries)) {
      const source = sources.get(file);
      if (source === undefined) continue;
      assert.deepEqual(strayImports(file, source, allowed ?? [...folders, "core.ts", "node:*"]), []);
    }
  });

  it("reaches no module of Node.js from core.ts", () => {
    const imports = files.map((file) => {
      const specifiers = specifiersOf(sources.get(file) as string);
      return [file, specifiers.map((specifier) => targetOf(file, specifier))] as const;
    });
    const reach = reachOf(new Map(imports), "core.ts");
    assert.ok(reach.length > 10);
    assert.deepEqual(
      reach.filter((target) => target.startsWith("node:")),
      [],
    );
  });

  it("imports files by their whole name, and packages not at all", () => {
    const imported = files.flatMap((file) =>
      specifiersOf(sources.get(file) as string).map((specifier) => ({ file, specifier })),
    );
    const odd = imported.filter(({ specifier }) => !/^node:|^\.\.?\/.*\.ts$/.test(specifier));
    assert.deepEqual(odd, []);
    const missing = imported.filter(
      ({ file, specifier }) => specifier.startsWith(".") && !sources.has(targetOf(file, specifier)),
    );
    assert.deepEqual(missing, []);
  });

  it("has no ring of files that need one another to be loaded", () => {
    const needs = (file: string) =>
      specifiersOf(withoutTypes(sources.get(file) as string))
        .map((specifier) => targetOf(file, specifier))
        // What exports itself as a whole waits for nobody.
        .filter((target) => target !== file);
    const graph = new Map(files.map((file) => [file, needs(file)]));
    assert.deepEqual(ringsIn(graph), []);
  });

  it("names its exports", () => {
    const byDefault = files.filter((file) =>
      /\bexport\s+default\b|\bas\s+default\b/.test(codeOf(sources.get(file) as string)),
    );
    // The whole library is a default export too, for who imports prom-client so.
    assert.deepEqual(byDefault, ["index.ts"]);
  });

  it("uses no global of Node.js in the folders that run anywhere", () => {
    const uses = files
      .filter((file) => portable.includes(folderOf(file)))
      .flatMap((file) =>
        [...codeOf(sources.get(file) as string).matchAll(nodeGlobal)].map(([name]) => `${file} uses ${name}`),
      );
    assert.deepEqual(uses, []);
  });

  it("generates no code at run time", () => {
    const generators = files.filter((file) =>
      /\beval\s*\(|\bnew\s+Function\b/.test(codeOf(sources.get(file) as string)),
    );
    assert.deepEqual(generators, []);
  });

  it("can be loaded file by file, as an ES module", async () => {
    // That loads every file also tells the coverage of those that nobody tests.
    for (const file of files) await import(pathToFileURL(join(lib, file)).href);
  });

  it("can be loaded as CommonJS, so it has no top-level await", () => {
    // The coverage so far is kept. What comes now bears the same paths with other code, and would be mixed with it.
    takeCoverage();
    stopCoverage();
    for (const file of Object.keys(entries)) {
      if (sources.has(file)) requireTypeScript(join(lib, file), import.meta.url);
    }
  });
});

describe("package.json", () => {
  it("has no dependencies of any kind but those of the developers", () => {
    const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    for (const kind of ["dependencies", "peerDependencies", "optionalDependencies", "bundleDependencies"]) {
      assert.deepEqual(Object.keys(manifest[kind] ?? {}), [], kind);
    }
  });
});
