// The packages of spec/package.json, which the library knows nothing of: specs that try them skip where they are missing.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const isInstalled = existsSync(join(fileURLToPath(new URL("..", import.meta.url)), "node_modules"));
if (process.env["CI"]) assert.ok(isInstalled, "The packages of spec/package.json are not installed.");

/** For the `skip` option of a suite or test. */
export const missingPackages: string | false = !isInstalled && "spec/package.json is not installed";

/** Loads a package. The compiler shall not look for its types, which are not there where it is not installed. */
// biome-ignore lint/suspicious/noExplicitAny: the border to packages without types
export async function load(name: string): Promise<any> {
  return import(name);
}
