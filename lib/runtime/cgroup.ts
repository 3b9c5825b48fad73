// The limits that a container lives under: control groups, in both of their versions.
import { figure } from "./proc-files.ts";
import { attempt } from "./sources.ts";

/** What a control group allows; a limit that there isn't is left out. */
export interface CgroupLimits {
  readonly memoryBytes?: number;
  /** Processors' worth of time, with fractions. */
  readonly cpuCores?: number;
  /** Processes and threads. */
  readonly pids?: number;
}

const mount = "/sys/fs/cgroup";

/**
 * A limit this high is none: version 1 says so by the largest number of pages there is.
 * @see https://docs.kernel.org/admin-guide/cgroup-v1/memory.html
 */
const NO_MEMORY_LIMIT = 2 ** 60;

/**
 * Reads the limits of this process's group. Each group is also bound by those above it, so the lowest on the way up
 * counts.
 *
 * @param readFile throws when there is no such file, or none that may be read
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
export function readCgroupLimits(readFile: (path: string) => string): CgroupLimits {
  const groups = attempt(() => readFile("/proc/self/cgroup"));
  if (groups === undefined) return {};
  const lowest = (controller: string, readLimit: (read: (file: string) => string) => number | undefined) => {
    const limits = foldersOf(groups, controller)
      .map((folder) => attempt(() => readLimit((file) => readFile(`${folder}/${file}`).trim())))
      .filter((limit) => limit !== undefined);
    return limits.length === 0 ? undefined : Math.min(...limits);
  };
  const memoryBytes = [
    lowest("", (read) => figure(read("memory.max"))),
    lowest("memory", (read) => figure(read("memory.limit_in_bytes"))),
  ].find((limit) => limit !== undefined && limit < NO_MEMORY_LIMIT);
  const cpuCores =
    lowest("", (read) => {
      const [quota, period] = read("cpu.max").split(" ").map(figure);
      return coresOf(quota, period);
    }) ??
    lowest("cpu", (read) => {
      const [quota, period] = [figure(read("cpu.cfs_quota_us")), figure(read("cpu.cfs_period_us"))];
      return coresOf(quota, period);
    });
  const pids = lowest("", (read) => figure(read("pids.max"))) ?? lowest("pids", (read) => figure(read("pids.max")));
  return {
    ...(memoryBytes !== undefined && { memoryBytes }),
    ...(cpuCores !== undefined && { cpuCores }),
    ...(pids !== undefined && { pids }),
  };
}

/** How many processors a quota of microseconds a period is worth; a quota of nothing is none that a process lives under. */
function coresOf(quota: number | undefined, period: number | undefined): number | undefined {
  return quota === undefined || period === undefined || quota === 0 || period === 0 ? undefined : quota / period;
}

/**
 * The folders of a controller's group and of those above it, innermost first. A container often sees its own group as
 * the root, though `/proc/self/cgroup` tells the path outside; then only the last of these folders exists.
 *
 * @param controller `""` for version 2, where all controllers share one tree
 */
function foldersOf(groups: string, controller: string): string[] {
  for (const line of groups.split("\n")) {
    // hierarchy:controllers:path, of which only the path may hold colons.
    const [, , controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    if (controller === "" ? controllers !== "" : !controllers.split(",").includes(controller)) continue;
    const root = controller === "" ? mount : `${mount}/${controller}`;
    const steps = path.split("/").filter((step) => step !== "" && step !== "..");
    return [...steps.keys(), steps.length].reverse().map((depth) => [root, ...steps.slice(0, depth)].join("/"));
  }
  return [];
}
