// Who is compared: our built package as its users get it, the peers at the versions of bench/package.json, and the limit, which
// is no library but the least that any implementation has to do.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Client, Registry, StreamingRegistry } from "./client.ts";

export type ContenderName =
  | "tallystick"
  | "@prometheus-io/client"
  | "prom-client"
  | "opentelemetry"
  | "parse-prometheus-text-format"
  | "limit";

export interface Contender {
  readonly name: ContenderName;
  readonly client: Client;
  /** Whether a scrape can be read in pieces. */
  readonly streams: boolean;
  /** Reads one scrape to its end, in the way that costs this client least, and returns its length. */
  scrape(registry: Registry): Promise<number>;
}

export const ours = "tallystick" satisfies ContenderName;
/** The peer that the targets are set against. */
export const rival = "@prometheus-io/client" satisfies ContenderName;
/** The peer that reads expositions, and does nothing else. */
export const reader = "parse-prometheus-text-format" satisfies ContenderName;
/** All clients, in the order of the tables. */
export const libraries: readonly ContenderName[] = [ours, rival, "prom-client", "opentelemetry"];

const root = new URL("../", import.meta.url);
const packages: Record<Exclude<ContenderName, "tallystick" | "limit">, string> = {
  "@prometheus-io/client": "@prometheus-io/client",
  "prom-client": "prom-client",
  opentelemetry: "@opentelemetry/sdk-metrics",
  "parse-prometheus-text-format": "parse-prometheus-text-format",
};

function readJson(url: URL): Record<string, unknown> {
  return JSON.parse(readFileSync(url, "utf8")) as Record<string, unknown>;
}

/** @throws {Error} saying what to run, when our package is not built or the peers are not installed */
export function checkInstalled(): void {
  if (!existsSync(ourEntry())) {
    throw new Error("The package is not built. Run: npm run build");
  }
  const wanted = readJson(new URL("package.json", import.meta.url)).dependencies as Record<string, string>;
  for (const [name, version] of Object.entries(wanted)) {
    const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
    const found = existsSync(file) ? readJson(file).version : undefined;
    if (found !== version) {
      const state = found === undefined ? "not installed" : `installed as ${found}`;
      throw new Error(`The benchmarks compare with ${name} ${version}, which is ${state}. Run: npm ci --prefix bench`);
    }
  }
}

/** Each contender's exact version, for the head of a table. */
export function versions(): Record<string, string> {
  const own = readJson(new URL("package.json", root));
  const peers = readJson(new URL("package.json", import.meta.url)).dependencies as Record<string, string>;
  return { [ours]: own.version as string, ...peers };
}

function ourEntry(): URL {
  // bench/ is a package of its own, so our name means nothing here: the entry is looked up as Node.js would do it.
  const { exports } = readJson(new URL("package.json", root)) as {
    exports: { ".": { import: { default: string } } };
  };
  return new URL(exports["."].import.default, root);
}

async function loadClient(name: Exclude<ContenderName, "limit">): Promise<Client> {
  switch (name) {
    case "tallystick":
      return (await import(ourEntry().href)) as Client;
    case "opentelemetry":
      return (await import("./opentelemetry.ts")).client;
    case "@prometheus-io/client":
    case "prom-client":
    case "parse-prometheus-text-format":
      return createRequire(import.meta.url)(packages[name]) as Client;
    default:
      return name satisfies never;
  }
}

export async function loadContender(name: Exclude<ContenderName, "limit">): Promise<Contender> {
  const client = await loadClient(name);
  if (name === ours) {
    return {
      name,
      client,
      streams: true,
      async scrape(registry) {
        let length = 0;
        for await (const chunk of (registry as StreamingRegistry).stream()) length += chunk.length;
        return length;
      },
    };
  }
  return {
    name,
    client,
    streams: false,
    async scrape(registry) {
      const text = await registry.metrics();
      // Reading a character makes V8 join a string that is still a tree of its parts, as sending it would.
      if (text.charCodeAt(text.length - 1) !== 10)
        throw new Error(`The exposition of ${name} does not end in a newline.`);
      return text.length;
    },
  };
}
