import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { loadApp, loadModule } from "../../bin/load-app.mts";
import { StartError } from "../../lib/transports/start-error.ts";
import { folderWith } from "./program.ts";

const folder = folderWith({
  "module.mjs": "export default 'a module';",
  "common.cjs": "module.exports = 'module.exports';",
  "compiled.cjs": 'Object.defineProperty(exports, "__esModule", { value: true }); exports.default = "compiled";',
  "plain.cjs": 'exports.default = "not compiled";',
  "undefined.mjs": "export default undefined;",
  "named.mjs": "export const app = () => {}; export const start = 1;",
  "nothing.mjs": "",
  "a b#c?d%20.mjs": "export default 'an odd name';",
  "folder/index.js": "module.exports = 'an index';",
  "folder.js": "module.exports = 'a file beside a folder';",
  "package/package.json": '{ "main": "start.js" }',
  "package/start.js": "module.exports = 'a main file';",
  "empty/readme.txt": "",
  "node_modules/both/package.json": '{ "exports": "./app.cjs" }',
  "node_modules/both/app.cjs": "module.exports = 'a package';",
  "node_modules/empty/package.json": '{ "main": "app.cjs" }',
  "node_modules/empty/app.cjs": "module.exports = 'a package beside a folder';",
  "node_modules/new/package.json": '{ "type": "module", "exports": { "import": "./app.js" } }',
  "node_modules/new/app.js": "export default 'a package for import alone';",
  "node_modules/@scope/new/package.json":
    '{ "type": "module", "exports": { "./app": { "types": "./no.d.ts", "import": { "default": "./app.js" } } } }',
  "node_modules/@scope/new/app.js": "export default 'a part of one';",
  "below/node_modules/deep/package.json": '{ "type": "module", "exports": { ".": { "node": "./app.js" } } }',
  "below/node_modules/deep/app.js": "export default 'a package of a folder below';",
});

describe("loadApp", () => {
  for (const [specifier, app] of [
    ["module.mjs", "a module"],
    ["./module.mjs", "a module"],
    ["folder/../module.mjs", "a module"],
    [join(folder, "module.mjs"), "a module"],
    ["module", "a module"],
    ["common.cjs", "module.exports"],
    ["compiled", "compiled"],
    ["undefined", undefined],
    ["a b#c?d%20.mjs", "an odd name"],
    ["./folder", "a file beside a folder"],
    ["./folder/index", "an index"],
    ["package", "a main file"],
    ["both", "a package"],
    ["empty", "a package beside a folder"],
    ["new", "a package for import alone"],
    ["@scope/new/app", "a part of one"],
  ] as const) {
    it(`finds ${app} as ${specifier.replace(folder, "/…")}`, async () => {
      assert.equal(await loadApp(specifier, folder), app);
    });
  }

  it("finds packages from the folder it is told, and from those above", async () => {
    const below = join(folder, "below");
    assert.equal(await loadApp("deep", below), "a package of a folder below");
    assert.equal(await loadApp("new", below), "a package for import alone");
  });

  it("takes only what a compiler marked for a default export within one", async () => {
    assert.deepEqual(await loadApp("plain", folder), { default: "not compiled" });
  });

  for (const [specifier, message] of [
    ["missing.mjs", `There is no file and no package "missing.mjs", as seen from ${folder}.`],
    ["./both", `There is no file and no package "./both", as seen from ${folder}.`],
    ["./empty", `There is no file and no package "./empty", as seen from ${folder}.`],
    ["@scope/new", `There is no file and no package "@scope/new", as seen from ${folder}.`],
    ["deep", `There is no file and no package "deep", as seen from ${folder}.`],
    ["", `There is no file and no package "", as seen from ${folder}.`],
    ["named", 'The module "named" has no default export: it exports only "app", "start".'],
    ["nothing.mjs", 'The module "nothing.mjs" has no default export: it exports nothing.'],
  ] as const) {
    it(`refuses ${specifier || "nothing"}`, async () => {
      await assert.rejects(loadApp(specifier, folder), new StartError(message));
    });
  }
});

describe("loadModule", () => {
  it("needs no default export", async () => {
    assert.equal((await loadModule("named", folder))["start"], 1);
  });

  it("finds Node.js' own modules", async () => {
    assert.equal(typeof (await loadModule("node:fs", folder))["readFile"], "function");
  });
});
