// Starts the browser that specs look at pages with.
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { programPath, root } from "./harness.ts";

const packages = createRequire(join(root, "spec/package.json"));

/** Without these, a browser that can't reach the net talks to itself. */
const flags =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

export async function launchBrowser(): Promise<Browser> {
  const { chromium } = packages("playwright-core") as typeof import("playwright-core");
  const executablePath = programPath("chromium") as string;
  return chromium.launch({ executablePath, args: flags.split(" "), timeout: 120_000 });
}
