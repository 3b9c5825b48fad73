import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { figure, parseLimits, parseNetworkTraffic, parseStatus } from "../../lib/runtime/proc-files.ts";

describe("parseStatus", () => {
  it("reads sizes in bytes, and threads", () => {
    const text =
      "Name:\tnode\nVmPeak:\t  9 kB\nVmSize:\t 1020301 kB\nVmRSS:\t    54368 kB\nVmData:\t1 kB\nThreads:\t11\n";
    assert.deepEqual(parseStatus(text), {
      virtualBytes: 1020301 * 1024,
      residentBytes: 54368 * 1024,
      dataBytes: 1024,
      threads: 11,
    });
  });

  it("is not taken in by the name of the process", () => {
    for (const name of ["VmRSS: 1 kB", "a) S 1 (b", "VmRSS:\t1 kB\\nThreads:\t99", "Threads:\t99"]) {
      assert.deepEqual(parseStatus(`Name:\t${name}\nVmRSS:\t   2 kB\nThreads:\t3\n`), {
        residentBytes: 2048,
        threads: 3,
      });
    }
  });

  it("leaves out what is missing, or is not as it should be", () => {
    for (const text of [
      "",
      "\n\n",
      "\0",
      "VmRSS:\t-1 kB\n",
      "VmRSS:\t1 MB\n",
      "VmRSS:\nThreads:\tmany\n",
      "VmRSS 1 kB",
    ]) {
      assert.deepEqual(parseStatus(text), {}, JSON.stringify(text));
    }
    // A kernel thread has no memory of its own.
    assert.deepEqual(parseStatus("Name:\tkworker/0:1\nThreads:\t1\n"), { threads: 1 });
  });
});

describe("parseLimits", () => {
  const table = (openFiles: string, addressSpace: string) =>
    "Limit                     Soft Limit           Hard Limit           Units     \n" +
    `Max open files            ${openFiles.padEnd(20)} 4096                 files     \n` +
    `Max address space         ${addressSpace.padEnd(20)} unlimited            bytes     \n` +
    "Max nice priority         0                    0                    \n";

  it("reads the soft limits", () => {
    assert.deepEqual(parseLimits(table("1024", "18446744073709551615")), {
      openFiles: 1024,
      addressSpaceBytes: 2 ** 64,
    });
  });

  it("leaves out what is not limited, or not there", () => {
    assert.deepEqual(parseLimits(table("unlimited", "unlimited")), {});
    for (const text of ["", "Max open files", "Max open files            \n", "max open files 1 1"]) {
      assert.deepEqual(parseLimits(text), {}, JSON.stringify(text));
    }
  });
});

describe("parseNetworkTraffic", () => {
  const head = "Inter-|   Receive                |  Transmit\n face |bytes    packets errs|bytes    packets\n";
  const row = (name: string, received: string, transmitted: string) =>
    `${name}:${received} 7 0 0 0 0 0 0 ${transmitted} 8 0 0 0 0 0 0\n`;

  it("adds up the interfaces, without the loopback one", () => {
    const text =
      head + row("    lo", "100", "100") + row("  eth0", "        7", "5") + row("wlan0", "123456789012", "1");
    assert.deepEqual(parseNetworkTraffic(text), { received: 123456789019, transmitted: 6 });
  });

  it("takes an interface whose name has a colon, and one that is only called like the loopback one", () => {
    const text = head + row("eth0:1", "1", "2") + row("lo0", "4", "8") + row("xlo", "16", "32");
    assert.deepEqual(parseNetworkTraffic(text), { received: 21, transmitted: 42 });
  });

  it("says 0 where there is nothing but the loopback interface", () => {
    assert.deepEqual(parseNetworkTraffic(head + row("lo", "5", "5")), { received: 0, transmitted: 0 });
  });

  it("says nothing where nothing can be read", () => {
    for (const text of ["", head, "eth0:", "eth0: a b c", "eth0: 1 2 3", "\0:\0"]) {
      assert.equal(parseNetworkTraffic(text), undefined, JSON.stringify(text));
    }
  });
});

describe("figure", () => {
  it("takes plain digits only", () => {
    assert.deepEqual(["0", "007", "18446744073709551615"].map(figure), [0, 7, 2 ** 64]);
    for (const text of [undefined, "", " 1", "-1", "1.5", "1e3", "0x1", "max", "١"])
      assert.equal(figure(text), undefined);
  });
});
