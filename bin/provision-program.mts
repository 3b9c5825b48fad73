// What bin/provision does: reads what a service exposes, and writes the files that watch it, or tells how they differ.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import {
  type MetricFamily,
  type Provisioned,
  type ProvisionOptions,
  provision,
  startMetricsServer,
} from "../lib/index.ts";
import { withoutSeriesCounts } from "../lib/provision/catalogue.ts";
import type { ScrapeCredentials } from "../lib/provision/options.ts";
import type { Exposer } from "../lib/transports/exposer.ts";
import { StartError } from "../lib/transports/start-error.ts";
import { UsageError } from "./arguments.mts";
import { type ReadLimits, readExposition, UnreadableError } from "./exposition.mts";
import { loadModule } from "./load-app.mts";
import { help, readSettings, type Settings } from "./provision-settings.mts";
import { version } from "./version.mts";

/** Where the program writes, and where relative paths begin. */
export interface Surroundings {
  readonly folder: string;
  /** Writes to standard output. */
  print(text: string): void;
  /** Writes a line to standard error. */
  tell(line: string): void;
}

/**
 * Runs the program, and returns its exit code: 1 when files are checked and differ, 2 when the metrics can't be read or the
 * arguments are wrong.
 */
export async function runProvision(args: readonly string[], surroundings: Surroundings): Promise<number> {
  try {
    const settings = readSettings(args);
    if (settings !== "help" && settings !== "version") return await run(settings, surroundings);
    surroundings.print(settings === "help" ? help : `${version()}\n`);
    return 0;
  } catch (error) {
    if (![UsageError, UnreadableError, StartError].some((kind) => error instanceof kind)) throw error;
    surroundings.tell((error as Error).message + (error instanceof UsageError ? " See --help." : ""));
    return 2;
  }
}

async function run({ from, out, isCheck, options }: Settings, { folder, print, tell }: Surroundings): Promise<number> {
  const families = await readFamilies(from, options.credentials, folder);
  const { files, notes } = provisionFor(families, options);
  for (const note of notes) tell(note);
  const differing = [...files].filter(([path, text]) => !isSame(path, read(resolve(folder, out, path)), text));
  for (const [path, text] of differing) {
    if (!isCheck) write(resolve(folder, out, path), text);
    print(`${isCheck ? "differs" : "wrote"} ${join(out, path)}\n`);
  }
  if (differing.length === 0) print(`All ${files.size} files are as they should be.\n`);
  return isCheck && differing.length > 0 ? 1 : 0;
}

function provisionFor(families: readonly MetricFamily[], options: ProvisionOptions): Provisioned {
  try {
    return provision(families, options);
  } catch (error) {
    // What it refuses are the options, which are the arguments of the program.
    if (error instanceof RangeError || error instanceof TypeError)
      throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** Protobuf first, for no other format tells of native histograms. */
const accept = [
  "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8",
  "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5",
  "text/plain;version=0.0.4;q=0.3",
].join(",");

async function readFamilies(
  from: string,
  credentials: ScrapeCredentials | undefined,
  folder: string,
): Promise<readonly MetricFamily[]> {
  const limits: ReadLimits = {
    format: undefined,
    maxBytes: 2 ** 28,
    timeoutMs: 10_000,
    stdin: emptyStream(),
    headers: { accept, ...authorizationOf(credentials, folder) },
  };
  if (/^https?:/i.test(from)) return readExposition(from, limits);
  // A registry is read as a scraper would, so that both ways see the same.
  const server = await startMetricsServer({ port: 0, registry: await loadRegistry(from, folder) });
  try {
    return await readExposition(server.url, limits);
  } finally {
    await server.close();
  }
}

async function* emptyStream(): AsyncGenerator<Uint8Array> {}

/** The registry that a module exports: by default, or as `register` or `registry`. */
async function loadRegistry(specifier: string, folder: string): Promise<Exposer> {
  const exported = await loadModule(specifier, folder);
  const candidates = [
    exported["default"],
    exported["register"],
    exported["registry"],
    (exported["default"] as { register?: unknown } | undefined)?.register,
  ];
  const registry = candidates.find(isExposer);
  if (registry === undefined) {
    throw new StartError(`The module "${specifier}" exports no registry: neither by default nor as "register".`);
  }
  return registry;
}

function isExposer(value: unknown): value is Exposer {
  return typeof (value as Partial<Exposer> | null | undefined)?.chunks === "function";
}

function authorizationOf(credentials: ScrapeCredentials | undefined, folder: string): Record<string, string> {
  if (credentials === undefined) return {};
  const secretOf = (file: string) => {
    try {
      return readFileSync(resolve(folder, file), "utf8").trim();
    } catch (error) {
      throw new UnreadableError(`${file}: ${(error as Error).message}.`, { cause: error });
    }
  };
  if (credentials.type === "bearer") return { authorization: `Bearer ${secretOf(credentials.tokenFile)}` };
  const pair = `${credentials.username}:${secretOf(credentials.passwordFile)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString("base64")}` };
}

/** Whether a file is as it would be written. How many series there are is not compared: that differs from hour to hour. */
function isSame(path: string, found: string | undefined, text: string): boolean {
  if (found === undefined) return false;
  return path.startsWith("docs/") ? withoutSeriesCounts(found) === withoutSeriesCounts(text) : found === text;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new UnreadableError(`${path}: ${(error as Error).message}.`, { cause: error });
  }
}

/** Writes beside the file and moves it into place, so that whoever reads it finds the old one or the new one. */
function write(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, text);
    renameSync(`${path}.new`, path);
  } catch (error) {
    throw new UnreadableError(`${path}: ${(error as Error).message}.`, { cause: error });
  }
}
