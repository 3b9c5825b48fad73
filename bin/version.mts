import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The version of the package that this file, or what it was built to, lies in. */
export function version(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const manifest = join(folder, "package.json");
    const { version } = existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")) : {};
    if (typeof version === "string") return version;
    folder = dirname(folder);
  }
}
