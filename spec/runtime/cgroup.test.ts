import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readCgroupLimits } from "../../lib/runtime/cgroup.ts";

function limitsOf(files: Readonly<Record<string, string>>) {
  return readCgroupLimits((path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`EACCES: ${path}`);
    return text;
  });
}

const root = "/sys/fs/cgroup";

describe("readCgroupLimits, version 2", () => {
  it("reads the limits of the group, where a container sees it as the root", () => {
    assert.deepEqual(
      limitsOf({
        "/proc/self/cgroup": "0::/\n",
        [`${root}/memory.max`]: "536870912\n",
        [`${root}/cpu.max`]: "50000 100000\n",
        [`${root}/pids.max`]: "100\n",
      }),
      { memoryBytes: 536870912, cpuCores: 0.5, pids: 100 },
    );
  });

  it("leaves out what is not limited", () => {
    assert.deepEqual(
      limitsOf({
        "/proc/self/cgroup": "0::/user.slice\n",
        [`${root}/user.slice/memory.max`]: "max\n",
        [`${root}/user.slice/cpu.max`]: "max 100000\n",
        [`${root}/user.slice/pids.max`]: "max\n",
      }),
      {},
    );
  });

  it("takes the lowest limit on the way up", () => {
    assert.deepEqual(
      limitsOf({
        "/proc/self/cgroup": "0::/a.slice/b:c/d\n",
        [`${root}/a.slice/memory.max`]: "100\n",
        [`${root}/a.slice/b:c/memory.max`]: "max\n",
        [`${root}/a.slice/b:c/d/memory.max`]: "200\n",
        [`${root}/a.slice/cpu.max`]: "400000 100000\n",
        [`${root}/a.slice/b:c/cpu.max`]: "max 100000\n",
        [`${root}/a.slice/b:c/d/cpu.max`]: "25000 10000\n",
      }),
      { memoryBytes: 100, cpuCores: 2.5 },
    );
  });

  it("falls back to the root where the path is one that only the host sees", () => {
    const files = { "/proc/self/cgroup": "0::/../../kubepods/pod1\n", [`${root}/memory.max`]: "7\n" };
    assert.deepEqual(limitsOf(files), { memoryBytes: 7 });
  });
});

describe("readCgroupLimits, version 1", () => {
  it("reads each controller in its own tree", () => {
    assert.deepEqual(
      limitsOf({
        "/proc/self/cgroup": "9:name=systemd:/\n8:pids:/p\n4:memory:/docker/x\n1:cpu,cpuacct:/docker/x\n0::/\n",
        [`${root}/memory/docker/x/memory.limit_in_bytes`]: "1024\n",
        [`${root}/memory/memory.limit_in_bytes`]: "9223372036854771712\n",
        [`${root}/cpu/docker/x/cpu.cfs_quota_us`]: "20000\n",
        [`${root}/cpu/docker/x/cpu.cfs_period_us`]: "10000\n",
        [`${root}/pids/p/pids.max`]: "64\n",
      }),
      { memoryBytes: 1024, cpuCores: 2, pids: 64 },
    );
  });

  it("leaves out what is not limited", () => {
    assert.deepEqual(
      limitsOf({
        "/proc/self/cgroup": "8:pids:/\n4:memory:/\n1:cpu:/\n",
        [`${root}/memory/memory.limit_in_bytes`]: "9223372036854771712\n",
        [`${root}/cpu/cpu.cfs_quota_us`]: "-1\n",
        [`${root}/cpu/cpu.cfs_period_us`]: "100000\n",
        [`${root}/pids/pids.max`]: "max\n",
      }),
      {},
    );
  });
});

describe("readCgroupLimits, where something is odd", () => {
  it("gives nothing for files that are missing, unreadable, empty, or nonsense", () => {
    for (const files of [
      {},
      { "/proc/self/cgroup": "" },
      { "/proc/self/cgroup": "0::/\n" },
      { "/proc/self/cgroup": "nonsense\n0:/\n::\n" },
      {
        "/proc/self/cgroup": "0::/\n",
        [`${root}/memory.max`]: "",
        [`${root}/cpu.max`]: "",
        [`${root}/pids.max`]: "-1",
      },
      { "/proc/self/cgroup": "0::/\n", [`${root}/cpu.max`]: "0 0\n" },
      { "/proc/self/cgroup": "0::/\n", [`${root}/cpu.max`]: "100\n" },
    ]) {
      assert.deepEqual(limitsOf(files), {}, JSON.stringify(files));
    }
  });
});
